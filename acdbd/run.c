/*
 * run.c - a call's way through PostgreSQL.
 *
 * The ordinary call is one flush and one answer:
 *
 *	RESET ALL  DISCARD SEQUENCES  CLOSE ALL  UNLISTEN *
 *	BEGIN  open (context, role; a write's audit row)  the statement
 *	[close (the audit row of a read that wrote after all)]  COMMIT  Sync
 *
 * Two things make it more: parameters whose types must be known first, and a
 * result that decides between COMMIT and ROLLBACK.  What the statement may
 * have left in the session is undone in front of the next call, so that it
 * costs no round trip; what could be worse is undone behind the answer
 * (pool_put()).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "frames.h"
#include "lib/log.h"
#include "pgproblem.h"
#include "worker.h"

#define GRACE_MS	2000	/* behind the server's own deadline */

static void on_readable(void *arg);
static void on_lost(void *arg);

/* Only what the caller's statement has to say is the caller's. */
static void
on_notice(void *arg, const PGresult *res)
{
	struct call *c = arg;
	const struct sent *s = &c->sent[c->at];

	if (c->at < c->nsent && (s->op == OP_STATEMENT ||
	    s->op == OP_PREPARE || (s->op == OP_FRAME &&
	    s->frame == FRAME_COMMIT)))
		rows_notice(c, res);
}

static const struct pool_events events = {
	.readable = on_readable, .lost = on_lost, .notice = on_notice,
};

/* Ends. */

static void
give_back(struct call *c, enum pool_state state)
{
	struct pconn *conn = c->c;

	loop_timer_stop(c->w->loop, &c->deadline);
	c->c = NULL;
	pool_put(conn, state);
}

/* The call is over, its connection given back: the story goes on. */
static void
finish(struct call *c)
{
	enum pool_state state = POOL_CLEAN;

	if (c->c != NULL) {
		if (PQtransactionStatus(c->c->pg.conn) != PQTRANS_IDLE)
			state = POOL_ABORTED;
		if (c->taints)
			state = POOL_TAINTED;
		if (c->spoilt)
			state = POOL_BROKEN;
		give_back(c, state);
	}
	c->over = true;
	if (c->r == NULL)
		call_free(c);
	else
		execute_over(c);
}

/* As finish(), when the connection is not to be used again. */
static void
finish_broken(struct call *c)
{
	give_back(c, POOL_BROKEN);
	finish(c);
}

/* A COMMIT that was sent and not answered may have been carried out, also of
 * a SELECT that calls what writes.  Who has an Idempotency-Key can find out by
 * asking again. */
static void
refuse_lost(struct call *c, struct problem *why)
{
	bool unknown = !c->read_only && !c->guessed_pure && (c->commit_sent ||
	    (c->outside && c->started));

	if (unknown && !c->idem.wanted)
		problem_set(why, 409, "outcome_unknown",
		    "the connection to the database was lost before it "
		    "answered: the statement may or may not have taken "
		    "effect");
	else if (c->timed_out && !unknown)
		problem_set(why, 408, "statement_timeout",
		    "the statement took too long and could not be stopped");
	else {
		problem_set(why, 503, "database_unavailable", unknown ?
		    "the connection to the database was lost before it "
		    "answered: ask again with the same Idempotency-Key" :
		    "the connection to the database was lost");
		why->retry_after = 1;
		why->retryable = 1;
	}
	why->tx = unknown ? PROBLEM_TX_UNKNOWN : PROBLEM_TX_ROLLED_BACK;
}

/* Whether what is known of the call holds although its connection is lost: a
 * failure of one with an Idempotency-Key does only once it is stored. */
static bool
stands(const struct call *c)
{
	if (c->settled)
		return true;
	return c->failed && c->r->why.status != 0 && (!c->idem.wanted ||
	    c->idem.by_control || c->claim_failed);
}

static void
on_lost(void *arg)
{
	struct call *c = arg;

	ctl_forget(c->w->ctl, &c->type_query);
	PQclear(c->stalled);
	c->stalled = NULL;
	if (c->r != NULL && !stands(c)) {
		refuse_lost(c, &c->r->why);
		c->failed = true;
	}
	finish_broken(c);
}

static void
on_ended(struct ctl_query *q, PGresult *res)
{
	(void)q;
	(void)res;			/* the session itself will tell */
}

/* Code can catch a cancel, and turn off what would notice that we have left:
 * then it is for the control plane to end the session. */
static int
end_session(struct call *c)
{
	char pid[16];
	const char *params[2] = { pid, c->login };

	log_warn("a call cannot be cancelled: its session is ended", "role",
	    c->who.role, "request", c->r == NULL ? NULL : c->r->id, NULL);
	snprintf(pid, sizeof(pid), "%d", c->c->pid);
	c->end_query.done = on_ended;
	return ctl_ask(c->w->ctl, &c->end_query,
	    "SELECT acdb_guard.end_session($1, $2)", 2, params);
}

static void
on_deadline(void *arg)
{
	struct call *c = arg;

	if (!c->timed_out) {
		c->timed_out = true;
		pool_cancel(c->c);
	} else if (c->ending || end_session(c) == -1) {
		pgc_fail(&c->c->pg);
		return;
	} else
		c->ending = true;
	loop_timer(c->w->loop, &c->deadline, GRACE_MS);
}

static void
set_deadline(struct call *c)
{
	loop_timer(c->w->loop, &c->deadline,
	    c->timeout_ms + GRACE_MS);
}

static void
begin(struct call *c)
{
	set_deadline(c);
	if (c->outside) {
		outside_begin(c);
		return;
	}
	if (send_begin(c) == 0)
		return;
	c->failed = true;		/* refused before anything was sent */
	finish(c);
}

bool
run_wanted(struct call *c)
{
	int64_t affected = rows_affected(c);

	if (c->max_affected >= 0 && affected > c->max_affected &&
	    c->unit[0].stmt.counted) {
		problem_set(&c->r->why, 409, "max_affected_exceeded",
		    "the statement would change %lld rows, \"max_affected\" "
		    "is %lld", (long long)affected,
		    (long long)c->max_affected);
		c->r->why.tx = PROBLEM_TX_ROLLED_BACK;
		c->failed = true;
	}
	return !c->failed && !c->too_large && !c->dry_run;
}

/* Whether the statement failed when its answer was to be stored, by what it
 * had deferred: that is then to be stored instead, once. */
static bool
fails_at_end(const struct call *c)
{
	return c->failed && !c->settled && c->commit_sent &&
	    c->idem.wanted && !c->idem.by_control;
}

static void
end_decided(struct call *c)
{
	bool commit = run_wanted(c);

	if (commit)
		frames_close(c);
	frames_end(c, commit);
}

/* Whether a parameter's type must be learned first. */
static bool
wants_type(struct call *c)
{
	c->type_wanted = 0;
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++)
		if (u->param_types != NULL && c->type_wanted == 0)
			c->type_wanted = rows_unknown_type(c->w->types,
			    u->param_types, u->nparams);
	return c->type_wanted != 0;
}

/* Whether the transaction holds the claim of an Idempotency-Key. */
static bool
keeps_claim(const struct call *c)
{
	return c->idem.wanted && !c->idem.by_control;
}

/* What came of it goes to its key. */
static bool
stores(struct call *c)
{
	c->nsent = c->at = 0;
	c->phase = CALL_ENDING;
	return idem_store(c);
}

static bool
suggests(struct call *c)
{
	if (!suggest_wanted(c))
		return false;
	suggest_send(c);
	return true;
}

/* A Sync has been answered: what next?  Returns false when the call is
 * over (and c perhaps freed). */
static bool
at_sync(struct call *c)
{
	if (c->at < c->nsent)
		return true;		/* more Syncs of the same phase */
	send_unnamed(c);
	if (c->retry && c->r != NULL) {
		c->retried = c->forget;
		rows_restart(c);
		send_cleanup(c, c->forget);
		c->retry = c->forget = c->relearn = c->commit_sent = false;
		return true;
	}
	if (c->outside && c->phase != CALL_RETRYING) {
		if (outside_go_on(c))
			return true;
		finish_broken(c);	/* its role is the session's */
		return false;
	}
	switch (c->phase) {
	case CALL_RETRYING:
		if (c->r == NULL)
			break;
		begin(c);
		return !c->over;
	case CALL_DESCRIBING:
		if (c->failed && c->r != NULL && keeps_claim(c) &&
		    (suggests(c) || stores(c)))
			return true;
		if (c->failed || c->r == NULL)
			break;
		if (wants_type(c)) {
			if (rows_learn(c) == 0)
				return false;	/* run_resume() goes on */
			pgc_fail(&c->c->pg);
			return false;
		}
		c->nsent = c->at = 0;
		set_deadline(c);
		if (send_rest(c) == 0)
			return true;
		c->failed = true;
		break;
	case CALL_DECIDING:
		if (c->r == NULL)
			break;		/* pool_put() rolls back */
		if (keeps_claim(c)) {
			if (suggests(c) || stores(c))
				return true;
			c->nsent = 0;
			break;
		}
		c->nsent = c->at = 0;
		c->phase = CALL_ENDING;
		if (c->failed)
			break;
		end_decided(c);
		return true;
	case CALL_ENDING:
		if (c->r != NULL && fails_at_end(c) && stores(c))
			return true;
		break;
	case CALL_SUGGESTING:
		if (c->r != NULL && keeps_claim(c) && stores(c))
			return true;
		break;
	case CALL_ONCE:
	case CALL_CLAIMING:
	case CALL_OPENING:
	case CALL_ALONE:
		break;
	}
	if (!keeps_claim(c) && suggests(c))
		return true;
	finish(c);
	return false;
}

/* The next statement's rows are wanted one by one, too. */
static void
statement_answered(struct call *c)
{
	c->single_row = false;
	if (c->batch && !c->failed && !c->too_large && c->r != NULL)
		rows_next(c);
}

static void
on_readable(void *arg)
{
	struct call *c = arg;
	PGresult *res;

	while (c->stalled == NULL && c->at < c->nsent) {
		/* Only now is the statement at the head of libpq's queue. */
		if (c->sent[c->at].op == OP_STATEMENT && !c->single_row) {
			PQsetSingleRowMode(c->c->pg.conn);
			c->single_row = true;
		}
		if (!pgc_next(&c->c->pg, &res))
			return;
		if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			c->at++;
			if (!at_sync(c))
				return;
			continue;
		}
		if (res == NULL) {
			if (c->sent[c->at].op == OP_STATEMENT)
				statement_answered(c);
			if (c->sent[c->at].op != OP_SYNC)
				c->at++;
			continue;
		}
		if (take_result(c, res) == 1) {
			c->stalled = res;
			if (rows_learn(c) == -1)
				pgc_fail(&c->c->pg);
			return;
		}
		PQclear(res);
	}
}

void
run_start(struct call *c)
{
	timer_init(&c->deadline, on_deadline, c);
	pool_borrow(c->c, &events, c);
	if (!c->guessed_pure || c->idem.wanted)
		uuid_v7(c->audit_id);	/* else it comes with the group */
	if (c->c->pg.broken)		/* while it was being handed over */
		on_lost(c);
	else
		begin(c);
}

void
run_resume(struct call *c)
{
	PGresult *res = c->stalled;

	if (c->c == NULL)
		return;
	if (res == NULL) {		/* a parameter's type */
		if (at_sync(c))
			on_readable(c);
		return;
	}
	c->stalled = NULL;
	if (take_result(c, res) == 1) {
		c->stalled = res;
		if (rows_learn(c) == -1)
			pgc_fail(&c->c->pg);
		return;
	}
	PQclear(res);
	on_readable(c);
}

void
run_abandon(struct call *c)
{
	c->r = NULL;
	pool_cancel(c->c);
}
