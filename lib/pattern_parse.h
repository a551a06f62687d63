/*
 * pattern_parse.h - the smallest pieces of a pattern's source, between
 * pattern_parse.c and pattern_class.c.  Each function reads at *p, which
 * moves on; *why is set by the one that fails.
 */
#ifndef PATTERN_PARSE_H
#define PATTERN_PARSE_H

#include <stdbool.h>

#include "pattern_priv.h"

/* What an escape stands for: a character, or one of the sets. */
struct pattern_escape {
	uint32_t	 c;
	char		 set;		/* 'd', 'w', 's', or NUL */
	bool		 negated;
};

/* The next character; there is one. */
uint32_t pattern_char(const char **p, const char *end);

/* At a backslash.  Returns 0, or -1. */
int	 pattern_escape(const char **p, const char *end,
	    struct pattern_escape *e, const char **why) MUST_CHECK;

/* The ranges of an escape's set become those of the OP_CLASS in.  Returns 0,
 * or -1. */
int	 pattern_class_set(struct pattern *out, const struct pattern_escape *e,
	    struct pattern_inst *in, const char **why) MUST_CHECK;

/* At a "[".  Returns 0, or -1. */
int	 pattern_class(struct pattern *out, const char **p, const char *end,
	    struct pattern_inst *in, const char **why) MUST_CHECK;

#endif
