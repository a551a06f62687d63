/*
 * drive.h - one process of the floor: its connections kept as busy as its
 * clients want them.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include "call.h"
#include "fleet.h"

#define DRIVE_CLIENTS	512	/* at most */

struct drive;

/* Open n connections, and with audited one more for the audit rows of reads
 * (trail.h).  NULL when it failed (said on stderr). */
struct drive *drive_open(const struct call_plan *plan, unsigned n,
	    bool audited, uint32_t seed);
void	drive_close(struct drive *d);

/* Have so many clients make one call after another until the time is over.
 * A client waits for a connection, for the result and, audited, until the
 * call's row is durable.  Returns 0, or -1. */
int	drive_run(struct drive *d, unsigned clients,
	    struct fleet_result *res, const struct fleet_time *t);

/* Seconds on a CPU of the backends so far; 0 where they are on another
 * machine. */
double	drive_backends(const struct drive *d);

#endif
