/*
 * mcp_db_resource.c - resources and completion: the guide, and every table
 * as acdb://schema/{schema}/{table}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enc.h"
#include "mcp_db_priv.h"

#define TABLE_URI	"acdb://schema/"
#define TTL_GUIDE	3600000
#define TTL_TABLE	10000

static enum mcp_verdict
tell_text(struct mcp_call *c, const char *uri, const char *type,
    const char *text, int ttl)
{
	struct buf *out = mcp_result_open(c);

	buf_adds(out, "\"contents\":[{\"uri\":");
	json_put_cstr(out, uri);
	buf_addf(out, ",\"mimeType\":\"%s\",\"text\":", type);
	json_put_cstr(out, text);
	buf_adds(out, "}],");
	mcp_put_cache(c, ttl);
	return mcp_result_close(c);
}

static enum mcp_verdict
not_found(struct mcp_call *c, const char *uri)
{
	struct buf data;

	buf_init(&data, MCP_MESSAGE_MAX);
	buf_adds(&data, "{\"uri\":");
	json_put_cstr(&data, uri);
	buf_addc(&data, '}');
	mcp_error(c, c->modern ? MCP_E_PARAMS : MCP_E_NO_RESOURCE,
	    buf_cstr(&data), "Resource not found");
	buf_fini(&data);
	return MCP_DONE;
}

/* A segment of a URI, percent-decoded and quoted as a name. */
static int
put_segment(struct buf *out, const char *s, size_t n)
{
	struct buf name;
	int rc = -1;
	char byte;

	buf_init(&name, 1024);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n &&
		    enc_unhex(&byte, s + i + 1, 1) == 0) {
			buf_addc(&name, byte);
			i += 2;
		} else
			buf_addc(&name, s[i]);
	}
	if (n > 0 && !buf_failed(&name) &&
	    strlen(buf_cstr(&name)) == buf_len(&name) &&
	    json_utf8_valid(buf_peek(&name, NULL), buf_len(&name))) {
		mcp_db_put_ident(out, buf_cstr(&name));
		rc = 0;
	}
	buf_fini(&name);
	return rc;
}

static enum mcp_verdict
ask_table(struct mcp_call *c, const char *uri)
{
	const char *schema = uri + strlen(TABLE_URI);
	const char *slash = strchr(schema, '/');
	struct buf name, *body;
	const char *const sqls[] = { mcp_db_columns_sql, mcp_db_facts_sql };

	buf_init(&name, 2048);
	if (slash == NULL || strchr(slash + 1, '/') != NULL ||
	    put_segment(&name, schema, (size_t)(slash - schema)) == -1 ||
	    buf_addc(&name, '.') == -1 ||
	    put_segment(&name, slash + 1, strlen(slash + 1)) == -1) {
		buf_fini(&name);
		return not_found(c, uri);
	}
	body = mcp_db_ask_batch(c);
	buf_adds(body, ",\"read_only\":true,\"statements\":[");
	for (size_t i = 0; i < NELEM(sqls); i++) {
		buf_adds(body, i > 0 ? ",{\"sql\":" : "{\"sql\":");
		json_put_cstr(body, sqls[i]);
		buf_adds(body, ",\"params\":[");
		json_put_cstr(body, buf_cstr(&name));
		buf_adds(body, "]}");
	}
	buf_addc(body, ']');
	buf_fini(&name);
	return mcp_db_ask_end(c);
}

static enum mcp_verdict
fail(struct mcp_call *c)
{
	struct buf text;

	buf_init(&text, 9000);
	mcp_db_explain_error(c, &text);
	mcp_error(c, MCP_E_INTERNAL, NULL, "%s", buf_cstr(&text));
	buf_fini(&text);
	return MCP_DONE;
}

static enum mcp_verdict
tell_table(struct mcp_call *c, const char *uri)
{
	struct buf out;

	if (mcp_db_rows(c, mcp_db_result(c, 0)) == 0)
		return not_found(c, uri);
	buf_init(&out, MCP_OUT_MAX / 4);
	mcp_db_put_table(c, &out);
	tell_text(c, uri, "application/json", buf_cstr(&out), TTL_TABLE);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_read(struct mcp_call *c)
{
	char *uri = mcp_param_str(c, "uri");
	enum mcp_verdict v;

	if (uri == NULL)
		return mcp_error(c, MCP_E_PARAMS, NULL,
		    "params.uri must be a string");
	if (strcmp(uri, "acdb://guide") == 0)
		v = tell_text(c, uri, "text/markdown", mcp_db_guide,
		    TTL_GUIDE);
	else if (strncmp(uri, TABLE_URI, strlen(TABLE_URI)) != 0)
		v = not_found(c, uri);
	else if (c->step++ == 0)
		v = ask_table(c, uri);
	else
		v = mcp_db_ok(c) ? tell_table(c, uri) : fail(c);
	free(uri);
	return v;
}

/* Names that begin with what was typed; of tables in the schema that the
 * context names. */
static const char complete_sql[] =
    "SELECT DISTINCT CASE WHEN $1 = 'schema' THEN n.nspname"
    "  ELSE c.relname END AS v"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND n.nspname !~ '^(pg_|information_schema$|acdb(_|$)|ext$)'"
    " AND has_schema_privilege(n.oid, 'USAGE')"
    " AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')"
    " AND starts_with(lower(CASE WHEN $1 = 'schema' THEN n.nspname"
    "  ELSE c.relname END), lower($2))"
    " AND ($3::text IS NULL OR n.nspname = $3) ORDER BY 1";

static enum mcp_verdict
tell_values(struct mcp_call *c, bool any)
{
	struct buf *out = mcp_result_open(c);
	uint32_t n = any && mcp_db_ok(c) ? mcp_db_rows(c, 0) : 0;
	char *value;

	buf_adds(out, "\"completion\":{\"values\":[");
	for (uint32_t i = 0; i < n; i++) {
		value = mcp_db_cell(c, 0, i, 0);
		if (i > 0)
			buf_addc(out, ',');
		json_put_cstr(out, value != NULL ? value : "");
		free(value);
	}
	buf_addf(out, "],\"hasMore\":%s},", n == MCP_DB_ROWS ? "true" :
	    "false");
	return mcp_result_close(c);
}

static void
put_or_null(struct buf *out, struct mcp_value v)
{
	buf_addc(out, ',');
	if (v.j != NULL && v.j->tok[v.i].type == JSON_STRING)
		mcp_put_value(out, v);
	else
		buf_adds(out, "null");
}

enum mcp_verdict
mcp_db_complete(struct mcp_call *c)
{
	struct mcp_value ref = mcp_param(c, "ref");
	struct mcp_value arg = mcp_param(c, "argument");
	struct mcp_value name = mcp_member(arg, "name");
	struct mcp_value value = mcp_member(arg, "value");
	struct mcp_value given = mcp_member(mcp_param(c, "context"),
	    "arguments");
	bool schema, table;
	struct buf *body;

	if (c->step++ > 0)
		return tell_values(c, true);
	if (ref.j == NULL || name.j == NULL || value.j == NULL ||
	    value.j->tok[value.i].type != JSON_STRING)
		return mcp_error(c, MCP_E_PARAMS, NULL, "params.ref and "
		    "params.argument with name and value are wanted");
	schema = json_is(name.j, name.i, "schema");
	table = json_is(name.j, name.i, "table");
	if (!schema && !table)
		return tell_values(c, false);
	body = mcp_db_ask_sql(c, complete_sql);
	buf_addf(body, ",\"params\":[\"%s\"", schema ? "schema" : "table");
	put_or_null(body, value);
	put_or_null(body, schema ? (struct mcp_value){ NULL, 0 } :
	    mcp_member(given, "schema"));
	buf_addf(body, "],\"max_rows\":%d,\"read_only\":true", MCP_DB_ROWS);
	return mcp_db_ask_end(c);
}
