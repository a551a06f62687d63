/*
 * print_expanded.c - a line a value, as psql's expanded display (border 1).
 */
#include <string.h>

#include "print.h"

/* "-[ RECORD  ]", beside the digits. */
#define RECORD_WIDTH	12

struct record {
	const struct print_style *st;
	const struct result *r;
	struct buf	*row;		/* output, a record */
	struct buf	 name, value;	/* the texts of one line */
	size_t		 name_width, value_width;
	bool		 lines;		/* some value has several */
};

static void
take_name(struct record *e, uint32_t i)
{
	const char *name = e->r->column[i].name;

	buf_truncate(&e->name, 0);
	text_put_columns(&e->name, name, strlen(name), print_escape(e->st));
}

static void
take_value(struct record *e, uint32_t i, uint32_t cell)
{
	struct buf scratch;
	const char *p;
	size_t n;

	buf_init(&scratch, PRINT_ROW_MAX);
	result_text(e->r, &e->r->column[i], cell, &scratch);
	p = buf_peek(&scratch, &n);
	buf_truncate(&e->value, 0);
	text_put_columns(&e->value, p, n, print_escape(e->st));
	if (buf_failed(&scratch))
		e->row->failed = true;
	buf_fini(&scratch);
}

/* The next line of *p, of *n bytes; sets *p to NULL behind the last. */
static size_t
take_line(const char **p, size_t *n, const char **line)
{
	const char *nl = memchr(*p, '\n', *n);
	size_t k = nl == NULL ? *n : (size_t)(nl - *p);

	*line = *p;
	*p = nl == NULL ? NULL : nl + 1;
	*n -= nl == NULL ? k : k + 1;
	return k;
}

static void
widen(size_t *width, const struct buf *b)
{
	size_t n, k, w;
	const char *line, *p = buf_peek(b, &n);

	while (p != NULL) {
		k = take_line(&p, &n, &line);
		if ((w = text_width(line, k)) > *width)
			*width = w;
	}
}

/* The widths; where a '+' may follow a value, psql counts it as between. */
static void
measure(struct record *e)
{
	uint32_t row, cell, i;
	size_t label = RECORD_WIDTH, between;

	for (i = 0; i < e->r->ncolumns; i++) {
		take_name(e, i);
		widen(&e->name_width, &e->name);
	}
	for (row = result_first(e->r); row != 0;
	    row = result_next(e->r, row)) {
		cell = result_cell(e->r, row);
		for (i = 0; i < e->r->ncolumns; i++) {
			take_value(e, i, cell);
			widen(&e->value_width, &e->value);
			e->lines |= memchr(buf_peek(&e->value, NULL), '\n',
			    buf_len(&e->value)) != NULL;
			cell = result_next_cell(e->r, row, cell);
		}
	}
	for (i = e->r->nrows; i > 0; i /= 10)
		label++;
	between = e->lines ? 4 : 3;
	if (!e->st->tuples_only &&
	    e->name_width + between + e->value_width < label)
		e->value_width = label - e->name_width - between;
}

/* A rule, with the record's number written over its left end. */
static void
put_rule(struct record *e, uint32_t number)
{
	size_t start = buf_len(e->row), done;

	if (number > 0)
		buf_addf(e->row, "-[ RECORD %u ]", number);
	done = buf_len(e->row) - start;
	for (; done < e->name_width + 3 + e->value_width; done++)
		buf_addc(e->row, done == e->name_width + 1 ? '+' : '-');
	buf_addc(e->row, '\n');
}

static void
put_part(struct record *e, const char **p, size_t *n, size_t width, bool pads)
{
	const char *line = "";
	size_t k = *p == NULL ? 0 : take_line(p, n, &line), w;
	bool more = *p != NULL;

	buf_add(e->row, line, k);
	w = text_width(line, k);
	if ((pads || more) && width > w)
		buf_addf(e->row, "%*s", (int)(width - w), "");
	if (more)
		buf_addc(e->row, '+');
	else if (pads)
		buf_addc(e->row, ' ');
}

/* One column of a record, as many lines as its name or value has. */
static void
put_value(struct record *e)
{
	size_t nname, nvalue;
	const char *name = buf_peek(&e->name, &nname);
	const char *value = buf_peek(&e->value, &nvalue);

	while (name != NULL || value != NULL) {
		put_part(e, &name, &nname, e->name_width, true);
		buf_addc(e->row, '|');
		if (value != NULL) {
			buf_addc(e->row, ' ');
			put_part(e, &value, &nvalue, e->value_width, false);
		}
		buf_addc(e->row, '\n');
	}
}

static void
put_records(FILE *out, struct record *e)
{
	uint32_t row, cell, number = 0;

	measure(e);
	for (row = result_first(e->r); row != 0 && e->r->ncolumns > 0;
	    row = result_next(e->r, row)) {
		if (!e->st->tuples_only)
			put_rule(e, ++number);
		else if (number++ > 0)
			put_rule(e, 0);
		cell = result_cell(e->r, row);
		for (uint32_t i = 0; i < e->r->ncolumns; i++) {
			take_name(e, i);
			take_value(e, i, cell);
			put_value(e);
			cell = result_next_cell(e->r, row, cell);
		}
		print_flush(out, e->row);
	}
	if (number == 0 && !e->st->tuples_only)
		print_count(out, e->r);
	fputc('\n', out);
}

int
print_expanded(FILE *out, const struct print_style *st,
    const struct result *r, struct buf *row)
{
	struct record e = { .st = st, .r = r, .row = row };
	int rc;

	buf_init(&e.name, PRINT_ROW_MAX);
	buf_init(&e.value, PRINT_ROW_MAX);
	put_records(out, &e);
	rc = buf_failed(&e.name) || buf_failed(&e.value) ? -1 : 0;
	buf_fini(&e.name);
	buf_fini(&e.value);
	return rc;
}
