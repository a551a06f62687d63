/*
 * forwarded.h - the client's address, behind proxies trusted to tell it.
 */
#ifndef FORWARDED_H
#define FORWARDED_H

#include <netinet/in.h>

#include "conf.h"
#include "http.h"

/* out becomes the address of the client whose request came from the socket
 * address peer ("": a local socket): peer itself, or where
 * AGENTCOOPDB_TRUST_PROXY trusts it, what X-Forwarded-For or X-Real-Ip say.
 * With networks named, the last address not within them; without, the last
 * one (peer is then the only proxy). */
void	forwarded_peer(const struct conf *c, const struct http_head *h,
	    const char *peer, char out[INET6_ADDRSTRLEN]);

#endif
