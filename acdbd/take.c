/*
 * take.c - the answers to what a call sent, one by one: rows, errors, what a
 * statement came to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "lib/log.h"
#include "params.h"
#include "pgproblem.h"
#include "worker.h"

#define CLAIMS_MAX	5	/* of one Idempotency-Key, in a call */

static bool
is_state(const PGresult *res, const char *sqlstate)
{
	const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return s != NULL && strcmp(s, sqlstate) == 0;
}

static bool
is_frame(const struct sent *s, enum frame frame)
{
	return s->op == OP_FRAME && s->frame == frame;
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

/* A prepared statement's parameters keep the types that they had, although
 * DDL may have given the columns others.  Whether it is that or the caller's
 * mistake, preparing it anew tells. */
static bool
may_be_outdated(const struct call *c, const struct sent *s,
    const PGresult *res)
{
	static const char *const states[] = { "22003", "22007", "22008",
	    "22P02", "42804", "42883" };
	const struct unit *u = &c->unit[s->unit];

	if (s->op != OP_STATEMENT || c->outside || c->relearned ||
	    !u->recalled || u->nparams == 0)
		return false;
	for (size_t i = 0; i < NELEM(states); i++)
		if (is_state(res, states[i]))
			return true;
	return false;
}

/* PostgreSQL itself says that it cannot run in a transaction, and of a
 * statement that is not code: a function could raise this error at will, and
 * end transactions out there. */
static bool
belongs_outside(const struct call *c, const struct sent *s,
    const PGresult *res)
{
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	return is_state(res, "25001") && s->op == OP_STATEMENT &&
	    !c->outside && call_may_go_outside(c) && where != NULL &&
	    strcmp(where, "PreventInTransactionBlock") == 0 &&
	    c->unit[0].stmt.kind == STMT_DDL;
}

/* The role was dropped, or is another one of that name. */
static bool
is_role_gone(const PGresult *res)
{
	const char *where = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	return (is_state(res, "22023") || is_state(res, "42501")) &&
	    where != NULL && strcmp(where, "call_string_check_hook") == 0;
}

/* Errors that can meet whatever runs: deadlines, conflicts, shortages. */
static bool
is_passing(const PGresult *res)
{
	const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return s != NULL && (strncmp(s, "40", 2) == 0 ||
	    strncmp(s, "53", 2) == 0 || strncmp(s, "57", 2) == 0);
}

/*
 * Errors that end the session and leave open what became of the call: libpq's
 * own words, without an SQLSTATE; a server's last ones where the answer to
 * COMMIT was awaited, or behind it, or where there is no COMMIT; and those
 * that we asked for.  run.c judges, by what was answered.
 */
static bool
is_loss(const struct call *c, const struct sent *s, const PGresult *res)
{
	const char *severity = PQresultErrorField(res,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	if (PQresultErrorField(res, PG_DIAG_SQLSTATE) == NULL ||
	    severity == NULL || strcmp(severity, "PANIC") == 0)
		return true;
	return strcmp(severity, "FATAL") == 0 && (c->outside || c->ending ||
	    s->op == OP_SYNC ||
	    is_frame(s, FRAME_COMMIT));
}

/* Which parameter of the statement the server could not read; 0: none. */
static int
unread_parameter(const struct call *c, const struct sent *s,
    const PGresult *res)
{
	int n = s->op == OP_STATEMENT ? pgproblem_parameter(res) : 0;

	return n > 0 && n <= c->unit[s->unit].nparams ? n : 0;
}

/* Nothing has run yet, so that the statement can be described first: only
 * then its parameter's type can be named. */
static bool
may_ask_types(const struct call *c, const struct sent *s, const PGresult *res)
{
	return !c->batch && !c->outside && unread_parameter(c, s, res) != 0 &&
	    c->unit[s->unit].param_types == NULL;
}

static void
name_parameter(const struct call *c, const struct sent *s,
    const PGresult *res, struct problem *why)
{
	int n = unread_parameter(c, s, res);

	if (n != 0)
		params_name(why, call_param_type(c, &c->unit[s->unit], n - 1),
		    n);
}

/* Errors that are not told, because the call is tried once more. */
static bool
tries_again(struct call *c, const struct sent *s, const PGresult *res)
{
	if (is_ours_to_retry(c, res)) {
		c->forget = true;
	} else if (may_be_outdated(c, s, res)) {
		c->relearn = c->relearned = true;
	} else if (c->retries < c->retries_max && (is_state(res, "40001") ||
	    is_state(res, "40P01"))) {
		c->retries++;
	} else if (may_ask_types(c, s, res)) {
		c->unit[s->unit].needs_types = true;
	} else if (belongs_outside(c, s, res)) {
		c->outside = true;
	} else if (c->guessed_pure && !c->read_only &&
	    is_state(res, "25006")) {
		c->guessed_pure = false;	/* it writes after all */
		uuid_v7(c->audit_id);
		for (int i = 0; i < c->nunits; i++)
			stmts_impure(c->w->stmts, c->unit[i].stmt.sha256);
	} else if (is_frame(s, FRAME_CLAIM) && is_state(res, "40001") &&
	    c->claims < CLAIMS_MAX) {
		/* Behind one that was in flight, with a snapshot from before
		 * its end: the next one sees what came of it. */
		c->claims++;
	} else
		return false;
	c->retry = true;
	return true;
}

/* An error of what we sent in front of the statement. */
static void
refuse_unopened(struct call *c, const PGresult *res, struct problem *why)
{
	log_error("a call could not be opened", "request", c->r->id, "role",
	    c->who.role, "why", PQresultErrorMessage(res), NULL);
	pgproblem_set(why, res, NULL, 0);
	c->spoilt = true;	/* the next one must not fail, too */
	if (is_role_gone(res))
		problem_set(why, 403, "permission_denied",
		    "the role \"%s\" is not served by this gateway",
		    c->who.role);
	else if (why->status < 500)
		problem_internal(why);
}

static void
refuse(struct call *c, const struct sent *s, const PGresult *res,
    struct problem *why)
{
	bool behind = is_frame(s, FRAME_STORE) || is_frame(s, FRAME_CLOSE);

	if (behind && is_state(res, "42501")) {
		problem_set(why, 403, "permission_denied", "the statement "
		    "changed the role or the workspace it ran as");
	} else if (behind && !is_passing(res)) {
		problem_set(why, 400, "unsupported_statement",
		    "the statement ended the transaction it ran in");
	} else if (s->op == OP_FRAME && !is_frame(s, FRAME_COMMIT) &&
	    !is_frame(s, FRAME_CHECK) && !is_passing(res)) {
		refuse_unopened(c, res, why);
		why->tx = PROBLEM_TX_ROLLED_BACK;
		return;
	} else if (s->op == OP_STATEMENT || s->op == OP_PREPARE ||
	    s->op == OP_DESCRIBE) {
		pgproblem_set(why, res, c->unit[s->unit].sql,
		    c->unit[s->unit].sql_len);
		if (c->batch)
			why->statement = s->unit;
		name_parameter(c, s, res, why);
	} else
		pgproblem_set(why, res, NULL, 0);
	why->tx = c->outside ? PROBLEM_TX_NONE : PROBLEM_TX_ROLLED_BACK;
}

/* Whether what failed, perhaps because a cancel came late, was keeping a
 * refusal: told without being kept, it might not be the same when asked for
 * again.  Nothing was done. */
static bool
refuse_unkept(struct call *c)
{
	if (c->r == NULL || c->outside || !c->ended || !c->idem.wanted ||
	    c->idem.by_control || c->r->why.status == 0)
		return false;
	problem_set(&c->r->why, 503, "database_unavailable", "the call was "
	    "refused, and that could not be kept: ask again with the same "
	    "Idempotency-Key");
	c->r->why.retry_after = 1;
	c->r->why.retryable = 1;
	c->r->why.tx = PROBLEM_TX_ROLLED_BACK;
	return true;
}

static void
take_error(struct call *c, const struct sent *s, const PGresult *res)
{
	if (is_loss(c, s, res)) {
		pgc_fail(&c->c->pg);
		return;
	}
	if (refuse_unkept(c))
		c->failed = true;
	if (c->failed)
		return;
	c->failed = true;
	if (tries_again(c, s, res))
		return;
	c->claim_failed = c->claim_failed || is_frame(s, FRAME_CLAIM);
	if (c->r == NULL || c->too_large ||
	    (c->claim_failed && idem_refused(c, res)))
		return;
	refuse(c, s, res, &c->r->why);
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
		c->too_large = c->unfit = true;
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

static void
take_end(struct call *c, const struct sent *s, PGresult *res)
{
	c->settled = !c->outside;
	if (s->frame == FRAME_ROLLBACK || c->failed ||
	    strcmp(PQcmdStatus(res), "COMMIT") == 0)
		return;
	c->failed = true;
	if (c->r != NULL)
		problem_set(&c->r->why, 400, "unsupported_statement",
		    "the statement ended the transaction it ran in");
}

int
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
	else if (s->op == OP_SUGGEST)
		suggest_take(c, res);
	else if (s->op == OP_PREPARE)
		c->unit[s->unit].naming = false;	/* the server has it */
	else if (s->op == OP_DESCRIBE)
		take_description(c, &c->unit[s->unit], res);
	else if (is_frame(s, FRAME_CHAIN))
		c->c->touched = false;
	else if (is_frame(s, FRAME_CLOSE) && c->r != NULL)
		c->r->audited = PQntuples(res) == 1 &&
		    PQgetvalue(res, 0, 0)[0] == 't';
	else if (is_frame(s, FRAME_COMMIT) ||
	    is_frame(s, FRAME_ROLLBACK))
		take_end(c, s, res);
	else if (s->op == OP_STATEMENT)
		return take_statement(c, res, status);
	return 0;
}
