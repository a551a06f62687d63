/*
 * answer.h - what an answer says besides its body: status line and headers
 * (RFC 9112, RFC 9110).
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <time.h>

#include "lib/buf.h"
#include "req.h"

/* Make r->answer complete: the problem's document where r was refused, an
 * internal error where nothing was said. */
void	answer_settle(struct req *r);

/* Append the head of the settled answer to out.  secure: the connection is
 * TLS; close: it ends behind this answer; now: for Date. */
void	answer_head(const struct req *r, bool secure, bool close, time_t now,
	    struct buf *out);

/* Whether the answer is its head alone (RFC 9112 6.3: to HEAD, 204, 304). */
bool	answer_omits_body(const struct req *r);

#endif
