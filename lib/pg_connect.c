/*
 * pg_connect.c - the part of pg.h that connects.  Tells a wrong URL, a
 * server that cannot be reached, one that refuses the login and one that is
 * too old apart; must not know what the connection is for.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exitcode.h"
#include "pg.h"
#include "units.h"

#define CONNECT_SECONDS	10
#define PARAMS_MAX	64

/* Keywords and values for PQconnectStartParams(). */
struct params {
	const char	*keys[PARAMS_MAX];
	const char	*values[PARAMS_MAX];
	int		 n;
};

static void
param(struct params *p, const char *key, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	for (int i = 0; i < p->n; i++)
		if (strcmp(p->keys[i], key) == 0) {
			p->values[i] = value;
			return;
		}
	if (p->n == PARAMS_MAX - 1)
		return;
	p->keys[p->n] = key;
	p->values[p->n++] = value;
	p->keys[p->n] = p->values[p->n] = NULL;
}

/* The URL's words, then ours.  Returns how many seconds to wait, or -1. */
static int
gather(struct params *p, const struct pg_login *l, PQconninfoOption *opts)
{
	const char *timeout = NULL, *password = NULL;
	int64_t seconds;

	for (PQconninfoOption *o = opts; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "connect_timeout") == 0)
			timeout = o->val;
		else if (strcmp(o->keyword, "password") == 0)
			password = o->val;
		else
			param(p, o->keyword, o->val);
	}
	if (l->user != NULL)
		password = l->password;
	else if (password == NULL)
		password = l->password;
	param(p, "user", l->user);
	param(p, "password", password);
	param(p, "client_encoding", "UTF8");
	param(p, "application_name", l->app);
	param(p, "options", l->options);
	if (timeout == NULL || units_int(timeout, 1, 3600, &seconds) == -1)
		return CONNECT_SECONDS;
	return (int)seconds;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Drive the connection to its end.  0, or -1 when it failed or took longer
 * than the time for all its hosts. */
static int
finish(PGconn *c, int seconds)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
		/* The socket may be another one at each step. */
		struct pollfd p = { .fd = PQsocket(c), .events =
		    want == PGRES_POLLING_READING ? POLLIN : POLLOUT };
		int64_t left = end - now_ms();

		if (left <= 0)
			return -1;
		if (poll(&p, 1, (int)left) == -1 && errno != EINTR)
			return -1;
		want = PQconnectPoll(c);
	}
	return want == PGRES_POLLING_OK ? 0 : -1;
}

/*
 * libpq has no SQLSTATE for a failed connection, but in verbose form its
 * text reads "... FATAL:  28P01: password authentication failed ...\n
 * LOCATION: ...".  Cut that into the state and the line.
 */
static void
explain(PGconn *c, const struct pg_login *l, struct pg_error *e)
{
	const char *text = PQerrorMessage(c), *fatal, *line = text;
	const char *user = PQuser(c), *advice = "";
	int code = EXIT_UNREACHABLE;
	char state[6] = "";

	if ((fatal = strstr(text, ":  ")) != NULL &&
	    strspn(fatal + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 &&
	    fatal[8] == ':') {
		memcpy(state, fatal + 3, 5);
		line = fatal + 10;
		if (strncmp(state, "28", 2) == 0)
			code = EXIT_AUTH;
	} else if (PQconnectionNeedsPassword(c)) {
		code = EXIT_AUTH;
	}
	if (*text == '\0')
		line = "timed out";
	if (user == NULL)
		user = l->user != NULL ? l->user : "?";
	/* Before the first migration, or after the variable was changed. */
	if (code == EXIT_AUTH && strcmp(user, "agentcoopdb_gateway") == 0)
		advice = " (\"acdb-migrate up\" as a superuser sets it from "
		    "AGENTCOOPDB_GATEWAY_PASSWORD)";
	(void)pg_error_set(e, code, "cannot connect to PostgreSQL as "
	    "%s: %.*s%s", user, (int)strcspn(line, "\n"), line, advice);
	memcpy(e->sqlstate, state, sizeof(state));
}

static int
check_version(PGconn *c, struct pg_error *e)
{
	if (PQserverVersion(c) >= PG_VERSION_MIN)
		return 0;
	return pg_error_set(e, EXIT_REFUSED,
	    "PostgreSQL %d is too old: 16 or newer is needed, because before "
	    "16 a role with CREATEROLE can take over every other role",
	    PQserverVersion(c) / 10000);
}

PGconn *
pg_connect(const struct pg_login *l, struct pg_error *e)
{
	PQconninfoOption *opts;
	struct params p = { .n = 0 };
	PGconn *c = NULL;
	char *why = NULL;
	int seconds;

	/* libpq's own text may quote the URL, and with it a password. */
	if ((opts = PQconninfoParse(l->url, &why)) == NULL) {
		PQfreemem(why);
		(void)pg_error_set(e, EXIT_CONFIG,
		    "not a database URL (postgres://user@host:5432/db)");
		return NULL;
	}
	seconds = gather(&p, l, opts);
	if ((c = PQconnectStartParams(p.keys, p.values, 0)) == NULL) {
		(void)pg_error_set(e, EXIT_LOCAL, "out of memory");
		goto free_options;
	}
	(void)PQsetErrorVerbosity(c, PQERRORS_VERBOSE);
	if (PQstatus(c) == CONNECTION_BAD || finish(c, seconds) == -1) {
		explain(c, l, e);
		goto close;
	}
	(void)PQsetErrorVerbosity(c, PQERRORS_DEFAULT);
	if (check_version(c, e) == 0)
		goto free_options;
close:
	PQfinish(c);
	c = NULL;
free_options:
	PQconninfoFree(opts);
	return c;
}
