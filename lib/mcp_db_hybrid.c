/*
 * mcp_db_hybrid.c - vector_hybrid_search: the nearest vectors and the best
 * matches of words, merged by reciprocal rank fusion.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define K_MOST		1000
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

/* $1 the embedding, $2 the words, then the filter's. */
static int
put_sql(struct mcp_call *c, const struct mcp_db_vector *v, struct buf *sql,
    struct buf *params)
{
	int64_t k = mcp_arg_int(c, "k", 10, 1, K_MOST);
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
	else if (mcp_db_vector_put_filter(c, &filter, params, &n) == 0 &&
	    put_text(c, &text) == 0)
		rc = 0;
	if (rc == -1)
		goto free_parts;
	buf_addc(params, ']');
	buf_adds(sql, "WITH q AS (SELECT websearch_to_tsquery($2) AS q),"
	    " v AS (SELECT tableoid AS o, ctid AS t, row_number() OVER"
	    " (ORDER BY d) AS r FROM (SELECT tableoid, ctid, ");
	mcp_db_put_ident(sql, v->column);
	buf_addf(sql, " <=> $1::%s AS d FROM %s WHERE true%s ORDER BY d"
	    " LIMIT %lld) s), w AS (SELECT tableoid AS o, ctid AS t,"
	    " row_number() OVER (ORDER BY d DESC) AS r FROM (SELECT tableoid,"
	    " ctid, ts_rank_cd(%s, q) AS d FROM %s, q WHERE %s @@ q%s"
	    " ORDER BY d DESC LIMIT %lld) s) SELECT ", v->type,
	    buf_cstr(&name), buf_cstr(&filter), (long long)(CANDIDATES * k),
	    buf_cstr(&text), buf_cstr(&name), buf_cstr(&text),
	    buf_cstr(&filter), (long long)(CANDIDATES * k));
	rc = mcp_db_vector_put_columns(c, sql, "x.");
	buf_addf(sql, ", round(coalesce(1.0 / (%d + v.r), 0)"
	    " + coalesce(1.0 / (%d + w.r), 0), 6)::float8 AS rrf_score,"
	    " v.r AS vector_rank, w.r AS text_rank"
	    " FROM v FULL JOIN w ON w.o = v.o AND w.t = v.t JOIN %s x"
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

static enum mcp_verdict
ask_search(struct mcp_call *c, const struct mcp_db_vector *v)
{
	struct buf sql, params, *body;
	enum mcp_verdict verdict = MCP_DONE;

	buf_init(&sql, MCP_MESSAGE_MAX);
	buf_init(&params, MCP_MESSAGE_MAX);
	if (put_sql(c, v, &sql, &params) == 0) {
		body = mcp_db_ask_sql(c, buf_cstr(&sql));
		buf_adds(body, ",\"params\":");
		buf_adds(body, buf_cstr(&params));
		buf_adds(body, ",\"read_only\":true");
		mcp_db_vector_put_settings(body, c, v, CANDIDATES *
		    mcp_arg_int(c, "k", 10, 1, K_MOST));
		verdict = mcp_db_ask_end(c);
	}
	buf_fini(&sql);
	buf_fini(&params);
	return verdict;
}

enum mcp_verdict
mcp_db_hybrid_search(struct mcp_call *c)
{
	struct mcp_db_vector v = { .metric = 0 };
	struct mcp_db_shape shape = mcp_db_data;
	enum mcp_verdict verdict = MCP_DONE;

	if (c->step == 0) {
		c->step++;
		return mcp_db_vector_look(c);
	}
	if ((v.column = mcp_arg_str(c, "vector_column")) == NULL)
		return mcp_tool_error(c, "vector_column cannot be read");
	if (c->step++ == 1) {
		if (mcp_db_vector_found(c, &v) == 0)
			verdict = ask_search(c, &v);
	} else {
		shape.drop = v.column;
		verdict = mcp_db_tell_result(c, &shape);
	}
	free(v.column);
	free(v.type);
	return verdict;
}
