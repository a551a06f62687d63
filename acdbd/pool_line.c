/*
 * pool_line.c - the calls in line for a connection, in order, and what there
 * is for them.
 */
#include <string.h>

#include "board.h"
#include "pool_priv.h"
#include "worker.h"

#define WAIT_MS		5000	/* in line at most */
#define UNFAIR_US	250000	/* then the head of the line gets a slot
				 * although another role's is idle */

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

static bool
repairing(const struct pool *p, const char *role)
{
	return p->repair.asked && strcmp(p->repair_role, role) == 0;
}

/* Whether a connection for the role is on its way for each who waits. */
static bool
enough_coming(struct pool *p, const char *role)
{
	unsigned coming = 0, wanted = 0;

	for (struct member *m = p->list[CONNECTING].head; m; m = m->next)
		coming += strcmp(m->role, role) == 0;
	for (struct pool_wait *w = p->line; w != NULL; w = w->next)
		wanted += strcmp(w->role, role) == 0;
	return coming >= wanted;
}

/* Make room for one more connection where the limit is reached: the idle one
 * of another role that has waited longest goes. */
static bool
make_room(struct pool *p, const char *role)
{
	struct member *oldest = NULL;

	if (pool_total(p) < p->max)
		return true;
	for (struct member *m = p->list[IDLE].head; m != NULL; m = m->next)
		if (strcmp(m->role, role) != 0 &&
		    (oldest == NULL || m->since <= oldest->since))
			oldest = m;
	if (oldest == NULL)
		return false;
	pool_discard(oldest);
	return true;
}

int
pool_line_connect(struct pool *p, const char *role)
{
	if (repairing(p, role) || enough_coming(p, role) ||
	    !make_room(p, role))
		return 0;
	return pool_add_member(p, role);
}

/* No connection is idle, none can be started. */
static bool
is_full(const struct pool *p)
{
	return p->list[IDLE].n == 0 && pool_total(p) >= p->max;
}

static struct pool_wait *
connect_for(struct pool_wait *wait)
{
	struct pool *p = wait->pool;
	struct pool_wait *next = wait->next;

	if (pool_line_connect(p, wait->role) == 0)
		return next;
	pool_line_answer(wait, NULL, POOL_UNAVAILABLE);
	return p->line;			/* which may have changed */
}

/* In order, but what is idle goes to those of its role, unless the first has
 * waited too long for that; what nobody of its role wants makes room. */
void
pool_serve_line(struct pool *p)
{
	struct pool_wait *wait, *next;
	struct member *m;

	for (wait = p->line; wait != NULL && p->enabled && !is_full(p);
	    wait = next) {
		next = wait->next;
		if ((m = pool_idle_for(p, wait->role, wait->workspace)) !=
		    NULL) {
			pool_lend(m, wait->workspace);
			pool_line_answer(wait, m, POOL_OK);
			next = p->line;
		} else if (pool_total(p) < p->max || (wait == p->line &&
		    loop_now_us() - wait->since_us > UNFAIR_US))
			next = connect_for(wait);
	}
	for (wait = p->line; wait != NULL && p->enabled && !is_full(p);
	    wait = next)
		next = connect_for(wait);
}
