/*
 * opts.h - the command line of acdb-mcp.
 */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>

#include "lib/cdefs.h"
#include "lib/profile.h"

/* All char * are borrowed from argv or the environment; NULL: not given. */
struct opts {
	struct profile_choice choice;
	bool		 read_only, insecure_http, verbose, remote;
	const char	*tools;		/* comma-separated names */
	const char	*print_config;	/* of this client */
	const char	*program;	/* argv[0] */
};

/* Returns -1 when the program is to go on, else what to exit with. */
int	opts_parse(struct opts *o, int argc, char **argv) MUST_CHECK;

#endif
