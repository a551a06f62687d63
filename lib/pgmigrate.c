/*
 * pgmigrate.c - see pgmigrate.h.  The order of things: connect, lock, look,
 * roles, tables, boundary.  What is looked at is pgmigrate_check.c's, how a
 * file is run pgmigrate_run.c's.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exitcode.h"
#include "pgmigrate_priv.h"

#define LOCK_SECONDS	60
#define LOCK_POLL_MS	100
#define LOCK_KEY	"7017563018278561650"	/* "acdbmigr" */
#define LINE_MAX_BYTES	4096

void
pgmigrate_say(const struct pgmigrate *m, const char *fmt, ...)
{
	struct buf line;
	va_list ap;

	if (m->say == NULL)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	va_start(ap, fmt);
	if (buf_addv(&line, fmt, ap) == 0 && buf_cstr(&line) != NULL)
		m->say(m->arg, buf_cstr(&line));
	va_end(ap);
	buf_fini(&line);
}

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	/* Cut short by a signal, it only asks a little earlier. */
	(void)nanosleep(&t, NULL);
}

int
pgmigrate_lock(PGconn *c, int seconds, struct pg_error *e)
{
	long left = (seconds > 0 ? seconds : LOCK_SECONDS) * 1000L;
	int rc;

	for (;; left -= LOCK_POLL_MS) {
		rc = pg_true(c, "SELECT pg_catalog.pg_try_advisory_lock("
		    LOCK_KEY ")", 0, NULL, e);
		if (rc != 0)
			return rc == 1 ? 0 : -1;
		if (left <= 0)
			break;
		/* Another migrator holds it. */
		pause_ms(LOCK_POLL_MS);
	}
	return pg_error_set(e, EXIT_REFUSED,
	    "another migration is running on this database");
}

/* What status says that forbids to go on, and what there is to do. */
struct plan {
	const struct pgmigrate	*m;
	int			 pending;
	int			 bad;
};

static void
plan_row(void *arg, const struct pgmigrate_row *r)
{
	struct plan *p = arg;

	if (r->state == PGMIGRATE_PENDING) {
		p->pending++;
		if (p->m->dry_run)
			pgmigrate_say(p->m, "would apply %s", r->name);
	} else if (r->state != PGMIGRATE_APPLIED) {
		p->bad++;
		pgmigrate_say(p->m, "%s: %s", r->name,
		    r->state == PGMIGRATE_EDITED ?
		    "was applied with another text" :
		    "was applied by a newer program, which this one is not");
	}
}

static int
make_plan(PGconn *c, struct plan *p, struct pg_error *e)
{
	if (pgmigrate_status(c, plan_row, p, e) == -1)
		return -1;
	if (p->bad > 0)
		return pg_error_set(e, EXIT_REFUSED, "the database's "
		    "migrations are not those of this program: see status");
	return 0;
}

/* Whether a login that is no superuser's can leave it at that. */
static int
not_superuser(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	struct plan p = { .m = m };

	if (make_plan(c, &p, e) == -1)
		return -1;
	if (p.pending > 0)
		return pg_error_set(e, EXIT_REFUSED, "user %s is not a "
		    "superuser, and %d migrations are to be applied: name one "
		    "in AGENTCOOPDB_MIGRATIONS_DATABASE_URL; or, where there "
		    "is none to be had, say AGENTCOOPDB_HARDENING=managed and "
		    "see by acdb-migrate verify what that leaves open",
		    PQuser(c), p.pending);
	pgmigrate_say(m, "the schema is up to date; roles and grants were not "
	    "stated anew, since %s is not a superuser", PQuser(c));
	return 0;
}

/* Whether the login can do without: it makes roles, keeps a hand in those it
 * made, and the database is its own. */
static int
check_managed(PGconn *c, bool super, struct pg_error *e)
{
	int rc;

	if (super)
		return pg_error_set(e, EXIT_CONFIG, "AGENTCOOPDB_HARDENING: "
		    "managed is for a server without a superuser, and %s is "
		    "one", PQuser(c));
	rc = pg_true(c, "SELECT r.rolcreaterole AND pg_catalog.pg_has_role("
	    "d.datdba, 'USAGE') FROM pg_catalog.pg_roles r,"
	    " pg_catalog.pg_database d WHERE r.rolname = session_user"
	    " AND d.datname = current_database()", 0, NULL, e);
	if (rc == 0)
		return pg_error_set(e, EXIT_REFUSED, "user %s needs CREATEROLE "
		    "and has to own the database", PQuser(c));
	return rc == -1 ? -1 : pg_run(c,
	    "SET createrole_self_grant = 'set, inherit'", e);
}

static int
run_all(PGconn *c, const char *prefix, struct pg_error *e)
{
	const struct migration_file *f = NULL;

	while ((f = pgmigrate_file_next(f, prefix)) != NULL)
		if (pgmigrate_run_file(c, f, e) == -1)
			return -1;
	return 0;
}

static int
run_before(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	int rc = pgmigrate_run_begin(c, m, e);

	if (rc == 0)
		rc = run_all(c, "before_", e);
	return pgmigrate_run_end(c, rc, e);
}

static int
record(PGconn *c, const struct migration_file *f, const struct timespec *t0,
    struct pg_error *e)
{
	uint8_t sha[SECRET_SHA256];
	char version[16], ms[24];
	struct timespec t1;
	const char *params[4];
	int lens[4] = { 0, 0, SECRET_SHA256, 0 };
	int formats[4] = { 0, 0, 1, 0 };
	PGresult *r;

	clock_gettime(CLOCK_MONOTONIC, &t1);
	pgmigrate_file_sha256(f, sha);
	(void)snprintf(version, sizeof(version), "%d",
	    pgmigrate_file_version(f));
	(void)snprintf(ms, sizeof(ms), "%lld", (long long)
	    ((t1.tv_sec - t0->tv_sec) * 1000 +
	    (t1.tv_nsec - t0->tv_nsec) / 1000000));
	params[0] = version;
	params[1] = f->name;
	params[2] = (const char *)sha;
	params[3] = ms;
	r = PQexecParams(c, "INSERT INTO acdb.schema_migrations"
	    " (version, name, sha256, duration_ms)"
	    " VALUES ($1::int4, $2, $3, $4::int8)", 4, NULL, params, lens,
	    formats, 0);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		(void)pg_error_set(e, EXIT_REFUSED, "cannot record %s: %s",
		    f->name, PQresultErrorMessage(r));
	else
		e->code = 0;
	PQclear(r);
	return e->code == 0 ? 0 : -1;
}

static int
run_numbered(PGconn *c, const struct pgmigrate *m,
    const struct migration_file *f, struct pg_error *e)
{
	struct timespec t0;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	rc = pgmigrate_run_begin(c, m, e);
	if (rc == 0)
		rc = pgmigrate_run_file(c, f, e);
	if (rc == 0)
		rc = record(c, f, &t0, e);
	if ((rc = pgmigrate_run_end(c, rc, e)) == 0)
		pgmigrate_say(m, "applied %s", f->name);
	return rc;
}

static bool
is_pending(PGconn *c, const struct migration_file *f, int *rc,
    struct pg_error *e)
{
	char version[16];
	const char *params[1] = { version };

	(void)snprintf(version, sizeof(version), "%d",
	    pgmigrate_file_version(f));
	if ((*rc = pgmigrate_check_ours(c, e)) <= 0)
		return *rc == 0;
	*rc = pg_true(c, "SELECT EXISTS (SELECT 1 FROM acdb.schema_migrations"
	    " WHERE version = $1::int4)", 1, params, e);
	return *rc == 0;
}

static int
run_pending(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	const struct migration_file *f = NULL;
	int rc;

	while ((f = pgmigrate_file_next(f, "")) != NULL) {
		if (is_pending(c, f, &rc, e))
			rc = run_numbered(c, m, f, e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
run_after(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	int due = pgmigrate_check_takeover_due(c, e), rc;

	if (due == -1)
		return -1;
	rc = pgmigrate_run_begin(c, m, e);
	if (rc == 0)
		rc = run_all(c, "after_", e);
	if (rc == 0 && due == 1)
		rc = run_all(c, "takeover", e);
	if ((rc = pgmigrate_run_end(c, rc, e)) == 0 && due == 1)
		pgmigrate_say(m, "took over the existing gateway's workspaces "
		    "and keys; its keys' secrets cannot be checked here, so "
		    "each key has to be minted again");
	return rc;
}

static int
migrate(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	struct plan p = { .m = m };
	int due;

	if (pgmigrate_check_place(c, m, e) == -1 || make_plan(c, &p, e) == -1)
		return -1;
	if (m->dry_run) {
		if ((due = pgmigrate_check_takeover_due(c, e)) == -1)
			return -1;
		if (due == 1)
			pgmigrate_say(m, "would take over the existing "
			    "gateway's workspaces and keys");
		pgmigrate_say(m, "would state roles, grants, functions and "
		    "the guard anew");
		return 0;
	}
	if (run_before(c, m, e) == -1 || run_pending(c, m, e) == -1 ||
	    run_after(c, m, e) == -1)
		return -1;
	pgmigrate_say(m, "schema version %d, %s hardening",
	    pgmigrate_version(), hardening_name(m->hardening));
	return 0;
}

int
pgmigrate_up(const struct pgmigrate *m, struct pg_error *e)
{
	struct pg_login l = { .url = m->url, .password = m->owner_password,
	    .app = "acdb-migrate" };
	PGconn *c = pg_connect(&l, e);
	int rc = -1, super;

	if (c == NULL)
		return -1;
	pg_notices(c, m->say, m->arg);
	if (pgmigrate_run_prepare(c, e) == -1)
		goto close;
	super = pg_true(c, "SELECT rolsuper FROM pg_catalog.pg_roles"
	    " WHERE rolname = session_user", 0, NULL, e);
	if (super == -1)
		goto close;
	if (m->hardening == HARDENING_MANAGED) {
		if (check_managed(c, super == 1, e) == -1)
			goto close;
	} else if (super == 0) {
		rc = not_superuser(c, m, e);
		goto close;
	}
	if (pgmigrate_lock(c, m->lock_seconds, e) == 0)
		rc = migrate(c, m, e);
close:
	/* The lock goes with the session. */
	PQfinish(c);
	return rc;
}
