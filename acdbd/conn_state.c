/*
 * conn_state.c - what a connection does in each of its states (conn_state.h).
 * A handler goes on until it must wait or the state is over, and says which;
 * it neither sets the state nor knows the loop's watches.
 */
#include <string.h>
#include <time.h>

#include "answer.h"
#include "audit.h"
#include "conn_state.h"
#include "forwarded.h"
#include "lib/enc.h"
#include "lib/log.h"
#include "route.h"
#include "story.h"

#define RUN_MAX		32	/* answers in a turn, before others' turn */
#define RECORD_FULL	16384	/* a TLS record of this size is not the last */
#define BODY_RATE	4096	/* bytes a second a body must come with */
#define LINGER_MAX	(16 << 20)	/* bytes read for being heard at all */

static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* Read what has come.  Returns the number of bytes, IO_AGAIN when there is
 * nothing now, 0 when there will be nothing any more. */
static ssize_t
get(struct conn *c, char *p, size_t n)
{
	ssize_t got;

	if (c->ended)
		return 0;
	if (!c->readable && !c->io->pending)
		return IO_AGAIN;
	got = c->io->ops->read(c->io, p, n);
	if (got > 0) {
		/* Less than asked for was all: the loop tells of more. */
		c->readable = got == (ssize_t)n ||
		    (c->io->secure && got >= RECORD_FULL);
		return got;
	}
	c->readable = false;
	if (got == IO_AGAIN)
		return IO_AGAIN;
	c->ended = true;
	return 0;
}

/* The same, into the input area. */
static ssize_t
fill(struct conn *c)
{
	size_t room;
	char *p = exchange_room(c->x, &room);
	ssize_t n = get(c, p, room);

	if (n > 0)
		exchange_got(c->x, (size_t)n);
	return n;
}

/* The client's own id is kept where it cannot do harm in a log. */
static void
name_request(struct req *r)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const struct slice *id = http_header(&r->head, "X-Request-Id");
	uint8_t uuid[UUID_LEN];

	if (id != NULL && id->n > 0 && id->n <= REQUEST_ID_MAX) {
		memcpy(r->id, id->p, id->n);
		r->id[id->n] = '\0';
		if (strspn(r->id, good) == id->n)
			return;
	}
	uuid_v7(uuid);
	uuid_text(r->id, uuid);
}

/* The trace-id of a traceparent header (W3C Trace Context, version 00). */
static void
trace_request(struct req *r)
{
	const struct slice *s = http_header(&r->head, "traceparent");

	r->trace[0] = '\0';
	if (s == NULL || s->n < 55 || s->p[2] != '-' || s->p[35] != '-')
		return;
	for (size_t i = 3; i < 35; i++)
		if ((s->p[i] < '0' || s->p[i] > '9') &&
		    (s->p[i] < 'a' || s->p[i] > 'f'))
			return;
	memcpy(r->trace, s->p + 3, 32);
	r->trace[32] = '\0';
}

/* A request begins, whose head took n bytes; 0: it could not be read. */
static void
begin(struct conn *c, size_t n)
{
	struct req *r = &c->x->req;

	if (n == 0) {
		r->head.method = HTTP_OTHER;
		r->head.nheader = 0;
		r->head.minor = 1;
		r->head.keep_alive = r->head.expect_continue = false;
	}
	exchange_begin(c->x, n);
	r->conn = c;
	r->w = c->w;
	r->started_us = loop_now_us();
	task_init(&r->wake, conn_woken, c);
	name_request(r);
	trace_request(r);
	forwarded_peer(c->w->conf, &r->head, c->peer, r->peer);
	c->fresh = false;
	c->run++;
}

static enum conn_state
refuse_head(struct conn *c, struct problem *why)
{
	begin(c, 0);
	c->x->req.why = *why;
	return CONN_STORY;
}

enum conn_state
conn_on_handshake(struct conn *c)
{
	int rc;

	if (c->expired)
		return CONN_CLOSED;
	rc = c->io->ops->handshake(c->io);
	if (rc == IO_AGAIN)
		return CONN_HANDSHAKE;
	return rc == 1 ? CONN_IDLE : CONN_CLOSED;
}

enum conn_state
conn_on_idle(struct conn *c)
{
	const struct conf *conf = c->w->conf;
	ssize_t n;

	if (c->x != NULL && c->x->len > 0) {
		if (c->run < RUN_MAX)
			return CONN_HEAD;
		loop_post(c->w->loop, &c->again);
		return CONN_IDLE;
	}
	if (c->x == NULL && (c->x = exchange_new(
	    (size_t)conf->max_request_body,
	    (size_t)conf->max_response_body)) == NULL) {
		log_errno("cannot serve a request", NULL);
		return CONN_CLOSED;
	}
	n = fill(c);
	if (n > 0)
		return CONN_HEAD;
	exchange_free(c->x);
	c->x = NULL;
	if (n == 0 || c->expired || c->draining)
		return CONN_CLOSED;
	return CONN_IDLE;
}

/* Whether nothing but empty lines has come. */
static bool
is_blank(const struct exchange *x)
{
	for (size_t i = 0; i < x->len; i++)
		if (x->in[i] != '\r' && x->in[i] != '\n')
			return false;
	return true;
}

/* The head will not be complete. */
static enum conn_state
give_up_head(struct conn *c, struct problem *why)
{
	if (is_blank(c->x) || (c->ended && c->io->hangs_up))
		return CONN_CLOSED;
	if (c->ended)
		problem_set(why, 400, "bad_request",
		    "the request ends before its head is complete");
	else
		problem_set(why, 408, "request_timeout",
		    "the request head took too long");
	why->close = true;
	return refuse_head(c, why);
}

enum conn_state
conn_on_head(struct conn *c)
{
	struct exchange *x = c->x;
	struct req *r = &x->req;
	struct problem why;
	ssize_t got;
	long n;

	problem_init(&why);
	for (;;) {
		n = http_head_parse(&r->head, x->in, x->len, &why);
		if (n == -1)
			return refuse_head(c, &why);
		if (n > 0)
			break;
		if (c->expired)
			return give_up_head(c, &why);
		if ((got = fill(c)) == IO_AGAIN)
			return CONN_HEAD;
		if (got == 0)
			return give_up_head(c, &why);
	}
	begin(c, (size_t)n);
	if ((r->route = route_find(&r->head, c->doors, &r->why)) != NULL)
		r->story = r->route->story;
	return CONN_STORY;
}

/* Whether the client has gone while its story waits.  Reading ahead is how
 * that is noticed; what is read belongs to the next requests. */
static bool
has_gone(struct conn *c)
{
	size_t room;
	ssize_t n;

	for (;;) {
		exchange_room(c->x, &room);
		if (room == 0)
			return c->hung_up && c->io->hangs_up;
		if ((n = fill(c)) == IO_AGAIN)
			return false;
		if (n == 0)
			return c->io->hangs_up;
	}
}

static enum conn_state
abandon(struct conn *c)
{
	record_abandoned(&c->x->req);
	story_abandon(&c->x->req);
	conn_account(c, 499);
	return CONN_CLOSED;
}

static enum conn_state
follow(struct conn *c, enum story_result result)
{
	switch (result) {
	case STORY_DONE:
		return conn_answer(c);
	case STORY_BODY:
		c->x->since = loop_now(c->w->loop);
		return CONN_BODY;
	case STORY_WAIT:
		if (c->x->req.answer.told && conn_flush(c) == IO_ERROR)
			return abandon(c);
		break;
	}
	return has_gone(c) ? abandon(c) : CONN_STORY;
}

enum conn_state
conn_on_story(struct conn *c)
{
	struct req *r = &c->x->req;

	if (!c->x->runnable)
		return follow(c, STORY_WAIT);
	c->x->runnable = false;
	/* A head that was refused or leads nowhere has no story. */
	return follow(c, r->story == NULL ? STORY_DONE : story_run(r));
}

static enum conn_state
refuse_body(struct conn *c, int status, const char *title,
    const char *detail)
{
	struct req *r = &c->x->req;

	problem_set(&r->why, status, title, "%s", detail);
	r->why.close = true;
	return follow(c, story_refuse(r));
}

/* Read more of the body, straight to its place where it has one. */
static ssize_t
fill_body(struct conn *c)
{
	size_t room;
	char *p = exchange_body_room(c->x, &room);
	ssize_t n;

	if (p == NULL)
		return fill(c);
	if ((n = get(c, p, room)) > 0)
		exchange_put(c->x, (size_t)n);
	return n;
}

enum conn_state
conn_on_body(struct conn *c)
{
	struct exchange *x = c->x;
	struct req *r = &x->req;
	ssize_t n;
	int rc;

	if (x->body == BODY_LENGTH &&
	    x->left + x->taken > c->w->conf->max_request_body) {
		problem_set(&r->why, 413, "body_too_large",
		    "the request body is larger than %lld bytes",
		    (long long)c->w->conf->max_request_body);
		return follow(c, story_refuse(r));
	}
	while ((rc = exchange_take(x, false, &r->why)) == 0) {
		if (c->expired)
			return refuse_body(c, 408, "request_timeout",
			    "the request body took too long");
		if (r->head.expect_continue && x->taken == 0 &&
		    buf_len(&x->head) == 0)
			buf_adds(&x->head, interim);
		if (conn_flush(c) == IO_ERROR)
			return abandon(c);
		if ((n = fill_body(c)) == IO_AGAIN)
			return CONN_BODY;
		if (n == 0 && c->io->hangs_up)
			return abandon(c);
		if (n == 0)
			return refuse_body(c, 400, "bad_request",
			    "the request ends before its body is complete");
		conn_extend(c, c->w->conf->read_timeout, x->taken, BODY_RATE);
	}
	if (rc == -1)
		return follow(c, story_refuse(r));
	x->runnable = true;
	return CONN_STORY;
}

enum conn_state
conn_on_skip(struct conn *c)
{
	struct problem why;
	ssize_t n;
	int rc;

	problem_init(&why);
	while ((rc = exchange_take(c->x, true, &why)) == 0) {
		if (c->expired)
			return CONN_CLOSED;
		if ((n = fill(c)) == IO_AGAIN)
			return CONN_SKIP;
		if (n == 0)
			return CONN_CLOSED;
	}
	problem_fini(&why);
	if (rc == -1)
		return CONN_CLOSED;
	exchange_next(c->x);
	return CONN_IDLE;
}

enum conn_state
conn_on_linger(struct conn *c)
{
	ssize_t n;

	while (!c->expired && c->skipped < LINGER_MAX) {
		if ((n = get(c, c->x->in, sizeof(c->x->in))) == IO_AGAIN)
			return CONN_LINGER;
		if (n == 0)
			break;
		c->skipped += n;
	}
	return CONN_CLOSED;
}
