/*
 * Chunked bodies: however the bytes are cut into pieces, the outcome is the
 * same.  The first byte of the input says how.
 */
#include <stdlib.h>
#include <string.h>

#include "acdbd/http.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run(const uint8_t *data, size_t size, size_t step, struct buf *out,
    size_t *used)
{
	struct http_chunks c;
	struct problem why;
	size_t taken, n;
	char *piece;
	int rc = 0;

	problem_init(&why);
	http_chunks_init(&c);
	for (*used = 0; *used < size && rc == 0; *used += taken) {
		n = size - *used < step ? size - *used : step;
		if ((piece = malloc(n)) == NULL)
			abort();
		memcpy(piece, data + *used, n);
		rc = http_chunks_read(&c, piece, n, &taken, out, &why);
		free(piece);
		if (taken > n || (rc == 0 && taken != n))
			abort();
	}
	if ((rc == -1) != (why.status != 0))
		abort();
	problem_fini(&why);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, pieces;
	size_t n, m;
	int rc;

	if (size < 2)
		return 0;
	buf_init(&whole, 1024);
	buf_init(&pieces, 1024);
	rc = run(data + 1, size - 1, size, &whole, &n);
	if (run(data + 1, size - 1, data[0] % 16 + 1u, &pieces, &m) != rc)
		abort();
	if (rc == 1 && (n != m || buf_len(&whole) != buf_len(&pieces) ||
	    memcmp(buf_peek(&whole, NULL), buf_peek(&pieces, NULL),
	    buf_len(&whole)) != 0))
		abort();
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
