/*
 * record.c - the step "record": the audit row of a call that carries none in
 * its own transaction.
 *
 * Calls over their rate limit are the one thing recorded in bulk: a row a
 * key and second, with their number.  What cannot be recorded because the
 * database is away is logged by audit.c and counted.
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "board.h"
#include "route.h"
#include "worker.h"

struct record {
	struct audit_wait wait;
	struct req	*r;
	bool		 answered, durable;
};

static void
on_durable(void *arg, bool durable)
{
	struct record *rec = arg;

	rec->answered = true;
	rec->durable = durable;
	req_wake(rec->r);
}

static void
abandon(struct req *r)
{
	/* The row is on its way all the same; only nobody waits. */
	audit_forget(r->w->audit, &r->record->wait);
	free(r->record);
	r->record = NULL;
}

/* A call whose row cannot be written is not answered with what it read; but
 * that a write may stand must be told: who is only asked to come again would
 * write twice. */
static enum verdict
refuse(struct req *r)
{
	enum problem_tx tx = r->why.tx;

	if (r->why.status >= 500 || tx == PROBLEM_TX_UNKNOWN)
		return STEP_NEXT;
	if (r->why.status == 0 && r->stands) {
		problem_set(&r->why, 503, "database_unavailable",
		    "the change was made, but could not be recorded in the "
		    "audit log, and so is not answered");
		r->why.retryable = 0;
		r->why.tx = PROBLEM_TX_COMMITTED;
		return STEP_REFUSE;
	}
	problem_set(&r->why, 503, "database_unavailable",
	    "the call could not be recorded in the audit log");
	r->why.retry_after = 1;
	r->why.tx = tx;
	return STEP_REFUSE;
}

static int
add(struct req *r, struct audit_wait *wait)
{
	struct audit_row row = {
		.who = &r->who, .request_id = r->id,
		.endpoint = r->route == NULL ? "" : r->route->pattern,
		.command = r->command, .peer = r->peer, .trace = r->trace,
		.sql_hash = r->sql_hash,
		.sql = r->w->conf->audit_include_sql ? r->sql : NULL,
		.duration_us = loop_now_us() - r->started_us,
		.rows = r->rows, .status = r->answer.status,
	};

	if (r->why.status != 0) {
		row.status = r->why.status;
		row.error = r->why.sqlstate[0] != '\0' ? r->why.sqlstate :
		    r->why.title;
	}
	uuid_v7(row.id);
	return audit_add(r->w->audit, &row, wait);
}

void
record_abandoned(const struct req *r)
{
	struct audit_row row = {
		.who = &r->who, .request_id = r->id,
		.endpoint = r->route == NULL ? "" : r->route->pattern,
		.command = r->command, .peer = r->peer, .trace = r->trace,
		.sql_hash = r->sql_hash, .error = "client_closed_request",
		.sql = r->w->conf->audit_include_sql ? r->sql : NULL,
		.duration_us = loop_now_us() - r->started_us,
		.rows = -1, .status = 499,
	};

	if (!r->who.known || r->w->conf->audit_disabled || r->record != NULL)
		return;
	uuid_v7(row.id);
	(void)!audit_add(r->w->audit, &row, NULL);
}

/* What needs no row that somebody waits for. */
static bool
is_recorded(struct req *r)
{
	if (!r->who.known || r->w->conf->audit_disabled)
		return true;
	if (r->audited)
		audit_complete(r->w->audit, r->audit_id,
		    loop_now_us() - r->started_us, r->rows);
	else if (r->why.status == 429)
		audit_throttled(r->w->audit, r);
	else
		return false;
	return true;
}

enum verdict
record_part(struct req *r)
{
	return is_recorded(r) || add(r, NULL) == 0 ? STEP_NEXT : refuse(r);
}

enum verdict
step_record(struct req *r)
{
	struct record *rec = r->record;
	bool durable;

	if (rec != NULL) {			/* woken */
		durable = rec->durable;
		free(rec);
		r->record = NULL;
		return durable ? STEP_NEXT : refuse(r);
	}
	if (is_recorded(r))
		return STEP_NEXT;
	if ((rec = calloc(1, sizeof(*rec))) == NULL)
		return refuse(r);
	rec->wait.done = on_durable;
	rec->wait.arg = rec;
	rec->r = r;
	if (add(r, &rec->wait) == -1) {
		free(rec);
		return refuse(r);
	}
	r->record = rec;
	r->abandon = abandon;
	return STEP_WAIT;
}
