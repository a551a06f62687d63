/*
 * fuzz_units.c - what operators may write into a setting, and the text
 * forms of enc.h: any text is refused or has one meaning within bounds.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/enc.h"
#include "lib/units.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(int good)
{
	if (!good)
		abort();
}

/* What decodes encodes to the same text. */
static void
check_base64url(const char *s, size_t n)
{
	char *bytes = malloc(n / 4 * 3 + 2), *text = malloc(n + 4);
	size_t len;

	must(bytes != NULL && text != NULL);
	if (enc_unbase64url(bytes, &len, s, n) == 0) {
		must(len <= n / 4 * 3 + 2);
		enc_base64url(text, bytes, len);
		must(strlen(text) == n && memcmp(text, s, n) == 0);
	}
	free(bytes);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s;
	uint8_t uuid[UUID_LEN];
	int64_t v;
	double d;
	bool b;

	if ((s = malloc(n + 1)) == NULL)
		return 0;
	if (n > 0)
		memcpy(s, data, n);
	s[n] = '\0';
	if (units_duration(s, &v) == 0)
		must(v >= 0);
	if (units_size(s, &v) == 0)
		must(v >= 0);
	if (units_int(s, 5, 100, &v) == 0)
		must(v >= 5 && v <= 100);
	if (units_number(s, &d) == 0)
		must(isfinite(d) && d >= 0);
	if (units_bool(s, &b) == 0)
		must(strlen(s) <= 5);
	if (uuid_parse(uuid, s, n) == 0)
		must(n == 36);
	check_base64url(s, n);
	free(s);
	return 0;
}
