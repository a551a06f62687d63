/*
 * mcp_db_misc.c - whoami, health and rpc_call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mcp_db_priv.h"

static const char server_sql[] =
    "SELECT current_setting('server_version') AS postgresql,"
    " (SELECT extversion FROM pg_extension WHERE extname = 'vector')"
    "  AS pgvector, current_setting('search_path') AS search_path,"
    " current_setting('statement_timeout') AS statement_timeout";

/* What is added to what the gateway says of the key, and is not taken from
 * there: so many cells of server_sql, and the mode. */
#define CELLS	4
static const char *const own[] = { "postgresql", "pgvector", "search_path",
    "statement_timeout", "mode" };

static bool
is_own(const struct json *j, uint32_t name)
{
	for (size_t i = 0; i < NELEM(own); i++)
		if (json_is(j, name, own[i]))
			return true;
	return false;
}

/* The first answer without its last brace, kept until the second has come. */
static enum mcp_verdict
keep(struct mcp_call *c)
{
	const struct json *j = &c->answer.json;
	struct buf first;
	uint32_t ro;

	if (!mcp_db_ok(c) || j->tok[0].type != JSON_OBJECT)
		return mcp_db_error(c);
	ro = json_member(j, 0, "read_only");
	buf_init(&first, MCP_OUT_MAX / 4);
	buf_addc(&first, '{');
	for (uint32_t i = json_first(j, 0); i != 0;
	    i = json_next(j, 0, i + 1)) {
		if (is_own(j, i))
			continue;
		mcp_db_put_json(&first, j, i);
		buf_addc(&first, ':');
		mcp_db_put_json(&first, j, i + 1);
		buf_addc(&first, ',');
	}
	buf_addf(&first, "\"mode\":\"%s\"", ro != 0 &&
	    j->tok[ro].type == JSON_TRUE ? "read-only" : "by role");
	c->state = buf_take(&first, NULL);
	c->state_free = free;
	buf_fini(&first);
	return c->state == NULL ? mcp_tool_error(c, "out of memory") :
	    mcp_db_query(c, server_sql, NULL);
}

enum mcp_verdict
mcp_db_whoami(struct mcp_call *c)
{
	struct buf out;
	char *cell;

	switch (c->step++) {
	case 0:
		(void)mcp_ask(c, "GET", "/v1/me");
		return MCP_ASK;
	case 1:
		return keep(c);
	}
	buf_init(&out, MCP_OUT_MAX / 4);
	buf_adds(&out, c->state);
	for (uint32_t i = 0; mcp_db_ok(c) && i < CELLS; i++) {
		cell = mcp_db_cell(c, 0, 0, i);
		buf_addf(&out, ",\"%s\":", own[i]);
		json_put_cstr(&out, cell);
		free(cell);
	}
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

struct probe {
	int64_t		 started_ms;
	bool		 healthy;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static enum mcp_verdict
tell_health(struct mcp_call *c, const struct probe *p)
{
	bool ready = c->answer.status == 200;
	struct buf out;

	buf_init(&out, MCP_OUT_MAX / 4);
	buf_addf(&out, "{\"healthy\":%s,\"ready\":%s,\"latency_ms\":%lld,"
	    "\"detail\":", p->healthy ? "true" : "false",
	    ready ? "true" : "false", (long long)(now_ms() - p->started_ms));
	if (c->answer.has_json)
		mcp_db_put_json(&out, &c->answer.json, 0);
	else
		json_put_cstr(&out, buf_cstr(&c->answer.body));
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_health(struct mcp_call *c)
{
	struct probe *p = c->state;

	switch (c->step++) {
	case 0:
		if ((p = calloc(1, sizeof(*p))) == NULL)
			return mcp_tool_error(c, "out of memory");
		c->state = p;
		c->state_free = free;
		p->started_ms = now_ms();
		(void)mcp_ask(c, "GET", "/healthz");
		return MCP_ASK;
	case 1:
		if (c->answer.status == 0)
			return mcp_db_error(c);
		p->healthy = c->answer.status == 200;
		(void)mcp_ask(c, "GET", "/readyz");
		return MCP_ASK;
	}
	return tell_health(c, p);
}

/* The gateway's own object is the result. */
static enum mcp_verdict
tell_rpc(struct mcp_call *c)
{
	const struct json *j = &c->answer.json;
	struct buf out;

	if (!mcp_db_ok(c))
		return mcp_db_error(c);
	buf_init(&out, MCP_OUT_MAX / 4);
	if (j->tok[0].type != JSON_OBJECT)
		buf_adds(&out, "{\"result\":");
	mcp_db_put_json(&out, j, 0);
	if (j->tok[0].type != JSON_OBJECT)
		buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_rpc_call(struct mcp_call *c)
{
	struct buf *body;

	if (c->step++ > 0)
		return tell_rpc(c);
	if (mcp_arg_is(c, "procedure", "")) {
		(void)mcp_ask(c, "GET", "/v1/rpc");
		return MCP_ASK;
	}
	body = mcp_ask(c, "POST", "/v1/rpc/call");
	buf_adds(body, "{\"procedure\":");
	mcp_arg_raw(c, "procedure", body);
	buf_adds(body, ",\"args\":");
	if (!mcp_arg_raw(c, "args", body))
		buf_adds(body, "{}");
	buf_addc(body, '}');
	if (mcp_db_take_idem(c) == -1)
		return MCP_DONE;
	c->ask.writes = true;
	return MCP_ASK;
}
