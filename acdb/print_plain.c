/*
 * print_plain.c - rows with separators: psql's unaligned output, and CSV.
 */
#include <string.h>

#include "print.h"

/* The text of a cell, or of the column's name for token 0, at row's tail. */
static void
put_text(const struct print_style *st, const struct result *r, uint32_t i,
    uint32_t cell, struct buf *row)
{
	struct buf text;
	const char *p;
	size_t n;

	buf_init(&text, PRINT_ROW_MAX);
	if (cell == 0)
		buf_adds(&text, r->column[i].name);
	else
		result_text(r, &r->column[i], cell, &text);
	p = buf_peek(&text, &n);
	text_put(row, p, n, print_escape(st));
	if (buf_failed(&text))
		row->failed = true;
	buf_fini(&text);
}

/*
 * RFC 4180: quoted where it holds a quote, the separator or a line end; "\."
 * because COPY would take it for the end.  NULL is nothing at all and the
 * empty string is quoted, which COPY ... CSV reads back as they were.
 */
static void
put_field(const struct print_style *st, const struct result *r, uint32_t i,
    uint32_t cell, struct buf *row)
{
	struct buf text;
	const char *p;
	size_t n;
	bool quote;

	if (cell != 0 && result_null(r, cell))
		return;
	buf_init(&text, PRINT_ROW_MAX);
	put_text(st, r, i, cell, &text);
	p = buf_peek(&text, &n);
	quote = n == 0 || (n == 2 && memcmp(p, "\\.", 2) == 0);
	for (size_t k = 0; !quote && k < n; k++)
		quote = p[k] == '"' || p[k] == '\n' || p[k] == '\r' ||
		    p[k] == st->separator[0];
	if (quote)
		buf_addc(row, '"');
	for (size_t k = 0; k < n; k++) {
		if (p[k] == '"')
			buf_addc(row, '"');
		buf_addc(row, p[k]);
	}
	if (quote)
		buf_addc(row, '"');
	if (buf_failed(&text))
		row->failed = true;
	buf_fini(&text);
}

typedef void put_fn(const struct print_style *, const struct result *,
    uint32_t, uint32_t, struct buf *);

/* One row on one line; row token 0 stands for the header. */
static void
put_row(FILE *out, const struct print_style *st, const struct result *r,
    uint32_t token, put_fn *put, struct buf *row)
{
	uint32_t cell = token == 0 ? 0 : result_cell(r, token);

	for (uint32_t i = 0; i < r->ncolumns; i++) {
		if (i > 0)
			buf_adds(row, st->separator);
		put(st, r, i, cell, row);
		if (token != 0)
			cell = result_next_cell(r, token, cell);
	}
	buf_addc(row, '\n');
	print_flush(out, row);
}

/* A line a value: name, separator, value. */
static void
put_values(FILE *out, const struct print_style *st, const struct result *r,
    uint32_t token, put_fn *put, struct buf *row)
{
	uint32_t cell = result_cell(r, token);

	for (uint32_t i = 0; i < r->ncolumns; i++) {
		put(st, r, i, 0, row);
		buf_adds(row, st->separator);
		put(st, r, i, cell, row);
		buf_addc(row, '\n');
		cell = result_next_cell(r, token, cell);
	}
	print_flush(out, row);
}

static void
put_rows(FILE *out, const struct print_style *st, const struct result *r,
    put_fn *put, struct buf *row)
{
	uint32_t token;

	if (r->ncolumns == 0 && st->format == PRINT_CSV)
		return;
	if (!st->expanded && !st->tuples_only)
		put_row(out, st, r, 0, put, row);
	if (r->ncolumns == 0)
		return;
	for (token = result_first(r); token != 0; token = result_next(r, token))
		if (!st->expanded)
			put_row(out, st, r, token, put, row);
		else {
			if (token != result_first(r) &&
			    st->format == PRINT_UNALIGNED)
				fputc('\n', out);
			put_values(out, st, r, token, put, row);
		}
}

void
print_unaligned(FILE *out, const struct print_style *st,
    const struct result *r, struct buf *row)
{
	put_rows(out, st, r, put_text, row);
	if (!st->tuples_only && !st->expanded)
		print_count(out, r);
}

void
print_csv(FILE *out, const struct print_style *st, const struct result *r,
    struct buf *row)
{
	put_rows(out, st, r, put_field, row);
}
