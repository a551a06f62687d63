/*
 * rpc_call.c - the story of POST /v1/rpc/call: a procedure's statement, run
 * as any other under the caller's role.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "board.h"
#include "call.h"
#include "keys.h"
#include "lib/jsonschema.h"
#include "pgproblem.h"
#include "rpc_known.h"
#include "sqlopts.h"
#include "sqlreq.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

/* Tokens of the call's JSON, see take_args(). */
enum { PARAMS = 1, ARGS = 2 };

/* The name in "procedure"; one that no procedure can have is not found. */
static int
read_name(struct rpc_search *s, const struct json *j, uint32_t tok,
    struct problem *why)
{
	struct buf name;
	int rc = 0;

	if (tok == 0 || j->tok[tok].type != JSON_STRING)
		return problem_set(why, 400, "invalid_json", tok == 0 ?
		    "\"procedure\" is missing" :
		    "\"procedure\" must be a string");
	buf_init(&name, sizeof(s->name) - 1);
	if (json_str(j, tok, &name) == -1 || buf_cstr(&name) == NULL ||
	    !rpc_is_name(buf_cstr(&name)))
		rc = problem_set(why, 404, "unknown_procedure",
		    "there is no procedure of that name");
	else
		snprintf(s->name, sizeof(s->name), "%s", buf_cstr(&name));
	buf_fini(&name);
	return rc;
}

/* The arguments become the JSON of the call, as they were written: an array
 * of one parameter (token 1), within another since a call takes token 0 for
 * none. */
static int
take_args(struct call *c, const struct json *j, uint32_t tok,
    struct problem *why)
{
	const char *raw = "{}";
	struct buf text;
	size_t n = 2;

	if (tok != 0 && j->tok[tok].type != JSON_NULL)
		raw = json_raw(j, tok, &n);
	buf_init(&text, n + 4);
	buf_adds(&text, "[[");
	buf_add(&text, raw, n);
	buf_adds(&text, "]]");
	c->json_text = buf_take(&text, &n);
	buf_fini(&text);
	if (c->json_text == NULL)
		return problem_internal(why);
	if (json_read(&c->json, c->json_text, n, NULL) == -1)
		return problem_set(why, 400, "invalid_json",
		    "\"args\" is nested too deep");
	c->has_json = true;
	return 0;
}

static int
read_members(struct call *c, struct rpc_search *s, const struct json *j,
    struct problem *why)
{
	uint32_t procedure = 0, args = 0;

	for (uint32_t i = json_first(j, 0); i != 0;
	    i = json_next(j, 0, i + 1)) {
		if (json_is(j, i, "procedure"))
			procedure = i + 1;
		else if (json_is(j, i, "args"))
			args = i + 1;
		else
			return sqlopts_unknown(j, i, "procedure, args",
			    why);
	}
	if (read_name(s, j, procedure, why) == -1)
		return -1;
	return take_args(c, j, args, why);
}

/* "parse": r->state is the call from here on, r->aside the search. */
static enum verdict
step_parse(struct req *r)
{
	struct call *c = call_new(r, "/v1/rpc/call");
	struct rpc_search *s = calloc(1, sizeof(*s));
	struct json j;
	const char *p;
	size_t n;
	int rc;

	r->state = c;
	r->aside = s;
	if (c == NULL || s == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	s->r = r;
	c->form = CALL_RESULT;
	p = buf_peek(&r->body, &n);
	if (sqlreq_content_type(r, &r->why) == -1 ||
	    sqlreq_object(&j, p, n, &r->why) == -1)
		return STEP_REFUSE;
	rc = read_members(c, s, &j, &r->why);
	json_fini(&j);
	return rc == -1 || idem_read(c, &r->why) == -1 ? STEP_REFUSE :
	    STEP_NEXT;
}

static void
abandon(struct req *r)
{
	struct rpc_search *s = r->aside;

	rpc_known_forget(r->w->rpcs, s);
}

static enum verdict
refuse_unknown(struct req *r, const char *name)
{
	problem_set(&r->why, 404, "unknown_procedure",
	    "there is no procedure \"%s\": GET /v1/rpc lists them", name);
	return STEP_REFUSE;
}

/* "find": the procedure, and whether the caller may.  May wait. */
static enum verdict
step_find(struct req *r)
{
	struct rpc_search *s = r->aside;

	if (!s->answered) {
		switch (rpc_known_search(r->w->rpcs, s)) {
		case 0:
			r->abandon = abandon;
			return STEP_WAIT;
		case -1:
			pgproblem_unavailable(&r->why);
			return STEP_REFUSE;
		default:
			break;
		}
	}
	if (r->why.status != 0)
		return STEP_REFUSE;
	if (s->rpc == NULL)
		return refuse_unknown(r, s->name);
	snprintf(r->command, sizeof(r->command), "%s", s->name);
	if (s->permitted)
		return STEP_NEXT;
	problem_set(&r->why, 403, "permission_denied",
	    "the procedure \"%s\" is for the role \"%s\" and its members",
	    s->name, s->rpc->role);
	return STEP_REFUSE;
}

static int
check_args(const struct call *c, const struct rpc *p, struct problem *why)
{
	struct jsonschema_error err;

	if (c->json.tok[ARGS].type != JSON_OBJECT)
		return problem_set(why, 400, "invalid_args",
		    "\"args\" must be an object");
	switch (jsonschema_check(p->args, &c->json, ARGS, &err)) {
	case JSONSCHEMA_VALID:
		return 0;
	case JSONSCHEMA_TOO_MUCH:
		return problem_set(why, 400, "invalid_args",
		    "\"args\" %s", err.what);
	case JSONSCHEMA_INVALID:
		break;
	}
	if (err.path[0] == '\0')
		snprintf(err.path, sizeof(err.path), "args");
	return problem_set(why, 400, "invalid_args", "%s: %s%s%s",
	    err.path, err.what, err.keyword[0] == '\0' ? "" : ", keyword ",
	    err.keyword);
}

/* "check": the arguments by their schema; the statement with them. */
static enum verdict
step_check(struct req *r)
{
	struct call *c = r->state;
	const struct rpc *p = ((struct rpc_search *)r->aside)->rpc;
	struct unit *u;

	if (check_args(c, p, &r->why) == -1)
		return STEP_REFUSE;
	if (call_units(c, 1) == -1 || (u = c->unit, u->sql =
	    strdup(p->sql)) == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	u->sql_len = p->sql_len;
	u->nparams = p->nparams;
	u->params = PARAMS;
	if (call_check(c, &r->why) == -1)
		return STEP_REFUSE;
	snprintf(c->label, sizeof(c->label), "%s", p->name);
	c->command = c->label;
	r->sql = c->sql;
	r->sql_hash = c->sha256;
	return STEP_NEXT;
}

/* "count": how it ended, by name. */
static enum verdict
step_count(struct req *r)
{
	const struct rpc_search *s = r->aside;

	if (s != NULL && s->name[0] != '\0')
		board_rpc(r->w->board, s->rpc == NULL ? "unknown" : s->name,
		    r->why.status != 0 ? r->why.status : r->answer.status);
	return STEP_NEXT;
}

static void
end(struct req *r)
{
	struct rpc_search *s = r->aside;

	if (s != NULL)
		rpc_known_forget(r->w->rpcs, s);
	free(s);
	r->aside = NULL;
	execute_end(r);
}

static const struct step steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "body", step_body, false },
	{ "parse", step_parse, false },		/* which, with what? */
	{ "find", step_find, false },		/* may wait */
	{ "check", step_check, false },		/* the arguments */
	{ "look up", step_idem_look, false },
	{ "connect", step_connect, false },
	{ "run", step_run, false },
	{ "replay", step_idem_look, false },
	{ "keep", step_idem_keep, true },
	{ "agree", step_idem_look, false },
	{ "record", step_record, true },
	{ "count", step_count, true },
	{ NULL, NULL, false },
};

const struct story story_rpc_call = { steps, end };
