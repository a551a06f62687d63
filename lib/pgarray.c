/*
 * pgarray.c - see pgarray.h; the form is array_recv()'s: dimensions, whether
 * there are NULLs, element type, then per dimension its length and lower
 * bound, then per element its length (-1: NULL) and bytes.
 */
#include <arpa/inet.h>
#include <string.h>

#include "pgarray.h"

#define HEADER	20

static void
put4(struct buf *b, uint32_t v)
{
	v = htonl(v);
	buf_add(b, &v, 4);
}

void
pgarray_init(struct pgarray *a, uint32_t type, size_t max)
{
	buf_init(&a->b, max);
	a->type = type;
	a->n = a->nulls = 0;
}

void
pgarray_fini(struct pgarray *a)
{
	buf_fini(&a->b);
}

void
pgarray_clear(struct pgarray *a)
{
	buf_clear(&a->b);
	a->n = a->nulls = 0;
}

size_t
pgarray_room(const struct pgarray *a)
{
	return buf_room(&a->b);
}

void
pgarray_add(struct pgarray *a, const void *p, size_t n)
{
	static const char header[HEADER];

	if (a->n == 0)
		buf_add(&a->b, header, HEADER);
	a->n++;
	if (p == NULL) {
		a->nulls++;
		put4(&a->b, UINT32_MAX);
		return;
	}
	put4(&a->b, (uint32_t)n);
	buf_add(&a->b, p, n);
}

void
pgarray_adds(struct pgarray *a, const char *s)
{
	pgarray_add(a, s, s == NULL ? 0 : strlen(s));
}

void
pgarray_int8(struct pgarray *a, int64_t v)
{
	uint32_t word[2] = { htonl((uint32_t)((uint64_t)v >> 32)),
	    htonl((uint32_t)v) };

	pgarray_add(a, word, 8);
}

void
pgarray_int4(struct pgarray *a, int32_t v)
{
	uint32_t word = htonl((uint32_t)v);

	pgarray_add(a, &word, 4);
}

const char *
pgarray_bytes(struct pgarray *a, int *n)
{
	uint32_t header[HEADER / 4] = { htonl(1), htonl(a->nulls > 0),
	    htonl(a->type), htonl(a->n), htonl(1) };
	size_t len;

	if (a->n > 0 && !buf_failed(&a->b))
		memcpy(a->b.p + a->b.head, header, HEADER);
	(void)buf_peek(&a->b, &len);
	*n = (int)len;
	return buf_peek(&a->b, NULL);
}
