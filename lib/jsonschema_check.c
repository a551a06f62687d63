/*
 * jsonschema_check.c - a value checked by a compiled schema: what keywords
 * say of what is within it, and what they make of other schemas; see
 * jsonschema.h.
 *
 * Only the first thing that is wrong is told.  Every step takes from the
 * work that is allowed; once it is spent the answer is "too much", whatever
 * else was found.
 */
#include <stdio.h>
#include <string.h>

#include "jsonschema_priv.h"

#define WORK_MAX	4000000	/* steps, some ten nanoseconds each */
#define DEPTH_MAX	1024	/* schemas that are being checked at once */

static bool check_node(struct jsonschema_run *k, uint32_t node, uint32_t i);

/* The value i by one of the schemas of rule r. */
static bool
check_kid(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t node, uint32_t i)
{
	if (k->s->node[node].always == 0)
		return jsonschema_fail(k, r, i, "must not be there");
	return check_node(k, node, i);
}

static const struct jsonschema_rule *
beside(const struct jsonschema_run *k, const struct jsonschema_rule *r,
    enum jsonschema_keyword key)
{
	const struct jsonschema_node *n = &k->s->node[r->node];

	for (uint32_t i = n->rule; i < n->rule + n->nrules; i++)
		if (k->s->rule[i].key == key)
			return &k->s->rule[i];
	return NULL;
}

static bool
check_array(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct jsonschema_rule *prefix;
	uint32_t c, n = 0, skip = 0;

	if (r->key != KEY_PREFIX_ITEMS && r->key != KEY_ITEMS)
		return jsonschema_value(k, r, i);
	if (r->key == KEY_ITEMS &&
	    (prefix = beside(k, r, KEY_PREFIX_ITEMS)) != NULL)
		skip = prefix->nkids;
	for (c = json_first(k->j, i); c != 0; c = json_next(k->j, i, c), n++) {
		if (r->key == KEY_PREFIX_ITEMS && n >= r->nkids)
			break;
		if (n >= skip && !check_kid(k, r, k->s->kid[r->kid +
		    (r->key == KEY_PREFIX_ITEMS ? n : 0)].node, c))
			return false;
	}
	return true;
}

/* Every name of the list at tok is a member of the object i. */
static bool
check_required(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t tok, uint32_t i)
{
	const struct json *names = &k->s->json;
	struct jsonschema_rule name;
	char text[128];

	for (uint32_t c = json_first(names, tok); c != 0;
	    c = json_next(names, tok, c)) {
		if (!jsonschema_spend(k, k->j->tok[i].n))
			return false;
		if (json_member_like(k->j, i, names, c) != 0)
			continue;
		name.tok = c + 1;
		jsonschema_keyword_name(k->s, &name, text, sizeof(text));
		return jsonschema_fail(k, r, i, "must have \"%s\"", text);
	}
	return true;
}

static bool
check_dependent(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct json *names = &k->s->json;

	for (uint32_t c = json_first(names, r->tok); c != 0;
	    c = json_next(names, r->tok, c + 1)) {
		if (!jsonschema_spend(k, k->j->tok[i].n))
			return false;
		if (json_member_like(k->j, i, names, c) != 0 &&
		    !check_required(k, r, c + 1, i))
			return false;
	}
	return true;
}

static bool
check_properties(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct jsonschema_kid *kid = &k->s->kid[r->kid];
	uint32_t value;

	for (uint32_t n = 0; n < r->nkids; n++, kid++) {
		if (!jsonschema_spend(k, k->j->tok[i].n))
			return false;
		value = json_member_like(k->j, i, &k->s->json, kid->name);
		if (value != 0 && !check_kid(k, r, kid->node, value))
			return false;
	}
	return true;
}

static bool
check_patterns(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct jsonschema_kid *kid = &k->s->kid[r->kid];
	bool found;

	for (uint32_t n = 0; n < r->nkids; n++, kid++)
		for (uint32_t c = json_first(k->j, i); c != 0;
		    c = json_next(k->j, i, c + 1)) {
			if (!jsonschema_finds(k, kid->pattern, c, &found))
				return false;
			if (found && !check_kid(k, r, kid->node, c + 1))
				return false;
		}
	return true;
}

/* Whether a rule beside this one is about the member whose name is c. */
static bool
is_named(struct jsonschema_run *k, const struct jsonschema_rule *properties,
    const struct jsonschema_rule *patterns, uint32_t c)
{
	const struct jsonschema_kid *kid;
	bool found = false;

	if (properties != NULL) {
		if (!jsonschema_spend(k, properties->nkids))
			return true;
		if (json_member_like(&k->s->json, properties->tok, k->j,
		    c) != 0)
			return true;
	}
	for (uint32_t n = 0; patterns != NULL && n < patterns->nkids; n++) {
		kid = &k->s->kid[patterns->kid + n];
		if (!jsonschema_finds(k, kid->pattern, c, &found) ||
		    found)
			return true;
	}
	return false;
}

static bool
check_additional(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct jsonschema_rule *properties =
	    beside(k, r, KEY_PROPERTIES);
	const struct jsonschema_rule *patterns =
	    beside(k, r, KEY_PATTERN_PROPERTIES);

	for (uint32_t c = json_first(k->j, i); c != 0;
	    c = json_next(k->j, i, c + 1))
		if (!is_named(k, properties, patterns, c) &&
		    !check_kid(k, r, k->s->kid[r->kid].node, c + 1))
			return false;
	return !k->over;
}

static bool
check_names(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	for (uint32_t c = json_first(k->j, i); c != 0;
	    c = json_next(k->j, i, c + 1))
		if (!check_kid(k, r, k->s->kid[r->kid].node, c))
			return false;
	return true;
}

static bool
check_object(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	switch ((int)r->key) {
	case KEY_MAX_PROPERTIES:
	case KEY_MIN_PROPERTIES:
		return jsonschema_value(k, r, i);
	case KEY_REQUIRED:
		return check_required(k, r, r->tok, i);
	case KEY_DEPENDENT_REQUIRED:
		return check_dependent(k, r, i);
	case KEY_PROPERTIES:
		return check_properties(k, r, i);
	case KEY_PATTERN_PROPERTIES:
		return check_patterns(k, r, i);
	case KEY_ADDITIONAL_PROPERTIES:
		return check_additional(k, r, i);
	default:
		return check_names(k, r, i);
	}
}

/* The same without a word of what is wrong. */
static bool
matches(struct jsonschema_run *k, uint32_t node, uint32_t i)
{
	bool good;

	k->quiet++;
	good = check_node(k, node, i);
	k->quiet--;
	return good;
}

/* By how many of the schemas of r, as far as it matters. */
static bool
check_some(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i)
{
	uint32_t found = 0;

	for (uint32_t n = 0; n < r->nkids && found < 2; n++) {
		if (matches(k, k->s->kid[r->kid + n].node, i))
			found++;
		if (k->over)
			return false;
		if (found == 1 && r->key == KEY_ANY_OF)
			return true;
	}
	if (found == 0)
		return jsonschema_fail(k, r, i, "matches none of %u schemas",
		    (unsigned)r->nkids);
	return found == 1 || jsonschema_fail(k, r, i, "matches more than one "
	    "schema");
}

static bool
check_if(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i)
{
	bool good = matches(k, k->s->kid[r->kid].node, i);
	const struct jsonschema_rule *next;

	if (k->over)
		return false;
	next = beside(k, r, good ? KEY_THEN : KEY_ELSE);
	return next == NULL ||
	    check_kid(k, next, k->s->kid[next->kid].node, i);
}

/* What is said of the same value by other schemas. */
static bool
check_in_place(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i)
{
	switch ((int)r->key) {
	case KEY_REF:
		return check_kid(k, r, (uint32_t)r->number, i);
	case KEY_ALL_OF:
		for (uint32_t n = 0; n < r->nkids; n++)
			if (!check_kid(k, r, k->s->kid[r->kid + n].node, i))
				return false;
		return true;
	case KEY_ANY_OF:
	case KEY_ONE_OF:
		return check_some(k, r, i);
	case KEY_NOT:
		if (!matches(k, k->s->kid[r->kid].node, i))
			return !k->over;
		return jsonschema_fail(k, r, i, "must not match the schema");
	case KEY_IF:
		return check_if(k, r, i);
	default:
		return true;	/* "then" and "else" are of "if" */
	}
}

static bool
check_rule(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i)
{
	int type = k->j->tok[i].type;

	if (r->key <= KEY_CONST)
		return jsonschema_value(k, r, i);
	if (r->key <= KEY_EXCLUSIVE_MINIMUM)
		return type != JSON_NUMBER || jsonschema_value(k, r, i);
	if (r->key <= KEY_PATTERN)
		return type != JSON_STRING || jsonschema_value(k, r, i);
	if (r->key <= KEY_UNIQUE_ITEMS)
		return type != JSON_ARRAY || check_array(k, r, i);
	if (r->key <= KEY_ADDITIONAL_PROPERTIES)
		return type != JSON_OBJECT || check_object(k, r, i);
	return check_in_place(k, r, i);
}

static bool
check_node(struct jsonschema_run *k, uint32_t node, uint32_t i)
{
	const struct jsonschema_node *n = &k->s->node[node];
	bool good = true;

	if (n->always != -1)
		return n->always == 1;
	if (!jsonschema_spend(k, n->nrules + 1) || ++k->depth > DEPTH_MAX) {
		k->over = true;
		return false;
	}
	for (uint32_t r = n->rule; good && r < n->rule + n->nrules; r++)
		good = check_rule(k, &k->s->rule[r], i) && !k->over;
	k->depth--;
	return good;
}

enum jsonschema_verdict
jsonschema_check(const struct jsonschema *s, const struct json *j, uint32_t i,
    struct jsonschema_error *err)
{
	struct jsonschema_run k = { .s = s, .j = j, .root = i, .err = err,
	    .work = WORK_MAX };
	bool good;

	memset(err, 0, sizeof(*err));
	good = check_node(&k, 0, i);
	if (k.over) {
		memset(err, 0, sizeof(*err));
		snprintf(err->what, sizeof(err->what),
		    "takes too much work to check");
		return JSONSCHEMA_TOO_MUCH;
	}
	if (!good && err->what[0] == '\0')
		snprintf(err->what, sizeof(err->what), "must not be there");
	return good ? JSONSCHEMA_VALID : JSONSCHEMA_INVALID;
}
