/*
 * sqllex_text.c - what the lexer (sqllex.h) tells of the statement it is in,
 * and of whole statements in memory.
 */
#include <stdint.h>
#include <string.h>

#include "cdefs.h"
#include "sqllex.h"
#include "sqllex_priv.h"

#define LEVELS_MAX	1024	/* brackets in brackets that are counted */

enum sqllex_state
sqllex_state(const struct sqllex *l)
{
	struct sqllex complete;

	if (l->over)
		return SQLLEX_START;
	if (l->mode == LEX_WORD) {	/* an END may close what is open */
		complete = *l;
		sqllex_byte(&complete, ' ');
		return sqllex_state(&complete);
	}
	switch (l->mode) {
	case LEX_QUOTE:
	case LEX_ESCAPE:
	case LEX_ESCAPE_BACKSLASH:
		return SQLLEX_QUOTE;
	case LEX_IDENT:
		return SQLLEX_IDENT;
	case LEX_DOLLAR:
		return SQLLEX_DOLLAR;
	case LEX_COMMENT:
	case LEX_COMMENT_SLASH:
	case LEX_COMMENT_STAR:
		return SQLLEX_COMMENT;
	case LEX_PLAIN:
	case LEX_WORD:
	case LEX_JUNK:
	case LEX_NUMBER:
	case LEX_PARAM:
	case LEX_TAG:
	case LEX_DASH:
	case LEX_SLASH:
	case LEX_LINE:
	case LEX_ESCAPE_QUOTE:
		break;
	}
	if (l->parens > 0)
		return SQLLEX_PAREN;
	if (l->begins > 0)
		return SQLLEX_ATOMIC;
	return sqllex_has_content(l) ? SQLLEX_STATEMENT : SQLLEX_START;
}

bool
sqllex_has_content(const struct sqllex *l)
{
	return l->content || l->mode == LEX_DASH || l->mode == LEX_SLASH;
}

void
sqllex_where(const struct sqllex *l, size_t *line, size_t *column)
{
	bool marked = !l->content && sqllex_has_content(l);

	*line = marked ? l->mark_line : l->start_line;
	*column = marked ? l->mark_column : l->start_column;
}

/* Byte i of a whole text; a blank behind its end completes the last token. */
static unsigned char
at(const char *sql, size_t n, size_t i)
{
	return i < n ? (unsigned char)sql[i] : ' ';
}

static void
append(char *out, size_t size, const char *word, bool first)
{
	size_t have = strlen(out), len = strlen(word);

	if (!first && have + 1 < size) {
		out[have++] = ' ';
		out[have] = '\0';
	}
	if (len > size - 1 - have)
		len = size - 1 - have;
	memcpy(out + have, word, len);
	out[have + len] = '\0';
}

void
sqllex_keywords(const char *sql, size_t n, int words, char *out, size_t size)
{
	struct sqllex l;
	int have = 0;

	sqllex_init(&l);
	out[0] = '\0';
	for (size_t i = 0; i <= n && have < words; i++) {
		sqllex_byte(&l, at(sql, n, i));
		if (l.saw_word)
			append(out, size, l.word, have++ == 0);
		if (l.nother > 1)
			return;
		if (l.nother == 1 && (have > 0 ||
		    (l.other != '(' && l.other != ';')))
			return;
	}
}

int
sqllex_params(const char *sql, size_t n)
{
	struct sqllex l;
	int max = 0;

	sqllex_init(&l);
	for (size_t i = 0; i <= n; i++) {
		sqllex_byte(&l, at(sql, n, i));
		if (l.saw_param && l.param > max)
			max = l.param;
	}
	return max;
}

/*
 * A grammar builds deep trees of what stands side by side (1+1+1 is
 * (1+1)+1), one level a token at the most, and of brackets inside brackets.
 * A comma ends such a chain, but not that of UNIONs: their commas stand
 * inside its links.
 */
struct level {
	size_t	chain;		/* tokens since the last comma */
	size_t	inner;		/* the deepest bracket since then */
	size_t	deepest;	/* both together, of the commas before */
	size_t	unions;
};

static size_t
level_depth(const struct level *v)
{
	size_t last = v->chain + v->inner;

	return v->unions + (last > v->deepest ? last : v->deepest);
}

static void
level_comma(struct level *v)
{
	if (v->chain + v->inner > v->deepest)
		v->deepest = v->chain + v->inner;
	v->chain = v->inner = 0;
}

static bool
is_union(const char *word)
{
	return strcmp(word, "UNION") == 0 || strcmp(word, "EXCEPT") == 0 ||
	    strcmp(word, "INTERSECT") == 0;
}

size_t
sqllex_depth(const char *sql, size_t n)
{
	struct level levels[LEVELS_MAX], *v = levels;
	struct sqllex l;
	size_t depth;

	sqllex_init(&l);
	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i <= n; i++) {
		sqllex_byte(&l, at(sql, n, i));
		if (l.saw_word && is_union(l.word))
			v->unions += 2;
		v->chain += l.nother + (l.saw_word ? 1 : 0);
		if (l.nother == 0)
			continue;
		if (l.other == ',' || l.other == ';') {
			level_comma(v);
		} else if (l.other == '(' || l.other == '[') {
			if (v == levels + LEVELS_MAX - 1)
				return SIZE_MAX;
			memset(++v, 0, sizeof(*v));
		} else if ((l.other == ')' || l.other == ']') && v > levels) {
			depth = level_depth(v--);
			if (depth > v->inner)
				v->inner = depth;
		}
	}
	depth = 0;
	for (; v > levels; v--)		/* what is still open */
		depth += level_depth(v);
	return depth + level_depth(levels);
}

static bool
is_operator(char c)
{
	return c != '\0' && strchr("~!@#^&|`?+-*/%<>=", c) != NULL;
}

/* Whether the lexer is where an operator or a block comment can be. */
static bool
is_open(const struct sqllex *l)
{
	return l->mode != LEX_QUOTE && l->mode != LEX_ESCAPE &&
	    l->mode != LEX_ESCAPE_BACKSLASH && l->mode != LEX_IDENT &&
	    l->mode != LEX_DOLLAR && l->mode != LEX_LINE;
}

size_t
sqllex_operators(const char *sql, size_t n)
{
	struct sqllex l;
	size_t run = 0, longest = 0;

	sqllex_init(&l);
	for (size_t i = 0; i < n; i++) {
		sqllex_byte(&l, (unsigned char)sql[i]);
		run = is_operator(sql[i]) && is_open(&l) ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}
