/*
 * mcp_db_hybrid.c - vector_hybrid_search: the nearest vectors and the best
 * matches of words, merged by reciprocal rank fusion.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define RRF		60	/* the usual constant of the method */
#define CANDIDATES	4	/* times k, of each kind */

/* The text of all text_columns together. */
static int
put_text(struct mcp_call *c, struct buf *sql)
{
	struct mcp_value v = mcp_arg(c, "text_columns");
	char *name;
	bool first = true;

	buf_adds(sql, "to_tsvector(concat_ws(' '");
	for (uint32_t i = json_first(v.j, v.i); i != 0;
	    i = json_next(v.j, v.i, i)) {
		if ((name = mcp_strdup((struct mcp_value){ v.j, i })) == NULL)
			break;
		buf_adds(sql, ", ");
		mcp_db_put_ident(sql, name);
		free(name);
		first = false;
	}
	buf_adds(sql, "))");
	if (!first)
		return 0;
	mcp_tool_error(c, "text_columns is an array of names of columns");
	return -1;
}

/* By the answer that has the columns of the table. */
static bool
is_view(const struct mcp_call *c)
{
	char *cell = mcp_db_cell(c, 0, 0, 4);
	bool view = cell != NULL && strcmp(cell, "true") == 0;

	free(cell);
	return view;
}

/* $1 the embedding, $2 the words, then the filter's.  What is named here must
 * not be what a column or table may be called. */
static int
put_sql(struct mcp_call *c, const struct mcp_db_vector *v, int64_t k,
    struct buf *sql, struct buf *params)
{
	char *table = mcp_arg_str(c, "table");
	struct buf name, filter, text;
	int n = 2, rc = -1;

	buf_init(&name, 1024);
	buf_init(&filter, MCP_MESSAGE_MAX);
	buf_init(&text, MCP_MESSAGE_MAX);
	buf_addc(params, '[');
	mcp_arg_raw(c, "query_embedding", params);
	buf_addc(params, ',');
	mcp_arg_raw(c, "query_text", params);
	if (table == NULL || mcp_db_put_name(&name, table) == -1)
		mcp_tool_error(c, "table is not a name");
	else if (is_view(c))
		mcp_tool_error(c, "%s is a view, whose rows have no place by "
		    "which to merge them: use the tables that it shows, or "
		    "vector_search", table);
	else if (mcp_db_vector_put_filter(c, &filter, params, &n) == 0 &&
	    put_text(c, &text) == 0)
		rc = 0;
	if (rc == -1)
		goto free_parts;
	buf_addc(params, ']');
	buf_adds(sql, "WITH acdb_words AS (SELECT websearch_to_tsquery($2) AS"
	    " acdb_q), acdb_v AS (SELECT tableoid AS o, ctid AS t,"
	    " row_number() OVER (ORDER BY d) AS r FROM (SELECT tableoid,"
	    " ctid, ");
	mcp_db_put_ident(sql, v->column);
	buf_addf(sql, " <=> $1::%s AS d FROM %s WHERE ", v->type,
	    buf_cstr(&name));
	mcp_db_put_ident(sql, v->column);
	buf_addf(sql, " IS NOT NULL%s ORDER BY d LIMIT %lld) s), acdb_w AS"
	    " (SELECT tableoid AS o, ctid AS t, row_number() OVER (ORDER BY d"
	    " DESC) AS r FROM (SELECT tableoid, ctid, ts_rank_cd(%s, acdb_q)"
	    " AS d FROM %s, acdb_words WHERE %s @@ acdb_q%s ORDER BY d DESC"
	    " LIMIT %lld) s) SELECT ", buf_cstr(&filter),
	    (long long)(CANDIDATES * k), buf_cstr(&text), buf_cstr(&name),
	    buf_cstr(&text), buf_cstr(&filter), (long long)(CANDIDATES * k));
	rc = mcp_db_vector_put_columns(c, sql, "x.");
	buf_addf(sql, ", round(coalesce(1.0 / (%d + v.r), 0)"
	    " + coalesce(1.0 / (%d + w.r), 0), 6)::float8 AS rrf_score,"
	    " v.r AS vector_rank, w.r AS text_rank"
	    " FROM acdb_v v FULL JOIN acdb_w w ON w.o = v.o AND w.t = v.t"
	    " JOIN %s x"
	    " ON x.tableoid = coalesce(v.o, w.o)"
	    " AND x.ctid = coalesce(v.t, w.t)"
	    " ORDER BY rrf_score DESC, v.r, w.r LIMIT %lld", RRF, RRF,
	    buf_cstr(&name), (long long)k);
free_parts:
	free(table);
	buf_fini(&name);
	buf_fini(&filter);
	buf_fini(&text);
	return rc;
}

enum mcp_verdict
mcp_db_hybrid_search(struct mcp_call *c)
{
	return mcp_db_vector_steps(c, put_sql, CANDIDATES, &mcp_db_data);
}
