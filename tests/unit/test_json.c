/*
 * The JSON reader: what it takes, what it refuses and where, and what can
 * be asked of it.
 */
#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "lib/json.h"
#include "tap.h"

static int
reads(struct json *j, const char *text, size_t n, struct json_error *err)
{
	return json_read(j, tap_guarded(text, n), n, err);
}

/* All begin with a bracket or quote, so that no prefix is a value. */
static const char *const good[] = {
	"{}", "[]", "\"\"", "[ ]", "{ }", "[0]", "[-0]", "[1.5e+3,-2E-1]",
	"[true,false,null]", "{\"a\":{\"b\":[{}]},\"c\":[[],[]]}",
	"{\"\":1,\" \":2}", "{\"a\":1,\"A\":2}", "{\"\\u0061\":1,\"ab\":2}",
	"{\"ab\":1,\"\\u0061\":2}", "[\"\\u0000\"]",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
	"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
	"{\"sql\":\"SELECT 1\",\"params\":[1,\"x\",null]}",
	"[\t1 ,\r\n2 , \"3\" ]", "[12345678901234567890.123456789e-400]",
};

static void
accepted(void)
{
	struct json j;
	size_t n, bad;

	for (size_t i = 0; i < NELEM(good); i++) {
		n = strlen(good[i]);
		if (ok(reads(&j, good[i], n, NULL) == 0, "read %s", good[i]))
			json_fini(&j);
		bad = 0;
		for (size_t cut = 0; cut < n; cut++)
			bad += reads(&j, good[i], cut, NULL) == 0;
		ok(bad == 0, "no prefix is read");
	}
	ok(reads(&j, " \n\t\r7 \n\t\r", 9, NULL) == 0, "blanks around it");
	json_fini(&j);
}

static const struct {
	const char	*text;
	size_t		 line, column;
	const char	*what;
} wrong[] = {
	{ "", 1, 1, "unexpected end of text" },
	{ "  ", 1, 3, "unexpected end of text" },
	{ "[1,\n\xc3\xa9", 2, 1, "expected a value" },
	{ "[\"\xc3\xa9\",x]", 1, 6, "expected a value" },
	{ "[1,]", 1, 4, "expected a value" },
	{ "[,1]", 1, 2, "expected a value" },
	{ "[1 2]", 1, 4, "expected ',' or ']'" },
	{ "[1}", 1, 3, "expected ',' or ']'" },
	{ "{\"a\":1]", 1, 7, "expected ',' or '}'" },
	{ "{\"a\":1 \"b\":2}", 1, 8, "expected ',' or '}'" },
	{ "{\"a\":1,}", 1, 8, "expected a member name" },
	{ "{,}", 1, 2, "expected a member name" },
	{ "{a:1}", 1, 2, "expected a member name" },
	{ "{1:1}", 1, 2, "expected a member name" },
	{ "{\"a\"}", 1, 5, "expected ':'" },
	{ "{\"a\",1}", 1, 5, "expected ':'" },
	{ "{\"a\":}", 1, 6, "expected a value" },
	{ "[] x", 1, 4, "text behind the value" },
	{ "1 2", 1, 3, "text behind the value" },
	{ "]", 1, 1, "expected a value" },
	{ "\xef\xbb\xbf{}", 1, 1, "expected a value" },
	{ "[tru]", 1, 2, "expected a value" },
	{ "[True]", 1, 2, "expected a value" },
	{ "[nullx]", 1, 6, "expected ',' or ']'" },
	{ "[01]", 1, 2, "malformed number" },
	{ "[-]", 1, 2, "malformed number" },
	{ "[1.]", 1, 2, "malformed number" },
	{ "[1e]", 1, 2, "malformed number" },
	{ "[1e+]", 1, 2, "malformed number" },
	{ "[1.2.3]", 1, 2, "malformed number" },
	{ "[--1]", 1, 2, "malformed number" },
	{ "[-.5]", 1, 2, "malformed number" },
	{ "[+1]", 1, 2, "expected a value" },
	{ "[.5]", 1, 2, "expected a value" },
	{ "[NaN]", 1, 2, "expected a value" },
	{ "[0x10]", 1, 3, "expected ',' or ']'" },
	{ "['a']", 1, 2, "expected a value" },
	{ "[1] /* no", 1, 5, "text behind the value" },
	{ "\"a", 1, 3, "unexpected end of text" },
	{ "\"a\tb\"", 1, 3, "control character in a string" },
	{ "\"a\nb\"", 1, 3, "control character in a string" },
	{ "\"a\x1f\"", 1, 3, "control character in a string" },
	{ "\"\\x\"", 1, 2, "unknown escape" },
	{ "\"\\u12g4\"", 1, 2, "malformed \\u escape" },
	{ "\"\\ud83d\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\\ude00\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\\ud83d\\u0041\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\\ud83dx12345\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\\ude00\\ude00\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\\ude00\\ud83d\"", 1, 2, "lone surrogate in a \\u escape" },
	{ "\"\xff\"", 1, 2, "string is not UTF-8" },
	{ "\"\xed\xa0\x80\"", 1, 2, "string is not UTF-8" },
	{ "\"\xc0\xaf\"", 1, 2, "string is not UTF-8" },
	{ "\"\xc3\"", 1, 2, "string is not UTF-8" },
	{ "{\"a\":1,\n \"a\":2}", 2, 2, "duplicate member" },
	{ "{\"a\":1,\"\\u0061\":2}", 1, 8, "duplicate member" },
	{ "{\"\\n\":1,\"\\u000a\":2}", 1, 9, "duplicate member" },
	{ "[{\"b\":{},\"b\":[]}]", 1, 10, "duplicate member" },
};

static void
refused(void)
{
	struct json_error err;
	struct json j;

	for (size_t i = 0; i < NELEM(wrong); i++) {
		memset(&err, 0, sizeof(err));
		if (ok(reads(&j, wrong[i].text, strlen(wrong[i].text), &err)
		    == -1, "refuse %s", wrong[i].text)) {
			is_str(err.what, wrong[i].what, "say why");
			ok(err.line == wrong[i].line &&
			    err.column == wrong[i].column, "say where: %zu:%zu",
			    err.line, err.column);
		}
	}
	ok(reads(&j, "[\0]", 3, NULL) == -1, "a NUL is no blank");
	ok(reads(&j, "\"\\\0\"", 4, NULL) == -1, "nor can it be escaped");
	ok(reads(&j, "{}\0", 3, NULL) == -1, "nor stand behind");
}

static void
depth(void)
{
	char text[2 * JSON_DEPTH_MAX + 2];
	struct json_error err;
	struct json j;
	size_t n = JSON_DEPTH_MAX;

	memset(text, '[', n);
	memset(text + n, ']', n);
	if (ok(reads(&j, text, 2 * n, NULL) == 0, "as deep as is allowed"))
		json_fini(&j);
	n++;
	memset(text, '[', n);
	memset(text + n, ']', n);
	ok(reads(&j, text, 2 * n, &err) == -1 && err.offset == n - 1 &&
	    strcmp(err.what, "nested too deeply") == 0, "one deeper");
}

/*
 * Members in tens of thousands are found to differ in a time that grows
 * with their number: comparing all pairs would take minutes, not seconds.
 */
static void
many_members(const char *k)
{
	enum { N = 100000 };
	struct json_error err;
	struct json j;
	struct buf b;
	const char *text;
	clock_t start = clock();
	size_t n, at;

	buf_init(&b, 1 << 22);
	buf_addc(&b, '{');
	for (int i = 0; i < N; i++)
		buf_addf(&b, "\"%s%05d\":1%s", k, i,
		    i == N - 1 ? "" : ",");
	at = buf_len(&b);
	buf_addc(&b, '}');
	text = buf_peek(&b, &n);
	if (ok(json_read(&j, text, n, NULL) == 0 && j.tok[0].n == N,
	    "many members, their names beginning with %s", k)) {
		ok(json_member(&j, 0, "k99999") == 2 * N, "the last is found");
		json_fini(&j);
	}
	buf_truncate(&b, at);
	buf_adds(&b, ",\"k00007\":1}");
	text = buf_peek(&b, &n);
	ok(json_read(&j, text, n, &err) == -1 && err.offset == at + 1,
	    "and the one that stands there twice");
	ok(clock() - start < 10 * CLOCKS_PER_SEC, "in good time");
	buf_fini(&b);
}

/* Around the number where the search changes its way. */
static void
few_members(void)
{
	char text[400];
	struct json_error err;
	struct json j;
	size_t n, bad = 0;

	for (int members = 1; members < 40; members++)
		for (int twice = 0; twice < members; twice++) {
			n = 0;
			text[n++] = '{';
			for (int i = 0; i < members; i++)
				n += (size_t)snprintf(text + n,
				    sizeof(text) - n, "\"%d\":0,", i);
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "\"%d\":0}", twice);
			bad += json_read(&j, text, n, &err) == 0;
			text[n - 4] = 'x';
			text[n - 3] = '"';
			text[n - 2] = ':';
			text[n - 1] = '1';
			text[n++] = '}';
			if (json_read(&j, text, n, &err) == -1)
				bad++;
			else
				json_fini(&j);
		}
	ok(bad == 0, "any of up to 40 members twice, and none");
}

/* Members given twice are refused above a depth alone. */
static void
outer(void)
{
	static const char text[] = "{\"a\":[{\"b\":1,\"b\":2}]}";
	struct json j;

	ok(json_read_outer(&j, text, strlen(text), 3, NULL) == -1,
	    "refuse in depth 2 of 3");
	if (ok(json_read_outer(&j, text, strlen(text), 2, NULL) == 0,
	    "not in depth 2 of 2")) {
		ok(j.tok[3].n == 2, "both are there");
		json_fini(&j);
	}
	ok(json_read_outer(&j, text + 5, strlen(text + 5) - 1, 2, NULL) == -1,
	    "refuse in depth 1 of 2");
}

int
main(void)
{
	accepted();
	refused();
	depth();
	outer();
	few_members();
	many_members("k");
	many_members("\\u006b");
	return done();
}
