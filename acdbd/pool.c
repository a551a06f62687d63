/*
 * pool.c - see pool.h.
 *
 * A member is in one list, and the list is its state; enter() is the only
 * writer of both.  It knows how to frame nothing: what a call sends is
 * run.c's business.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "cancel.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "pgtarget.h"
#include "pool_priv.h"
#include "pool_session.h"
#include "req.h"
#include "worker.h"

#define RETRY_MS	200	/* after a failed connection, before the next */
#define IDLE_MS		60000	/* then closed, down to the minimum */
#define CLEANING_MS	5000	/* then it is taken for lost */
#define SWEEP_MS	5000

static void
leave(struct member *m)
{
	struct list *l = &m->pool->list[m->state];

	if (m->prev != NULL)
		m->prev->next = m->next;
	else
		l->head = m->next;
	if (m->next != NULL)
		m->next->prev = m->prev;
	l->n--;
}

static void
enter(struct member *m, enum state s)
{
	struct list *l = &m->pool->list[s];

	m->state = s;
	m->prev = NULL;
	m->next = l->head;
	if (l->head != NULL)
		l->head->prev = m;
	l->head = m;
	l->n++;
	m->since = loop_now(m->pool->w->loop);
}

static void
move(struct member *m, enum state s)
{
	int busy = (s == BUSY) - (m->state == BUSY);

	leave(m);
	enter(m, s);
	board_add(m->pool->w->board, COUNT_POOL_BUSY, busy);
}

unsigned
pool_total(const struct pool *p)
{
	unsigned n = 0;

	for (int s = 0; s < STATES; s++)
		n += p->list[s].n;
	return n;
}

void
pool_discard(struct member *m)
{
	struct board *b = m->pool->w->board;

	board_add(b, COUNT_POOL_CONNS, -1);
	if (m->state == BUSY)
		board_add(b, COUNT_POOL_BUSY, -1);
	leave(m);
	cancel_forget(m->cancel);
	pconn_fini(&m->c);
	free(m);
}

/* Members. */

void
pool_lend(struct member *m, const uint8_t *workspace)
{
	memcpy(m->workspace, workspace, UUID_LEN);
	m->events = NULL;
	m->given_back = false;
	move(m, BUSY);
}

static void
on_ready(void *arg)
{
	struct member *m = arg;

	m->c.pid = PQbackendPID(m->c.pg.conn);
	move(m, IDLE);
	pool_serve_line(m->pool);
}

static void
on_cleaned(struct member *m, bool clean)
{
	struct pool *p = m->pool;

	if (!clean || loop_now(p->w->loop) >= m->retire_at || !p->enabled)
		pool_discard(m);
	else
		move(m, IDLE);
	pool_serve_line(p);
}

/*
 * The answers to a reset.  A cancel that came late hits here and nowhere
 * else: then it is sent once more.
 */
static void
on_cleaning(struct member *m)
{
	PGresult *res;
	const char *state;

	while (m->syncs > 0 && pgc_next(&m->c.pg, &res)) {
		state = res == NULL ? NULL :
		    PQresultErrorField(res, PG_DIAG_SQLSTATE);
		if (PQresultStatus(res) == PGRES_PIPELINE_SYNC)
			m->syncs--;
		else if (res != NULL && PQresultStatus(res) ==
		    PGRES_FATAL_ERROR)
			m->failed = true;
		if (state != NULL && strcmp(state, "57014") == 0)
			m->late_cancel = true;
		PQclear(res);
	}
	if (m->syncs > 0 && !m->c.pg.broken)
		return;
	if (m->late_cancel && m->tries++ == 0) {
		m->late_cancel = m->failed = false;
		if (pool_session_reset(&m->c, &m->syncs) == 0)
			return;
	}
	on_cleaned(m, !m->failed && m->syncs == 0 &&
	    PQtransactionStatus(m->c.pg.conn) == PQTRANS_IDLE);
}

static void
on_readable(void *arg)
{
	struct member *m = arg;
	PGnotify *note;
	bool noted = false;

	/* Nobody listens here: a session that does is tainted. */
	while ((note = PQnotifies(m->c.pg.conn)) != NULL) {
		PQfreemem(note);
		noted = true;
	}
	if (m->state == BUSY) {
		if (noted)
			m->back_as = POOL_TAINTED;
		if (m->events != NULL)
			m->events->readable(m->arg);
	} else if (m->state == CLEANING)
		on_cleaning(m);
	else if (noted || PQstatus(m->c.pg.conn) == CONNECTION_BAD)
		pgc_fail(&m->c.pg);
}

static void
on_lost(void *arg)
{
	struct member *m = arg;
	struct pool *p = m->pool;
	bool was_connecting = m->c.pg.connecting, refused;
	char role[ROLE_MAX + 1];

	if (m->state == BUSY && !m->given_back) {
		if (m->events != NULL)
			m->events->lost(m->arg);
		return;		/* whoever borrowed it gives it back */
	}
	memcpy(role, m->role, sizeof(role));
	if (was_connecting) {
		log_warn("cannot connect to PostgreSQL", "role", role, "why",
		    PQerrorMessage(m->c.pg.conn), NULL);
		refused = pool_session_refused(m->c.pg.conn);
		pool_discard(m);
		if (!refused || !pool_repair(p, role)) {
			memcpy(p->down_role, role, sizeof(role));
			p->down_until = loop_now(p->w->loop) + RETRY_MS;
			pool_line_refuse(p, role, refused ? POOL_REFUSED :
			    POOL_UNAVAILABLE);
		}
	} else
		pool_discard(m);
	pool_serve_line(p);
}

static void
on_notice(void *arg, const PGresult *res)
{
	struct member *m = arg;

	if (m->state == BUSY && m->events != NULL)
		m->events->notice(m->arg, res);
}

static const struct pgc_events events = {
	.ready = on_ready, .readable = on_readable, .lost = on_lost,
	.notice = on_notice,
};

int
pool_add_member(struct pool *p, const char *role)
{
	const char *keys[PGTARGET_KEYS], *values[PGTARGET_KEYS];
	char login[ROLE_MAX + 16], password[SECRET_LOGIN_PW];
	struct member *m;
	uint32_t jitter;
	int rc;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return -1;
	snprintf(login, sizeof(login), "acdb_dp_%s", role);
	secret_login_password(password, p->w->conf->gateway_password, login);
	pgtarget_params(p->target, login, password, pool_session_options(
	    p->w), "agentcoopdb", keys, values);
	/* Whoever can PREPARE and DEALLOCATE gets no names to play with. */
	pconn_init(&m->c, strcmp(role, "dbuser") == 0 ||
	    strcmp(role, "dbreader") == 0);
	m->pool = p;
	snprintf(m->role, sizeof(m->role), "%s", role);
	secret_random(&jitter, sizeof(jitter));
	m->retire_at = loop_now(p->w->loop) + p->w->conf->conn_lifetime -
	    (int64_t)(jitter % (unsigned)(p->w->conf->conn_lifetime / 10 + 1));
	enter(m, CONNECTING);
	board_add(p->w->board, COUNT_POOL_CONNS, 1);
	rc = pgc_start(&m->c.pg, p->w->loop, keys, values, &events, m);
	secret_wipe(password, sizeof(password));
	if (rc == -1)
		pool_discard(m);
	return rc;
}

struct member *
pool_idle_for(struct pool *p, const char *role, const uint8_t *workspace)
{
	struct member *any = NULL;

	for (struct member *m = p->list[IDLE].head; m != NULL; m = m->next) {
		if (strcmp(m->role, role) != 0 || m->c.pg.broken)
			continue;
		if (memcmp(m->workspace, workspace, UUID_LEN) == 0)
			return m;
		if (any == NULL)
			any = m;
	}
	return any;
}

struct pconn *
pool_get(struct pool *p, struct pool_wait *wait, enum pool_why *why)
{
	struct member *m;

	*why = POOL_OK;
	wait->pool = p;
	wait->waiting = false;
	wait->since_us = loop_now_us();
	if ((m = pool_idle_for(p, wait->role, wait->workspace)) != NULL) {
		pool_lend(m, wait->workspace);
		board_pool_wait(p->w->board, 0);
		return &m->c;
	}
	if (!p->enabled || (loop_now(p->w->loop) < p->down_until &&
	    strcmp(p->down_role, wait->role) == 0)) {
		*why = POOL_UNAVAILABLE;
		return NULL;
	}
	if (p->waiting >= POOL_LINE_MAX) {
		*why = POOL_SATURATED;
		return NULL;
	}
	pool_line_add(p, wait);
	if (pool_line_connect(p, wait->role) == -1) {
		pool_line_remove(wait);
		*why = POOL_UNAVAILABLE;
	}
	return NULL;
}

void
pool_borrow(struct pconn *c, const struct pool_events *ev, void *arg)
{
	struct member *m = (struct member *)c;

	m->events = ev;
	m->arg = arg;
	m->back_as = POOL_CLEAN;
}

void
pool_put(struct pconn *c, enum pool_state state)
{
	struct member *m = (struct member *)c;
	struct pool *p = m->pool;

	if (m->back_as > state)
		state = m->back_as;
	m->events = NULL;
	/* A cancel under way could still hit whoever came next. */
	if (m->cancel != NULL && state != POOL_BROKEN) {
		m->given_back = true;
		m->back_as = state < POOL_ABORTED ? POOL_ABORTED : state;
		return;
	}
	m->tries = 0;
	m->late_cancel = m->failed = false;
	if (state == POOL_CLEAN && p->enabled && !c->pg.broken &&
	    loop_now(p->w->loop) < m->retire_at)
		move(m, IDLE);
	else if (state == POOL_CLEAN || state == POOL_BROKEN ||
	    c->pg.broken) {
		pool_discard(m);
	} else {
		m->syncs = 0;
		move(m, CLEANING);
		if ((state == POOL_ABORTED ? pool_session_rollback :
		    pool_session_reset)(c, &m->syncs) == -1)
			pool_discard(m);
	}
	pool_serve_line(p);
}

static void
on_cancelled(void *arg, bool delivered)
{
	struct member *m = arg;

	m->cancel = NULL;
	if (!delivered)			/* it may yet arrive */
		m->back_as = POOL_BROKEN;
	if (m->given_back) {
		m->given_back = false;
		pool_put(&m->c, m->back_as);
	}
}

void
pool_cancel(struct pconn *c)
{
	struct member *m = (struct member *)c;

	if (m->cancel != NULL || m->c.pg.broken)
		return;
	board_add(m->pool->w->board, COUNT_CANCELS, 1);
	m->cancel = cancel_start(&m->pool->cancels, m->pool->w->loop,
	    c->pg.conn, on_cancelled, m);
	if (m->cancel == NULL)		/* then it is the server's deadline */
		log_errno("cannot send a cancel request", NULL);
}

static void
on_sweep(void *arg)
{
	struct pool *p = arg;
	struct member *m, *next;
	int64_t now = loop_now(p->w->loop);
	int64_t keep = p->w->conf->min_conns / p->w->conf->workers;

	for (m = p->list[IDLE].head; m != NULL; m = next) {
		next = m->next;
		if (now >= m->retire_at || (now - m->since >= IDLE_MS &&
		    pool_total(p) > keep))
			pool_discard(m);
	}
	for (m = p->list[CLEANING].head; m != NULL; m = next) {
		next = m->next;
		if (now - m->since >= CLEANING_MS)
			pool_discard(m);
	}
	pool_serve_line(p);
	loop_timer(p->w->loop, &p->sweep, SWEEP_MS);
}

struct pool *
pool_new(struct worker *w, const struct pgtarget *target, unsigned max)
{
	struct pool *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->w = w;
	p->target = target;
	p->max = max;
	timer_init(&p->sweep, on_sweep, p);
	loop_timer(w->loop, &p->sweep, SWEEP_MS);
	return p;
}

void
pool_enable(struct pool *p, bool enable)
{
	p->enabled = enable;
	if (enable)
		pool_serve_line(p);
	else
		pool_line_refuse(p, NULL, POOL_UNAVAILABLE);
}

void
pool_free(struct pool *p)
{
	struct member *m;

	if (p == NULL)
		return;
	p->enabled = false;
	pool_line_refuse(p, NULL, POOL_UNAVAILABLE);
	for (int s = 0; s < STATES; s++)
		while ((m = p->list[s].head) != NULL)
			if (s == BUSY && m->events != NULL)
				m->events->lost(m->arg);  /* gives it back */
			else
				pool_discard(m);
	cancel_free_all(&p->cancels);
	loop_timer_stop(p->w->loop, &p->sweep);
	free(p);
}
