/*
 * http.c - request heads, see http.h.  Pure: knows bytes, and nothing of
 * connections, time or what a path means.
 *
 * The parser is a cursor that goes over the bytes once, line by line.  Each
 * piece answers GOT, MORE (the bytes end inside it) or BAD (why is filled
 * in), so that whatever cannot become a good head is refused as soon as it
 * is seen, and not after a time-out.
 */
#include <string.h>

#include "http.h"

enum got { BAD = -1, MORE, GOT };

struct cursor {
	const char	*p, *end;
	struct problem	*why;
};

/* What each byte may be part of: RFC 9110 5.6.2 token, 5.5 field value,
 * 7.2 host, and a target without '#', blanks and non-ASCII. */
enum { TOKEN = 1, VALUE = 2, HOST = 4, TARGET = 8 };

static unsigned
kind(char ch)
{
	unsigned char c = (unsigned char)ch;
	static unsigned char table[256];
	const char *token = "!#$%&'*+-.^_`|~", *host = "-._~%!$&'()*+,;=:[]";
	unsigned k;

	if (table['a'] != 0)
		return table[c];
	for (unsigned i = 0; i < 256; i++) {
		k = 0;
		if ((i >= '0' && i <= '9') || (i >= 'a' && i <= 'z') ||
		    (i >= 'A' && i <= 'Z'))
			k = TOKEN | HOST;
		if (i != 0 && i < 128 && strchr(token, (int)i) != NULL)
			k |= TOKEN;
		if (i != 0 && i < 128 && strchr(host, (int)i) != NULL)
			k |= HOST;
		if (i == '\t' || (i >= ' ' && i != 127))
			k |= VALUE;
		if (i > ' ' && i < 127 && i != '#')
			k |= TARGET;
		table[i] = (unsigned char)k;
	}
	return table[c];
}

static enum got
bad(struct cursor *c, int status, const char *title, const char *detail)
{
	problem_set(c->why, status, title, "%s", detail);
	c->why->close = true;
	return BAD;
}

static enum got
bad_request(struct cursor *c, const char *detail)
{
	return bad(c, 400, "bad_request", detail);
}

/* Small help with slices. */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
slice_is(struct slice s, const char *text)
{
	return strlen(text) == s.n && memcmp(s.p, text, s.n) == 0;
}

bool
slice_is_nocase(struct slice s, const char *text)
{
	for (size_t i = 0; i < s.n; i++)
		if (text[i] == '\0' || lower(s.p[i]) != lower(text[i]))
			return false;
	return text[s.n] == '\0';
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The bytes of the given kind from the cursor on. */
static struct slice
span(struct cursor *c, unsigned k)
{
	struct slice s = { c->p, 0 };

	while (c->p < c->end && (kind(*c->p) & k) != 0)
		c->p++;
	s.n = (size_t)(c->p - s.p);
	return s;
}

static enum got
line_end(struct cursor *c)
{
	if (c->p == c->end)
		return MORE;
	if (*c->p != '\r')
		return bad_request(c, *c->p == '\n' ?
		    "a line ends in LF without CR" :
		    "a control character stands in the head");
	if (c->p + 1 == c->end)
		return MORE;
	if (c->p[1] != '\n')
		return bad_request(c, "CR is not followed by LF");
	c->p += 2;
	return GOT;
}

/* The request line, RFC 9112 3. */

static enum http_method
method_of(struct slice s)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (slice_is(s, names[i]))
			return (enum http_method)i;
	return HTTP_OTHER;
}

static enum got
blank(struct cursor *c, const char *detail)
{
	if (c->p == c->end)
		return MORE;
	if (*c->p != ' ')
		return bad_request(c, detail);
	c->p++;
	return GOT;
}

static enum got
read_target(struct cursor *c, struct http_head *h)
{
	h->target = span(c, TARGET);
	if (h->target.n > HTTP_TARGET_MAX)
		return bad(c, 414, "uri_too_long",
		    "the request target is too long");
	if (h->target.n == 0 && c->p < c->end)
		return bad_request(c, "the request line has no target");
	if (c->p < c->end && (*c->p == '\r' || *c->p == '\n'))
		return bad_request(c, "the request line has no HTTP version");
	return blank(c, "the request target holds a character that must be "
	    "percent-encoded");
}

static enum got
read_version(struct cursor *c, struct http_head *h)
{
	static const char name[] = "HTTP/";
	size_t n = (size_t)(c->end - c->p), fixed = sizeof(name) - 1;

	if (memcmp(c->p, name, n < fixed ? n : fixed) != 0)
		return bad_request(c, "the request line has no HTTP version");
	for (size_t i = fixed; i < n && i < fixed + 3; i++)
		if (i == fixed + 1 ? c->p[i] != '.' :
		    c->p[i] < '0' || c->p[i] > '9')
			return bad_request(c, "the HTTP version is malformed");
	if (n < fixed + 3)
		return MORE;
	if (c->p[fixed] != '1')
		return bad(c, 505, "http_version_not_supported",
		    "only HTTP/1.0 and HTTP/1.1 are spoken here");
	h->minor = c->p[fixed + 2] == '0' ? 0 : 1;
	c->p += fixed + 3;
	return line_end(c);
}

/* The length of "http://" or "https://" at the front of s, else 0. */
static size_t
scheme(struct slice s)
{
	static const char *const names[] = { "http://", "https://" };
	size_t n;

	for (size_t i = 0; i < NELEM(names); i++) {
		n = strlen(names[i]);
		if (s.n >= n && slice_is_nocase((struct slice){ s.p, n },
		    names[i]))
			return n;
	}
	return 0;
}

/*
 * Origin form, "*" of OPTIONS, and absolute form, which a server must take
 * (RFC 9112 3.2.2).  Its authority is checked and not used: we are one host.
 * The authority form of CONNECT leads nowhere here.
 */
static enum got
split_target(struct cursor *c, struct http_head *h)
{
	struct slice s = h->target;
	size_t skip = scheme(s), i;

	if (skip > 0) {
		s.p += skip;
		s.n -= skip;
		for (i = 0; i < s.n && (kind(s.p[i]) & HOST) != 0; i++)
			continue;
		if (i == 0 || (i < s.n && s.p[i] != '/' && s.p[i] != '?'))
			return bad_request(c,
			    "the authority of the target is malformed");
		s.p += i;
		s.n -= i;
	} else if (!(s.p[0] == '/' ||
	    (h->method == HTTP_OPTIONS && slice_is(s, "*"))))
		return bad_request(c, "the target must be a path or a URL");
	for (i = 0; i < s.n && s.p[i] != '?'; i++)
		continue;
	h->path = (struct slice){ s.p, i };
	h->query = (struct slice){ s.p + s.n, 0 };
	if (i < s.n)
		h->query = (struct slice){ s.p + i + 1, s.n - i - 1 };
	if (h->path.n == 0)
		h->path = (struct slice){ "/", 1 };
	return GOT;
}

static enum got
read_request_line(struct cursor *c, struct http_head *h)
{
	enum got g;

	h->method_text = span(c, TOKEN);
	if (h->method_text.n == 0 && c->p < c->end)
		return bad_request(c, "the request has no method");
	if ((g = blank(c, "the method is malformed")) != GOT ||
	    (g = read_target(c, h)) != GOT ||
	    (g = read_version(c, h)) != GOT)
		return g;
	h->method = method_of(h->method_text);
	return split_target(c, h);
}

/* The header lines, RFC 9112 5. */

static enum got
read_header(struct cursor *c, struct http_head *h)
{
	struct http_header *f = &h->header[h->nheader];
	enum got g;

	if (h->nheader == HTTP_HEADERS_MAX)
		return bad(c, 431, "headers_too_large",
		    "the request has too many headers");
	if (*c->p == ' ' || *c->p == '\t')
		return bad_request(c, "a header line starts with a blank");
	f->name = span(c, TOKEN);
	if (c->p == c->end)
		return MORE;
	if (f->name.n == 0 || *c->p != ':')
		return bad_request(c, "a header name is malformed");
	c->p++;
	f->value = trim(span(c, VALUE));
	if ((g = line_end(c)) == GOT)
		h->nheader++;
	return g;
}

static enum got
read_headers(struct cursor *c, struct http_head *h)
{
	enum got g;

	h->nheader = 0;
	for (;;) {
		if (c->p == c->end)
			return MORE;
		if (*c->p == '\r' || *c->p == '\n')
			return line_end(c);
		if ((g = read_header(c, h)) != GOT)
			return g;
	}
}

const struct slice *
http_header(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->nheader; i++)
		if (slice_is_nocase(h->header[i].name, name))
			return &h->header[i].value;
	return NULL;
}

bool
http_header_repeated(const struct http_head *h, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->nheader; i++)
		n += slice_is_nocase(h->header[i].name, name);
	return n > 1;
}

static bool
list_has(struct slice list, const char *token)
{
	struct slice item;
	size_t n;

	while (list.n > 0) {
		for (n = 0; n < list.n && list.p[n] != ','; n++)
			continue;
		item = trim((struct slice){ list.p, n });
		if (slice_is_nocase(item, token))
			return true;
		if (n == list.n)
			break;
		list.p += n + 1;
		list.n -= n + 1;
	}
	return false;
}

bool
http_header_has(const struct http_head *h, const char *name,
    const char *token)
{
	for (size_t i = 0; i < h->nheader; i++)
		if (slice_is_nocase(h->header[i].name, name) &&
		    list_has(h->header[i].value, token))
			return true;
	return false;
}

/* What the headers say of the message itself. */

static enum got
check_host(struct cursor *c, const struct http_head *h)
{
	const struct slice *host = http_header(h, "Host");

	if (http_header_repeated(h, "Host"))
		return bad_request(c, "the header 'Host' is given twice");
	if (host == NULL)
		return h->minor == 0 ? GOT :
		    bad_request(c, "the header 'Host' is missing");
	for (size_t i = 0; i < host->n; i++)
		if ((kind(host->p[i]) & HOST) == 0)
			return bad_request(c,
			    "the header 'Host' is malformed");
	return GOT;
}

/* Digits alone, and few enough not to overflow. */
static enum got
read_length(struct cursor *c, struct http_head *h, const struct slice *s)
{
	int64_t n = 0;

	if (s->n == 0 || s->n > 18)
		return bad_request(c, "the header 'Content-Length' is not a "
		    "length");
	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return bad_request(c,
			    "the header 'Content-Length' is not a number");
		n = n * 10 + (s->p[i] - '0');
	}
	h->content_length = n;
	return GOT;
}

/* Where the body ends, RFC 9112 6.3, must have one meaning for all. */
static enum got
check_framing(struct cursor *c, struct http_head *h)
{
	const struct slice *length = http_header(h, "Content-Length");
	const struct slice *te = http_header(h, "Transfer-Encoding");

	h->content_length = -1;
	h->chunked = false;
	if (http_header_repeated(h, "Content-Length"))
		return bad_request(c,
		    "the header 'Content-Length' is given twice");
	if (http_header_repeated(h, "Transfer-Encoding"))
		return bad_request(c,
		    "the header 'Transfer-Encoding' is given twice");
	if (te == NULL)
		return length == NULL ? GOT : read_length(c, h, length);
	if (length != NULL)
		return bad_request(c, "both 'Content-Length' and "
		    "'Transfer-Encoding' are given");
	if (h->minor == 0)
		return bad_request(c, "HTTP/1.0 has no 'Transfer-Encoding'");
	if (!slice_is_nocase(*te, "chunked"))
		return bad(c, 501, "not_implemented", "the only transfer "
		    "coding that is understood is 'chunked'");
	h->chunked = true;
	return GOT;
}

/* No coding of a body is undone here: one that has any is not what whoever
 * looked at it before took it for. */
static enum got
check_coding(struct cursor *c, const struct http_head *h)
{
	const struct slice *s = http_header(h, "Content-Encoding");

	if (s == NULL || s->n == 0 || (slice_is_nocase(*s, "identity") &&
	    !http_header_repeated(h, "Content-Encoding")))
		return GOT;
	return bad(c, 415, "unsupported_media_type", "a 'Content-Encoding' "
	    "is not undone here: send the body as it is");
}

static enum got
check_head(struct cursor *c, struct http_head *h)
{
	const struct slice *expect = http_header(h, "Expect");
	enum got g;

	if ((g = check_host(c, h)) != GOT ||
	    (g = check_framing(c, h)) != GOT ||
	    (g = check_coding(c, h)) != GOT)
		return g;
	h->keep_alive = !http_header_has(h, "Connection", "close") &&
	    (h->minor == 1 || http_header_has(h, "Connection", "keep-alive"));
	h->expect_continue = false;
	if (expect == NULL || h->minor == 0)	/* RFC 9110 10.1.1 */
		return GOT;
	if (!slice_is_nocase(*expect, "100-continue"))
		return bad(c, 417, "expectation_failed", "the only "
		    "expectation that can be met is '100-continue'");
	h->expect_continue = true;
	return GOT;
}

long
http_head_parse(struct http_head *h, const char *p, size_t n,
    struct problem *why)
{
	struct cursor c = { p, p + n, why };
	enum got g = GOT;

	while (g == GOT && c.p < c.end && (*c.p == '\r' || *c.p == '\n'))
		g = line_end(&c);
	if (g == GOT)
		g = c.p == c.end ? MORE : read_request_line(&c, h);
	if (g == GOT)
		g = read_headers(&c, h);
	if (g != BAD && (g == MORE ? n : (size_t)(c.p - p)) > HTTP_HEAD_MAX)
		g = bad(&c, 431, "headers_too_large",
		    "the request line and headers are too large");
	if (g == GOT)
		g = check_head(&c, h);
	if (g == BAD)
		return -1;
	return g == MORE ? 0 : (long)(c.p - p);
}
