/*
 * ask.c - see ask.h.  Cheap, since it is paid for at every call of the floor.
 */
#include "ask.h"

#include <stdio.h>

static uint32_t
step(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed;
}

/* A number below max: the generator's low bits are the poor ones. */
static unsigned
below(uint32_t *seed, unsigned max)
{
	return (unsigned)(((uint64_t)step(seed) * max) >> 32);
}

/* Components of three decimals between -1 and 1. */
static void
vector(unsigned dims, uint32_t *seed, char *out)
{
	for (unsigned i = 0; i < dims; i++) {
		unsigned n = below(seed, 2000);

		*out++ = i == 0 ? '[' : ',';
		if (n >= 1000)
			*out++ = '-';
		n %= 1000;
		*out++ = '0';
		*out++ = '.';
		*out++ = (char)('0' + n / 100);
		*out++ = (char)('0' + n / 10 % 10);
		*out++ = (char)('0' + n % 10);
	}
	*out++ = ']';
	*out = '\0';
}

void
ask_next(const struct ask *a, uint32_t *seed, char out[ASK_MAX])
{
	if (a->dims > 0)
		vector(a->dims, seed, out);
	else
		snprintf(out, ASK_MAX, "%u", below(seed, a->key_max) + 1);
}
