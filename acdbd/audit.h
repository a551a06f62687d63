/*
 * audit.h - the audit row of every authenticated call, durable before its
 * answer leaves.
 *
 * A write carries its row in its own transaction (run.c).  The rows of reads
 * and refusals are committed in groups: while one group is on its way to the
 * disk the next one gathers, so that many calls share one fsync, and each
 * answer waits for its group.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/enc.h"
#include "req.h"
#include "story.h"

struct worker;
struct pgtarget;
struct audit;

struct audit *audit_new(struct worker *w, const struct pgtarget *target)
	    MUST_CHECK;
void	 audit_free(struct audit *a);

/* Whether rows can be recorded: without, a call is not answered. */
bool	 audit_ready(const struct audit *a);

/* What is known of a call once it is over. */
struct audit_row {
	uint8_t		 id[UUID_LEN];	/* ours, time-ordered */
	const struct principal *who;
	const char	*request_id, *endpoint, *command, *error, *peer;
	const char	*trace;		/* trace-id, or "" */
	const uint8_t	*sql_hash;	/* 32 bytes, or NULL */
	const char	*sql;		/* with AUDIT_INCLUDE_SQL, or NULL */
	int64_t		 duration_us, rows;	/* rows -1: none */
	int		 status;
};

/* A call waiting for its row; embedded in the caller. */
struct audit_wait {
	void	       (*done)(void *arg, bool durable);
	void		*arg;
	struct audit_wait *next;	/* audit's own */
	bool		 waiting;
};

/* Put the row (copied) into the next group.  wait may be NULL: nobody waits.
 * Returns 0; or -1 when the database is away or the group is full: the row
 * is not recorded. */
int	 audit_add(struct audit *a, const struct audit_row *row,
	    struct audit_wait *wait) MUST_CHECK;
void	 audit_forget(struct audit *a, struct audit_wait *wait);

/* A write's row stands already: add what was not known then.  Nobody waits
 * for it; without it the columns stay NULL. */
void	 audit_complete(struct audit *a, const uint8_t id[UUID_LEN],
	    int64_t duration_us, int64_t rows);

/* A call over its key's limit: counted, a row a key and second is written. */
void	 audit_throttled(struct audit *a, const struct req *r);

/* The client has gone before its answer (record.c): a row of its own, which
 * nobody waits for. */
void	 record_abandoned(const struct req *r);

/* The step "record" (record.c), for stories without a row of their own in the
 * database: waits until the call's row is durable.  Turns the answer into
 * 503 where it cannot be. */
enum verdict step_record(struct req *r);

/* The same for a call that is a part of another one (inner.h), in a step
 * marked always: it does not wait, since the row of the whole, which is
 * committed later, does. */
enum verdict record_part(struct req *r);

#endif
