/*
 * profile.c - decides which gateway, key and certificate a client uses.
 *
 * It knows options, environment and precedence.  It must not know the
 * file's syntax (profile_file.c), HTTP, or what a valid url or key is: those
 * who use them say so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "profile_file.h"
#include "secret.h"

/* A variable that is set and not empty. */
static const char *
env(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : NULL;
}

bool
profile_name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= PROFILE_NAME_MAX && name[n] == '\0';
}

char *
profile_path(void)
{
	const char *base = env("XDG_CONFIG_HOME"), *home = env("HOME");
	char *path;
	int rc;

	/* The XDG specification: a relative path there is to be ignored. */
	if (base != NULL && base[0] == '/')
		rc = asprintf(&path, "%s/acdb/config", base);
	else if (home != NULL)
		rc = asprintf(&path, "%s/.config/acdb/config", home);
	else {
		errno = ENOENT;
		return NULL;
	}
	return rc == -1 ? NULL : path;
}

static char *
copy_url(const char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return strndup(url, n);
}

/* Blanks and line ends come along easily, and no key has any. */
static char *
copy_key(const char *key)
{
	const char *p = key + strspn(key, " \t\r\n");
	size_t n = strlen(p);

	while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
		n--;
	return strndup(p, n);
}

/* Settings from one place win over all that come behind it. */
static int
take(char **field, char **from, char *value, const char *where)
{
	if (value == NULL)
		return -1;
	*field = value;
	if (from != NULL && (*from = strdup(where)) == NULL)
		return -1;
	return 0;
}

static int
take_key_file(struct profile *p, const char *path, bool private_only,
    const char *where, struct buf *why)
{
	p->key = profile_file_secret(path, private_only, why);
	if (p->key == NULL)
		return -1;
	if ((p->key_from = strdup(where)) == NULL)
		return -1;
	return 0;
}

static int
take_options(struct profile *p, const struct profile_choice *c,
    struct buf *why)
{
	if (c->url != NULL &&
	    take(&p->url, &p->url_from, copy_url(c->url), "--url") == -1)
		return -1;
	if (c->ca_file != NULL &&
	    take(&p->ca_file, NULL, strdup(c->ca_file), NULL) == -1)
		return -1;
	if (c->key_file == NULL)
		return 0;
	return take_key_file(p, c->key_file, true, "--key-file", why);
}

/*
 * AGENTCOOPDB_API_KEY_FILE may be readable by others: orchestrators mount
 * secrets so, inside a container that is the boundary.
 */
static int
take_environment(struct profile *p, struct buf *why)
{
	const char *url = env("AGENTCOOPDB_GATEWAY_URL");
	const char *key = env("AGENTCOOPDB_API_KEY");
	const char *key_file = env("AGENTCOOPDB_API_KEY_FILE");
	const char *ca_file = env("AGENTCOOPDB_CA_FILE");

	if (p->url == NULL && url != NULL && take(&p->url, &p->url_from,
	    copy_url(url), "AGENTCOOPDB_GATEWAY_URL") == -1)
		return -1;
	if (p->ca_file == NULL && ca_file != NULL &&
	    take(&p->ca_file, NULL, strdup(ca_file), NULL) == -1)
		return -1;
	if (p->key != NULL)
		return 0;
	if (key != NULL)
		return take(&p->key, &p->key_from, copy_key(key),
		    "AGENTCOOPDB_API_KEY");
	if (key_file != NULL)
		return take_key_file(p, key_file, false,
		    "AGENTCOOPDB_API_KEY_FILE", why);
	return 0;
}

static char *
move(char **from)
{
	char *p = *from;

	*from = NULL;
	return p;
}

/*
 * What a profile adds to what is already there.  Its key and certificate
 * belong to its gateway: another url must not be sent them.
 */
static int
take_profile(struct profile *p, struct profile_entry *e, const char *path,
    struct buf *why)
{
	char *where, *url = NULL;
	bool ours;
	int rc = -1;

	if (!e->found)
		return 0;
	if (asprintf(&where, "profile \"%s\" in %s", e->name, path) == -1)
		return -1;
	if (e->url != NULL && (url = copy_url(e->url)) == NULL)
		goto free_where;
	ours = p->url == NULL || (url != NULL && strcmp(p->url, url) == 0);
	if (!ours) {
		rc = 0;
		goto free_where;
	}
	p->name = move(&e->name);
	p->read_only = e->read_only;
	if (p->url == NULL && url != NULL &&
	    take(&p->url, &p->url_from, move(&url), where) == -1)
		goto free_where;
	if (p->ca_file == NULL)
		p->ca_file = move(&e->ca_file);
	if (p->key == NULL && e->key != NULL)
		rc = take(&p->key, &p->key_from, move(&e->key), where);
	else if (p->key == NULL && e->key_file != NULL)
		rc = take_key_file(p, e->key_file, true, where, why);
	else
		rc = 0;
free_where:
	free(url);
	free(where);
	return rc;
}

/* Find the profile called name (NULL: the default) and take it over. */
static int
use_profile(struct profile *p, const char *name, struct buf *why)
{
	struct profile_entry e;
	char *path = profile_path();
	int rc = -1;

	if (path == NULL && errno == ENOENT && name == NULL)
		return 0;
	if (path == NULL) {
		buf_adds(why, "no profile can be found: neither "
		    "XDG_CONFIG_HOME nor HOME is set");
		return -1;
	}
	if (profile_file_read(&e, name, path, why) == -1)
		goto free_path;
	if (!e.found && name != NULL)
		buf_addf(why, "there is no profile \"%s\" in %s", name, path);
	else
		rc = take_profile(p, &e, path, why);
	profile_file_fini(&e);
free_path:
	free(path);
	return rc;
}

int
profile_load(struct profile *p, const struct profile_choice *c,
    struct buf *why)
{
	int rc;

	memset(p, 0, sizeof(*p));
	rc = take_options(p, c, why);
	if (rc == 0 && c->name != NULL)
		rc = use_profile(p, c->name, why);
	if (rc == 0)
		rc = take_environment(p, why);
	if (rc == 0 && c->name == NULL && (p->url == NULL || p->key == NULL ||
	    p->ca_file == NULL || env("AGENTCOOPDB_PROFILE") != NULL))
		rc = use_profile(p, env("AGENTCOOPDB_PROFILE"), why);
	if (rc == 0)
		return 0;
	if (buf_len(why) == 0)
		buf_adds(why, "out of memory");
	profile_fini(p);
	return -1;
}

int
profile_require(const struct profile *p, struct buf *why)
{
	if (p->url == NULL) {
		buf_adds(why, "no gateway is known: set "
		    "AGENTCOOPDB_GATEWAY_URL, give --url, or name a profile");
		return -1;
	}
	if (p->key == NULL) {
		buf_addf(why, "no API key for %s: set AGENTCOOPDB_API_KEY or "
		    "AGENTCOOPDB_API_KEY_FILE, give --key-file, or name a "
		    "profile that has one", p->url);
		return -1;
	}
	return 0;
}

void
profile_fini(struct profile *p)
{
	if (p->key != NULL)
		secret_wipe(p->key, strlen(p->key));
	free(p->name);
	free(p->url);
	free(p->key);
	free(p->ca_file);
	free(p->url_from);
	free(p->key_from);
	memset(p, 0, sizeof(*p));
}
