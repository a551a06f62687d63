/*
 * conn_tell.c - an answer that is sent in parts while its story goes on, by
 * chunks (RFC 9112 7.1).
 *
 * The parts stand where the head does, and are sent with it by whoever sends
 * that: here nothing is written to the connection.
 */
#include <string.h>
#include <time.h>

#include "answer.h"
#include "conn_state.h"

#define HEAD_ROOM	2048	/* for the head itself, and for the end */

static void
put_chunk(struct buf *out, size_t n)
{
	buf_addf(out, "%zx\r\n", n);
}

int
conn_tell(struct req *r, const char *type, const char *p, size_t n)
{
	struct conn *c = r->conn;
	struct buf *out = &c->x->head;

	if (r->head.minor == 0 || buf_len(out) + n + HEAD_ROOM > out->max)
		return -1;
	if (!r->answer.told) {
		r->answer.told = true;
		r->answer.status = 200;
		r->answer.type = type;
		/* Until its end has come, whatever the story has put there. */
		c->x->omit_body = true;
		answer_head(r, c->io->secure, false, time(NULL), out);
	}
	put_chunk(out, n);
	buf_add(out, p, n);
	buf_adds(out, "\r\n");
	return 0;
}

enum conn_state
conn_tell_end(struct conn *c)
{
	struct answer *a = &c->x->req.answer;

	if (buf_len(&a->prefix) + buf_len(&a->body) > 0) {
		put_chunk(&c->x->head, buf_len(&a->prefix) +
		    buf_len(&a->body));
		buf_adds(&a->body, "\r\n");
	}
	buf_adds(&a->body, "0\r\n\r\n");
	if (c->x->req.why.status == 0 && !buf_failed(&c->x->head) &&
	    !buf_failed(&a->body))
		return CONN_ANSWER;
	conn_account(c, a->status);
	return CONN_CLOSED;
}
