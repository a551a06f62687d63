/*
 * repl.c - see repl.h.  Small on purpose: completion, a pager and the rest
 * of psql's commands are still to come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "lib/version.h"
#include "repl.h"
#include "stop.h"

/* What is open, as psql's %R shows it. */
static char
state_mark(const struct script *s)
{
	switch (script_state(s)) {
	case SQLLEX_START:
		return '=';
	case SQLLEX_QUOTE:
		return '\'';
	case SQLLEX_IDENT:
		return '"';
	case SQLLEX_DOLLAR:
		return '$';
	case SQLLEX_COMMENT:
		return '*';
	case SQLLEX_PAREN:
		return '(';
	case SQLLEX_STATEMENT:
	case SQLLEX_ATOMIC:
		break;
	}
	return '-';
}

/* Returns 0; or -1 to end the session. */
static int
take_line(struct shell *sh, struct script *s, char *line)
{
	int rc;

	input_remember(line);
	rc = script_feed(s, line, strlen(line));
	if (rc == 0 && !sh->quit)
		rc = script_feed(s, "\n", 1);
	/* A Ctrl-C during a statement has been dealt with there. */
	stop_clear();
	return sh->quit ? -1 : rc;
}

static void
loop(struct shell *sh, struct script *s, const char *name)
{
	enum input_event event;
	char prompt[96], *line;
	int rc = 0;

	while (rc == 0) {
		snprintf(prompt, sizeof(prompt), "%.64s%c> ", name,
		    state_mark(s));
		event = input_line(prompt, &line);
		if (event == INPUT_END)
			return;
		if (event == INPUT_INTERRUPT) {
			script_drop(s);
			continue;
		}
		rc = take_line(sh, s, line);
		free(line);
	}
}

void
repl(struct shell *sh, const char *name)
{
	struct script_sink sink = shell_sink(sh);
	struct script *s = script_new(&sink, NULL);

	if (s == NULL)
		return;
	sh->prompting = true;
	if (!sh->style.quiet)
		fprintf(sh->out, "acdb %s (\\? for help, \\q to quit)\n",
		    version_number);
	input_init();
	loop(sh, s, name);
	input_fini();
	script_free(s);
}
