/*
 * ctl.c - see ctl.h.
 *
 * Life of the connection: connecting; greeted (it has told what it is, and
 * LISTENs); ready.  Lost at any time: all questions under way are answered
 * with nothing, and it is connected again after a moment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "keys.h"
#include "lib/log.h"
#include "lib/migrations.h"
#include "pgc.h"
#include "pgtarget.h"
#include "pool.h"
#include "rpc_known.h"
#include "running.h"
#include "worker.h"

#define RETRY_MS	250	/* between two attempts to connect */
#define PING_MS		300	/* how often it is made sure that we hear */
#define FRESH_MS	900	/* heard of within: below the one second in
				 * which a revocation must hold */

enum state { AWAY, CONNECTING, GREETED, READY };

/* A question under way.  Its answer holds only with the Sync behind it, which
 * is what commits. */
struct pending {
	struct ctl_query *q;		/* NULL: forgotten */
	PGresult	*res;		/* owned; the first, or what undid it */
	struct pending	*next;
};

/* What is heard of from elsewhere. */
static const char *const listen_sql[] = { "LISTEN acdb_keys",
    "LISTEN acdb_rpcs", "LISTEN acdb_calls" };

struct listening {
	struct ctl_query q;
	struct ctl	*c;
};

struct ctl {
	struct worker	*w;
	const struct pgtarget *target;
	struct pgc	 pg;
	enum state	 state;
	const char	*reason;	/* why not ready, for /readyz */
	const char	*refusal;	/* why this connection is given up */
	struct timer	 retry, ping;
	struct pending	*first, *last;	/* in order */
	struct listening listening[NELEM(listen_sql)];
	struct ctl_query greeting, pinging;
	struct ctl_server server;
	int64_t		 heard;		/* loop_now() of the last answer */
	bool		 complained;	/* about this outage */
};

/*
 * One row.  Where pgvector stands in a schema of the operator's choice, that
 * schema joins the path.
 */
static const char greeting_sql[] =
    "SELECT pg_catalog.current_setting('server_version_num'),"
    " (SELECT coalesce(max(version), 0) FROM acdb.schema_migrations),"
    " (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8,"
    " 'public,ext' || coalesce((SELECT ',' || pg_catalog.quote_ident(n.nspname)"
    "  FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n"
    "  ON n.oid = x.extnamespace WHERE x.extname = 'vector'"
    "  AND n.nspname NOT IN ('ext', 'public', 'pg_catalog')), '')"
    "  || ',pg_temp',"
    " pg_catalog.current_setting('work_mem'),"
    " pg_catalog.current_setting('hash_mem_multiplier'),"
    " pg_catalog.current_setting('temp_buffers'),"
    " pg_catalog.current_setting('maintenance_work_mem'),"
    " pg_catalog.current_setting('max_parallel_workers_per_gather'),"
    " pg_catalog.version() ~ '-linux'";

static const char ping_sql[] =
    "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)"
    "::int8";

static void connect_now(void *arg);

/* The first question is over; its asker may ask the next. */
static void
answer(struct ctl *c, bool lost)
{
	struct pending *p = c->first;
	struct ctl_query *q = p->q;

	if ((c->first = p->next) == NULL)
		c->last = NULL;
	if (q != NULL) {
		q->asked = false;
		q->done(q, lost ? NULL : p->res);
	}
	PQclear(p->res);
	free(p);
}

static void
answer_all(struct ctl *c)
{
	while (c->first != NULL)
		answer(c, true);
}

static void
keep(struct pending *p, PGresult *res)
{
	if (p->res == NULL || PQresultStatus(res) == PGRES_FATAL_ERROR) {
		PQclear(p->res);
		p->res = res;
	} else
		PQclear(res);
}

static void
go_away(struct ctl *c, const char *reason)
{
	if (!c->complained)
		log_warn("control plane not available", "why", reason,
		    "detail", c->pg.conn == NULL ? NULL :
		    PQerrorMessage(c->pg.conn), NULL);
	c->complained = true;
	c->reason = reason;
	c->state = AWAY;
	pgc_close(&c->pg);
	loop_timer_stop(c->w->loop, &c->ping);
	pool_enable(c->w->pool, false);
	answer_all(c);
	loop_timer(c->w->loop, &c->retry, RETRY_MS);
}

static int
send_query(struct ctl *c, struct ctl_query *q, const char *sql, int nparams,
    const char *const *params)
{
	struct pending *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return -1;
	if (!PQsendQueryParams(c->pg.conn, sql, nparams, NULL, params, NULL,
	    NULL, 0) || !PQpipelineSync(c->pg.conn)) {
		free(p);
		pgc_fail(&c->pg);
		return -1;
	}
	p->q = q;
	q->asked = true;
	if (c->last != NULL)
		c->last->next = p;
	else
		c->first = p;
	c->last = p;
	pgc_flush(&c->pg);
	return 0;
}

static void
copy(char *to, size_t size, const PGresult *res, int column)
{
	snprintf(to, size, "%s", PQgetvalue(res, 0, column));
}

static void
read_greeting(struct ctl_server *s, const PGresult *res)
{
	s->version = (int)strtol(PQgetvalue(res, 0, 0), NULL, 10);
	s->schema_version = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
	s->clock_offset_us = strtoll(PQgetvalue(res, 0, 2), NULL, 10) -
	    loop_now_us();
	copy(s->search_path, sizeof(s->search_path), res, 3);
	copy(s->work_mem, sizeof(s->work_mem), res, 4);
	copy(s->hash_mem_multiplier, sizeof(s->hash_mem_multiplier), res, 5);
	copy(s->temp_buffers, sizeof(s->temp_buffers), res, 6);
	copy(s->maintenance_work_mem, sizeof(s->maintenance_work_mem), res, 7);
	copy(s->parallel_workers, sizeof(s->parallel_workers), res, 8);
	s->on_linux = PQgetvalue(res, 0, 9)[0] == 't';
}

/* Its answer makes the connection ready, or says why it cannot be. */
static void
on_greeting(struct ctl_query *q, PGresult *res)
{
	struct ctl *c = (struct ctl *)(void *)((char *)q -
	    offsetof(struct ctl, greeting));

	if (res == NULL || c->refusal != NULL)
		return;			/* lost: go_away() is at work */
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		c->refusal = "the database has no control plane yet";
		pgc_fail(&c->pg);
		return;
	}
	read_greeting(&c->server, res);
	if (c->server.version < 160000)
		c->refusal = "PostgreSQL is older than 16, where role "
		    "membership cannot hold the boundary";
	else if (c->server.schema_version < migrations_version())
		c->refusal = "the database's schema is older than this "
		    "server: run acdb-migrate up";
	else if (c->server.schema_version > migrations_version())
		c->refusal = "the database's schema is newer than this "
		    "server";
	else {
		c->state = READY;
		c->reason = NULL;
		c->complained = false;
		c->heard = loop_now(c->w->loop);
		keys_flush(c->w->keys);	/* what changed while we were deaf */
		rpc_known_flush(c->w->rpcs);
		loop_timer(c->w->loop, &c->ping, PING_MS);
		log_info("control plane ready", NULL);
		pool_enable(c->w->pool, true);
		return;
	}
	pgc_fail(&c->pg);
}

/* Who does not hear would believe in keys that have ended. */
static void
on_listening(struct ctl_query *q, PGresult *res)
{
	struct ctl *c = ((struct listening *)(void *)q)->c;

	if (res == NULL || PQresultStatus(res) == PGRES_COMMAND_OK)
		return;
	c->refusal = "the database does not let us listen";
	pgc_fail(&c->pg);
}

/* How far its clock is from our monotonic one, so that no step of our own
 * clock can make what we sign with a time invalid. */
static void
on_pong(struct ctl_query *q, PGresult *res)
{
	struct ctl *c = (struct ctl *)(void *)((char *)q -
	    offsetof(struct ctl, pinging));

	if (res != NULL && PQresultStatus(res) == PGRES_TUPLES_OK)
		c->server.clock_offset_us = strtoll(PQgetvalue(res, 0, 0),
		    NULL, 10) - loop_now_us();
}

static void
on_ping(void *arg)
{
	struct ctl *c = arg;

	if (loop_now(c->w->loop) - c->heard > 10 * FRESH_MS) {
		c->refusal = "the database does not answer";
		pgc_fail(&c->pg);
		return;
	}
	if (!c->pinging.asked)
		(void)!send_query(c, &c->pinging, ping_sql, 0, NULL);
	loop_timer(c->w->loop, &c->ping, PING_MS);
}

static void
on_ready(void *arg)
{
	struct ctl *c = arg;

	c->state = GREETED;
	/* Listening before asking: what changes from here on is heard. */
	for (size_t i = 0; i < NELEM(listen_sql); i++)
		if (send_query(c, &c->listening[i].q, listen_sql[i], 0,
		    NULL) == -1)
			return;
	(void)!send_query(c, &c->greeting, greeting_sql, 0, NULL);
}

static void
hear(struct ctl *c)
{
	PGnotify *note;

	while ((note = PQnotifies(c->pg.conn)) != NULL) {
		if (strcmp(note->relname, "acdb_keys") == 0)
			keys_changed(c->w->keys, note->extra);
		else if (strcmp(note->relname, "acdb_rpcs") == 0)
			rpc_known_changed(c->w->rpcs, note->extra);
		else if (strcmp(note->relname, "acdb_calls") == 0)
			running_heard(c->w, note->extra);
		PQfreemem(note);
	}
}

static void
on_readable(void *arg)
{
	struct ctl *c = arg;
	PGresult *res;

	c->heard = loop_now(c->w->loop);
	while (c->first != NULL && pgc_next(&c->pg, &res)) {
		if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			answer(c, false);
		} else if (res != NULL && PQstatus(c->pg.conn) !=
		    CONNECTION_BAD)
			keep(c->first, res);
		else
			PQclear(res);
	}
	hear(c);
}

static void
on_lost(void *arg)
{
	struct ctl *c = arg;

	go_away(c, c->refusal != NULL ? c->refusal :
	    "the database cannot be reached");
}

static const struct pgc_events events = {
	.ready = on_ready, .readable = on_readable, .lost = on_lost,
};

static void
connect_now(void *arg)
{
	struct ctl *c = arg;
	const char *keys[PGTARGET_KEYS], *values[PGTARGET_KEYS];

	c->refusal = NULL;
	c->state = CONNECTING;
	pgtarget_params(c->target, NULL, NULL, "-c search_path=pg_catalog"
	    " -c statement_timeout=5000 -c TimeZone=UTC -c DateStyle=ISO",
	    "agentcoopdb control", keys, values);
	if (pgc_start(&c->pg, c->w->loop, keys, values, &events, c) == -1)
		go_away(c, "out of memory");
}

struct ctl *
ctl_new(struct worker *w, const struct pgtarget *target)
{
	struct ctl *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->w = w;
	c->target = target;
	c->reason = "connecting to the database";
	c->greeting.done = on_greeting;
	for (size_t i = 0; i < NELEM(listen_sql); i++)
		c->listening[i] = (struct listening){
		    .q.done = on_listening, .c = c };
	c->pinging.done = on_pong;
	timer_init(&c->retry, connect_now, c);
	timer_init(&c->ping, on_ping, c);
	loop_timer(w->loop, &c->retry, 0);
	return c;
}

void
ctl_free(struct ctl *c)
{
	if (c == NULL)
		return;
	loop_timer_stop(c->w->loop, &c->retry);
	loop_timer_stop(c->w->loop, &c->ping);
	pgc_close(&c->pg);
	answer_all(c);
	free(c);
}

int
ctl_ask(struct ctl *c, struct ctl_query *q, const char *sql, int nparams,
    const char *const *params)
{
	if (c->state != READY || c->pg.broken)
		return -1;
	return send_query(c, q, sql, nparams, params);
}

void
ctl_forget(struct ctl *c, struct ctl_query *q)
{
	struct pending *p = c == NULL ? NULL : c->first;

	for (; p != NULL; p = p->next)
		if (p->q == q)
			p->q = NULL;
	q->asked = false;
}

bool
ctl_ready(const struct ctl *c, const char **reason)
{
	*reason = c->reason;
	return c->state == READY;
}

bool
ctl_tried(const struct ctl *c)
{
	return c->state == READY || c->complained;
}

bool
ctl_fresh(const struct ctl *c)
{
	return c->state == READY &&
	    loop_now(c->w->loop) - c->heard < FRESH_MS;
}

int64_t
ctl_clock_us(const struct ctl *c)
{
	return loop_now_us() + c->server.clock_offset_us;
}

const struct ctl_server *
ctl_server(const struct ctl *c)
{
	return &c->server;
}
