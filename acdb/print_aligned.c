/*
 * print_aligned.c - rows as psql's aligned table (border 1).
 *
 * Two passes over the answer, one for the widths and one for the rows: no
 * second copy of it is kept.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"

struct cell {
	const char	*p;		/* what is left to show, in row */
	size_t		 n;
	size_t		 start;		/* where it began, in row */
	bool		 done;
};

struct table {
	const struct print_style *st;
	const struct result *r;
	struct buf	*row;		/* the texts of one row */
	struct buf	 line;
	struct cell	*cell;
	size_t		*width;
};

/* The widest line of a text. */
static size_t
lines_width(const char *p, size_t n)
{
	size_t widest = 0, w, k;
	const char *nl;

	for (;;) {
		nl = memchr(p, '\n', n);
		k = nl == NULL ? n : (size_t)(nl - p);
		if ((w = text_width(p, k)) > widest)
			widest = w;
		if (nl == NULL)
			return widest;
		p += k + 1;
		n -= k + 1;
	}
}

/* One cell's text at the tail of row, made fit to be shown. */
static void
add_cell(struct table *t, uint32_t i, uint32_t token, struct buf *scratch)
{
	const char *p;
	size_t n;

	buf_truncate(scratch, 0);
	if (token == 0)
		buf_adds(scratch, t->r->column[i].name);
	else
		result_text(t->r, &t->r->column[i], token, scratch);
	p = buf_peek(scratch, &n);
	t->cell[i].start = buf_len(t->row);
	text_put_columns(t->row, p, n, print_escape(t->st));
	t->cell[i].n = buf_len(t->row) - t->cell[i].start;
	if (buf_failed(scratch))
		t->row->failed = true;
}

/* Take up the texts of a row; row token 0 stands for the header. */
static void
take_row(struct table *t, uint32_t row)
{
	uint32_t token = row == 0 ? 0 : result_cell(t->r, row);
	struct buf scratch;

	buf_init(&scratch, PRINT_ROW_MAX);
	buf_truncate(t->row, 0);
	for (uint32_t i = 0; i < t->r->ncolumns; i++) {
		add_cell(t, i, token, &scratch);
		if (row != 0)
			token = result_next_cell(t->r, row, token);
	}
	buf_fini(&scratch);
	for (uint32_t i = 0; i < t->r->ncolumns; i++) {
		t->cell[i].p = buf_peek(t->row, NULL) + t->cell[i].start;
		t->cell[i].done = false;
	}
}

static void
widen(struct table *t)
{
	size_t w;

	for (uint32_t i = 0; i < t->r->ncolumns; i++) {
		w = lines_width(t->cell[i].p, t->cell[i].n);
		if (w > t->width[i])
			t->width[i] = w;
	}
}

static void
pad(struct buf *b, size_t n)
{
	if (n > 0)
		buf_addf(b, "%*s", (int)n, "");
}

/*
 * The next line of cell i.  A '+' says that the value goes on below; behind
 * the last column nothing is padded that need not be.
 */
static void
put_cell_line(struct table *t, uint32_t i, bool header)
{
	struct cell *c = &t->cell[i];
	const char *nl = c->done ? NULL : memchr(c->p, '\n', c->n);
	size_t n = c->done ? 0 : nl != NULL ? (size_t)(nl - c->p) : c->n;
	size_t space = t->width[i] - text_width(c->p, n), left = 0;
	bool last = i + 1 == t->r->ncolumns;

	if (header)
		left = space / 2;
	else if (t->r->column[i].right && !(c->done && last))
		left = space;
	pad(&t->line, left);
	buf_add(&t->line, c->p, n);
	if (header || !last || nl != NULL)
		pad(&t->line, space - left);
	if (nl != NULL)
		buf_addc(&t->line, '+');
	else if (header || !last)
		buf_addc(&t->line, ' ');
	if (!last)
		buf_adds(&t->line, "| ");
	c->done = nl == NULL;
	if (nl != NULL) {
		c->n -= n + 1;
		c->p = nl + 1;
	}
}

static void
put_row(FILE *out, struct table *t, bool header)
{
	bool more = true;

	while (more) {
		buf_truncate(&t->line, 0);
		buf_addc(&t->line, ' ');
		for (uint32_t i = 0; i < t->r->ncolumns; i++)
			put_cell_line(t, i, header);
		buf_addc(&t->line, '\n');
		print_flush(out, &t->line);
		more = false;
		for (uint32_t i = 0; i < t->r->ncolumns; i++)
			more |= !t->cell[i].done;
	}
}

static void
put_header(FILE *out, struct table *t)
{
	if (t->r->ncolumns > 0) {
		take_row(t, 0);
		put_row(out, t, true);
	}
	for (uint32_t i = 0; i < t->r->ncolumns; i++) {
		if (i > 0)
			buf_addc(&t->line, '+');
		for (size_t k = 0; k < t->width[i] + 2; k++)
			buf_addc(&t->line, '-');
	}
	buf_adds(&t->line, t->r->ncolumns == 0 ? "--\n" : "\n");
	print_flush(out, &t->line);
}

static void
put_table(FILE *out, struct table *t)
{
	uint32_t row;

	take_row(t, 0);
	widen(t);
	for (row = result_first(t->r); row != 0; row = result_next(t->r, row)) {
		take_row(t, row);
		widen(t);
	}
	if (!t->st->tuples_only)
		put_header(out, t);
	for (row = result_first(t->r); row != 0 && t->r->ncolumns > 0;
	    row = result_next(t->r, row)) {
		take_row(t, row);
		put_row(out, t, false);
	}
	if (!t->st->tuples_only)
		print_count(out, t->r);
	fputc('\n', out);
}

int
print_aligned(FILE *out, const struct print_style *st, const struct result *r,
    struct buf *row)
{
	struct table t = { .st = st, .r = r, .row = row };
	int rc = -1;

	t.cell = calloc(r->ncolumns + 1, sizeof(*t.cell));
	t.width = calloc(r->ncolumns + 1, sizeof(*t.width));
	buf_init(&t.line, PRINT_ROW_MAX);
	if (t.cell != NULL && t.width != NULL) {
		put_table(out, &t);
		rc = buf_failed(&t.line) ? -1 : 0;
	}
	buf_fini(&t.line);
	free(t.width);
	free(t.cell);
	return rc;
}
