/*
 * types.h - what the server must know of PostgreSQL's types to turn values
 * into JSON and back.
 *
 * The built-in ones are a table.  Of a database's own types arrays, domains
 * and pgvector's need to be known; they are learned from the catalog as they
 * are met (types_learn()) and kept in a bounded table.
 */
#ifndef TYPES_H
#define TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cdefs.h"

/* How a value of the type is written as JSON. */
enum type_kind {
	TYPE_TEXT,		/* a string: whatever is not below */
	TYPE_BOOL,
	TYPE_INT,		/* int2, int4, oid: a number */
	TYPE_INT8,
	TYPE_FLOAT,		/* float4, float8 */
	TYPE_NUMERIC,
	TYPE_JSON,		/* embedded */
	TYPE_TIMETZ,		/* an offset to complete */
	TYPE_TIMESTAMP,		/* a blank that becomes T */
	TYPE_TIMESTAMPTZ,	/* both */
	TYPE_VECTOR,		/* vector, halfvec: their text is JSON */
	TYPE_ARRAY,		/* of elem */
};

struct type {
	uint32_t	 oid;
	enum type_kind	 kind;
	uint32_t	 elem;		/* of TYPE_ARRAY */
	char		 delim;		/* between elements: ',' or ';' */
	char		 name[64];	/* "int8", "text[]" */
};

struct types;

struct types *types_new(void) MUST_CHECK;
void	 types_free(struct types *t);

/* The type of that oid, borrowed until the next types_learn(); NULL where
 * it is not known yet. */
const struct type *types_find(const struct types *t, uint32_t oid);

/* Add or replace what the catalog says of a type. */
void	 types_learn(struct types *t, const struct type *type);

/* What was learned under this name, since the catalog could not be asked. */
#define TYPES_GUESSED	"unknown"
void	 types_forget_guesses(struct types *t);

/* The catalog query that answers an oid ($1) with the columns oid, kind (the
 * name of a built-in type of that kind, or "array", "vector"), elem, delim,
 * name, a row for it and for each type inside it; and how to read the kind. */
extern const char types_query[];
enum type_kind types_kind(const char *name);

#endif
