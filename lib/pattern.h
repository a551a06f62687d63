/*
 * pattern.h - regular expressions of JSON Schema, matched in a time that is
 * bounded by the length of the text times that of the pattern.
 *
 * The language is the part of ECMA-262's (with the flag u) that needs no
 * going back: characters, "."; classes with ranges and negation; the escapes
 * \d \D \w \W \s \S \b \B \f \n \r \t \v \xHH \uHHHH \u{H...} and of
 * punctuation; "^", "$"; groups (...), (?:...), (?<name>...); "|"; "*",
 * "+", "?", {m}, {m,}, {m,n}, each with a "?" behind it that changes nothing
 * here.  Refused, with a reason, are lookahead and lookbehind, references to
 * groups, \p{...}, and more than PATTERN_MAX instructions once counted
 * repetitions are written out.
 *
 * As JSON Schema has it a pattern matches anywhere in the text.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define PATTERN_MAX	2000

struct pattern;

/* The n bytes of source are UTF-8.  NULL with a reason in *why (static, no
 * full stop; "out of memory" among them). */
struct pattern *pattern_new(const char *source, size_t n, const char **why)
	    MUST_CHECK;
void	 pattern_free(struct pattern *p);

/* Whether the pattern is found in the n bytes of UTF-8 at text: 1 or 0; or
 * -1 where that takes more steps than *work, which goes down. */
int	 pattern_match(const struct pattern *p, const char *text, size_t n,
	    int64_t *work) MUST_CHECK;

#endif
