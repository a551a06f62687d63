/*
 * text.h - text as it stands on a terminal: its width, and what must not
 * reach the terminal as it is.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

#include "lib/buf.h"

enum text_escape {
	TEXT_AS_IS,
	TEXT_PSQL,		/* \x1B, \r, \u0085: as psql shows them */
	TEXT_JSON,		/* \u001b: still valid inside a JSON string */
};

/* Make widths and editing see UTF-8, whatever the environment says. */
void	text_init(void);

/* Columns that n bytes take on a terminal; wide characters take two,
 * combining ones none, a byte that is not UTF-8 one. */
size_t	text_width(const char *p, size_t n);

/* Append n bytes.  With an escape, controls (C0 but \n and \t, DEL, C1), the
 * characters that reorder a line, and bytes that are not UTF-8 become
 * visible: a value must not be able to talk to the terminal. */
void	text_put(struct buf *out, const char *p, size_t n,
	    enum text_escape escape);

/* The same with each tab filled up to the next multiple of 8 columns from
 * the line's start, for layouts that count columns. */
void	text_put_columns(struct buf *out, const char *p, size_t n,
	    enum text_escape escape);

#endif
