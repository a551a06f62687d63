/*
 * gateway.h - from options, environment and profile to a connection.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "lib/cdefs.h"
#include "lib/httpc.h"
#include "lib/profile.h"
#include "opts.h"

/* Nothing is sent yet.  Returns EXIT_OK; or what to exit with and a line in
 * why, p and *h then need no clean-up. */
int	gateway_open(struct profile *p, struct httpc **h, const struct opts *o,
	    struct buf *why) MUST_CHECK;

/* The connection of a profile, with or without its key.  NULL with a line in
 * why. */
struct httpc *gateway_connect(const struct profile *p, const struct opts *o,
	    bool with_key, struct buf *why) MUST_CHECK;

#endif
