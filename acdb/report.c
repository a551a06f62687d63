/*
 * report.c - see report.h.
 *
 * Everything of one event goes out by one write, so that it stays together
 * where several programs share a terminal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exitcode.h"
#include "problem_doc.h"
#include "report.h"

#define REPORT_MAX	((size_t)1024 * 1024)

/* Text of others': a terminal must not be told what to do. */
static void
put_foreign(struct buf *b, const char *text)
{
	text_put(b, text, strlen(text), isatty(STDERR_FILENO) ? TEXT_PSQL :
	    TEXT_AS_IS);
}

static void
put_place(struct buf *b, const struct statement *s, size_t line, size_t column)
{
	if (s->source == NULL)
		return;
	put_foreign(b, s->source);
	buf_addf(b, ":%zu:%zu: ", line, column);
}

static void
put_named(struct buf *b, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	put_foreign(b, name);
	buf_adds(b, ": ");
	put_foreign(b, text);
	buf_addc(b, '\n');
}

static void
emit(struct buf *b)
{
	size_t n;
	const char *p = buf_peek(b, &n);

	fwrite(p, 1, n, stderr);
	buf_fini(b);
}

void
report_text(const struct statement *s, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, REPORT_MAX);
	put_place(&b, s, s->line, s->column);
	buf_adds(&b, "ERROR: ");
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	buf_addc(&b, '\n');
	emit(&b);
}

void
report_bad_byte(const struct statement *s, size_t position, unsigned char byte)
{
	struct statement here = *s;
	struct location at;

	locate(s, position, &at);
	here.line = at.line;
	here.column = at.column;
	report_text(&here, "byte 0x%02x is not %s", byte, byte == 0 ?
	    "a character that SQL may hold" :
	    "UTF-8 (\"iconv -t UTF-8\" converts a file)");
}

static void
put_details(struct buf *b, const struct problem_doc *d, const struct ask *q)
{
	put_named(b, "DETAIL", d->pg_detail);
	put_named(b, "HINT", d->hint);
	put_named(b, "CONTEXT", d->context);
	if (!q->c.verbose)
		return;
	put_named(b, "SCHEMA NAME", d->schema);
	put_named(b, "TABLE NAME", d->table);
	put_named(b, "COLUMN NAME", d->column);
	put_named(b, "CONSTRAINT NAME", d->constraint);
	put_named(b, "SQLSTATE", d->sqlstate);
	put_named(b, "PROBLEM", d->title);
	put_named(b, "REQUEST ID", q->a.request_id);
}

static void
put_problem(struct buf *b, const struct statement *s,
    const struct problem_doc *d, const struct ask *q)
{
	struct location at;

	locate(s, (size_t)d->position, &at);
	put_place(b, s, at.line, at.column);
	put_named(b, d->severity[0] != '\0' ? d->severity : "ERROR",
	    d->detail[0] != '\0' ? d->detail : d->title);
	if (d->position > 0)
		locate_excerpt(&at, isatty(STDERR_FILENO) ? TEXT_PSQL :
		    TEXT_AS_IS, b);
	put_details(b, d, q);
}

/* What to do about a write of which nothing is known. */
static void
put_unknown(struct buf *b, const struct ask *q)
{
	buf_adds(b, "OUTCOME: unknown; the statement may or may not have been "
	    "carried out\n");
	if (q->key[0] == '\0')
		return;
	buf_addf(b, "IDEMPOTENCY KEY: %s\n"
	    "HINT: The same input with --run-id %s finds out, and does "
	    "nothing twice.\n", q->key, q->run_id);
}

void
report_failure(const struct statement *s, struct ask *q)
{
	struct problem_doc d;
	struct buf b;

	buf_init(&b, REPORT_MAX);
	if (q->a.status != 0 && problem_doc_read(&d, &q->a) == 0) {
		put_problem(&b, s, &d, q);
		problem_doc_fini(&d);
	} else {
		put_place(&b, s, s->line, s->column);
		buf_adds(&b, "ERROR: ");
		if (q->a.status != 0)
			buf_addf(&b, "the answer, with status %d, is not a "
			    "gateway's: is the URL right, and what stands "
			    "in between?", q->a.status);
		else
			put_foreign(&b, buf_cstr(&q->a.why));
		buf_addc(&b, '\n');
	}
	if (q->unknown)
		put_unknown(&b, q);
	emit(&b);
}

static void
put_notice(struct buf *b, const struct statement *s, const struct json *j,
    uint32_t notice)
{
	static const char *const names[] = { "severity", "message", "hint" };
	char *text[NELEM(names)];
	uint32_t i;

	for (size_t k = 0; k < NELEM(names); k++) {
		i = json_member(j, notice, names[k]);
		text[k] = i != 0 && j->tok[i].type == JSON_STRING ?
		    json_strdup(j, i) : NULL;
	}
	put_place(b, s, s->line, s->column);
	put_named(b, text[0] != NULL ? text[0] : "NOTICE",
	    text[1] != NULL ? text[1] : "?");
	put_named(b, "HINT", text[2] != NULL ? text[2] : "");
	for (size_t k = 0; k < NELEM(names); k++)
		free(text[k]);
}

void
report_notices(const struct statement *s, const struct result *r)
{
	struct buf b;
	uint32_t i;

	if (r->notices == 0)
		return;
	buf_init(&b, REPORT_MAX);
	for (i = json_first(&r->j, r->notices); i != 0;
	    i = json_next(&r->j, r->notices, i))
		put_notice(&b, s, &r->j, i);
	emit(&b);
}
