/*
 * decimal.c - see decimal.h.
 *
 * Nothing is converted: a number is looked at where it is written.
 */
#include <string.h>

#include "decimal.h"

#define EXPONENT_MAX	INT64_C(1000000000000)	/* more makes no difference to
						 * texts that fit in memory */

static int64_t
read_exponent(const char *p, const char *end)
{
	int64_t e = 0;
	bool negative = p < end && *p == '-';

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end && e < EXPONENT_MAX; p++)
		e = e * 10 + (*p - '0');
	return negative ? -e : e;
}

struct decimal
decimal_read(const char *text, size_t n)
{
	struct decimal d = { .negative = n > 0 && text[0] == '-' };
	const char *end = text + n, *p = text + (d.negative ? 1 : 0);
	const char *last = NULL;
	bool behind_point = false;
	size_t zeros = 0;		/* since the last other digit */

	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			behind_point = true;
			continue;
		}
		if (*p == '0' && last == NULL) {
			d.point -= behind_point;	/* leading */
			continue;
		}
		d.point += !behind_point;
		if (*p == '0') {
			zeros++;
			continue;
		}
		if (last == NULL)
			d.p = p;
		last = p;
		d.n += zeros + 1;
		zeros = 0;
	}
	if (last == NULL)
		return (struct decimal){ .p = text };	/* and no -0 */
	d.span = (size_t)(last - d.p) + 1;
	if (p < end)
		d.point += read_exponent(p + 1, end);
	return d;
}

/* The digits one by one. */
static char
next_digit(const struct decimal *d, size_t *at)
{
	if (d->p[*at] == '.')
		(*at)++;
	return d->p[(*at)++];
}

static int
compare_size(const struct decimal *a, const struct decimal *b)
{
	size_t i = 0, k = 0;
	char x, y;

	if (a->point != b->point)
		return a->point < b->point ? -1 : 1;
	while (i < a->span && k < b->span) {
		x = next_digit(a, &i);
		y = next_digit(b, &k);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return i < a->span ? 1 : k < b->span ? -1 : 0;
}

static int
sign(const struct decimal *d)
{
	return d->n == 0 ? 0 : d->negative ? -1 : 1;
}

int
decimal_compare(const struct decimal *a, const struct decimal *b)
{
	int x = sign(a), y = sign(b);

	if (x != y || x == 0)
		return x - y;
	return x * compare_size(a, b);
}

bool
decimal_is_integer(const struct decimal *d)
{
	return d->n == 0 || (d->point > 0 && (uint64_t)d->point >= d->n);
}

/*
 * a is A times a power of ten, b is B times one, A and B integers that ten
 * does not divide.  With the smaller power at a, ten would have to divide
 * A; else A times the powers' quotient has to be a multiple of B.  What is
 * left of it takes the twos and fives out of B, and there are less than 64.
 */
bool
decimal_is_multiple(const struct decimal *a, const struct decimal *b)
{
	int64_t more = (a->point - (int64_t)a->n) -
	    (b->point - (int64_t)b->n);
	uint64_t divisor = 0, rest = 0;

	if (a->n == 0)
		return true;
	if (more < 0)
		return false;
	for (size_t i = 0; i < b->span; )
		divisor = divisor * 10 + (uint64_t)(next_digit(b, &i) - '0');
	for (size_t i = 0; i < a->span; )
		rest = (rest * 10 + (uint64_t)(next_digit(a, &i) - '0')) %
		    divisor;
	for (int k = 0; k < 64 && k < more; k++)
		rest = rest * 10 % divisor;
	return rest == 0;
}

uint64_t
decimal_hash(const struct decimal *d)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < d->span; )
		h = (h ^ (unsigned char)next_digit(d, &i)) *
		    UINT64_C(0x100000001b3);
	return (h ^ (uint64_t)d->point) * UINT64_C(0x100000001b3) +
	    d->negative;
}
