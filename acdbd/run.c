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
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "call.h"
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

static void
on_lost(void *arg)
{
	struct call *c = arg;
	struct problem *why = c->r == NULL ? NULL : &c->r->why;
	bool writes = c->writes && !c->read_only;

	ctl_forget(c->w->ctl, &c->type_query);
	PQclear(c->stalled);
	c->stalled = NULL;
	if (why != NULL && (why->status == 0 || !c->failed)) {
		problem_set(why, 503, "database_unavailable",
		    "the connection to the database was lost");
		why->retry_after = 1;
		why->retryable = !(writes && c->commit_sent);
		why->tx = writes && c->commit_sent ? PROBLEM_TX_UNKNOWN :
		    PROBLEM_TX_ROLLED_BACK;
		if (c->timed_out)
			problem_set(why, 408, "statement_timeout",
			    "the statement took too long and could not be "
			    "stopped");
	}
	c->failed = true;
	finish_broken(c);
}

static void
on_deadline(void *arg)
{
	struct call *c = arg;

	if (!c->timed_out) {
		c->timed_out = true;
		pool_cancel(c->c);
		loop_timer(c->w->loop, &c->deadline, GRACE_MS);
		return;
	}
	pgc_fail(&c->c->pg);
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
	if (send_begin(c) == 0)
		return;
	c->failed = true;		/* refused before anything was sent */
	finish(c);
}

/* Answers. */

static bool
is_state(const PGresult *res, const char *sqlstate)
{
	const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return s != NULL && strcmp(s, sqlstate) == 0;
}

/* Errors that are not the caller's: a prepared statement that is gone, or
 * whose result has changed by DDL since. */
static bool
is_ours_to_retry(const struct call *c, const PGresult *res)
{
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	if (c->retried || !c->c->named)
		return false;
	if (is_state(res, "26000") || is_state(res, "42P05"))
		return true;
	return is_state(res, "0A000") && where != NULL &&
	    strcmp(where, "RevalidateCachedQuery") == 0;
}

static void
take_error(struct call *c, const struct sent *s, const PGresult *res)
{
	struct problem *why = c->r == NULL ? NULL : &c->r->why;

	if (c->failed)
		return;
	c->failed = true;
	if (is_ours_to_retry(c, res)) {
		c->retry = c->forget = true;
		return;
	}
	if (c->retries < c->retries_max && (is_state(res, "40001") ||
	    is_state(res, "40P01"))) {
		c->retry = true;
		c->retries++;
		return;
	}
	if (c->guessed_pure && !c->read_only && is_state(res, "25006")) {
		c->retry = true;	/* it writes after all */
		c->guessed_pure = false;
		for (int i = 0; i < c->nunits; i++)
			stmts_impure(c->w->stmts, c->unit[i].stmt.sha256);
		return;
	}
	if (s->op == OP_FRAME && s->frame == FRAME_CLAIM)
		c->claim_failed = true;
	if (why == NULL || c->too_large)
		return;
	if (c->claim_failed && idem_refused(c, res))
		return;
	if (s->op == OP_FRAME && (s->frame == FRAME_STORE ||
	    s->frame == FRAME_CLOSE)) {
		problem_set(why, 400, "unsupported_statement",
		    "the statement ended the transaction it ran in");
	} else if (s->op == OP_FRAME && s->frame != FRAME_COMMIT) {
		log_error("a call could not be opened", "request", c->r->id,
		    "role", c->who.role, "why", PQresultErrorMessage(res),
		    NULL);
		pgproblem_set(why, res, NULL, 0);
		if (why->status < 500 && !is_state(res, "57014")) {
			problem_internal(why);
			why->tx = PROBLEM_TX_ROLLED_BACK;
		}
		return;
	} else if (s->op == OP_STATEMENT || s->op == OP_PREPARE ||
	    s->op == OP_DESCRIBE) {
		pgproblem_set(why, res, c->unit[s->unit].sql,
		    c->unit[s->unit].sql_len);
		if (c->batch)
			why->statement = s->unit;
	} else
		pgproblem_set(why, res, NULL, 0);
	why->tx = PROBLEM_TX_ROLLED_BACK;
}

static void
take_description(struct call *c, struct unit *u, const PGresult *res)
{
	struct pconn_stmt *p = pconn_numbered(c->c, u->number);
	size_t n = (size_t)u->nparams;

	free(u->param_types);
	if ((u->param_types = calloc(n + 1, sizeof(uint32_t))) == NULL)
		return;
	for (int i = 0; i < PQnparams(res) && i < u->nparams; i++)
		u->param_types[i] = PQparamtype(res, i);
	if (p == NULL || p->described || PQnparams(res) != u->nparams ||
	    (p->params = malloc((n + 1) * sizeof(uint32_t))) == NULL)
		return;
	memcpy(p->params, u->param_types, n * sizeof(uint32_t));
	p->nparams = u->nparams;
	p->described = true;
}

/* Returns 1 when it has to wait for a type. */
static int
take_rows(struct call *c, PGresult *res)
{
	if (c->too_large || c->failed)
		return 0;		/* thrown away */
	switch (rows_add(c, res)) {
	case ROWS_WAIT:
		return 1;
	case ROWS_TOO_LARGE:
		/* What still comes is thrown away; the server may stop. */
		c->too_large = true;
		pool_cancel(c->c);
		break;
	case ROWS_REFUSED:
		c->failed = true;
		c->r->why.tx = PROBLEM_TX_ROLLED_BACK;
		pool_cancel(c->c);
		break;
	default:
		break;
	}
	return 0;
}

static void
take_copy(struct call *c)
{
	if (c->r != NULL)
		problem_set(&c->r->why, 400, "unsupported_statement",
		    "COPY needs a stream of its own: use INSERT or SELECT");
	c->failed = true;
	if (c->r != NULL)
		c->r->why.tx = PROBLEM_TX_ROLLED_BACK;
	pgc_fail(&c->c->pg);
}

/* What came of a statement; returns 1 when res was kept because it has to
 * wait. */
static int
take_statement(struct call *c, PGresult *res, ExecStatusType status)
{
	static const char *const ends[] = { "BEGIN", "START TRANSACTION",
	    "COMMIT", "ROLLBACK", "PREPARE TRANSACTION" };

	if (status == PGRES_EMPTY_QUERY) {
		if (c->r != NULL)
			problem_set(&c->r->why, 400, "empty_statement",
			    "there is no SQL in \"sql\"");
		c->failed = true;
		return 0;
	}
	if ((status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE) &&
	    take_rows(c, res) == 1)
		return 1;
	if (status == PGRES_SINGLE_TUPLE)
		return 0;
	snprintf(c->tag, sizeof(c->tag), "%s", PQcmdStatus(res));
	/* What the check let through and yet ended our transaction: nothing
	 * behind it may be taken for part of it. */
	for (size_t i = 0; i < NELEM(ends); i++)
		if (strcmp(c->tag, ends[i]) == 0 && !c->failed) {
			if (c->r != NULL)
				problem_set(&c->r->why, 400,
				    "unsupported_statement", "\"%s\" has no "
				    "meaning here", c->tag);
			c->failed = true;
			pgc_fail(&c->c->pg);
		}
	return 0;
}

/* Returns 1 when res was kept because it has to wait. */
static int
take_result(struct call *c, PGresult *res)
{
	const struct sent *s = &c->sent[c->at];
	ExecStatusType status = PQresultStatus(res);

	if (status == PGRES_FATAL_ERROR)
		take_error(c, s, res);
	else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
	    status == PGRES_COPY_BOTH)
		take_copy(c);
	else if (status == PGRES_PIPELINE_ABORTED)
		;				/* behind an error */
	else if (s->op == OP_FRAME_PREPARE)
		pconn_frame_prepared(c->c, s->frame);
	else if (s->op == OP_PREPARE)
		c->unit[s->unit].naming = false;	/* the server has it */
	else if (s->op == OP_DESCRIBE)
		take_description(c, &c->unit[s->unit], res);
	else if (s->op == OP_FRAME && s->frame == FRAME_CLOSE && c->r != NULL)
		c->r->audited = PQntuples(res) == 1 &&
		    PQgetvalue(res, 0, 0)[0] == 't';
	else if (s->op == OP_FRAME && s->frame == FRAME_COMMIT) {
		if (strcmp(PQcmdStatus(res), "COMMIT") != 0 && !c->failed) {
			c->failed = true;
			if (c->r != NULL)
				problem_set(&c->r->why, 400,
				    "unsupported_statement", "the statement "
				    "ended the transaction it ran in");
		}
	} else if (s->op == OP_STATEMENT)
		return take_statement(c, res, status);
	return 0;
}

bool
run_wanted(struct call *c)
{
	int64_t affected = rows_affected(c);

	if (c->max_affected >= 0 && affected > c->max_affected && c->writes) {
		problem_set(&c->r->why, 409, "max_affected_exceeded",
		    "the statement would change %lld rows, \"max_affected\" "
		    "is %lld", (long long)affected,
		    (long long)c->max_affected);
		c->r->why.tx = PROBLEM_TX_ROLLED_BACK;
		c->failed = true;
	}
	return !c->failed && !c->too_large && !c->dry_run;
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
		c->retry = c->forget = false;
		return true;
	}
	switch (c->phase) {
	case CALL_RETRYING:
		if (c->r == NULL)
			break;
		begin(c);
		return !c->over;
	case CALL_DESCRIBING:
		if (c->failed && c->r != NULL && c->idem.wanted &&
		    !c->idem.by_control) {
			c->nsent = c->at = 0;
			c->phase = CALL_ENDING;
			if (idem_store(c))
				return true;
		}
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
		c->nsent = c->at = 0;
		c->phase = CALL_ENDING;
		if (c->idem.wanted && !c->idem.by_control) {
			if (idem_store(c))
				return true;
			c->nsent = 0;
			break;
		}
		if (c->failed)
			break;
		send_end(c, run_wanted(c));
		return true;
	case CALL_ONCE:
	case CALL_ENDING:
		break;
	}
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
	uuid_v7(c->audit_id);
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
