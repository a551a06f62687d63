/*
 * fuzz_mcp.c - messages of MCP and what the gateway and the client answer
 * in between.
 *
 * The first byte says where the message came from; behind it, divided by
 * 0x1e, are the message and the answers, each with a byte for its status.
 * Whatever comes, what goes out is JSON on one line, with the request's id
 * and either a result or an error; a tool's text says what its structure
 * says; and what is asked of the gateway is JSON.
 */
#include "lib/mcp_db.h"

#include "fuzz.h"

#define STEPS_MAX	64	/* of one message; a batch has more */

static void
one_line(const char *p, size_t n)
{
	must(memchr(p, '\n', n) == NULL && memchr(p, '\r', n) == NULL);
}

/* The text of a tool's result is its structure. */
static void
check_tool(const struct json *j, uint32_t result)
{
	uint32_t content = json_member(j, result, "content");
	uint32_t structure = json_member(j, result, "structuredContent");
	uint32_t error = json_member(j, result, "isError"), text;
	char *s;
	const char *raw;
	size_t n;

	must(content != 0 && j->tok[content].type == JSON_ARRAY);
	must(structure == 0 || error == 0);
	if (structure == 0)
		return;
	text = json_member(j, json_first(j, content), "text");
	s = text == 0 ? NULL : json_strdup(j, text);
	must(s != NULL);
	raw = json_raw(j, structure, &n);
	must(n == strlen(s) && memcmp(raw, s, n) == 0);
	free(s);
}

static void
check_answer(const struct mcp_call *c)
{
	struct json j;
	const char *p, *raw;
	uint32_t id, result, error;
	size_t n, m;

	p = buf_peek(&c->out, &n);
	if (n == 0) {
		must(c->kind != MCP_REQUEST && c->kind != MCP_INVALID);
		return;
	}
	must(c->kind != MCP_NOTIFICATION && c->kind != MCP_RESPONSE);
	one_line(p, n);
	must(json_read(&j, p, n, NULL) == 0);
	if (j.tok[0].type == JSON_OBJECT) {
		result = json_member(&j, 0, "result");
		error = json_member(&j, 0, "error");
		must((result != 0) != (error != 0));
		id = json_member(&j, 0, "id");
		if (c->kind == MCP_REQUEST) {
			must(id != 0);
			raw = json_raw(&j, id, &m);
			must(m == c->nid && memcmp(raw, c->id, m) == 0);
		}
		if (c->tool != NULL && result != 0 && json_member(&j, result,
		    "inputRequests") == 0)
			check_tool(&j, result);
	} else
		must(c->kind == MCP_BATCH);
	json_fini(&j);
}

static void
check_ask(const struct mcp_ask *a)
{
	struct json j;
	const char *p;
	size_t n;

	must(a->method != NULL && a->path[0] == '/');
	for (const char *q = a->idem; *q != '\0'; q++)
		must(*q > ' ' && *q <= '~');
	p = buf_peek(&a->body, &n);
	if (n == 0)
		return;
	must(json_read(&j, p, n, NULL) == 0);
	json_fini(&j);
}

static void
answer(struct mcp_call *c, struct input *in)
{
	static const int statuses[] = { 200, 200, 200, 200, 400, 409, 503,
	    0 };
	struct input part = next_part(in);
	struct buf body;
	int status = 0;

	check_ask(&mcp_call_asking(c)->ask);
	buf_init(&body, MCP_OUT_MAX);
	if (part.n > 0) {
		status = statuses[part.p[0] & 7];
		buf_add(&body, part.p + 1, part.n - 1);
	} else
		buf_adds(&body, "there is nobody");
	mcp_call_answer(c, status, &body);
	buf_fini(&body);
}

static void
run(struct mcp_call *c, struct input *in)
{
	struct input part;
	const char *p;
	size_t n;

	for (int i = 0; i < STEPS_MAX; i++)
		switch (mcp_call_run(c)) {
		case MCP_DONE:
			check_answer(c);
			return;
		case MCP_ASK:
			answer(c, in);
			if (mcp_call_beat(c, i)) {
				p = buf_peek(&c->tell, &n);
				one_line(p, n);
			}
			break;
		case MCP_CLIENT:
			p = buf_peek(&c->tell, &n);
			one_line(p, n);
			part = next_part(in);
			if (mcp_call_reply(c, part.p, part.n) == -1)
				return;
			break;
		case MCP_TELL:
		case MCP_SLEEP:
		case MCP_LISTEN:
			abort();	/* the database's tools do not */
		}
	must(c->kind == MCP_BATCH);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data + 1, n - 1 }, message;
	unsigned how = n == 0 ? 0 : data[0];
	struct mcp_session session = { .initialized = how & 1,
	    .version = MCP_2025_11_25, .client.elicitation = how & 2 };
	struct mcp_from from = { .http = how & 4, .session = how & 4 ? NULL :
	    &session, .who = { .known = how & 8, .read_only = how & 16 } };
	struct mcp_call *c;
	const char *id;
	size_t m;

	if (n == 0)
		return 0;
	if (how & 32) {
		from.version = "2026-07-28";
		from.method = "tools/call";
		from.name = how & 64 ? "sql_execute" : "=?base64?d2hvYW1p?=";
	} else if (how & 64)
		from.version = "2025-03-26";
	message = next_part(&in);
	c = mcp_call_new(&mcp_db_server, &from, message.p, message.n);
	must(c != NULL);
	if ((id = mcp_cancels(c, &m)) != NULL)
		must(m > 0 && id >= c->text && id + m <= c->text + message.n);
	(void)mcp_call_wants_who(c);
	run(c, &in);
	mcp_call_free(c);
	return 0;
}
