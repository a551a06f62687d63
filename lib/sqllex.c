/*
 * sqllex.c - see sqllex.h.  The rules are those of PostgreSQL's scanner
 * (quotes, comments, identifiers) and of psql's (where a statement ends).
 * Must not know what statements mean.
 *
 * Each byte is taken once, in the mode that the bytes before it left.  A
 * byte that ends a token (the blank behind a word) is looked at again in
 * LEX_PLAIN, so that no mode needs to know what may follow it.  Nothing is
 * ever put back: what only the next byte decides is a mode of its own.
 */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cdefs.h"
#include "sqllex.h"
#include "sqllex_priv.h"

#define NO_MATCH	SIZE_MAX

static bool
is_blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    c == '_' || c >= 0x80;
}

static unsigned char
upper(unsigned char c)
{
	if (c >= 'a' && c <= 'z')
		c = (unsigned char)(c - 'a' + 'A');
	return c;
}

/* The byte at hand, or the one marked before it, is of the statement. */
static void
content_at(struct sqllex *l, size_t line, size_t column)
{
	l->joint = JOINT_NONE;
	if (l->content)
		return;
	l->content = true;
	l->start_line = line;
	l->start_column = column;
}

static void
other(struct sqllex *l, char c)
{
	l->nother++;
	l->other = c;
}

static void
word_add(struct sqllex *l, unsigned char c)
{
	if (l->nword < SQLLEX_WORD_MAX) {
		l->word[l->nword] = (char)upper(c);
		l->word[l->nword + 1] = '\0';
	}
	l->nword++;
}

/* Whether the statement began with CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE. */
static bool
makes_routine(const struct sqllex *l)
{
	const char *s = l->lead;

	if (s[0] != 'C')
		return false;
	if (s[1] == 'F' || s[1] == 'P')
		return true;
	return s[1] == 'O' && s[2] == 'R' && (s[3] == 'F' || s[3] == 'P');
}

/* A word has ended: count what opens and closes a function's body. */
static void
word_done(struct sqllex *l)
{
	static const char *const leads[] = { "CREATE", "OR", "REPLACE",
	    "FUNCTION", "PROCEDURE" };

	l->saw_word = true;
	if (l->nwords < NELEM(l->lead)) {
		for (size_t i = 0; i < NELEM(leads); i++)
			if (strcmp(l->word, leads[i]) == 0)
				l->lead[l->nwords] = leads[i][0];
		l->nwords++;
	}
	if (l->parens > 0 || !makes_routine(l))
		return;
	if (strcmp(l->word, "BEGIN") == 0)
		l->begins++;
	else if (strcmp(l->word, "CASE") == 0 && l->begins > 0)
		l->begins++;
	else if (strcmp(l->word, "END") == 0 && l->begins > 0)
		l->begins--;
}

/* A ';' or a '\' outside quotes. */
static void
semicolon(struct sqllex *l)
{
	other(l, ';');
	if (l->parens == 0 && l->begins == 0)
		l->ended = l->over = true;
	else
		content_at(l, l->line, l->column);
}

static void
token_begins(struct sqllex *l, unsigned char c)
{
	bool joined = l->joint == JOINT_LATER_LINE;

	content_at(l, l->line, l->column);
	if (is_letter(c)) {
		l->mode = LEX_WORD;
		l->nword = 0;
		word_add(l, c);
		return;
	}
	other(l, (char)c);
	if (is_digit(c)) {
		l->mode = LEX_NUMBER;
	} else if (c == '\'') {
		l->mode = joined ? LEX_ESCAPE : LEX_QUOTE;
	} else if (c == '"') {
		l->mode = LEX_IDENT;
	} else if (c == '$') {
		l->mode = LEX_TAG;
		l->ntag = 0;
	} else if (c == '(') {
		l->parens++;
	} else if (c == ')' && l->parens > 0) {
		l->parens--;
	}
}

static void
take_plain(struct sqllex *l, unsigned char c)
{
	if (is_blank(c)) {
		if ((c == '\n' || c == '\r') && l->joint != JOINT_NONE)
			l->joint = JOINT_LATER_LINE;
	} else if (c == ';') {
		semicolon(l);
	} else if (c == '\\') {
		l->joint = JOINT_NONE;
		other(l, '\\');
	} else if (c == '-' || c == '/') {
		l->mode = c == '-' ? LEX_DASH : LEX_SLASH;
		l->mark_line = l->line;
		l->mark_column = l->column;
	} else {
		token_begins(l, c);
	}
}

/* A word's letters; or the quote that makes it the prefix of a string. */
static bool
take_word(struct sqllex *l, unsigned char c)
{
	if (is_letter(c) || is_digit(c) || c == '$') {
		word_add(l, c);
		return true;
	}
	if (c == '\'' && l->nword == 1 && strchr("EBXN", l->word[0]) != NULL) {
		other(l, '\'');
		l->mode = l->word[0] == 'E' ? LEX_ESCAPE : LEX_QUOTE;
		return true;
	}
	word_done(l);
	l->mode = LEX_PLAIN;
	return false;
}

/* Digits, of a number or a parameter.  Letters right behind them are junk
 * to PostgreSQL since 15, and so is what they would begin by themselves. */
static bool
take_digits(struct sqllex *l, unsigned char c)
{
	int digit = c - '0';

	if (is_digit(c)) {
		if (l->mode == LEX_PARAM && l->param > (INT_MAX - digit) / 10)
			l->param = INT_MAX;
		else if (l->mode == LEX_PARAM)
			l->param = l->param * 10 + digit;
		return true;
	}
	if (l->mode == LEX_PARAM)
		l->saw_param = true;
	l->mode = is_letter(c) ? LEX_JUNK : LEX_PLAIN;
	return l->mode == LEX_JUNK;
}

/* Behind a '$': $1, $tag$ or a '$' on its own, before what is then a word. */
static bool
take_tag(struct sqllex *l, unsigned char c)
{
	if (c == '$') {
		l->mode = LEX_DOLLAR;
		l->match = NO_MATCH;
		return true;
	}
	if (is_digit(c) && l->ntag == 0) {
		l->mode = LEX_PARAM;
		l->param = c - '0';
		return true;
	}
	if ((is_letter(c) || is_digit(c)) && l->ntag < SQLLEX_TAG_MAX) {
		l->tag[l->ntag++] = (char)c;
		return true;
	}
	if (l->ntag == 0) {
		l->mode = LEX_PLAIN;
		return false;
	}
	l->mode = LEX_WORD;
	l->nword = 0;
	for (size_t i = 0; i < l->ntag; i++)
		word_add(l, (unsigned char)l->tag[i]);
	return false;
}

/* Inside $tag$: a '$' that does not end it may begin what does. */
static void
take_dollar(struct sqllex *l, unsigned char c)
{
	if (c == '$' && l->match == l->ntag)
		l->mode = LEX_PLAIN;
	else if (c == '$')
		l->match = 0;
	else if (l->match < l->ntag && l->tag[l->match] == (char)c)
		l->match++;
	else
		l->match = NO_MATCH;
}

/* Behind a '-' or '/' outside quotes: a comment, or an operator after all. */
static bool
take_maybe_comment(struct sqllex *l, unsigned char c)
{
	if (l->mode == LEX_DASH && c == '-') {
		l->mode = LEX_LINE;
		return true;
	}
	if (l->mode == LEX_SLASH && c == '*') {
		l->mode = LEX_COMMENT;
		l->joint = JOINT_NONE;
		l->comments = 1;
		return true;
	}
	content_at(l, l->mark_line, l->mark_column);
	other(l, l->mode == LEX_DASH ? '-' : '/');
	l->mode = LEX_PLAIN;
	return false;
}

static void
take_comment(struct sqllex *l, unsigned char c)
{
	enum sqllex_mode behind = l->mode;

	l->mode = LEX_COMMENT;
	if (behind == LEX_COMMENT_SLASH && c == '*')
		l->comments++;
	else if (behind == LEX_COMMENT_STAR && c == '/' && --l->comments == 0)
		l->mode = LEX_PLAIN;
	else if (c == '/' && behind != LEX_COMMENT_STAR)
		l->mode = LEX_COMMENT_SLASH;
	else if (c == '*')
		l->mode = LEX_COMMENT_STAR;
}

/* Inside E'...'. */
static bool
take_escape(struct sqllex *l, unsigned char c)
{
	if (l->mode == LEX_ESCAPE_BACKSLASH) {
		l->mode = LEX_ESCAPE;
	} else if (l->mode == LEX_ESCAPE_QUOTE) {
		l->mode = c == '\'' ? LEX_ESCAPE : LEX_PLAIN;
		if (l->mode == LEX_PLAIN)
			l->joint = JOINT_SAME_LINE;
		return l->mode == LEX_ESCAPE;
	} else if (c == '\\') {
		l->mode = LEX_ESCAPE_BACKSLASH;
	} else if (c == '\'') {
		l->mode = LEX_ESCAPE_QUOTE;
	}
	return true;
}

/* Returns whether c is dealt with; if not, it is to be taken again. */
static bool
take(struct sqllex *l, unsigned char c)
{
	switch (l->mode) {
	case LEX_PLAIN:
		take_plain(l, c);
		return true;
	case LEX_WORD:
		return take_word(l, c);
	case LEX_JUNK:
		if (is_letter(c) || is_digit(c) || c == '$')
			return true;
		l->mode = LEX_PLAIN;
		return false;
	case LEX_NUMBER:
	case LEX_PARAM:
		return take_digits(l, c);
	case LEX_TAG:
		return take_tag(l, c);
	case LEX_DASH:
	case LEX_SLASH:
		return take_maybe_comment(l, c);
	case LEX_LINE:
		if (c != '\n' && c != '\r')
			return true;
		l->mode = LEX_PLAIN;
		return false;
	case LEX_COMMENT:
	case LEX_COMMENT_SLASH:
	case LEX_COMMENT_STAR:
		take_comment(l, c);
		return true;
	case LEX_QUOTE:
		if (c == '\'')
			l->mode = LEX_PLAIN;
		return true;
	case LEX_ESCAPE:
	case LEX_ESCAPE_BACKSLASH:
	case LEX_ESCAPE_QUOTE:
		return take_escape(l, c);
	case LEX_IDENT:
		if (c == '"')
			l->mode = LEX_PLAIN;
		return true;
	case LEX_DOLLAR:
		take_dollar(l, c);
		return true;
	}
	return true;
}

static void
advance(struct sqllex *l, unsigned char c)
{
	if (c == '\n') {
		l->line++;
		l->column = 1;
	} else if ((c & 0xc0) != 0x80) {	/* not inside a character */
		l->column++;
	}
}

static void
begin_statement(struct sqllex *l)
{
	l->mode = LEX_PLAIN;
	l->joint = JOINT_NONE;
	l->parens = l->begins = 0;
	l->content = l->over = false;
	l->start_line = l->start_column = 0;
	l->nwords = 0;
	memset(l->lead, 0, sizeof(l->lead));
}

void
sqllex_init(struct sqllex *l)
{
	memset(l, 0, sizeof(*l));
	l->line = l->column = 1;
}

void
sqllex_byte(struct sqllex *l, unsigned char c)
{
	if (l->over)
		begin_statement(l);
	l->saw_word = l->saw_param = l->ended = false;
	l->nother = 0;
	while (!take(l, c))
		continue;
	advance(l, c);
}

struct sqllex *
sqllex_new(void)
{
	struct sqllex *l = malloc(sizeof(*l));

	if (l != NULL)
		sqllex_init(l);
	return l;
}

void
sqllex_free(struct sqllex *l)
{
	free(l);
}

void
sqllex_cut(struct sqllex *l)
{
	l->over = true;
}

enum sqllex_event
sqllex_feed(struct sqllex *l, const char *p, size_t n, size_t *used)
{
	for (size_t i = 0; i < n; i++) {
		sqllex_byte(l, (unsigned char)p[i]);
		*used = i + 1;
		if (l->ended)
			return SQLLEX_END;
		if (l->nother > 0 && l->other == '\\')
			return SQLLEX_BACKSLASH;
	}
	*used = n;
	return SQLLEX_MORE;
}
