/*
 * pattern_priv.h - the program a pattern becomes, between pattern.c, which
 * runs it, and pattern_parse.c, which writes it.
 */
#ifndef PATTERN_PRIV_H
#define PATTERN_PRIV_H

#include <stdbool.h>

#include "pattern.h"

#define CLASS_RANGES	512	/* of all classes of a pattern */

enum pattern_op {
	OP_CHAR,		/* the character c */
	OP_ANY,			/* one that does not end a line */
	OP_CLASS,		/* one of (or none of: negated) n ranges from
				 * range[c] */
	OP_SPLIT,		/* go on at x and at y */
	OP_JUMP,		/* go on at x */
	OP_BEGIN,		/* only at the text's begin */
	OP_END,
	OP_WORD,		/* only at a word's begin or end */
	OP_NOT_WORD,
	OP_MATCH,
};

struct pattern_inst {
	enum pattern_op	 op;
	bool		 negated;
	uint32_t	 c, n;
	uint32_t	 x, y;
};

struct pattern_range {
	uint32_t	 lo, hi;
};

struct pattern {
	struct pattern_inst *inst;	/* owned; the last one is OP_MATCH */
	uint32_t	 n;
	struct pattern_range *range;	/* owned */
	uint32_t	 ranges;
};

/* \d, \w, \s (the letter in lower case): their ranges, in order. */
const struct pattern_range *pattern_set(char letter, uint32_t *n);

#endif
