/*
 * buf.c - see buf.h.
 *
 * The content is kept in one block.  Consumed bytes at the head are
 * reclaimed only when room is needed, so that peek, consume, peek costs no
 * copy.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_MIN	256		/* first allocation: most answers fit */

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_fini(struct buf *b)
{
	size_t max = b->max;

	free(b->p);
	buf_init(b, max);
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_fini(b);
}

void
buf_clear(struct buf *b)
{
	b->head = b->tail = 0;
	b->failed = false;
}

static int
refuse(struct buf *b, int err)
{
	b->failed = true;
	errno = err;
	return -1;
}

/*
 * Make room for n bytes at the tail and one NUL behind them, by moving the
 * content to the front of the block or by growing the block.
 */
static int
make_room(struct buf *b, size_t n)
{
	size_t len = b->tail - b->head, want, cap;
	char *p;

	if (n > b->max || len > b->max - n)
		return refuse(b, EMSGSIZE);
	want = len + n + 1;
	if (b->cap - b->tail > n)
		return 0;
	if (want <= b->cap && b->head >= len) {
		memcpy(b->p, b->p + b->head, len);
		b->head = 0;
		b->tail = len;
		return 0;
	}
	cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	if (b->head > 0 && len > 0)
		memmove(b->p, b->p + b->head, len);
	b->head = 0;
	b->tail = len;
	if (cap == b->cap)
		return 0;
	if ((p = realloc(b->p, cap)) == NULL)
		return refuse(b, ENOMEM);
	b->p = p;
	b->cap = cap;
	return 0;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if (make_room(b, n) == -1)
		return NULL;
	return b->p + b->tail;
}

void
buf_commit(struct buf *b, size_t used)
{
	b->tail += used;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return 0;
	if (make_room(b, n) == -1)
		return -1;
	memcpy(b->p + b->tail, p, n);
	b->tail += n;
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int n;

	/* What fits is printed once. */
	if (make_room(b, 0) == -1)
		return -1;
	room = b->cap - b->tail;
	va_copy(again, ap);
	n = vsnprintf(b->p + b->tail, room, fmt, again);
	va_end(again);
	if (n < 0 || (size_t)n >= room || (size_t)n > b->max - buf_len(b))
		b->p[b->tail] = '\0';
	if (n < 0)
		return refuse(b, EINVAL);
	if (make_room(b, (size_t)n) == -1)
		return -1;
	if ((size_t)n >= room)
		vsnprintf(b->p + b->tail, (size_t)n + 1, fmt, ap);
	b->tail += (size_t)n;
	return 0;
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_addv(b, fmt, ap);
	va_end(ap);
	return rc;
}

size_t
buf_len(const struct buf *b)
{
	return b->tail - b->head;
}

size_t
buf_room(const struct buf *b)
{
	return b->max - buf_len(b);
}

const char *
buf_peek(const struct buf *b, size_t *n)
{
	if (n != NULL)
		*n = buf_len(b);
	return b->p == NULL ? "" : b->p + b->head;
}

const char *
buf_cstr(struct buf *b)
{
	if (b->p == NULL)
		return "";
	if (b->tail == b->cap && make_room(b, 0) == -1)
		return NULL;
	b->p[b->tail] = '\0';
	return b->p + b->head;
}

void
buf_consume(struct buf *b, size_t n)
{
	b->head += n;
	if (b->head == b->tail)
		b->head = b->tail = 0;
}

void
buf_truncate(struct buf *b, size_t n)
{
	b->tail = b->head + n;
}

char *
buf_take(struct buf *b, size_t *n)
{
	char *p;

	if (n != NULL)
		*n = buf_len(b);
	if (b->p == NULL)
		return strdup("");
	if (buf_cstr(b) == NULL)
		return NULL;
	if (b->head > 0)
		memmove(b->p, b->p + b->head, buf_len(b) + 1);
	p = b->p;
	b->p = NULL;
	b->cap = 0;
	buf_clear(b);
	return p;
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}
