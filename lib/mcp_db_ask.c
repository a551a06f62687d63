/*
 * mcp_db_ask.c - requests to the gateway that tools have in common.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

bool
mcp_db_ok(const struct mcp_call *c)
{
	return c->answer.status >= 200 && c->answer.status < 300 &&
	    c->answer.has_json;
}

struct buf *
mcp_db_ask_sql(struct mcp_call *c, const char *sql)
{
	struct buf *body = mcp_ask(c, "POST", "/v1/sql/execute");

	buf_adds(body, "{\"sql\":");
	json_put_cstr(body, sql);
	buf_adds(body, ",\"json\":\"text\"");
	return body;
}

struct buf *
mcp_db_ask_batch(struct mcp_call *c)
{
	struct buf *body = mcp_ask(c, "POST", "/v1/sql/batch");

	buf_adds(body, "{\"json\":\"text\"");
	return body;
}

enum mcp_verdict
mcp_db_ask_end(struct mcp_call *c)
{
	buf_addc(&c->ask.body, '}');
	return MCP_ASK;
}

enum mcp_verdict
mcp_db_query(struct mcp_call *c, const char *sql, const char *params)
{
	struct buf *body = mcp_db_ask_sql(c, sql);

	if (params != NULL)
		buf_addf(body, ",\"params\":%s", params);
	buf_adds(body, ",\"read_only\":true");
	return mcp_db_ask_end(c);
}

int
mcp_db_take_idem(struct mcp_call *c)
{
	char *key = mcp_arg_str(c, "idempotency_key");
	bool bad = false;

	for (const char *p = key; p != NULL && *p != '\0'; p++)
		bad |= *p <= ' ' || *p > '~';
	if (key != NULL && (bad || key[0] == '\0' ||
	    strlen(key) >= sizeof(c->ask.idem))) {
		free(key);
		mcp_tool_error(c, "idempotency_key: 1 to 255 visible ASCII "
		    "characters without blanks are wanted");
		return -1;
	}
	if (key != NULL)
		snprintf(c->ask.idem, sizeof(c->ask.idem), "%s", key);
	free(key);
	return 0;
}

void
mcp_db_pass(struct mcp_call *c, struct buf *body, const char *name)
{
	if (mcp_arg(c, name).j == NULL)
		return;
	buf_addf(body, ",\"%s\":", name);
	mcp_arg_raw(c, name, body);
}

enum mcp_verdict
mcp_db_tell_result(struct mcp_call *c, const struct mcp_db_shape *shape)
{
	struct buf out;

	if (!mcp_db_ok(c))
		return mcp_db_error(c);
	buf_init(&out, MCP_OUT_MAX / 4);
	buf_addc(&out, '{');
	mcp_db_put_result(&out, &c->answer.json, 0, shape);
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}
