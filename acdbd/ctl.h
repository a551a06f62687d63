/*
 * ctl.h - the control plane's connection: keys, workspaces, what the server
 * is like.  It never runs a caller's SQL.
 *
 * One a worker, in pipeline mode: many questions may be under way, answered
 * in order.  It also LISTENs for changes of keys and procedures, so that a
 * revocation takes effect wherever it was made; while it cannot hear, nothing
 * remembered of them is trusted (ctl_fresh()).
 */
#ifndef CTL_H
#define CTL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cdefs.h"

#define CTL_PARAMS	16

struct worker;
struct pgtarget;
struct ctl;

/* What the database said of itself when it was connected. */
struct ctl_server {
	int	version;		/* 170002 */
	int	schema_version;		/* of the control plane */
	int64_t	clock_offset_us;	/* its clock minus loop_now_us() */
	char	search_path[256];	/* of data-plane sessions */
	char	work_mem[32], hash_mem_multiplier[32], temp_buffers[32],
		maintenance_work_mem[32], parallel_workers[32];
	bool	on_linux;		/* the server is */
};

/* One question; embedded in the asker, borrowed until done() is called or
 * ctl_forget(). */
struct ctl_query {
	/* res is borrowed until done() returns; NULL: the connection was lost
	 * before the answer (the question may or may not have been carried
	 * out). */
	void	(*done)(struct ctl_query *q, PGresult *res);
	bool	 asked;			/* under way; ctl's own */
};

struct ctl *ctl_new(struct worker *w, const struct pgtarget *target)
	    MUST_CHECK;
void	 ctl_free(struct ctl *c);

/* Ask; the parameters are in text form (NULL: NULL) and copied.  Returns 0,
 * or -1 where the database is not there at the moment. */
int	 ctl_ask(struct ctl *c, struct ctl_query *q, const char *sql,
	    int nparams, const char *const *params) MUST_CHECK;

/* The asker goes away: its answer is dropped when it comes.  c may be NULL,
 * when it has ended before. */
void	 ctl_forget(struct ctl *c, struct ctl_query *q);

/* Whether the database answers and its schema is of this version. */
bool	 ctl_ready(const struct ctl *c, const char **reason);

/* Whether an attempt to get there has ended, well or not. */
bool	 ctl_tried(const struct ctl *c);

/* Whether changes of keys have been heard of until a moment ago. */
bool	 ctl_fresh(const struct ctl *c);

/* The database's wall clock, microseconds since 1970. */
int64_t	 ctl_clock_us(const struct ctl *c);

/* Valid while ctl_ready(). */
const struct ctl_server *ctl_server(const struct ctl *c);

#endif
