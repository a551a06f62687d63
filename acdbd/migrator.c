/*
 * migrator.c - see migrator.h.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exitcode.h"
#include "lib/log.h"
#include "lib/pgmigrate.h"
#include "lib/pgverify.h"
#include "migrator.h"

static void
say(void *arg UNUSED, const char *line)
{
	log_info("migration", "step", line, NULL);
}

/* Log what went wrong; returns the exit code. */
static int
failed(const char *what, struct pg_error *e)
{
	int code = e->code == EXIT_OK ? EXIT_LOCAL : e->code;

	if (code == EXIT_UNREACHABLE)
		log_warn("the database cannot be reached yet", "reason",
		    pg_error_text(e), NULL);
	else
		log_error(what, "reason", pg_error_text(e), NULL);
	return code;
}

static int
migrate(const struct conf *c, const struct pg_login *l, bool own_cluster,
    struct pg_error *e)
{
	struct pgmigrate m = {
		.url = l->url,
		.owner_password = l->password,
		.gateway_password = c->gateway_password,
		.hardening = c->hardening,
		.own_cluster = own_cluster,
		.say = say,
	};

	if (pgmigrate_up(&m, e) == -1)
		return failed("the database cannot be migrated", e);
	return EXIT_OK;
}

static void
ignore(void *arg UNUSED, const struct pgmigrate_row *row UNUSED)
{
}

/* Somebody else migrates: wait for them. */
static int
await_schema(const struct pg_login *l, struct pg_error *e)
{
	PGconn *pg;
	int n, code = EXIT_OK;

	if ((pg = pg_connect(l, e)) == NULL)
		return failed("the database cannot be used", e);
	if ((n = pgmigrate_status(pg, ignore, NULL, e)) == -1)
		code = failed("the schema cannot be read", e);
	else if (n > 0) {
		log_warn("the schema is not at this version yet", NULL);
		code = EXIT_UNREACHABLE;
	}
	PQfinish(pg);
	return code;
}

static void
log_property(void *arg, const struct pgverify_line *l)
{
	if (l->verdict == PGVERIFY_FAIL)
		log_error("the boundary does not hold", "property", l->name,
		    "wanted", l->property, "found", l->detail, NULL);
	else if (l->verdict == PGVERIFY_WARN && *(const bool *)arg)
		log_warn("the boundary is weaker", "property", l->name,
		    "wanted", l->property, "found", l->detail, NULL);
	else
		log_debug("boundary", "property", l->name, "verdict",
		    pgverify_verdict_name(l->verdict), "found", l->detail,
		    NULL);
}

/* What keeps tenants apart is proved before anybody is served by it. */
static int
verify(const struct conf *c, const struct pg_login *l, struct pg_error *e)
{
	struct pgverify v = { .url = l->url, .password = l->password,
	    .gateway_password = c->gateway_password,
	    .hardening = c->hardening, .line = log_property };
	bool managed = c->hardening == HARDENING_MANAGED;
	int fails;

	v.arg = &managed;
	fails = pgverify(&v, e);

	if (fails == -1)
		return failed("the boundary cannot be verified", e);
	if (fails > 0) {
		log_error("refusing to serve: see acdb-migrate verify", NULL);
		return EXIT_CHECK;
	}
	return EXIT_OK;
}

static int
prepare(const struct conf *c, bool own_cluster)
{
	struct pg_login l = { .url = c->migrations_database_url,
	    .password = c->owner_password, .app = "acdbd" };
	struct pg_error e;
	int code;

	/* Without a superuser of its own the control-plane login is used,
	 * which is enough where there is nothing to do. */
	if (l.url == NULL || !c->migrate_on_start) {
		l.url = c->database_url;
		if (l.password == NULL || !c->migrate_on_start)
			l.password = c->gateway_password;
	}
	pg_error_init(&e);
	if (c->migrate_on_start)
		code = migrate(c, &l, own_cluster, &e);
	else
		code = await_schema(&l, &e);
	if (code == EXIT_OK)
		code = verify(c, &l, &e);
	pg_error_fini(&e);
	return code;
}

/* What the master blocks and ignores is not for us, and we do not outlive
 * it; a migration that is interrupted is rolled back. */
static void
reset_signals(pid_t master)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGINT, &sa, NULL);	/* a terminal's: the master's alone */
	sigaction(SIGHUP, &sa, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != master)
		_exit(EXIT_LOCAL);
}

pid_t
migrator_start(const struct conf *c, bool own_cluster)
{
	pid_t master = getpid(), pid;

	if ((pid = fork()) == -1)
		log_errno("cannot fork", NULL);
	if (pid != 0)
		return pid;
	reset_signals(master);
	log_init("acdbd[migrate]", log_get_level(), c->log_format);
	_exit(prepare(c, own_cluster));
}

bool
migrator_may_retry(int status, int *code)
{
	if (!WIFEXITED(status))
		return true;
	*code = WEXITSTATUS(status);
	return *code == EXIT_UNREACHABLE || *code == EXIT_LOCAL;
}
