/*
 * embedded.c - see embedded.h.
 *
 * The one cluster that this process runs.  It must not know what is in
 * the database: the schema is the migrator's.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded.h"
#include "embedded_conf.h"
#include "embedded_find.h"
#include "embedded_make.h"
#include "embedded_proc.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/secret.h"

#define READY_MS	300000	/* recovery after a crash takes its time */
#define STOP_MS		60000
#define LEFT_MS		5000	/* for the backends of one that was killed */
#define KILL_MS		10000

static struct {
	char			 dir[PATH_MAX], data[PATH_MAX], log[PATH_MAX];
	struct embedded_user	 user;
	struct embedded_pg	 pg;
	int			 lock;
	pid_t			 pid;
} cluster = { .lock = -1, .pid = -1 };

/*
 * End what an acdbd that was killed left running: it has been told to stop
 * when its parent died, so it is first waited for.  We hold the lock, so
 * nobody else's is meant.
 */
static int
end_leftovers(const char *dir)
{
	static const struct {
		int	sig, ms;
	} round[] = { { 0, 5000 }, { SIGINT, 20000 }, { SIGQUIT, 5000 },
	    { SIGKILL, KILL_MS } };

	for (size_t i = 0; i < NELEM(round); i++) {
		int waited = 0;

		if (embedded_proc_leftover(dir, round[i].sig) == 0)
			return 0;
		if (i == 0)
			log_info("waiting for PostgreSQL processes that were "
			    "left behind", "dir", dir, NULL);
		while (waited < round[i].ms) {
			embedded_proc_nap(20);
			waited += 20;
			if (embedded_proc_leftover(dir, 0) == 0)
				return 0;
		}
	}
	log_error("PostgreSQL processes that were left behind do not end",
	    "dir", dir, NULL);
	return -1;
}

/* Start the postmaster; its first words, before it has its log, go to
 * dir/log/start.log. */
static int
launch(void)
{
	char program[PATH_MAX + 16], file[PATH_MAX];
	const char *argv[] = { program, "-D", cluster.data, NULL };
	int in, out;

	snprintf(program, sizeof(program), "%s/postgres", cluster.pg.bindir);
	snprintf(file, sizeof(file), "%.*s/postmaster.pid", PATH_MAX - 32,
	    cluster.data);
	/* Nothing runs here any more, whatever has that pid by now. */
	unlink(file);
	snprintf(file, sizeof(file), "%.*s/start.log", PATH_MAX - 32,
	    cluster.log);
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (in == -1 || out == -1)
		log_errno("cannot open", "file", file, NULL);
	else
		cluster.pid = embedded_proc_spawn(&cluster.user, argv, in,
		    out, SIGINT);
	if (in != -1)
		close(in);
	if (out != -1)
		close(out);
	return cluster.pid == -1 ? -1 : 0;
}

/* Why, by dir/log/start.log: its last fatal line, else its last. */
static void
log_start_failure(void)
{
	char file[PATH_MAX], text[4096];
	const char *why = "", *p;
	char *line, *rest;
	bool fatal = false;
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "%.*s/start.log", PATH_MAX - 32,
	    cluster.log);
	if ((fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		if ((p = strstr(line, "FATAL:")) != NULL ||
		    (p = strstr(line, "PANIC:")) != NULL)
			why = p, fatal = true;
		else if (!fatal)
			why = line;
	log_error("PostgreSQL ended while starting", "said", why, "log", file,
	    NULL);
}

/* Whether postmaster.pid says that our postmaster is ready: its first line
 * is the pid, the eighth the state. */
static bool
says_ready(void)
{
	char file[PATH_MAX], text[1024], *p = text;
	ssize_t n;
	int fd;

	snprintf(file, sizeof(file), "%.*s/postmaster.pid", PATH_MAX - 32,
	    cluster.data);
	if ((fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	if (strtol(text, NULL, 10) != (long)cluster.pid)
		return false;
	for (int line = 1; line < 8 && p != NULL; line++)
		if ((p = strchr(p, '\n')) != NULL)
			p++;
	return p != NULL && strncmp(p, "ready", 5) == 0;
}

static int
wait_until_ready(void)
{
	for (int waited = 0; waited < READY_MS; waited += 20) {
		if (says_ready())
			return 0;
		if (embedded_proc_wait(cluster.pid, 0)) {
			cluster.pid = -1;
			log_start_failure();
			return -1;
		}
		embedded_proc_nap(20);
	}
	log_error("PostgreSQL is not ready in time", "dir", cluster.dir, NULL);
	embedded_stop();
	return -1;
}

/* A string of c's becomes a copy of s. */
static int
set(char **to, const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL) {
		log_errno("out of memory", NULL);
		return -1;
	}
	if (*to != NULL)
		secret_wipe(*to, strlen(*to));
	free(*to);
	*to = copy;
	return 0;
}

static void
put_url(struct buf *b, const char *user)
{
	buf_clear(b);
	buf_addf(b, "postgresql://%s@/" EMBEDDED_DATABASE "?host=", user);
	for (const char *p = cluster.dir; *p != '\0'; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~", *p) != NULL;

		buf_addf(b, plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
	buf_adds(b, "%2Frun&port=" EMBEDDED_PORT);
}

/* Say in c where the database is and as whom to go there. */
static int
tell(struct conf *c, const char *secret)
{
	char password[SECRET_LOGIN_PW];
	struct buf b;
	int rc = -1;

	buf_init(&b, 8192);
	secret_login_password(password, secret, EMBEDDED_SUPER);
	put_url(&b, "agentcoopdb_gateway");
	if (buf_failed(&b) || set(&c->database_url, buf_cstr(&b)) == -1)
		goto fini;
	put_url(&b, EMBEDDED_SUPER);
	if (buf_failed(&b) ||
	    set(&c->migrations_database_url, buf_cstr(&b)) == -1 ||
	    set(&c->owner_password, password) == -1 ||
	    set(&c->gateway_password, secret) == -1)
		goto fini;
	rc = 0;
fini:
	secret_wipe(password, sizeof(password));
	buf_fini(&b);
	return rc;
}

/* All that is done with the rights of PostgreSQL's user. */
static int
start_as_user(const struct conf *c, char secret[EMBEDDED_SECRET])
{
	int major;

	snprintf(cluster.data, sizeof(cluster.data), "%.*s/data",
	    PATH_MAX - 32, cluster.dir);
	snprintf(cluster.log, sizeof(cluster.log), "%.*s/log",
	    PATH_MAX - 32, cluster.dir);
	if ((cluster.lock = embedded_make_lock(cluster.dir)) == -1 ||
	    end_leftovers(cluster.data) == -1)
		return -1;
	major = embedded_make_major(cluster.dir);
	if (embedded_find(&cluster.pg, c->pg_bindir, major,
	    &cluster.user) == -1 ||
	    embedded_make_secret(cluster.dir, secret) == -1)
		return -1;
	if (major == 0 && embedded_make_cluster(cluster.dir, &cluster.pg,
	    &cluster.user, secret) == -1)
		return -1;
	if (embedded_conf_write(cluster.dir, c) == -1 || launch() == -1)
		return -1;
	return wait_until_ready();
}

int
embedded_start(const char *dir, struct conf *c)
{
	char secret[EMBEDDED_SECRET] = "";
	int rc;

	if (embedded_proc_user(&cluster.user) == -1 ||
	    embedded_make_dir(dir, &cluster.user, cluster.dir) == -1 ||
	    embedded_proc_become(&cluster.user) == -1)
		return -1;
	rc = start_as_user(c, secret);
	if (embedded_proc_return(&cluster.user) == -1)
		rc = -1;
	if (rc == 0)
		rc = tell(c, secret);
	secret_wipe(secret, sizeof(secret));
	if (rc == -1) {
		embedded_stop();
		return -1;
	}
	log_info("PostgreSQL is ready", "dir", cluster.dir, "user",
	    cluster.user.drop ? cluster.user.name : NULL, NULL);
	return 0;
}

pid_t
embedded_pid(void)
{
	return cluster.pid;
}

const char *
embedded_log(void)
{
	return cluster.log;
}

void
embedded_gone(void)
{
	cluster.pid = -1;
}

int
embedded_restart(void)
{
	int rc;

	if (embedded_proc_become(&cluster.user) == -1)
		return -1;
	/* The backends of a postmaster that was killed keep the next one
	 * from starting for the moment that they take to see it, or as long
	 * as a slow disk takes with what they write. */
	for (int waited = 0; waited < LEFT_MS &&
	    embedded_proc_leftover(cluster.data, SIGQUIT) > 0; waited += 20)
		embedded_proc_nap(20);
	rc = launch();
	if (embedded_proc_return(&cluster.user) == -1)
		rc = -1;
	return rc;
}

void
embedded_stop(void)
{
	static const struct {
		int	sig, ms;
	} round[] = { { SIGINT, STOP_MS }, { SIGQUIT, KILL_MS },
	    { SIGKILL, KILL_MS } };

	for (size_t i = 0; i < NELEM(round) && cluster.pid != -1; i++) {
		if (i > 0)
			log_warn("PostgreSQL does not stop", "dir",
			    cluster.dir, NULL);
		kill(cluster.pid, round[i].sig);
		if (embedded_proc_wait(cluster.pid, round[i].ms))
			cluster.pid = -1;
	}
	if (cluster.lock != -1)
		close(cluster.lock);
	cluster.lock = -1;
}
