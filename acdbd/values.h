/*
 * values.h - a value of PostgreSQL's, in its text form, written as JSON.
 *
 * Pure: text in, bytes appended.  Every digit is kept.
 */
#ifndef VALUES_H
#define VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "types.h"

struct value_style {
	bool	numbers_as_strings;	/* int8 and numeric */
	bool	json_as_text;		/* json and jsonb as a string */
};

/* Append the n bytes at v, the text form (DateStyle ISO, bytea_output hex) of
 * a value of the given type, as JSON.  What does not have the form expected
 * of its type is written as a string.  All element types that an array
 * needs must be known to types. */
void	values_put(struct buf *out, const struct types *types,
	    const struct type *type, const char *v, size_t n,
	    const struct value_style *style);

#endif
