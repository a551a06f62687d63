/*
 * peers.h - how many connections a worker has, in all and of each address,
 * so that nobody takes them all.
 *
 * Addresses are counted as networks an attacker has as a whole: IPv4 by
 * itself, IPv6 by its first 64 bits.
 */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "lib/cdefs.h"

struct peers;
struct peer;

/* At most total connections, and each of one address (0: no such limit). */
struct peers *peers_new(unsigned total, unsigned each) MUST_CHECK;
void	 peers_free(struct peers *p);

/* Count a connection of that address in; trusted: only the total holds.
 * NULL when a limit is reached or memory is out.  Whoever closes the
 * connection calls peers_leave(), once. */
struct peer *peers_enter(struct peers *p, const struct sockaddr *sa,
	    bool trusted) MUST_CHECK;
void	 peers_leave(struct peers *p, struct peer *peer);	/* NULL: none */

unsigned peers_count(const struct peers *p);

#endif
