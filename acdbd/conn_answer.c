/*
 * conn_answer.c - how an answer leaves: its head, its bytes as fast as the
 * client takes them, and what becomes of the connection behind it.
 */
#include <time.h>

#include "answer.h"
#include "conn_state.h"
#include "lib/log.h"
#include "unread.h"

#define ANSWER_RATE	16384	/* bytes a second must be taken */
#define SKIP_MAX	65536	/* bytes of a refused body worth reading for
				 * the sake of keeping the connection */

int
conn_flush(struct conn *c)
{
	struct iovec v[3];
	ssize_t n;
	int k;

	while ((k = exchange_unsent(c->x, v)) > 0) {
		n = c->io->ops->write(c->io, v, k);
		if (n < 0)
			return (int)n;
		c->x->sent += (size_t)n;
	}
	return 1;
}

void
conn_extend(struct conn *c, int64_t timeout, int64_t bytes, int rate)
{
	int64_t stall = loop_now(c->w->loop) + timeout;
	int64_t least = c->x->since + timeout + bytes * 1000 / rate;

	c->deadline = stall < least ? stall : least;
}

/* Whether the connection is good for another request although a body may
 * not have been read: little of it is missing, and the client is known to
 * send it (one that waits for 100 Continue may not). */
static bool
can_skip(struct exchange *x)
{
	struct problem why;
	int rc;

	problem_init(&why);
	rc = exchange_take(x, true, &why);
	problem_fini(&why);
	if (rc != 0)
		return rc == 1;
	if (x->req.head.expect_continue && x->taken == 0 &&
	    buf_len(&x->head) == 0)
		return false;
	return x->body == BODY_LENGTH && x->left <= SKIP_MAX;
}

enum conn_state
conn_answer(struct conn *c)
{
	struct exchange *x = c->x;
	struct req *r = &x->req;

	answer_settle(r);
	x->omit_body = answer_omits_body(r);
	c->closing = !can_skip(x) || r->why.close || !r->head.keep_alive ||
	    c->draining || c->w->draining;
	x->since = loop_now(c->w->loop);
	if (r->answer.told)
		return conn_tell_end(c);
	answer_head(r, c->io->secure, c->closing, time(NULL), &x->head);
	if (buf_failed(&x->head)) {
		log_error("an answer's head does not fit", "id", r->id, NULL);
		return CONN_CLOSED;
	}
	return CONN_ANSWER;
}

/* The client does not take its answer as fast as it could be sent: from here
 * on its workspace answers for the memory. */
static void
hold(struct conn *c)
{
	const struct principal *who = &c->x->req.who;
	struct iovec v[3];
	size_t n = 0;

	if (c->unread != NULL || !who->known)
		return;
	for (int k = exchange_unsent(c->x, v); k > 0; k--)
		n += v[k - 1].iov_len;
	c->unread = unread_add(c->w->unread, who->workspace, n);
}

void
conn_let_go(struct conn *c)
{
	unread_end(c->unread);
	c->unread = NULL;
}

/* Behind the last byte of an answer. */
static enum conn_state
answered(struct conn *c)
{
	struct exchange *x = c->x;

	conn_account(c, x->req.answer.status);
	conn_let_go(c);
	if (!c->closing) {
		if (x->body != BODY_DONE)
			return CONN_SKIP;
		exchange_next(x);
		return CONN_IDLE;
	}
	/* Closing with input unread would reset the connection, and the
	 * client might lose the answer (RFC 9112 9.6). */
	if (c->io->socket && (x->body != BODY_DONE || x->pos < x->len)) {
		c->io->ops->close(c->io, true);
		c->skipped = 0;
		x->most = sizeof(x->in);
		return CONN_LINGER;
	}
	return CONN_CLOSED;
}

enum conn_state
conn_on_answer(struct conn *c)
{
	size_t sent = c->x->sent;
	int rc = conn_flush(c);

	if (rc == 1)
		return answered(c);
	if (c->x->sent > sent)
		conn_extend(c, c->w->conf->write_timeout, (int64_t)c->x->sent,
		    ANSWER_RATE);
	if (rc == IO_AGAIN && (!c->expired || c->x->sent > sent)) {
		hold(c);
		return CONN_ANSWER;
	}
	conn_account(c, c->x->req.answer.status);
	return CONN_CLOSED;
}
