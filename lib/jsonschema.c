/*
 * jsonschema.c - a schema compiled, see jsonschema.h.
 *
 * It knows which keywords there are and what values they can have.  What
 * they mean for a value is jsonschema_check.c's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonschema_priv.h"

#define DEPTH_MAX	64	/* of schemas within schemas */

static const char dialect[] =
    "https://json-schema.org/draft/2020-12/schema";

/* What a keyword's value has to be. */
enum form {
	FORM_SCHEMA, FORM_SCHEMAS, FORM_MAP, FORM_PATTERN_MAP, FORM_COUNT,
	FORM_NUMBER, FORM_DIVISOR, FORM_STRINGS, FORM_STRINGS_MAP, FORM_BOOL,
	FORM_ANY, FORM_ARRAY, FORM_TYPE, FORM_PATTERN, FORM_FORMAT,
	FORM_STRING, FORM_DIALECT, FORM_ID
};

static const struct keyword {
	const char	*name;
	enum jsonschema_keyword key;
	enum form	 form;
} keywords[] = {
	{ "type", KEY_TYPE, FORM_TYPE },
	{ "enum", KEY_ENUM, FORM_ARRAY },
	{ "const", KEY_CONST, FORM_ANY },
	{ "multipleOf", KEY_MULTIPLE_OF, FORM_DIVISOR },
	{ "maximum", KEY_MAXIMUM, FORM_NUMBER },
	{ "exclusiveMaximum", KEY_EXCLUSIVE_MAXIMUM, FORM_NUMBER },
	{ "minimum", KEY_MINIMUM, FORM_NUMBER },
	{ "exclusiveMinimum", KEY_EXCLUSIVE_MINIMUM, FORM_NUMBER },
	{ "maxLength", KEY_MAX_LENGTH, FORM_COUNT },
	{ "minLength", KEY_MIN_LENGTH, FORM_COUNT },
	{ "pattern", KEY_PATTERN, FORM_PATTERN },
	{ "format", KEY_FORMAT, FORM_FORMAT },
	{ "maxItems", KEY_MAX_ITEMS, FORM_COUNT },
	{ "minItems", KEY_MIN_ITEMS, FORM_COUNT },
	{ "uniqueItems", KEY_UNIQUE_ITEMS, FORM_BOOL },
	{ "prefixItems", KEY_PREFIX_ITEMS, FORM_SCHEMAS },
	{ "items", KEY_ITEMS, FORM_SCHEMA },
	{ "maxProperties", KEY_MAX_PROPERTIES, FORM_COUNT },
	{ "minProperties", KEY_MIN_PROPERTIES, FORM_COUNT },
	{ "required", KEY_REQUIRED, FORM_STRINGS },
	{ "dependentRequired", KEY_DEPENDENT_REQUIRED, FORM_STRINGS_MAP },
	{ "properties", KEY_PROPERTIES, FORM_MAP },
	{ "patternProperties", KEY_PATTERN_PROPERTIES, FORM_PATTERN_MAP },
	{ "additionalProperties", KEY_ADDITIONAL_PROPERTIES, FORM_SCHEMA },
	{ "propertyNames", KEY_PROPERTY_NAMES, FORM_SCHEMA },
	{ "allOf", KEY_ALL_OF, FORM_SCHEMAS },
	{ "anyOf", KEY_ANY_OF, FORM_SCHEMAS },
	{ "oneOf", KEY_ONE_OF, FORM_SCHEMAS },
	{ "not", KEY_NOT, FORM_SCHEMA },
	{ "if", KEY_IF, FORM_SCHEMA },
	{ "then", KEY_THEN, FORM_SCHEMA },
	{ "else", KEY_ELSE, FORM_SCHEMA },
	{ "$ref", KEY_REF, FORM_STRING },
	{ "$defs", KEY_NONE, FORM_MAP },
	{ "title", KEY_NONE, FORM_STRING },
	{ "description", KEY_NONE, FORM_STRING },
	{ "$comment", KEY_NONE, FORM_STRING },
	{ "default", KEY_NONE, FORM_ANY },
	{ "examples", KEY_NONE, FORM_ARRAY },
	{ "deprecated", KEY_NONE, FORM_BOOL },
	{ "readOnly", KEY_NONE, FORM_BOOL },
	{ "writeOnly", KEY_NONE, FORM_BOOL },
	{ "$schema", KEY_NONE, FORM_DIALECT },
	{ "$id", KEY_NONE, FORM_ID },
};

struct build {
	struct jsonschema *s;
	struct jsonschema_error *err;
	int		 depth;
};

static int build_node(struct build *b, uint32_t tok, uint32_t *node);

/* The keyword of the rule r cannot be so. */
static int PRINTF(3, 4)
refuse(struct build *b, const struct jsonschema_rule *r, const char *fmt, ...)
{
	va_list ap;

	jsonschema_keyword_name(b->s, r, b->err->keyword,
	    sizeof(b->err->keyword));
	jsonschema_path(&b->s->json, 0, b->s->node[r->node].tok, b->err->path,
	    sizeof(b->err->path));
	va_start(ap, fmt);
	vsnprintf(b->err->what, sizeof(b->err->what), fmt, ap);
	va_end(ap);
	return -1;
}

/* The value at tok cannot be a schema. */
static int
refuse_schema(struct build *b, uint32_t tok, const char *what)
{
	jsonschema_path(&b->s->json, 0, tok, b->err->path,
	    sizeof(b->err->path));
	snprintf(b->err->what, sizeof(b->err->what), "%s", what);
	return -1;
}

static int
add_kid(struct build *b, struct jsonschema_rule *r, uint32_t name,
    uint32_t tok)
{
	/* Kids of one rule stand together: their places are taken first. */
	struct jsonschema_kid *kid = &b->s->kid[r->kid + r->nkids++];

	kid->name = name;
	return build_node(b, tok, &kid->node);
}

static int
compile(struct build *b, const struct jsonschema_rule *r, uint32_t tok,
    struct pattern **pattern)
{
	const char *p, *why = "out of memory";
	struct buf text;
	size_t n;

	buf_init(&text, b->s->json.len);
	if (json_bytes(&b->s->json, tok, &text) == 0) {
		p = buf_peek(&text, &n);
		*pattern = pattern_new(p, n, &why);
	}
	buf_fini(&text);
	return *pattern == NULL ? refuse(b, r, "%s", why) : 0;
}

static int
build_map(struct build *b, struct jsonschema_rule *r, bool patterns)
{
	const struct json *j = &b->s->json;
	uint32_t kid;

	if (j->tok[r->tok].type != JSON_OBJECT)
		return refuse(b, r, "must be an object");
	r->kid = b->s->kids;
	b->s->kids += j->tok[r->tok].n;
	for (uint32_t i = json_first(j, r->tok); i != 0;
	    i = json_next(j, r->tok, i + 1)) {
		kid = r->kid + r->nkids;
		if (patterns && compile(b, r, i, &b->s->kid[kid].pattern))
			return -1;
		if (add_kid(b, r, i, i + 1) == -1)
			return -1;
	}
	return 0;
}

static int
build_list(struct build *b, struct jsonschema_rule *r)
{
	const struct json *j = &b->s->json;

	if (j->tok[r->tok].type != JSON_ARRAY || j->tok[r->tok].n == 0)
		return refuse(b, r, "must be an array of schemas, not empty");
	r->kid = b->s->kids;
	b->s->kids += j->tok[r->tok].n;
	for (uint32_t i = json_first(j, r->tok); i != 0;
	    i = json_next(j, r->tok, i))
		if (add_kid(b, r, 0, i) == -1)
			return -1;
	return 0;
}

static int
check_strings(struct build *b, const struct jsonschema_rule *r, uint32_t tok)
{
	const struct json *j = &b->s->json;

	if (j->tok[tok].type != JSON_ARRAY)
		return refuse(b, r, "must be an array of strings");
	for (uint32_t i = json_first(j, tok); i != 0; i = json_next(j, tok, i))
		if (j->tok[i].type != JSON_STRING)
			return refuse(b, r, "must be an array of strings");
	return 0;
}

static int
check_strings_map(struct build *b, const struct jsonschema_rule *r)
{
	const struct json *j = &b->s->json;

	if (j->tok[r->tok].type != JSON_OBJECT)
		return refuse(b, r, "must be an object of arrays of strings");
	for (uint32_t i = json_first(j, r->tok); i != 0;
	    i = json_next(j, r->tok, i + 1))
		if (check_strings(b, r, i + 1) == -1)
			return -1;
	return 0;
}

static int
check_number(struct build *b, const struct jsonschema_rule *r, bool divisor)
{
	const struct json *j = &b->s->json;
	struct decimal d;

	if (j->tok[r->tok].type != JSON_NUMBER)
		return refuse(b, r, "must be a number");
	d = json_decimal(j, r->tok);
	if (divisor && (d.negative || d.n == 0 || d.n > DECIMAL_DIVISOR))
		return refuse(b, r, "must be a number above 0, of at most %d "
		    "digits", DECIMAL_DIVISOR);
	return 0;
}

static int
type_bit(const struct json *j, uint32_t tok)
{
	static const char *const names[] = { "null", "boolean", "object",
	    "array", "number", "string", "integer" };

	for (int i = 0; i < (int)NELEM(names); i++)
		if (json_is(j, tok, names[i]))
			return 1 << i;
	return 0;
}

static int
build_types(struct build *b, struct jsonschema_rule *r)
{
	const struct json *j = &b->s->json;
	int bit = 0;

	if (j->tok[r->tok].type == JSON_ARRAY && j->tok[r->tok].n > 0) {
		for (uint32_t i = json_first(j, r->tok); i != 0;
		    i = json_next(j, r->tok, i)) {
			if ((bit = type_bit(j, i)) == 0)
				break;
			r->number |= bit;
		}
	} else
		r->number = bit = type_bit(j, r->tok);
	return bit != 0 ? 0 : refuse(b, r, "must be null, boolean, object, "
	    "array, number, string or integer, or an array of them");
}

static int
build_format(struct build *b, struct jsonschema_rule *r)
{
	const struct json_tok *t = &b->s->json.tok[r->tok];

	r->number = t->type != JSON_STRING ? -1 :
	    jsonschema_format(b->s->json.text + t->start, t->end - t->start);
	return r->number != -1 ? 0 : refuse(b, r, "is not supported but for "
	    "uuid, date-time, date, time, email and uri");
}

static int
check_dialect(struct build *b, const struct jsonschema_rule *r)
{
	const struct json *j = &b->s->json;
	char with_hash[sizeof(dialect) + 1];

	snprintf(with_hash, sizeof(with_hash), "%s#", dialect);
	if (b->depth > 1)
		return refuse(b, r, "is supported at the root alone");
	if (!json_is(j, r->tok, dialect) && !json_is(j, r->tok, with_hash))
		return refuse(b, r, "is not supported but for \"%s\"",
		    dialect);
	return 0;
}

static int
build_value(struct build *b, struct jsonschema_rule *r, enum form form)
{
	const struct json *j = &b->s->json;
	const struct json_tok *t = &j->tok[r->tok];

	switch (form) {
	case FORM_SCHEMA:
		r->kid = b->s->kids++;
		return add_kid(b, r, 0, r->tok);
	case FORM_SCHEMAS:
		return build_list(b, r);
	case FORM_MAP:
	case FORM_PATTERN_MAP:
		return build_map(b, r, form == FORM_PATTERN_MAP);
	case FORM_COUNT:
		return json_int(j, r->tok, 0, INT64_MAX, &r->number) == 0 ? 0 :
		    refuse(b, r, "must be a whole number from 0");
	case FORM_NUMBER:
	case FORM_DIVISOR:
		return check_number(b, r, form == FORM_DIVISOR);
	case FORM_STRINGS:
		return check_strings(b, r, r->tok);
	case FORM_STRINGS_MAP:
		return check_strings_map(b, r);
	case FORM_BOOL:
		r->number = t->type == JSON_TRUE;
		return t->type == JSON_TRUE || t->type == JSON_FALSE ? 0 :
		    refuse(b, r, "must be true or false");
	case FORM_ARRAY:
		return t->type == JSON_ARRAY ? 0 :
		    refuse(b, r, "must be an array");
	case FORM_TYPE:
		return build_types(b, r);
	case FORM_PATTERN:
		return t->type == JSON_STRING ?
		    compile(b, r, r->tok, &r->pattern) :
		    refuse(b, r, "must be a string");
	case FORM_FORMAT:
		return build_format(b, r);
	case FORM_ID:
		if (b->depth > 1)
			return refuse(b, r, "is supported at the root alone");
		FALLTHROUGH;
	case FORM_STRING:
		return t->type == JSON_STRING ? 0 :
		    refuse(b, r, "must be a string");
	case FORM_DIALECT:
		return check_dialect(b, r);
	case FORM_ANY:
		break;
	}
	return 0;
}

static int
build_rule(struct build *b, uint32_t node, struct jsonschema_rule *r,
    uint32_t name)
{
	r->tok = name + 1;
	r->node = node;
	for (size_t i = 0; i < NELEM(keywords); i++)
		if (json_is(&b->s->json, name, keywords[i].name)) {
			r->key = keywords[i].key;
			return build_value(b, r, keywords[i].form);
		}
	return refuse(b, r, "is not supported");
}

static int
by_key(const void *x, const void *y)
{
	const struct jsonschema_rule *a = x, *b = y;

	return (int)a->key - (int)b->key;
}

static int
build_node(struct build *b, uint32_t tok, uint32_t *node)
{
	struct jsonschema *s = b->s;
	const struct json *j = &s->json;
	struct jsonschema_node *n;
	uint32_t rule;

	if (s->nodes == JSONSCHEMA_NODES || ++b->depth > DEPTH_MAX)
		return refuse_schema(b, tok, "there are too many schemas, or "
		    "too many within each other");
	*node = s->nodes++;
	n = &s->node[*node];
	n->tok = tok;
	n->always = j->tok[tok].type == JSON_TRUE ? 1 :
	    j->tok[tok].type == JSON_FALSE ? 0 : -1;
	if (n->always == -1 && j->tok[tok].type != JSON_OBJECT)
		return refuse_schema(b, tok, "a schema must be an object or a "
		    "boolean");
	if (n->always == -1) {
		n->rule = rule = s->rules;
		n->nrules = j->tok[tok].n;
		s->rules += n->nrules;
		for (uint32_t i = json_first(j, tok); i != 0;
		    i = json_next(j, tok, i + 1))
			if (build_rule(b, *node, &s->rule[rule++], i))
				return -1;
		qsort(&s->rule[n->rule], n->nrules, sizeof(*s->rule), by_key);
	}
	b->depth--;
	return 0;
}

static int
allocate(struct jsonschema *s)
{
	size_t n = s->json.ntok;

	s->node = calloc(n < JSONSCHEMA_NODES ? n : JSONSCHEMA_NODES,
	    sizeof(*s->node));
	s->rule = calloc(n, sizeof(*s->rule));
	s->kid = calloc(n, sizeof(*s->kid));
	return s->node == NULL || s->rule == NULL || s->kid == NULL ? -1 : 0;
}

static struct jsonschema *
read_text(const char *text, size_t n, struct jsonschema_error *err)
{
	struct jsonschema *s = calloc(1, sizeof(*s));
	struct json_error bad;

	snprintf(err->what, sizeof(err->what), "out of memory");
	if (s == NULL || (s->text = malloc(n + 1)) == NULL)
		goto drop;
	memcpy(s->text, text, n);
	if (json_read(&s->json, s->text, n, &bad) == -1) {
		snprintf(err->what, sizeof(err->what), "it is not valid JSON: "
		    "%s at line %zu, column %zu", bad.what, bad.line,
		    bad.column);
		goto drop;
	}
	return s;
 drop:
	if (s != NULL)
		free(s->text);
	free(s);
	return NULL;
}

struct jsonschema *
jsonschema_new(const char *text, size_t n, struct jsonschema_error *err)
{
	struct build b = { .err = err };
	uint32_t root;

	memset(err, 0, sizeof(*err));
	if ((b.s = read_text(text, n, err)) == NULL)
		return NULL;
	if (allocate(b.s) == 0 && build_node(&b, 0, &root) == 0 &&
	    jsonschema_resolve(b.s, err) == 0)
		return b.s;
	jsonschema_free(b.s);
	return NULL;
}

void
jsonschema_free(struct jsonschema *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; s->rule != NULL && i < s->rules; i++)
		pattern_free(s->rule[i].pattern);
	for (uint32_t i = 0; s->kid != NULL && i < s->kids; i++)
		pattern_free(s->kid[i].pattern);
	json_fini(&s->json);
	free(s->text);
	free(s->node);
	free(s->rule);
	free(s->kid);
	free(s);
}
