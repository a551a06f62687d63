/*
 * problem.h - a refusal: what is told to a caller who asked for something
 * wrong or that cannot be done (RFC 9457 problem details).
 *
 * A function that may refuse takes a struct problem *why, fills it by
 * problem_set() and returns -1.  A failure of our own is logged where it is
 * detected and becomes problem_internal().
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stdbool.h>

#include "buf.h"
#include "cdefs.h"

/* The outcome of the caller's transaction, where there was one. */
enum problem_tx { PROBLEM_TX_NONE, PROBLEM_TX_COMMITTED,
    PROBLEM_TX_ROLLED_BACK, PROBLEM_TX_UNKNOWN };

struct problem {
	int		 status;	/* HTTP status; 0: no problem */
	const char	*title;		/* static: one of the contract's */
	char		*detail;	/* owned, as all char * below */
	char		 sqlstate[6];	/* "" where no database spoke */
	char		*hint;
	char		*pg_detail;
	char		*schema;
	char		*table;
	char		*column;
	char		*datatype;
	char		*constraint;
	char		*context;
	char		*severity;
	int		 parameter;	/* the $N that does not fit; 0: none */
	char		*parameter_type; /* NULL: not known */
	int		 position;	/* character of the SQL; 0: none */
	int		 line;		/* of position; 0: none */
	int		 column_number;
	char		*excerpt;	/* the line and a caret below it */
	char		*confirm_token;	/* that lets the same request run */
	int		 statement;	/* index in a batch; -1: none */
	int		 retry_after;	/* seconds; 0: no Retry-After */
	int		 retryable;	/* 1, 0, or -1: say nothing */
	enum problem_tx	 tx;
	const char	*allow;		/* static: the Allow header of a 405 */
	bool		 close;		/* the connection cannot go on */
};

void	problem_init(struct problem *why);
void	problem_fini(struct problem *why);

/* Fill in the refusal (what stood there before is freed).  Text for the
 * client: what is wrong first, subject in quotes, no full stop.  Always
 * returns -1, so that a refusal reads "return problem_set(...)". */
int	problem_set(struct problem *why, int status, const char *title,
	    const char *fmt, ...) PRINTF(4, 5);

/* A failure of ours: a bare 500 "internal_error" that points at the request
 * id.  Always returns -1. */
int	problem_internal(struct problem *why);

/* Append the problem+json document: type, title, status, detail, then what
 * is known of the rest, request_id last (NULL: left out).  A member that is
 * unset is left out. */
void	problem_write(const struct problem *why, const char *request_id,
	    struct buf *out);

#endif
