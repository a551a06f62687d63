/*
 * pgc.c - see pgc.h.
 *
 * Every failure is reported by a task of its own, never from within the
 * call that met it, so that an owner's code runs on one stack at a time.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pgc.h"

#define CONNECT_MS	5000

static void
on_lost(void *arg)
{
	struct pgc *p = arg;

	p->events->lost(p->arg);
}

/*
 * The loop watches a duplicate of libpq's descriptor, which is closed only
 * here: libpq closes its own when it meets the end, and while a child that
 * sends a cancel still has a copy, nothing but a live descriptor of ours could
 * take the socket out of the loop again.
 */
static void
unwatch(struct pgc *p)
{
	if (p->watch.fd == -1)
		return;
	loop_watch(p->loop, &p->watch, 0);
	close(p->watch.fd);
	p->watch.fd = -1;
}

void
pgc_fail(struct pgc *p)
{
	if (p->broken || p->conn == NULL)
		return;
	p->broken = true;
	unwatch(p);
	loop_timer_stop(p->loop, &p->timer);
	loop_post(p->loop, &p->lost_task);
}

static void
on_connect_timeout(void *arg)
{
	pgc_fail(arg);
}

static void on_io(void *arg, unsigned ready);

static int
watch_socket(struct pgc *p, unsigned want)
{
	int fd = PQsocket(p->conn);

	if (fd == -1 || (fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) == -1)
		return -1;
	watch_init(&p->watch, fd, on_io, p);
	return loop_watch(p->loop, &p->watch, want);
}

static void
connect_poll(struct pgc *p)
{
	int rc = -1;

	/* libpq replaces its socket while it tries addresses and TLS. */
	unwatch(p);
	switch (PQconnectPoll(p->conn)) {
	case PGRES_POLLING_READING:
		rc = watch_socket(p, LOOP_READ);
		break;
	case PGRES_POLLING_WRITING:
		rc = watch_socket(p, LOOP_WRITE);
		break;
	case PGRES_POLLING_OK:
		loop_timer_stop(p->loop, &p->timer);
		if (PQsetnonblocking(p->conn, 1) == 0 &&
		    PQenterPipelineMode(p->conn) == 1)
			rc = watch_socket(p, LOOP_READ);
		p->connecting = false;
		if (rc == 0) {
			p->events->ready(p->arg);
			return;
		}
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		break;
	}
	if (rc == -1)
		pgc_fail(p);
}

static void
on_io(void *arg, unsigned ready)
{
	struct pgc *p = arg;

	if (p->connecting) {
		connect_poll(p);
		return;
	}
	if (ready & LOOP_WRITE)
		pgc_flush(p);
	if (ready & (LOOP_READ | LOOP_HUP)) {
		/* What came before the end is still to be had: a server that
		 * shuts down says why.  The owner may free us with it. */
		if (PQconsumeInput(p->conn) == 0)
			pgc_fail(p);
		p->events->readable(p->arg);
	}
}

static void
on_notice(void *arg, const PGresult *res)
{
	struct pgc *p = arg;

	if (p->events->notice != NULL)
		p->events->notice(p->arg, res);
}

int
pgc_start(struct pgc *p, struct loop *loop, const char *const *keys,
    const char *const *values, const struct pgc_events *events, void *arg)
{
	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->events = events;
	p->arg = arg;
	p->connecting = true;
	task_init(&p->lost_task, on_lost, p);
	timer_init(&p->timer, on_connect_timeout, p);
	watch_init(&p->watch, -1, on_io, p);
	if ((p->conn = PQconnectStartParams(keys, values, 0)) == NULL)
		return -1;
	PQsetNoticeReceiver(p->conn, on_notice, p);
	if (PQstatus(p->conn) == CONNECTION_BAD ||
	    watch_socket(p, LOOP_WRITE) == -1) {
		pgc_fail(p);
		return 0;
	}
	loop_timer(loop, &p->timer, CONNECT_MS);
	return 0;
}

void
pgc_close(struct pgc *p)
{
	if (p->conn == NULL)
		return;
	unwatch(p);
	loop_timer_stop(p->loop, &p->timer);
	loop_unpost(p->loop, &p->lost_task);
	PQfinish(p->conn);
	p->conn = NULL;
}

void
pgc_flush(struct pgc *p)
{
	unsigned want = LOOP_READ;
	int rc;

	if (p->broken)
		return;
	if ((rc = PQflush(p->conn)) == -1) {
		pgc_fail(p);
		return;
	}
	if (rc == 1)
		want |= LOOP_WRITE;
	if (p->watch.want != want && loop_watch(p->loop, &p->watch, want))
		pgc_fail(p);
}

int
pgc_next(struct pgc *p, PGresult **res)
{
	if (p->conn == NULL || PQisBusy(p->conn))
		return 0;
	*res = PQgetResult(p->conn);
	/* On a lost connection libpq has nothing more but NULLs to give. */
	if (PQstatus(p->conn) == CONNECTION_BAD && *res == NULL)
		return p->nulls++ == 0;
	p->nulls = 0;
	return 1;
}
