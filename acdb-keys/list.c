/*
 * list.c - acdb-keys list: the keys that are in force, or all.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "keylist.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "place.h"

/* The keys' JSON from the database.  Returns an exit code. */
static int
from_database(struct db *db, const char *workspace, bool all,
    struct buf *text)
{
	char *ws = NULL;
	int rc = EXIT_OK;

	if (workspace != NULL) {
		ws = db_workspace(db, workspace, NULL, &rc);
		if (ws == NULL && rc == EXIT_OK) {
			warnx("no workspace '%s'", workspace);
			rc = EXIT_REFUSED;
		}
		if (ws == NULL)
			return rc;
	}
	rc = db_keys(db, NULL, ws, all, text);
	free(ws);
	return rc;
}

int
list_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	const char *workspace = NULL;
	bool all = false;
	const struct cmd_opt opts[] = {
		{ "workspace", CMD_TEXT, &workspace, "NAME",
		    "those of one workspace (of every)" },
		{ "all", CMD_FLAG, &all, NULL,
		    "also what is revoked, expired or archived" },
	};
	int rc = cmd_options(c, opts, NELEM(opts), &common, argc, argv);
	struct keylist l;
	struct place p;

	if (rc != CMD_GO)
		return rc;
	if (optind != argc)
		return cmd_usage(c, "list takes no arguments");
	if ((rc = place_open(&p, &common, NULL)) != EXIT_OK)
		return rc;
	keylist_init(&l);
	if (p.db != NULL)
		rc = from_database(p.db, workspace, all, &l.text);
	else if (workspace != NULL)
		rc = cmd_usage(c, "over HTTPS the keys of the asking key's "
		    "workspace are listed; --workspace needs "
		    "AGENTCOOPDB_DATABASE_URL");
	else
		rc = keylist_ask(&l, p.gw, all);
	if (rc == EXIT_OK)
		rc = keylist_print(&l, common.json);
	keylist_fini(&l);
	place_close(&p);
	return rc;
}
