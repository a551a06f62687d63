/*
 * sqllex.h - an incremental lexer for SQL scripts, by the rules of psql's
 * own lexer: it finds where one statement ends and the next begins, in
 * constant memory, however large the script.
 *
 * It knows '...' (with standard_conforming_strings on), E'...', U&'...',
 * B'', X'', N'', "..." and U&"...", $tag$...$tag$ (a tag of up to 255 bytes),
 * -- to the end of the line (CR or LF), nested comments, parentheses,
 * BEGIN ATOMIC ... END bodies of SQL-standard functions (with CASE ... END
 * inside), and that a ';' inside any of them ends nothing.  As in psql, a
 * body with a column that is named END, unquoted and without AS, ends there.
 *
 * The caller feeds pieces of any size; every byte belongs to exactly one
 * statement, so that pieces can be kept, streamed or counted by the caller.
 */
#ifndef SQLLEX_H
#define SQLLEX_H

#include <stdbool.h>
#include <stddef.h>

#include "cdefs.h"

enum sqllex_state {		/* what is open, for a prompt (psql's %R) */
	SQLLEX_START,		/* nothing of a statement yet */
	SQLLEX_STATEMENT,	/* inside one, nothing open */
	SQLLEX_QUOTE,		/* '...' */
	SQLLEX_IDENT,		/* "..." */
	SQLLEX_DOLLAR,		/* $tag$ */
	SQLLEX_COMMENT,		/* a block comment */
	SQLLEX_PAREN,
	SQLLEX_ATOMIC,		/* BEGIN ATOMIC */
};

struct sqllex;

struct sqllex *sqllex_new(void) MUST_CHECK;
void	 sqllex_free(struct sqllex *l);

enum sqllex_event {
	SQLLEX_MORE,		/* all n bytes were taken; feed more */
	SQLLEX_END,		/* a ';' ended a statement at *used */
	SQLLEX_BACKSLASH,	/* a '\' outside quotes at *used - 1: psql's
				 * meta-commands begin so; it is no SQL */
};

/* Lex up to n bytes at p.  *used tells how many were taken; the ';' of
 * SQLLEX_END and the '\' of SQLLEX_BACKSLASH are. */
enum sqllex_event sqllex_feed(struct sqllex *l, const char *p, size_t n,
	    size_t *used);

/* End the statement here, as a ';' would: a meta-command sends or drops it,
 * or the script is over.  Lines go on being counted. */
void	 sqllex_cut(struct sqllex *l);

enum sqllex_state sqllex_state(const struct sqllex *l);

/* Whether the statement so far holds anything but blanks and comments. */
bool	 sqllex_has_content(const struct sqllex *l);

/* Where the statement's first byte of content stands: 1-based line and
 * column (in characters) of all that was fed; 0 where it has none.  Valid
 * until the next statement's first byte is fed. */
void	 sqllex_where(const struct sqllex *l, size_t *line, size_t *column);

/* For a whole statement in memory: its first keywords, upper case, one
 * blank between, leading blanks, comments, ';' and '(' skipped, at most
 * words of them and cut to size; "" where it starts with none. */
void	 sqllex_keywords(const char *sql, size_t n, int words, char *out,
	    size_t size);

/* The highest $N outside quotes and comments of a whole statement; 0 where
 * there is none. */
int	 sqllex_params(const char *sql, size_t n);

/* A bound, never too low, on how many levels deep a parser's tree of the text
 * can be.  SIZE_MAX where brackets nest deeper than this counts. */
size_t	 sqllex_depth(const char *sql, size_t n);

/* The longest run of characters that operators are made of (those of block
 * comments are among them) outside quotes and line comments. */
size_t	 sqllex_operators(const char *sql, size_t n);

#endif
