/*
 * json.c - the strict JSON reader (see json.h): text in, tokens out.
 *
 * One pass, no recursion: what is open is a stack of token indices.  Must
 * not know what the values are for.  Asking the tokens is json_get.c,
 * writing is json_put.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_priv.h"
#include "utf8.h"

#define FIRST_TOKENS	64	/* a request with a few parameters */

/* What may come next. */
enum want {
	WANT_VALUE,		/* left by a scalar or by an opened bracket */
	WANT_ELEMENT,		/* behind '[': a value or ']' */
	WANT_MEMBER,		/* behind '{': a name or '}' */
	WANT_NAME,		/* behind a member's ',' */
	WANT_MORE,		/* behind a value: ',' or the closing bracket */
};

struct parse {
	struct json	*j;
	const char	*p;
	size_t		 n, i;
	enum want	 want;
	uint32_t	 open[JSON_DEPTH_MAX];
	unsigned	 depth;
	unsigned	 strict;	/* up to where members are unique */
	uint64_t	 seed;
	const char	*what;		/* of the error */
};

static int
fail(struct parse *r, const char *what)
{
	r->what = r->i >= r->n ? "unexpected end of text" : what;
	return -1;
}

/* For what is wrong elsewhere than where the reader stands. */
static int
fail_at(struct parse *r, size_t i, const char *what)
{
	r->i = i;
	r->what = what;
	return -1;
}

static int
grow(struct json *j)
{
	uint32_t cap = j->cap == 0 ? FIRST_TOKENS : j->cap * 2;
	struct json_tok *tok;

	/* A text has at most as many tokens as bytes. */
	if (cap > j->len || cap < j->cap)
		cap = (uint32_t)j->len;
	if ((tok = realloc(j->tok, cap * sizeof(*tok))) == NULL)
		return -1;
	j->tok = tok;
	j->cap = cap;
	return 0;
}

/* Append a token and count it with its parent, unless it is the value of a
 * member, which its name has counted. */
static struct json_tok *
add(struct parse *r, enum json_type type, size_t start)
{
	struct json *j = r->j;
	struct json_tok *t, *parent;

	if (j->ntok == j->cap && grow(j) == -1) {
		fail_at(r, r->i, "out of memory");
		return NULL;
	}
	if (r->depth > 0) {
		parent = &j->tok[r->open[r->depth - 1]];
		if (parent->type == JSON_ARRAY || r->want != WANT_VALUE)
			parent->n++;
	}
	t = &j->tok[j->ntok++];
	memset(t, 0, sizeof(*t));
	t->type = (uint8_t)type;
	t->start = (uint32_t)start;
	t->next = j->ntok;
	return t;
}

static void
skip_blank(struct parse *r)
{
	while (r->i < r->n && (r->p[r->i] == ' ' || r->p[r->i] == '\n' ||
	    r->p[r->i] == '\r' || r->p[r->i] == '\t'))
		r->i++;
}

/* \uXXXX at r->i; a high surrogate takes the low one behind it along, and
 * neither may stand alone: it would be no character. */
static int
read_unicode(struct parse *r)
{
	size_t left = r->n - r->i;
	int v, low = -1;

	if (left < 6)
		return fail_at(r, r->n, "unexpected end of text");
	if ((v = json_hex4(r->p + r->i + 2)) == -1)
		return fail(r, "malformed \\u escape");
	if (v < 0xd800 || v > 0xdfff) {
		r->i += 6;
		return 0;
	}
	if (left >= 12 && r->p[r->i + 6] == '\\' && r->p[r->i + 7] == 'u')
		low = json_hex4(r->p + r->i + 8);
	if (v > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return fail(r, "lone surrogate in a \\u escape");
	r->i += 12;
	return 0;
}

static int
read_escape(struct parse *r)
{
	if (r->n - r->i < 2)
		return fail_at(r, r->n, "unexpected end of text");
	if (r->p[r->i + 1] == 'u')
		return read_unicode(r);
	if (r->p[r->i + 1] == '\0' ||
	    strchr("\"\\/bfnrt", r->p[r->i + 1]) == NULL)
		return fail(r, "unknown escape");
	r->i += 2;
	return 0;
}

/* Whether a byte stands for itself in a string and is ASCII. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* A string whose quote is at r->i. */
static int
read_string(struct parse *r)
{
	const unsigned char *p = (const unsigned char *)r->p;
	struct json_tok *t;
	size_t len;

	if ((t = add(r, JSON_STRING, r->i + 1)) == NULL)
		return -1;
	r->i++;
	for (;;) {
		while (r->i < r->n && is_plain(p[r->i]))
			r->i++;
		if (r->i == r->n)
			return fail(r, "");
		if (p[r->i] == '"')
			break;
		if (p[r->i] == '\\') {
			t->escaped = 1;
			if (read_escape(r) == -1)
				return -1;
		} else if (p[r->i] < 0x20)
			return fail(r, "control character in a string");
		else if ((len = utf8_seq(p + r->i, r->n - r->i)) == 0)
			return fail(r, "string is not UTF-8");
		else
			r->i += len;
	}
	t->end = (uint32_t)r->i++;
	return 0;
}

static int
read_number(struct parse *r)
{
	struct json_tok *t;
	size_t start = r->i, i = start;

	/* All that could be meant as one: 01, 1.e5 and -- are malformed, not
	 * a number and something behind it. */
	while (i < r->n && r->p[i] != '\0' &&
	    strchr("0123456789+-.eE", r->p[i]) != NULL)
		i++;
	if (!json_is_number(r->p + start, i - start))
		return fail(r, "malformed number");
	if ((t = add(r, JSON_NUMBER, start)) == NULL)
		return -1;
	t->end = (uint32_t)i;
	r->i = i;
	return 0;
}

static int
read_word(struct parse *r, enum json_type type, const char *word)
{
	struct json_tok *t;
	size_t len = strlen(word), left = r->n - r->i;

	if (memcmp(r->p + r->i, word, left < len ? left : len) != 0)
		return fail(r, "expected a value");
	if (left < len)
		return fail_at(r, r->n, "unexpected end of text");
	if ((t = add(r, type, r->i)) == NULL)
		return -1;
	r->i += len;
	t->end = (uint32_t)r->i;
	return 0;
}

static int
read_open(struct parse *r, enum json_type type)
{
	if (r->depth == JSON_DEPTH_MAX)
		return fail(r, "nested too deeply");
	if (add(r, type, r->i) == NULL)
		return -1;
	r->open[r->depth++] = r->j->ntok - 1;
	r->i++;
	r->want = type == JSON_ARRAY ? WANT_ELEMENT : WANT_MEMBER;
	return 0;
}

static int
read_close(struct parse *r)
{
	uint32_t top = r->open[--r->depth], twice = 0;
	struct json_tok *t = &r->j->tok[top];

	t->end = (uint32_t)++r->i;
	t->next = r->j->ntok;
	r->want = WANT_MORE;
	if (t->type != JSON_OBJECT || r->depth >= r->strict)
		return 0;
	if (json_dup_find(r->j, top, &r->seed, &twice) == -1)
		return fail_at(r, r->i, "out of memory");
	if (twice != 0)
		return fail_at(r, r->j->tok[twice].start - 1,
		    "duplicate member");
	return 0;
}

static int
read_value(struct parse *r)
{
	int rc;

	switch (r->i < r->n ? r->p[r->i] : '\0') {
	case '{':
		return read_open(r, JSON_OBJECT);
	case '[':
		return read_open(r, JSON_ARRAY);
	case '"':
		rc = read_string(r);
		break;
	case 't':
		rc = read_word(r, JSON_TRUE, "true");
		break;
	case 'f':
		rc = read_word(r, JSON_FALSE, "false");
		break;
	case 'n':
		rc = read_word(r, JSON_NULL, "null");
		break;
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		rc = read_number(r);
		break;
	default:
		return fail(r, "expected a value");
	}
	r->want = WANT_MORE;
	return rc;
}

/* A member's name and the colon behind it. */
static int
read_name(struct parse *r)
{
	if (r->i == r->n || r->p[r->i] != '"')
		return fail(r, "expected a member name");
	if (read_string(r) == -1)
		return -1;
	skip_blank(r);
	if (r->i == r->n || r->p[r->i] != ':')
		return fail(r, "expected ':'");
	r->i++;
	r->want = WANT_VALUE;
	return 0;
}

static int
read_more(struct parse *r)
{
	bool array = r->j->tok[r->open[r->depth - 1]].type == JSON_ARRAY;

	if (r->i < r->n && r->p[r->i] == (array ? ']' : '}'))
		return read_close(r);
	if (r->i == r->n || r->p[r->i] != ',')
		return fail(r, array ? "expected ',' or ']'" :
		    "expected ',' or '}'");
	r->i++;
	r->want = array ? WANT_VALUE : WANT_NAME;
	return 0;
}

static int
read_next(struct parse *r)
{
	char c;

	skip_blank(r);
	c = r->i < r->n ? r->p[r->i] : '\0';
	switch (r->want) {
	case WANT_ELEMENT:
		return c == ']' ? read_close(r) : read_value(r);
	case WANT_MEMBER:
		return c == '}' ? read_close(r) : read_name(r);
	case WANT_NAME:
		return read_name(r);
	case WANT_MORE:
		return read_more(r);
	case WANT_VALUE:
		break;
	}
	return read_value(r);
}

static int
read_all(struct parse *r)
{
	if (r->n > UINT32_MAX - 1)
		return fail_at(r, 0, "text too long");
	do {
		if (read_next(r) == -1)
			return -1;
	} while (r->depth > 0);
	skip_blank(r);
	if (r->i < r->n)
		return fail(r, "text behind the value");
	return 0;
}

/* Where r stopped, for a reader: the column counts characters. */
static void
locate(const struct parse *r, struct json_error *err)
{
	err->offset = r->i;
	err->line = err->column = 1;
	for (size_t i = 0; i < r->i && i < r->n; i++)
		if (r->p[i] == '\n') {
			err->line++;
			err->column = 1;
		} else if (((unsigned char)r->p[i] & 0xc0) != 0x80)
			err->column++;
	err->what = r->what;
}

int
json_read(struct json *j, const char *text, size_t n, struct json_error *err)
{
	return json_read_outer(j, text, n, JSON_DEPTH_MAX, err);
}

int
json_read_outer(struct json *j, const char *text, size_t n, unsigned depth,
    struct json_error *err)
{
	struct parse r = { .j = j, .p = text, .n = n, .want = WANT_VALUE,
	    .strict = depth };

	memset(j, 0, sizeof(*j));
	j->text = text;
	j->len = n;
	if (read_all(&r) == 0)
		return 0;
	if (err != NULL)
		locate(&r, err);
	json_fini(j);
	return -1;
}

void
json_fini(struct json *j)
{
	free(j->tok);
	memset(j, 0, sizeof(*j));
}
