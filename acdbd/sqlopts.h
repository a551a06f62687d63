/*
 * sqlopts.h - what a statement's request may ask beyond the statement.
 */
#ifndef SQLOPTS_H
#define SQLOPTS_H

#include "call.h"
#include "lib/cdefs.h"

/* Read the member whose name is token i of c->json.  Returns 0, or -1 with
 * why filled in (400): a member nobody knows is refused, not ignored. */
int	sqlopts_read(struct call *c, uint32_t i, struct problem *why)
	    MUST_CHECK;

/* Refuse the member whose name is token i: nobody knows it. */
int	sqlopts_unknown(const struct json *j, uint32_t i, struct problem *why);

#endif
