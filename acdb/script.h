/*
 * script.h - SQL text of any size cut into statements, as it comes, in
 * memory bounded by one statement.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cdefs.h"
#include "lib/sqllex.h"
#include "locate.h"

/* More than any gateway takes; a statement above it is a missing quote. */
#define SCRIPT_STATEMENT_MAX	((size_t)64 * 1024 * 1024)

enum script_verdict {
	SCRIPT_GO,
	SCRIPT_STOP,		/* read no more */
	SCRIPT_SEND,		/* (a command's) run what has been gathered */
	SCRIPT_DROP,		/* (a command's) forget it */
};

/* What is done with what is found.  The statements are borrowed. */
struct script_sink {
	enum script_verdict (*statement)(void *arg, const struct statement *s);
	/* A backslash command: s->sql is its line, without the backslash. */
	enum script_verdict (*command)(void *arg, const struct statement *s);
	/* A statement that acdb itself must refuse. */
	enum script_verdict (*refuse)(void *arg, const struct statement *s,
	    const char *text);
	void	*arg;
};

struct script;

/* source (borrowed until script_free()) names the text in messages; NULL:
 * a prompt.  NULL where memory is out. */
struct script *script_new(const struct script_sink *sink, const char *source)
	    MUST_CHECK;
void	 script_free(struct script *s);

/* Take n bytes.  Returns 0; or -1 when the sink said SCRIPT_STOP. */
int	 script_feed(struct script *s, const char *p, size_t n) MUST_CHECK;

/* The text is over: what is left without a ';' is a statement too.  Returns
 * as script_feed(). */
int	 script_end(struct script *s) MUST_CHECK;

/* Forget what has been gathered (Ctrl-C at a prompt). */
void	 script_drop(struct script *s);

enum sqllex_state script_state(const struct script *s);

#endif
