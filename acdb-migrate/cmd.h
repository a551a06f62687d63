/*
 * cmd.h - the subcommands of acdb-migrate: what each is given, and the table
 * that main.c dispatches and prints the usage from.
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/cdefs.h"
#include "lib/pg.h"
#include "settings.h"

struct cmd {
	const char	*name;
	const char	*args;		/* as usage shows them */
	const char	*what;		/* one line */
	int		 argc_min, argc_max;
	/* The exit code. */
	int		(*run)(struct cmd_call *c);
};

/* Ended by an entry whose name is NULL. */
extern const struct cmd cmd_table[];

/* What is said where no URL is set. */
#define CMD_NO_URL "no database is named: set " \
	"AGENTCOOPDB_MIGRATIONS_DATABASE_URL (a superuser's) or " \
	"AGENTCOOPDB_DATABASE_URL"

/* The argument that is no number; returns EXIT_USAGE. */
int	cmd_not_a_number(const char *arg);

/* A line to standard error, with the program's name in front. */
void	cmd_say(void *arg, const char *line);

/* e on standard error.  Returns its code. */
int	cmd_fail(struct pg_error *e);

/* Connect as the migrations' user; NULL with *code and a line told. */
PGconn	*cmd_connect(const struct cmd_call *c, int *code) MUST_CHECK;

/* The string as JSON on standard output, quotes included. */
void	cmd_json_str(const char *s);

int	cmd_up(struct cmd_call *c);
int	cmd_down(struct cmd_call *c);
int	cmd_goto(struct cmd_call *c);
int	cmd_status(struct cmd_call *c);
int	cmd_verify(struct cmd_call *c);
int	cmd_lint(struct cmd_call *c);
int	cmd_new(struct cmd_call *c);
int	cmd_baseline(struct cmd_call *c);
int	cmd_example(struct cmd_call *c);

#endif
