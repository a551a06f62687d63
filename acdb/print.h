/*
 * print.h - the answer to a statement as text on a stream.
 *
 * aligned, unaligned and expanded look as psql's do.  csv, json and jsonl
 * are for programs: nothing but the rows goes out, so that a statement
 * without rows prints nothing.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "result.h"
#include "text.h"

/* A row's text may be longer than its JSON: escapes, tabs, quotes. */
#define PRINT_ROW_MAX	((size_t)512 * 1024 * 1024)

enum print_format { PRINT_ALIGNED, PRINT_UNALIGNED, PRINT_CSV, PRINT_JSON,
    PRINT_JSONL };

struct print_style {
	enum print_format format;
	bool		 tuples_only;	/* rows, and nothing around them */
	bool		 expanded;	/* a line a value (not json, jsonl) */
	bool		 quiet;		/* no command tags */
	bool		 terminal;	/* controls are shown */
	const char	*separator;	/* unaligned and csv; borrowed */
};

/* Print the rows or the command tag.  Write errors are left to ferror(out).
 * Returns 0; or -1 where memory is out. */
int	print_result(FILE *out, const struct print_style *st,
	    const struct result *r) MUST_CHECK;

/* Whether the format is for programs. */
bool	print_for_programs(const struct print_style *st);

/* The formats themselves; row is a scratch buffer.  As print_result(). */
int	print_aligned(FILE *out, const struct print_style *st,
	    const struct result *r, struct buf *row) MUST_CHECK;
int	print_expanded(FILE *out, const struct print_style *st,
	    const struct result *r, struct buf *row) MUST_CHECK;
void	print_unaligned(FILE *out, const struct print_style *st,
	    const struct result *r, struct buf *row);
void	print_csv(FILE *out, const struct print_style *st,
	    const struct result *r, struct buf *row);
int	print_json(FILE *out, const struct print_style *st,
	    const struct result *r, struct buf *row) MUST_CHECK;

/* "(2 rows)" and a line end. */
void	print_count(FILE *out, const struct result *r);

/* Write out what row holds and forget it. */
void	print_flush(FILE *out, struct buf *row);

/* How values are made harmless, in this style. */
enum text_escape print_escape(const struct print_style *st);

#endif
