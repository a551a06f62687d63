/*
 * cmd_status.c - acdb-migrate status: which migrations are applied.
 */
#include <stdlib.h>

#include "app.h"
#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/pgmigrate.h"

static void
text_row(void *arg, const struct pgmigrate_row *r)
{
	(void)arg;
	printf("%04d  %-8s  %-20s  %s\n", r->version,
	    pgmigrate_state_name(r->state), r->applied_at, r->name);
}

static void
json_row(void *arg, const struct pgmigrate_row *r)
{
	int *n = arg;

	printf("%s{\"version\":%d,\"name\":", (*n)++ > 0 ? "," : "",
	    r->version);
	cmd_json_str(r->name);
	printf(",\"state\":\"%s\",\"applied_at\":",
	    pgmigrate_state_name(r->state));
	cmd_json_str(r->applied_at[0] != '\0' ? r->applied_at : NULL);
	fputs("}", stdout);
}

static int
control_plane_status(const struct cmd_call *c, PGconn *conn)
{
	struct pg_error e;
	int n = 0, bad, code = EXIT_OK;

	pg_error_init(&e);
	if (c->json)
		printf("{\"expected\":%d,\"migrations\":[",
		    pgmigrate_version());
	bad = pgmigrate_status(conn, c->json ? json_row : text_row, &n, &e);
	if (c->json)
		puts("]}");
	if (bad == -1)
		code = cmd_fail(&e);
	else if (bad > 0 && c->check)
		code = EXIT_CHECK;
	pg_error_fini(&e);
	return code;
}

int
cmd_status(struct cmd_call *c)
{
	PGconn *conn;
	int code = EXIT_OK;

	if (c->url == NULL) {
		cmd_say(NULL, CMD_NO_URL);
		return EXIT_CONFIG;
	}
	if (c->dir != NULL)
		return app_status(c);
	if ((conn = cmd_connect(c, &code)) == NULL)
		return code;
	code = control_plane_status(c, conn);
	PQfinish(conn);
	return code;
}
