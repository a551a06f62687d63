/*
 * main.c - acdb-mcp: an MCP server on standard input and output, over the
 * gateway's HTTP interface.
 *
 * Standard output belongs to the protocol; everything else goes to standard
 * error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/exitcode.h"
#include "lib/hide.h"
#include "lib/log.h"
#include "lib/streams.h"
#include "opts.h"
#include "print_config.h"
#include "serve.h"

int
main(int argc, char **argv)
{
	struct opts o;
	int code;

	streams_hold();
	hide_process();
	log_init("acdb-mcp", LOG_WARN, LOG_TEXT);
	if ((code = opts_parse(&o, argc, argv)) != -1) {
		if (fflush(stdout) == EOF)	/* --help, --version */
			die(EXIT_LOCAL, "cannot write to standard output: %s",
			    strerror(errno));
		return code;
	}
	if (o.verbose)
		log_set_level(LOG_INFO);
	return o.print_config != NULL ? print_config(&o) : serve_stdio(&o);
}
