/*
 * Request heads and chunked bodies: what is taken, what is refused, and
 * that every prefix of a good one is partial.  All input ends where memory
 * does.
 */
#include "acdbd/http.h"
#include "tap.h"

static struct problem why;

static long
parse(struct http_head *h, const char *s, size_t n)
{
	problem_fini(&why);
	problem_init(&why);
	return http_head_parse(h, tap_guarded(s, n), n, &why);
}

static const char *const good[] = {
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /v1/me?a=b&c HTTP/1.1\r\nHost: a.example:8443\r\n"
	    "Authorization: Bearer acd_dev_x\r\nAccept: */*\r\n\r\n",
	"POST /v1/sql/execute HTTP/1.1\r\nhost:x\r\n"
	    "Content-Length: 12\r\nExpect: 100-Continue\r\n\r\n",
	"POST /x HTTP/1.1\r\nHost: [::1]:80\r\n"
	    "Transfer-Encoding: Chunked\r\n\r\n",
	"\r\n\r\nGET / HTTP/1.0\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost:\r\nX:\t \r\nY: \x80\xff\t.\r\n\r\n",
	"GET http://h.example:80/p?q=/%20 HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET HTTPS://h.example?q HTTP/1.1\r\nHost: h\r\n\r\n",
	"BREW /pot HTTP/1.2\r\nHost: h\r\n\r\n",
};

static void
test_prefixes(void)
{
	struct http_head h;

	for (size_t i = 0; i < NELEM(good); i++) {
		size_t n = strlen(good[i]), partial = 0;
		char more[1024];

		for (size_t k = 0; k < n; k++)
			partial += parse(&h, good[i], k) == 0;
		ok(partial == n, "good head %zu: every prefix is partial", i);
		ok(parse(&h, good[i], n) == (long)n,
		    "good head %zu is taken (%s)", i,
		    why.detail ? why.detail : "");
		snprintf(more, sizeof(more), "%sGARBAGE\n", good[i]);
		ok(parse(&h, more, strlen(more)) == (long)n,
		    "good head %zu ends where it ends", i);
	}
}

static void
test_parts(void)
{
	struct http_head h;
	const char *s = good[1];
	char v[8];

	parse(&h, s, strlen(s));
	ok(h.method == HTTP_GET && h.minor == 1 && h.nheader == 3, "counts");
	ok(slice_is(h.target, "/v1/me?a=b&c"), "target");
	ok(slice_is(h.path, "/v1/me"), "path");
	ok(slice_is(h.query, "a=b&c"), "query");
	ok(h.content_length == -1 && !h.chunked && h.keep_alive &&
	    !h.expect_continue, "no body, keep-alive");
	ok(slice_is(*http_header(&h, "ACCEPT"), "*/*"), "header by any case");
	ok(http_header(&h, "Accep") == NULL, "no such header");
	ok(http_query(&h, "a", v, sizeof(v)) == 1 && strcmp(v, "b") == 0 &&
	    http_query(&h, "c", v, sizeof(v)) == 1 && v[0] == '\0' &&
	    http_query(&h, "b", v, sizeof(v)) == 0, "query parameters");

	s = good[2];
	parse(&h, s, strlen(s));
	ok(h.method == HTTP_POST && h.content_length == 12 &&
	    h.expect_continue && slice_is(*http_header(&h, "host"), "x"),
	    "length and expectation");
	s = good[3];
	parse(&h, s, strlen(s));
	ok(h.chunked && h.content_length == -1, "chunked in any case");
	s = good[4];
	parse(&h, s, strlen(s));
	ok(h.minor == 0 && !h.keep_alive, "HTTP/1.0 closes by default");
	s = good[5];
	parse(&h, s, strlen(s));
	ok(h.method == HTTP_OPTIONS && slice_is(h.path, "*"), "OPTIONS *");
	ok(http_header(&h, "x")->n == 0, "an empty value");
	s = good[6];
	parse(&h, s, strlen(s));
	ok(slice_is(h.path, "/p") && slice_is(h.query, "q=/%20"),
	    "absolute form");
	s = good[7];
	parse(&h, s, strlen(s));
	ok(slice_is(h.path, "/") && slice_is(h.query, "q"),
	    "absolute form without a path");
	s = good[8];
	parse(&h, s, strlen(s));
	ok(h.method == HTTP_OTHER && slice_is(h.method_text, "BREW") &&
	    h.minor == 1, "an unknown method is a good head");
}

static void
test_connection(void)
{
	static const struct {
		const char *version, *lines;
		bool keep;
	} t[] = {
		{ "1.1", "", true },
		{ "1.1", "Connection: close\r\n", false },
		{ "1.1", "Connection: Upgrade , CLOSE\r\n", false },
		{ "1.1", "Connection: a\r\nConnection: close\r\n", false },
		{ "1.1", "Connection: closed\r\n", true },
		{ "1.0", "", false },
		{ "1.0", "Connection: Keep-Alive\r\n", true },
		{ "1.0", "Connection: keep-alive, close\r\n", false },
		{ "1.0", "Expect: 100-continue\r\n", false },
	};
	struct http_head h;
	char s[256];

	for (size_t i = 0; i < NELEM(t); i++) {
		snprintf(s, sizeof(s), "GET / HTTP/%s\r\nHost: a\r\n%s\r\n",
		    t[i].version, t[i].lines);
		ok(parse(&h, s, strlen(s)) > 0 && h.keep_alive == t[i].keep &&
		    !h.expect_continue, "connection %zu", i);
	}
}

#define HEAD	"POST / HTTP/1.1\r\nHost: a\r\n"

static const struct {
	int		 status;
	const char	*text;
} refused[] = {
	/* which length? */
	{ 400, HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5\r\ncontent-length: 6\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5, 5\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5,6\r\n\r\n" },
	{ 400, HEAD "Content-Length: +5\r\n\r\n" },
	{ 400, HEAD "Content-Length: -5\r\n\r\n" },
	{ 400, HEAD "Content-Length: 0x5\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5 5\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5.0\r\n\r\n" },
	{ 400, HEAD "Content-Length: 5;\r\n\r\n" },
	{ 400, HEAD "Content-Length: \"5\"\r\n\r\n" },
	{ 400, HEAD "Content-Length:\r\n\r\n" },
	{ 400, HEAD "Content-Length: 18446744073709551621\r\n\r\n" },
	{ 400, HEAD "Content-Length: 9223372036854775808\r\n\r\n" },
	/* length or chunks? */
	{ 400, HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding: x\r\nContent-Length: 5\r\n\r\n" },
	{ 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
	/* chunks or not? */
	{ 400, HEAD "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding: chunked\r\n"
	    "Transfer-encoding: cow\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: chunked, identity\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: identity\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: xchunked\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: chunked;q=1\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: 'chunked'\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding: ,chunked\r\n\r\n" },
	{ 501, HEAD "Transfer-Encoding:\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding: chunked\x0b\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding : chunked\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding\t: chunked\r\n\r\n" },
	{ 400, HEAD " Transfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding:\r\n chunked\r\n\r\n" },
	{ 400, HEAD "X: y\rTransfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "X: y\nTransfer-Encoding: chunked\r\n\r\n" },
	{ 400, HEAD "Transfer-Encoding: chunked\n\r\n" },
	/* where does a line end? */
	{ 400, "GET / HTTP/1.1\nHost: a\n\n" },
	{ 400, "GET / HTTP/1.1\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a\r\n\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n" },
	{ 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n" },
	/* the request line */
	{ 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/1,1\r\nHost: a\r\n\r\n" },
	{ 400, "GET / http/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET /\r\n\r\n" },
	{ 400, "GET / a HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET /a\x7f HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 400, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
	{ 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
	{ 505, "GET / HTTP/0.9\r\n\r\n" },
	/* hosts and headers */
	{ 400, "GET / HTTP/1.1\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" },
	{ 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\nHost a\r\n\r\n" },
	{ 400, "GET / HTTP/1.1\r\n: a\r\n\r\n" },
	{ 400, HEAD "X\x01Y: a\r\n\r\n" },
	{ 400, HEAD "X: a\x01\r\n\r\n" },
	{ 400, HEAD "X: a\x7f\r\n\r\n" },
	{ 400, HEAD "X\xc3: a\r\n\r\n" },
	{ 415, HEAD "Content-Encoding: gzip\r\n\r\n" },
	{ 415, HEAD "Content-Encoding: identity, br\r\n\r\n" },
	{ 415, HEAD "Content-Encoding: identity\r\n"
	    "Content-Encoding: gzip\r\n\r\n" },
	{ 417, HEAD "Expect: 200-ok\r\n\r\n" },
	{ 417, HEAD "Expect: 100-continue, x\r\n\r\n" },
	/* other protocols */
	{ 400, "\x16\x03\x01\x02\x00" },
	{ 400, "SSH-2.0-x\r\n" },
};

static void
test_refused(void)
{
	struct http_head h;

	for (size_t i = 0; i < NELEM(refused); i++) {
		const char *s = refused[i].text;
		long rc = parse(&h, s, strlen(s));

		ok(rc == -1 && why.status == refused[i].status && why.close,
		    "refused %zu: %d for %.40s", i, why.status, s);
	}
	ok(parse(&h, "GET / HTTP/1.1\r\nA: \0b\r\n", 23) == -1 &&
	    why.status == 400, "NUL in a value");
	ok(parse(&h, "GET /\0 HTTP/1.1\r\n", 17) == -1 &&
	    why.status == 400, "NUL in the target");
	ok(parse(&h, "GE\0T", 4) == -1, "NUL in the method, at once");
}

static void
test_limits(void)
{
	static char s[HTTP_HEAD_MAX * 2];
	struct http_head h;
	size_t n;

	n = (size_t)snprintf(s, sizeof(s), "GET /%0*d HTTP/1.1\r\n"
	    "Host: a\r\n\r\n", HTTP_TARGET_MAX - 1, 0);
	ok(parse(&h, s, n) == (long)n, "the longest target");
	n = (size_t)snprintf(s, sizeof(s), "GET /%0*d", HTTP_TARGET_MAX, 0);
	ok(parse(&h, s, n) == -1 && why.status == 414,
	    "a longer one is refused before its end");

	n = (size_t)snprintf(s, sizeof(s), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(s + n, 'x', sizeof(s) - n);
	ok(parse(&h, s, HTTP_HEAD_MAX) == 0, "a large head may go on");
	ok(parse(&h, s, HTTP_HEAD_MAX + 1) == -1 && why.status == 431,
	    "but not for ever");
	memcpy(s + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	ok(parse(&h, s, sizeof(s)) == HTTP_HEAD_MAX, "the largest head");
	memcpy(s + HTTP_HEAD_MAX - 4, "x\r\n\r\n", 5);
	ok(parse(&h, s, HTTP_HEAD_MAX + 1) == -1 && why.status == 431,
	    "one byte more");

	for (int more = 0; more < 2; more++) {
		n = (size_t)snprintf(s, sizeof(s),
		    "GET / HTTP/1.1\r\nHost: a\r\n");
		for (int i = 1; i < HTTP_HEADERS_MAX + more; i++) {
			memcpy(s + n, "a:b\r\n", 5);
			n += 5;
		}
		memcpy(s + n, "\r\n", 2);
		ok(more ? parse(&h, s, n + 2) == -1 && why.status == 431 :
		    parse(&h, s, n + 2) > 0, "%d headers",
		    HTTP_HEADERS_MAX + more);
	}
	memset(s, '\r', sizeof(s));
	for (size_t i = 1; i < sizeof(s); i += 2)
		s[i] = '\n';
	ok(parse(&h, s, sizeof(s)) == -1 && why.status == 431,
	    "empty lines without end");
}

static void
test_query(void)
{
	static const struct {
		const char *query;
		int rc;
		const char *value;
	} t[] = {
		{ "k=v", 1, "v" },
		{ "a=1&k=v&k=w", 1, "v" },
		{ "k=%41%2b%2B", 1, "A++" },
		{ "k=a+b", 1, "a b" },
		{ "%6b=v", 1, "v" },
		{ "kk=1&&k", 1, "" },
		{ "k==", 1, "=" },
		{ "k=1234567", 1, "1234567" },
		{ "k=12345678", -1, NULL },
		{ "k=%", -1, NULL },
		{ "k=%4", -1, NULL },
		{ "k=%4g", -1, NULL },
		{ "k=%00", -1, NULL },
		{ "", 0, NULL },
		{ "kk=1&j", 0, NULL },
		{ "%6=v", 0, NULL },
	};
	struct http_head h = { 0 };
	char v[8];

	for (size_t i = 0; i < NELEM(t); i++) {
		size_t n = strlen(t[i].query);

		h.query = (struct slice){ tap_guarded(t[i].query, n), n };
		ok(http_query(&h, "k", v, sizeof(v)) == t[i].rc &&
		    (t[i].value == NULL || strcmp(v, t[i].value) == 0),
		    "query '%s'", t[i].query);
	}
}

/* Chunked bodies. */

static int
unchunk(const char *s, size_t n, size_t step, size_t max, struct buf *out,
    size_t *used)
{
	struct http_chunks c;
	size_t k;
	int rc = 0;

	problem_fini(&why);
	problem_init(&why);
	buf_fini(out);
	buf_init(out, max);
	http_chunks_init(&c);
	for (*used = 0; *used < n && rc == 0; *used += k) {
		size_t piece = n - *used < step ? n - *used : step;

		rc = http_chunks_read(&c, tap_guarded(s + *used, piece),
		    piece, &k, out, &why);
	}
	return rc;
}

static void
test_chunks(void)
{
	static const char body[] = "5;x=\"y\"\r\nhello\r\n1\r\n,\r\n"
	    "00a\r\n\r\n world!!\r\n0;last\r\nA: b\r\nC:\r\n\r\n";
	size_t n = sizeof(body) - 1, used, k, partial = 0;
	struct buf out = { 0 };
	struct http_chunks c;

	for (size_t step = 1; step <= n; step++)
		ok(unchunk(body, n, step, 16, &out, &used) == 1 &&
		    used == n && strcmp(buf_cstr(&out),
		    "hello,\r\n world!!") == 0, "%zu bytes at a time", step);
	for (size_t i = 0; i < n; i++)
		partial += unchunk(body, i, n, 16, &out, &used) == 0;
	ok(partial == n, "every prefix is partial");
	ok(unchunk(body, n, n, 15, &out, &used) == -1 && why.status == 413 &&
	    strcmp(why.title, "body_too_large") == 0, "a limit");

	buf_clear(&out);
	http_chunks_init(&c);
	ok(http_chunks_read(&c, "0\r\n\r\nGET /", 10, &k, &out, &why) == 1 &&
	    k == 5, "what follows is left");
	buf_fini(&out);
}

/* The same whether a char is signed (x86-64) or not (arm64). */
static void
test_chunk_bytes(void)
{
	char extension[] = "1;?\r\na\r\n0\r\n\r\n", value[] =
	    "0\r\na:?\r\n\r\n";
	struct buf out = { 0 };
	size_t used, right = 0;
	int want;

	for (int c = 0; c < 256; c++) {
		want = (c < ' ' && c != '\t') || c == 127 ? -1 : 1;
		extension[2] = value[5] = (char)c;
		right += unchunk(extension, sizeof(extension) - 1, 64, 64,
		    &out, &used) == want;
		right += unchunk(value, sizeof(value) - 1, 64, 64, &out,
		    &used) == want;
	}
	ok(right == 512, "every byte in extensions and trailers");
	buf_fini(&out);
}

static void
test_bad_chunks(void)
{
	static const char *const t[] = {
		"\r\n", ";x\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\n",
		"1 \r\n", "1\t\r\n", "0x1\r\n", "1\n", "1\rx", "1;\n",
		"1;\x01\r\n", "1\r\nab", "1\r\na\n", "1\r\na\rx",
		"1\r\na\r\n\r\n", "0\r\n\n", "0\r\n\rx", "0\r\n a: b\r\n",
		"0\r\na b\r\n", "0\r\na : b\r\n", "0\r\n: b\r\n",
		"0\r\na\r\n", "0\r\na: b\n", "0\r\na: \x01\r\n",
		"10000000000000000\r\n", "ffffffffffffffffff\r\n", "1,1\r\n",
	};
	struct buf out = { 0 };
	size_t used;
	char s[16384];

	for (size_t i = 0; i < NELEM(t); i++)
		ok(unchunk(t[i], strlen(t[i]), 64, 64, &out, &used) == -1 &&
		    why.status == 400 && why.close, "refused chunks %zu", i);
	memset(s, 'x', sizeof(s));
	memcpy(s, "1;", 2);
	ok(unchunk(s, sizeof(s), sizeof(s), 64, &out, &used) == -1,
	    "an extension without end");
	memcpy(s, "0\r\nx:", 5);
	ok(unchunk(s, sizeof(s), sizeof(s), 64, &out, &used) == -1,
	    "a trailer without end");
	memset(s, '0', sizeof(s));
	ok(unchunk(s, sizeof(s), sizeof(s), 64, &out, &used) == -1,
	    "zeros without end");
	for (size_t i = 0; i + 8 <= sizeof(s); i += 8)
		memcpy(s + i, "1;x\r\na\r\n", 8);
	ok(unchunk(s, sizeof(s), sizeof(s), sizeof(s), &out, &used) == 0,
	    "many small extensions are fine");
	buf_fini(&out);
}

int
main(void)
{
	test_prefixes();
	test_parts();
	test_connection();
	test_refused();
	test_limits();
	test_query();
	test_chunks();
	test_chunk_bytes();
	test_bad_chunks();
	is_str(http_reason(200), "OK", "reason");
	is_str(http_reason(299), "", "no reason");
	problem_fini(&why);
	return done();
}
