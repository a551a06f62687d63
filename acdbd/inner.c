/*
 * inner.c - see inner.h.
 */
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "audit.h"
#include "inner.h"
#include "keys.h"
#include "route.h"
#include "story.h"
#include "throttle.h"
#include "worker.h"

#define STEPS_MAX	16

struct inner {
	struct req	 req;		/* first: a request is its inner */
	struct req	*outer;
	struct story	 story;
	struct step	 steps[STEPS_MAX];
	bool		 over, woken, apart;
	struct inner_sql *sql;
	char		*target;	/* owned, as idem */
	char		*idem;
};

static struct slice
slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

static void
put_head(struct inner *in, const char *method)
{
	struct http_head *h = &in->req.head;
	const char *query = strchr(in->target, '?');

	h->method = strcmp(method, "GET") == 0 ? HTTP_GET :
	    strcmp(method, "DELETE") == 0 ? HTTP_DELETE : HTTP_POST;
	h->method_text = slice_of(method);
	h->target = h->path = slice_of(in->target);
	if (query != NULL) {
		h->path.n = (size_t)(query - in->target);
		h->query = slice_of(query + 1);
	}
	h->minor = 1;
	h->content_length = (int64_t)buf_len(&in->req.body);
	h->header[h->nheader++] = (struct http_header){
	    slice_of("content-type"), slice_of("application/json") };
	if (in->idem[0] != '\0')
		h->header[h->nheader++] = (struct http_header){
		    slice_of("idempotency-key"), slice_of(in->idem) };
}

/* In the place of "record": what that would have said, while it is there. */
static enum verdict
step_note(struct req *r)
{
	struct inner *in = (struct inner *)(void *)r;
	struct inner_sql *sql = in->sql;

	if (in->apart)
		return record_part(r);
	if (r->sql_hash != NULL) {
		memcpy(sql->hash, r->sql_hash, sizeof(sql->hash));
		sql->known = true;
	}
	if (r->sql != NULL) {
		free(sql->text);
		sql->text = strdup(r->sql);
	}
	return STEP_NEXT;
}

/* The story's steps but those of a request that comes from outside. */
static int
put_steps(struct inner *in, const struct story *story, bool counts)
{
	size_t n = 0;

	for (const struct step *s = story->steps; s->name != NULL; s++) {
		if (s->run == step_authenticate || s->run == step_body ||
		    (s->run == step_throttle && !counts))
			continue;
		if (n == STEPS_MAX - 1)
			return -1;
		in->steps[n] = *s;
		if (s->run == step_record)
			in->steps[n].run = step_note;
		n++;
	}
	in->story.steps = in->steps;
	in->story.end = story->end;
	in->req.story = &in->story;
	return 0;
}

static void
run(struct inner *in)
{
	if (story_run(&in->req) != STORY_DONE)
		return;
	in->over = true;
	answer_settle(&in->req);
	if (in->woken)
		req_wake(in->outer);
}

static void
on_wake(void *arg)
{
	struct inner *in = arg;

	in->woken = true;
	run(in);
}

static void
init_req(struct inner *in, const struct inner_ask *ask)
{
	struct req *r = &in->req;
	const struct conf *conf = in->outer->w->conf;

	r->w = in->outer->w;
	r->conn = in->outer->conn;
	r->route = in->outer->route;
	r->who = in->outer->who;
	memcpy(r->id, in->outer->id, sizeof(r->id));
	memcpy(r->peer, in->outer->peer, sizeof(r->peer));
	memcpy(r->trace, in->outer->trace, sizeof(r->trace));
	r->started_us = loop_now_us();
	r->rows = -1;
	problem_init(&r->why);
	r->body = *ask->body;
	buf_init(ask->body, ask->body->max);
	buf_init(&r->answer.headers, 8192);
	buf_init(&r->answer.prefix, 65536);
	buf_init(&r->answer.body, (size_t)conf->max_response_body);
	task_init(&r->wake, on_wake, in);
}

struct inner *
inner_new(struct req *outer, const struct inner_ask *ask)
{
	struct inner *in;
	const struct route *route;

	if ((in = calloc(1, sizeof(*in))) == NULL ||
	    (in->target = strdup(ask->path)) == NULL ||
	    (in->idem = strdup(ask->idem)) == NULL) {
		if (in != NULL)
			free(in->target);
		free(in);
		return NULL;
	}
	in->outer = outer;
	in->sql = ask->sql;
	in->apart = ask->apart;
	init_req(in, ask);
	put_head(in, ask->method);
	route = route_find(&in->req.head, DOOR_API | DOOR_HEALTH,
	    &in->req.why);
	if (route == NULL || put_steps(in, route->story,
	    ask->counts) == -1) {
		in->over = true;
		answer_settle(&in->req);
	} else
		run(in);
	return in;
}

bool
inner_over(const struct inner *in)
{
	return in->over;
}

int
inner_answer(struct inner *in, struct buf *body)
{
	struct req *r = &in->req, *outer = in->outer;
	size_t n;
	const char *p = buf_peek(&r->answer.prefix, &n);
	int status = r->answer.status;

	if (r->rate_limit > 0) {
		outer->rate_limit = r->rate_limit;
		outer->rate_remaining = r->rate_remaining;
	}
	if (in->apart)
		goto take_body;
	if (r->audited) {
		outer->audited = true;
		memcpy(outer->audit_id, r->audit_id, sizeof(r->audit_id));
	}
	if (r->command[0] != '\0')
		memcpy(outer->command, r->command, sizeof(outer->command));
	if (r->rows >= 0)
		outer->rows = r->rows;
take_body:
	buf_init(body, r->answer.body.max + r->answer.prefix.max);
	if (n == 0) {
		*body = r->answer.body;
		buf_init(&r->answer.body, 0);
		return status;
	}
	buf_add(body, p, n);
	p = buf_peek(&r->answer.body, &n);
	buf_add(body, p, n);
	return buf_failed(body) ? 0 : status;
}

void
inner_free(struct inner *in)
{
	struct req *r;

	if (in == NULL)
		return;
	r = &in->req;
	if (!in->over)
		story_abandon(r);
	else
		loop_unpost(r->w->loop, &r->wake);
	problem_fini(&r->why);
	buf_wipe(&r->body);
	buf_fini(&r->answer.headers);
	buf_fini(&r->answer.prefix);
	buf_wipe(&r->answer.body);
	free(in->target);
	free(in->idem);
	free(in);
}
