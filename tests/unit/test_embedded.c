/*
 * The private PostgreSQL, for real: made, started, killed, started again.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "acdbd/embedded.h"
#include "acdbd/embedded_proc.h"
#include "lib/log.h"
#include "tap.h"

static char top[] = "/tmp/acdb-test.XXXXXX", dir[PATH_MAX];

static void
conf_forget(struct conf *c)
{
	free(c->database_url);
	free(c->migrations_database_url);
	free(c->owner_password);
	free(c->gateway_password);
	free(c->user);
	memset(c, 0, sizeof(*c));
}

/* One value from the database, as the superuser, in a static buffer; the
 * message where it cannot be had. */
static const char *
ask(const struct conf *c, const char *db, const char *user,
    const char *password, const char *sql)
{
	static char out[1024];
	const char *const names[] = { "dbname", "user", "password", "dbname",
	    NULL };
	const char *const values[] = { c->migrations_database_url, user,
	    password, db, NULL };
	PGconn *pg = PQconnectdbParams(names, values, 1);
	PGresult *r = NULL;

	snprintf(out, sizeof(out), "%s", PQerrorMessage(pg));
	if (PQstatus(pg) == CONNECTION_OK) {
		r = PQexec(pg, sql);
		snprintf(out, sizeof(out), "%s",
		    PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1 ?
		    PQgetvalue(r, 0, 0) : PQerrorMessage(pg));
	}
	PQclear(r);
	PQfinish(pg);
	return out;
}

static const char *
super(const struct conf *c, const char *sql)
{
	return ask(c, "agentcoopdb", "acdb_super", c->owner_password, sql);
}

static bool
file_is(const char *name, mode_t mode)
{
	char path[PATH_MAX + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 && (st.st_mode & 07777) == mode;
}

static void
test_first_start(struct conf *c)
{
	if (!ok(embedded_start(dir, c) == 0, "a cluster is made and started"))
		exit(done());
	ok(embedded_pid() > 0, "its process is known");
	ok(strstr(c->database_url, "//agentcoopdb_gateway@/agentcoopdb?host=")
	    != NULL, "the control plane's URL is set");
	ok(strlen(c->gateway_password) == 64, "a password was made up");
	ok(file_is("secret", 0600), "the secret is nobody else's");
	ok(file_is("data", 0700), "the data is nobody else's");
	ok(file_is("run", getuid() == 0 ? 0711 : 0700),
	    "the way to the socket is open to workers, and no further");
	is_str(super(c, "SELECT current_user"), "acdb_super",
	    "the superuser's password derives from the secret");
	is_str(super(c, "SHOW listen_addresses"), "", "no network");
	is_str(super(c, "SHOW data_checksums"), "on", "checksums");
	is_str(super(c, "SELECT pg_encoding_to_char(encoding) || ' ' || "
	    "datctype FROM pg_database WHERE datname = current_database()"),
	    "UTF8 C.UTF-8", "encoding and locale");
	is_str(super(c, "SELECT upper('\xc3\xa4') || ('a' > 'B')::text"),
	    "\xc3\x84true", "letters beyond ASCII; code point order");
	is_str(super(c, "SELECT count(*) FROM pg_available_extensions "
	    "WHERE name = 'vector'"), "1", "pgvector is there");
	is_str(super(c, "SELECT to_tsvector('\xc3\xa4rger')"),
	    "'\xc3\xa4rger':1", "a text search word beyond ASCII is one");
}

static void
test_doors(const struct conf *c)
{
	ok(strstr(ask(c, "agentcoopdb", "acdb_super", "wrong", "SELECT 1"),
	    "password authentication failed") != NULL, "a wrong password");
	super(c, "DO 'BEGIN CREATE ROLE acdb_dp_squatter LOGIN PASSWORD "
	    "''squatter-squatter''; END'");
	super(c, "GRANT CONNECT ON DATABASE agentcoopdb TO acdb_dp_squatter");
	ok(strstr(ask(c, "agentcoopdb", "acdb_dp_squatter",
	    "squatter-squatter", "SELECT 1"), "pg_hba.conf rejects") != NULL,
	    "a login that is only named like ours is not let in");
	super(c, "CREATE ROLE acdb_logins");
	super(c, "GRANT acdb_logins TO acdb_dp_squatter WITH INHERIT FALSE, "
	    "SET FALSE");
	is_str(ask(c, "agentcoopdb", "acdb_dp_squatter", "squatter-squatter",
	    "SELECT 'in'"), "in", "a member of acdb_logins is");
	is_str(super(c, "SELECT string_agg(datname, ',' ORDER BY datname) "
	    "FROM pg_database WHERE has_database_privilege("
	    "'acdb_dp_squatter', oid, 'CONNECT') AND datname IN "
	    "('postgres', 'template1')"), "", "other databases are closed");
}

/* What a second acdbd on the same directory gets. */
static void
test_second(void)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		struct conf c = { 0 };

		embedded_gone();	/* not a child of this one */
		_exit(embedded_start(dir, &c) == -1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "a second acdbd is refused");
	ok(kill(embedded_pid(), 0) == 0, "and the first's goes on");
}

static void
test_killed_postmaster(const struct conf *c)
{
	pid_t before = embedded_pid();
	const char *got = "";

	is_str(super(c, "CREATE TABLE kept AS SELECT 42 AS n"), "",
	    "a table is made");
	kill(before, SIGKILL);
	waitpid(before, NULL, 0);
	embedded_gone();
	ok(embedded_restart() == 0 && embedded_pid() != before,
	    "a postmaster that was killed is started again");
	/* Recovery has no door to knock at but the connection itself. */
	for (int i = 0; i < 500; i++) {
		got = super(c, "SELECT n FROM kept");
		if (strcmp(got, "42") == 0)
			break;
		embedded_proc_nap(20);
	}
	is_str(got, "42", "and recovers");
}

/* acdbd killed with -9: its PostgreSQL ends, the next one recovers. */
static void
test_killed_parent(void)
{
	struct conf c = { 0 };
	char c1 = '0';
	int p[2];
	pid_t pid;

	if (pipe(p) == -1)
		abort();
	fflush(stdout);
	if ((pid = fork()) == 0) {
		c1 = embedded_start(dir, &c) == 0 ? '1' : '0';
		if (c1 == '1')
			super(&c, "INSERT INTO kept VALUES (43)");
		if (write(p[1], &c1, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(p[0], &c1, 1) != 1)
		c1 = '0';
	ok(c1 == '1', "a cluster that was stopped starts again");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(embedded_start(dir, &c) == 0, "and after its acdbd was killed");
	is_str(super(&c, "SELECT sum(n) FROM kept"), "85", "with its rows");
	embedded_stop();
	ok(embedded_pid() == -1, "stopped");
	conf_forget(&c);
}

static void
test_refusals(void)
{
	char path[PATH_MAX], far[PATH_MAX + 128];
	struct conf c = { 0 };

	snprintf(far, sizeof(far), "%s/%0100d", top, 1);
	ok(embedded_start(far, &c) == -1, "a path too long for a socket");
	snprintf(far, sizeof(far), "%s/it's", top);
	ok(embedded_start(far, &c) == -1, "a path with a quote");
	snprintf(path, sizeof(path), "%.*s/secret", PATH_MAX - 16, dir);
	unlink(path);
	ok(embedded_start(dir, &c) == -1, "a cluster without its secret");
	ok(c.database_url == NULL, "nothing is set after a failure");
	conf_forget(&c);
}

static void
test_leftover_pid(void)
{
	char path[PATH_MAX];
	struct conf c = { 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%.*s/data/postmaster.pid",
	    PATH_MAX - 32, dir);
	if ((f = fopen(path, "w")) == NULL)
		abort();
	fprintf(f, "%d\n%s/data\n", (int)getpid(), dir);
	fclose(f);
	ok(embedded_start(dir, &c) == 0,
	    "a stale postmaster.pid with a living pid is no hindrance");
	embedded_stop();
	conf_forget(&c);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int
main(void)
{
	struct conf c = { 0 };
	log_init("test", LOG_ERROR, LOG_TEXT);
	if (mkdtemp(top) == NULL || chmod(top, 0755) == -1)
		abort();
	snprintf(dir, sizeof(dir), "%s/db", top);
	test_first_start(&c);
	test_doors(&c);
	test_second();
	test_killed_postmaster(&c);
	embedded_stop();
	ok(embedded_pid() == -1, "it stops");
	ok(embedded_proc_leftover(dir, 0) == 0, "and leaves nothing running");
	conf_forget(&c);
	test_leftover_pid();
	test_killed_parent();
	test_refusals();
	if (!tap_failed)
		nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done();
}
