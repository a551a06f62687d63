/*
 * cmd.c - the table of subcommands and what they have in common.  See cmd.h.
 */
#include <stdlib.h>

#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/json.h"

#define JSON_MAX	(1024 * 1024)

const struct cmd cmd_table[] = {
	{ "up", "[N]", "migrate: everything, or the next N of --dir", 0, 1,
	    cmd_up },
	{ "down", "N", "undo the last N of --dir", 1, 1, cmd_down },
	{ "goto", "V", "up or down to version V of --dir", 1, 1, cmd_goto },
	{ "status", "", "which migrations are applied", 0, 0, cmd_status },
	{ "verify", "", "prove the boundary, a line a property", 0, 0,
	    cmd_verify },
	{ "lint", "[DIR]", "tables with a workspace_id that are not isolated",
	    0, 1, cmd_lint },
	{ "new", "NAME", "make the files of a migration in --dir", 1, 1,
	    cmd_new },
	{ "baseline", "V", "take --dir up to version V for applied", 1, 1,
	    cmd_baseline },
	{ "example", "", "make the table documents of upsert_document", 0, 0,
	    cmd_example },
	{ NULL, NULL, NULL, 0, 0, NULL },
};

void
cmd_say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "acdb-migrate: %s\n", line);
}

int
cmd_not_a_number(const char *arg)
{
	fprintf(stderr, "acdb-migrate: \"%s\" is not a number (try --help)\n",
	    arg);
	return EXIT_USAGE;
}

int
cmd_fail(struct pg_error *e)
{
	cmd_say(NULL, pg_error_text(e));
	return e->code != 0 ? e->code : EXIT_LOCAL;
}

PGconn *
cmd_connect(const struct cmd_call *c, int *code)
{
	struct pg_login l = { .url = c->url, .password = c->password,
	    .app = "acdb-migrate" };
	struct pg_error e;
	PGconn *conn;

	pg_error_init(&e);
	if ((conn = pg_connect(&l, &e)) == NULL)
		*code = cmd_fail(&e);
	else
		pg_notices(conn, cmd_say, NULL);
	pg_error_fini(&e);
	return conn;
}

void
cmd_json_str(const char *s)
{
	struct buf b;

	buf_init(&b, JSON_MAX);
	json_put_cstr(&b, s);
	fputs(buf_cstr(&b) != NULL ? buf_cstr(&b) : "null", stdout);
	buf_fini(&b);
}
