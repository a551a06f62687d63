/*
 * pgtarget.c - see pgtarget.h.
 */
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/buf.h"
#include "lib/secret.h"
#include "pgtarget.h"

#define ADDRESSES_BYTES	4096

struct pgtarget {
	PQconninfoOption *options;	/* owned; what the URL says */
	char		 *host;		/* owned; once an address; or NULL */
	char		 *hostaddr;	/* owned; all of them; or NULL */
	char		 *password;	/* owned; NULL: none */
};

static const char *
option(const struct pgtarget *t, const char *name)
{
	for (PQconninfoOption *o = t->options; o->keyword != NULL; o++)
		if (strcmp(o->keyword, name) == 0)
			return o->val != NULL && o->val[0] != '\0' ?
			    o->val : NULL;
	return NULL;
}

/* libpq wants a name beside each address, and tries one behind the other. */
static int
add_address(const char *host, const struct addrinfo *ai, struct buf *hosts,
    struct buf *addrs)
{
	char text[NI_MAXHOST];

	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text),
	    NULL, 0, NI_NUMERICHOST) != 0)
		return -1;
	buf_addf(hosts, "%s%s", buf_len(hosts) > 0 ? "," : "", host);
	buf_addf(addrs, "%s%s", buf_len(addrs) > 0 ? "," : "", text);
	return 0;
}

/* A comma list of hosts is left to libpq, which resolves each as it connects;
 * a single name is resolved here. */
static int
resolve(struct pgtarget *t, struct buf *err)
{
	const char *host = option(t, "host");
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	struct buf hosts, addrs;
	int rc;

	if (option(t, "hostaddr") != NULL || host == NULL ||
	    host[0] == '/' || host[0] == '@' || strchr(host, ',') != NULL)
		return 0;
	if ((rc = getaddrinfo(host, NULL, &hints, &ai)) != 0) {
		buf_addf(err, "cannot resolve the database host \"%s\": %s",
		    host, gai_strerror(rc));
		return -1;
	}
	buf_init(&hosts, ADDRESSES_BYTES);
	buf_init(&addrs, ADDRESSES_BYTES);
	for (const struct addrinfo *p = ai; p != NULL && rc == 0;
	    p = p->ai_next)
		rc = add_address(host, p, &hosts, &addrs);
	freeaddrinfo(ai);
	if (rc == 0 && !buf_failed(&hosts) && !buf_failed(&addrs)) {
		t->host = buf_take(&hosts, NULL);
		t->hostaddr = buf_take(&addrs, NULL);
	}
	buf_fini(&hosts);
	buf_fini(&addrs);
	if (t->host == NULL || t->hostaddr == NULL) {
		buf_addf(err, "cannot resolve the database host \"%s\"", host);
		return -1;
	}
	return 0;
}

struct pgtarget *
pgtarget_new(const char *url, const char *password, struct buf *err)
{
	struct pgtarget *t;
	char *why = NULL;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	if ((t->options = PQconninfoParse(url, &why)) == NULL) {
		/* libpq's text may quote the URL, and with it a password. */
		buf_adds(err, "AGENTCOOPDB_DATABASE_URL is not a PostgreSQL "
		    "connection URL (postgres://user@host:5432/database)");
		goto free_target;
	}
	if (option(t, "password") != NULL)
		password = option(t, "password");
	if (password != NULL && (t->password = strdup(password)) == NULL)
		goto free_target;
	if (resolve(t, err) == -1)
		goto free_target;
	return t;
 free_target:
	PQfreemem(why);
	pgtarget_free(t);
	return NULL;
}

void
pgtarget_free(struct pgtarget *t)
{
	if (t == NULL)
		return;
	if (t->password != NULL)
		secret_wipe(t->password, strlen(t->password));
	free(t->password);
	free(t->host);
	free(t->hostaddr);
	PQconninfoFree(t->options);
	free(t);
}

void
pgtarget_params(const struct pgtarget *t, const char *user,
    const char *password, const char *options, const char *application_name,
    const char *keys[PGTARGET_KEYS], const char *values[PGTARGET_KEYS])
{
	size_t n = 0;
	static const char *const ours[] = { "user", "password", "options",
	    "application_name", "fallback_application_name",
	    "client_encoding", "hostaddr", "passfile", "service" };

	for (PQconninfoOption *o = t->options; o->keyword != NULL; o++) {
		bool skip = o->val == NULL || o->val[0] == '\0';

		for (size_t i = 0; i < NELEM(ours); i++)
			if (strcmp(o->keyword, ours[i]) == 0)
				skip = true;
		if (skip || n + 8 >= PGTARGET_KEYS)
			continue;
		keys[n] = o->keyword;
		values[n++] = t->host != NULL && strcmp(o->keyword,
		    "host") == 0 ? t->host : o->val;
	}
#define SET(k, v)	(keys[n] = (k), values[n++] = (v))
	SET("user", user != NULL ? user : option(t, "user"));
	SET("password", user != NULL ? password : t->password);
	SET("hostaddr", t->hostaddr != NULL ? t->hostaddr :
	    option(t, "hostaddr"));
	SET("options", options);
	SET("application_name", application_name);
	SET("client_encoding", "UTF8");
#undef SET
	keys[n] = NULL;
	values[n] = NULL;
}
