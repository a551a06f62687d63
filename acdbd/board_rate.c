/*
 * board_rate.c - rate limits by GCRA (ITU-T I.371, the virtual scheduling
 * form), over all workers without a lock.
 *
 * A key's whole state is the time at which its next call would be due if
 * calls came exactly at the rate: its theoretical arrival time, one atomic
 * word.  A call moves it on by one interval and is refused where that would
 * run further ahead of now than the burst allows.
 *
 * A time that has passed says the same as no state at all: the bucket is
 * full.  So a key that is at rest may lose its slot to another at no loss;
 * and where every slot a key may have is busy, the one nearest to rest is
 * taken: with more than BOARD_RATES keys in the middle of a burst at once,
 * some of them are allowed more, and none less, than they should be.  Two
 * workers that race for a slot may charge one call to the other's key.
 */
#include <math.h>
#include <string.h>

#include "board_shared.h"

#define SECOND_NS	INT64_C(1000000000)
#define WINDOW		16		/* slots where a key may lie */
#define SPAN_MAX	4e18		/* ns, within int64_t */

#define LOAD(word)	atomic_load_explicit((word), memory_order_relaxed)

/* Take the slot over from the key that has it.  False: another was faster,
 * and for another key. */
static bool
take_over(struct board_rate *slot, uint64_t tag, int64_t now)
{
	uint64_t other = LOAD(&slot->tag);

	if (!atomic_compare_exchange_strong(&slot->tag, &other, tag))
		return other == tag;
	if (LOAD(&slot->tat) > now)
		atomic_store(&slot->tat, now);
	return true;
}

static struct board_rate *
find(struct board_shared *s, uint64_t tag, int64_t now)
{
	struct board_rate *slot, *rest = NULL;
	int64_t earliest = INT64_MAX;
	uint64_t seen;

	for (size_t i = 0; i < WINDOW; i++) {
		slot = &s->rate[(tag + i) % BOARD_RATES];
		seen = LOAD(&slot->tag);
		if (seen == 0 && atomic_compare_exchange_strong(&slot->tag,
		    &seen, tag))
			return slot;
		if (seen == tag)
			return slot;
		if (LOAD(&slot->tat) < earliest) {
			earliest = LOAD(&slot->tat);
			rest = slot;
		}
	}
	/* Lost to another key: share with it for this one call. */
	(void)take_over(rest, tag, now);
	return rest;
}

/* NaN, which float8 may hold, is the least: no machine's idea of it. */
static int64_t
clamp(double ns)
{
	return !(ns >= 1) ? 1 : ns > SPAN_MAX ? (int64_t)SPAN_MAX : llround(ns);
}

bool
board_rate_take(struct board_shared *s, const uint8_t key[16], double rate,
    double burst, int64_t now_us, unsigned *remaining, unsigned *retry_after)
{
	int64_t now = now_us * 1000;
	int64_t interval = clamp((double)SECOND_NS / rate);
	int64_t limit = clamp(burst * (double)interval);
	struct board_rate *slot = find(s, board_hash(s, key), now);
	int64_t tat = LOAD(&slot->tat), from, wait, left;

	for (;;) {
		/* Of a limit that was raised since: no emptier than empty. */
		if (tat - now > limit) {
			if (atomic_compare_exchange_weak(&slot->tat, &tat,
			    now + limit))
				tat = now + limit;
			continue;
		}
		from = tat > now ? tat : now;
		wait = from - now + interval - limit;
		if (wait > 0) {
			*remaining = 0;
			wait = (wait + SECOND_NS - 1) / SECOND_NS;
			*retry_after = wait > INT32_MAX ? INT32_MAX :
			    (unsigned)wait;
			return false;
		}
		if (atomic_compare_exchange_weak(&slot->tat, &tat,
		    from + interval))
			break;
	}
	left = -wait / interval;
	*remaining = left > UINT32_MAX ? UINT32_MAX : (unsigned)left;
	*retry_after = 0;
	return true;
}
