/*
 * exchange.c - see exchange.h.  Knows bytes and their limits; nothing of
 * descriptors, time or what an answer says.
 *
 * Exchanges are large, come and go with every request, and are therefore
 * kept for the next one, with the memory of their buffers as long as that
 * is of ordinary size.
 */
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

#define SPARE_MAX	32		/* exchanges kept */
#define KEEP_MAX	65536		/* bytes a kept buffer may have */
#define READ_MIN	16384		/* room for one read() of a body */
#define HEADERS_MAX	8192		/* of an answer, in bytes */
#define PREFIX_MAX	65536

static struct exchange *spare[SPARE_MAX];
static unsigned nspare;

struct exchange *
exchange_new(size_t max_body, size_t max_answer)
{
	struct exchange *x;

	if (nspare > 0)
		x = spare[--nspare];
	else if ((x = malloc(sizeof(*x))) == NULL)
		return NULL;
	else	/* what nothing is read into takes no memory */
		memset(x, 0, offsetof(struct exchange, in));
	x->req.body.max = max_body;
	x->req.answer.body.max = max_answer;
	x->req.answer.headers.max = x->head.max = HEADERS_MAX;
	x->req.answer.prefix.max = PREFIX_MAX;
	x->pos = x->len = 0;
	return x;
}

/* A small body may hold a new key; one that is large does not. */
static void
reset(struct buf *b, bool keep)
{
	if (b->cap > KEEP_MAX)
		buf_fini(b);
	else if (!keep)
		buf_wipe(b);
	else {
		if (b->p != NULL)
			explicit_bzero(b->p, b->tail);
		buf_clear(b);
	}
}

/* Forget the request and its answer. */
static void
clear(struct exchange *x, bool keep)
{
	struct req *r = &x->req;

	problem_fini(&r->why);
	reset(&r->body, keep);
	reset(&r->answer.headers, keep);
	reset(&r->answer.prefix, keep);
	reset(&r->answer.body, keep);
	reset(&x->head, keep);
	explicit_bzero(&r->who, sizeof(r->who));
}

void
exchange_free(struct exchange *x)
{
	bool keep = nspare < SPARE_MAX;

	if (x == NULL)
		return;
	/* A head holds the caller's key. */
	explicit_bzero(x->in, x->most);
	x->most = 0;
	clear(x, keep);
	if (keep)
		spare[nspare++] = x;
	else
		free(x);
}

char *
exchange_room(struct exchange *x, size_t *n)
{
	*n = sizeof(x->in) - x->len;
	return x->in + x->len;
}

void
exchange_got(struct exchange *x, size_t n)
{
	x->len += n;
	if (x->len > x->most)
		x->most = x->len;
}

/* All but the head (which has just been read) and the buffers becomes zero,
 * whatever else others have put into a request. */
static void
forget(struct req *r)
{
	size_t from = offsetof(struct req, route);
	struct buf body = r->body;
	struct answer a = { .headers = r->answer.headers,
	    .prefix = r->answer.prefix, .body = r->answer.body };

	memset((char *)r + from, 0, sizeof(*r) - from);
	r->body = body;
	r->answer = a;
}

void
exchange_begin(struct exchange *x, size_t n)
{
	struct req *r = &x->req;

	forget(r);
	problem_init(&r->why);
	r->rows = -1;
	x->runnable = true;
	x->omit_body = false;
	x->sent = 0;
	x->taken = 0;
	x->since = 0;
	x->pos = x->behind = n;
	x->body = BODY_DONE;
	if (n > 0 && r->head.chunked) {
		x->body = BODY_CHUNKED;
		http_chunks_init(&x->chunks);
	} else if (n > 0 && r->head.content_length > 0) {
		x->body = BODY_LENGTH;
		x->left = r->head.content_length;
	}
}

void
exchange_next(struct exchange *x)
{
	size_t rest = x->len - x->pos;

	clear(x, true);
	memmove(x->in, x->in + x->pos, rest);
	explicit_bzero(x->in + rest, x->most - rest);
	x->pos = 0;
	x->len = x->most = rest;
}

/* n bytes at pos have been taken; when none is left, reading starts again
 * behind the head. */
static void
consume(struct exchange *x, size_t n)
{
	x->taken += (int64_t)n;
	if ((x->pos += n) == x->len)
		x->pos = x->len = x->behind;
}

static int
take_length(struct exchange *x, bool skip, struct problem *why)
{
	size_t n = x->len - x->pos;

	if ((int64_t)n > x->left)
		n = (size_t)x->left;
	if (!skip && buf_add(&x->req.body, x->in + x->pos, n) == -1) {
		problem_internal(why);
		why->close = true;
		return -1;
	}
	consume(x, n);
	if ((x->left -= (int64_t)n) == 0)
		x->body = BODY_DONE;
	return 0;
}

static int
take_chunks(struct exchange *x, bool skip, struct problem *why)
{
	struct buf nowhere, *out = skip ? &nowhere : &x->req.body;
	size_t n;
	int rc;

	buf_init(&nowhere, EXCHANGE_IN);
	rc = http_chunks_read(&x->chunks, x->in + x->pos, x->len - x->pos,
	    &n, out, why);
	buf_fini(&nowhere);
	consume(x, n);
	if (rc == 1)
		x->body = BODY_DONE;
	return rc == -1 ? -1 : 0;
}

int
exchange_take(struct exchange *x, bool skip, struct problem *why)
{
	int rc = 0;

	if (x->body == BODY_LENGTH)
		rc = take_length(x, skip, why);
	else if (x->body == BODY_CHUNKED)
		rc = take_chunks(x, skip, why);
	if (rc == -1)
		return -1;
	return x->body == BODY_DONE;
}

char *
exchange_body_room(struct exchange *x, size_t *n)
{
	size_t have = buf_len(&x->req.body);

	if (x->body != BODY_LENGTH || x->pos < x->len)
		return NULL;
	/* Memory follows what has come, not what was announced. */
	*n = have > READ_MIN ? have : READ_MIN;
	if ((int64_t)*n > x->left)
		*n = (size_t)x->left;
	return buf_reserve(&x->req.body, *n);
}

void
exchange_put(struct exchange *x, size_t n)
{
	buf_commit(&x->req.body, n);
	x->taken += (int64_t)n;
	if ((x->left -= (int64_t)n) == 0)
		x->body = BODY_DONE;
}

int
exchange_unsent(const struct exchange *x, struct iovec v[3])
{
	const struct buf *part[] = { &x->head, &x->req.answer.prefix,
	    &x->req.answer.body };
	size_t skip = x->sent, n;
	const char *p;
	int k = 0;

	for (int i = 0; i < (x->omit_body ? 1 : 3); i++) {
		p = buf_peek(part[i], &n);
		if (skip >= n) {
			skip -= n;
			continue;
		}
		/* writev() only reads what its type lets it write. */
		v[k].iov_base = (void *)(uintptr_t)(p + skip);
		v[k++].iov_len = n - skip;
		skip = 0;
	}
	return k;
}
