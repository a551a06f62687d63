/*
 * rows.c - a statement's result, written into the answer as it comes in.
 *
 * {"columns":[..],"column_types":[..],"rows":[..],"rows_affected":N,
 * "duration_ms":N}; "command", which PostgreSQL tells last, goes in front by
 * way of the answer's prefix.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "lib/log.h"
#include "worker.h"

uint32_t
rows_unknown_type(const struct types *t, const uint32_t *oids, int n)
{
	const struct type *type;

	for (int i = 0; i < n; i++) {
		if (oids[i] == 0)
			continue;
		if ((type = types_find(t, oids[i])) == NULL)
			return oids[i];
		if (type->kind == TYPE_ARRAY &&
		    types_find(t, type->elem) == NULL)
			return type->elem;
	}
	return 0;
}

static void
learn(struct types *types, const PGresult *res, uint32_t wanted)
{
	struct type t = { .oid = wanted, .delim = ',', .name = "unknown" };

	/* An oid that is gone is not asked for again. */
	types_learn(types, &t);
	for (int i = 0; i < PQntuples(res); i++) {
		memset(&t, 0, sizeof(t));
		t.oid = (uint32_t)strtoul(PQgetvalue(res, i, 0), NULL, 10);
		t.kind = types_kind(PQgetvalue(res, i, 1));
		t.elem = (uint32_t)strtoul(PQgetvalue(res, i, 2), NULL, 10);
		t.delim = PQgetvalue(res, i, 3)[0];
		strncpy(t.name, PQgetvalue(res, i, 4), sizeof(t.name) - 1);
		types_learn(types, &t);
	}
}

static void
on_type(struct ctl_query *q, PGresult *res)
{
	struct call *c = (struct call *)(void *)((char *)q -
	    offsetof(struct call, type_query));

	if (res != NULL && PQresultStatus(res) == PGRES_TUPLES_OK)
		learn(c->w->types, res, c->type_wanted);
	else {
		/* Better a string than no answer. */
		struct type t = { .oid = c->type_wanted, .delim = ',',
		    .name = "unknown" };

		types_learn(c->w->types, &t);
	}
	run_resume(c);
}

int
rows_learn(struct call *c)
{
	char oid[16];
	const char *params[1] = { oid };

	snprintf(oid, sizeof(oid), "%u", c->type_wanted);
	c->type_query.done = on_type;
	return ctl_ask(c->w->ctl, &c->type_query, types_query, 1, params);
}

void
rows_restart(struct call *c)
{
	if (c->r != NULL) {
		buf_clear(&c->r->answer.prefix);
		buf_clear(&c->r->answer.body);
	}
	free(c->column);
	c->column = NULL;
	c->columns_written = false;
	c->ncolumns = 0;
	c->rows = 0;
	c->tag[0] = '\0';
}

static void
put_columns(struct buf *out, struct call *c, const PGresult *res)
{
	buf_adds(out, "\"columns\":[");
	for (int i = 0; i < c->ncolumns; i++) {
		if (i > 0)
			buf_addc(out, ',');
		json_put_cstr(out, PQfname(res, i));
	}
	buf_adds(out, "],\"column_types\":[");
	for (int i = 0; i < c->ncolumns; i++) {
		if (i > 0)
			buf_addc(out, ',');
		json_put_cstr(out, c->column[i]->name);
	}
	buf_adds(out, "],\"rows\":[");
}

/* Returns 0, 1 (a type must be learned), or -1 (out of memory). */
static int
know_columns(struct call *c, const PGresult *res)
{
	uint32_t oid;

	c->ncolumns = PQnfields(res);
	for (int i = 0; i < c->ncolumns; i++) {
		oid = PQftype(res, i);
		c->type_wanted = rows_unknown_type(c->w->types, &oid, 1);
		if (c->type_wanted != 0)
			return 1;
	}
	c->column = calloc((size_t)c->ncolumns + 1, sizeof(*c->column));
	if (c->column == NULL)
		return -1;
	for (int i = 0; i < c->ncolumns; i++)
		c->column[i] = types_find(c->w->types, PQftype(res, i));
	return 0;
}

static void
put_row(struct buf *out, struct call *c, const PGresult *res, int row)
{
	buf_adds(out, c->rows++ == 0 ? "[" : ",[");
	for (int i = 0; i < c->ncolumns; i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (PQgetisnull(res, row, i))
			buf_add(out, "null", 4);
		else
			values_put(out, c->w->types, c->column[i],
			    PQgetvalue(res, row, i),
			    (size_t)PQgetlength(res, row, i), &c->style);
	}
	buf_addc(out, ']');
}

int
rows_add(struct call *c, const PGresult *res)
{
	struct buf *out;
	int rc;

	if (c->r == NULL)
		return 0;
	out = &c->r->answer.body;
	if (!c->columns_written) {
		if ((rc = know_columns(c, res)) != 0)
			return rc;
		put_columns(out, c, res);
		c->columns_written = true;
	}
	for (int row = 0; row < PQntuples(res) && !buf_failed(out); row++)
		put_row(out, c, res, row);
	return buf_failed(out) ? -1 : 0;
}

/* "INSERT 0 1" is INSERT, "CREATE TABLE" itself. */
static size_t
command_len(const char *tag)
{
	size_t n = strlen(tag);

	while (n > 0 && (tag[n - 1] == ' ' ||
	    (tag[n - 1] >= '0' && tag[n - 1] <= '9')))
		n--;
	return n;
}

int
rows_end(struct call *c)
{
	struct buf *out = &c->r->answer.body;
	struct buf *prefix = &c->r->answer.prefix;
	size_t n = command_len(c->tag);
	const char *count = strrchr(c->tag, ' ');
	int64_t affected = c->rows;

	if (!c->columns_written)
		buf_adds(out, "\"columns\":[],\"column_types\":[],\"rows\":[");
	if (count != NULL && count[1] >= '0' && count[1] <= '9')
		affected = strtoll(count + 1, NULL, 10);
	buf_addf(out, "],\"rows_affected\":%lld,\"duration_ms\":%lld}",
	    (long long)affected,
	    (long long)((loop_now_us() - c->r->started_us + 500) / 1000));
	buf_adds(prefix, "{\"command\":");
	json_put_str(prefix, c->tag, n);
	buf_addc(prefix, ',');
	c->rows = affected;
	snprintf(c->r->command, sizeof(c->r->command), "%.*s", (int)n, c->tag);
	c->r->rows = affected;
	return buf_failed(out) || buf_failed(prefix) ? -1 : 0;
}
