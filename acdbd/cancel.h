/*
 * cancel.h - cancel requests to PostgreSQL.
 *
 * libpq's PQcancel() blocks, so a child process sends it.  The server closes
 * the cancel connection after it has signalled the session; only then, when
 * done() has been called, can the session be used again without the cancel
 * hitting another statement.
 */
#ifndef CANCEL_H
#define CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "lib/cdefs.h"
#include "loop.h"

struct cancel;

/* Begin to cancel what runs on conn.  done(arg, delivered) is called when the
 * request was delivered, or when nobody waits for that any more: then it may
 * still arrive, at any time, and the session is not to be used again.  done
 * may not be used after cancel_forget().  The request is put into *list, where
 * it stays until its child has ended.  NULL with errno when no process can be
 * had. */
struct cancel *cancel_start(struct cancel **list, struct loop *loop,
	    PGconn *conn, void (*done)(void *arg, bool delivered), void *arg)
	    MUST_CHECK;

/* The connection goes away: let the child finish, call nothing.  NULL is
 * fine. */
void	 cancel_forget(struct cancel *c);

/* The loop has ended: wait for no child. */
void	 cancel_free_all(struct cancel **list);

#endif
