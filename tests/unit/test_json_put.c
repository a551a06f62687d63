/*
 * Writing JSON strings; what is a number.
 */
#include "lib/json.h"
#include "tap.h"

static const struct {
	const char	*in;
	size_t		 n;
	const char	*out;
} strings[] = {
	{ "", 0, "\"\"" },
	{ "plain", 5, "\"plain\"" },
	{ "a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"" },
	{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
	{ "\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"" },
	{ "h\xc3\xa9 \xf0\x9f\x98\x80", 8, "\"h\xc3\xa9 \xf0\x9f\x98\x80\"" },
	{ "a\xff" "b", 3, "\"a\xef\xbf\xbd" "b\"" },
	{ "\xc3", 1, "\"\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xe2\x82" "a", 3, "\"\xef\xbf\xbd\xef\xbf\xbd" "a\"" },
};

static void
put(void)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < NELEM(strings); i++) {
		buf_clear(&b);
		json_put_str(&b, tap_guarded(strings[i].in, strings[i].n),
		    strings[i].n);
		is_str(buf_cstr(&b), strings[i].out, "string %zu", i);
	}
	buf_clear(&b);
	json_put_cstr(&b, NULL);
	json_put_cstr(&b, "x");
	is_str(buf_cstr(&b), "null\"x\"", "NULL is null");
	buf_fini(&b);
	buf_init(&b, 4);
	json_put_cstr(&b, "abc");
	ok(buf_failed(&b), "what does not fit marks the buffer");
	buf_fini(&b);
}

/* What is written reads back as the same bytes. */
static void
all_bytes(void)
{
	struct buf b, back;
	struct json j;
	char c[2] = { 'x', 0 };
	const char *p;
	size_t n, bad = 0;

	buf_init(&b, 100);
	buf_init(&back, 100);
	for (int v = 1; v < 128; v++) {
		c[1] = (char)v;
		buf_clear(&b);
		buf_clear(&back);
		json_put_str(&b, c, 2);
		p = buf_peek(&b, &n);
		if (json_read(&j, p, n, NULL) == -1) {
			bad++;
			continue;
		}
		if (json_str(&j, 0, &back) == -1 || buf_len(&back) != 2 ||
		    memcmp(buf_peek(&back, NULL), c, 2) != 0)
			bad++;
		json_fini(&j);
	}
	ok(bad == 0, "every character is read as it was written");
	buf_fini(&b);
	buf_fini(&back);
}

static void
numbers(void)
{
	static const char *const good[] = { "0", "-0", "10", "-1.5", "0.0",
	    "1e5", "1E+05", "1.25e-10", "123456789012345678901234567890" };
	static const char *const bad[] = { "", "-", "+1", "01", "-01", "1.",
	    ".5", "1e", "1e+", "1.e5", "NaN", "Infinity", "-Infinity", "0x1",
	    "1 ", " 1", "1.5.5", "1e5.5", "--1" };

	for (size_t i = 0; i < NELEM(good); i++) {
		size_t n = strlen(good[i]);

		ok(json_is_number(tap_guarded(good[i], n), n), "number %s",
		    good[i]);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		size_t n = strlen(bad[i]);

		ok(!json_is_number(tap_guarded(bad[i], n), n),
		    "not a number '%s'", bad[i]);
	}
}

int
main(void)
{
	put();
	all_bytes();
	numbers();
	return done();
}
