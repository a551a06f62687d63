/*
 * json.h - a strict JSON reader that keeps what was written, and the few
 * functions to write JSON.
 *
 * Reading (RFC 8259, UTF-8 checked, duplicate members refused, depth and
 * size bounded, nothing behind the value but white space) yields a flat
 * array of tokens over the caller's text: a number keeps its own digits, a
 * string its own escapes until it is asked for.  No recursion, no copy.
 *
 * Token 0 is the whole value.  Children follow their parent in order;
 * tok[i].next is the index of the first token behind i's whole subtree, so
 * a member that is not of interest is skipped in one step.  An object's
 * children are name, value, name, value ...
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cdefs.h"
#include "decimal.h"

#define JSON_DEPTH_MAX	256

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
    JSON_ARRAY, JSON_OBJECT };

struct json_tok {
	uint32_t	start;	/* offset of the first byte, for a string
				 * behind its quote */
	uint32_t	end;	/* offset behind the last byte, for a string
				 * of its closing quote */
	uint32_t	next;	/* index of the token behind the subtree */
	uint32_t	n;	/* elements of an array, members of an object */
	uint8_t		type;	/* enum json_type */
	uint8_t		escaped;	/* string with a backslash in it */
};

struct json {
	const char	*text;	/* borrowed until json_fini() */
	size_t		 len;
	struct json_tok	*tok;
	uint32_t	 ntok;
	uint32_t	 cap;
};

struct json_error {
	size_t		 offset;	/* where in the text, in bytes */
	size_t		 line, column;	/* the same, 1-based, in characters */
	const char	*what;		/* static, no full stop: "duplicate
					 * member" */
};

/* Read n bytes of text (at most UINT32_MAX - 1).  Returns 0; or -1 with *err
 * filled in (err may be NULL), j then needs no json_fini().  keeps a borrow
 * of text until json_fini(). */
int	 json_read(struct json *j, const char *text, size_t n,
	    struct json_error *err) MUST_CHECK;

/* The same, but only an object inside fewer than depth others (arrays count)
 * must name each member once: those further in are somebody's values, which
 * PostgreSQL's json may hold with members given twice. */
int	 json_read_outer(struct json *j, const char *text, size_t n,
	    unsigned depth, struct json_error *err) MUST_CHECK;
void	 json_fini(struct json *j);

/* The value token of the member called name of the object at i, or 0 where
 * there is none (0 is never a member) or i is not an object. */
uint32_t json_member(const struct json *j, uint32_t i, const char *name);

/* The same where the value is an array, else 0: whoever goes through its
 * elements meets none of an object's names. */
uint32_t json_list(const struct json *j, uint32_t i, const char *name);

/* The first child of an array or object at i, 0 where it has none; and the
 * sibling behind token c inside parent i, 0 behind the last. */
uint32_t json_first(const struct json *j, uint32_t i);
uint32_t json_next(const struct json *j, uint32_t i, uint32_t c);

/* Whether the string at i is exactly s, after unescaping. */
bool	 json_is(const struct json *j, uint32_t i, const char *s);

/* The text of the string at i, unescaped, appended to out.  Returns 0, or -1
 * with errno EILSEQ where it holds \u0000 (which PostgreSQL's text cannot),
 * or as buf_add(); out is then as it was.  Lone surrogates are refused by
 * json_read() already. */
int	 json_str(const struct json *j, uint32_t i, struct buf *out) MUST_CHECK;

/* The same as a malloc()ed C string, NULL on failure. */
char	*json_strdup(const struct json *j, uint32_t i) MUST_CHECK;

/* An integer number token within [min, max].  Accepts integral forms such as
 * 5.0 and 1e3.  Returns 0, or -1. */
int	 json_int(const struct json *j, uint32_t i, int64_t min, int64_t max,
	    int64_t *out) MUST_CHECK;

/* The value at i as it was written. */
const char *json_raw(const struct json *j, uint32_t i, size_t *n);

/* Of the string at i: its length in characters; its bytes, NUL among them
 * perhaps, appended to out (0, or -1 as buf_add()). */
size_t	 json_length(const struct json *j, uint32_t i);
int	 json_bytes(const struct json *j, uint32_t i, struct buf *out)
	    MUST_CHECK;

/* Whether two strings are the same text; and the value of the member of the
 * object at i that has the name of that string, 0 where there is none. */
bool	 json_same_string(const struct json *a, uint32_t i,
	    const struct json *b, uint32_t k);
uint32_t json_member_like(const struct json *j, uint32_t i,
	    const struct json *names, uint32_t name);

/* The number at i, borrowed from the text. */
struct decimal json_decimal(const struct json *j, uint32_t i);

/* Whether two values are equal: numbers by value, objects in any order.
 * *work goes down with what was done; below 0 the answer is false and means
 * nothing.  Values that are equal have equal hashes. */
bool	 json_same(const struct json *a, uint32_t i, const struct json *b,
	    uint32_t k, int64_t *work);
uint64_t json_hash(const struct json *j, uint32_t i);

/* Append s as a JSON string, quotes included.  Bytes that are not UTF-8
 * become U+FFFD, control characters escapes. */
void	 json_put_str(struct buf *out, const char *s, size_t n);
void	 json_put_cstr(struct buf *out, const char *s);	/* NULL: null */

/* Whether n bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong). */
bool	 json_utf8_valid(const char *s, size_t n);

/* Whether n bytes are exactly a JSON number. */
bool	 json_is_number(const char *s, size_t n);

#endif
