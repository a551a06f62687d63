/*
 * opts.h - the command line of acdb.
 */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/profile.h"
#include "print.h"

enum opts_task { TASK_RUN, TASK_DOCTOR };

/* -c and -f, in the order given.  text is borrowed from argv. */
struct opts_action {
	bool		 file;		/* text is a file's name, "-": stdin */
	const char	*text;
};

struct opts {
	enum opts_task	 task;
	struct opts_action *action;	/* owned */
	int		 nactions;
	struct profile_choice choice;
	struct print_style style;
	const char	*output;	/* NULL: standard output */
	const char	*run_id;
	int64_t		 timeout_ms;
	int		 retries;
	bool		 echo;
	bool		 keep_going;
	bool		 read_only;
	bool		 verbose;
	bool		 no_input;
	bool		 insecure_http;
};

/* Returns -1 to go on; or what to exit with, everything said. */
int	opts_parse(struct opts *o, int argc, char **argv) MUST_CHECK;
void	opts_fini(struct opts *o);

#endif
