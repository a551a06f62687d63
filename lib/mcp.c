/*
 * mcp.c - a message's life, see mcp.h: read, checked, handled, answered.
 *
 * It knows JSON-RPC 2.0 and batches; not what a method does, and nothing of
 * transports.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_priv.h"

static void
answer_clear(struct mcp_answer *a)
{
	if (a->has_json)
		json_fini(&a->json);
	a->has_json = false;
	a->status = 0;
	buf_fini(&a->body);
}

void
mcp_call_free(struct mcp_call *c)
{
	if (c == NULL)
		return;
	mcp_call_free(c->part);
	if (c->state_free != NULL)
		c->state_free(c->state);
	if (c->has_json)
		json_fini(&c->json);
	for (unsigned i = 0; i < c->nlent; i++) {
		json_fini(&c->lent_json[i]);
		free(c->lent[i]);
	}
	if (c->reply_text != NULL)
		json_fini(&c->reply_json);
	free(c->reply_text);
	buf_fini(&c->ask.body);
	answer_clear(&c->answer);
	buf_fini(&c->tell);
	buf_fini(&c->out);
	free(c->text);
	free(c);
}

/* Token of the member, 0 where there is none. */
static uint32_t
member(const struct mcp_call *c, const char *name)
{
	return json_member(&c->json, 0, name);
}

/* Whether the id is one that a request may have: a string or a number. */
static int
take_id(struct mcp_call *c)
{
	uint32_t id = member(c, "id");

	if (id == 0)
		return 0;
	if (c->json.tok[id].type != JSON_STRING &&
	    c->json.tok[id].type != JSON_NUMBER)
		return -1;
	c->id = json_raw(&c->json, id, &c->nid);
	return 0;
}

/* A method of more bytes than any has is none. */
static int
take_method(struct mcp_call *c, uint32_t tok)
{
	struct buf name;
	size_t n;
	const char *p;

	buf_init(&name, sizeof(c->method) - 1);
	if (json_str(&c->json, tok, &name) == -1)
		buf_adds(&name, "?");
	p = buf_peek(&name, &n);
	memcpy(c->method, p, n);
	c->method[n] = '\0';
	buf_fini(&name);
	return 0;
}

static enum mcp_kind
read_kind(struct mcp_call *c)
{
	const struct json *j = &c->json;
	uint32_t method, version;

	if (j->tok[0].type == JSON_ARRAY && j->tok[0].n > 0)
		return MCP_BATCH;
	if (j->tok[0].type != JSON_OBJECT ||
	    (version = member(c, "jsonrpc")) == 0 ||
	    !json_is(j, version, "2.0") || take_id(c) == -1)
		return MCP_INVALID;
	if ((method = member(c, "method")) == 0)
		return c->nid > 0 && (member(c, "result") != 0 ||
		    member(c, "error") != 0) ? MCP_RESPONSE : MCP_INVALID;
	if (j->tok[method].type != JSON_STRING || take_method(c, method) == -1)
		return MCP_INVALID;
	c->params = member(c, "params");
	if (c->params != 0 && j->tok[c->params].type != JSON_OBJECT)
		return MCP_INVALID;
	if (c->params != 0)
		c->meta = json_member(j, c->params, "_meta");
	return c->nid > 0 ? MCP_REQUEST : MCP_NOTIFICATION;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' ||
	    *p == '\n'))
		p++;
	return p;
}

/* Behind the closing quote of the string that begins at p, or end. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && end - p > 1)
			p++;
	return p < end ? p + 1 : end;
}

/* The id of an object that is not good JSON, by a look at its outermost
 * members alone: whoever has sent it awaits an answer to that id, and would
 * wait in vain for one to null.  NULL where it has none to be seen. */
static const char *
find_lost_id(const char *p, const char *end, size_t *n)
{
	const char *name, *from;
	int depth = 0;

	if ((p = skip_blanks(p, end)) == end || *p != '{')
		return NULL;
	while (p < end) {
		if (*p != '"') {
			depth += (*p == '{' || *p == '[') -
			    (*p == '}' || *p == ']');
			p++;
			continue;
		}
		name = p;
		p = skip_blanks(skip_string(p, end), end);
		if (depth != 1 || p == end || *p != ':' ||
		    end - name < 4 || memcmp(name, "\"id\"", 4) != 0)
			continue;
		from = p = skip_blanks(p + 1, end);
		if (p < end && *p == '"')
			p = skip_string(p, end);
		else
			while (p < end && strchr(",} \t\r\n", *p) == NULL)
				p++;
		*n = (size_t)(p - from);
		return from;
	}
	return NULL;
}

static void
take_lost_id(struct mcp_call *c, const char *text, size_t n)
{
	size_t nid = 0;
	const char *id = find_lost_id(text, text + n, &nid);
	struct json j;
	char *copy;

	if (id == NULL || nid == 0 || json_read(&j, id, nid, NULL) == -1)
		return;
	if ((j.tok[0].type == JSON_STRING || j.tok[0].type == JSON_NUMBER) &&
	    (copy = strndup(id, nid)) != NULL) {
		free(c->text);
		c->id = c->text = copy;
		c->nid = nid;
	}
	json_fini(&j);
}

static void
read_message(struct mcp_call *c, const char *text, size_t n)
{
	struct json_error err;

	c->kind = MCP_INVALID;
	if (n > MCP_MESSAGE_MAX) {
		take_lost_id(c, text, n);
		mcp_error(c, MCP_E_PARSE, NULL, "the message is larger than "
		    "%d bytes", MCP_MESSAGE_MAX);
		c->status = 400;
		return;
	}
	memcpy(c->text, text, n);
	if (json_read(&c->json, c->text, n, &err) == -1) {
		take_lost_id(c, text, n);
		mcp_error(c, MCP_E_PARSE, NULL, "not valid JSON: %s at line "
		    "%zu, column %zu", err.what, err.line, err.column);
		c->status = 400;
		return;
	}
	c->has_json = true;
	c->kind = read_kind(c);
	if (c->kind == MCP_INVALID) {
		mcp_error(c, MCP_E_REQUEST, NULL, "not a JSON-RPC 2.0 "
		    "message with a method, and an id that is a string or a "
		    "number");
		c->status = 400;
	}
}

/* Notifications have no answer, whatever is wrong with them. */
static void
start(struct mcp_call *c, const struct mcp_from *from)
{
	int rc = mcp_era(c, from);

	if (c->kind == MCP_NOTIFICATION || c->kind == MCP_RESPONSE) {
		if (rc == 0)
			c->status = 202;
		buf_clear(&c->out);
		if (rc == 0 && c->session != NULL && strcmp(c->method,
		    "notifications/initialized") == 0)
			c->session->initialized = true;
		return;
	}
	if (rc == -1 || c->kind == MCP_BATCH)
		return;
	if ((c->run = mcp_method(c)) != NULL)
		return;
	mcp_error(c, MCP_E_METHOD, NULL, "Method not found: %s", c->method);
	if (c->modern)
		c->status = 404;
}

struct mcp_call *
mcp_call_new(const struct mcp_server *server, const struct mcp_from *from,
    const char *text, size_t n)
{
	struct mcp_call *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->server = server;
	c->session = from->session;
	c->who = from->who;
	c->http = from->http;
	c->status = 200;
	buf_init(&c->ask.body, MCP_OUT_MAX);
	buf_init(&c->answer.body, MCP_OUT_MAX);
	buf_init(&c->tell, MCP_OUT_MAX);
	buf_init(&c->out, MCP_OUT_MAX);
	if ((c->text = malloc(n > MCP_MESSAGE_MAX ? 1 : n + 1)) == NULL) {
		mcp_call_free(c);
		return NULL;
	}
	read_message(c, text, n);
	if (c->kind != MCP_INVALID)
		start(c, from);
	return c;
}

/* The next message of a batch as a call of its own. */
static int
next_part(struct mcp_call *c)
{
	struct mcp_from from = { .session = c->session, .who = c->who,
	    .http = c->http, .version = mcp_version_name(c->version) };
	const char *p;
	size_t n;

	c->part_tok = c->part_tok == 0 ? json_first(&c->json, 0) :
	    json_next(&c->json, 0, c->part_tok);
	if (c->part_tok == 0)
		return 0;
	p = json_raw(&c->json, c->part_tok, &n);
	if ((c->part = mcp_call_new(c->server, &from, p, n)) == NULL)
		return -1;
	/* A batch in a batch is none. */
	if (c->part->kind == MCP_BATCH) {
		c->part->kind = MCP_INVALID;
		mcp_error(c->part, MCP_E_REQUEST, NULL, "a batch in a batch");
	}
	return 1;
}

static enum mcp_verdict
run_batch(struct mcp_call *c)
{
	enum mcp_verdict v;
	const char *p;
	size_t n;
	int rc = 1;

	for (;;) {
		if (c->part == NULL && (rc = next_part(c)) != 1)
			break;
		v = mcp_call_run(c->part);
		if (v == MCP_TELL || v == MCP_CLIENT || v == MCP_LISTEN) {
			p = buf_peek(&c->part->tell, &n);
			buf_clear(&c->tell);
			buf_add(&c->tell, p, n);
		}
		c->sleep_ms = c->part->sleep_ms;
		if (v != MCP_DONE)
			return v;
		p = buf_peek(&c->part->out, &n);
		if (n > 0) {
			buf_addc(&c->out, buf_len(&c->out) == 0 ? '[' : ',');
			buf_add(&c->out, p, n);
		}
		mcp_call_free(c->part);
		c->part = NULL;
	}
	if (rc == -1)
		return mcp_error(c, MCP_E_INTERNAL, NULL, "out of memory");
	if (buf_len(&c->out) > 0)
		buf_addc(&c->out, ']');
	else
		c->status = 202;
	return MCP_DONE;
}

enum mcp_verdict
mcp_call_run(struct mcp_call *c)
{
	enum mcp_verdict v;

	if (c->kind == MCP_BATCH && (c->part != NULL ||
	    (buf_len(&c->out) == 0 && c->status != 400)))
		v = run_batch(c);
	else if (c->run == NULL)
		return MCP_DONE;
	else
		v = c->run(c);
	if (v == MCP_ASK && buf_failed(&c->ask.body))
		v = mcp_tool_error(c, "the request is larger than %d bytes",
		    MCP_OUT_MAX);
	if (v == MCP_DONE && buf_failed(&c->out)) {
		buf_clear(&c->out);
		mcp_error(c, MCP_E_INTERNAL, NULL, "the answer is larger than "
		    "%d bytes", MCP_OUT_MAX);
	}
	if (v == MCP_DONE)
		c->run = NULL;
	return v;
}

struct mcp_call *
mcp_call_asking(struct mcp_call *c)
{
	return c->part != NULL ? c->part : c;
}

void
mcp_call_answer(struct mcp_call *top, int status, struct buf *body)
{
	struct mcp_call *c = mcp_call_asking(top);
	struct mcp_answer *a = &c->answer;
	struct json_error err;
	const char *p;
	size_t n;

	answer_clear(a);
	a->status = status;
	a->body = *body;
	buf_init(body, body->max);
	p = buf_peek(&a->body, &n);
	a->has_json = status != 0 && n > 0 &&
	    json_read(&a->json, p, n, &err) == 0;
}

bool
mcp_call_beat(struct mcp_call *top, int seconds)
{
	struct mcp_call *c = mcp_call_asking(top);

	if (!mcp_tell_progress(c, seconds, 0, "waiting for the database"))
		return false;
	if (c != top) {
		buf_fini(&top->tell);
		top->tell = c->tell;
		buf_init(&c->tell, MCP_OUT_MAX);
	}
	return true;
}

struct buf *
mcp_ask(struct mcp_call *c, const char *method, const char *path)
{
	buf_clear(&c->ask.body);
	c->ask.method = method;
	snprintf(c->ask.path, sizeof(c->ask.path), "%s", path);
	c->ask.idem[0] = '\0';
	c->ask.writes = false;
	return &c->ask.body;
}

int
mcp_call_reply(struct mcp_call *top, const char *text, size_t n)
{
	struct mcp_call *c = mcp_call_asking(top);
	uint32_t result;

	if (c->reply_text != NULL)
		json_fini(&c->reply_json);
	free(c->reply_text);
	c->replied = c->refused = false;
	if ((c->reply_text = malloc(n + 1)) == NULL)
		return -1;
	memcpy(c->reply_text, text, n);
	if (json_read(&c->reply_json, c->reply_text, n, NULL) == -1) {
		free(c->reply_text);
		c->reply_text = NULL;
		return -1;
	}
	result = json_member(&c->reply_json, 0, "result");
	c->replied = true;
	c->refused = result == 0;
	c->reply = (struct mcp_value){ result == 0 ? NULL : &c->reply_json,
	    result };
	return 0;
}

const char *
mcp_cancels(const struct mcp_call *c, size_t *n)
{
	uint32_t id;

	if (c->kind != MCP_NOTIFICATION || c->params == 0 ||
	    strcmp(c->method, "notifications/cancelled") != 0 ||
	    (id = json_member(&c->json, c->params, "requestId")) == 0)
		return NULL;
	return json_raw(&c->json, id, n);
}

bool
mcp_call_wants_who(const struct mcp_call *c)
{
	return !c->who.known && (c->kind == MCP_BATCH ||
	    strcmp(c->method, "tools/list") == 0);
}
