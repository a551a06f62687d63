/*
 * print.c - chooses the format; what all formats share.
 */
#include <string.h>

#include "print.h"

void
print_flush(FILE *out, struct buf *row)
{
	size_t n;
	const char *p = buf_peek(row, &n);

	/* A row that memory has cut must not pass for a whole one. */
	if (!buf_failed(row))
		fwrite(p, 1, n, out);
	buf_truncate(row, 0);
}

void
print_count(FILE *out, const struct result *r)
{
	fprintf(out, r->truncated ? "(%u row%s, cut off there)\n" :
	    "(%u row%s)\n", r->nrows, r->nrows == 1 ? "" : "s");
}

enum text_escape
print_escape(const struct print_style *st)
{
	if (!st->terminal)
		return TEXT_AS_IS;
	return st->format == PRINT_JSON || st->format == PRINT_JSONL ?
	    TEXT_JSON : TEXT_PSQL;
}

bool
print_for_programs(const struct print_style *st)
{
	return st->format == PRINT_CSV || st->format == PRINT_JSON ||
	    st->format == PRINT_JSONL;
}

static int
print_rows(FILE *out, const struct print_style *st, const struct result *r,
    struct buf *row)
{
	switch (st->format) {
	case PRINT_CSV:
		print_csv(out, st, r, row);
		return 0;
	case PRINT_JSON:
	case PRINT_JSONL:
		return print_json(out, st, r, row);
	case PRINT_UNALIGNED:
		print_unaligned(out, st, r, row);
		return 0;
	case PRINT_ALIGNED:
		break;
	}
	if (st->expanded)
		return print_expanded(out, st, r, row);
	return print_aligned(out, st, r, row);
}

/* psql shows the tag also behind the rows of a RETURNING. */
static void
print_tag(FILE *out, const struct print_style *st, const struct result *r)
{
	char tag[128];
	struct buf shown;

	result_tag(r, tag, sizeof(tag));
	if (st->quiet || print_for_programs(st) || tag[0] == '\0')
		return;
	if (result_has_table(r) && tag[strlen(r->command)] == '\0')
		return;
	if (result_has_table(r) && (strcmp(r->command, "SELECT") == 0 ||
	    strcmp(r->command, "FETCH") == 0))
		return;
	buf_init(&shown, PRINT_ROW_MAX);
	text_put(&shown, tag, strlen(tag), print_escape(st));
	buf_addc(&shown, '\n');
	print_flush(out, &shown);
	buf_fini(&shown);
}

int
print_result(FILE *out, const struct print_style *st, const struct result *r)
{
	struct buf row;
	int rc = 0;

	buf_init(&row, PRINT_ROW_MAX);
	if (result_has_table(r))
		rc = print_rows(out, st, r, &row);
	if (buf_failed(&row))
		rc = -1;
	buf_fini(&row);
	if (rc == 0)
		print_tag(out, st, r);
	return rc;
}
