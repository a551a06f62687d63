/*
 * mcp_db_sql.c - sql_query, sql_execute and sql_transaction.
 *
 * The SQL is never rewritten: the gateway stops reading after max_rows.  It
 * also holds back statements that destroy data until they are confirmed
 * (mcp_db_gate.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define ROWS_MOST	100000
#define RESULT_LEAST	2048	/* bytes of one result of several */

static int64_t
bytes_wanted(const struct mcp_call *c)
{
	return mcp_arg_int(c, "max_bytes", MCP_DB_BYTES, 1024,
	    MCP_DB_BYTES_MAX);
}

static enum mcp_verdict
tell(struct mcp_call *c)
{
	struct mcp_db_shape shape = { .max_bytes = bytes_wanted(c),
	    .types = mcp_arg_bool(c, "include_types"), .data = true };

	return mcp_db_tell_result(c, &shape);
}

static void
put_common(struct mcp_call *c, struct buf *body)
{
	mcp_db_pass(c, body, "params");
	mcp_db_pass(c, body, "timeout_ms");
	buf_addf(body, ",\"max_rows\":%lld", (long long)mcp_arg_int(c,
	    "max_rows", MCP_DB_ROWS, 0, ROWS_MOST));
}

enum mcp_verdict
mcp_db_sql_query(struct mcp_call *c)
{
	struct buf *body;
	char *sql;

	if (c->step++ > 0)
		return tell(c);
	if ((sql = mcp_arg_str(c, "sql")) == NULL)
		return mcp_tool_error(c, "sql cannot be read");
	body = mcp_db_ask_sql(c, sql);
	free(sql);
	put_common(c, body);
	buf_adds(body, ",\"read_only\":true");
	return mcp_db_ask_end(c);
}

static enum mcp_verdict
ask_execute(struct mcp_call *c, const char *confirm)
{
	bool dry = mcp_arg_bool(c, "dry_run");
	bool reads = mcp_arg_bool(c, "read_only") ||
	    (c->who.known && c->who.read_only);
	char *sql = mcp_arg_str(c, "sql");
	struct buf *body;

	if (sql == NULL)
		return mcp_tool_error(c, "sql cannot be read");
	body = mcp_db_ask_sql(c, sql);
	free(sql);
	put_common(c, body);
	if (reads)
		buf_adds(body, ",\"read_only\":true");
	mcp_db_pass(c, body, "dry_run");
	buf_adds(body, ",\"confirm\":");
	json_put_cstr(body, confirm);
	if (mcp_db_take_idem(c) == -1)
		return MCP_DONE;
	c->ask.writes = !dry && !reads;
	return mcp_db_ask_end(c);
}

enum mcp_verdict
mcp_db_sql_execute(struct mcp_call *c)
{
	return mcp_db_gate(c, ask_execute, tell);
}

/* Append the JSON that a string holds, where it is of that type: what models
 * send for arrays and objects. */
static bool
put_held(struct buf *body, struct mcp_value v, enum json_type type)
{
	char *text = mcp_strdup(v);
	struct json j;
	bool good;

	if (text == NULL || json_read(&j, text, strlen(text), NULL) == -1) {
		free(text);
		return false;
	}
	if ((good = j.tok[0].type == type))
		mcp_put_value(body, (struct mcp_value){ &j, 0 });
	json_fini(&j);
	free(text);
	return good;
}

static void
put_object(struct buf *body, struct mcp_value v)
{
	bool first = true;

	buf_addc(body, '{');
	for (uint32_t i = json_first(v.j, v.i); i != 0;
	    i = json_next(v.j, v.i, i + 1)) {
		buf_adds(body, first ? "" : ",");
		mcp_put_value(body, (struct mcp_value){ v.j, i });
		buf_addc(body, ':');
		if (!json_is(v.j, i, "params") || !put_held(body,
		    (struct mcp_value){ v.j, i + 1 }, JSON_ARRAY))
			mcp_put_value(body, (struct mcp_value){ v.j, i + 1 });
		first = false;
	}
	buf_addc(body, '}');
}

/* A statement of the list: an object of sql and params, or the SQL alone. */
static int
put_statement(struct mcp_call *c, struct buf *body, const struct json *j,
    uint32_t i)
{
	struct mcp_value v = { j, i };

	if (j->tok[i].type == JSON_STRING) {
		if (put_held(body, v, JSON_OBJECT))
			return 0;
		buf_adds(body, "{\"sql\":");
		mcp_put_value(body, v);
		buf_addc(body, '}');
		return 0;
	}
	if (j->tok[i].type == JSON_OBJECT && mcp_member(v, "sql").j != NULL) {
		put_object(body, v);
		return 0;
	}
	mcp_tool_error(c, "statements is an array of {\"sql\": \"...\", "
	    "\"params\": [...]}");
	return -1;
}

static enum mcp_verdict
ask_transaction(struct mcp_call *c, const char *confirm)
{
	struct mcp_value v = mcp_arg(c, "statements");
	struct buf *body = mcp_db_ask_batch(c);
	bool first = true;

	buf_adds(body, ",\"statements\":[");
	for (uint32_t i = json_first(v.j, v.i); i != 0;
	    i = json_next(v.j, v.i, i)) {
		if (!first)
			buf_addc(body, ',');
		first = false;
		if (put_statement(c, body, v.j, i) == -1)
			return MCP_DONE;
	}
	buf_adds(body, "]");
	mcp_db_pass(c, body, "isolation");
	mcp_db_pass(c, body, "dry_run");
	buf_addf(body, ",\"max_rows\":%d,\"confirm\":", MCP_DB_ROWS);
	json_put_cstr(body, confirm);
	if (mcp_db_take_idem(c) == -1)
		return MCP_DONE;
	c->ask.writes = !mcp_arg_bool(c, "dry_run");
	return mcp_db_ask_end(c);
}

static enum mcp_verdict
tell_transaction(struct mcp_call *c)
{
	struct mcp_db_shape shape = { .max_bytes = MCP_DB_BYTES, .data = true,
	    .more = "Do not count or conclude from these: aggregate in SQL, "
	    "filter, or read with sql_query." };
	struct json *j = &c->answer.json;
	struct buf out;
	uint32_t results, i;

	if (!mcp_db_ok(c))
		return mcp_db_error(c);
	results = json_list(j, 0, "results");
	if (results != 0 && j->tok[results].n > 1) {
		shape.max_bytes /= j->tok[results].n;
		if (shape.max_bytes < RESULT_LEAST)
			shape.max_bytes = RESULT_LEAST;
	}
	buf_init(&out, MCP_OUT_MAX / 4);
	buf_adds(&out, "{\"results\":[");
	for (uint32_t k = 0; (i = mcp_db_result(c, k)) != 0; k++) {
		buf_adds(&out, k == 0 ? "{" : ",{");
		mcp_db_put_result(&out, j, i, &shape);
		buf_addc(&out, '}');
	}
	buf_addf(&out, "],\"committed\":%s}",
	    mcp_arg_bool(c, "dry_run") ? "false" : "true");
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_transaction(struct mcp_call *c)
{
	return mcp_db_gate(c, ask_transaction, tell_transaction);
}
