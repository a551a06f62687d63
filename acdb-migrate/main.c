/*
 * main.c - acdb-migrate: bring a database to the right schema and prove that
 * its boundary holds.  Options and dispatch; each command is a file.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/hide.h"
#include "lib/streams.h"
#include "lib/version.h"

enum { OPT_HELP = 256, OPT_VERSION, OPT_DIR, OPT_DRY_RUN, OPT_JSON, OPT_CHECK,
    OPT_TAKEOVER, OPT_OWN_CLUSTER };

static const struct option options[] = {
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "takeover", no_argument, NULL, OPT_TAKEOVER },
	{ "own-cluster", no_argument, NULL, OPT_OWN_CLUSTER },
	{ NULL, 0, NULL, 0 },
};

static void
usage(FILE *out)
{
	fputs("usage: acdb-migrate [options] command\n\n", out);
	for (const struct cmd *c = cmd_table; c->name != NULL; c++)
		fprintf(out, "  %-9s%-6s %s\n", c->name, c->args, c->what);
	fputs("\n"
	    "  --dir DIR      an application's own migrations, instead of\n"
	    "                 the control plane's\n"
	    "  --dry-run      say what would be done, and do nothing\n"
	    "  --json         results as JSON\n"
	    "  --check        status: exit 7 unless all are applied\n"
	    "  --takeover     up: go on although logins lose access\n"
	    "  --own-cluster  up: close the server's other databases too\n"
	    "  --help, --version\n\n"
	    "The database: AGENTCOOPDB_MIGRATIONS_DATABASE_URL (a "
	    "superuser's), or\nAGENTCOOPDB_DATABASE_URL; "
	    "AGENTCOOPDB_OWNER_PASSWORD for it;\n"
	    "AGENTCOOPDB_GATEWAY_PASSWORD; AGENTCOOPDB_HARDENING=standard, "
	    "strict or\nmanaged (there is no superuser).  Each also as "
	    "NAME_FILE.\n", out);
}

static int
wrong_usage(const char *what, const char *subject)
{
	fprintf(stderr, "acdb-migrate: %s%s (try --help)\n", what, subject);
	return EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int
read_options(struct cmd_call *c, int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case OPT_HELP:
			usage(stdout);
			return EXIT_OK;
		case OPT_VERSION:
			printf("acdb-migrate %s (%s)\n", version_number,
			    version_commit);
			return EXIT_OK;
		case OPT_DIR:
			c->dir = optarg;
			break;
		case OPT_DRY_RUN:
			c->dry_run = true;
			break;
		case OPT_JSON:
			c->json = true;
			break;
		case OPT_CHECK:
			c->check = true;
			break;
		case OPT_TAKEOVER:
			c->takeover = true;
			break;
		case OPT_OWN_CLUSTER:
			c->own_cluster = true;
			break;
		default:
			/* getopt has said what is wrong. */
			fputs("acdb-migrate: try --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* What was written has to have arrived for code to be success. */
static int
flushed(int code)
{
	if (fflush(stdout) == 0 || code != EXIT_OK)
		return code;
	fprintf(stderr, "acdb-migrate: standard output: %s\n",
	    strerror(errno));
	return EXIT_LOCAL;
}

static int
dispatch(const struct cmd *cmd, struct cmd_call *c)
{
	struct buf err;
	int code = EXIT_CONFIG;

	buf_init(&err, 8192);
	if (settings_read(c, &err) == -1)
		cmd_say(NULL, buf_len(&err) > 0 ? buf_cstr(&err) :
		    "out of memory");
	else
		code = cmd->run(c);
	buf_fini(&err);
	settings_fini(c);
	return flushed(code);
}

int
main(int argc, char **argv)
{
	struct cmd_call c = { .url = NULL };
	int code;

	streams_hold();
	hide_process();
	if ((code = read_options(&c, argc, argv)) != -1)
		return flushed(code);
	if (optind == argc)
		return wrong_usage("no command", "");
	for (const struct cmd *cmd = cmd_table; cmd->name != NULL; cmd++) {
		if (strcmp(argv[optind], cmd->name) != 0)
			continue;
		c.argc = argc - optind - 1;
		c.argv = argv + optind + 1;
		if (c.argc < cmd->argc_min || c.argc > cmd->argc_max)
			return wrong_usage("wrong arguments for ", cmd->name);
		return dispatch(cmd, &c);
	}
	return wrong_usage("no such command: ", argv[optind]);
}
