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
		if (t.oid == wanted || types_find(types, t.oid) == NULL)
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
		/* Better a string than no answer, but only in this one. */
		struct type t = { .oid = c->type_wanted, .delim = ',',
		    .name = TYPES_GUESSED };

		types_learn(c->w->types, &t);
		c->guessed_type = true;
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

static void
forget_columns(struct call *c)
{
	free(c->column);
	c->column = NULL;
	c->columns_written = c->truncated = false;
	c->ncolumns = 0;
	c->rows = 0;
	c->tag[0] = '\0';
}

void
rows_restart(struct call *c)
{
	if (c->r != NULL) {
		buf_clear(&c->r->answer.prefix);
		buf_clear(&c->r->answer.body);
	}
	c->notices_cut = false;
	buf_clear(&c->notices);
	forget_columns(c);
	c->answering = 0;
}

/* In a batch each result is an object of a list. */
static void
open_result(struct buf *out, const struct call *c)
{
	if (c->batch)
		buf_adds(out, c->answering == 0 ? "{\"results\":[{" : ",{");
}

static void
put_columns(struct buf *out, struct call *c, const PGresult *res)
{
	open_result(out, c);
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
		json_put_cstr(out, c->column[i].name);
	}
	buf_adds(out, "],\"rows\":[");
}

/* An object cannot have two members of one name. */
static int
refuse_doubles(struct call *c, const PGresult *res)
{
	for (int i = 0; i < c->ncolumns; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(PQfname(res, i), PQfname(res, k)) == 0) {
				problem_set(&c->r->why, 400, "invalid_input",
				    "two columns are called \"%s\": rows as "
				    "objects need an alias (AS) for one",
				    PQfname(res, i));
				return ROWS_REFUSED;
			}
	return ROWS_OK;
}

static int
know_columns(struct call *c, const PGresult *res)
{
	uint32_t oid;

	c->ncolumns = PQnfields(res);
	if (c->form != CALL_ROWS && c->ncolumns > 1)
		c->ncolumns = 1;
	for (int i = 0; i < c->ncolumns; i++) {
		oid = PQftype(res, i);
		c->type_wanted = rows_unknown_type(c->w->types, &oid, 1);
		if (c->type_wanted != 0)
			return ROWS_WAIT;
	}
	c->column = calloc((size_t)c->ncolumns + 1, sizeof(*c->column));
	if (c->column == NULL)
		return ROWS_TOO_LARGE;
	for (int i = 0; i < c->ncolumns; i++)
		c->column[i] = *types_find(c->w->types, PQftype(res, i));
	return c->objects ? refuse_doubles(c, res) : ROWS_OK;
}

static void
put_row(struct buf *out, struct call *c, const PGresult *res, int row)
{
	if (c->rows++ > 0)
		buf_addc(out, ',');
	buf_addc(out, c->objects ? '{' : '[');
	for (int i = 0; i < c->ncolumns; i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (c->objects) {
			json_put_cstr(out, PQfname(res, i));
			buf_addc(out, ':');
		}
		if (PQgetisnull(res, row, i))
			buf_add(out, "null", 4);
		else
			values_put(out, c->w->types, &c->column[i],
			    PQgetvalue(res, row, i),
			    (size_t)PQgetlength(res, row, i), &c->style);
	}
	buf_addc(out, c->objects ? '}' : ']');
}

/* The first column of the first row, and no other. */
static int
add_single(struct call *c, const PGresult *res)
{
	struct buf *out = &c->r->answer.body;
	const char *p;
	size_t n;
	int rc;

	if (c->rows > 0 || PQntuples(res) == 0 || PQnfields(res) == 0)
		return ROWS_OK;
	if ((rc = know_columns(c, res)) != ROWS_OK)
		return rc;
	c->rows = 1;
	p = PQgetvalue(res, 0, 0);
	n = (size_t)PQgetlength(res, 0, 0);
	if (PQgetisnull(res, 0, 0))
		buf_adds(out, "null");
	else if (c->form == CALL_DOCUMENT)
		buf_add(out, p, n);
	else
		values_put(out, c->w->types, &c->column[0], p, n,
		    &c->style);
	return buf_failed(out) ? ROWS_TOO_LARGE : ROWS_OK;
}

int
rows_add(struct call *c, const PGresult *res)
{
	struct buf *out;
	int rc;

	if (c->r == NULL)
		return ROWS_OK;
	if (c->form != CALL_ROWS)
		return add_single(c, res);
	out = &c->r->answer.body;
	if (!c->columns_written) {
		if ((rc = know_columns(c, res)) != ROWS_OK)
			return rc;
		put_columns(out, c, res);
		c->columns_written = true;
	}
	for (int row = 0; row < PQntuples(res) && !buf_failed(out); row++) {
		if (c->max_rows >= 0 && c->rows >= c->max_rows) {
			c->truncated = true;
			break;
		}
		put_row(out, c, res, row);
	}
	return buf_failed(out) ? ROWS_TOO_LARGE : ROWS_OK;
}

static void
put_field(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(out, ",\"%s\":", name);
	json_put_cstr(out, value);
}

void
rows_notice(struct call *c, const PGresult *res)
{
	struct buf *out = &c->notices;
	size_t before = buf_len(out);

	if (c->r == NULL || c->notices_cut)
		return;
	if (before > 0)
		buf_addc(out, ',');
	buf_adds(out, "{\"severity\":");
	json_put_cstr(out, PQresultErrorField(res,
	    PG_DIAG_SEVERITY_NONLOCALIZED));
	put_field(out, "message", PQresultErrorField(res,
	    PG_DIAG_MESSAGE_PRIMARY));
	put_field(out, "hint", PQresultErrorField(res, PG_DIAG_MESSAGE_HINT));
	put_field(out, "sqlstate", PQresultErrorField(res, PG_DIAG_SQLSTATE));
	buf_addc(out, '}');
	if (buf_failed(out)) {
		buf_truncate(out, before);
		c->notices_cut = true;
	}
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

int64_t
rows_affected(const struct call *c)
{
	const char *count = strrchr(c->tag, ' ');

	/* Of a result that was cut, what was returned. */
	if (c->truncated && c->unit[c->answering].stmt.kind == STMT_READ)
		return c->rows;
	if (count != NULL && count[1] >= '0' && count[1] <= '9')
		return strtoll(count + 1, NULL, 10);
	return c->rows;
}

static void
close_result(struct buf *out, const struct call *c)
{
	if (!c->columns_written) {
		open_result(out, c);
		buf_adds(out,
		    "\"columns\":[],\"column_types\":[],\"rows\":[");
	}
	buf_addf(out, "],\"rows_affected\":%lld",
	    (long long)rows_affected(c));
	if (c->truncated)
		buf_adds(out, ",\"truncated\":true");
}

void
rows_next(struct call *c)
{
	struct buf *out = &c->r->answer.body;

	close_result(out, c);
	buf_adds(out, ",\"command\":");
	json_put_str(out, c->tag, command_len(c->tag));
	buf_addc(out, '}');
	c->r->rows = (c->answering == 0 ? 0 : c->r->rows) + rows_affected(c);
	if (buf_failed(out))
		c->too_large = true;
	if (c->answering + 1 < c->nunits) {
		c->answering++;
		forget_columns(c);
	}
}

static void
end_result(struct call *c)
{
	struct buf *prefix = &c->r->answer.prefix;

	if (c->rows == 0)
		buf_adds(&c->r->answer.body, "null");
	buf_adds(prefix, "{\"procedure\":");
	json_put_cstr(prefix, c->label);
	buf_adds(prefix, ",\"result\":");
	c->r->rows = rows_affected(c);
}

int
rows_end(struct call *c)
{
	struct buf *out = &c->r->answer.body;
	struct buf *prefix = &c->r->answer.prefix;
	size_t n = command_len(c->tag), notices;
	const char *p = buf_peek(&c->notices, &notices);

	if (c->form == CALL_DOCUMENT)
		return buf_failed(out) ? -1 : 0;
	if (c->form == CALL_RESULT)
		end_result(c);
	else if (c->batch)
		buf_addc(out, ']');
	else {
		close_result(out, c);
		buf_adds(prefix, "{\"command\":");
		json_put_str(prefix, c->tag, n);
		buf_addc(prefix, ',');
		c->r->rows = rows_affected(c);
		snprintf(c->r->command, sizeof(c->r->command), "%.*s", (int)n,
		    c->tag);
	}
	if (c->dry_run)
		buf_adds(out, ",\"dry_run\":true");
	if (notices > 0) {
		buf_adds(out, ",\"notices\":[");
		buf_add(out, p, notices);
		buf_addc(out, ']');
	}
	if (c->notices_cut)
		buf_adds(out, ",\"notices_truncated\":true");
	if (c->retries > 0)
		buf_addf(out, ",\"retries\":%d", c->retries);
	buf_addf(out, ",\"duration_ms\":%lld}",
	    (long long)((loop_now_us() - c->r->started_us + 500) / 1000));
	return buf_failed(out) || buf_failed(prefix) ||
	    buf_len(prefix) + buf_len(out) > out->max ? -1 : 0;
}
