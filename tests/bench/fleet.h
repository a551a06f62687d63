/*
 * fleet.h - several processes that measure together: they prepare, start at
 * one moment, and their histograms are added up.
 */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "hist.h"
#include "lib/cdefs.h"

#define FLEET_MAX	64

/* What one process leaves, in memory shared with its parent. */
struct fleet_result {
	struct hist	 hist;		/* calls of the measured time */
	uint64_t	 calls;		/* all of them, warm-up included */
	double		 cpu_s;		/* of this process, for calls */
	double		 backend_s;	/* of its PostgreSQL backends; or 0 */
	int		 ready;
};

/* When to measure: what begins at or after from and ends by until. */
struct fleet_time {
	double		 warmup_s;
	double		 measure_s;
	uint64_t	 calls_max;	/* end after so many a process; 0: by
					 * the time alone */
	int64_t		 from, until;	/* hist_now(), set by fleet_go() */
};

/* Fork n processes, each to run work(arg, index, res), and wait for them.
 * Returns 0; or -1 when one did not return 0. */
int	fleet_run(unsigned n, int (*work)(void *arg, unsigned index,
	    struct fleet_result *res), void *arg) MUST_CHECK;

/* Whether a process that has made so many calls is to make another. */
bool	fleet_more(const struct fleet_time *t, int64_t now, uint64_t calls);

/* From work(): everything is prepared.  Returns when all are. */
void	fleet_go(struct fleet_result *res, struct fleet_time *t);

/* The part of total that process index of n has. */
unsigned fleet_share(unsigned total, unsigned n, unsigned index);

/* CPU seconds of this process so far. */
double	fleet_cpu(void);

/* One line, "name=value ...", of the sum of all. */
void	fleet_report(const struct fleet_time *t);

#endif
