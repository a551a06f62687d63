/*
 * audit.c - see audit.h.
 *
 * A connection of its own: a group's INSERT must not wait behind a key's
 * lookup, nor a lookup behind an fsync.  A row becomes one element in each
 * of several arrays, in binary form, and the group one INSERT ... SELECT
 * FROM unnest(...).
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "board.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "pgc.h"
#include "pgtarget.h"
#include "route.h"
#include "worker.h"

#define GROUP_MAX	2048		/* rows gathered at most */
#define GROUP_BYTES	(4 << 20)	/* of one column */
#define RETRY_MS	250
#define THROTTLED_MAX	64		/* keys at once over their limit */
#define COMPLETE_MS	50		/* what nobody waits for may wait */

enum column { ID, REQUEST, WORKSPACE, KEY, ENDPOINT, COMMAND, SQL_HASH, SQL,
    DURATION, ROWS, STATUS, ERROR, PEER, TRACE, COLUMNS };
enum { DONE_ID, DONE_DURATION, DONE_ROWS, DONE_COLUMNS };

struct group {
	struct pgarray	 column[COLUMNS];
	struct pgarray	 completed[DONE_COLUMNS];
	int		 rows, completions;
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
	bool		 complained;
	struct group	 group[2];
	int		 gathering;	/* index of the group that grows */
	bool		 busy;		/* the other one is on its way */
	bool		 failed;	/* ... and was refused */
	int		 syncs;		/* answers to come for it */
	struct throttled throttled[THROTTLED_MAX];
	struct timer	 second;	/* when those are written */
};

static const char insert_sql[] =
    "INSERT INTO acdb.audit_logs (id, request_id, workspace_id, key_id,"
    " endpoint, command, sql_hash, sql, duration_us, rows_affected, status,"
    " error_code, client_ip, trace_id)"
    " SELECT i, r, w, k, e, c, h, s, d, n, t, x, p::inet, o FROM"
    " unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[],"
    " $6::text[], $7::bytea[], $8::text[], $9::int8[], $10::int8[],"
    " $11::int4[], $12::text[], $13::text[], $14::text[])"
    " u(i, r, w, k, e, c, h, s, d, n, t, x, p, o)";

static const char complete_sql[] =
    "UPDATE acdb.audit_logs a SET duration_us = u.d, rows_affected = u.n"
    " FROM unnest($1::uuid[], $2::int8[], $3::int8[]) u(i, d, n)"
    " WHERE a.id = u.i";

static const uint32_t column_type[COLUMNS] = {
	[ID] = PGARRAY_UUID, [REQUEST] = PGARRAY_TEXT,
	[WORKSPACE] = PGARRAY_UUID, [KEY] = PGARRAY_UUID,
	[ENDPOINT] = PGARRAY_TEXT, [COMMAND] = PGARRAY_TEXT,
	[SQL_HASH] = PGARRAY_BYTEA, [SQL] = PGARRAY_TEXT,
	[DURATION] = PGARRAY_INT8, [ROWS] = PGARRAY_INT8,
	[STATUS] = PGARRAY_INT4, [ERROR] = PGARRAY_TEXT,
	[PEER] = PGARRAY_TEXT, [TRACE] = PGARRAY_TEXT,
};
static const uint32_t completed_type[DONE_COLUMNS] = {
	PGARRAY_UUID, PGARRAY_INT8, PGARRAY_INT8
};

static void connect_now(void *arg);

static void
group_clear(struct group *g)
{
	for (int i = 0; i < COLUMNS; i++)
		pgarray_clear(&g->column[i]);
	for (int i = 0; i < DONE_COLUMNS; i++)
		pgarray_clear(&g->completed[i]);
	g->rows = g->completions = 0;
}

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

static int
send_arrays(PGconn *conn, const char *name, struct pgarray *arrays, int n)
{
	const char *values[COLUMNS];
	int lengths[COLUMNS], formats[COLUMNS];

	for (int i = 0; i < n; i++) {
		values[i] = pgarray_bytes(&arrays[i], &lengths[i]);
		formats[i] = 1;
	}
	return PQsendQueryPrepared(conn, name, n, values, lengths, formats, 0)
	    ? 0 : -1;
}

/* Send what has gathered, if nothing is under way. */
static void
flush_group(void *arg)
{
	struct audit *a = arg;
	struct group *g = &a->group[a->gathering];

	if (a->busy || !a->connected || (g->rows == 0 && g->completions == 0))
		return;
	a->gathering = 1 - a->gathering;
	a->busy = true;
	a->failed = false;
	a->syncs = 1;			/* one transaction, one fsync */
	if ((g->rows > 0 && send_arrays(a->pg.conn, "i", g->column,
	    COLUMNS) == -1) || (g->completions > 0 && send_arrays(a->pg.conn,
	    "c", g->completed, DONE_COLUMNS) == -1) ||
	    !PQpipelineSync(a->pg.conn))
		pgc_fail(&a->pg);
	else
		pgc_flush(&a->pg);
}

static void
on_ready(void *arg)
{
	struct audit *a = arg;

	/* The first two answers are to these; see on_readable(). */
	if (!PQsendPrepare(a->pg.conn, "i", insert_sql, 0, NULL) ||
	    !PQsendPrepare(a->pg.conn, "c", complete_sql, 0, NULL) ||
	    !PQpipelineSync(a->pg.conn)) {
		pgc_fail(&a->pg);
		return;
	}
	a->busy = true;
	a->failed = false;
	a->syncs = 1;
	group_clear(&a->group[1 - a->gathering]);
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
			if (!a->failed)
				log_error("audit rows refused", "why",
				    PQresultErrorMessage(res), NULL);
			a->failed = true;
		} else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC)
			a->syncs--;
		PQclear(res);
	}
	if (!a->busy || a->syncs > 0)
		return;
	a->busy = false;
	group_clear(&a->group[1 - a->gathering]);
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
		    a->group[i].rows);
		group_clear(&a->group[i]);
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

	pgtarget_params(a->target, NULL, NULL, "-c search_path=pg_catalog"
	    " -c synchronous_commit=on -c TimeZone=UTC -c jit=off"
	    /* The planner must not scan the table for a few ids. */
	    " -c enable_seqscan=off -c plan_cache_mode=force_generic_plan",
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
	for (int g = 0; g < 2; g++) {
		for (int i = 0; i < COLUMNS; i++)
			pgarray_init(&a->group[g].column[i], column_type[i],
			    GROUP_BYTES);
		for (int i = 0; i < DONE_COLUMNS; i++)
			pgarray_init(&a->group[g].completed[i],
			    completed_type[i], GROUP_BYTES);
	}
	timer_init(&a->retry, connect_now, a);
	timer_init(&a->second, on_second, a);
	timer_init(&a->later, flush_group, a);
	task_init(&a->flush, flush_group, a);
	loop_timer(w->loop, &a->retry, 0);
	return a;
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
	for (int g = 0; g < 2; g++) {
		group_answer(&a->group[g], false);
		for (int i = 0; i < COLUMNS; i++)
			pgarray_fini(&a->group[g].column[i]);
		for (int i = 0; i < DONE_COLUMNS; i++)
			pgarray_fini(&a->group[g].completed[i]);
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
	struct pgarray *c = g->column;

	if (!a->connected || g->rows >= GROUP_MAX ||
	    (row->sql != NULL && pgarray_room(&c[SQL]) <
	    strlen(row->sql) + 8)) {
		board_add(a->w->board, COUNT_AUDIT_SKIPPED, 1);
		return -1;
	}
	pgarray_add(&c[ID], row->id, UUID_LEN);
	pgarray_adds(&c[REQUEST], row->request_id);
	pgarray_add(&c[WORKSPACE], row->who->workspace, UUID_LEN);
	pgarray_add(&c[KEY], row->who->key_uuid, UUID_LEN);
	pgarray_adds(&c[ENDPOINT], row->endpoint);
	pgarray_adds(&c[COMMAND], row->command[0] != '\0' ? row->command :
	    NULL);
	pgarray_add(&c[SQL_HASH], row->sql_hash, 32);
	pgarray_adds(&c[SQL], row->sql);
	pgarray_int8(&c[DURATION], row->duration_us);
	if (row->rows < 0)
		pgarray_add(&c[ROWS], NULL, 0);
	else
		pgarray_int8(&c[ROWS], row->rows);
	pgarray_int4(&c[STATUS], row->status);
	pgarray_adds(&c[ERROR], row->error);
	pgarray_adds(&c[PEER], row->peer[0] != '\0' ? row->peer : NULL);
	pgarray_adds(&c[TRACE], row->trace[0] != '\0' ? row->trace : NULL);
	g->rows++;
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

	if (!a->connected || g->completions >= GROUP_MAX)
		return;
	pgarray_add(&g->completed[DONE_ID], id, UUID_LEN);
	pgarray_int8(&g->completed[DONE_DURATION], duration_us);
	if (rows < 0)
		pgarray_add(&g->completed[DONE_ROWS], NULL, 0);
	else
		pgarray_int8(&g->completed[DONE_ROWS], rows);
	/* Along with the next group, or after a moment on their own. */
	if (g->completions++ == 0)
		loop_timer(a->w->loop, &a->later, COMPLETE_MS);
}
