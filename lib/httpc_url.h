/*
 * httpc_url.h - which URLs a client may send its key to.
 */
#ifndef HTTPC_URL_H
#define HTTPC_URL_H

#include <stdbool.h>

#include "buf.h"
#include "cdefs.h"

/* https://host[:port][/prefix]; http only to this machine unless
 * insecure_http.  No user, query or fragment.  Returns 0 and whether the
 * host is this machine; or -1 with a line in why. */
int	httpc_url_check(const char *url, bool insecure_http, bool *loopback,
	    struct buf *why) MUST_CHECK;

/* Whether a URL's host is this machine, by name or number. */
bool	httpc_url_loopback(const char *host);

#endif
