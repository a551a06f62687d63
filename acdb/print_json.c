/*
 * print_json.c - rows as JSON objects: one array, or one object a line.
 *
 * Values go out as they came in, so that no digit is lost; only names are
 * written by us.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

static bool
taken(char *const *name, uint32_t n, const char *want)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(name[i], want) == 0)
			return true;
	return false;
}

/*
 * An object must not have two members of one name, but a row may have two
 * such columns: the later ones become name_2, name_3 ...
 */
static char *
unique_name(char *const *name, uint32_t n, const char *want)
{
	char *s = strdup(want);
	unsigned k = 2;

	while (s != NULL && taken(name, n, s)) {
		free(s);
		if (asprintf(&s, "%s_%u", want, k++) == -1)
			s = NULL;
	}
	return s;
}

/* A value as it came; what ends lines between its tokens (inside a string
 * there is none) becomes a blank, so that one row stays one line. */
static void
put_value(struct buf *out, const char *p, size_t n, enum text_escape escape)
{
	size_t k;

	while (n > 0) {
		for (k = 0; k < n && p[k] != '\n' && p[k] != '\r'; k++)
			continue;
		text_put(out, p, k, escape);
		if (k < n)
			buf_addc(out, ' ');
		k += k < n;
		p += k;
		n -= k;
	}
}

static void
put_object(const struct print_style *st, const struct result *r,
    char *const *name, uint32_t row, struct buf *out)
{
	enum text_escape escape = print_escape(st);
	uint32_t cell = result_cell(r, row);
	struct buf quoted;
	const char *p;
	size_t n;

	buf_init(&quoted, PRINT_ROW_MAX);
	buf_addc(out, '{');
	for (uint32_t i = 0; i < r->ncolumns; i++) {
		if (i > 0)
			buf_addc(out, ',');
		buf_truncate(&quoted, 0);
		json_put_cstr(&quoted, name[i]);
		p = buf_peek(&quoted, &n);
		text_put(out, p, n, escape);
		buf_addc(out, ':');
		p = json_raw(&r->j, cell, &n);
		put_value(out, p, n, escape);
		cell = result_next_cell(r, row, cell);
	}
	buf_addc(out, '}');
	if (buf_failed(&quoted))
		out->failed = true;
	buf_fini(&quoted);
}

static void
put_objects(FILE *out, const struct print_style *st, const struct result *r,
    char *const *name, struct buf *row)
{
	bool array = st->format == PRINT_JSON;
	uint32_t token;

	if (array)
		buf_addc(row, '[');
	for (token = result_first(r); token != 0;
	    token = result_next(r, token)) {
		if (array && token != result_first(r))
			buf_adds(row, ",\n");
		put_object(st, r, name, token, row);
		if (!array)
			buf_addc(row, '\n');
		print_flush(out, row);
	}
	if (array)
		buf_adds(row, "]\n");
	print_flush(out, row);
}

int
print_json(FILE *out, const struct print_style *st, const struct result *r,
    struct buf *row)
{
	char **name = calloc(r->ncolumns + 1, sizeof(*name));
	uint32_t n = 0;
	int rc = -1;

	if (name == NULL)
		return -1;
	for (; n < r->ncolumns; n++)
		if ((name[n] = unique_name(name, n, r->column[n].name)) ==
		    NULL)
			goto free_names;
	put_objects(out, st, r, name, row);
	rc = 0;
free_names:
	for (uint32_t i = 0; i < n; i++)
		free(name[i]);
	free(name);
	return rc;
}
