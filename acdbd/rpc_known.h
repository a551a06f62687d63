/*
 * rpc_known.h - the procedures a worker can call: those of the files, and
 * those of the table acdb.rpcs as far as they were asked for.
 *
 * A workspace's own stands in front of a file's of the same name.  What was
 * looked up is kept in step by NOTIFY, as keys are (ctl.h); who is a member
 * of which role is asked again every second.
 */
#ifndef RPC_KNOWN_H
#define RPC_KNOWN_H

#include <stdbool.h>

#include "ctl.h"
#include "req.h"
#include "rpc.h"

struct rpc_known;

/* files is handed over. */
struct rpc_known *rpc_known_new(struct worker *w, struct rpc_files *files)
	    MUST_CHECK;
void	 rpc_known_free(struct rpc_known *k);

/* Read the files again; what is there stays where that fails (logged). */
void	 rpc_known_reload(struct rpc_known *k);
const struct rpc_files *rpc_known_files(const struct rpc_known *k);

/* "workspace name" was changed; everything may have been. */
void	 rpc_known_changed(struct rpc_known *k, const char *payload);
void	 rpc_known_flush(struct rpc_known *k);

/* A procedure being looked for on behalf of r, who is authenticated. */
struct rpc_search {
	struct ctl_query q;		/* first: a query is its search */
	struct req	*r;
	char		 name[RPC_NAME_MAX + 1];
	struct rpc	*file;		/* what a file has; a reference */
	uint64_t	 generation;	/* when it was asked */
	bool		 answered;

	/* the result */
	struct rpc	*rpc;		/* NULL: there is none; a reference */
	bool		 permitted;	/* to the caller's role */
};

/* Look for s->name.  Returns 1 when the result stands in s; 0 when the
 * database was asked: r is woken, then s->answered (and r->why is filled in
 * on failure); -1 when the database is away. */
int	 rpc_known_search(struct rpc_known *k, struct rpc_search *s)
	    MUST_CHECK;

/* Let go of what s holds, at any time. */
void	 rpc_known_forget(struct rpc_known *k, struct rpc_search *s);

#endif
