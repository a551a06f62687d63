/*
 * opts.c - see opts.h.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exitcode.h"
#include "lib/version.h"
#include "opts.h"

enum {
	OPT_URL = 256, OPT_KEY_FILE, OPT_CA_FILE, OPT_READ_ONLY, OPT_TOOLS,
	OPT_INSECURE_HTTP, OPT_VERBOSE, OPT_PRINT_CONFIG, OPT_REMOTE,
};

static const struct option long_options[] = {
	{ "profile", required_argument, NULL, 'p' },
	{ "url", required_argument, NULL, OPT_URL },
	{ "key-file", required_argument, NULL, OPT_KEY_FILE },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "tools", required_argument, NULL, OPT_TOOLS },
	{ "insecure-http", no_argument, NULL, OPT_INSECURE_HTTP },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "print-config", required_argument, NULL, OPT_PRINT_CONFIG },
	{ "remote", no_argument, NULL, OPT_REMOTE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
"usage: acdb-mcp [options]\n"
"       acdb-mcp --print-config CLIENT [--remote] [options]\n"
"\n"
"An MCP server on standard input and output, for agents that work with a\n"
"database behind an Agentic Coop DB gateway.  It is started by the agent's\n"
"program; --print-config writes what to put there.\n"
"\n"
"  -p, --profile NAME          use this profile of acdb's configuration\n"
"      --url URL               the gateway (AGENTCOOPDB_GATEWAY_URL)\n"
"      --key-file FILE         the API key (AGENTCOOPDB_API_KEY,\n"
"                              AGENTCOOPDB_API_KEY_FILE)\n"
"      --ca-file FILE          trust this certificate alone\n"
"                              (AGENTCOOPDB_CA_FILE)\n"
"      --read-only             offer and do nothing that writes\n"
"      --tools NAME,...        offer these tools alone\n"
"                              (AGENTCOOPDB_MCP_TOOLS)\n"
"      --insecure-http         allow http to other machines\n"
"      --verbose               say on standard error what is done\n"
"      --print-config CLIENT   configuration for claude-code, claude-desktop,\n"
"                              cursor, vscode, windsurf, jetbrains or codex\n"
"      --remote                there: of the gateway's own /v1/mcp, without\n"
"                              this program\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Exit codes: 0 done; 1 local failure; 64 usage; 78 configuration.\n";

static int
take(struct opts *o, int c)
{
	switch (c) {
	case 'p':
		o->choice.name = optarg;
		break;
	case OPT_URL:
		o->choice.url = optarg;
		break;
	case OPT_KEY_FILE:
		o->choice.key_file = optarg;
		break;
	case OPT_CA_FILE:
		o->choice.ca_file = optarg;
		break;
	case OPT_READ_ONLY:
		o->read_only = true;
		break;
	case OPT_TOOLS:
		o->tools = optarg;
		break;
	case OPT_INSECURE_HTTP:
		o->insecure_http = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_PRINT_CONFIG:
		o->print_config = optarg;
		break;
	case OPT_REMOTE:
		o->remote = true;
		break;
	case 'h':
		fputs(help, stdout);
		return EXIT_OK;
	case 'V':
		printf("acdb-mcp %s (%s, %s)\n", version_number,
		    version_commit, version_build_date);
		return EXIT_OK;
	default:
		fputs("acdb-mcp: try \"acdb-mcp --help\"\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

int
opts_parse(struct opts *o, int argc, char **argv)
{
	int c, rc;

	memset(o, 0, sizeof(*o));
	o->program = argc > 0 ? argv[0] : "acdb-mcp";
	while ((c = getopt_long(argc, argv, "p:hV", long_options, NULL)) !=
	    -1)
		if ((rc = take(o, c)) != -1)
			return rc;
	if (optind < argc) {
		fprintf(stderr, "acdb-mcp: \"%s\" is not expected\n"
		    "acdb-mcp: try \"acdb-mcp --help\"\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (o->tools == NULL)
		o->tools = getenv("AGENTCOOPDB_MCP_TOOLS");
	if (o->tools != NULL && o->tools[0] == '\0')
		o->tools = NULL;
	return -1;
}
