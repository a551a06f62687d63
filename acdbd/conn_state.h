/*
 * conn_state.h - a connection, as conn.c and conn_state.c see it.
 */
#ifndef CONN_STATE_H
#define CONN_STATE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "exchange.h"
#include "loop.h"

enum conn_state {
	CONN_HANDSHAKE,	/* TLS is being agreed on, or nothing has come yet */
	CONN_IDLE,	/* between requests; left by a byte of the next */
	CONN_HEAD,	/* some of a head has come; left when all has */
	CONN_STORY,	/* being answered; left when its story is done */
	CONN_BODY,	/* the story wants the body; left when that is read */
	CONN_ANSWER,	/* being sent; left behind its last byte */
	CONN_SKIP,	/* a body nobody wanted is read away */
	CONN_LINGER,	/* all is said; left when the client has closed */
	CONN_CLOSED,
};

struct conn {
	struct worker	*w;
	struct io	*io;
	enum conn_state	 state;		/* written by conn_run() alone */
	struct exchange	*x;		/* NULL: nothing is asked */

	struct watch	 in, out;	/* out only where it is another fd */
	struct timer	 timer;
	struct task	 again;		/* go on in the next turn */
	int64_t		 deadline;	/* loop_now(); INT64_MAX: none */

	bool		 fresh;		/* before the first request */
	bool		 readable;	/* reading may give something */
	bool		 hung_up;	/* the loop has said so */
	bool		 ended;		/* reading has said so */
	bool		 expired;	/* the deadline of this state is over */
	bool		 draining;
	bool		 closing;	/* behind the answer being sent */
	unsigned	 run;		/* requests answered in this turn */
	int64_t		 skipped;	/* bytes read away */

	struct unread_answer *unread;	/* NULL: none that waits */
	unsigned	 doors;
	char		 peer[INET6_ADDRSTRLEN];
	void	       (*closed)(void *arg);
	void		*arg;
};

/* What each state does: go on as far as can be without waiting.  Returns
 * the next state; the same one when it must wait. */
enum conn_state conn_on_handshake(struct conn *c);
enum conn_state conn_on_idle(struct conn *c);
enum conn_state conn_on_head(struct conn *c);
enum conn_state conn_on_story(struct conn *c);
enum conn_state conn_on_body(struct conn *c);
enum conn_state conn_on_answer(struct conn *c);
enum conn_state conn_on_skip(struct conn *c);
enum conn_state conn_on_linger(struct conn *c);

/* conn_answer.c: the story is over, its answer begins.  Returns the state. */
enum conn_state conn_answer(struct conn *c);
/* Send what is to be sent.  Returns 1 when all is, IO_AGAIN, or IO_ERROR. */
int	 conn_flush(struct conn *c);
/* Bytes were moved so far: a stall of timeout (ms) ends the state, and so
 * does a trickle below rate bytes a second. */
void	 conn_extend(struct conn *c, int64_t timeout, int64_t bytes, int rate);
/* No answer waits any more; by whoever ends one. */
void	 conn_let_go(struct conn *c);

/* conn_tell.c: make the answer the last part of one that is being told;
 * where that is a refusal, which cannot be told any more, the connection
 * ends before it is complete. */
enum conn_state conn_tell_end(struct conn *c);

/* req_wake() leads here, with the connection. */
void	 conn_woken(void *arg);

/* The request's line in the log, and its place in the metrics. */
void	 conn_account(const struct conn *c, int status);

#endif
