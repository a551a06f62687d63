/*
 * inner.h - a request made by another one, in the same process: its story's
 * steps, without those that the outer one has gone through or will
 * (authenticate, throttle, body, record), unless it is one call of many.
 */
#ifndef INNER_H
#define INNER_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "req.h"

struct inner;

/* What SQL was run, for the audit row. */
struct inner_sql {
	bool		 known;
	uint8_t		 hash[32];
	char		*text;		/* owned; NULL where it is not kept */
};

/* What is asked; all borrowed during the call, the body taken over, sql kept
 * as a borrow and filled in before it is over. */
struct inner_ask {
	bool		 apart;		/* one of several calls: it has an
					 * audit row of its own */
	bool		 counts;	/* towards the key's limit */
	const char	*method, *path;	/* path with its query */
	const char	*idem;		/* Idempotency-Key; "": none */
	struct buf	*body;
	struct inner_sql *sql;
};

/* Begin a request as the caller of outer, which is woken once it is over.
 * The first step is taken at once.  NULL when memory is out.  keeps a borrow
 * of outer. */
struct inner *inner_new(struct req *outer, const struct inner_ask *ask)
	    MUST_CHECK;

bool	 inner_over(const struct inner *in);

/* Once it is over: the status, the body (taken over by the caller); what the
 * outer request's audit row and log line should say is noted there. */
int	 inner_answer(struct inner *in, struct buf *body) MUST_CHECK;

/* Also while it is under way: what it does is cancelled. */
void	 inner_free(struct inner *in);

#endif
