/*
 * cmd_up.c - acdb-migrate up, down and goto: the control plane's migrations
 * go up only; an application's own (--dir) are app.c's.
 */
#include <stdlib.h>

#include "app.h"
#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/pgmigrate.h"
#include "lib/units.h"

/* The first argument as a number, or dflt where there is none. */
static int
number(const struct cmd_call *c, int64_t dflt, int64_t *out)
{
	*out = dflt;
	if (c->argc == 0 || units_int(c->argv[0], 0, INT64_MAX, out) == 0)
		return 0;
	(void)cmd_not_a_number(c->argv[0]);
	return -1;
}

static int
control_plane_up(const struct cmd_call *c)
{
	struct pgmigrate m = { .url = c->url, .owner_password = c->password,
	    .gateway_password = c->gateway_password, .hardening = c->hardening,
	    .own_cluster = c->own_cluster, .takeover = c->takeover,
	    .dry_run = c->dry_run, .say = cmd_say };
	struct pg_error e;
	int code = EXIT_OK;

	if (c->url == NULL) {
		cmd_say(NULL, CMD_NO_URL);
		return EXIT_CONFIG;
	}
	pg_error_init(&e);
	if (pgmigrate_up(&m, &e) == -1)
		code = cmd_fail(&e);
	pg_error_fini(&e);
	return code;
}

int
cmd_up(struct cmd_call *c)
{
	int64_t n;

	if (number(c, INT64_MAX, &n) == -1)
		return EXIT_USAGE;
	if (c->dir != NULL)
		return app_up(c, n);
	if (c->argc > 0) {
		cmd_say(NULL, "up N is for --dir: the control plane's "
		    "migrations are applied together");
		return EXIT_USAGE;
	}
	return control_plane_up(c);
}

int
cmd_down(struct cmd_call *c)
{
	int64_t n;

	if (number(c, 0, &n) == -1)
		return EXIT_USAGE;
	if (c->dir != NULL)
		return app_down(c, n);
	cmd_say(NULL, "the control plane has no down migrations: restore a "
	    "backup, or use --dir for an application's own");
	return EXIT_USAGE;
}

int
cmd_goto(struct cmd_call *c)
{
	int64_t v;

	if (number(c, 0, &v) == -1)
		return EXIT_USAGE;
	if (c->dir != NULL)
		return app_goto(c, v);
	cmd_say(NULL, "goto is for --dir: the control plane has one version, "
	    "this program's");
	return EXIT_USAGE;
}
