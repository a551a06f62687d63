/*
 * What can be asked of a JSON text that has been read.
 */
#include <errno.h>
#include <stdint.h>

#include "lib/json.h"
#include "tap.h"

static struct json j;
static const char *text;

/* Each question is put to a text that ends where memory does. */
static void
given(const char *s)
{
	struct json_error err;

	json_fini(&j);
	text = tap_guarded(s, strlen(s));
	if (json_read(&j, text, strlen(s), &err) == -1) {
		ok(0, "cannot read %s: %s", s, err.what);
		exit(1);
	}
}

static void
tree(void)
{
	uint32_t a, b, c;
	const char *raw;
	size_t n;

	given("{\"a\":[1,[2,3],{}],\"b\":{\"a\":null},\"\\u0063\":\"x\\ny\"}");
	ok(j.tok[0].type == JSON_OBJECT && j.tok[0].n == 3 &&
	    j.tok[0].next == j.ntok, "the whole is an object of three");
	a = json_member(&j, 0, "a");
	b = json_member(&j, 0, "b");
	c = json_member(&j, 0, "c");
	ok(a == 2 && j.tok[a].type == JSON_ARRAY && j.tok[a].n == 3, "a");
	ok(j.tok[b].type == JSON_OBJECT && j.tok[b].n == 1, "b");
	ok(j.tok[c].type == JSON_STRING && j.tok[c].escaped == 1,
	    "c, whose name is escaped");
	ok(json_member(&j, 0, "d") == 0 && json_member(&j, 0, "") == 0,
	    "what is not there");
	ok(json_member(&j, a, "a") == 0, "an array has no members");
	ok(json_list(&j, 0, "a") == a && json_list(&j, 0, "b") == 0 &&
	    json_list(&j, 0, "\x63") == 0 && json_list(&j, 0, "d") == 0,
	    "only a is a list");
	ok(json_member(&j, b, "a") != 0 &&
	    j.tok[json_member(&j, b, "a")].type == JSON_NULL, "b's own a");
	raw = json_raw(&j, a, &n);
	ok(n == 12 && memcmp(raw, "[1,[2,3],{}]", n) == 0, "a as written");
	raw = json_raw(&j, c, &n);
	ok(n == 6 && memcmp(raw, "\"x\\ny\"", n) == 0, "c with its quotes");
	c = json_first(&j, a);
	ok(c == a + 1 && j.tok[c].type == JSON_NUMBER, "a's first");
	c = json_next(&j, a, c);
	ok(j.tok[c].type == JSON_ARRAY, "a's second");
	c = json_next(&j, a, c);
	ok(j.tok[c].type == JSON_OBJECT && json_first(&j, c) == 0,
	    "a's third, which is empty");
	ok(json_next(&j, a, c) == 0, "and no fourth");
	ok(json_first(&j, a + 1) == 0, "a number has no children");
}

static void
strings(void)
{
	struct buf b;
	char *s;

	given("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\","
	    "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\",\"a\\u0000b\",\"\",7]");
	buf_init(&b, 100);
	ok(json_str(&j, 1, &b) == 0, "a plain string");
	ok(json_str(&j, 2, &b) == 0, "the short escapes");
	is_str(buf_cstr(&b), "plain\"\\/\b\f\n\r\t", "one behind the other");
	buf_clear(&b);
	ok(json_str(&j, 3, &b) == 0, "code points");
	is_str(buf_cstr(&b), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	    "of one to four bytes");
	errno = 0;
	ok(json_str(&j, 4, &b) == -1 && errno == EILSEQ, "NUL is refused");
	ok(buf_len(&b) == 10, "and nothing was added");
	ok(json_str(&j, 6, &b) == -1 && errno == EINVAL, "a number is none");
	s = json_strdup(&j, 2);
	is_str(s, "\"\\/\b\f\n\r\t", "as a C string");
	free(s);
	s = json_strdup(&j, 5);
	is_str(s, "", "the empty string");
	free(s);
	ok(json_strdup(&j, 4) == NULL && json_strdup(&j, 6) == NULL,
	    "no C string of the others");
	ok(json_is(&j, 1, "plain") && !json_is(&j, 1, "plai") &&
	    !json_is(&j, 1, "plainn"), "compared, plain");
	ok(json_is(&j, 3, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") &&
	    !json_is(&j, 3, "A\xc3\xa9") &&
	    !json_is(&j, 3, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!"),
	    "compared, escaped");
	ok(!json_is(&j, 4, "a"), "NUL ends no comparison");
	ok(json_is(&j, 5, "") && !json_is(&j, 6, "7"), "no number is a text");
	buf_fini(&b);
}

/* A limit binds what comes out, not how it was written. */
static void
limits(void)
{
	struct buf b;

	given("[\"\\u0041\\u0041\\u0041\"]");
	buf_init(&b, 3);
	ok(json_str(&j, 1, &b) == 0, "three bytes from 18 into three");
	buf_fini(&b);
	buf_init(&b, 2);
	ok(json_str(&j, 1, &b) == -1 && errno == EMSGSIZE && buf_len(&b) == 0,
	    "but not into two");
	buf_fini(&b);
}

static const struct {
	const char	*text;
	int		 rc;
	int64_t		 value;
} ints[] = {
	{ "0", 0, 0 }, { "-0", 0, 0 }, { "7", 0, 7 }, { "-7", 0, -7 },
	{ "5.0", 0, 5 }, { "5.000", 0, 5 }, { "-5.0e0", 0, -5 },
	{ "1e3", 0, 1000 }, { "1E+3", 0, 1000 }, { "1.5e1", 0, 15 },
	{ "1500e-2", 0, 15 }, { "0.001e3", 0, 1 }, { "0.0", 0, 0 },
	{ "0e999999999999999999999", 0, 0 }, { "0.000e-5", 0, 0 },
	{ "100e-2", 0, 1 }, { "1e-0", 0, 1 },
	{ "9223372036854775807", 0, INT64_MAX },
	{ "-9223372036854775808", 0, INT64_MIN },
	{ "9223372036854775807.00", 0, INT64_MAX },
	{ "922337203685477580.7e1", 0, INT64_MAX },
	{ "9223372036854775808", -1, 0 }, { "-9223372036854775809", -1, 0 },
	{ "1e19", -1, 0 }, { "1e400", -1, 0 }, { "0.5", -1, 0 },
	{ "1e-1", -1, 0 }, { "1.0000000000000000000000001", -1, 0 },
	{ "100e-3", -1, 0 }, { "1e99999999999999999999999", -1, 0 },
	{ "1e-99999999999999999999999", -1, 0 },
	{ "18446744073709551616", -1, 0 }, { "\"7\"", -1, 0 },
	{ "null", -1, 0 }, { "[]", -1, 0 },
};

static void
integers(void)
{
	int64_t v;
	int rc;

	for (size_t i = 0; i < NELEM(ints); i++) {
		given(ints[i].text);
		v = 0;
		rc = json_int(&j, 0, INT64_MIN, INT64_MAX, &v);
		ok(rc == ints[i].rc && v == ints[i].value, "integer %s",
		    ints[i].text);
	}
	given("7");
	ok(json_int(&j, 0, 7, 7, &v) == 0, "within the bounds");
	ok(json_int(&j, 0, 8, 9, &v) == -1 && json_int(&j, 0, 0, 6, &v) == -1,
	    "and outside of them");
}

int
main(void)
{
	tree();
	strings();
	limits();
	integers();
	json_fini(&j);
	return done();
}
