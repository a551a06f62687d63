/*
 * jsonschema.h - JSON Schema, draft 2020-12: a schema compiled once, values
 * checked against it in bounded time.
 *
 * Supported, each with its meaning in that draft:
 *
 *	type (one or several), enum, const
 *	multipleOf (of at most 18 digits), maximum, exclusiveMaximum, minimum,
 *	    exclusiveMinimum: by exact decimal value
 *	maxLength, minLength (in characters), pattern (lib/pattern.h)
 *	format: uuid, date-time, date, time, email, uri; they are asserted, and
 *	    no other is known
 *	maxItems, minItems, uniqueItems, prefixItems, items
 *	maxProperties, minProperties, required, dependentRequired, properties,
 *	    patternProperties, additionalProperties, propertyNames
 *	allOf, anyOf, oneOf, not, if, then, else
 *	$ref to "#" and "#/...", a subschema of the same document; $defs
 *	title, description, default, examples, deprecated, readOnly,
 *	    writeOnly, $comment; at the root $schema (that draft) and $id:
 *	    annotations, without effect
 *
 * Any other keyword, or one with a value that it cannot have, is an error
 * when the schema is compiled, never ignored.
 */
#ifndef JSONSCHEMA_H
#define JSONSCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "json.h"

/* What is wrong, and where. */
struct jsonschema_error {
	char	path[256];	/* JSON Pointer (RFC 6901) to the schema the
				 * keyword stands in, or to the value; cut */
	char	keyword[64];	/* "" where it is about none */
	char	what[256];	/* static words and names; no full stop */
};

struct jsonschema;

/* Compile the n bytes of text (copied).  NULL with *err filled in. */
struct jsonschema *jsonschema_new(const char *text, size_t n,
	    struct jsonschema_error *err) MUST_CHECK;
void	 jsonschema_free(struct jsonschema *s);

enum jsonschema_verdict { JSONSCHEMA_VALID, JSONSCHEMA_INVALID,
    JSONSCHEMA_TOO_MUCH };

/* Check the value at token i, to which the error's path is relative.  Too
 * much is a value that takes more than a bounded number of steps (or of
 * memory). */
enum jsonschema_verdict jsonschema_check(const struct jsonschema *s,
	    const struct json *j, uint32_t i, struct jsonschema_error *err)
	    MUST_CHECK;

#endif
