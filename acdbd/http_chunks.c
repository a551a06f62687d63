/*
 * http_chunks.c - chunked bodies, see http.h.  Pure.
 *
 * One state for each place in RFC 9112 7.1's grammar; all but the data goes
 * byte by byte.  What carries no data (extensions, trailers, leading zeros)
 * is ignored, but its sum is bounded: a body of one byte must not cost
 * megabytes.
 */
#include <errno.h>

#include "http.h"
#include "lib/enc.h"

enum { SIZE_FIRST, SIZE_MORE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF,
    TRAILER_FIRST, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, LAST_LF,
    COMPLETE };

#define OVERHEAD_MAX	8192

void
http_chunks_init(struct http_chunks *c)
{
	*c = (struct http_chunks){ .state = SIZE_FIRST };
}

static int
refuse(struct problem *why, const char *detail)
{
	problem_set(why, 400, "bad_request", "%s", detail);
	why->close = true;
	return -1;
}

/* What neither an extension nor a trailer's value holds (RFC 9110 5.5).
 * A char may be signed or not; what is beyond ASCII is no control. */
static bool
is_control(char ch)
{
	unsigned char c = (unsigned char)ch;

	return (c < ' ' && c != '\t') || c == 127;
}

/* One byte of a chunk's first line.  Returns 0, or -1 where it is wrong. */
static int
size_byte(struct http_chunks *c, char ch)
{
	int digit = enc_hex_digit(ch);

	switch (c->state) {
	case SIZE_FIRST:
	case SIZE_MORE:
		if (digit >= 0) {
			if (c->left > (UINT64_MAX >> 8))
				return -1;
			c->left = c->left * 16 + (unsigned)digit;
			if (c->left == 0)
				c->overhead++;
			c->state = SIZE_MORE;
			return 0;
		}
		if (c->state == SIZE_FIRST)
			return -1;
		if (ch == ';')
			c->state = EXTENSION;
		else if (ch == '\r')
			c->state = SIZE_LF;
		else
			return -1;
		return 0;
	case EXTENSION:
		c->overhead++;
		if (ch == '\r')
			c->state = SIZE_LF;
		else if (is_control(ch))
			return -1;
		return 0;
	default:	/* SIZE_LF */
		c->state = c->left > 0 ? DATA : TRAILER_FIRST;
		return ch == '\n' ? 0 : -1;
	}
}

/* Whether ch may stand in the name of a trailer (RFC 9110 5.6.2). */
static bool
is_name(char ch)
{
	if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
	    (ch >= 'A' && ch <= 'Z'))
		return true;
	for (const char *p = "!#$%&'*+-.^_`|~"; *p != '\0'; p++)
		if (*p == ch)
			return true;
	return false;
}

/* One byte behind the last chunk. */
static int
trailer_byte(struct http_chunks *c, char ch)
{
	c->overhead++;
	switch (c->state) {
	case TRAILER_FIRST:
		c->state = ch == '\r' ? LAST_LF : TRAILER_NAME;
		return ch == '\r' || is_name(ch) ? 0 : -1;
	case TRAILER_NAME:
		if (ch == ':')
			c->state = TRAILER_VALUE;
		else if (!is_name(ch))
			return -1;
		return 0;
	case TRAILER_VALUE:
		if (ch == '\r')
			c->state = TRAILER_LF;
		else if (is_control(ch))
			return -1;
		return 0;
	case TRAILER_LF:
		c->state = TRAILER_FIRST;
		return ch == '\n' ? 0 : -1;
	default:	/* LAST_LF */
		c->state = COMPLETE;
		return ch == '\n' ? 0 : -1;
	}
}

static int
byte(struct http_chunks *c, char ch)
{
	if (c->state == DATA_CR || c->state == DATA_LF) {
		if (ch != (c->state == DATA_CR ? '\r' : '\n'))
			return -1;
		c->state = c->state == DATA_CR ? DATA_LF : SIZE_FIRST;
		return 0;
	}
	if (c->state <= SIZE_LF)
		return size_byte(c, ch);
	return trailer_byte(c, ch);
}

/* Take what there is of the current chunk's data. */
static int
data(struct http_chunks *c, const char *p, size_t n, size_t *taken,
    struct buf *out, struct problem *why)
{
	if (n > c->left)
		n = (size_t)c->left;
	if (buf_add(out, p, n) == -1) {
		if (errno == EMSGSIZE)
			problem_set(why, 413, "body_too_large",
			    "the request body is larger than %zu bytes",
			    out->max);
		else
			problem_internal(why);
		why->close = true;
		return -1;
	}
	*taken = n;
	if ((c->left -= n) == 0)
		c->state = DATA_CR;
	return 0;
}

int
http_chunks_read(struct http_chunks *c, const char *p, size_t n,
    size_t *used, struct buf *out, struct problem *why)
{
	size_t taken;

	for (*used = 0; *used < n && c->state != COMPLETE; *used += taken) {
		taken = 1;
		if (c->state == DATA) {
			if (data(c, p + *used, n - *used, &taken, out,
			    why) == -1)
				return -1;
		} else if (byte(c, p[*used]) == -1)
			return refuse(why, "the chunked body is malformed");
		if (c->overhead > OVERHEAD_MAX)
			return refuse(why, "the chunked body has too much "
			    "besides its data");
	}
	return c->state == COMPLETE;
}
