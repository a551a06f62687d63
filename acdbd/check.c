/*
 * check.c - see check.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "certs.h"
#include "check.h"
#include "confine.h"
#include "lib/exitcode.h"
#include "lib/pg.h"
#include "lib/pgmigrate.h"
#include "listen.h"
#include "rpc.h"

static void
good(const char *what, const char *more)
{
	printf("ok\t%s%s%s\n", what, more[0] == '\0' ? "" : ": ", more);
}

static int
bad(int code, const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "acdbd: %s: %s\n", what, why);
	return code;
}

static int
check_certificate(const struct conf *c, struct buf *err)
{
	struct certs *certs;
	int r;

	if (c->tls_cert == NULL) {
		good("certificate", "none, plaintext");
		return EXIT_OK;
	}
	if ((certs = certs_new(c->tls_cert, c->tls_key)) == NULL)
		return bad(EXIT_LOCAL, "certificate", strerror(errno));
	r = certs_load(certs, err);
	certs_free(certs);
	if (r == -1)
		return bad(EXIT_CONFIG, "certificate", buf_cstr(err));
	good("certificate", "");
	return EXIT_OK;
}

static int
check_procedures(const struct conf *c, struct buf *err)
{
	struct rpc_files *rpcs = rpc_files_load(c, err);
	char text[32];

	if (rpcs == NULL)
		return bad(EXIT_CONFIG, "procedures", buf_cstr(err));
	snprintf(text, sizeof(text), "%zu", rpc_files_count(rpcs));
	good("procedures", text);
	rpc_files_free(rpcs);
	return EXIT_OK;
}

/* Told of each migration. */
static void
note(void *arg, const struct pgmigrate_row *row)
{
	if (row->state == PGMIGRATE_EDITED || row->state == PGMIGRATE_MISSING)
		*(bool *)arg = true;
}

static int
check_schema(const struct conf *c, PGconn *pg)
{
	bool refused = false;
	struct pg_error e;
	char text[64];
	int n, code = EXIT_OK;

	pg_error_init(&e);
	n = pgmigrate_status(pg, note, &refused, &e);
	if (n == -1)
		code = bad(e.code, "schema", pg_error_text(&e));
	else if (refused)
		code = bad(EXIT_REFUSED, "schema", "applied migrations "
		    "differ from this version's: acdb-migrate status");
	else if (n > 0 && !c->migrate_on_start)
		code = bad(EXIT_CHECK, "schema", "not at this version: "
		    "acdb-migrate up");
	else {
		snprintf(text, sizeof(text), "%d migrations to run at start",
		    n);
		good("schema", n == 0 ? "" : text);
	}
	pg_error_fini(&e);
	return code;
}

static int
check_login(const struct conf *c, const struct pg_login *l, const char *what,
    bool schema)
{
	struct pg_error e;
	PGconn *pg;
	int code = EXIT_OK;

	pg_error_init(&e);
	if ((pg = pg_connect(l, &e)) == NULL)
		code = bad(e.code, what, pg_error_text(&e));
	else {
		good(what, "");
		if (schema)
			code = check_schema(c, pg);
	}
	PQfinish(pg);
	pg_error_fini(&e);
	return code;
}

/* On a database that has not been migrated yet there is no control-plane
 * login: where the start would make it, the superuser's is enough. */
static int
check_database(const struct conf *c)
{
	struct pg_login owner = { .url = c->migrations_database_url,
	    .password = c->owner_password, .app = "acdbd --check" };
	struct pg_login gateway = { .url = c->database_url,
	    .password = c->gateway_password, .app = "acdbd --check" };

	if (c->migrate_on_start && owner.url != NULL)
		return check_login(c, &owner, "database (migrations)", true);
	return check_login(c, &gateway, "database", true);
}

int
check_run(const struct conf *c, bool embedded)
{
	struct confine_user user;
	struct buf err;
	int code;

	buf_init(&err, LOG_LINE_MAX);
	good("settings", "");
	if ((code = listen_check(c, &err)) != EXIT_OK)
		(void)bad(code, "addresses", buf_cstr(&err));
	else if (confine_find(&user, c->user, &err) == -1)
		code = bad(EXIT_CONFIG, "user", buf_cstr(&err));
	else {
		good("addresses", c->http_addr);
		if (user.change)
			good("workers' user", user.name);
		code = check_certificate(c, &err);
		if (code == EXIT_OK)
			code = check_procedures(c, &err);
	}
	if (code == EXIT_OK && embedded)
		good("database", "its own, made at start");
	else if (code == EXIT_OK)
		code = check_database(c);
	buf_fini(&err);
	return code;
}
