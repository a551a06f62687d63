/*
 * http_query.c - the query of a target, and the names of status codes, see
 * http.h.  Pure.
 */
#include <string.h>

#include "http.h"
#include "lib/enc.h"

/* The byte at s, decoded, which s is moved behind; -1: malformed. */
static int
decode(struct slice *s)
{
	int c = (unsigned char)s->p[0], hi, lo;

	if (c == '%') {
		if (s->n < 3 || (hi = enc_hex_digit(s->p[1])) == -1 ||
		    (lo = enc_hex_digit(s->p[2])) == -1)
			return -1;
		s->p += 3;
		s->n -= 3;
		return hi * 16 + lo;
	}
	s->p++;
	s->n--;
	return c == '+' ? ' ' : c;
}

static int
decode_value(struct slice s, char *out, size_t size)
{
	size_t n = 0;
	int c;

	while (s.n > 0) {
		if ((c = decode(&s)) <= 0 || n + 1 >= size)
			return -1;
		out[n++] = (char)c;
	}
	if (size == 0)
		return -1;
	out[n] = '\0';
	return 1;
}

static bool
is_name(struct slice s, const char *name)
{
	while (s.n > 0 && *name != '\0')
		if (decode(&s) != (unsigned char)*name++)
			return false;
	return s.n == 0 && *name == '\0';
}

int
http_query(const struct http_head *h, const char *name, char *out,
    size_t size)
{
	struct slice rest = h->query, pair, value;
	const char *eq;
	size_t n;

	while (rest.n > 0) {
		for (n = 0; n < rest.n && rest.p[n] != '&'; n++)
			continue;
		pair = value = (struct slice){ rest.p, n };
		value.p += n;
		value.n = 0;
		if ((eq = memchr(pair.p, '=', n)) != NULL) {
			pair.n = (size_t)(eq - pair.p);
			value = (struct slice){ eq + 1, n - pair.n - 1 };
		}
		if (is_name(pair, name))
			return decode_value(value, out, size);
		n += n < rest.n;
		rest.p += n;
		rest.n -= n;
	}
	return 0;
}

const char *
http_reason(int status)
{
	static const struct {
		int		 status;
		const char	*text;
	} table[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 499, "Client Closed Request" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < NELEM(table); i++)
		if (table[i].status == status)
			return table[i].text;
	return "";
}
