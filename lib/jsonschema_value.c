/*
 * jsonschema_value.c - what a keyword says of a value alone: its type, what
 * it is equal to, its size, form and length; see jsonschema.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "jsonschema_priv.h"

#define SHOWN		120	/* bytes of a schema's value in a message */

bool
jsonschema_fail(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i, const char *fmt, ...)
{
	va_list ap;

	if (k->quiet > 0 || k->over)
		return false;
	jsonschema_path(k->j, k->root, i, k->err->path, sizeof(k->err->path));
	jsonschema_keyword_name(k->s, r, k->err->keyword,
	    sizeof(k->err->keyword));
	va_start(ap, fmt);
	vsnprintf(k->err->what, sizeof(k->err->what), fmt, ap);
	va_end(ap);
	return false;
}

bool
jsonschema_spend(struct jsonschema_run *k, uint64_t steps)
{
	k->work -= (int64_t)steps;
	if (k->work < 0)
		k->over = true;
	return !k->over;
}

/* The value of rule r as it is written, cut. */
static int
shown(const struct jsonschema_run *k, const struct jsonschema_rule *r,
    const char **p)
{
	size_t n;

	*p = json_raw(&k->s->json, r->tok, &n);
	if (n <= SHOWN)
		return (int)n;
	for (n = SHOWN; n > 0 && ((*p)[n] & 0xc0) == 0x80; n--)
		continue;
	return (int)n;
}

static bool
check_type(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	static const int bits[] = { [JSON_NULL] = TYPE_NULL,
	    [JSON_FALSE] = TYPE_BOOLEAN, [JSON_TRUE] = TYPE_BOOLEAN,
	    [JSON_NUMBER] = TYPE_NUMBER, [JSON_STRING] = TYPE_STRING,
	    [JSON_ARRAY] = TYPE_ARRAY, [JSON_OBJECT] = TYPE_OBJECT };
	int bit = bits[k->j->tok[i].type];
	const struct json_tok *t;
	struct decimal d;
	const char *p;
	int n;

	if (bit == TYPE_NUMBER && (r->number & TYPE_INTEGER) != 0) {
		t = &k->j->tok[i];
		if (!jsonschema_spend(k, (t->end - t->start) / 4))
			return false;
		d = json_decimal(k->j, i);
		if (decimal_is_integer(&d))
			bit |= TYPE_INTEGER;
	}
	if ((r->number & bit) != 0)
		return true;
	n = shown(k, r, &p);
	return jsonschema_fail(k, r, i, "must be of type %.*s", n, p);
}

static bool
check_enum(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct json *list = &k->s->json;
	const char *p;
	int n;

	for (uint32_t c = json_first(list, r->tok); c != 0;
	    c = json_next(list, r->tok, c))
		if (json_same(list, c, k->j, i, &k->work) ||
		    !jsonschema_spend(k, 0))
			return !k->over;
	n = shown(k, r, &p);
	return jsonschema_fail(k, r, i, "must be one of %.*s", n, p);
}

static bool
check_const(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const char *p;
	int n;

	if (json_same(&k->s->json, r->tok, k->j, i, &k->work))
		return jsonschema_spend(k, 0);
	(void)jsonschema_spend(k, 0);
	n = shown(k, r, &p);
	return jsonschema_fail(k, r, i, "must be %.*s", n, p);
}

static bool
check_number(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	struct decimal d = json_decimal(k->j, i);
	struct decimal limit = json_decimal(&k->s->json, r->tok);
	const char *what = "", *p;
	bool good = true;
	int order, n;

	if (!jsonschema_spend(k, d.span / 4))
		return false;
	order = r->key == KEY_MULTIPLE_OF ? 0 : decimal_compare(&d, &limit);
	if (r->key == KEY_MULTIPLE_OF) {
		good = decimal_is_multiple(&d, &limit);
		what = "a multiple of ";
	} else if (r->key == KEY_MAXIMUM) {
		good = order <= 0;
		what = "at most ";
	} else if (r->key == KEY_EXCLUSIVE_MAXIMUM) {
		good = order < 0;
		what = "less than ";
	} else if (r->key == KEY_MINIMUM) {
		good = order >= 0;
		what = "at least ";
	} else {
		good = order > 0;
		what = "more than ";
	}
	n = shown(k, r, &p);
	return good || jsonschema_fail(k, r, i, "must be %s%.*s", what, n, p);
}

bool
jsonschema_finds(struct jsonschema_run *k, const struct pattern *pattern,
    uint32_t i, bool *found)
{
	struct buf text;
	const char *p;
	size_t n;
	int rc = -1;

	buf_init(&text, k->j->len);
	if (json_bytes(k->j, i, &text) == 0) {
		p = buf_peek(&text, &n);
		rc = pattern_match(pattern, p, n, &k->work);
	}
	buf_fini(&text);
	if (rc == -1)
		k->over = true;
	*found = rc == 1;
	return !k->over;
}

static bool
check_format(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	struct buf text;
	const char *p;
	bool good = false;
	size_t n;
	int shown_n;

	buf_init(&text, k->j->len);
	if (json_bytes(k->j, i, &text) == 0) {
		p = buf_peek(&text, &n);
		good = jsonschema_format_is((int)r->number, p, n);
	}
	buf_fini(&text);
	shown_n = shown(k, r, &p);
	return good || jsonschema_fail(
			   k, r, i, "must have the format %.*s", shown_n, p);
}

static bool
check_string(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct json_tok *t = &k->j->tok[i];
	const char *p;
	int64_t n;
	bool found;
	int cut;

	if (!jsonschema_spend(k, (t->end - t->start) / 8))
		return false;
	if (r->key == KEY_FORMAT)
		return check_format(k, r, i);
	if (r->key == KEY_PATTERN) {
		if (!jsonschema_finds(k, r->pattern, i, &found))
			return false;
		cut = shown(k, r, &p);
		return found || jsonschema_fail(k, r, i,
				    "must match the pattern %.*s", cut, p);
	}
	n = (int64_t)json_length(k->j, i);
	if (r->key == KEY_MAX_LENGTH && n > r->number)
		return jsonschema_fail(k, r, i,
		    "has %lld characters, at most %lld may "
		    "be",
		    (long long)n, (long long)r->number);
	if (r->key == KEY_MIN_LENGTH && n < r->number)
		return jsonschema_fail(k, r, i,
		    "has %lld characters, at least %lld must "
		    "be",
		    (long long)n, (long long)r->number);
	return true;
}

/* A number of elements or members. */
static bool
check_count(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i, bool most, const char *of)
{
	int64_t n = k->j->tok[i].n;

	if (most ? n <= r->number : n >= r->number)
		return true;
	return jsonschema_fail(k, r, i, "has %lld %s, at %s %lld %s be",
	    (long long)n, of, most ? "most" : "least", (long long)r->number,
	    most ? "may" : "must");
}

struct hashed {
	uint64_t	 hash;
	uint32_t	 i;
};

static int
by_hash(const void *x, const void *y)
{
	const struct hashed *a = x, *b = y;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static bool
check_unique(
    struct jsonschema_run *k, const struct jsonschema_rule *r, uint32_t i)
{
	const struct json_tok *t = &k->j->tok[i];
	struct hashed *h;
	size_t n = 0;
	bool good = true;

	if (r->number == 0 || t->n < 2)
		return true;
	if (!jsonschema_spend(k, (t->end - t->start) / 8 + t->n) ||
	    (h = calloc(t->n, sizeof(*h))) == NULL) {
		k->over = true;
		return false;
	}
	for (uint32_t c = json_first(k->j, i); c != 0;
	    c = json_next(k->j, i, c))
		h[n++] = (struct hashed){ json_hash(k->j, c), c };
	qsort(h, n, sizeof(*h), by_hash);
	/* Of one hash are, but for accidents, equals alone. */
	for (size_t a = 0; good && a < n && jsonschema_spend(k, 1); a++)
		for (size_t b = a + 1; good && b < n &&
		    h[b].hash == h[a].hash && !k->over; b++)
			if (json_same(k->j, h[a].i, k->j, h[b].i, &k->work))
				good = jsonschema_fail(k, r,
				    h[b].i > h[a].i ? h[b].i : h[a].i,
				    "stands there twice");
			else
				(void)jsonschema_spend(k, 1);
	free(h);
	return good && !k->over;
}

bool
jsonschema_value(struct jsonschema_run *k, const struct jsonschema_rule *r,
    uint32_t i)
{
	switch ((int)r->key) {
	case KEY_TYPE:
		return check_type(k, r, i);
	case KEY_ENUM:
		return check_enum(k, r, i);
	case KEY_CONST:
		return check_const(k, r, i);
	case KEY_MAX_ITEMS:
		return check_count(k, r, i, true, "items");
	case KEY_MIN_ITEMS:
		return check_count(k, r, i, false, "items");
	case KEY_UNIQUE_ITEMS:
		return check_unique(k, r, i);
	case KEY_MAX_PROPERTIES:
		return check_count(k, r, i, true, "members");
	case KEY_MIN_PROPERTIES:
		return check_count(k, r, i, false, "members");
	default:
		return r->key <= KEY_EXCLUSIVE_MINIMUM ?
		    check_number(k, r, i) : check_string(k, r, i);
	}
}
