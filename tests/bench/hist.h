/*
 * hist.h - a histogram of latencies: fixed size, no allocation, 1.6 %
 * resolution from a nanosecond to an hour.
 *
 * Each power of two is cut into HIST_SUB equal parts, so recording is a
 * shift and an increment and a quantile is a walk.
 */
#ifndef HIST_H
#define HIST_H

#include <stdint.h>

#define HIST_SUB	64
#define HIST_BUCKETS	(HIST_SUB * 38)

struct hist {
	uint64_t	n;
	uint64_t	count[HIST_BUCKETS];
};

void	hist_record(struct hist *h, int64_t ns);

/* Add the counts of b to a. */
void	hist_merge(struct hist *a, const struct hist *b);

/* The latency, in microseconds, that the part q (0 .. 1) of all calls did
 * not exceed; 0 where nothing was recorded. */
double	hist_quantile(const struct hist *h, double q);

/* Nanoseconds of a clock that only goes forward. */
int64_t	hist_now(void);

#endif
