/*
 * mcp_db_describe.c - describe_table: columns, and all else that one must
 * know of a table before writing SQL for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

/* A name as PostgreSQL would read it; failing that as it is written, which
 * is how camelCase names are repeated. */
#define FIND \
    "WITH t AS (SELECT coalesce((SELECT c.oid FROM pg_class c" \
    " WHERE c.oid = to_regclass($1)" \
    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')), (SELECT c.oid" \
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" \
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')" \
    " AND (c.relname = $1 OR n.nspname || '.' || c.relname = $1)" \
    " AND has_schema_privilege(n.oid, 'USAGE')" \
    " ORDER BY n.nspname <> 'public', n.nspname LIMIT 1)) AS oid) "

const char mcp_db_columns_sql[] =
    FIND "SELECT a.attname AS column_name,"
    " format_type(a.atttypid, a.atttypmod) AS data_type,"
    " CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,"
    " CASE WHEN a.attidentity <> '' THEN 'generated '"
    "  || CASE a.attidentity WHEN 'a' THEN 'always' ELSE 'by default' END"
    "  || ' as identity' WHEN a.attgenerated <> '' THEN"
    "  'generated always as (' || pg_get_expr(d.adbin, d.adrelid)"
    "  || ')' ELSE pg_get_expr(d.adbin, d.adrelid) END AS column_default,"
    " left(col_description(a.attrelid, a.attnum), 300) AS comment"
    " FROM t JOIN pg_attribute a ON a.attrelid = t.oid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid"
    "  AND d.adnum = a.attnum"
    " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

#define CONSTRAINTS(type) \
    "(SELECT jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname)" \
    " FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = '" \
    type "')"

const char mcp_db_facts_sql[] =
    FIND "SELECT jsonb_strip_nulls(jsonb_build_object("
    " 'table', c.oid::regclass::text,"
    " 'kind', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN"
    "  'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN"
    "  'materialized view' ELSE 'foreign table' END,"
    " 'comment', obj_description(c.oid, 'pg_class'),"
    " 'approx_rows', CASE WHEN c.reltuples >= 0 THEN c.reltuples::int8 END,"
    " 'primary_key', " CONSTRAINTS("p") " ->> 0,"
    " 'unique', " CONSTRAINTS("u") ","
    " 'foreign_keys', " CONSTRAINTS("f") ","
    " 'checks', " CONSTRAINTS("c") ","
    " 'referenced_by', (SELECT jsonb_agg(k.conrelid::regclass::text || ' '"
    "  || pg_get_constraintdef(k.oid)) FROM pg_constraint k"
    "  WHERE k.confrelid = c.oid AND k.contype = 'f'),"
    " 'indexes', (SELECT jsonb_agg(pg_get_indexdef(i.indexrelid)"
    "  || CASE WHEN i.indisvalid THEN '' ELSE ' -- INVALID' END)"
    "  FROM pg_index i WHERE i.indrelid = c.oid AND NOT i.indisprimary),"
    " 'enums', (SELECT jsonb_object_agg(e.name, e.labels) FROM (SELECT"
    "  format_type(y.oid, NULL) AS name, jsonb_agg(l.enumlabel"
    "  ORDER BY l.enumsortorder) AS labels FROM pg_type y"
    "  JOIN pg_enum l ON l.enumtypid = y.oid WHERE y.oid IN (SELECT"
    "  a.atttypid FROM pg_attribute a WHERE a.attrelid = c.oid"
    "  AND a.attnum > 0) GROUP BY y.oid) e),"
    " 'rls', CASE WHEN c.relrowsecurity THEN jsonb_build_object("
    "  'forced', c.relforcerowsecurity, 'policies', (SELECT"
    "  jsonb_agg(jsonb_build_object('name', p.polname, 'for', CASE p.polcmd"
    "   WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN"
    "   'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,"
    "   'using', pg_get_expr(p.polqual, p.polrelid),"
    "   'check', pg_get_expr(p.polwithcheck, p.polrelid)))"
    "  FROM pg_policy p WHERE p.polrelid = c.oid)) END,"
    " 'you_may', (SELECT jsonb_agg(x) FROM unnest(ARRAY['SELECT', 'INSERT',"
    "  'UPDATE', 'DELETE', 'TRUNCATE']) x"
    "  WHERE has_table_privilege(c.oid, x)),"
    " 'partitions', CASE WHEN c.relkind = 'p' THEN (SELECT count(*) FROM"
    "  pg_inherits h WHERE h.inhparent = c.oid) END,"
    " 'view_definition', CASE WHEN c.relkind IN ('v', 'm') THEN"
    "  left(pg_get_viewdef(c.oid, true), 4000) END))"
    " FROM t JOIN pg_class c ON c.oid = t.oid";

static enum mcp_verdict
ask(struct mcp_call *c)
{
	struct buf *body = mcp_db_ask_batch(c);

	buf_adds(body, ",\"read_only\":true,\"statements\":[{\"sql\":");
	json_put_cstr(body, mcp_db_columns_sql);
	buf_adds(body, ",\"params\":[");
	mcp_arg_raw(c, "table", body);
	buf_adds(body, "]}");
	if (!mcp_arg_is(c, "detail", "columns")) {
		buf_adds(body, ",{\"sql\":");
		json_put_cstr(body, mcp_db_facts_sql);
		buf_adds(body, ",\"params\":[");
		mcp_arg_raw(c, "table", body);
		buf_adds(body, "]}");
	}
	buf_addc(body, ']');
	return mcp_db_ask_end(c);
}

/* A query that fails is told with the names that are near. */
static enum mcp_verdict
ask_in_vain(struct mcp_call *c)
{
	char *table = mcp_arg_str(c, "table");
	struct buf sql;
	enum mcp_verdict v;

	buf_init(&sql, 4096);
	buf_adds(&sql, "SELECT FROM ");
	if (table == NULL || mcp_db_put_name(&sql, table) == -1)
		v = mcp_tool_error(c, "table is a name such as orders, "
		    "app.orders or \"userData\"");
	else {
		buf_adds(&sql, " LIMIT 0");
		v = mcp_db_query(c, buf_cstr(&sql), NULL);
	}
	free(table);
	buf_fini(&sql);
	return v;
}

/* Those of the query, and no others: a name that the result before them has
 * too would be there twice. */
static const char *const fact_names[] = { "table", "kind", "comment",
    "approx_rows", "primary_key", "unique", "foreign_keys", "checks",
    "referenced_by", "indexes", "enums", "rls", "you_may", "partitions",
    "view_definition" };

static void
put_facts(struct buf *out, const struct json *facts)
{
	uint32_t i;

	for (size_t k = 0; k < sizeof(fact_names) / sizeof(*fact_names); k++) {
		if ((i = json_member(facts, 0, fact_names[k])) == 0)
			continue;
		buf_addf(out, ",\"%s\":", fact_names[k]);
		mcp_db_put_json(out, facts, i);
	}
}

void
mcp_db_put_table(struct mcp_call *c, struct buf *out)
{
	uint32_t first = mcp_db_result(c, 0), second = mcp_db_result(c, 1);
	static const struct mcp_db_shape shape = {
	    .max_bytes = MCP_DB_BYTES, .more = "Read the others in "
	    "information_schema.columns." };
	char *facts = second == 0 ? NULL : mcp_db_cell(c, second, 0, 0);
	struct json j;

	buf_addc(out, '{');
	mcp_db_put_result(out, &c->answer.json, first, &shape);
	if (facts != NULL && json_read(&j, facts, strlen(facts), NULL) == 0) {
		put_facts(out, &j);
		json_fini(&j);
	}
	free(facts);
	buf_addc(out, '}');
}

static enum mcp_verdict
tell(struct mcp_call *c)
{
	struct buf out;

	buf_init(&out, MCP_OUT_MAX / 4);
	mcp_db_put_table(c, &out);
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_describe_table(struct mcp_call *c)
{
	switch (c->step++) {
	case 0:
		return ask(c);
	case 1:
		if (!mcp_db_ok(c))
			return mcp_db_error(c);
		if (mcp_db_rows(c, mcp_db_result(c, 0)) > 0)
			return tell(c);
		return ask_in_vain(c);
	}
	if (!mcp_db_ok(c))
		return mcp_db_error(c);
	return mcp_tool_error(c, "it has no columns: a sequence, say, or a "
	    "table without any");
}
