/*
 * json_dup.c - does an object name a member twice (see json_priv.h)?
 *
 * Two members of one name mean what each reader makes of them, so such a
 * text is refused.  The names are a client's: however it chooses them the
 * search must stay linear, hence a hash whose key it cannot know.
 */
#include <stdlib.h>
#include <string.h>

#include "json_priv.h"
#include "secret.h"

#define FEW	12	/* up to here comparing all pairs is cheaper */

/* The prime 2^61 - 1, modulo which a sum needs no division. */
#define PRIME	((UINT64_C(1) << 61) - 1)

static bool
same(const struct json *j, uint32_t a, uint32_t b)
{
	const struct json_tok *x = &j->tok[a], *y = &j->tok[b];
	struct json_chars s, t;
	int c;

	if (!x->escaped && !y->escaped)
		return x->end - x->start == y->end - y->start &&
		    memcmp(j->text + x->start, j->text + y->start,
		    x->end - x->start) == 0;
	json_chars_init(&s, j, a);
	json_chars_init(&t, j, b);
	while ((c = json_chars_next(&s)) != -1)
		if (c != json_chars_next(&t))
			return false;
	return json_chars_next(&t) == -1;
}

static uint64_t
mix(uint64_t h, uint64_t byte, uint64_t seed)
{
	__uint128_t v = (__uint128_t)(h + byte + 1) * seed;
	uint64_t r = (uint64_t)(v & PRIME) + (uint64_t)(v >> 61);

	return r >= PRIME ? r - PRIME : r;
}

/*
 * The name's bytes as the coefficients of a polynomial, evaluated at the
 * secret seed modulo a prime: two different names of at most n bytes meet
 * with probability n / 2^61, whoever chose them.
 */
static uint64_t
hash(const struct json *j, uint32_t i, uint64_t seed)
{
	const struct json_tok *t = &j->tok[i];
	struct json_chars chars;
	uint64_t h = 0;
	int c;

	if (!t->escaped) {
		for (uint32_t at = t->start; at < t->end; at++)
			h = mix(h, (unsigned char)j->text[at], seed);
		return h;
	}
	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) != -1)
		h = mix(h, (uint64_t)c, seed);
	return h;
}

static uint32_t
find_among_few(const struct json *j, uint32_t i)
{
	uint32_t seen[FEW], n = 0;

	for (uint32_t c = json_first(j, i); c != 0;
	    c = json_next(j, i, c + 1)) {
		for (uint32_t k = 0; k < n; k++)
			if (same(j, seen[k], c))
				return c;
		seen[n++] = c;
	}
	return 0;
}

/* Chains of names of one bucket; link[k] leads on from the k-th name. */
struct chain {
	uint32_t	name;
	uint32_t	link;		/* 1-based index; 0: the last */
};

static uint32_t
find_in(const struct json *j, uint32_t i, uint64_t seed, uint32_t *bucket,
    uint64_t mask, struct chain *chain)
{
	uint32_t n = 0, *b;

	for (uint32_t c = json_first(j, i); c != 0;
	    c = json_next(j, i, c + 1)) {
		b = &bucket[hash(j, c, seed) & mask];
		for (uint32_t k = *b; k != 0; k = chain[k - 1].link)
			if (same(j, chain[k - 1].name, c))
				return c;
		chain[n].name = c;
		chain[n].link = *b;
		*b = ++n;
	}
	return 0;
}

int
json_dup_find(const struct json *j, uint32_t i, uint64_t *seed,
    uint32_t *name)
{
	struct chain *chain;
	uint32_t *bucket, n = j->tok[i].n;
	size_t size = FEW;

	*name = 0;
	if (n <= FEW) {
		*name = find_among_few(j, i);
		return 0;
	}
	while (*seed == 0) {
		secret_random(seed, sizeof(*seed));
		*seed %= PRIME;
	}
	for (size = 16; size < n; size *= 2)
		continue;
	bucket = calloc(size, sizeof(*bucket));
	chain = calloc(n, sizeof(*chain));
	if (bucket != NULL && chain != NULL)
		*name = find_in(j, i, *seed, bucket, size - 1, chain);
	n = bucket == NULL || chain == NULL;
	free(bucket);
	free(chain);
	return n ? -1 : 0;
}
