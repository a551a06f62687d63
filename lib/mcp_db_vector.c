/*
 * mcp_db_vector.c - vector_search, and what it shares with the hybrid one.
 *
 * The table is looked at first: so that a wrong column or a wrong number of
 * dimensions is told in words, and the metric is the one that its index
 * serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define K_MOST		1000
#define EF_DEFAULT	40	/* hnsw.ef_search of pgvector */

/* Column, type, dimensions (-1: any), the metric of an index on it; and whether
 * all this is a view. */
const char mcp_db_vector_columns_sql[] =
    "SELECT a.attname, y.typname, CASE WHEN y.typname IN ('vector',"
    "  'halfvec', 'sparsevec') THEN a.atttypmod END,"
    " (SELECT o.opcname FROM pg_index i JOIN pg_opclass o"
    "  ON o.oid = i.indclass[0] WHERE i.indrelid = a.attrelid"
    "  AND i.indkey[0] = a.attnum AND o.opcname ~ '^(half)?vec' LIMIT 1),"
    " (SELECT k.relkind = 'v' FROM pg_class k WHERE k.oid = a.attrelid)"
    " FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid"
    " WHERE a.attrelid = coalesce(to_regclass($1), (SELECT c.oid"
    "  FROM pg_class c WHERE c.relname = $1 AND pg_table_is_visible(c.oid)"
    "  LIMIT 1)) AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY a.attnum";

static const struct {
	const char	*name, *op, *opclass;
} metrics[] = {
	{ "cosine", "<=>", "cosine_ops" },
	{ "l2", "<->", "l2_ops" },
	{ "ip", "<#>", "ip_ops" },
	{ "l1", "<+>", "l1_ops" },
};

enum mcp_verdict
mcp_db_vector_look(struct mcp_call *c)
{
	struct buf params;
	enum mcp_verdict v;

	buf_init(&params, MCP_MESSAGE_MAX);
	buf_addc(&params, '[');
	mcp_arg_raw(c, "table", &params);
	buf_addc(&params, ']');
	v = mcp_db_query(c, mcp_db_vector_columns_sql, buf_cstr(&params));
	buf_fini(&params);
	return v;
}

/* The row of the vector column, or -1 with an error that names those there
 * are. */
static int
find_column(struct mcp_call *c, const char *wanted)
{
	uint32_t n = mcp_db_rows(c, 0);
	char *name, *type;
	struct buf all, vectors;
	int at = -1;

	buf_init(&all, 4000);
	buf_init(&vectors, 2000);
	for (uint32_t i = 0; i < n && at == -1; i++) {
		name = mcp_db_cell(c, 0, i, 0);
		type = mcp_db_cell(c, 0, i, 1);
		if (name != NULL && type != NULL && (strcmp(type, "vector") ==
		    0 || strcmp(type, "halfvec") == 0)) {
			if (strcmp(name, wanted) == 0)
				at = (int)i;
			buf_addf(&vectors, "%s%s", buf_len(&vectors) > 0 ?
			    ", " : "", name);
		}
		if (name != NULL)
			buf_addf(&all, "%s%s", i > 0 ? ", " : "", name);
		free(name);
		free(type);
	}
	if (at == -1)
		mcp_tool_error(c, "there is no vector column \"%s\". Vector "
		    "columns: %s. All columns: %s", wanted,
		    buf_len(&vectors) > 0 ? buf_cstr(&vectors) : "none",
		    buf_cstr(&all));
	buf_fini(&all);
	buf_fini(&vectors);
	return at;
}

static int
choose_metric(const struct mcp_call *c, const char *opclass)
{
	for (int i = 0; i < (int)NELEM(metrics); i++)
		if (mcp_arg_is(c, "metric", metrics[i].name))
			return i;
	if (mcp_arg(c, "metric").j != NULL)
		return -1;
	for (int i = 0; opclass != NULL && i < (int)NELEM(metrics); i++)
		if (strstr(opclass, metrics[i].opclass) != NULL)
			return i;
	return 0;
}

/* What the look has found out about the column that v->column names.  Returns
 * 0, or -1 with the error written. */
static int
found(struct mcp_call *c, struct mcp_db_vector *v)
{
	struct mcp_value e = mcp_arg(c, "query_embedding");
	uint32_t n = e.j->tok[e.i].n;
	char *opclass, *dims;
	int at;

	if (!mcp_db_ok(c)) {
		mcp_db_error(c);
		return -1;
	}
	if (mcp_db_rows(c, 0) == 0)
		return mcp_db_vector_no_table(c), -1;
	if ((at = find_column(c, v->column)) == -1)
		return -1;
	dims = mcp_db_cell(c, 0, (uint32_t)at, 2);
	v->type = mcp_db_cell(c, 0, (uint32_t)at, 1);
	opclass = mcp_db_cell(c, 0, (uint32_t)at, 3);
	v->metric = choose_metric(c, opclass);
	v->indexed = opclass != NULL;
	free(opclass);
	if (v->metric == -1)
		mcp_tool_error(c, "metric is one of cosine, l2, ip, l1");
	else if (dims != NULL && strtol(dims, NULL, 10) > 0 &&
	    strtol(dims, NULL, 10) != (long)n) {
		mcp_tool_error(c, "\"%s\" has %s dimensions, query_embedding "
		    "has %u: it must come from the same embedding model",
		    v->column, dims, n);
		v->metric = -1;
	}
	free(dims);
	if (v->type == NULL && v->metric != -1)
		mcp_tool_error(c, "out of memory");
	return v->type == NULL || v->metric == -1 ? -1 : 0;
}

enum mcp_verdict
mcp_db_vector_no_table(struct mcp_call *c)
{
	char *table = mcp_arg_str(c, "table");

	mcp_tool_error(c, "there is no table \"%s\" that this key can see: "
	    "list_tables shows those there are", table != NULL ? table : "");
	free(table);
	return MCP_DONE;
}

/* columns[], or all but the vector itself. */
int
mcp_db_vector_put_columns(struct mcp_call *c, struct buf *sql,
    const char *prefix)
{
	struct mcp_value v = mcp_arg(c, "columns");
	char *name;
	bool first = true;

	if (v.j == NULL || v.j->tok[v.i].n == 0) {
		buf_addf(sql, "%s*", prefix);
		return 0;
	}
	for (uint32_t i = json_first(v.j, v.i); i != 0;
	    i = json_next(v.j, v.i, i)) {
		name = mcp_strdup((struct mcp_value){ v.j, i });
		if (name == NULL) {
			mcp_tool_error(c, "columns is an array of names");
			return -1;
		}
		buf_addf(sql, "%s%s", first ? "" : ", ", prefix);
		mcp_db_put_ident(sql, name);
		free(name);
		first = false;
	}
	return 0;
}

/* " AND col = $n" for each member of filter, its value to params. */
int
mcp_db_vector_put_filter(struct mcp_call *c, struct buf *sql,
    struct buf *params, int *n)
{
	struct mcp_value v = mcp_arg(c, "filter");
	char *name;
	uint8_t type;

	if (v.j == NULL)
		return 0;
	for (uint32_t i = json_first(v.j, v.i); i != 0;
	    i = json_next(v.j, v.i, i + 1)) {
		if ((name = json_strdup(v.j, i)) == NULL)
			return -1;
		type = v.j->tok[i + 1].type;
		buf_adds(sql, " AND ");
		mcp_db_put_ident(sql, name);
		free(name);
		if (type == JSON_NULL) {
			buf_adds(sql, " IS NULL");
			continue;
		}
		buf_addf(sql, type == JSON_ARRAY ? " = ANY ($%d)" :
		    " = $%d", ++*n);
		buf_addc(params, ',');
		mcp_put_value(params, (struct mcp_value){ v.j, i + 1 });
	}
	return 0;
}

/* An index looks at no more candidates than these settings say. */
static void
put_settings(struct buf *body, const struct mcp_call *c,
    const struct mcp_db_vector *v, int64_t k)
{
	bool filter = mcp_arg(c, "filter").j != NULL;

	if (!v->indexed || (k <= EF_DEFAULT && !filter))
		return;
	buf_addf(body, ",\"settings\":{\"hnsw.ef_search\":%lld%s}",
	    (long long)(k < EF_DEFAULT ? EF_DEFAULT : k > 1000 ? 1000 : k),
	    filter ? ",\"hnsw.iterative_scan\":\"strict_order\"" : "");
}

static int
put_search(struct mcp_call *c, const struct mcp_db_vector *v, int64_t k,
    struct buf *sql, struct buf *params)
{
	char *table = mcp_arg_str(c, "table");
	int n = 1, rc;

	buf_adds(sql, "SELECT ");
	rc = mcp_db_vector_put_columns(c, sql, "");
	buf_adds(sql, ", ");
	mcp_db_put_ident(sql, v->column);
	buf_addf(sql, " %s $1::%s AS distance FROM ", metrics[v->metric].op,
	    v->type);
	if (rc == 0 && (table == NULL || mcp_db_put_name(sql, table) == -1)) {
		mcp_tool_error(c, "table is not a name");
		rc = -1;
	}
	free(table);
	buf_adds(sql, " WHERE ");
	mcp_db_put_ident(sql, v->column);
	buf_adds(sql, " IS NOT NULL");
	buf_addc(params, '[');
	mcp_arg_raw(c, "query_embedding", params);
	if (rc == 0)
		rc = mcp_db_vector_put_filter(c, sql, params, &n);
	if (mcp_arg(c, "max_distance").j != NULL) {
		buf_adds(sql, " AND ");
		mcp_db_put_ident(sql, v->column);
		buf_addf(sql, " %s $1::%s <= $%d", metrics[v->metric].op,
		    v->type, ++n);
		buf_addc(params, ',');
		mcp_arg_raw(c, "max_distance", params);
	}
	buf_adds(sql, " ORDER BY ");
	mcp_db_put_ident(sql, v->column);
	buf_addf(sql, " %s $1::%s LIMIT %lld", metrics[v->metric].op, v->type,
	    (long long)k);
	buf_addc(params, ']');
	return rc;
}

static enum mcp_verdict
ask_search(struct mcp_call *c, const struct mcp_db_vector *v,
    int (*put)(struct mcp_call *c, const struct mcp_db_vector *v, int64_t k,
    struct buf *sql, struct buf *params), int candidates)
{
	int64_t k = mcp_arg_int(c, "k", 10, 1, K_MOST);
	struct buf sql, params, *body;
	enum mcp_verdict verdict = MCP_DONE;

	buf_init(&sql, MCP_MESSAGE_MAX);
	buf_init(&params, MCP_MESSAGE_MAX);
	if (put(c, v, k, &sql, &params) == 0) {
		body = mcp_db_ask_sql(c, buf_cstr(&sql));
		buf_adds(body, ",\"params\":");
		buf_adds(body, buf_cstr(&params));
		buf_adds(body, ",\"read_only\":true");
		put_settings(body, c, v, candidates * k);
		verdict = mcp_db_ask_end(c);
	}
	buf_fini(&sql);
	buf_fini(&params);
	return verdict;
}

enum mcp_verdict
mcp_db_vector_steps(struct mcp_call *c, int (*put)(struct mcp_call *c,
    const struct mcp_db_vector *v, int64_t k, struct buf *sql,
    struct buf *params), int candidates, const struct mcp_db_shape *shape)
{
	struct mcp_db_vector v = { .metric = 0 };
	struct mcp_db_shape own = *shape;
	enum mcp_verdict verdict = MCP_DONE;

	if (c->step == 0) {
		c->step++;
		return mcp_db_vector_look(c);
	}
	if ((v.column = mcp_arg_str(c, "vector_column")) == NULL)
		return mcp_tool_error(c, "vector_column cannot be read");
	if (c->step++ == 1) {
		if (found(c, &v) == 0)
			verdict = ask_search(c, &v, put, candidates);
	} else {
		own.drop = shape->vectors ? NULL : v.column;
		own.more = "Name in columns what is wanted, or lower k.";
		verdict = mcp_db_tell_result(c, &own);
	}
	free(v.column);
	free(v.type);
	return verdict;
}

enum mcp_verdict
mcp_db_vector_search(struct mcp_call *c)
{
	bool include = mcp_arg_bool(c, "include_vectors");
	struct mcp_db_shape shape = { .max_bytes = include ?
	    MCP_DB_BYTES_MAX : MCP_DB_BYTES, .vectors = include,
	    .data = true };

	return mcp_db_vector_steps(c, put_search, 1, &shape);
}
