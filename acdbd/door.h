/*
 * door.h - where a worker lets connections in: accepting on the listening
 * sockets that all workers share.
 */
#ifndef DOOR_H
#define DOOR_H

#include "lib/cdefs.h"
#include "listen.h"
#include "relay.h"
#include "worker.h"

struct door;

/* Accept on every listener from now on, for whichever worker has the fewest
 * connections (relay.h), and take what others accepted for us.  Too many
 * connections, of one address or in all, are turned away; where the system
 * has no descriptor left, accepting rests for a moment.  keeps a borrow of l
 * and relay.  NULL (logged) when it cannot be arranged. */
struct door *door_open(struct worker *w, const struct listeners *l,
	    struct relay *relay) MUST_CHECK;

/* Let nobody in any more and have those who are here finish; empty is
 * called with arg when the last has gone, perhaps at once.  The listeners
 * are no longer looked at. */
void	 door_drain(struct door *d, void (*empty)(void *arg), void *arg);

/* Nobody may be here any more, or the loop must not run again.  NULL is
 * nothing to free. */
void	 door_free(struct door *d);

#endif
