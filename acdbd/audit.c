/*
 * audit.c - see audit.h.
 *
 * A connection of its own: a group's INSERT must not wait behind a key's
 * lookup, nor a lookup behind an fsync.  What a group is made of is
 * audit_group.c's business.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit_group.h"
#include "board.h"
#include "lib/log.h"
#include "pgc.h"
#include "pgtarget.h"
#include "route.h"
#include "worker.h"

#define RETRY_MS	250
#define THROTTLED_MAX	64		/* keys at once over their limit */
#define COMPLETE_MS	50		/* what nobody waits for may wait */

struct group {
	struct audit_group *rows;
	struct audit_wait *waits;
};

/* A key that is over its limit in this second. */
struct throttled {
	struct principal who;		/* known: the slot is in use */
	char		 peer[INET6_ADDRSTRLEN];
	char		 request_id[REQUEST_ID_MAX + 1];
	const char	*endpoint;
	int64_t		 count;
};

struct audit {
	struct worker	*w;
	const struct pgtarget *target;
	struct pgc	 pg;
	struct timer	 retry, later;
	struct task	 flush;
	bool		 connected;
	bool		 prepared;	/* the statements of audit_group.c */
	bool		 complained;
	struct group	 group[2];
	int		 gathering;	/* index of the group that grows */
	bool		 busy;		/* the other one is on its way */
	bool		 failed;	/* ... and was refused */
	int		 syncs;		/* answers to come for it */
	struct throttled throttled[THROTTLED_MAX];
	struct timer	 second;	/* when those are written */
};

static void connect_now(void *arg);

/* Tell all who wait for a group.  They may add to the next one. */
static void
group_answer(struct group *g, bool durable)
{
	struct audit_wait *wait, *waits = g->waits;

	g->waits = NULL;
	while ((wait = waits) != NULL) {
		waits = wait->next;
		wait->waiting = false;
		wait->done(wait->arg, durable);
	}
}

/* Send what has gathered, if nothing is under way. */
static void
flush_group(void *arg)
{
	struct audit *a = arg;
	struct group *g = &a->group[a->gathering];

	if (a->busy || !a->connected || audit_group_empty(g->rows))
		return;
	a->gathering = 1 - a->gathering;
	a->busy = true;
	a->failed = false;
	a->syncs = 1;			/* one transaction, one fsync */
	if (audit_group_send(g->rows, a->pg.conn) == -1 ||
	    !PQpipelineSync(a->pg.conn))
		pgc_fail(&a->pg);
	else
		pgc_flush(&a->pg);
}

static void
on_ready(void *arg)
{
	struct audit *a = arg;

	/* The first answers are to these; see on_readable(). */
	if (audit_group_prepare(a->pg.conn) == -1 ||
	    !PQpipelineSync(a->pg.conn)) {
		pgc_fail(&a->pg);
		return;
	}
	a->busy = true;
	a->failed = a->prepared = false;
	a->syncs = 1;
	audit_group_clear(a->group[1 - a->gathering].rows);
	a->connected = true;
	pgc_flush(&a->pg);
}

static void
on_readable(void *arg)
{
	struct audit *a = arg;
	PGresult *res;

	while (a->syncs > 0 && pgc_next(&a->pg, &res)) {
		if (res != NULL && PQresultStatus(res) == PGRES_FATAL_ERROR) {
			if (!a->failed && !a->complained)
				log_error("audit rows refused", "why",
				    PQresultErrorMessage(res), NULL);
			a->failed = true;
		} else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC)
			a->syncs--;
		PQclear(res);
	}
	if (!a->busy || a->syncs > 0)
		return;
	if (!a->prepared && a->failed) {
		pgc_fail(&a->pg);	/* nothing could be recorded here */
		return;
	}
	a->prepared = true;
	a->complained = a->busy = false;
	audit_group_clear(a->group[1 - a->gathering].rows);
	group_answer(&a->group[1 - a->gathering], !a->failed);
	flush_group(a);
}

static void
on_lost(void *arg)
{
	struct audit *a = arg;

	if (!a->complained)
		log_warn("audit connection lost", "why", a->pg.conn == NULL ?
		    NULL : PQerrorMessage(a->pg.conn), NULL);
	a->complained = true;
	a->connected = a->busy = false;
	pgc_close(&a->pg);
	for (int i = 0; i < 2; i++) {
		board_add(a->w->board, COUNT_AUDIT_SKIPPED,
		    audit_group_rows(a->group[i].rows));
		audit_group_clear(a->group[i].rows);
	}
	for (int i = 0; i < 2; i++)
		group_answer(&a->group[i], false);
	loop_timer(a->w->loop, &a->retry, RETRY_MS);
}

static const struct pgc_events events = {
	.ready = on_ready, .readable = on_readable, .lost = on_lost,
};

static void
connect_now(void *arg)
{
	struct audit *a = arg;
	const char *keys[PGTARGET_KEYS], *values[PGTARGET_KEYS];

	pgtarget_params(a->target, NULL, NULL, AUDIT_GROUP_OPTIONS,
	    "agentcoopdb audit", keys, values);
	if (pgc_start(&a->pg, a->w->loop, keys, values, &events, a) == -1)
		loop_timer(a->w->loop, &a->retry, RETRY_MS);
}

/* A second is over: one row for each key that was over its limit in it. */
static void
on_second(void *arg)
{
	struct audit *a = arg;
	struct throttled *t;

	for (t = a->throttled; t < a->throttled + THROTTLED_MAX; t++) {
		struct audit_row row = { .who = &t->who, .request_id =
		    t->request_id, .endpoint = t->endpoint, .command = "",
		    .error = "rate_limited", .peer = t->peer, .trace = "",
		    .rows = t->count, .status = 429 };

		if (!t->who.known)
			continue;
		uuid_v7(row.id);
		if (audit_add(a, &row, NULL) == 0)
			board_add(a->w->board, COUNT_AUDIT_SKIPPED,
			    t->count - 1);
		t->who.known = false;
	}
}

void
audit_throttled(struct audit *a, const struct req *r)
{
	struct throttled *t, *slot = NULL;
	bool first = true;

	for (t = a->throttled; t < a->throttled + THROTTLED_MAX; t++) {
		if (t->who.known)
			first = false;
		else if (slot == NULL)
			slot = t;
		if (t->who.known && memcmp(t->who.key_uuid, r->who.key_uuid,
		    UUID_LEN) == 0) {
			t->count++;
			return;
		}
	}
	if (slot == NULL) {
		board_add(a->w->board, COUNT_AUDIT_SKIPPED, 1);
		return;
	}
	slot->who = r->who;
	memcpy(slot->peer, r->peer, sizeof(slot->peer));
	memcpy(slot->request_id, r->id, sizeof(slot->request_id));
	slot->endpoint = r->route == NULL ? "" : r->route->pattern;
	slot->count = 1;
	if (first)
		loop_timer(a->w->loop, &a->second, 1000);
}

struct audit *
audit_new(struct worker *w, const struct pgtarget *target)
{
	struct audit *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	a->w = w;
	a->target = target;
	for (int i = 0; i < 2; i++)
		if ((a->group[i].rows = audit_group_new()) == NULL)
			goto free_groups;
	timer_init(&a->retry, connect_now, a);
	timer_init(&a->second, on_second, a);
	timer_init(&a->later, flush_group, a);
	task_init(&a->flush, flush_group, a);
	loop_timer(w->loop, &a->retry, 0);
	return a;
free_groups:
	for (int i = 0; i < 2; i++)
		audit_group_free(a->group[i].rows);
	free(a);
	return NULL;
}

void
audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	loop_timer_stop(a->w->loop, &a->retry);
	loop_timer_stop(a->w->loop, &a->second);
	loop_timer_stop(a->w->loop, &a->later);
	loop_unpost(a->w->loop, &a->flush);
	pgc_close(&a->pg);
	for (int i = 0; i < 2; i++) {
		group_answer(&a->group[i], false);
		audit_group_free(a->group[i].rows);
	}
	free(a);
}

bool
audit_ready(const struct audit *a)
{
	return a->connected && !a->pg.broken;
}

int
audit_add(struct audit *a, const struct audit_row *row,
    struct audit_wait *wait)
{
	struct group *g = &a->group[a->gathering];

	if (!a->connected || audit_group_add(g->rows, row) == -1) {
		board_add(a->w->board, COUNT_AUDIT_SKIPPED, 1);
		return -1;
	}
	if (wait != NULL) {
		wait->waiting = true;
		wait->next = g->waits;
		g->waits = wait;
	}
	/* Behind this turn of the loop, with all that came in it. */
	loop_post(a->w->loop, &a->flush);
	return 0;
}

void
audit_forget(struct audit *a, struct audit_wait *wait)
{
	struct audit_wait **p;

	if (!wait->waiting)
		return;
	for (int i = 0; i < 2; i++)
		for (p = &a->group[i].waits; *p != NULL; p = &(*p)->next)
			if (*p == wait) {
				*p = wait->next;
				wait->waiting = false;
				return;
			}
}

void
audit_complete(struct audit *a, const uint8_t id[UUID_LEN],
    int64_t duration_us, int64_t rows)
{
	struct group *g = &a->group[a->gathering];
	bool first = audit_group_empty(g->rows);

	if (!a->connected || audit_group_complete(g->rows, id, duration_us,
	    rows) == -1)
		return;
	/* Along with the next group, or after a moment on their own. */
	if (first)
		loop_timer(a->w->loop, &a->later, COMPLETE_MS);
}
