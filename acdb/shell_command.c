/*
 * shell_command.c - the backslash commands.
 *
 * Few for now.  A command takes the rest of its line; words are separated
 * by blanks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exitcode.h"
#include "report.h"
#include "shell.h"

struct command {
	const char	*name;
	enum script_verdict (*run)(struct shell *sh, const struct statement *s,
	    const char *arg);
	const char	*help;		/* NULL: not listed */
};

static enum script_verdict
do_quit(struct shell *sh, const struct statement *s, const char *arg)
{
	(void)s;
	(void)arg;
	sh->quit = true;
	return SCRIPT_STOP;
}

static enum script_verdict
do_send(struct shell *sh, const struct statement *s, const char *arg)
{
	(void)sh;
	(void)s;
	(void)arg;
	return SCRIPT_SEND;
}

static enum script_verdict
do_reset(struct shell *sh, const struct statement *s, const char *arg)
{
	(void)sh;
	(void)s;
	(void)arg;
	return SCRIPT_DROP;
}

/* "on", "off" or, with nothing, the other way round. */
static enum script_verdict
toggle(struct shell *sh, const struct statement *s, const char *arg,
    bool *what, const char *said)
{
	if (arg[0] == '\0')
		*what = !*what;
	else if (strcmp(arg, "on") == 0 || strcmp(arg, "off") == 0)
		*what = strcmp(arg, "on") == 0;
	else {
		report_text(s, "\"%s\" is neither on nor off", arg);
		return shell_failed(sh, EXIT_REFUSED);
	}
	if (!sh->style.quiet && !print_for_programs(&sh->style))
		fprintf(sh->out, "%s is %s.\n", said, *what ? "on" : "off");
	return shell_flush(sh) == -1 ? SCRIPT_STOP : SCRIPT_GO;
}

static enum script_verdict
do_expanded(struct shell *sh, const struct statement *s, const char *arg)
{
	return toggle(sh, s, arg, &sh->style.expanded, "Expanded display");
}

static enum script_verdict
do_timing(struct shell *sh, const struct statement *s, const char *arg)
{
	return toggle(sh, s, arg, &sh->timing, "Timing");
}

/* What pg_dump writes around a dump, so that nothing inside it can be a
 * command: only \unrestrict with the same word is one until then. */
static enum script_verdict
do_restrict(struct shell *sh, const struct statement *s, const char *arg)
{
	if (arg[0] == '\0') {
		report_text(s, "\\restrict takes a word");
		return shell_failed(sh, EXIT_REFUSED);
	}
	free(sh->restricted);
	if ((sh->restricted = strdup(arg)) == NULL)
		return shell_failed(sh, EXIT_LOCAL);
	return SCRIPT_GO;
}

static enum script_verdict
do_unrestrict(struct shell *sh, const struct statement *s, const char *arg)
{
	if (sh->restricted == NULL || strcmp(sh->restricted, arg) != 0) {
		report_text(s, sh->restricted == NULL ? "\\unrestrict without "
		    "\\restrict" : "\\unrestrict with another word than "
		    "\\restrict");
		return shell_failed(sh, EXIT_REFUSED);
	}
	free(sh->restricted);
	sh->restricted = NULL;
	return SCRIPT_GO;
}

static enum script_verdict do_help(struct shell *, const struct statement *,
	    const char *);

static const struct command commands[] = {
	{ "?", do_help, "\\?                 this list" },
	{ "g", do_send, "\\g                 run the statement, as ; does" },
	{ "q", do_quit, "\\q                 quit" },
	{ "r", do_reset, "\\r                 forget the statement" },
	{ "restrict", do_restrict, NULL },
	{ "timing", do_timing, "\\timing [on|off]   how long statements take" },
	{ "unrestrict", do_unrestrict, NULL },
	{ "x", do_expanded, "\\x [on|off]        a line for each value" },
};

static enum script_verdict
do_help(struct shell *sh, const struct statement *s, const char *arg)
{
	(void)s;
	(void)arg;
	for (size_t i = 0; i < NELEM(commands); i++)
		if (commands[i].help != NULL)
			fprintf(sh->out, "  %s\n", commands[i].help);
	return shell_flush(sh) == -1 ? SCRIPT_STOP : SCRIPT_GO;
}

static enum script_verdict
run(struct shell *sh, const struct statement *s, const char *name,
    const char *arg)
{
	if (sh->restricted != NULL && strcmp(name, "unrestrict") != 0) {
		report_text(s, "\\%s: backslash commands are off since "
		    "\\restrict", name);
		return shell_failed(sh, EXIT_REFUSED);
	}
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(sh, s, arg);
	report_text(s, "\\%.64s is not a command here (\\? lists them)", name);
	return shell_failed(sh, EXIT_REFUSED);
}

enum script_verdict
shell_command(struct shell *sh, const struct statement *s)
{
	char *line = strndup(s->sql, s->n), *arg, *end;
	enum script_verdict v;

	if (line == NULL)
		return shell_failed(sh, EXIT_LOCAL);
	arg = line + strcspn(line, " \t\r");
	if (*arg != '\0')
		*arg++ = '\0';
	arg += strspn(arg, " \t\r");
	for (end = arg + strlen(arg); end > arg && strchr(" \t\r;",
	    end[-1]) != NULL; end--)
		end[-1] = '\0';
	v = run(sh, s, line, arg);
	free(line);
	return v;
}
