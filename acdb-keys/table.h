/*
 * table.h - aligned columns for people.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "lib/cdefs.h"

struct table;

/* ncol columns under the given heads, which are borrowed until table_end().
 * NULL: no memory. */
struct table *table_new(const char *const *head, size_t ncol) MUST_CHECK;

/* The next cell, row by row; s is copied, NULL and "" show as "-".  What is
 * not printable shows as "?".  Failing memory is told by table_end(). */
void	table_cell(struct table *t, const char *s);

/* Print, and free t.  Returns an exit code. */
int	table_end(struct table *t, FILE *out);

/* Print s with what is not printable as "?". */
void	table_text(FILE *out, const char *s);

#endif
