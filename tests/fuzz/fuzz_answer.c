/*
 * fuzz_answer.c - what a gateway answers to acdb, good or a refusal, shown
 * in every format.
 *
 * The first two bytes say how it is shown, the rest is the answer.  Whatever
 * it is: what programs read can be read and holds what came, what a terminal
 * shows cannot talk to it, and what is no answer is told in a line.
 */
#include <stdio.h>

#include "acdb/print.h"
#include "acdb/problem_doc.h"
#include "acdb/report.h"
#include "acdb/text.h"
#include "fuzz.h"

int	isatty(int fd);

struct shown {
	char	*p;
	size_t	 n;
};

static bool terminal;

/* Standard error is one where the input says so. */
int
isatty(int fd)
{
	(void)fd;
	return terminal;
}

/* The same bytes, but that no line ends between them. */
static bool
is_value(const char *a, size_t n, const char *b, size_t m)
{
	for (size_t i = 0; n == m && i < n; i++)
		if (a[i] != b[i] && (a[i] != ' ' || (b[i] != '\n' &&
		    b[i] != '\r')))
			return false;
	return n == m;
}

/* A column's name may have got a number at its end, its value is as it came,
 * but that a terminal is shown \u001b for an escape. */
static void
check_object(const struct json *j, uint32_t object, const struct result *r,
    uint32_t row)
{
	uint32_t cell = result_cell(r, row), i = json_first(j, object);
	const char *a, *b;
	size_t n, m;

	must(j->tok[object].type == JSON_OBJECT);
	must(j->tok[object].n == r->ncolumns);
	for (; i != 0; i = json_next(j, object, i + 1)) {
		a = json_raw(j, i + 1, &n);
		b = json_raw(&r->j, cell, &m);
		must(terminal || is_value(a, n, b, m));
		must(j->tok[i + 1].type == r->j.tok[cell].type);
		cell = result_next_cell(r, row, cell);
	}
}

static void
check_json(struct shown s, const struct result *r)
{
	uint32_t row = result_first(r), i;
	struct json j;

	must(json_read_outer(&j, s.p, s.n, 2, NULL) == 0);
	must(j.tok[0].type == JSON_ARRAY && j.tok[0].n == r->nrows);
	for (i = json_first(&j, 0); i != 0; i = json_next(&j, 0, i)) {
		check_object(&j, i, r, row);
		row = result_next(r, row);
	}
	json_fini(&j);
}

static void
check_jsonl(struct shown s, const struct result *r)
{
	uint32_t row;
	const char *end;
	struct json j;

	for (row = result_first(r); row != 0; row = result_next(r, row)) {
		must((end = memchr(s.p, '\n', s.n)) != NULL);
		must(json_read_outer(&j, s.p, (size_t)(end - s.p), 1, NULL)
		    == 0);
		check_object(&j, 0, r, row);
		json_fini(&j);
		s.n -= (size_t)(end + 1 - s.p);
		s.p += end + 1 - s.p;
	}
	must(s.n == 0);
}

/* Read one field of CSV strictly; *s moves to what ended it. */
static void
read_field(struct shown *s, char separator, struct buf *field)
{
	buf_clear(field);
	if (s->n == 0 || *s->p != '"') {
		while (s->n > 0 && *s->p != separator && *s->p != '\n') {
			must(*s->p != '"' && *s->p != '\r');
			buf_addc(field, *s->p++);
			s->n--;
		}
		return;
	}
	for (s->p++, s->n--; s->n > 0; s->p++, s->n--) {
		if (*s->p == '"' && (s->n == 1 || s->p[1] != '"'))
			break;
		if (*s->p == '"') {
			s->p++;
			s->n--;
		}
		buf_addc(field, *s->p);
	}
	must(s->n > 0);
	s->p++;
	s->n--;
}

static void
check_field(struct shown *s, const struct print_style *st,
    const struct result *r, uint32_t column, uint32_t cell, char ends)
{
	struct buf field, text;

	buf_init(&field, PRINT_ROW_MAX);
	buf_init(&text, PRINT_ROW_MAX);
	read_field(s, st->separator[0], &field);
	if (cell == 0)
		buf_adds(&text, r->column[column].name);
	else
		result_text(r, &r->column[column], cell, &text);
	must(terminal || (buf_len(&field) == buf_len(&text) &&
	    memcmp(buf_peek(&field, NULL), buf_peek(&text, NULL),
	    buf_len(&text)) == 0));
	must(s->n > 0 && *s->p == ends);
	s->p++;
	s->n--;
	buf_fini(&field);
	buf_fini(&text);
}

/* A record a row, each of as many fields as there are columns; expanded, a
 * record a value. */
static void
check_csv(struct shown s, const struct print_style *st,
    const struct result *r)
{
	uint32_t row = st->tuples_only || st->expanded ? result_first(r) : 0;
	uint32_t cell;

	if (r->ncolumns == 0)
		row = s.n = 0;
	while (s.n > 0) {
		cell = row == 0 ? 0 : result_cell(r, row);
		for (uint32_t i = 0; i < r->ncolumns; i++) {
			if (st->expanded)
				check_field(&s, st, r, i, 0, *st->separator);
			check_field(&s, st, r, i, cell, st->expanded ||
			    i + 1 == r->ncolumns ? '\n' : *st->separator);
			if (row != 0)
				cell = result_next_cell(r, row, cell);
		}
		row = row == 0 ? result_first(r) : result_next(r, row);
	}
	must(row == 0);
}

/* No line is wider than the rule below the names. */
static void
check_aligned(struct shown s, const struct print_style *st,
    const struct result *r)
{
	const char *p = s.p, *nl;
	size_t rule = 0;

	if (st->tuples_only || r->ncolumns == 0)
		return;
	for (; (nl = memchr(p, '\n', s.n)) != NULL; p = nl + 1) {
		s.n -= (size_t)(nl + 1 - p);
		if (rule == 0 && nl > p && p[0] == '-')
			rule = (size_t)(nl - p);
		must(rule == 0 || p[0] != ' ' ||
		    text_width(p, (size_t)(nl - p)) <= rule);
	}
	must(rule > 0);
}

static void
check_shown(struct shown s, const struct print_style *st,
    const struct result *r)
{
	if (terminal)
		must_be_harmless(s.p, s.n);
	if (!result_has_table(r)) {
		must(!print_for_programs(st) || s.n == 0);
		return;
	}
	switch (st->format) {
	case PRINT_ALIGNED:
		if (!st->expanded)
			check_aligned(s, st, r);
		break;
	case PRINT_UNALIGNED:
		break;
	case PRINT_CSV:
		check_csv(s, st, r);
		break;
	case PRINT_JSON:
		check_json(s, r);
		break;
	case PRINT_JSONL:
		check_jsonl(s, r);
		break;
	}
}

static void
show(const struct print_style *st, const struct result *r)
{
	struct shown s = { NULL, 0 };
	FILE *out = open_memstream(&s.p, &s.n);

	must(out != NULL);
	must(print_result(out, st, r) == 0);
	fclose(out);
	check_shown(s, st, r);
	free(s.p);
}

/* What is told on standard error of an answer. */
static void
report(const struct result *r, struct ask *q)
{
	static const char sql[] = "SELECT 'Ä',\n\t1 FROM \xf0\x9f\x90\x94;";
	struct statement st = { .source = "x.sql", .sql = sql,
	    .n = sizeof(sql) - 1, .line = 3, .column = 1 };
	struct shown s = { NULL, 0 };
	FILE *true_stderr = stderr;

	must((stderr = open_memstream(&s.p, &s.n)) != NULL);
	if (r != NULL)
		report_notices(&st, r);
	else
		report_failure(&st, q);
	fclose(stderr);
	stderr = true_stderr;
	must(r != NULL || (s.n > 0 && s.p[s.n - 1] == '\n'));
	if (terminal)
		must_be_harmless(s.p, s.n);
	free(s.p);
}

static void
refused(struct input in, bool verbose)
{
	struct ask q = { .c.verbose = verbose, .unknown = verbose };
	struct problem_doc d;

	httpc_answer_init(&q.a);
	q.a.status = 400;
	q.a.json = true;
	must(buf_add(&q.a.body, in.p, in.n) == 0);
	if (problem_doc_read(&d, &q.a) == 0) {
		must(d.title[0] != '\0' && d.position >= 0);
		problem_doc_fini(&d);
	}
	report(NULL, &q);
	httpc_answer_fini(&q.a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const separators[] = { ",", ";", "\t", "|" };
	struct input in = { (const char *)data, n };
	unsigned how = next_byte(&in), what = next_byte(&in);
	struct print_style st = { .format = how % 5,
	    .tuples_only = what & 1, .expanded = what & 2, .quiet = what & 4,
	    .terminal = what & 8, .separator = separators[what >> 4 & 3] };
	struct result r;
	struct buf why;
	char *text = own_bytes(in);

	text_init();
	terminal = st.terminal;
	buf_init(&why, 1024);
	if (result_read(&r, text, in.n, &why) == 0) {
		show(&st, &r);
		report(&r, NULL);
		result_fini(&r);
	} else
		must_say(&why);
	in.p = text;
	refused(in, what & 64);
	buf_fini(&why);
	free(text);
	return 0;
}
