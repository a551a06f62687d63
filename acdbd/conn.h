/*
 * conn.h - one client's connection: its requests, one after the other, from
 * the first byte to the last.
 */
#ifndef CONN_H
#define CONN_H

#include "io.h"
#include "lib/cdefs.h"
#include "req.h"
#include "worker.h"

struct conn;

/* Serve what comes in through io until either side closes; the first step
 * is taken by the loop.  peer is the socket's address as text ("": none),
 * doors what may be asked for (route.h).  closed (may be NULL) is called
 * with arg when the connection is gone, perhaps by conn_drain().
 * owns io, also where it returns NULL because memory is out. */
struct conn *conn_new(struct worker *w, struct io *io, const char *peer,
	    unsigned doors, void (*closed)(void *arg), void *arg) MUST_CHECK;

/* Send r's answer from its beginning, as a 200 of that type, while its story
 * goes on: a head, and with every call a part of its body.  To be called by
 * a step that then waits.  What the story leaves as its answer is the last
 * part.  Returns 0; or -1 where it cannot be, and nothing was sent. */
int	 conn_tell(struct req *r, const char *type, const char *p, size_t n)
	    MUST_CHECK;

/* Finish what has been asked, then close; at once where that is nothing. */
void	 conn_drain(struct conn *c);

/* Serve exactly one connection on standard input and output, until it is
 * closed, by w's loop.  Returns 0, or -1 (logged). */
int	 conn_serve_inetd(struct worker *w) MUST_CHECK;

#endif
