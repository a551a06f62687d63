/*
 * fuzz_apikey.c - the reader of API keys on any bytes.  What it accepts is
 * exactly what it would write.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/apikey.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct apikey k;
	char text[APIKEY_TEXT];

	if (apikey_parse(&k, (const char *)data, n) == -1)
		return 0;
	apikey_text(text, &k);
	if (strlen(text) != n || memcmp(text, data, n) != 0 ||
	    !apikey_env_valid(k.env))
		abort();
	return 0;
}
