/*
 * cmd.h - what the subcommands of acdb-keys share: the table they stand in
 * and how each reads its options.
 *
 * A subcommand is a row of a table and a function; usage is printed from
 * the same rows, so that the two cannot disagree.  It returns an exit code
 * (lib/exitcode.h) and has said on standard error what went wrong.
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/cdefs.h"
#include "lib/profile.h"

struct cmd {
	const char	*group;		/* "", or "workspace " */
	const char	*name;
	const char	*alias;		/* or NULL */
	const char	*args;		/* "KEY_ID...", or "" */
	const char	*help;		/* one line */
	int	       (*run)(const struct cmd *, int argc, char **argv);
};

/* The options every subcommand has. */
struct cmd_common {
	bool		 json;
	bool		 insecure_http;
	struct profile_choice gateway;
};

enum cmd_kind { CMD_FLAG, CMD_TEXT };

struct cmd_opt {
	const char	*name;
	enum cmd_kind	 kind;
	void		*to;		/* bool * of a flag, const char ** */
	const char	*arg;		/* how the help calls a text's value */
	const char	*help;
};

#define CMD_GO	(-1)

/* The row called name (or by its alias), NULL where there is none. */
const struct cmd *cmd_find(const struct cmd *table, size_t n,
	    const char *name);
void	cmd_list(FILE *out, const struct cmd *table, size_t n);

/* Read the n options of a subcommand and the common ones; argv[0] is the
 * subcommand's name, operands are left at optind.  Returns CMD_GO, or the
 * exit code of what has been printed: help, or a complaint. */
int	cmd_options(const struct cmd *c, const struct cmd_opt *opts, size_t n,
	    struct cmd_common *common, int argc, char **argv) MUST_CHECK;

/* Complain about the operands of c and point at its help.  Returns
 * EXIT_USAGE. */
int	cmd_usage(const struct cmd *c, const char *fmt, ...) PRINTF(2, 3);

#endif
