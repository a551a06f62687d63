/*
 * trail.h - the audit rows of reads as acdbd writes them (acdbd/audit.h): in
 * groups, over a connection of the control-plane login, the next group
 * gathering while one is on its way to the disk.
 */
#ifndef TRAIL_H
#define TRAIL_H

#include <stdint.h>

#include "call.h"

struct trail;

/* Connect and prepare, blocking.  NULL when it failed (said on stderr). */
struct trail *trail_open(const struct call_plan *plan);
void	 trail_close(struct trail *t);
int	 trail_socket(const struct trail *t);
int	 trail_pid(const struct trail *t);	/* its backend */

/* A call that began at began_ns has its result: add its row.  Returns 0, or
 * -1. */
int	 trail_add(struct trail *t, int64_t began_ns);

/* Send what has gathered, unless a group is under way.  Returns 0, or -1. */
int	 trail_flush(struct trail *t);

/* The socket is readable.  Returns how many calls have become durable, their
 * beginnings at *began (the trail's, until the next call of trail_flush);
 * or -1. */
int	 trail_read(struct trail *t, const int64_t **began);

#endif
