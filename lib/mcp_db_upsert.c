/*
 * mcp_db_upsert.c - vector_upsert: rows with their vectors in one INSERT.
 */
#include <stdlib.h>

#include "mcp_db_priv.h"

#define ROWS_MOST	100

/* What a row is made of. */
static const char *const names[] = { "id", "vector", "metadata" };

/* A member that no column is made of would be lost without a word. */
static int
check_row(struct mcp_call *c, struct mcp_value row, int count)
{
	char *name;
	size_t k;

	if (row.j->tok[row.i].type != JSON_OBJECT) {
		mcp_tool_error(c, "row %d is no object: each row is {\"id\", "
		    "\"vector\", \"metadata\"}", count);
		return -1;
	}
	for (uint32_t i = json_first(row.j, row.i); i != 0;
	    i = json_next(row.j, row.i, i + 1)) {
		for (k = 0; k < NELEM(names); k++)
			if (json_is(row.j, i, names[k]))
				break;
		if (k < NELEM(names))
			continue;
		name = json_strdup(row.j, i);
		mcp_tool_error(c, "row %d has \"%.64s\", which is not "
		    "written: each row is {\"id\", \"vector\", \"metadata\"}. "
		    "Other columns go into metadata, or are written by "
		    "sql_execute", count, name != NULL ? name : "?");
		free(name);
		return -1;
	}
	return 0;
}

/* ($1, $2, $3), ... and the values. */
static int
put_rows(struct mcp_call *c, bool metadata, struct buf *sql,
    struct buf *params)
{
	struct mcp_value rows = mcp_arg(c, "rows"), v;
	int n = 0, count = 0;

	buf_adds(sql, ") VALUES ");
	for (uint32_t i = json_first(rows.j, rows.i); i != 0;
	    i = json_next(rows.j, rows.i, i)) {
		if (++count > ROWS_MOST) {
			mcp_tool_error(c, "at most %d rows at once",
			    ROWS_MOST);
			return -1;
		}
		if (check_row(c, (struct mcp_value){ rows.j, i }, count) == -1)
			return -1;
		buf_adds(sql, count > 1 ? ", (" : "(");
		for (int k = 0; k < (metadata ? 3 : 2); k++) {
			v = mcp_member((struct mcp_value){ rows.j, i },
			    names[k]);
			if (v.j == NULL && k < 2) {
				mcp_tool_error(c, "row %d has no \"%s\": each "
				    "row is {\"id\", \"vector\", \"metadata\"}",
				    count, names[k]);
				return -1;
			}
			buf_addf(sql, "%s$%d", k > 0 ? ", " : "", ++n);
			buf_addc(params, n == 1 ? '[' : ',');
			if (v.j == NULL)
				buf_adds(params, "null");
			else
				mcp_put_value(params, v);
		}
		buf_addc(sql, ')');
	}
	if (count == 0) {
		mcp_tool_error(c, "rows is empty");
		return -1;
	}
	buf_addc(params, ']');
	return 0;
}

static bool
any_metadata(const struct mcp_call *c)
{
	struct mcp_value rows = mcp_arg(c, "rows");

	if (mcp_arg(c, "metadata_column").j != NULL)
		return true;
	for (uint32_t i = json_first(rows.j, rows.i); i != 0;
	    i = json_next(rows.j, rows.i, i))
		if (mcp_member((struct mcp_value){ rows.j, i },
		    "metadata").j != NULL)
			return true;
	return false;
}

static int
put_upsert(struct mcp_call *c, struct buf *sql, struct buf *params)
{
	char *table = mcp_arg_str(c, "table");
	char *id = mcp_arg_str(c, "id_column");
	char *vec = mcp_arg_str(c, "vector_column");
	char *meta = mcp_arg_str(c, "metadata_column");
	bool metadata = any_metadata(c);
	const char *m = meta != NULL ? meta : "metadata";
	int rc = -1;

	buf_adds(sql, "INSERT INTO ");
	if (table == NULL || id == NULL || vec == NULL ||
	    mcp_db_put_name(sql, table) == -1) {
		mcp_tool_error(c, "table, id_column and vector_column are "
		    "names");
		goto free_names;
	}
	buf_adds(sql, " (");
	mcp_db_put_ident(sql, id);
	buf_adds(sql, ", ");
	mcp_db_put_ident(sql, vec);
	if (metadata) {
		buf_adds(sql, ", ");
		mcp_db_put_ident(sql, m);
	}
	if (put_rows(c, metadata, sql, params) == -1)
		goto free_names;
	buf_adds(sql, " ON CONFLICT (");
	mcp_db_put_ident(sql, id);
	buf_adds(sql, ") DO UPDATE SET ");
	mcp_db_put_ident(sql, vec);
	buf_adds(sql, " = EXCLUDED.");
	mcp_db_put_ident(sql, vec);
	if (metadata) {
		buf_adds(sql, ", ");
		mcp_db_put_ident(sql, m);
		buf_adds(sql, " = EXCLUDED.");
		mcp_db_put_ident(sql, m);
	}
	rc = 0;
free_names:
	free(table);
	free(id);
	free(vec);
	free(meta);
	return rc;
}

enum mcp_verdict
mcp_db_vector_upsert(struct mcp_call *c)
{
	struct buf sql, params, *body;
	int rc;

	if (c->step++ > 0)
		return mcp_db_tell_result(c, &mcp_db_plain);
	buf_init(&sql, MCP_MESSAGE_MAX);
	buf_init(&params, MCP_MESSAGE_MAX);
	rc = put_upsert(c, &sql, &params);
	if (rc == 0) {
		body = mcp_db_ask_sql(c, buf_cstr(&sql));
		buf_adds(body, ",\"params\":");
		buf_adds(body, buf_cstr(&params));
		c->ask.writes = true;
		rc = mcp_db_take_idem(c);
	}
	buf_fini(&sql);
	buf_fini(&params);
	return rc == -1 ? MCP_DONE : mcp_db_ask_end(c);
}
