/*
 * mcp.c - the story of POST /v1/mcp: a message of the Model Context Protocol
 * (lib/mcp.h), its requests to the gateway made within this process.
 *
 * There are no sessions: every message stands by itself, on any worker and
 * node.  GET and DELETE, which are about sessions, are not taken (405).  A
 * legacy client is given a session's name all the same, by which it can
 * cancel its own calls: its ids alone are the same as everybody's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit.h"
#include "conn.h"
#include "inner.h"
#include "keys.h"
#include "lib/enc.h"
#include "lib/mcp_db.h"
#include "lib/secret.h"
#include "running.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

#define EVENTS		"text/event-stream"
#define SESSION		"Mcp-Session-Id"
#define SESSION_BYTES	16
#define BEAT_MAX	4096	/* bytes of an event that tells of progress */

struct told {
	struct mcp_call	*call;
	struct inner	*inner;		/* NULL: nothing is asked */
	uint32_t	 part;		/* of a batch: that has asked */
	struct inner_sql sql;
	struct timer	 beat;
	bool		 due;		/* it has come */
	int		 second;	/* that it tells of */
	struct running	 running;
	bool		 cancelled;
};

/* This machine by name, with a port or none, and nothing behind it. */
static bool
is_this_machine(const char *p, size_t n)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
	    "[::1]" };
	size_t len;

	for (size_t i = 0; i < NELEM(names); i++) {
		len = strlen(names[i]);
		if (n < len || strncasecmp(p, names[i], len) != 0)
			continue;
		if (n > len && p[len++] != ':')
			continue;
		while (len < n && p[len] >= '0' && p[len] <= '9')
			len++;
		if (len == n)
			return true;
	}
	return false;
}

/* A browser's page may talk to us only where it is from this machine, or
 * from our own address: and that has to be proven by a certificate, since a
 * name can be made to lead anywhere (DNS rebinding). */
static bool
origin_is_good(const struct req *r, struct slice origin)
{
	const struct slice *host = http_header(&r->head, "host");
	const char *p = memmem(origin.p, origin.n, "://", 3);
	size_t n;

	if (p == NULL)
		return false;
	p += 3;
	n = origin.n - (size_t)(p - origin.p);
	return is_this_machine(p, n) ||
	    ((r->w->tls != NULL || r->w->conf->trust_proxy != NULL) &&
	    host != NULL && host->n == n && strncasecmp(p, host->p, n) == 0);
}

/* "origin": before anything else is looked at. */
static enum verdict
step_origin(struct req *r)
{
	const struct slice *origin = http_header(&r->head, "origin");

	if (origin == NULL || origin_is_good(r, *origin))
		return STEP_NEXT;
	problem_set(&r->why, 403, "permission_denied",
	    "requests from this Origin are not taken");
	return STEP_REFUSE;
}

static char *
header_text(const struct req *r, const char *name)
{
	const struct slice *s = http_header(&r->head, name);

	return s == NULL ? NULL : strndup(s->p, s->n);
}

static struct mcp_call *
read_call(struct req *r)
{
	char *version = header_text(r, "mcp-protocol-version");
	char *method = header_text(r, "mcp-method");
	char *name = header_text(r, "mcp-name");
	struct mcp_from from = { .http = true, .version = version,
	    .method = method, .name = name, .who = { .known = true,
	    .read_only = r->who.read_only ||
	    strcmp(r->who.role, "dbreader") == 0 } };
	size_t n;
	const char *p = buf_peek(&r->body, &n);
	struct mcp_call *c = mcp_call_new(&mcp_db_server, &from, p, n);

	free(version);
	free(method);
	free(name);
	return c;
}

static enum verdict
answer(struct req *r, struct mcp_call *c)
{
	size_t n;
	const char *p = buf_peek(&c->out, &n);

	if (r->answer.told) {
		mcp_sse_event(&r->answer.body, p, n);
		return STEP_NEXT;
	}
	r->answer.status = c->status;
	if (n == 0)
		return STEP_NEXT;
	buf_fini(&r->answer.body);
	r->answer.body = c->out;
	buf_init(&c->out, 0);
	r->answer.type = "application/json";
	return STEP_NEXT;
}

static void
on_beat(void *arg)
{
	struct req *r = arg;
	struct told *t = r->state;

	t->due = true;
	req_wake(r);
}

/* Once a second at first, then every ten. */
static void
next_beat(struct req *r, struct told *t)
{
	int wait = t->second < 10 ? 1 : 10;

	t->second += wait;
	loop_timer(r->w->loop, &t->beat, wait * 1000);
}

/* A client that can take events and wants to hear of progress does. */
static void
begin_beat(struct req *r, struct told *t)
{
	const struct slice *accept = http_header(&r->head, "accept");

	timer_init(&t->beat, on_beat, r);
	if (accept != NULL && memmem(accept->p, accept->n, EVENTS,
	    sizeof(EVENTS) - 1) != NULL && mcp_call_beat(t->call, 0))
		next_beat(r, t);
}

static void
tell_beat(struct req *r, struct told *t)
{
	struct buf event;
	const char *p;
	size_t n;

	t->due = false;
	if (!mcp_call_beat(t->call, t->second))
		return;
	if (!r->answer.told)
		req_header(r, "X-Accel-Buffering", "no");
	buf_init(&event, BEAT_MAX);
	p = buf_peek(&t->call->tell, &n);
	mcp_sse_event(&event, p, n);
	p = buf_peek(&event, &n);
	if (!buf_failed(&event) && conn_tell(r, EVENTS, p, n) == 0)
		next_beat(r, t);
	buf_fini(&event);
}

static void
abandon(struct req *r)
{
	struct told *t = r->state;

	inner_free(t->inner);
	t->inner = NULL;
}

/* Begin what the call asks for.  Returns 0, or -1 when memory is out. */
static int
ask(struct req *r, struct told *t)
{
	struct mcp_ask *a = &mcp_call_asking(t->call)->ask;
	uint32_t part = t->call->part_tok;
	struct inner_ask ia = { .method = a->method, .path = a->path,
	    .idem = a->idem, .body = &a->body, .sql = &t->sql,
	    .apart = t->call->kind == MCP_BATCH };

	/* The first one's place was taken before the message was read. */
	ia.counts = ia.apart && t->part != 0 && t->part != part;
	t->part = part;
	t->inner = inner_new(r, &ia);
	return t->inner == NULL ? -1 : 0;
}

static void
take_answer(struct req *r, struct told *t)
{
	struct buf body;
	int status = inner_answer(t->inner, &body);

	inner_free(t->inner);
	t->inner = NULL;
	mcp_call_answer(t->call, status, &body);
	buf_fini(&body);
	r->sql_hash = t->sql.known ? t->sql.hash : NULL;
	r->sql = t->sql.text;
}

/* Which call of whom: the key, the session, the id as it was written. */
static bool
tag_call(uint8_t tag[RUNNING_TAG], const struct req *r, const char *id,
    size_t n)
{
	const struct slice *session = http_header(&r->head, SESSION);
	struct buf text;
	const char *p;

	if (session == NULL || session->n == 0)
		return false;
	buf_init(&text, HTTP_HEAD_MAX + MCP_MESSAGE_MAX);
	buf_add(&text, r->who.key_uuid, UUID_LEN);
	buf_addf(&text, "%zu:", session->n);
	buf_add(&text, session->p, session->n);
	buf_add(&text, id, n);
	p = buf_peek(&text, &n);
	secret_sha256(tag, p, n);
	buf_fini(&text);
	return true;
}

static void
stop(void *arg)
{
	struct req *r = arg;
	struct told *t = r->state;

	t->cancelled = true;
	req_wake(r);
}

static void
begin_running(struct req *r, struct told *t)
{
	const struct mcp_call *c = t->call;
	uint8_t tag[RUNNING_TAG], bytes[SESSION_BYTES];
	char name[2 * SESSION_BYTES + 1];
	const char *id;
	size_t n;

	if (c->modern)
		return;
	if (strcmp(c->method, "initialize") == 0) {
		secret_random(bytes, sizeof(bytes));
		enc_hex(name, bytes, sizeof(bytes));
		req_header(r, SESSION, "%s", name);
	} else if ((id = mcp_cancels(c, &n)) != NULL) {
		if (tag_call(tag, r, id, n))
			running_stop(r->w, tag);
	} else if (c->kind == MCP_REQUEST &&
	    tag_call(t->running.tag, r, c->id, c->nid)) {
		t->running.stop = stop;
		t->running.arg = r;
		running_add(r->w, &t->running);
	}
}

/* What it asked for is ended, in PostgreSQL too, and nothing more is said. */
static enum verdict
end_cancelled(struct req *r, struct told *t)
{
	inner_free(t->inner);
	t->inner = NULL;
	r->answer.status = 202;
	return STEP_NEXT;
}

static struct told *
begin(struct req *r)
{
	struct told *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->call = read_call(r)) == NULL) {
		free(t);
		return NULL;
	}
	r->state = t;
	begin_beat(r, t);
	begin_running(r, t);
	snprintf(r->command, sizeof(r->command), "%s",
	    t->call->run != NULL ? t->call->method : "MCP");
	return t;
}

/* As far as it goes.  Waits for what it asks. */
static enum verdict
run(struct req *r, struct told *t)
{
	if (t->cancelled)
		return end_cancelled(r, t);
	for (;;) {
		if (t->inner != NULL) {
			if (!inner_over(t->inner)) {
				if (t->due)
					tell_beat(r, t);
				r->abandon = abandon;
				return STEP_WAIT;
			}
			take_answer(r, t);
		}
		switch (mcp_call_run(t->call)) {
		case MCP_DONE:
			return answer(r, t->call);
		case MCP_ASK:
			if (ask(r, t) == 0)
				break;
			problem_internal(&r->why);
			return STEP_REFUSE;
		case MCP_TELL:		/* there is no stream to tell it on */
			break;
		case MCP_CLIENT:
		case MCP_SLEEP:
		case MCP_LISTEN:
			problem_internal(&r->why);
			return STEP_REFUSE;
		}
	}
}

/* "tell": what the message asks is done, and answered. */
static enum verdict
step_tell(struct req *r)
{
	struct told *t = r->state;
	enum verdict v;

	if (t == NULL && (t = begin(r)) == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	if ((v = run(r, t)) != STEP_WAIT) {
		loop_timer_stop(r->w->loop, &t->beat);
		running_remove(&t->running);
	}
	return v;
}

static void
end(struct req *r)
{
	struct told *t = r->state;

	r->state = NULL;
	r->sql = NULL;
	r->sql_hash = NULL;
	if (t == NULL)
		return;
	loop_timer_stop(r->w->loop, &t->beat);
	running_remove(&t->running);
	inner_free(t->inner);
	mcp_call_free(t->call);
	free(t->sql.text);
	free(t);
}

static const struct step steps[] = {
	{ "origin", step_origin, false },
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "body", step_body, false },
	{ "tell", step_tell, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_mcp = { steps, end };
