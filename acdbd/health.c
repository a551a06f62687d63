/*
 * health.c - what supervisors and scrapers ask: is the process up, can it
 * serve, what has it counted; and OPTIONS, which asks the route table.
 *
 * None of these takes a key or waits for anything.
 */
#include "board.h"
#include "lib/json.h"
#include "lib/version.h"
#include "route.h"
#include "stories.h"
#include "worker.h"

static enum verdict
finish(struct req *r, int status, const char *type)
{
	if (buf_failed(&r->answer.body)) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	r->answer.status = status;
	r->answer.type = type;
	return STEP_NEXT;
}

/* The process is up, whatever the database does: a supervisor that restarts
 * acdbd because PostgreSQL is away would help nobody. */
static enum verdict
healthz(struct req *r)
{
	struct buf *out = &r->answer.body;

	buf_adds(out, "{\"status\":\"ok\",\"version\":{\"version\":");
	json_put_cstr(out, version_number);
	buf_adds(out, ",\"commit\":");
	json_put_cstr(out, version_commit);
	buf_adds(out, ",\"build_date\":");
	json_put_cstr(out, version_build_date);
	buf_adds(out, "}}");
	return finish(r, 200, "application/json");
}

/* Whether to send requests here.  "starting" until this worker could serve
 * for the first time, "degraded" when it cannot any more. */
static enum verdict
readyz(struct req *r)
{
	struct buf *out = &r->answer.body;
	struct worker *w = r->w;
	const char *reason = NULL;

	if (w->draining)
		reason = "shutting down";
	else if (db_ready(w, &reason)) {
		w->was_ready = true;
		buf_adds(out, "{\"status\":\"ready\"}");
		return finish(r, 200, "application/json");
	}
	buf_addf(out, "{\"status\":\"%s\",\"reason\":",
	    w->was_ready || w->draining ? "degraded" : "starting");
	json_put_cstr(out, reason);
	buf_addc(out, '}');
	return finish(r, 503, "application/json");
}

static enum verdict
metrics(struct req *r)
{
	board_metrics(r->w->board, route_pattern, &r->answer.body);
	return finish(r, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static enum verdict
options(struct req *r)
{
	r->answer.status = 204;
	req_header(r, "Allow", "%s", r->route->allow);
	return STEP_NEXT;
}

static const struct step healthz_steps[] = {
	{ "healthz", healthz, false },
	{ NULL, NULL, false },
};
static const struct step readyz_steps[] = {
	{ "readyz", readyz, false },
	{ NULL, NULL, false },
};
static const struct step metrics_steps[] = {
	{ "metrics", metrics, false },
	{ NULL, NULL, false },
};
static const struct step options_steps[] = {
	{ "options", options, false },
	{ NULL, NULL, false },
};

const struct story story_healthz = { healthz_steps, NULL };
const struct story story_readyz = { readyz_steps, NULL };
const struct story story_metrics = { metrics_steps, NULL };
const struct story story_options = { options_steps, NULL };
