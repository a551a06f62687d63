/*
 * execute.c - the stories of POST /v1/sql/execute and /v1/sql/batch.
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "board.h"
#include "call.h"
#include "keys.h"
#include "lib/log.h"
#include "pgproblem.h"
#include "sqlreq.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

static void on_connection(void *arg, struct pconn *conn, enum pool_why why);

/* "parse": what does it ask?  From here on r->state is the call. */
static enum verdict
step_parse(struct req *r)
{
	struct call *c = call_new(r, "/v1/sql/execute");

	if (c == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	r->state = c;
	return sqlreq_read(c, r, &r->why) == -1 ||
	    idem_read(c, &r->why) == -1 ? STEP_REFUSE : STEP_NEXT;
}

/* The same of a batch. */
static enum verdict
step_parse_batch(struct req *r)
{
	struct call *c = call_new(r, "/v1/sql/batch");

	if (c == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	r->state = c;
	c->batch = true;
	return sqlreq_read_batch(c, r, &r->why) == -1 ||
	    idem_read(c, &r->why) == -1 ? STEP_REFUSE : STEP_NEXT;
}

/* "check": statements that mean something here. */
static enum verdict
step_check(struct req *r)
{
	struct call *c = r->state;

	if (call_check(c, &r->why) == -1)
		return STEP_REFUSE;
	snprintf(r->command, sizeof(r->command), "%s", c->command);
	r->sql = c->sql;
	r->sql_hash = c->sha256;
	return STEP_NEXT;
}

static enum verdict
refuse_connection(struct req *r, enum pool_why why)
{
	switch (why) {
	case POOL_SATURATED:
		problem_set(&r->why, 503, "too_many_connections",
		    "all connections to the database are busy");
		break;
	case POOL_REFUSED:
		problem_set(&r->why, 403, "permission_denied",
		    "the role \"%s\" is not served by this gateway",
		    r->who.role);
		return STEP_REFUSE;
	case POOL_UNAVAILABLE:
	case POOL_OK:
		pgproblem_unavailable(&r->why);
		break;
	}
	r->why.retry_after = 1;
	r->why.retryable = 1;
	r->why.tx = PROBLEM_TX_ROLLED_BACK;
	return STEP_REFUSE;
}

static void
abandon_wait(struct req *r)
{
	struct call *c = r->state;

	pool_forget(&c->wait);
}

static void
on_connection(void *arg, struct pconn *conn, enum pool_why why)
{
	struct call *c = arg;

	c->c = conn;
	c->why = why;
	if (conn != NULL)
		pool_borrow(conn, NULL, NULL);	/* until "run" takes over */
	req_wake(c->r);
}

/* "connect": a connection of the key's role.  Waits in line for it. */
enum verdict
step_connect(struct req *r)
{
	struct call *c = r->state;

	if (c->idem.kept)
		return STEP_NEXT;	/* answered from what is stored */
	if (c->wait.done != NULL) {		/* woken */
		if (c->c == NULL)
			return refuse_connection(r, c->why);
		return STEP_NEXT;
	}
	c->wait.role = c->who.role;
	c->wait.workspace = c->who.workspace;
	c->wait.done = on_connection;
	c->wait.arg = c;
	if ((c->c = pool_get(r->w->pool, &c->wait, &c->why)) != NULL)
		return STEP_NEXT;
	if (c->why != POOL_OK)
		return refuse_connection(r, c->why);
	r->abandon = abandon_wait;
	return STEP_WAIT;
}

static void
abandon_run(struct req *r)
{
	struct call *c = r->state;

	r->state = NULL;
	r->sql = NULL;
	r->sql_hash = NULL;
	run_abandon(c);
}

void
execute_over(struct call *c)
{
	req_wake(c->r);
}

/* Whether what the call did stands; a read did something only if it wrote
 * after all. */
static bool
stands(const struct call *c)
{
	if (c->failed || !c->commit_sent || c->read_only || c->guessed_pure)
		return false;
	return c->writes || c->r->audited || c->w->conf->audit_disabled;
}

void
execute_refuse_large(struct call *c)
{
	struct req *r = c->r;

	c->too_large = true;
	if (!c->unfit)
		problem_set(&r->why, 413, "response_too_large",
		    "the answer is larger than %lld bytes: %s",
		    (long long)c->w->conf->max_response_body,
		    c->form == CALL_DOCUMENT ? "ask for one schema, for a "
		    "pattern of names, or for less detail" :
		    "ask for fewer rows or columns");
	r->why.tx = stands(c) ? PROBLEM_TX_COMMITTED : PROBLEM_TX_ROLLED_BACK;
}

static void
count_statements(const struct call *c)
{
	const struct req *r = c->r;
	const char *state = !c->failed ? "00000" :
	    r->why.sqlstate[0] != '\0' ? r->why.sqlstate : "XX000";

	for (int i = 0; i <= c->answering; i++)
		board_statement(r->w->board, c->unit[i].stmt.command,
		    i < c->answering ? "00000" : state);
}

/* "run": the statement, in its frame.  Waits for PostgreSQL. */
enum verdict
step_run(struct req *r)
{
	struct call *c = r->state;

	if (c->idem.kept)
		return STEP_NEXT;	/* answered from what is stored */
	if (!c->over) {
		r->abandon = abandon_run;
		run_start(c);
		return STEP_WAIT;
	}
	if (c->idem.replay)
		return STEP_NEXT;
	if (c->idem.wanted && !c->idem.by_control)
		board_add(r->w->board, COUNT_IDEMPOTENCY_MISSES, 1);
	if (c->too_large || (!c->failed && !c->ended && rows_end(c) == -1))
		execute_refuse_large(c);
	count_statements(c);
	/* A write that stands has its row; what was read has none yet. */
	if (c->failed || !c->commit_sent)
		r->audited = false;
	else if (c->writes && !c->read_only &&
	    !r->w->conf->audit_disabled)
		r->audited = true;
	memcpy(r->audit_id, c->audit_id, sizeof(r->audit_id));
	r->stands = c->outside && !c->failed;
	if (r->why.status != 0)
		return STEP_REFUSE;
	r->answer.status = 200;
	r->answer.type = "application/json";
	return STEP_NEXT;
}

void
execute_end(struct req *r)
{
	struct call *c = r->state;

	if (c != NULL && c->c != NULL)	/* lent, and not yet used */
		pool_put(c->c, POOL_CLEAN);
	call_free(c);
	r->state = NULL;
}

static const struct step steps[] = {
	{ "authenticate", step_authenticate, false },	/* whose key? */
	{ "throttle", step_throttle, false },	/* is it asking too fast? */
	{ "body", step_body, false },
	{ "parse", step_parse, false },		/* what does it ask? */
	{ "check", step_check, false },		/* one statement, its $N */
	{ "look up", step_idem_look, false },	/* answered before? */
	{ "connect", step_connect, false },	/* may wait in line */
	{ "run", step_run, false },		/* one round trip */
	{ "replay", step_idem_look, false },	/* the claim found it so */
	{ "keep", step_idem_keep, true },	/* a reader's answer */
	{ "agree", step_idem_look, false },	/* a duplicate kept one */
	{ "record", step_record, true },	/* the audit row, durable */
	{ NULL, NULL, false },
};

const struct story story_execute = { steps, execute_end };

static const struct step batch_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "body", step_body, false },
	{ "parse", step_parse_batch, false },
	{ "check", step_check, false },
	{ "look up", step_idem_look, false },
	{ "connect", step_connect, false },
	{ "run", step_run, false },
	{ "replay", step_idem_look, false },
	{ "keep", step_idem_keep, true },
	{ "agree", step_idem_look, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_batch = { batch_steps, execute_end };
