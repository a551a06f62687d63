/*
 * The byte buffer: what goes in comes out, up to its limit and no further.
 */
#include <errno.h>
#include <stdint.h>

#include "lib/buf.h"
#include "tap.h"

static void
limits(void)
{
	struct buf b;

	buf_init(&b, 5);
	ok(buf_len(&b) == 0 && buf_room(&b) == 5, "empty at first");
	is_str(buf_peek(&b, NULL), "", "an empty one can be looked at");
	is_str(buf_cstr(&b), "", "also as a string");
	ok(buf_add(&b, NULL, 0) == 0, "nothing may be added");
	ok(buf_adds(&b, "abc") == 0 && buf_room(&b) == 2, "within the limit");
	errno = 0;
	ok(buf_adds(&b, "def") == -1 && errno == EMSGSIZE, "above the limit");
	is_str(buf_cstr(&b), "abc", "leaves it as it was");
	ok(buf_failed(&b), "and marks it");
	ok(buf_adds(&b, "de") == 0, "exactly the limit");
	is_str(buf_cstr(&b), "abcde", "with room for the NUL");
	ok(buf_failed(&b), "the mark stays");
	buf_consume(&b, 2);
	ok(buf_room(&b) == 2 && buf_adds(&b, "fg") == 0,
	    "what is consumed makes room");
	is_str(buf_cstr(&b), "cdefg", "behind what was there");
	buf_clear(&b);
	ok(!buf_failed(&b) && buf_len(&b) == 0, "cleared");
	ok(buf_add(&b, "x", SIZE_MAX) == -1 && errno == EMSGSIZE,
	    "a size that would overflow");
	buf_fini(&b);
	ok(b.max == 5 && buf_adds(&b, "abcde") == 0, "used again");
	buf_wipe(&b);
	buf_init(&b, 0);
	ok(buf_addc(&b, 'a') == -1, "one that holds nothing");
	is_str(buf_cstr(&b), "", "is an empty string");
	buf_fini(&b);
}

static void
reserving(void)
{
	struct buf b;
	char *p;

	buf_init(&b, 300);
	buf_adds(&b, "head:");
	p = buf_reserve(&b, 200);
	memset(p, 'x', 200);
	buf_commit(&b, 3);
	is_str(buf_cstr(&b), "head:xxx", "a part of what was reserved");
	ok(buf_reserve(&b, 293) == NULL && buf_failed(&b),
	    "one more than there is room for");
	buf_clear(&b);
	p = buf_reserve(&b, 300);
	memset(p, 'y', 300);
	buf_commit(&b, 300);
	ok(strlen(buf_cstr(&b)) == 300, "all there is room for");
	buf_truncate(&b, 2);
	is_str(buf_cstr(&b), "yy", "cut back");
	buf_fini(&b);
}

static void
printing(void)
{
	char want[701];
	struct buf b;

	buf_init(&b, 2000);
	ok(buf_addf(&b, "%d-%s;", 42, "x") == 0, "formatted");
	is_str(buf_cstr(&b), "42-x;", "text");
	memset(want, 'z', 700);
	want[700] = '\0';
	buf_clear(&b);
	ok(buf_addf(&b, "%s", want) == 0, "longer than what was allocated");
	is_str(buf_cstr(&b), want, "is all there");
	buf_fini(&b);
	buf_init(&b, 3);
	ok(buf_addf(&b, "%d", 1234) == -1 && buf_len(&b) == 0,
	    "too long is not cut");
	buf_fini(&b);
}

static void
taking(void)
{
	struct buf b;
	char *p;
	size_t n;

	buf_init(&b, 100);
	p = buf_take(&b, &n);
	is_str(p, "", "nothing, taken");
	ok(n == 0, "has no length");
	free(p);
	buf_adds(&b, "abcdef");
	buf_consume(&b, 2);
	p = buf_take(&b, &n);
	is_str(p, "cdef", "taken from the head");
	ok(n == 4 && buf_len(&b) == 0, "and gone");
	free(p);
	ok(buf_adds(&b, "again") == 0, "used again");
	is_str(buf_cstr(&b), "again", "from its start");
	buf_fini(&b);
}

/*
 * A long life: random appends and consumptions against a stream whose n-th
 * byte is known.
 */
static void
stream(void)
{
	struct buf b;
	uint64_t seed = 1, in = 0, out = 0, bad = 0;
	const char *p;
	char piece[600];
	size_t n, k;

	buf_init(&b, 5000);
	for (int round = 0; round < 20000; round++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963;
		k = (size_t)(seed >> 33) % sizeof(piece);
		for (size_t i = 0; i < k; i++)
			piece[i] = (char)((in + i) % 251);
		if (k > buf_room(&b)) {
			bad += buf_add(&b, piece, k) == 0;
			buf_peek(&b, &n);
			n = (size_t)(seed >> 20) % (n + 1);
			p = buf_peek(&b, NULL);
			for (size_t i = 0; i < n; i++)
				bad += p[i] != (char)((out + i) % 251);
			buf_consume(&b, n);
			out += n;
			continue;
		}
		bad += buf_add(&b, piece, k) == -1;
		in += k;
		bad += buf_len(&b) != in - out;
	}
	ok(bad == 0 && in > 100000, "a stream comes out as it went in");
	buf_fini(&b);
}

int
main(void)
{
	limits();
	reserving();
	printing();
	taking();
	stream();
	return done();
}
