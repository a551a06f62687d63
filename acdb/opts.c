/*
 * opts.c - see opts.h.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "lib/exitcode.h"
#include "lib/units.h"
#include "lib/version.h"
#include "opts.h"

#define RETRIES		6	/* eight seconds of waiting on average */
#define TRY_HELP	"acdb: try \"acdb --help\"\n"

enum {
	OPT_CSV = 256, OPT_JSON, OPT_JSONL, OPT_URL, OPT_KEY_FILE,
	OPT_CA_FILE, OPT_TIMEOUT, OPT_RETRIES, OPT_RUN_ID, OPT_READ_ONLY,
	OPT_NO_INPUT, OPT_INSECURE_HTTP, OPT_VERBOSE, OPT_HELP, OPT_VERSION,
};

static const char short_options[] = "c:f:o:p:F:Atxqek1hV";

static const struct option long_options[] = {
	{ "command", required_argument, NULL, 'c' },
	{ "file", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "profile", required_argument, NULL, 'p' },
	{ "no-align", no_argument, NULL, 'A' },
	{ "tuples-only", no_argument, NULL, 't' },
	{ "expanded", no_argument, NULL, 'x' },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "jsonl", no_argument, NULL, OPT_JSONL },
	{ "field-separator", required_argument, NULL, 'F' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "echo-queries", no_argument, NULL, 'e' },
	{ "keep-going", no_argument, NULL, 'k' },
	{ "single-transaction", no_argument, NULL, '1' },
	{ "url", required_argument, NULL, OPT_URL },
	{ "key-file", required_argument, NULL, OPT_KEY_FILE },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "run-id", required_argument, NULL, OPT_RUN_ID },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "no-input", no_argument, NULL, OPT_NO_INPUT },
	{ "insecure-http", no_argument, NULL, OPT_INSECURE_HTTP },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
"usage: acdb [options] [PROFILE | URL]       statements from standard input\n"
"       acdb [options] -c SQL | -f FILE ...  from the command line, files\n"
"       acdb [options] doctor                say what is wrong\n"
"\n"
"SQL over HTTPS to an Agentic Coop DB gateway.\n"
"\n"
"What to run, in this order:\n"
"  -c, --command SQL           statements; may be repeated, also with -f\n"
"  -f, --file FILE             a script; \"-\" is standard input\n"
"  -k, --keep-going            go on after an error (and exit 3 at the end)\n"
"  -1, --single-transaction    all or nothing (not yet supported)\n"
"      --read-only             refuse to write\n"
"      --run-id ID             name this run: in the next of that ID, what\n"
"                              was done is not done twice\n"
"      --retries N             after failures that allow it (default 6)\n"
"      --timeout DURATION      for each statement, such as 500ms or 10m (if\n"
"                              not given, the gateway's)\n"
"\n"
"What comes out:\n"
"  -o, --output FILE           instead of standard output\n"
"  -A, --no-align              unaligned, fields separated by -F\n"
"  -F, --field-separator TEXT  for -A (default |) and --csv (default ,)\n"
"  -t, --tuples-only           rows, no headers and counts\n"
"  -x, --expanded              a line for each value\n"
"      --csv, --json, --jsonl  rows alone, for programs\n"
"  -q, --quiet                 no command tags\n"
"  -e, --echo-queries          statements before their results\n"
"      --verbose               errors with all their fields; retries\n"
"\n"
"Which gateway (then AGENTCOOPDB_GATEWAY_URL, AGENTCOOPDB_API_KEY or\n"
"AGENTCOOPDB_API_KEY_FILE, AGENTCOOPDB_CA_FILE, then the default profile):\n"
"  -p, --profile NAME          of $XDG_CONFIG_HOME/acdb/config\n"
"      --url URL               https://host:port\n"
"      --key-file FILE         whose first line is the key; \"-\": stdin\n"
"      --ca-file FILE          certificates (PEM) to trust, and no others\n"
"      --insecure-http         allow http:// to another machine\n"
"      --no-input              never prompt\n"
"\n"
"  -h, --help                  this\n"
"  -V, --version               the version\n"
"\n"
"Exit status: 0 success, 1 local failure, 2 gateway out of reach, 3 refused,\n"
"4 authentication, 5 outcome unknown, 6 throttled, 7 doctor found something,\n"
"64 usage, 78 configuration.\n";

static int PRINTF(1, 2)
usage(const char *fmt, ...)
{
	va_list ap;

	fputs("acdb: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n" TRY_HELP, stderr);
	return EXIT_USAGE;
}

static int
add_action(struct opts *o, bool file, const char *text)
{
	struct opts_action *a = realloc(o->action,
	    (size_t)(o->nactions + 1) * sizeof(*a));

	if (a == NULL) {
		fputs("acdb: out of memory\n", stderr);
		return EXIT_LOCAL;
	}
	o->action = a;
	a[o->nactions++] = (struct opts_action){ .file = file, .text = text };
	return -1;
}

static int
take_output(struct opts *o, int c)
{
	switch (c) {
	case 'o':
		o->output = optarg;
		break;
	case 'A':
		o->style.format = PRINT_UNALIGNED;
		break;
	case 't':
		o->style.tuples_only = true;
		break;
	case 'x':
		o->style.expanded = true;
		break;
	case OPT_CSV:
		o->style.format = PRINT_CSV;
		break;
	case OPT_JSON:
		o->style.format = PRINT_JSON;
		break;
	case OPT_JSONL:
		o->style.format = PRINT_JSONL;
		break;
	case 'F':
		o->style.separator = optarg;
		break;
	case 'q':
		o->style.quiet = true;
		break;
	case 'e':
		o->echo = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	default:
		return 0;
	}
	return -1;
}

static int
take_gateway(struct opts *o, int c)
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
	case OPT_INSECURE_HTTP:
		o->insecure_http = true;
		break;
	case OPT_NO_INPUT:
		o->no_input = true;
		break;
	default:
		return 0;
	}
	return -1;
}

static int
take_run(struct opts *o, int c)
{
	int64_t n;

	switch (c) {
	case 'c':
	case 'f':
		return add_action(o, c == 'f', optarg);
	case 'k':
		o->keep_going = true;
		return -1;
	case '1':
		return usage("-1 needs batches, which this version does not "
		    "send yet");
	case OPT_READ_ONLY:
		o->read_only = true;
		return -1;
	case OPT_RUN_ID:
		o->run_id = optarg;
		return ask_run_id_valid(optarg) ? -1 : usage("a run id is up "
		    "to %d letters, digits, \"-\", \"_\" and \".\"",
		    ASK_RUN_MAX);
	case OPT_RETRIES:
		if (units_int(optarg, 0, 1000, &n) == -1)
			return usage("--retries takes a number up to 1000, "
			    "not \"%s\"", optarg);
		o->retries = (int)n;
		return -1;
	case OPT_TIMEOUT:
		if (units_duration(optarg, &o->timeout_ms) == -1)
			return usage("--timeout takes a duration such as "
			    "500ms, 30s or 10m, not \"%s\"", optarg);
		return -1;
	case 'h':
		fputs(help, stdout);
		return EXIT_OK;
	case 'V':
		printf("acdb %s (%s)\n", version_number, version_commit);
		return EXIT_OK;
	default:		/* getopt_long() has said what is wrong */
		fputs(TRY_HELP, stderr);
		return EXIT_USAGE;
	}
}

/* "doctor", or a gateway by its profile or URL. */
static int
take_words(struct opts *o, int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "doctor") == 0) {
		o->task = TASK_DOCTOR;
		argc--;
		argv++;
	}
	if (argc > 1)
		return usage("one profile or URL, not \"%s\" too (SQL goes "
		    "behind -c)", argv[1]);
	if (argc == 0)
		return -1;
	if (strstr(argv[0], "://") != NULL)
		o->choice.url = argv[0];
	else if (profile_name_valid(argv[0]))
		o->choice.name = argv[0];
	else
		return usage("\"%s\" is neither a profile nor a URL (SQL "
		    "goes behind -c)", argv[0]);
	return -1;
}

static int
check(struct opts *o)
{
	struct print_style *st = &o->style;

	if (st->separator == NULL)
		st->separator = st->format == PRINT_CSV ? "," : "|";
	else if (st->format == PRINT_CSV && (strlen(st->separator) != 1 ||
	    strchr("\"\r\n", st->separator[0]) != NULL))
		return usage("--csv takes a separator of one character");
	if (o->task == TASK_DOCTOR && o->nactions > 0)
		return usage("doctor runs no statements");
	return -1;
}

int
opts_parse(struct opts *o, int argc, char **argv)
{
	int c, rc = -1;

	memset(o, 0, sizeof(*o));
	o->retries = RETRIES;
	while (rc == -1 && (c = getopt_long(argc, argv, short_options,
	    long_options, NULL)) != -1)
		if (take_output(o, c) == 0 && take_gateway(o, c) == 0)
			rc = take_run(o, c);
	if (rc == -1)
		rc = take_words(o, argc - optind, argv + optind);
	if (rc == -1)
		rc = check(o);
	if (rc != -1)
		opts_fini(o);
	return rc;
}

void
opts_fini(struct opts *o)
{
	free(o->action);
	o->action = NULL;
	o->nactions = 0;
}
