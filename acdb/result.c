/*
 * result.c - see result.h.
 *
 * It knows the answer's JSON.  How a value becomes text is result_text.c's,
 * and where the text goes is nobody's here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

#define ROWS_DEPTH	3	/* from here on in: the values themselves */

/* Types whose values psql aligns on the right. */
static const char *const numbers[] = { "int2", "int4", "int8", "float4",
    "float8", "numeric", "oid", "money", "xid", "xid8", "cid" };

static void
set_kind(struct column *c, const char *type)
{
	static const char *const raw[] = { "json", "jsonb", "vector",
	    "halfvec" };
	size_t n = strlen(type);
	bool array = n > 2 && strcmp(type + n - 2, "[]") == 0;

	if (array)
		n -= 2;
	for (size_t i = 0; i < NELEM(raw); i++)
		if (strlen(raw[i]) == n && memcmp(raw[i], type, n) == 0)
			c->kind = COLUMN_RAW;
	for (size_t i = 0; !array && i < NELEM(numbers); i++)
		c->right |= strcmp(numbers[i], type) == 0;
	if (!array)
		return;
	c->element = c->kind;
	c->kind = COLUMN_ARRAY;
	c->delimiter = strcmp(type, "box[]") == 0 ? ';' : ',';
}

/* Where no type was told: a column of nothing but numbers. */
static bool
only_numbers(const struct result *r, uint32_t index)
{
	uint32_t row, cell, i;
	bool any = false;

	for (row = result_first(r); row != 0; row = result_next(r, row)) {
		cell = result_cell(r, row);
		for (i = 0; i < index; i++)
			cell = result_next_cell(r, row, cell);
		if (r->j.tok[cell].type == JSON_NUMBER)
			any = true;
		else if (r->j.tok[cell].type != JSON_NULL)
			return false;
	}
	return any;
}

static int
read_columns(struct result *r, uint32_t names, uint32_t types)
{
	uint32_t name = json_first(&r->j, names);
	uint32_t type = types != 0 ? json_first(&r->j, types) : 0;
	char *text;

	r->column = calloc(r->ncolumns + 1, sizeof(*r->column));
	if (r->column == NULL)
		return -1;
	for (uint32_t i = 0; i < r->ncolumns; i++) {
		r->column[i].name = json_strdup(&r->j, name);
		if (r->column[i].name == NULL)
			return -1;
		name = json_next(&r->j, names, name);
		if (type == 0) {
			r->column[i].right = only_numbers(r, i);
			continue;
		}
		if ((text = json_strdup(&r->j, type)) == NULL)
			return -1;
		set_kind(&r->column[i], text);
		free(text);
		type = json_next(&r->j, types, type);
	}
	return 0;
}

/* Every row an array of as many cells as there are columns. */
static bool
rows_fit(const struct result *r)
{
	uint32_t row;

	for (row = result_first(r); row != 0; row = result_next(r, row))
		if (r->j.tok[row].type != JSON_ARRAY ||
		    r->j.tok[row].n != r->ncolumns)
			return false;
	return true;
}

static bool
is_type(const struct json *j, uint32_t i, enum json_type type)
{
	return i != 0 && j->tok[i].type == type;
}

static void
read_command(struct result *r, uint32_t command)
{
	struct buf b;

	buf_init(&b, sizeof(r->command) - 1);
	if (is_type(&r->j, command, JSON_STRING) &&
	    json_str(&r->j, command, &b) == 0)
		snprintf(r->command, sizeof(r->command), "%s", buf_cstr(&b));
	buf_fini(&b);
}

static int
read_members(struct result *r)
{
	struct json *j = &r->j;
	uint32_t names = json_member(j, 0, "columns");
	uint32_t types = json_member(j, 0, "column_types");
	uint32_t affected = json_member(j, 0, "rows_affected");

	r->rows = json_member(j, 0, "rows");
	if (!is_type(j, names, JSON_ARRAY) || !is_type(j, r->rows, JSON_ARRAY))
		return -1;
	if (!is_type(j, types, JSON_ARRAY) || j->tok[types].n !=
	    j->tok[names].n)
		types = 0;
	read_command(r, json_member(j, 0, "command"));
	if (is_type(j, affected, JSON_NUMBER) &&
	    json_int(j, affected, 0, INT64_MAX, &r->affected) == -1)
		return -1;
	r->notices = json_member(j, 0, "notices");
	if (!is_type(j, r->notices, JSON_ARRAY))
		r->notices = 0;
	r->truncated = is_type(j, json_member(j, 0, "truncated"), JSON_TRUE);
	r->ncolumns = j->tok[names].n;
	r->nrows = j->tok[r->rows].n;
	if (!rows_fit(r))
		return -1;
	return read_columns(r, names, types);
}

int
result_read(struct result *r, const char *text, size_t n, struct buf *why)
{
	struct json_error err;

	memset(r, 0, sizeof(*r));
	if (json_read_outer(&r->j, text, n, ROWS_DEPTH, &err) == -1) {
		buf_addf(why, "the answer is not JSON: %s at byte %zu",
		    err.what, err.offset);
		return -1;
	}
	if (read_members(r) == 0)
		return 0;
	buf_adds(why, "the answer is not that of a statement");
	result_fini(r);
	return -1;
}

void
result_fini(struct result *r)
{
	for (uint32_t i = 0; r->column != NULL && i < r->ncolumns; i++)
		free(r->column[i].name);
	free(r->column);
	json_fini(&r->j);
	memset(r, 0, sizeof(*r));
}

uint32_t
result_first(const struct result *r)
{
	return json_first(&r->j, r->rows);
}

uint32_t
result_next(const struct result *r, uint32_t row)
{
	return json_next(&r->j, r->rows, row);
}

uint32_t
result_cell(const struct result *r, uint32_t row)
{
	return json_first(&r->j, row);
}

uint32_t
result_next_cell(const struct result *r, uint32_t row, uint32_t cell)
{
	return json_next(&r->j, row, cell);
}

bool
result_null(const struct result *r, uint32_t cell)
{
	return r->j.tok[cell].type == JSON_NULL;
}

bool
result_has_table(const struct result *r)
{
	return r->ncolumns > 0 || r->nrows > 0;
}

void
result_tag(const struct result *r, char *out, size_t size)
{
	static const char *const counted[] = { "UPDATE", "DELETE", "MERGE",
	    "SELECT", "COPY", "MOVE", "FETCH" };

	snprintf(out, size, "%s", r->command);
	if (strcmp(r->command, "INSERT") == 0)
		snprintf(out, size, "INSERT 0 %" PRId64, r->affected);
	for (size_t i = 0; i < NELEM(counted); i++)
		if (strcmp(r->command, counted[i]) == 0)
			snprintf(out, size, "%s %" PRId64, r->command,
			    r->affected);
}
