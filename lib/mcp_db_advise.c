/*
 * mcp_db_advise.c - advise: what a look at the catalogs and statistics says
 * should be better, each with the SQL that would do it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

/* Tables of people's own schemas. */
#define OWN(c, n) \
    " " n ".nspname !~ '^(pg_|information_schema$|acdb(_|$)|ext$)'" \
    " AND has_schema_privilege(" n ".oid, 'USAGE')" \
    " AND has_table_privilege(" c ".oid, 'SELECT')"

static const char design_sql[] =
    "SELECT * FROM ("
    " SELECT 'missing_fk_index' AS check, 'warning' AS severity,"
    "  k.conrelid::regclass || ': ' || pg_get_constraintdef(k.oid)"
    "   AS object,"
    "  'CREATE INDEX ON ' || k.conrelid::regclass || ' (' || (SELECT"
    "   string_agg(quote_ident(a.attname), ', ' ORDER BY u.o)"
    "   FROM unnest(k.conkey) WITH ORDINALITY u(n, o) JOIN pg_attribute a"
    "   ON a.attrelid = k.conrelid AND a.attnum = u.n) || ')' AS fix_sql"
    "  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE k.contype = 'f' AND" OWN("c", "n")
    "  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid ="
    "   k.conrelid AND i.indisvalid AND (i.indkey::int2[])"
    "   [0:cardinality(k.conkey) - 1] @> k.conkey)"
    " UNION ALL SELECT 'no_primary_key', 'warning', c.oid::regclass::text,"
    "  'ALTER TABLE ' || c.oid::regclass || ' ADD PRIMARY KEY (...)'"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
    "  AND" OWN("c", "n")
    "  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid"
    "   AND i.indisprimary)"
    " UNION ALL SELECT 'rls_off', 'error', c.oid::regclass::text,"
    "  'ALTER TABLE ' || c.oid::regclass || ' ENABLE ROW LEVEL SECURITY'"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relkind IN ('r', 'p') AND NOT c.relrowsecurity"
    "  AND" OWN("c", "n")
    "  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
    "   AND a.attname = 'workspace_id' AND NOT a.attisdropped)"
    " UNION ALL SELECT 'invalid_index', 'error', i.indexrelid::regclass"
    "  ::text, 'REINDEX INDEX ' || i.indexrelid::regclass"
    "  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE NOT i.indisvalid AND" OWN("c", "n")
    " UNION ALL SELECT 'duplicate_index', 'warning', a.indexrelid::regclass"
    "  || ' = ' || b.indexrelid::regclass,"
    "  'DROP INDEX ' || a.indexrelid::regclass"
    "  FROM pg_index a JOIN pg_index b ON a.indrelid = b.indrelid"
    "  AND a.indexrelid > b.indexrelid AND a.indkey::text = b.indkey::text"
    "  AND a.indclass = b.indclass AND a.indoption = b.indoption"
    "  AND NOT a.indisunique AND a.indexprs IS NULL AND b.indexprs IS NULL"
    "  AND a.indpred IS NULL AND b.indpred IS NULL"
    "  JOIN pg_class c ON c.oid = a.indrelid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE" OWN("c", "n");

static const char use_sql[] =
    " UNION ALL SELECT 'unused_index', 'info', s.indexrelid::regclass || ' ('"
    "  || pg_size_pretty(pg_relation_size(s.indexrelid)) || ')',"
    "  'DROP INDEX ' || s.indexrelid::regclass"
    "  FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)"
    "  JOIN pg_class c ON c.oid = i.indrelid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE s.idx_scan = 0 AND NOT i.indisunique"
    "  AND pg_relation_size(s.indexrelid) > 1000000 AND" OWN("c", "n")
    " UNION ALL SELECT 'sequential_scans', 'info', s.relid::regclass || ': '"
    "  || s.seq_scan || ' scans, ' || s.seq_tup_read || ' rows read',"
    "  NULL FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE s.seq_scan > 100 AND s.seq_tup_read / s.seq_scan > 10000"
    "  AND" OWN("c", "n")
    " UNION ALL SELECT 'bloat', 'info', s.relid::regclass || ': '"
    "  || s.n_dead_tup || ' dead rows of ' || s.n_live_tup + s.n_dead_tup,"
    "  'VACUUM ' || s.relid::regclass FROM pg_stat_user_tables s"
    "  JOIN pg_class c ON c.oid = s.relid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE s.n_dead_tup > 10000 AND s.n_dead_tup * 5 > s.n_live_tup"
    "  AND" OWN("c", "n")
    " UNION ALL SELECT 'never_analyzed', 'info', s.relid::regclass::text,"
    "  'ANALYZE ' || s.relid::regclass FROM pg_stat_user_tables s"
    "  JOIN pg_class c ON c.oid = s.relid"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE s.last_analyze IS NULL AND s.last_autoanalyze IS NULL"
    "  AND s.n_live_tup > 1000 AND" OWN("c", "n")
    ") f WHERE $1::text[] IS NULL OR f.check = ANY ($1)"
    " ORDER BY severity = 'info', severity, 1, 3";

static enum mcp_verdict
tell(struct mcp_call *c)
{
	static const char *const names[] = { "check", "severity", "object",
	    "fix_sql" };
	struct buf out;
	uint32_t n = mcp_db_rows(c, 0);
	uint32_t cut = json_member(&c->answer.json, 0, "truncated");
	char *cell;

	buf_init(&out, MCP_OUT_MAX / 4);
	buf_adds(&out, "{\"findings\":[");
	for (uint32_t i = 0; i < n; i++) {
		buf_adds(&out, i > 0 ? ",{" : "{");
		for (uint32_t k = 0; k < NELEM(names); k++) {
			cell = mcp_db_cell(c, 0, i, k);
			buf_addf(&out, "%s\"%s\":", k > 0 ? "," : "",
			    names[k]);
			json_put_cstr(&out, cell);
			free(cell);
		}
		buf_addc(&out, '}');
	}
	buf_addc(&out, ']');
	if (cut != 0 && c->answer.json.tok[cut].type == JSON_TRUE)
		buf_addf(&out, ",\"truncated\":true,\"notice\":\"INCOMPLETE: "
		    "only the first %u findings are shown. Ask for single "
		    "checks, or mend these and ask again.\"", n);
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_advise(struct mcp_call *c)
{
	struct buf sql, *body;

	if (c->step++ > 0)
		return mcp_db_ok(c) ? tell(c) : mcp_db_error(c);
	buf_init(&sql, sizeof(design_sql) + sizeof(use_sql));
	buf_adds(&sql, design_sql);
	buf_adds(&sql, use_sql);
	body = mcp_db_ask_sql(c, buf_cstr(&sql));
	buf_fini(&sql);
	buf_adds(body, ",\"params\":[");
	if (!mcp_arg_raw(c, "checks", body))
		buf_adds(body, "null");
	buf_addf(body, "],\"max_rows\":%d,\"read_only\":true", MCP_DB_ROWS);
	return mcp_db_ask_end(c);
}
