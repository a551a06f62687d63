/*
 * ask.h - one statement sent to the gateway until there is an answer that
 * can be trusted, or a clear word on what is not known.
 *
 *	429			waited out
 *	503, nothing sent	tried again, with full jitter
 *	the answer lost		a write is sent again under the same
 *				Idempotency-Key; a query again, read-only
 */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/httpc.h"

#define ASK_RUN_MAX	64
#define ASK_KEY_MAX	(ASK_RUN_MAX + 64)
#define ASK_INTERRUPTED	130

struct ask_config {
	int		 retries;	/* beside the first time */
	int64_t		 timeout_ms;	/* a statement; 0: the gateway's */
	bool		 read_only;
	bool		 verbose;	/* say on stderr what is waited for */
	const char	*run_id;	/* NULL: a random one; borrowed */
};

struct ask {
	struct ask_config c;
	struct httpc	*h;		/* borrowed */
	char		 run_id[ASK_RUN_MAX + 1];
	uint64_t	 number;	/* of the statement, from 1 */

	/* of the last statement: */
	char		 key[ASK_KEY_MAX];	/* "" where none was sent */
	bool		 reads;
	bool		 unknown;	/* a write: carried out or not */
	struct httpc_answer a;		/* its body is the result or problem */
	struct buf	 body;
};

/* h is borrowed until ask_fini(). */
void	ask_init(struct ask *q, struct httpc *h, const struct ask_config *c);
void	ask_fini(struct ask *q);

/* Letters, digits, '-', '_' and '.', at most ASK_RUN_MAX. */
bool	ask_run_id_valid(const char *s);

/*
 * Returns EXIT_OK: q->a.body is the answer; else what to exit with
 * (exitcode.h, or ASK_INTERRUPTED), and the reason is the problem in
 * q->a.body where q->a.status is not 0, else the line in q->a.why.
 */
int	ask_statement(struct ask *q, const char *sql, size_t n) MUST_CHECK;

/* q->a.body was no answer to a statement, for the reason why.  Returns what
 * to exit with, as if none had come. */
int	ask_misunderstood(struct ask *q, const char *why);

#endif
