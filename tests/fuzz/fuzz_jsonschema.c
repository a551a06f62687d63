/*
 * fuzz_jsonschema.c - any bytes as a schema, up to the first NUL, and the
 * rest as a value: no schema that is taken fails on any value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jsonschema.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(int good)
{
	if (!good)
		abort();
}

static void
check(const struct jsonschema *s, const char *text, size_t n)
{
	struct jsonschema_error err;
	enum jsonschema_verdict v;
	struct json j;

	if (json_read(&j, text, n, NULL) == -1)
		return;
	v = jsonschema_check(s, &j, 0, &err);
	must((v == JSONSCHEMA_VALID) == (err.what[0] == '\0'));
	must(memchr(err.path, '\0', sizeof(err.path)) != NULL);
	json_fini(&j);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	size_t len = strnlen(text, n);
	struct jsonschema_error err;
	struct jsonschema *s = jsonschema_new(text, len, &err);

	if (s == NULL) {
		must(err.what[0] != '\0');
		return 0;
	}
	check(s, text, len);
	if (len < n)
		check(s, text + len + 1, n - len - 1);
	jsonschema_free(s);
	return 0;
}
