/*
 * conn.c - the life of a connection, see conn.h: one switch, and the one
 * place that tells the loop what is awaited.  What happens in each state is
 * in conn_state.c.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "conn_state.h"
#include "lib/log.h"
#include "route.h"
#include "story.h"

#define SKIP_MS		5000	/* for reading a refused body away */
#define LINGER_MS	5000	/* for a client to read its last answer */

static enum conn_state
act(struct conn *c)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		return conn_on_handshake(c);
	case CONN_IDLE:
		return conn_on_idle(c);
	case CONN_HEAD:
		return conn_on_head(c);
	case CONN_STORY:
		return conn_on_story(c);
	case CONN_BODY:
		return conn_on_body(c);
	case CONN_ANSWER:
		return conn_on_answer(c);
	case CONN_SKIP:
		return conn_on_skip(c);
	case CONN_LINGER:
		return conn_on_linger(c);
	case CONN_CLOSED:
		break;
	}
	return CONN_CLOSED;
}

/* How long the state may last; handlers move the deadline where progress
 * earns more time.  A story that waits has deadlines of its own. */
static int64_t
patience(const struct conn *c)
{
	const struct conf *conf = c->w->conf;

	switch (c->state) {
	case CONN_HANDSHAKE:
	case CONN_HEAD:
		return conf->read_header_timeout;
	case CONN_IDLE:
		return c->fresh ? conf->read_header_timeout :
		    conf->idle_timeout;
	case CONN_BODY:
		return conf->read_timeout;
	case CONN_ANSWER:
		return conf->write_timeout;
	case CONN_SKIP:
		return SKIP_MS;
	case CONN_LINGER:
		return LINGER_MS;
	case CONN_STORY:
	case CONN_CLOSED:
		break;
	}
	return -1;
}

static void
enter(struct conn *c, enum conn_state next)
{
	int64_t ms;

	/* The first head's time counts from the connection's beginning. */
	bool keep = c->fresh && c->state == CONN_IDLE && next == CONN_HEAD;

	c->state = next;
	c->expired = false;
	if (keep)
		return;
	ms = patience(c);
	c->deadline = ms == -1 ? INT64_MAX : loop_now(c->w->loop) + ms;
}

static unsigned
wants(const struct conn *c)
{
	const struct io *io = c->io;
	struct iovec v[3];
	size_t room;

	switch (c->state) {
	case CONN_HANDSHAKE:
		return io->handshake_wants;
	case CONN_STORY:
		/* Nothing is wanted but to hear of a hang-up, and reading
		 * is how that is heard, as long as there is room. */
		exchange_room(c->x, &room);
		if (c->ended)
			return 0;
		if (room > 0)
			return io->read_wants;
		return io->hangs_up ? LOOP_HUP : 0;
	case CONN_BODY:
		return exchange_unsent(c->x, v) > 0 ? io->write_wants :
		    io->read_wants;
	case CONN_ANSWER:
		return io->write_wants;
	case CONN_IDLE:
	case CONN_HEAD:
	case CONN_SKIP:
	case CONN_LINGER:
		return io->read_wants;
	case CONN_CLOSED:
		break;
	}
	return 0;
}

/* Tell the loop what is awaited.  In the steady state of a keep-alive
 * connection this moves a timer, and epoll is not told anything. */
static int
await(struct conn *c)
{
	struct loop *l = c->w->loop;
	unsigned want = wants(c);
	int rc;

	if (c->io->in == c->io->out)
		rc = loop_watch(l, &c->in, want);
	else if ((rc = loop_watch(l, &c->in,
	    want & (LOOP_READ | LOOP_HUP))) == 0)
		rc = loop_watch(l, &c->out, want & LOOP_WRITE);
	if (rc == -1)
		log_errno("cannot watch a connection", NULL);
	if (c->deadline == INT64_MAX)
		loop_timer_stop(l, &c->timer);
	else if (c->timer.slot == SIZE_MAX || c->timer.due != c->deadline)
		loop_timer(l, &c->timer, c->deadline - loop_now(l));
	return rc;
}

static void
end(struct conn *c)
{
	struct loop *l = c->w->loop;

	if (c->state == CONN_STORY || c->state == CONN_BODY)
		story_abandon(&c->x->req);
	loop_watch(l, &c->in, 0);
	loop_watch(l, &c->out, 0);
	loop_timer_stop(l, &c->timer);
	loop_unpost(l, &c->again);
	c->io->ops->close(c->io, false);
	conn_let_go(c);
	exchange_free(c->x);
	if (c->closed != NULL)
		c->closed(c->arg);
	free(c);
}

/* Called for every reason there is; c may be gone when it returns. */
static void
conn_run(struct conn *c)
{
	enum conn_state next;

	while (c->state != CONN_CLOSED && (next = act(c)) != c->state)
		enter(c, next);
	if (c->state == CONN_CLOSED || await(c) == -1)
		end(c);
}

static void
on_in(void *arg, unsigned ready)
{
	struct conn *c = arg;

	c->run = 0;
	c->readable = true;
	if (ready & LOOP_HUP)
		c->hung_up = true;
	conn_run(c);
}

static void
on_out(void *arg, unsigned ready)
{
	struct conn *c = arg;

	(void)ready;
	c->run = 0;
	conn_run(c);
}

static void
on_deadline(void *arg)
{
	struct conn *c = arg;

	c->expired = true;
	conn_run(c);
}

static void
on_again(void *arg)
{
	struct conn *c = arg;

	c->run = 0;
	conn_run(c);
}

void
conn_woken(void *arg)
{
	struct conn *c = arg;

	c->run = 0;
	c->x->runnable = true;
	conn_run(c);
}

struct conn *
conn_new(struct worker *w, struct io *io, const char *peer, unsigned doors,
    void (*closed)(void *arg), void *arg)
{
	struct conn *c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		io->ops->close(io, false);
		return NULL;
	}
	c->w = w;
	c->io = io;
	c->doors = doors;
	c->fresh = true;
	c->closed = closed;
	c->arg = arg;
	memccpy(c->peer, peer, '\0', sizeof(c->peer) - 1);
	watch_init(&c->in, io->in, on_in, c);
	watch_init(&c->out, io->out, on_out, c);
	timer_init(&c->timer, on_deadline, c);
	task_init(&c->again, on_again, c);
	enter(c, CONN_HANDSHAKE);
	if (await(c) == -1) {
		c->closed = NULL;
		end(c);
		return NULL;
	}
	return c;
}

void
conn_drain(struct conn *c)
{
	c->draining = true;
	if (c->state != CONN_IDLE && c->state != CONN_HANDSHAKE)
		return;
	/* What has arrived by now is still answered. */
	c->readable = true;
	conn_run(c);
}

static void
on_inetd_closed(void *arg)
{
	loop_stop(arg);
}

int
conn_serve_inetd(struct worker *w)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	char peer[INET6_ADDRSTRLEN] = "";
	struct io *io;

	if (getpeername(STDIN_FILENO, (struct sockaddr *)&sa, &n) == 0 &&
	    (sa.ss_family == AF_INET || sa.ss_family == AF_INET6))
		addr_ip_text((struct sockaddr *)&sa, peer);
	if ((io = io_inetd()) == NULL ||
	    conn_new(w, io, peer, route_doors(w->conf, false),
	    on_inetd_closed, w->loop) == NULL) {
		log_errno("cannot serve standard input", NULL);
		return -1;
	}
	return loop_run(w->loop);
}
