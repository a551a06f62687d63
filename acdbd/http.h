/*
 * http.h - HTTP/1.1 messages (RFC 9112), pure: bytes in, a head out; no
 * descriptor, no clock, no global.
 *
 * Stricter than the RFC allows where leniency has been the root of request
 * smuggling: refused are obs-fold, bare CR or LF, white space before the
 * colon or in front of the first header, any control character, two
 * Content-Length (even if equal), Content-Length together with
 * Transfer-Encoding, any transfer coding but one "chunked", any in HTTP/1.0,
 * a missing Host in HTTP/1.1 or a second one, and characters in the target
 * that must be percent-encoded.
 *
 * The target may be a path, "*" of OPTIONS, or an http or https URL, whose
 * authority is checked and then ignored (RFC 9112 3.2.2 has servers take it).
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/problem.h"

#define HTTP_HEAD_MAX		16384	/* request line and headers together */
#define HTTP_TARGET_MAX		8192
#define HTTP_HEADERS_MAX	64

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE,
    HTTP_PATCH, HTTP_OPTIONS, HTTP_OTHER };

struct slice {
	const char	*p;
	size_t		 n;
};

struct http_header {
	struct slice	name, value;	/* value without surrounding blanks */
};

struct http_head {
	enum http_method method;
	struct slice	 method_text;
	struct slice	 target;	/* as sent */
	struct slice	 path;		/* up to '?'; at least "/" */
	struct slice	 query;		/* behind '?'; n = 0 where none */
	int		 minor;		/* 0 or 1: HTTP/1.minor */
	struct http_header header[HTTP_HEADERS_MAX];
	size_t		 nheader;
	int64_t		 content_length;	/* -1: none given */
	bool		 chunked;
	bool		 keep_alive;	/* what the client asks for */
	bool		 expect_continue;
};

/* Read a request head from the n bytes at p; slices point into p.
 * Returns the number of bytes the head takes (> 0); 0 when it is not yet
 * complete; or -1 with why filled in (400, 414, 417, 431, 501, 505;
 * why->close set), as soon as it cannot become good.  Leading empty lines
 * (RFC 9112 2.2: at least one) are skipped. */
long	 http_head_parse(struct http_head *h, const char *p, size_t n,
	    struct problem *why) MUST_CHECK;

/* The value of the first header of that name (case-insensitive), or NULL. */
const struct slice *http_header(const struct http_head *h, const char *name);

/* Whether the header of that name is given more than once. */
bool	 http_header_repeated(const struct http_head *h, const char *name);

/* Whether the comma-separated list in the header holds the token. */
bool	 http_header_has(const struct http_head *h, const char *name,
	    const char *token);

bool	 slice_is(struct slice s, const char *text);
bool	 slice_is_nocase(struct slice s, const char *text);

/* The value of the first query parameter called name, percent-decoded ('+'
 * is a blank) and NUL-terminated into out.  Returns 1; 0 where there is none;
 * -1 where it is malformed, holds NUL or does not fit. */
int	 http_query(const struct http_head *h, const char *name, char *out,
	    size_t size) MUST_CHECK;

/* A chunked body (RFC 9112 7.1) being read. */
struct http_chunks {
	int	 state;
	uint64_t left;		/* bytes of the current chunk still to come */
	size_t	 overhead;	/* bytes of extensions and trailers, bounded */
};

void	 http_chunks_init(struct http_chunks *c);

/* Decode from the n bytes at p, appending data to out.  *used tells how many
 * were taken.  Returns 1 when the body is complete, 0 when more is needed,
 * -1 with why filled in (400; 413 when out refuses). */
int	 http_chunks_read(struct http_chunks *c, const char *p, size_t n,
	    size_t *used, struct buf *out, struct problem *why) MUST_CHECK;

/* "OK" for 200; "" for a status that is not known. */
const char *http_reason(int status);

#endif
