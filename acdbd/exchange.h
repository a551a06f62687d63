/*
 * exchange.h - the memory of one request and its answer: what a connection
 * holds while something is asked, and gives back when it is idle.
 *
 * The input area never moves while a request is answered, so that the slices
 * of its head stay good.  In it lie, in this order, the head (behind it, at
 * pos, what of the body or of further requests has been read too):
 *
 *	in[0]      the head      in[pos]   not yet taken      in[len]
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "http.h"
#include "lib/cdefs.h"
#include "req.h"

/* A head of any size leaves as much again for what follows it. */
#define EXCHANGE_IN	((size_t)HTTP_HEAD_MAX * 2)

enum exchange_body { BODY_DONE, BODY_LENGTH, BODY_CHUNKED };

struct exchange {
	struct req	 req;
	bool		 runnable;	/* the story can go on */

	enum exchange_body body;	/* what is still to be read of it */
	int64_t		 left;		/* BODY_LENGTH: bytes to come */
	int64_t		 taken;		/* bytes read of it so far */
	struct http_chunks chunks;

	struct buf	 head;		/* "100 Continue", the answer's head */
	bool		 omit_body;	/* the answer is its head alone */
	size_t		 sent;		/* of head, prefix and body together */
	int64_t		 since;		/* loop_now() when the reading of the
					 * body, or the sending, began */

	size_t		 behind;	/* where the head ends */
	size_t		 pos, len;
	size_t		 most;		/* the largest len since it was wiped */
	char		 in[EXCHANGE_IN];
};

/* NULL when memory is out.  Bodies, in and out, are refused by their buffers
 * behind so many bytes. */
struct exchange *exchange_new(size_t max_body, size_t max_answer) MUST_CHECK;
/* Wipes what was read. */
void	 exchange_free(struct exchange *x);

/* Where to read into; *n is the room (0: full).  exchange_got() makes n of
 * them part of the input. */
char	*exchange_room(struct exchange *x, size_t *n);
void	 exchange_got(struct exchange *x, size_t n);

/* The request whose head took n bytes (0: no head could be read) begins. */
void	 exchange_begin(struct exchange *x, size_t n);
/* It is answered: what was read behind it moves to the front. */
void	 exchange_next(struct exchange *x);

/* Take of the body what has been read: into req.body, or with skip nowhere.
 * Returns 1 when it is complete, 0 when more must be read, -1 with why. */
int	 exchange_take(struct exchange *x, bool skip, struct problem *why)
	    MUST_CHECK;

/* Where the next bytes of the body can be read to without a copy; NULL where
 * they belong into the input area.  exchange_put() makes n of them part of
 * the body. */
char	*exchange_body_room(struct exchange *x, size_t *n);
void	 exchange_put(struct exchange *x, size_t n);

/* What is still to be sent, in at most three pieces; returns how many. */
int	 exchange_unsent(const struct exchange *x, struct iovec v[3]);

#endif
