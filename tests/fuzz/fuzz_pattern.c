/*
 * fuzz_pattern.c - any bytes as a pattern, up to the first NUL, and the rest
 * as the text to look in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/pattern.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data, *why = NULL;
	size_t len = strnlen(text, n);
	int64_t work = 100000, before = work;
	struct pattern *p;
	int rc;

	if (!json_utf8_valid(text, len) || (len < n &&
	    !json_utf8_valid(text + len + 1, n - len - 1)))
		return 0;
	if ((p = pattern_new(text, len, &why)) == NULL) {
		if (why == NULL)
			abort();
		return 0;
	}
	rc = len < n ? pattern_match(p, text + len + 1, n - len - 1, &work) :
	    pattern_match(p, text, len, &work);
	if (rc < -1 || rc > 1 || work >= before || (rc == -1 && work >= 0))
		abort();
	pattern_free(p);
	return 0;
}
