/*
 * sqllex_priv.h - the inside of the lexer, for sqllex.c (which reads bytes)
 * and sqllex_text.c (which looks at whole statements).
 */
#ifndef SQLLEX_PRIV_H
#define SQLLEX_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#define SQLLEX_WORD_MAX	63	/* longer words are no keywords; cut */
#define SQLLEX_TAG_MAX	255	/* a longer $tag$ is not taken for one */

enum sqllex_mode {		/* what the next byte is part of */
	LEX_PLAIN,		/* nothing */
	LEX_WORD,		/* an unquoted identifier or keyword */
	LEX_JUNK,		/* letters behind digits: 1abc, $1abc */
	LEX_NUMBER,		/* digits */
	LEX_PARAM,		/* digits behind a '$' */
	LEX_TAG,		/* a '$' that may begin a dollar quote */
	LEX_DASH,		/* a '-' that may begin a comment */
	LEX_SLASH,		/* a '/' that may begin one */
	LEX_LINE,		/* a comment up to the end of the line */
	LEX_COMMENT,		/* a block comment ... */
	LEX_COMMENT_SLASH,	/* ... behind a '/' */
	LEX_COMMENT_STAR,	/* ... behind a '*' */
	LEX_QUOTE,		/* '...' without escapes */
	LEX_ESCAPE,		/* E'...' ... */
	LEX_ESCAPE_BACKSLASH,	/* ... behind a '\' */
	LEX_ESCAPE_QUOTE,	/* ... behind a quote: the end, or half of '' */
	LEX_IDENT,		/* "..." */
	LEX_DOLLAR,		/* $tag$ ... */
};

/* An E'...' goes on in a '...' on a later line, with nothing but blanks and
 * line comments between, and is an E'...' there too. */
enum sqllex_joint { JOINT_NONE, JOINT_SAME_LINE, JOINT_LATER_LINE };

struct sqllex {
	enum sqllex_mode mode;
	enum sqllex_joint joint;
	size_t	 comments;		/* block comments open */
	size_t	 parens;
	size_t	 begins;		/* BEGIN and CASE open in a function */
	bool	 content;		/* not only blanks and comments */
	bool	 over;			/* the next byte begins a statement */

	size_t	 line, column;		/* of the next byte */
	size_t	 mark_line, mark_column;	/* of a '-' or '/' undecided */
	size_t	 start_line, start_column;	/* of the first content */

	unsigned nwords;		/* words so far, 4 at most */
	char	 lead[4];		/* letter of each, if it is one that
					 * can begin a function; else 0 */

	char	 word[SQLLEX_WORD_MAX + 1];	/* upper case, NUL-terminated */
	size_t	 nword;			/* its length before it was cut */
	char	 tag[SQLLEX_TAG_MAX];
	size_t	 ntag;
	size_t	 match;			/* tag bytes seen behind a '$'; NO_MATCH
					 * outside a possible end */
	int	 param;

	/* What the last byte brought about. */
	bool	 saw_word;		/* word is whole */
	bool	 saw_param;		/* param is whole */
	unsigned nother;		/* other tokens that began */
	char	 other;			/* the last one's first byte */
	bool	 ended;			/* a ';' ended the statement */
};

void	sqllex_init(struct sqllex *l);

/* Take one byte; what it brought about stands in l. */
void	sqllex_byte(struct sqllex *l, unsigned char c);

#endif
