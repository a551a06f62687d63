/*
 * throttle.c - see throttle.h.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "board.h"
#include "throttle.h"
#include "unread.h"
#include "worker.h"

static enum verdict PRINTF(3, 4)
refuse(struct req *r, unsigned retry_after, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	board_add(r->w->board, COUNT_RATE_LIMITED, 1);
	problem_set(&r->why, 429, "rate_limited", "%s", text);
	r->why.retry_after = (int)retry_after;
	r->why.retryable = 1;
	return STEP_REFUSE;
}

/* What a double beyond unsigned becomes differs from machine to machine. */
static unsigned
shown(double rate)
{
	return rate < 1 ? 1 : rate < (double)UINT_MAX ? (unsigned)rate :
	    UINT_MAX;
}

enum verdict
step_throttle(struct req *r)
{
	unsigned retry_after;

	if (unread_full(r->w->unread, r->who.workspace))
		return refuse(r, 1, "answers of %d MiB wait for this "
		    "workspace's clients to read them: read them first, or "
		    "ask for less at a time", (int)(UNREAD_MOST >> 20));
	if (r->who.rate <= 0)
		return STEP_NEXT;
	r->rate_limit = shown(r->who.rate);
	if (board_take(r->w->board, r->who.rate_of, r->who.rate,
	    r->who.burst < 1 ? 1 : r->who.burst, loop_now_us(),
	    &r->rate_remaining, &retry_after))
		return STEP_NEXT;
	return refuse(r, retry_after, "the key's limit of %g requests a second "
	    "is reached", r->who.rate);
}
