/*
 * jsonschema_priv.h - a compiled schema, between jsonschema.c, which makes
 * it, and jsonschema_check.c, which checks by it.
 *
 * Every subschema is a node: a stretch of rules in the order of enum
 * jsonschema_keyword, each a keyword with its value.  The schemas within a
 * rule are its kids.
 */
#ifndef JSONSCHEMA_PRIV_H
#define JSONSCHEMA_PRIV_H

#include <stdbool.h>

#include "jsonschema.h"
#include "pattern.h"

#define JSONSCHEMA_NODES 4096	/* of a schema, at most */

/* In the order in which they are checked. */
enum jsonschema_keyword {
	KEY_TYPE, KEY_ENUM, KEY_CONST, KEY_MULTIPLE_OF, KEY_MAXIMUM,
	KEY_EXCLUSIVE_MAXIMUM, KEY_MINIMUM, KEY_EXCLUSIVE_MINIMUM,
	KEY_MAX_LENGTH, KEY_MIN_LENGTH, KEY_FORMAT, KEY_PATTERN,
	KEY_MAX_ITEMS, KEY_MIN_ITEMS, KEY_PREFIX_ITEMS, KEY_ITEMS,
	KEY_UNIQUE_ITEMS, KEY_MAX_PROPERTIES, KEY_MIN_PROPERTIES,
	KEY_REQUIRED, KEY_DEPENDENT_REQUIRED, KEY_PROPERTY_NAMES,
	KEY_PROPERTIES, KEY_PATTERN_PROPERTIES, KEY_ADDITIONAL_PROPERTIES,
	KEY_REF, KEY_ALL_OF, KEY_ANY_OF, KEY_ONE_OF, KEY_NOT, KEY_IF,
	KEY_THEN, KEY_ELSE,
	KEY_NONE		/* an annotation */
};

struct jsonschema_kid {
	uint32_t	 name;		/* token; of a map's member */
	uint32_t	 node;
	struct pattern	*pattern;	/* owned; of patternProperties */
};

struct jsonschema_rule {
	enum jsonschema_keyword key;
	uint32_t	 node;		/* whose rule it is */
	uint32_t	 tok;		/* the keyword's value; its name is
					 * the token before */
	uint32_t	 kid, nkids;	/* schemas in it */
	int64_t		 number;	/* a count; types; a format */
	struct pattern	*pattern;	/* owned */
};

struct jsonschema_node {
	uint32_t	 tok;
	int always; /* 0 or 1 of a boolean schema, else -1 */
	uint32_t	 rule, nrules;
};

struct jsonschema {
	char		*text;		/* owned, as all below */
	struct json	 json;
	struct jsonschema_node *node;
	struct jsonschema_rule *rule;
	struct jsonschema_kid *kid;
	uint32_t	 nodes, rules, kids;
};

/* Bits of types; a number without a fraction is an integer too. */
enum { TYPE_NULL = 1, TYPE_BOOLEAN = 2, TYPE_OBJECT = 4, TYPE_ARRAY = 8,
    TYPE_NUMBER = 16, TYPE_STRING = 32, TYPE_INTEGER = 64 };

/* A value being checked. */
struct jsonschema_run {
	const struct jsonschema *s;
	const struct json *j;
	uint32_t	 root;
	struct jsonschema_error *err;
	int64_t		 work;		/* steps that are left */
	int		 depth;
	int		 quiet;		/* above 0 what fails is not told */
	bool		 over;		/* it takes too much */
};

/* jsonschema_value.c.  Tell what is wrong with the value i; false.  Take
 * from the work; false when there is none left. */
bool	 jsonschema_fail(struct jsonschema_run *k,
	    const struct jsonschema_rule *r, uint32_t i, const char *fmt, ...)
	    PRINTF(4, 5);
bool	 jsonschema_spend(struct jsonschema_run *k, uint64_t steps);

/* What r says of the value i, which has the type it is about. */
bool	 jsonschema_value(struct jsonschema_run *k,
	    const struct jsonschema_rule *r, uint32_t i);

/* Look for the pattern in the string i; false when it takes too much. */
bool	 jsonschema_finds(struct jsonschema_run *k,
	    const struct pattern *pattern, uint32_t i, bool *found);

/* The formats by their number; -1: not one of them. */
int	 jsonschema_format(const char *name, size_t n);
bool	 jsonschema_format_is(int format, const char *p, size_t n);

/* Write, cut to size: where token i is within the value at token at, as a
 * JSON Pointer; a rule's keyword. */
void	 jsonschema_path(const struct json *j, uint32_t at, uint32_t i,
	    char *out, size_t size);
void	 jsonschema_keyword_name(const struct jsonschema *s,
	    const struct jsonschema_rule *r, char *out, size_t size);

/* Find the node that each $ref leads to, and see that none leads back to
 * itself without a step into the value.  Returns 0, or -1 with err. */
int	 jsonschema_resolve(struct jsonschema *s,
	    struct jsonschema_error *err) MUST_CHECK;

#endif
