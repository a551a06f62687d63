/*
 * master.c - see master.h.
 *
 * One loop that waits for a signal or the next thing that is due, and acts.
 * It has no connection, reads no request, and touches no OpenSSL but to see
 * whether a new certificate is good.
 *
 * The database being away is no reason not to start: workers serve, answer
 * 503 and say "starting" on /readyz, and the migrator is started again until
 * it is done.  Only what will not go away by itself stops the start.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "embedded.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "loop.h"
#include "master.h"
#include "migrator.h"
#include "notify.h"
#include "worker.h"

#define NEVER		INT64_MAX
#define HOLD_MS		10000	/* how long workers wait for the migrator */
#define PAUSE_MIN_MS	100	/* before what ended is started again: */
#define PAUSE_MAX_MS	10000	/* doubled each time it does not last */
#define STEADY_MS	10000	/* that long */
#define CERTS_MS	1000	/* how often the files are looked at */

/* A process that should be there. */
struct child {
	pid_t	pid;		/* 0: not running */
	int64_t	since;		/* when it was started */
	int64_t	due;		/* when to start it; NEVER: not */
	int64_t	pause;
};

struct master {
	const struct master_setup *s;
	int64_t		 now;		/* milliseconds, monotonic */
	struct child	*worker;
	unsigned	 workers;
	struct rpc_files *rpcs;		/* for workers to come; owned */
	struct child	 migrator;
	struct child	 database;	/* its pid is embedded.c's */
	int64_t		 hold;		/* no worker before; NEVER: before
					 * the migrator is done */
	bool		 served;	/* workers were started */
	int64_t		 certs_due;
	bool		 certs_touched;	/* read them when they rest */
	bool		 draining;
	int64_t		 kill_due;
	int		 code;
};

/* It has ended: when to start it again. */
static void
child_ended(struct master *m, struct child *c)
{
	c->pid = 0;
	if (m->now - c->since >= STEADY_MS || c->pause == 0)
		c->pause = PAUSE_MIN_MS;
	else if ((c->pause *= 2) > PAUSE_MAX_MS)
		c->pause = PAUSE_MAX_MS;
	c->due = m->draining ? NEVER : m->now + c->pause;
}

static void
child_started(struct master *m, struct child *c, pid_t pid)
{
	c->since = m->now;
	if (pid == -1)
		child_ended(m, c);
	else {
		c->pid = pid;
		c->due = NEVER;
	}
}

/* Starting what is due. */

static void
start_worker(struct master *m, unsigned index)
{
	struct worker_start start = { .index = index, .conf = m->s->conf,
	    .board = m->s->board, .certs = m->s->certs,
	    .listeners = m->s->listeners, .relay = m->s->relay, .rpcs = m->rpcs,
	    .user = &m->s->user, .master = getpid() };
	struct child *c = &m->worker[index];
	pid_t pid;

	if (c->since != 0)
		board_add(m->s->board, COUNT_WORKER_RESTARTS, 1);
	if ((pid = fork()) == -1)
		log_errno("cannot fork", NULL);
	if (pid == 0) {
		conf_drop_owner(m->s->conf);
		exit(worker_run(&start));
	}
	child_started(m, c, pid);
}

static void
start_workers(struct master *m)
{
	if (m->now < m->hold)
		return;
	for (unsigned i = 0; i < m->workers; i++)
		if (m->worker[i].due <= m->now)
			start_worker(m, i);
	if (!m->served) {
		m->served = true;
		log_info("serving", NULL);
		notify_send("READY=1\nSTATUS=Serving");
	}
}

static void
poll_certs(struct master *m, bool now)
{
	struct certs *certs = m->s->certs;
	struct buf err;
	bool touched;

	if (certs == NULL)
		return;
	m->certs_due = m->now + CERTS_MS;
	/* A pair is two files: read them when nobody writes any more. */
	touched = certs_touched(certs);
	if (!now && (touched || !m->certs_touched)) {
		m->certs_touched = m->certs_touched || touched;
		return;
	}
	m->certs_touched = false;
	buf_init(&err, LOG_LINE_MAX);
	switch (certs_load(certs, &err)) {
	case 1:
		log_info("new certificate", NULL);
		for (unsigned i = 0; i < m->workers; i++)
			if (m->worker[i].pid != 0)
				kill(m->worker[i].pid, SIGHUP);
		break;
	case -1:
		log_error("the certificate in use stays", "reason",
		    buf_cstr(&err), NULL);
		break;
	default:
		break;
	}
	buf_fini(&err);
}

static void
do_due(struct master *m)
{
	if (m->draining) {
		if (m->kill_due > m->now)
			return;
		log_warn("ending workers that have not finished", NULL);
		m->kill_due = NEVER;
		for (unsigned i = 0; i < m->workers; i++)
			if (m->worker[i].pid != 0)
				kill(m->worker[i].pid, SIGKILL);
		if (m->migrator.pid != 0)
			kill(m->migrator.pid, SIGKILL);
		return;
	}
	if (m->database.due <= m->now)
		child_started(m, &m->database, embedded_restart() == -1 ?
		    -1 : embedded_pid());
	if (m->migrator.due <= m->now)
		child_started(m, &m->migrator,
		    migrator_start(m->s->conf, m->s->embedded));
	start_workers(m);
	if (m->certs_due <= m->now)
		poll_certs(m, false);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_due(const struct master *m)
{
	int64_t due;

	if (m->draining)
		return m->kill_due;
	due = earlier(m->certs_due, earlier(m->database.due,
	    m->migrator.due));
	if (m->now < m->hold)
		return earlier(due, m->hold);
	for (unsigned i = 0; i < m->workers; i++)
		due = earlier(due, m->worker[i].due);
	return due;
}

/* Signals. */

static void
drain(struct master *m, int code)
{
	if (m->draining) {	/* asked twice: no more patience */
		m->kill_due = m->now;
		return;
	}
	m->draining = true;
	m->code = code;
	m->kill_due = m->now + m->s->conf->drain_timeout;
	log_info("draining", NULL);
	notify_send("STOPPING=1\nSTATUS=Draining");
	listen_close(m->s->listeners);
	for (unsigned i = 0; i < m->workers; i++)
		if (m->worker[i].pid != 0)
			kill(m->worker[i].pid, SIGTERM);
	if (m->migrator.pid != 0)
		kill(m->migrator.pid, SIGTERM);
}

/* Workers read them by themselves; those that are started later get what
 * was good here. */
static void
reload_rpcs(struct master *m)
{
	struct rpc_files *rpcs;
	struct buf err;

	buf_init(&err, LOG_LINE_MAX);
	if ((rpcs = rpc_files_load(m->s->conf, &err)) == NULL)
		log_error("the procedures in use stay", "reason",
		    buf_cstr(&err), NULL);
	else {
		rpc_files_free(m->rpcs);
		m->rpcs = rpcs;
	}
	buf_fini(&err);
}

static void
reload(struct master *m)
{
	enum log_level level;

	log_info("reading certificate, procedures and log level again",
	    NULL);
	notify_reloading();
	if (conf_reread_log_level(&level) == 1) {
		log_set_level(level);
		board_set_log_level(m->s->board, level);
	}
	poll_certs(m, true);
	reload_rpcs(m);
	for (unsigned i = 0; i < m->workers; i++)
		if (m->worker[i].pid != 0)
			kill(m->worker[i].pid, SIGHUP);
	notify_send("READY=1");
}

static void
log_end(const char *what, const char *key, const char *value, int status)
{
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "status %d", WEXITSTATUS(status));
	log_error(what, key, value, "by", how, NULL);
}

static void
on_worker_end(struct master *m, unsigned index, int status)
{
	char name[16];

	board_leave(m->s->board, index);
	relay_leave(m->s->relay, index);
	child_ended(m, &m->worker[index]);
	if (m->draining)
		return;
	snprintf(name, sizeof(name), "%u", index + 1);
	log_end("worker ended unexpectedly", "worker", name, status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG)
		drain(m, EXIT_CONFIG);	/* the next would do no better */
}

static void
on_migrator_end(struct master *m, int status)
{
	int code = EXIT_LOCAL;

	child_ended(m, &m->migrator);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK) {
		m->migrator.due = NEVER;
		m->hold = m->now;
	} else if (migrator_may_retry(status, &code))
		m->hold = m->s->embedded ? m->hold : m->now;
	else if (!m->draining)
		drain(m, code);
}

static void
reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->migrator.pid)
			on_migrator_end(m, status);
		else if (pid == embedded_pid()) {
			embedded_gone();
			child_ended(m, &m->database);
			log_end("PostgreSQL ended unexpectedly", "log",
			    embedded_log(), status);
		}
		for (unsigned i = 0; i < m->workers; i++)
			if (pid == m->worker[i].pid)
				on_worker_end(m, i, status);
	}
}

static void
on_signal(struct master *m, int signo)
{
	switch (signo) {
	case SIGCHLD:
		reap(m);
		break;
	case SIGTERM:
	case SIGINT:
		drain(m, EXIT_OK);
		break;
	case SIGHUP:
		reload(m);
		break;
	case SIGUSR2:
		log_info("SIGUSR2 is reserved for upgrades; nothing is done",
		    NULL);
		break;
	default:
		break;
	}
}

/* Block what we wait for, whatever our parent made of it. */
static void
take_signals(sigset_t *set)
{
	static const int signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP,
	    SIGUSR2 };

	struct sigaction sa = { .sa_handler = SIG_DFL };

	sigemptyset(set);
	for (size_t i = 0; i < NELEM(signals); i++) {
		sigaddset(set, signals[i]);
		sigaction(signals[i], &sa, NULL);
	}
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static bool
all_gone(const struct master *m)
{
	for (unsigned i = 0; i < m->workers; i++)
		if (m->worker[i].pid != 0)
			return false;
	return m->migrator.pid == 0;
}

/* Wait for a signal until the next thing is due; 0: it is. */
static int
wait_signal(const struct master *m, const sigset_t *set)
{
	int64_t ms = next_due(m) - m->now;
	struct timespec ts;
	int signo;

	if (ms > 3600000)
		ms = 3600000;
	if (ms < 0)
		ms = 0;
	ts.tv_sec = ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	signo = sigtimedwait(set, NULL, &ts);
	return signo == -1 ? 0 : signo;
}

static void
supervise(struct master *m, const sigset_t *set)
{
	int signo;

	while (!m->draining || !all_gone(m)) {
		signo = wait_signal(m, set);
		m->now = loop_now_us() / 1000;
		if (signo != 0)
			on_signal(m, signo);
		do_due(m);
	}
}

int
master_run(const struct master_setup *s)
{
	struct master m = { .s = s, .workers = (unsigned)s->conf->workers,
	    .rpcs = s->rpcs };
	sigset_t set;

	m.now = loop_now_us() / 1000;
	m.worker = calloc(m.workers, sizeof(*m.worker));
	if (m.worker == NULL) {
		log_errno("out of memory", NULL);
		return EXIT_LOCAL;
	}
	take_signals(&set);
	m.database.due = NEVER;
	m.database.since = m.now;
	m.migrator.due = m.now;
	m.hold = s->embedded ? NEVER : m.now + HOLD_MS;
	m.certs_due = NEVER;
	if (s->certs != NULL) {
		(void)certs_touched(s->certs);
		m.certs_due = m.now + CERTS_MS;
	}
	do_due(&m);
	supervise(&m, &set);
	if (s->embedded)
		embedded_stop();
	log_info("stopped", NULL);
	rpc_files_free(m.rpcs);
	free(m.worker);
	return m.code;
}
