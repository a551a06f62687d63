/*
 * pgverify.c - see pgverify.h.  Goes through the properties and tells their
 * verdicts; what they are is pgverify_facts.c's, pgverify_tables.c's and
 * pgverify_guard.c's, what is tried pgverify_try.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "pgmigrate.h"
#include "pgverify_priv.h"

#define DETAIL_MAX	4096
#define SHOWN_MAX	8	/* findings named one by one */

const char *
pgverify_verdict_name(enum pgverify_verdict v)
{
	static const char *const names[] = { "PASS", "WARN", "FAIL" };

	return names[v];
}

void
pgverify_tell(const struct pgverify *v, int *fails,
    enum pgverify_verdict verdict, const char *name, const char *property,
    const char *detail)
{
	struct pgverify_line l = { verdict, name, property, detail };

	*fails += verdict == PGVERIFY_FAIL;
	v->line(v->arg, &l);
}

static int
check_fact(const struct pgverify *v, PGconn *c, const struct fact *f,
    bool managed, int *fails, struct pg_error *e)
{
	enum pgverify_verdict otherwise = managed && f->superuser ?
	    PGVERIFY_WARN : f->otherwise;
	struct buf detail;
	PGresult *r = pg_query(c, f->sql, 0, NULL, e);
	int n;

	if (r == NULL) {
		/* What cannot be asked does not hold, but say why. */
		pgverify_tell(v, fails, otherwise, f->name, f->property,
		    pg_error_text(e));
		return PQstatus(c) == CONNECTION_OK ? 0 : -1;
	}
	buf_init(&detail, DETAIL_MAX);
	n = PQntuples(r);
	if (n > 0 && otherwise != f->otherwise)
		(void)buf_adds(&detail, "weaker without a superuser: ");
	for (int i = 0; i < n && i < SHOWN_MAX; i++)
		(void)buf_addf(&detail, "%s%s", i > 0 ? "; " : "",
		    PQgetvalue(r, i, 0));
	if (n > SHOWN_MAX)
		(void)buf_addf(&detail, "; and %d more", n - SHOWN_MAX);
	pgverify_tell(v, fails, n == 0 ? PGVERIFY_PASS : otherwise, f->name,
	    f->property, buf_cstr(&detail) != NULL ? buf_cstr(&detail) : "");
	buf_fini(&detail);
	PQclear(r);
	return 0;
}

static void
note_row(void *arg, const struct pgmigrate_row *r)
{
	struct buf *detail = arg;

	if (r->state != PGMIGRATE_APPLIED)
		(void)buf_addf(detail, "%s%s is %s",
		    buf_len(detail) > 0 ? "; " : "", r->name,
		    pgmigrate_state_name(r->state));
}

/* 0: go on; 1: the schema is not there, nothing else can be asked. */
static int
check_schema(const struct pgverify *v, PGconn *c, int *fails,
    struct pg_error *e)
{
	struct buf detail;
	int bad;

	buf_init(&detail, DETAIL_MAX);
	bad = pgmigrate_status(c, note_row, &detail, e);
	if (bad >= 0)
		pgverify_tell(v, fails, bad > 0 ? PGVERIFY_FAIL : PGVERIFY_PASS,
		    "schema", "the schema is this program's",
		    buf_cstr(&detail) != NULL ? buf_cstr(&detail) : "");
	buf_fini(&detail);
	if (bad <= 0)
		return bad;
	return pg_true(c, "SELECT pg_catalog.to_regclass('acdb.settings')"
	    " IS NULL", 0, NULL, e);
}

/* How the database was hardened, against what is asked for: less is a FAIL.
 * *managed: a superuser is missing, and was known to be. */
static int
check_level(const struct pgverify *v, PGconn *c, bool *managed, int *fails,
    struct pg_error *e)
{
	enum hardening have = HARDENING_STANDARD;
	struct buf name, detail;
	bool less;
	int rc;

	buf_init(&name, 64);
	buf_init(&detail, DETAIL_MAX);
	rc = pg_value(c, "SELECT value FROM acdb.settings"
	    " WHERE name = 'hardening'", 0, NULL, &name, e);
	if (rc == -1)
		goto done;
	less = rc == 0 || hardening_parse(buf_cstr(&name), &have) == -1 ||
	    (have != v->hardening && (have == HARDENING_MANAGED ||
	    v->hardening == HARDENING_STRICT));
	*managed = have == HARDENING_MANAGED && !less;
	if (less)
		(void)buf_addf(&detail, "it is %s, and AGENTCOOPDB_HARDENING "
		    "is %s: set it, or run acdb-migrate up", rc == 0 ? "not" :
		    buf_cstr(&name), hardening_name(v->hardening));
	pgverify_tell(v, fails, less ? PGVERIFY_FAIL : PGVERIFY_PASS,
	    "hardening", "the database is hardened as the settings ask",
	    buf_len(&detail) > 0 ? buf_cstr(&detail) : "");
	rc = 0;
done:
	buf_fini(&name);
	buf_fini(&detail);
	return rc;
}

static int
check_all(const struct pgverify *v, PGconn *c, int *fails, struct pg_error *e)
{
	const struct fact *const facts[] = { pgverify_roles, pgverify_objects,
	    pgverify_guards };
	int rc = check_schema(v, c, fails, e);
	bool managed = false;

	if (rc != 0)
		return rc == -1 ? -1 : 0;
	if (check_level(v, c, &managed, fails, e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(facts); i++)
		for (const struct fact *f = facts[i]; f->name != NULL; f++)
			if (check_fact(v, c, f, managed, fails, e) == -1)
				return -1;
	if (pgverify_code(v, c, fails, e) == -1)
		return -1;
	if (v->gateway_password != NULL)
		return pgverify_tries(v, c, managed, fails, e);
	pgverify_tell(v, fails, PGVERIFY_WARN, "tried",
	    "what must fail was tried on every data-plane login",
	    "AGENTCOOPDB_GATEWAY_PASSWORD is not set: nothing was tried");
	return 0;
}

int
pgverify(const struct pgverify *v, struct pg_error *e)
{
	struct pg_login l = { .url = v->url, .password = v->password,
	    .app = "acdb-verify" };
	PGconn *c = pg_connect(&l, e);
	int fails = 0, rc;

	if (c == NULL)
		return -1;
	pg_notices(c, NULL, NULL);
	rc = pg_run(c, "SET search_path = pg_catalog, pg_temp", e);
	if (rc == 0)
		rc = check_all(v, c, &fails, e);
	PQfinish(c);
	return rc == -1 ? -1 : fails;
}
