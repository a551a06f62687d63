/*
 * fuzz_sqllex.c - any bytes, cut anywhere, give the same statements.
 *
 * The first byte of the input chooses the size of the pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sqllex.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum over where the events happen and what they leave. */
static uint64_t
digest(const char *p, size_t n, size_t step)
{
	struct sqllex *l = sqllex_new();
	uint64_t sum = 0;
	size_t i = 0, used, line, column;
	enum sqllex_event e;

	if (l == NULL)
		abort();
	while (i < n) {
		e = sqllex_feed(l, p + i, n - i < step ? n - i : step, &used);
		if (used == 0 || used > step)
			abort();
		i += used;
		if (e == SQLLEX_MORE)
			continue;
		sqllex_where(l, &line, &column);
		sum = sum * 31 + i * 7 + (uint64_t)e + line * 3 + column +
		    (sqllex_has_content(l) ? 1 : 0);
	}
	sum = sum * 31 + (uint64_t)sqllex_state(l);
	sqllex_free(l);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *sql = (const char *)data + 1;
	char out[24];

	if (size < 1)
		return 0;
	size--;
	if (digest(sql, size, (size_t)data[0] + 1) !=
	    digest(sql, size, SIZE_MAX))
		abort();
	sqllex_keywords(sql, size, 4, out, sizeof(out));
	if (strlen(out) >= sizeof(out))
		abort();
	if (sqllex_params(sql, size) < 0)
		abort();
	(void)sqllex_depth(sql, size);
	(void)sqllex_operators(sql, size);
	return 0;
}
