/*
 * shell.h - the session: statements in, results and errors out, and the
 * exit code that tells the truth about them.
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>
#include <stdio.h>

#include "ask.h"
#include "lib/cdefs.h"
#include "opts.h"
#include "script.h"

struct shell {
	const struct opts *o;		/* borrowed */
	struct ask	*q;		/* borrowed */
	FILE		*out;		/* borrowed */
	struct print_style style;
	bool		 prompting;	/* errors do not end the session */
	bool		 timing;
	bool		 quit;		/* \q: this source is over, by wish */
	char		*restricted;	/* owned: \restrict's token */
	bool		 broken;	/* out cannot be written; said */
	int		 code;		/* what to exit with, so far */
};

/* q and out are borrowed until shell_fini(). */
void	shell_init(struct shell *sh, const struct opts *o, struct ask *q,
	    FILE *out);
void	shell_fini(struct shell *sh);

/* The script's sink that runs what is found in this session. */
struct script_sink shell_sink(struct shell *sh);

/* Run all that comes from fd, or the text.  source names it in messages.
 * Returns 0; or -1 where nothing more is to be run; sh->code tells. */
int	shell_run_fd(struct shell *sh, int fd, const char *source) MUST_CHECK;
int	shell_run_text(struct shell *sh, const char *text,
	    const char *source) MUST_CHECK;

/* Run a file; "-" is standard input.  Returns as shell_run_fd(). */
int	shell_run_file(struct shell *sh, const char *path) MUST_CHECK;

/* A backslash command (shell_command.c). */
enum script_verdict shell_command(struct shell *sh,
	    const struct statement *s);

/* Note a failure.  Returns whether to go on all the same. */
enum script_verdict shell_failed(struct shell *sh, int code);

/* Flush what was printed.  Returns 0; or -1, said and noted in sh->code. */
int	shell_flush(struct shell *sh) MUST_CHECK;

#endif
