/*
 * Request heads: no input may make the parser read outside of it or say
 * something that contradicts itself.
 */
#include <stdlib.h>
#include <string.h>

#include "acdbd/http.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static int
inside(struct slice s, const char *p, size_t n)
{
	return s.p >= p && s.p + s.n <= p + n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *p = malloc(size + 1), value[64];
	struct http_head h;
	struct problem why;
	long rc, again;

	if (p == NULL)
		return 0;
	memcpy(p, data, size);	/* exactly size bytes for the sanitizer */
	p = realloc(p, size > 0 ? size : 1);
	problem_init(&why);
	rc = http_head_parse(&h, p, size, &why);
	check((rc == -1) == (why.status != 0));
	check(rc <= (long)size && rc <= HTTP_HEAD_MAX);
	if (rc > 0) {
		check(inside(h.target, p, (size_t)rc));
		check(inside(h.query, p, (size_t)rc));
		for (size_t i = 0; i < h.nheader; i++)
			check(inside(h.header[i].name, p, (size_t)rc) &&
			    inside(h.header[i].value, p, (size_t)rc));
		check(!h.chunked || h.content_length == -1);
		check(http_query(&h, "k", value, sizeof(value)) <= 1);
		/* The head alone says the same; one byte less is partial. */
		again = http_head_parse(&h, p, (size_t)rc, &why);
		check(again == rc);
		check(http_head_parse(&h, p, (size_t)rc - 1, &why) == 0);
	}
	problem_fini(&why);
	free(p);
	return 0;
}
