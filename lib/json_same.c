/*
 * json_same.c - values compared by what they mean: numbers by their value,
 * strings behind their escapes, objects whatever their order (see json.h).
 */
#include <string.h>

#include "decimal.h"
#include "json.h"
#include "json_priv.h"

#define PRIME	UINT64_C(0x100000001b3)
#define BASIS	UINT64_C(0xcbf29ce484222325)

size_t
json_length(const struct json *j, uint32_t i)
{
	struct json_chars chars;
	size_t n = 0;
	int c;

	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) != -1)
		n += (c & 0xc0) != 0x80;
	return n;
}

int
json_bytes(const struct json *j, uint32_t i, struct buf *out)
{
	struct json_chars chars;
	int c;

	if (!j->tok[i].escaped)
		return buf_add(out, j->text + j->tok[i].start,
		    j->tok[i].end - j->tok[i].start);
	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) != -1)
		if (buf_addc(out, (char)c) == -1)
			return -1;
	return 0;
}

bool
json_same_string(const struct json *a, uint32_t i, const struct json *b,
    uint32_t k)
{
	const struct json_tok *x = &a->tok[i], *y = &b->tok[k];
	struct json_chars cx, cy;
	int c;

	if (!x->escaped && !y->escaped)
		return x->end - x->start == y->end - y->start &&
		    memcmp(a->text + x->start, b->text + y->start,
		    x->end - x->start) == 0;
	json_chars_init(&cx, a, i);
	json_chars_init(&cy, b, k);
	do {
		c = json_chars_next(&cx);
		if (c != json_chars_next(&cy))
			return false;
	} while (c != -1);
	return true;
}

uint32_t
json_member_like(const struct json *j, uint32_t i, const struct json *names,
    uint32_t name)
{
	for (uint32_t c = json_first(j, i); c != 0; c = json_next(j, i, c + 1))
		if (json_same_string(j, c, names, name))
			return c + 1;
	return 0;
}

struct decimal
json_decimal(const struct json *j, uint32_t i)
{
	return decimal_read(j->text + j->tok[i].start,
	    j->tok[i].end - j->tok[i].start);
}

static bool
same_arrays(const struct json *a, uint32_t i, const struct json *b,
    uint32_t k, int64_t *work)
{
	uint32_t x = json_first(a, i), y = json_first(b, k);

	for (; x != 0; x = json_next(a, i, x), y = json_next(b, k, y))
		if (!json_same(a, x, b, y, work))
			return false;
	return true;
}

/* Both have the same number of members, and none twice. */
static bool
same_objects(const struct json *a, uint32_t i, const struct json *b,
    uint32_t k, int64_t *work)
{
	uint32_t y;

	for (uint32_t x = json_first(a, i); x != 0;
	    x = json_next(a, i, x + 1)) {
		*work -= b->tok[k].n;
		if (*work < 0)
			return false;
		y = json_member_like(b, k, a, x);
		if (y == 0 || !json_same(a, x + 1, b, y, work))
			return false;
	}
	return true;
}

bool
json_same(const struct json *a, uint32_t i, const struct json *b, uint32_t k,
    int64_t *work)
{
	const struct json_tok *x = &a->tok[i], *y = &b->tok[k];
	struct decimal d, e;

	if (--*work < 0 || x->type != y->type || x->n != y->n)
		return false;
	switch ((enum json_type)x->type) {
	case JSON_NUMBER:
		*work -= (x->end - x->start + y->end - y->start) / 4;
		d = json_decimal(a, i);
		e = json_decimal(b, k);
		return decimal_compare(&d, &e) == 0;
	case JSON_STRING:
		*work -= (x->end - x->start) / 16;
		return json_same_string(a, i, b, k);
	case JSON_ARRAY:
		return same_arrays(a, i, b, k, work);
	case JSON_OBJECT:
		return same_objects(a, i, b, k, work);
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	return true;
}

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 33;
}

static uint64_t
hash_string(const struct json *j, uint32_t i)
{
	struct json_chars chars;
	uint64_t h = BASIS;
	int c;

	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) != -1)
		h = (h ^ (uint64_t)c) * PRIME;
	return h;
}

uint64_t
json_hash(const struct json *j, uint32_t i)
{
	const struct json_tok *t = &j->tok[i];
	uint64_t h = t->type + 1;
	struct decimal d;

	if (t->type == JSON_STRING)
		h += hash_string(j, i);
	else if (t->type == JSON_NUMBER) {
		d = json_decimal(j, i);
		h += decimal_hash(&d);
	} else if (t->type == JSON_ARRAY)
		for (uint32_t c = json_first(j, i); c != 0;
		    c = json_next(j, i, c))
			h = (h ^ json_hash(j, c)) * PRIME;
	else if (t->type == JSON_OBJECT)	/* in any order */
		for (uint32_t c = json_first(j, i); c != 0;
		    c = json_next(j, i, c + 1))
			h += mix(hash_string(j, c) * PRIME ^
			    json_hash(j, c + 1));
	return mix(h);
}
