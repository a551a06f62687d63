/*
 * pgc.h - one connection to PostgreSQL on the loop: connecting, sending and
 * receiving without blocking, in libpq's pipeline mode.
 *
 * It knows nothing of what is sent.  Its owner embeds it, sends through
 * pgc->conn with the PQsend functions, calls pgc_flush(), and is told of
 * everything through the callbacks.
 */
#ifndef PGC_H
#define PGC_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "loop.h"

struct pgc_events {
	/* Connected, in pipeline mode. */
	void	(*ready)(void *arg);
	/* Bytes came in: call pgc_next() until it has no more. */
	void	(*readable)(void *arg);
	/* The server has something to say; may be NULL. */
	void	(*notice)(void *arg, const PGresult *res);
	/* Connecting failed or the connection was lost; PQerrorMessage()
	 * tells why.  The owner calls pgc_close(). */
	void	(*lost)(void *arg);
};

struct pgc {
	struct loop	*loop;
	PGconn		*conn;		/* NULL: closed */
	struct watch	 watch;
	struct timer	 timer;		/* connecting takes too long */
	bool		 connecting;
	bool		 broken;	/* lost, and the owner was told */
	unsigned	 nulls;		/* in a row, from a lost connection */
	const struct pgc_events *events;
	void		*arg;
	struct task	 lost_task;
};

/* Begin to connect.  keys and values as for PQconnectStartParams() (hostaddr
 * given: nothing here may wait for a name server).  keeps a borrow of events
 * until pgc_close().  Returns 0, or -1 when out of memory; every other
 * failure comes as lost(). */
int	 pgc_start(struct pgc *p, struct loop *loop, const char *const *keys,
	    const char *const *values, const struct pgc_events *events,
	    void *arg) MUST_CHECK;

/* Close, whatever the state; calls nothing back.  Idempotent. */
void	 pgc_close(struct pgc *p);

/* Push what was sent towards the server; what does not fit now follows by
 * itself.  A failure comes as lost() later. */
void	 pgc_flush(struct pgc *p);

/* The next result, which the caller must PQclear(): 1 with *res (NULL ends a
 * query's results), or 0 when more bytes must come first.  Only to be called
 * while something sent has not been answered. */
int	 pgc_next(struct pgc *p, PGresult **res) MUST_CHECK;

/* Report the connection lost, after the callback that is running now. */
void	 pgc_fail(struct pgc *p);

#endif
