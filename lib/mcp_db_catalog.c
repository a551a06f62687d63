/*
 * mcp_db_catalog.c - list_tables and search_schema: what there is that the
 * calling role can see.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define LIMIT		100
#define LIMIT_MOST	1000

/* Relations of people's own schemas on which the role may do anything. */
#define VISIBLE \
    " c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition" \
    " AND n.nspname !~ '^(pg_|information_schema$|acdb(_|$)|ext$)'" \
    " AND has_schema_privilege(n.oid, 'USAGE')" \
    " AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')" \
    "  OR has_any_column_privilege(c.oid, 'SELECT'))"

#define KIND \
    "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned'" \
    " WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview' ELSE 'foreign' END"

#define LIKE(what) what " ILIKE '%' || $1 || '%'"

static const char names_sql[] =
    "SELECT c.relname AS table_name, n.nspname AS schema"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE" VISIBLE
    " AND ($1::text IS NULL OR " LIKE("c.relname") ")"
    " AND ($2::text IS NULL OR n.nspname = $2)"
    " AND ($3::text[] IS NULL OR " KIND " = ANY ($3))"
    " ORDER BY n.nspname <> 'public', n.nspname, c.relname OFFSET $4::int8";

static const char summary_sql[] =
    "SELECT c.relname AS table_name, CASE WHEN c.reltuples >= 0 THEN"
    "  c.reltuples::int8 END AS approx_rows, n.nspname AS schema,"
    " " KIND " AS kind, c.relrowsecurity AS rls,"
    " left(obj_description(c.oid, 'pg_class'), 200) AS comment"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE" VISIBLE
    " AND ($1::text IS NULL OR " LIKE("c.relname") ")"
    " AND ($2::text IS NULL OR n.nspname = $2)"
    " AND ($3::text[] IS NULL OR " KIND " = ANY ($3))"
    " ORDER BY n.nspname <> 'public', n.nspname, c.relname OFFSET $4::int8";

static void
put_or_null(struct mcp_call *c, struct buf *out, const char *name)
{
	if (!mcp_arg_raw(c, name, out))
		buf_adds(out, "null");
}

/* $1 to $3 of a search. */
static void
put_filters(struct mcp_call *c, struct buf *body)
{
	buf_adds(body, ",\"params\":[");
	put_or_null(c, body, "pattern");
	buf_addc(body, ',');
	put_or_null(c, body, "schema");
	buf_addc(body, ',');
	put_or_null(c, body, "kinds");
}

static int64_t
limit_wanted(const struct mcp_call *c)
{
	return mcp_arg_int(c, "limit", LIMIT, 1, LIMIT_MOST);
}

/* The cursor is the number of tables before the page, which may have become
 * shorter than it was asked for. */
static enum mcp_verdict
tell_tables(struct mcp_call *c)
{
	static const struct mcp_db_shape shape = {
	    .max_bytes = MCP_DB_BYTES, .more = "Call again with next_cursor "
	    "as cursor, or narrow it by pattern, schema or kinds." };
	const struct json *j = &c->answer.json;
	struct buf out;
	uint32_t cut, shown;

	if (!mcp_db_ok(c))
		return mcp_db_error(c);
	buf_init(&out, MCP_OUT_MAX / 4);
	buf_addc(&out, '{');
	shown = mcp_db_put_result(&out, j, 0, &shape);
	cut = json_member(j, 0, "truncated");
	if (shown < mcp_db_rows(c, 0) ||
	    (cut != 0 && j->tok[cut].type == JSON_TRUE))
		buf_addf(&out, ",\"next_cursor\":%lld",
		    (long long)mcp_arg_int(c, "cursor", 0, 0, INT32_MAX) +
		    shown);
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_list_tables(struct mcp_call *c)
{
	struct buf *body;

	if (c->step++ > 0)
		return tell_tables(c);
	body = mcp_db_ask_sql(c, mcp_arg_is(c, "detail", "names") ?
	    names_sql : summary_sql);
	put_filters(c, body);
	buf_addf(body, ",%lld],\"max_rows\":%lld,\"read_only\":true",
	    (long long)mcp_arg_int(c, "cursor", 0, 0, INT32_MAX),
	    (long long)limit_wanted(c));
	return mcp_db_ask_end(c);
}

/* Names, columns, functions and comments; the nearest first. */
static const char search_sql[] =
    "WITH t AS (SELECT c.oid, c.relname, c.relrowsecurity,"
    "  CASE WHEN n.nspname = 'public' THEN quote_ident(c.relname)"
    "  ELSE format('%I.%I', n.nspname, c.relname) END AS name, n.nspname,"
    "  " KIND " AS kind"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE" VISIBLE "), m AS ("
    " SELECT t.kind, t.name, t.nspname AS schema,"
    "  left(obj_description(t.oid, 'pg_class'), 200) AS detail,"
    "  t.relname AS matched FROM t"
    "  WHERE " LIKE("t.relname") " OR " LIKE("obj_description(t.oid,"
    "   'pg_class')")
    " UNION ALL SELECT 'column', t.name || '.' || quote_ident(a.attname),"
    "  t.nspname, concat_ws(': ', format_type(a.atttypid, a.atttypmod),"
    "  left(col_description(t.oid, a.attnum), 200)), a.attname"
    "  FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0"
    "  AND NOT a.attisdropped"
    "  WHERE " LIKE("a.attname") " OR " LIKE("col_description(t.oid,"
    "   a.attnum)")
    " UNION ALL SELECT 'function', p.oid::regprocedure::text, n.nspname,"
    "  left(concat_ws(': ', 'returns ' || pg_get_function_result(p.oid),"
    "  obj_description(p.oid, 'pg_proc')), 200), p.proname"
    "  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
    "  WHERE n.nspname !~ '^(pg_|information_schema$|acdb(_|$)|ext$)'"
    "  AND has_schema_privilege(n.oid, 'USAGE')"
    "  AND has_function_privilege(p.oid, 'EXECUTE') AND "
    LIKE("p.proname") ")"
    " SELECT kind, name, detail FROM m"
    " WHERE ($2::text IS NULL OR schema = $2)"
    " AND ($3::text[] IS NULL OR kind = ANY ($3))"
    " ORDER BY lower(matched) <> lower($1), kind = 'column',"
    " length(matched), name";

static enum mcp_verdict
tell_matches(struct mcp_call *c)
{
	static const struct mcp_db_shape shape = {
	    .max_bytes = MCP_DB_BYTES, .more = "Narrow it by a longer pattern, "
	    "schema or kinds, or raise limit." };

	if (!mcp_db_ok(c) || mcp_db_rows(c, 0) > 0)
		return mcp_db_tell_result(c, &shape);
	return mcp_tool_error(c, "nothing that this key can see matches: try "
	    "a shorter part of the name, or list_tables");
}

enum mcp_verdict
mcp_db_search_schema(struct mcp_call *c)
{
	struct buf *body;

	if (c->step++ > 0)
		return tell_matches(c);
	body = mcp_db_ask_sql(c, search_sql);
	put_filters(c, body);
	buf_addf(body, "],\"max_rows\":%lld,\"read_only\":true",
	    (long long)mcp_arg_int(c, "limit", 50, 1, LIMIT_MOST));
	return mcp_db_ask_end(c);
}
