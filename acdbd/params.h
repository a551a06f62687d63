/*
 * params.h - a JSON value given as a parameter, written as the text
 * PostgreSQL's input functions read.
 *
 * Null, true, false, strings, objects and plain integers need no type: their
 * text is the same for every type.  An array (a PostgreSQL array, or json or
 * vector?) and a number with a fraction or an exponent (an integer written
 * as 5.0?) do.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/problem.h"
#include "types.h"

/* Whether the type of the parameter at token i must be known. */
bool	params_needs_type(const struct json *j, uint32_t i);

/* Append the text of the value at token i, not null, for a parameter of the
 * given type (NULL: not known or of no consequence), and a NUL behind it.
 * number is the parameter's, 1-based, for the refusal.  Returns 0; or -1
 * with why filled in (400 invalid_input). */
int	params_put(struct buf *out, const struct json *j, uint32_t i,
	    const struct types *types, const struct type *type, int number,
	    struct problem *why) MUST_CHECK;

/* Name the parameter and its type (NULL: not known) in what was refused. */
void	params_name(struct problem *why, const struct type *type, int number);

#endif
