/*
 * words.h - what acdb itself must know of a statement before it sends it:
 * a little, from its words, and on the safe side.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the statement only reads, as far as its text can show: a query
 * without any word that writes.  A function it calls may still write. */
bool	words_only_read(const char *sql, size_t n);

/* Whether it is COPY ... FROM STDIN, which in a script is followed by lines
 * of data up to "\.". */
bool	words_copy_data(const char *sql, size_t n);

#endif
