/*
 * pool_line.c - the calls in line for a connection, in order.
 */
#include <string.h>

#include "board.h"
#include "pool_priv.h"
#include "worker.h"

#define WAIT_MS		5000	/* in line at most */

void
pool_line_remove(struct pool_wait *wait)
{
	struct pool *p = wait->pool;

	if (wait->prev != NULL)
		wait->prev->next = wait->next;
	else
		p->line = wait->next;
	if (wait->next != NULL)
		wait->next->prev = wait->prev;
	else
		p->line_end = wait->prev;
	wait->waiting = false;
	p->waiting--;
	board_add(p->w->board, COUNT_POOL_WAITING, -1);
	loop_timer_stop(p->w->loop, &wait->timer);
}

void
pool_line_answer(struct pool_wait *wait, struct member *m, enum pool_why why)
{
	struct pool *p = wait->pool;

	pool_line_remove(wait);
	board_pool_wait(p->w->board, loop_now_us() - wait->since_us);
	wait->done(wait->arg, m == NULL ? NULL : &m->c, why);
}

static void
on_wait_timeout(void *arg)
{
	struct pool_wait *wait = arg;

	board_add(wait->pool->w->board, COUNT_POOL_TIMEOUTS, 1);
	pool_line_answer(wait, NULL, wait->pool->enabled ? POOL_SATURATED :
	    POOL_UNAVAILABLE);
}

void
pool_forget(struct pool_wait *wait)
{
	if (wait->waiting)
		pool_line_remove(wait);
}

void
pool_line_refuse(struct pool *p, const char *role, enum pool_why why)
{
	struct pool_wait *wait, *next;

	for (wait = p->line; wait != NULL; wait = next) {
		next = wait->next;
		if (role == NULL || strcmp(wait->role, role) == 0)
			pool_line_answer(wait, NULL, why);
	}
}

void
pool_line_add(struct pool *p, struct pool_wait *wait)
{
	wait->waiting = true;
	wait->next = NULL;
	wait->prev = p->line_end;
	if (p->line_end != NULL)
		p->line_end->next = wait;
	else
		p->line = wait;
	p->line_end = wait;
	p->waiting++;
	board_add(p->w->board, COUNT_POOL_WAITING, 1);
	timer_init(&wait->timer, on_wait_timeout, wait);
	loop_timer(p->w->loop, &wait->timer, WAIT_MS);
}
