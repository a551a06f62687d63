/*
 * main.c - acdb-keys: mint, look at and end API keys.  Finds the
 * subcommand; must not know what any of them does.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "lib/hide.h"
#include "lib/streams.h"
#include "lib/version.h"

static const struct cmd commands[] = {
	{ "", "mint", "create", "", "make a key; its token goes to stdout",
	    mint_main },
	{ "", "list", "ls", "", "the keys that are in force", list_main },
	{ "", "show", NULL, "KEY_ID", "all that is known of a key", show_main },
	{ "", "revoke", NULL, "KEY_ID...", "end keys at once", revoke_main },
	{ "", "rotate", NULL, "[KEY_ID]", "replace a key by a fresh one",
	    rotate_main },
	{ "", "workspace", NULL, "COMMAND", "list, create, rename, archive",
	    workspace_main },
	{ "", "audit", NULL, "", "what was done with the keys", audit_main },
};

static void
usage(FILE *out)
{
	fputs("usage: acdb-keys COMMAND [options] [argument ...]\n"
	    "       acdb-keys --help | --version\n\n"
	    "Mint, list, show, rotate and revoke API keys.\n\n", out);
	cmd_list(out, commands, NELEM(commands));
	fputs("\n'acdb-keys COMMAND --help' tells a command's options.\n\n"
	    "Works on the database that AGENTCOOPDB_DATABASE_URL names "
	    "(password in it or in\nAGENTCOOPDB_GATEWAY_PASSWORD), else over "
	    "HTTPS with AGENTCOOPDB_GATEWAY_URL and a\ndbadmin key in "
	    "AGENTCOOPDB_API_KEY, or with a profile of acdb.\n", out);
}

/* What was written has to have arrived for rc to be success. */
static int
flushed(int rc)
{
	if (fflush(stdout) == 0 || rc != EXIT_OK)
		return rc;
	warn("standard output");
	return EXIT_LOCAL;
}

int
main(int argc, char **argv)
{
	const struct cmd *c;

	streams_hold();
	hide_process();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return flushed(EXIT_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("acdb-keys %s (%s)\n", version_number, version_commit);
		return flushed(EXIT_OK);
	}
	c = cmd_find(commands, NELEM(commands), argv[1]);
	if (c == NULL) {
		warnx("no command '%s'", argv[1]);
		fputs("Try 'acdb-keys --help'.\n", stderr);
		return EXIT_USAGE;
	}
	argv[1] = argv[0];		/* getopt_long() complains by it */
	return flushed(c->run(c, argc - 1, argv + 1));
}
