/*
 * peers.h - how many client connections there are: of a worker in all, and of
 * each address over all workers, so that nobody takes them all.
 *
 * Addresses are counted as networks an attacker has as a whole: IPv4 by
 * itself, IPv6 by its first 64 bits.
 */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "board.h"
#include "lib/cdefs.h"

struct peers;

/* At most total connections of this worker, and each of one address (0: no
 * such limit).  Keeps a borrow of the board. */
struct peers *peers_new(struct board *board, unsigned total,
	    unsigned each) MUST_CHECK;
void	 peers_free(struct peers *p);

/* Count a connection of that address in; trusted: only the total holds.
 * Returns where it is counted, or -1 when a limit is reached.  Whoever closes
 * the connection gives that to peers_leave(), once. */
int	 peers_enter(struct peers *p, const struct sockaddr *sa,
	    bool trusted) MUST_CHECK;
void	 peers_leave(struct peers *p, int at);

unsigned peers_count(const struct peers *p);

#endif
