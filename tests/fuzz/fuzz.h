/*
 * fuzz.h - what the fuzz targets share: an input in parts, and what must
 * hold.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/json.h"
#include "lib/utf8.h"

#define PART_END	0x1e	/* between the parts of an input */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const char	*p;
	size_t		 n;
};

static inline void
must(bool good)
{
	if (!good)
		abort();
}

UNUSED static unsigned
next_byte(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return (unsigned char)*in->p++;
}

UNUSED static struct input
next_part(struct input *in)
{
	const char *end = in->n == 0 ? NULL : memchr(in->p, PART_END, in->n);
	struct input part = { in->p, end == NULL ? in->n :
	    (size_t)(end - in->p) };

	in->p += part.n + (end != NULL);
	in->n -= part.n + (end != NULL);
	return part;
}

/* A copy of its own size, to be freed: one byte more is seen to be read. */
UNUSED static char *
own_bytes(struct input in)
{
	char *p = malloc(in.n);

	must(p != NULL || in.n == 0);
	if (in.n > 0)
		memcpy(p, in.p, in.n);
	return p;
}

/* The same as a C string, which ends at a NUL. */
UNUSED static char *
own_text(struct input in)
{
	char *p = strndup(in.p == NULL ? "" : in.p, in.n);

	must(p != NULL);
	return p;
}

/* Something is said, on one line. */
UNUSED static void
must_say(struct buf *why)
{
	const char *s = buf_cstr(why);

	must(s != NULL && s[0] != '\0' && !buf_failed(why));
	must(strchr(s, '\n') == NULL && strchr(s, '\r') == NULL);
}

/* Line ends and tabs are all that a terminal is told to do. */
UNUSED static void
must_be_harmless(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t k;
	uint32_t c;

	for (size_t i = 0; i < n; i += k) {
		must((k = utf8_seq(p + i, n - i)) > 0);
		c = utf8_decode(p + i, k);
		must(c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) ||
		    c >= 0xa0);
		must(c != 0x061c && c != 0x200e && c != 0x200f);
		must((c < 0x2028 || c > 0x202e) &&
		    (c < 0x2066 || c > 0x2069));
	}
}

#endif
