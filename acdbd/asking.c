/*
 * asking.c - see asking.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/units.h"
#include "pgproblem.h"
#include "worker.h"

#define PAGE		100	/* items, where no limit is given */
#define PAGE_MAX	1000

static void
asking_free(struct asking *a)
{
	if (a == NULL)
		return;
	if (a->more != NULL)
		secret_wipe(a->more, a->more_size);
	free(a->more);
	free(a->text);
	free(a);
}

struct asking *
asking_of(struct req *r, size_t more_size)
{
	struct asking *a = r->state;

	if (a != NULL)
		return a;
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->more = calloc(1, more_size + 1)) == NULL) {
		free(a);
		problem_internal(&r->why);
		return NULL;
	}
	a->more_size = more_size;
	r->state = a;
	return a;
}

void
asking_end(struct req *r)
{
	asking_free(r->state);
	r->state = NULL;
}

static void
abandon(struct req *r)
{
	struct asking *a = r->state;

	r->state = NULL;
	a->r = NULL;			/* on_answer() frees it */
}

/* Cancelled, out of something, in another's way: nothing was done, and a
 * moment later it may go well. */
static bool
is_passing(const char *state)
{
	static const char *const classes[] = { "40", "53", "55", "57" };

	for (size_t i = 0; state != NULL && i < NELEM(classes); i++)
		if (strncmp(state, classes[i], 2) == 0)
			return true;
	return false;
}

/* The functions of acdb_api raise AC001 for a role, AC002 for what the key may
 * not do, AC003 where it has ended and this worker has not heard of it. */
static void
refuse_by_state(struct req *r, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (state != NULL && strcmp(state, "AC001") == 0)
		problem_set(&r->why, 400, "invalid_role", "%s", text);
	else if (state != NULL && strcmp(state, "AC002") == 0)
		problem_set(&r->why, 403, "permission_denied", "%s", text);
	else if (state != NULL && strcmp(state, "AC003") == 0)
		problem_set(&r->why, 401, "key_inactive",
		    "the API key was revoked or has expired");
	else if (state != NULL && strncmp(state, "22", 2) == 0)
		problem_set(&r->why, 400, "invalid_input", "%s", text);
	else {
		log_error("control plane refused", "request", r->id, "why",
		    PQresultErrorMessage(res), NULL);
		if (is_passing(state))
			pgproblem_unavailable(&r->why);
		else
			problem_internal(&r->why);
	}
}

static void
on_answer(struct ctl_query *q, PGresult *res)
{
	struct asking *a = (struct asking *)(void *)q;
	struct req *r = a->r;

	if (r == NULL) {
		asking_free(a);
		return;
	}
	a->answered = true;
	if (res == NULL) {
		pgproblem_unavailable(&r->why);
		if (r->head.method != HTTP_GET) {
			r->why.tx = PROBLEM_TX_UNKNOWN;
			r->why.retryable = 0;
		}
	} else if (PQresultStatus(res) != PGRES_TUPLES_OK)
		refuse_by_state(r, res);
	else if (PQntuples(res) > 0 && !PQgetisnull(res, 0, 0) &&
	    (a->text = strdup(PQgetvalue(res, 0, 0))) == NULL)
		problem_internal(&r->why);
	r->stands = r->head.method != HTTP_GET && r->why.status == 0;
	req_wake(r);
}

enum verdict
asking_send(struct req *r, const char *sql, int n, const char *const *params)
{
	struct asking *a = r->state;

	a->q.done = on_answer;
	a->r = r;
	if (ctl_ask(r->w->ctl, &a->q, sql, n, params) == -1) {
		pgproblem_unavailable(&r->why);
		return STEP_REFUSE;
	}
	r->abandon = abandon;
	return STEP_WAIT;
}

enum verdict
asking_again(struct req *r, const char *sql, int n, const char *const *params)
{
	struct asking *a = r->state;

	a->answered = false;
	free(a->text);
	a->text = NULL;
	return asking_send(r, sql, n, params);
}

int
asking_page(struct req *r, char *cursor, size_t size, char limit[ASKING_LIMIT])
{
	int has_cursor = http_query(&r->head, "cursor", cursor, size);
	int has_limit = http_query(&r->head, "limit", limit, ASKING_LIMIT);
	int64_t n;

	if (has_limit == 0)
		snprintf(limit, ASKING_LIMIT, "%d", PAGE);
	if (has_cursor == -1 || has_limit == -1 ||
	    units_int(limit, 1, PAGE_MAX, &n) == -1)
		return problem_set(&r->why, 400, "invalid_input",
		    "\"limit\" is a number from 1 to %d, \"cursor\" the "
		    "next_cursor of the page before", PAGE_MAX);
	return has_cursor;
}

enum verdict
asking_answer_page(struct req *r)
{
	struct asking *a = r->state;

	if (r->why.status == 0 && a->text == NULL)
		problem_set(&r->why, 400, "invalid_input", "\"cursor\" is "
		    "the next_cursor of the page before, and this is none");
	return asking_answer_json(r);
}

enum verdict
asking_answer_json(struct req *r)
{
	struct asking *a = r->state;

	if (r->why.status != 0)
		return STEP_REFUSE;
	buf_adds(&r->answer.body, a->text == NULL ? "null" : a->text);
	if (buf_failed(&r->answer.body)) {
		problem_set(&r->why, 413, "response_too_large",
		    "the answer is too large: ask for fewer items");
		return STEP_REFUSE;
	}
	r->answer.status = 200;
	r->answer.type = "application/json";
	return STEP_NEXT;
}

enum verdict
step_admin(struct req *r)
{
	if (strcmp(r->who.role, "dbadmin") == 0 && !r->who.read_only)
		return STEP_NEXT;
	problem_set(&r->why, 403, "permission_denied",
	    "this needs a dbadmin key that is not read-only");
	return STEP_REFUSE;
}

enum verdict
step_admin_reads(struct req *r)
{
	if (strcmp(r->who.role, "dbadmin") == 0)
		return STEP_NEXT;
	problem_set(&r->why, 403, "permission_denied",
	    "this needs a dbadmin key");
	return STEP_REFUSE;
}
