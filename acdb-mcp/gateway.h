/*
 * gateway.h - the gateway behind acdb-mcp: requests of tools over one kept
 * connection, tried again where that is safe.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include <stdbool.h>

#include "lib/cdefs.h"
#include "lib/mcp.h"
#include "opts.h"

struct gateway;

/* Reads the configuration; connects nothing.  What is wrong with it is told
 * to whoever asks something.  woken(arg) is called while a request is under
 * way and standard input is readable, idle(arg) at least once a second
 * meanwhile (lib/httpc.h).  keeps a borrow of o.  NULL when memory is out. */
struct gateway *gateway_new(const struct opts *o, int (*woken)(void *arg),
	    void (*idle)(void *arg), void *arg) MUST_CHECK;
void	 gateway_free(struct gateway *g);

/* Whether everything is to be done as a reader. */
bool	 gateway_read_only(const struct gateway *g);

/* Carry out a request.  Returns the HTTP status with the answer in body; 0
 * with a text for the model; or -1 when woken() gave it up. */
int	 gateway_ask(struct gateway *g, struct mcp_ask *ask,
	    struct buf *body) MUST_CHECK;

#endif
