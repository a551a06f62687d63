/*
 * utf8.h - one well-formed UTF-8 sequence at a time (RFC 3629: no
 * surrogates, no overlong forms, nothing above U+10FFFF).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes the sequence at p takes (1 to 4), looking at no more than
 * n; 0 where it is not well-formed or n is 0. */
size_t	utf8_seq(const unsigned char *p, size_t n);

/* How many of the n bytes at p are plain ASCII before the first that is
 * not. */
size_t	utf8_ascii_run(const unsigned char *p, size_t n);

/* The code point of the well-formed sequence of n bytes at p. */
uint32_t utf8_decode(const unsigned char *p, size_t n);

/* Whether a terminal does something for it but show it: controls, without
 * the line end and the tab, and the marks that reorder a line. */
bool	utf8_talks(uint32_t c);

/* Put '?' in place of all that talks, and of what is not UTF-8: text of
 * others' for a terminal. */
void	utf8_quiet(char *s);

/* Write a code point that is not a surrogate.  Returns its length. */
size_t	utf8_put(char out[4], uint32_t c);

#endif
