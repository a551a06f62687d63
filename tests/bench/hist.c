/*
 * hist.c - the latency histogram of the bench programs.  Knows nothing of
 * what is measured.
 */
#include "hist.h"

#include <time.h>

static unsigned
bucket_of(uint64_t v)
{
	unsigned shift = 0, b;

	if (v >= 2 * HIST_SUB)
		shift = (unsigned)(57 - __builtin_clzll(v));
	b = shift * HIST_SUB + (unsigned)(v >> shift);
	return b < HIST_BUCKETS ? b : HIST_BUCKETS - 1;
}

/* The middle of bucket b, in nanoseconds. */
static double
value_of(unsigned b)
{
	unsigned shift = b / HIST_SUB > 0 ? b / HIST_SUB - 1 : 0;
	uint64_t low = (uint64_t)(b - shift * HIST_SUB) << shift;

	return (double)low + (double)(UINT64_C(1) << shift) / 2;
}

void
hist_record(struct hist *h, int64_t ns)
{
	h->count[bucket_of(ns > 0 ? (uint64_t)ns : 0)]++;
	h->n++;
}

void
hist_merge(struct hist *a, const struct hist *b)
{
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		a->count[i] += b->count[i];
	a->n += b->n;
}

double
hist_quantile(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (h->count[i] > 0 && seen >= want)
			return value_of(i) / 1000;
	}
	return 0;
}

int64_t
hist_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
