/*
 * pool_session.h - what a data-plane session starts with and how it is
 * brought back to that.
 */
#ifndef POOL_SESSION_H
#define POOL_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "pconn.h"

struct worker;

/* The startup packet's options: every setting that matters, so that a role
 * which alters its own defaults changes nothing (a client's startup options
 * outrank ALTER ROLE SET, and RESET ALL returns to them).  Borrowed until
 * the next call. */
const char *pool_session_options(struct worker *w);

/* Send ROLLBACK; or everything that forgets: cursors, settings, prepared
 * statements, LISTEN, sequences.  *syncs goes up by the number of answers
 * that end it.  Returns 0, or -1 when it cannot be sent. */
int	 pool_session_rollback(struct pconn *c, unsigned *syncs) MUST_CHECK;
int	 pool_session_reset(struct pconn *c, unsigned *syncs) MUST_CHECK;

/* Whether the server refused the login (and it is not the server that is
 * away or full). */
bool	 pool_session_refused(const PGconn *conn);

#endif
