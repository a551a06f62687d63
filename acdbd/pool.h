/*
 * pool.h - the data-plane connections of one worker.
 *
 * Keyed by key role, each with a login of its own; among the idle ones that
 * which served the same workspace last is preferred.  A call that finds none
 * waits in line, for a bounded time in a bounded line.  A connection comes
 * back clean, or is cleaned behind the answer, or is closed.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/enc.h"
#include "pconn.h"

struct worker;
struct pool;

/* How to reach the server: what all logins share, resolved once. */
struct pgtarget;

enum pool_why {
	POOL_OK,
	POOL_SATURATED,		/* the line is full, or the wait was too long */
	POOL_UNAVAILABLE,	/* the server cannot be reached */
	POOL_REFUSED,		/* its login is: the role is not served */
};

/* A call waiting for a connection; embedded in the caller, borrowed while it
 * waits. */
struct pool_wait {
	const char	*role;		/* borrowed */
	const uint8_t	*workspace;	/* borrowed; UUID_LEN bytes */
	void	       (*done)(void *arg, struct pconn *c, enum pool_why why);
	void		*arg;
	/* the pool's own */
	struct timer	 timer;
	struct pool	*pool;
	struct pool_wait *next, *prev;
	bool		 waiting;
	int64_t		 since_us;
};

/* While it is borrowed, a connection tells its borrower. */
struct pool_events {
	void	(*readable)(void *arg);
	void	(*lost)(void *arg);
	void	(*notice)(void *arg, const PGresult *res);
};

struct pool *pool_new(struct worker *w, const struct pgtarget *target,
	    unsigned max) MUST_CHECK;
void	 pool_free(struct pool *p);

/* The control plane is there (its version known, logins right), or is not:
 * without it nothing new is connected. */
void	 pool_enable(struct pool *p, bool enable);

/* Get a connection.  Returns it at once where one is idle; else NULL, and
 * done() is called later, exactly once, unless pool_forget() comes first.
 * *why tells POOL_OK (it waits) or what is wrong (it does not). */
struct pconn *pool_get(struct pool *p, struct pool_wait *wait,
	    enum pool_why *why) MUST_CHECK;
void	 pool_forget(struct pool_wait *wait);

/* The borrower's callbacks; the connection must be given back from lost(). */
void	 pool_borrow(struct pconn *c, const struct pool_events *events,
	    void *arg);

/* Give back: as clean as it came; in need of a ROLLBACK, of a full reset
 * (both done here, behind the answer); or to be closed. */
enum pool_state { POOL_CLEAN, POOL_ABORTED, POOL_TAINTED, POOL_BROKEN };
void	 pool_put(struct pconn *c, enum pool_state state);

/* Have the statement that runs on c cancelled; never another.  Whoever
 * borrowed it still waits for its end, and gives it back as usual. */
void	 pool_cancel(struct pconn *c);

#endif
