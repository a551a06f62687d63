/*
 * ask.h - the value of $1 in the statements that are measured, the same for
 * the floor and for the load: a row's number or a vector to search for.
 */
#ifndef ASK_H
#define ASK_H

#include <stddef.h>
#include <stdint.h>

#define ASK_DIMS_MAX	2000
#define ASK_MAX		(ASK_DIMS_MAX * 8)

struct ask {
	unsigned	key_max;	/* $1 runs over 1 .. key_max */
	unsigned	dims;		/* of a vector instead; 0: none */
};

/* Write the next value as text, which for a vector is JSON as well; seed is
 * the caller's place in the sequence. */
void	ask_next(const struct ask *a, uint32_t *seed, char out[ASK_MAX]);

#endif
