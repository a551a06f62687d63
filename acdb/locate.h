/*
 * locate.h - where in a script an error stands, given where in the statement
 * the server says it does.
 */
#ifndef LOCATE_H
#define LOCATE_H

#include <stddef.h>

#include "lib/buf.h"
#include "text.h"

/* A statement and where its first byte stands in its source, 1-based,
 * columns in characters.  All borrowed. */
struct statement {
	const char	*source;	/* "x.sql"; NULL: typed at a prompt */
	const char	*sql;
	size_t		 n;
	size_t		 line, column;
};

struct location {
	size_t		 line, column;	/* in the source, 1-based */
	const char	*text;		/* the line, slice of the statement */
	size_t		 n;
	size_t		 offset;	/* of the position in it, bytes */
};

/* Find the 1-based character position in the statement; 0, or one that is
 * not there, is its start. */
void	locate(const struct statement *s, size_t position,
	    struct location *at);

/* The 1-based character position of the first byte that SQL text cannot
 * hold, as it is NUL or not UTF-8, with the byte in *byte; 0: there is
 * none. */
size_t	locate_bad_byte(const struct statement *s, unsigned char *byte);

/* Append "LINE 3: " and the line (around the position, where it is long),
 * and a caret below it, each with its line end. */
void	locate_excerpt(const struct location *at, enum text_escape escape,
	    struct buf *out);

#endif
