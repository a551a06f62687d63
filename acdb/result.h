/*
 * result.h - the answer to one statement, as the gateway told it.
 *
 * Values are never converted to numbers of ours: what is shown is what the
 * answer's text says, digit by digit.
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/json.h"

/* How a column's JSON becomes text. */
enum column_kind {
	COLUMN_PLAIN,		/* a string's text; else the JSON itself */
	COLUMN_RAW,		/* the JSON itself: json, jsonb, vector */
	COLUMN_ARRAY,		/* {...}, PostgreSQL's array literal */
};

struct column {
	char		*name;
	enum column_kind kind;
	enum column_kind element;	/* of COLUMN_ARRAY; RAW or PLAIN */
	char		 delimiter;	/* of COLUMN_ARRAY */
	bool		 right;		/* numbers: aligned on the right */
};

struct result {
	struct json	 j;
	char		 command[64];	/* "SELECT"; "" where none was told */
	struct column	*column;
	uint32_t	 ncolumns;
	uint32_t	 nrows;
	uint32_t	 rows;		/* their token */
	uint32_t	 notices;	/* token; 0: none */
	int64_t		 affected;
	bool		 truncated;
};

/* Read the answer.  keeps a borrow of text until result_fini().  Returns 0;
 * or -1 with a line in why: that is no answer to a statement. */
int	 result_read(struct result *r, const char *text, size_t n,
	    struct buf *why) MUST_CHECK;
void	 result_fini(struct result *r);

/* The first row, the row behind it, 0 behind the last; likewise the cells of
 * a row, of which there are ncolumns. */
uint32_t result_first(const struct result *r);
uint32_t result_next(const struct result *r, uint32_t row);
uint32_t result_cell(const struct result *r, uint32_t row);
uint32_t result_next_cell(const struct result *r, uint32_t row, uint32_t cell);

bool	 result_null(const struct result *r, uint32_t cell);

/* The cell's text as psql would show it, appended to out.  Failure marks
 * out failed, as buf_add(). */
void	 result_text(const struct result *r, const struct column *c,
	    uint32_t cell, struct buf *out);

/* psql's command tag ("INSERT 0 1", "CREATE TABLE"). */
void	 result_tag(const struct result *r, char *out, size_t size);

/* Whether there is a table to show, be it an empty one. */
bool	 result_has_table(const struct result *r);

#endif
