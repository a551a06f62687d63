/*
 * relay.h - spreading connections evenly over the workers.
 *
 * The kernel wakes whichever worker it likes for a new connection, and with
 * few of them that is nearly always the same one: thirty connections of one
 * worker while another idles.  So who accepts one gives it to the worker
 * that has the fewest, through a socket made before the fork.
 */
#ifndef RELAY_H
#define RELAY_H

#include "lib/cdefs.h"

struct relay;

/* NULL with errno when memory or descriptors are out. */
struct relay *relay_new(unsigned workers) MUST_CHECK;
void	 relay_free(struct relay *r);

/* Who should have the next connection: the one with the fewest, self among
 * equals.  It is counted there. */
unsigned relay_choose(struct relay *r, unsigned self);

/* A connection of that worker has ended, or was never begun. */
void	 relay_ended(struct relay *r, unsigned worker);

/* Give the accepted fd, of that listener, to a worker.  Returns 0, fd is
 * then to be closed here; or -1 where it cannot take more, it is then
 * counted for self. */
int	 relay_give(struct relay *r, unsigned self, unsigned worker, int fd,
	    unsigned listener) MUST_CHECK;

/* The descriptor that is readable when something was given to self. */
int	 relay_fd(const struct relay *r, unsigned self);

/* Take what was given: the connection's descriptor, not blocking, handed
 * over; -1 when there is nothing. */
int	 relay_take(struct relay *r, unsigned self, unsigned *listener)
	    MUST_CHECK;

/* Self takes connections from now on, and has none. */
void	 relay_join(struct relay *r, unsigned self);

/* That worker takes none any more.  What was given to it and not taken
 * waits for the next of its number. */
void	 relay_leave(struct relay *r, unsigned worker);

#endif
