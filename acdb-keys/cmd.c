/*
 * cmd.c - the options of the subcommands.  Must not know what any of them
 * does.
 */
#include "cmd.h"

#include <err.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "lib/exitcode.h"

#define OPTS_MAX	24
#define HELP_COLUMN	26

/* getopt_long() gives back an option's place in the table behind this. */
#define OPT_BASE	256

const struct cmd *
cmd_find(const struct cmd *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, name) == 0 ||
		    (table[i].alias != NULL &&
		    strcmp(table[i].alias, name) == 0))
			return &table[i];
	return NULL;
}

void
cmd_list(FILE *out, const struct cmd *table, size_t n)
{
	char left[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(left, sizeof(left), "%s%s%s", table[i].name,
		    table[i].args[0] != '\0' ? " " : "", table[i].args);
		fprintf(out, "  %-*s %s\n", HELP_COLUMN, left, table[i].help);
	}
}

static void
help(const struct cmd *c, const struct cmd_opt *opts, size_t n)
{
	char left[64];

	printf("usage: acdb-keys %s%s [options]%s%s\n%s\n\n", c->group,
	    c->name, c->args[0] != '\0' ? " " : "", c->args, c->help);
	for (size_t i = 0; i < n; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", opts[i].name,
		    opts[i].kind == CMD_TEXT ? " " : "",
		    opts[i].kind == CMD_TEXT ? opts[i].arg : "");
		printf("  %-*s %s\n", HELP_COLUMN, left, opts[i].help);
	}
}

int
cmd_usage(const struct cmd *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'acdb-keys %s%s --help'.\n", c->group, c->name);
	return EXIT_USAGE;
}

static int
read_all(const struct cmd *c, const struct cmd_opt *all, size_t n, int argc,
    char **argv)
{
	struct option longs[OPTS_MAX + 2] = { 0 };
	int ch;

	for (size_t i = 0; i < n; i++)
		longs[i] = (struct option){ all[i].name,
		    all[i].kind == CMD_TEXT ? required_argument : no_argument,
		    NULL, strcmp(all[i].name, "profile") == 0 ? 'p' :
		    OPT_BASE + (int)i };
	longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
	optind = 0;
	while ((ch = getopt_long(argc, argv, "hp:", longs, NULL)) != -1) {
		size_t i = 0;

		if (ch == 'h') {
			help(c, all, n);
			return EXIT_OK;
		}
		if (ch == '?') {
			fprintf(stderr, "Try 'acdb-keys %s%s --help'.\n",
			    c->group, c->name);
			return EXIT_USAGE;
		}
		while (longs[i].val != ch)
			i++;
		if (all[i].kind == CMD_TEXT)
			*(const char **)all[i].to = optarg;
		else
			*(bool *)all[i].to = true;
	}
	return CMD_GO;
}

int
cmd_options(const struct cmd *c, const struct cmd_opt *opts, size_t n,
    struct cmd_common *common, int argc, char **argv)
{
	const struct cmd_opt shared[] = {
		{ "json", CMD_FLAG, &common->json, NULL,
		    "answer in JSON" },
		{ "profile", CMD_TEXT, &common->gateway.name, "NAME",
		    "over HTTPS, with this profile (-p)" },
		{ "url", CMD_TEXT, &common->gateway.url, "URL",
		    "over HTTPS, to this gateway" },
		{ "key-file", CMD_TEXT, &common->gateway.key_file, "FILE",
		    "the key to use over HTTPS; - is standard input" },
		{ "ca-file", CMD_TEXT, &common->gateway.ca_file, "FILE",
		    "trust this certificate alone" },
		{ "insecure-http", CMD_FLAG, &common->insecure_http, NULL,
		    "allow http to another machine" },
	};
	struct cmd_opt all[OPTS_MAX];

	if (n + NELEM(shared) > OPTS_MAX)
		return EXIT_LOCAL;
	if (n > 0)
		memcpy(all, opts, n * sizeof(*opts));
	memcpy(all + n, shared, sizeof(shared));
	return read_all(c, all, n + NELEM(shared), argc, argv);
}
