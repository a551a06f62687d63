/*
 * workspace.c - acdb-keys workspace: the rooms that keys belong to.  On the
 * database alone.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "place.h"
#include "table.h"

static int	list(const struct cmd *, int, char **);
static int	create(const struct cmd *, int, char **);
static int	rename_one(const struct cmd *, int, char **);
static int	archive(const struct cmd *, int, char **);

static const char group[] = "workspace ";

static const struct cmd commands[] = {
	{ group, "list", "ls", "", "the workspaces and their keys in force",
	    list },
	{ group, "create", NULL, "NAME", "make one; its uuid goes to stdout",
	    create },
	{ group, "rename", "mv", "OLD NEW", "give one another name",
	    rename_one },
	{ group, "archive", NULL, "NAME", "end all access to one; rows stay",
	    archive },
};

#define OBJECT "pg_catalog.json_build_object('id', w.id, 'name', w.name, " \
    "'created_at', w.created_at, 'archived_at', w.archived_at, 'keys', " \
    "(SELECT count(*) FROM acdb.api_keys k WHERE k.workspace_id = w.id " \
    "AND k.revoked_at IS NULL AND (k.expires_at IS NULL " \
    "OR k.expires_at > pg_catalog.now())))"

/* What every one of them begins with.  Returns CMD_GO with the database
 * open, or an exit code. */
static int
begin(const struct cmd *c, const struct cmd_opt *opts, size_t n, int operands,
    struct cmd_common *common, struct place *p, int argc, char **argv)
{
	int rc = cmd_options(c, opts, n, common, argc, argv);

	if (rc != CMD_GO)
		return rc;
	if (argc - optind != operands)
		return cmd_usage(c, "workspace %s takes %s%s", c->name,
		    operands > 0 ? "" : "no arguments", c->args);
	rc = place_open(p, common, "workspace");
	return rc == EXIT_OK ? CMD_GO : rc;
}

/* Run a statement that gives back one workspace as JSON, its id and its
 * name; print the JSON, or tell people.  No row: made has met another of the
 * name, any other change has met none. */
static int
change(const struct place *p, const char *sql, int n, const char *const *v,
    bool json, const char *done)
{
	bool made = strcmp(done, "made") == 0;
	PGresult *r;
	int rc;

	if ((r = db_run(p->db, &rc, sql, n, v)) == NULL)
		return rc;
	if (PQntuples(r) != 1) {
		warnx(made ? "there is a workspace '%s' already" :
		    "no workspace '%s'", v[0]);
		rc = EXIT_REFUSED;
	} else if (json)
		puts(PQgetvalue(r, 0, 0));
	else
		warnx("%s the workspace '%s'", done, PQgetvalue(r, 0, 2));
	if (rc == EXIT_OK && !json && made)
		puts(PQgetvalue(r, 0, 1));
	PQclear(r);
	return rc;
}

static int
print_table(PGresult *r)
{
	static const char *const head[] = { "NAME", "ID", "KEYS", "CREATED",
	    "ARCHIVED" };
	struct table *t = table_new(head, NELEM(head));

	if (t == NULL) {
		warn("the list of workspaces");
		return EXIT_LOCAL;
	}
	for (int i = 0; i < PQntuples(r); i++)
		for (int c = 0; c < (int)NELEM(head); c++)
			table_cell(t, PQgetvalue(r, i, c));
	return table_end(t, stdout);
}

static int
list(const struct cmd *c, int argc, char **argv)
{
	static const char text_sql[] = "SELECT w.name, w.id, "
	    "(" OBJECT ")->>'keys', "
	    "pg_catalog.to_char(w.created_at, 'YYYY-MM-DD HH24:MI'), "
	    "pg_catalog.to_char(w.archived_at, 'YYYY-MM-DD HH24:MI') "
	    "FROM acdb.workspaces w WHERE $1 OR w.archived_at IS NULL "
	    "ORDER BY w.name";
	static const char json_sql[] = "SELECT coalesce(pg_catalog.json_agg("
	    OBJECT " ORDER BY w.name), '[]'::json) "
	    "FROM acdb.workspaces w WHERE $1 OR w.archived_at IS NULL";
	struct cmd_common common = { 0 };
	bool all = false;
	const struct cmd_opt opts[] = {
		{ "all", CMD_FLAG, &all, NULL, "also those archived" },
	};
	const char *v;
	struct place p;
	PGresult *r;
	int rc;

	rc = begin(c, opts, NELEM(opts), 0, &common, &p, argc, argv);
	if (rc != CMD_GO)
		return rc;
	v = all ? "t" : "f";
	r = db_run(p.db, &rc, common.json ? json_sql : text_sql, 1, &v);
	if (r != NULL && common.json)
		puts(PQgetvalue(r, 0, 0));
	else if (r != NULL)
		rc = print_table(r);
	PQclear(r);
	place_close(&p);
	return rc;
}

/* One of the commands that change one workspace. */
static int
simple(const struct cmd *c, int operands, const char *sql, const char *done,
    int argc, char **argv)
{
	struct cmd_common common = { 0 };
	struct place p;
	int rc = begin(c, NULL, 0, operands, &common, &p, argc, argv);
	const char *v[2];

	if (rc != CMD_GO)
		return rc;
	v[0] = argv[optind];
	v[1] = argv[optind + operands - 1];
	rc = *v[1] == '\0' ? cmd_usage(c, "the name is empty") :
	    change(&p, sql, operands, v, common.json, done);
	place_close(&p);
	return rc;
}

static int
create(const struct cmd *c, int argc, char **argv)
{
	return simple(c, 1, "WITH w AS (INSERT INTO acdb.workspaces (id, name) "
	    "VALUES (pg_catalog.gen_random_uuid(), $1) "
	    "ON CONFLICT (name) DO NOTHING RETURNING *) "
	    "SELECT " OBJECT ", w.id, w.name FROM w", "made", argc, argv);
}

static int
rename_one(const struct cmd *c, int argc, char **argv)
{
	return simple(c, 2, "WITH w AS (UPDATE acdb.workspaces SET name = $2 "
	    "WHERE name = $1 OR id::text = $1 RETURNING *) "
	    "SELECT " OBJECT ", w.id, w.name FROM w", "renamed", argc, argv);
}

static int
archive(const struct cmd *c, int argc, char **argv)
{
	return simple(c, 1, "WITH w AS (UPDATE acdb.workspaces SET "
	    "archived_at = coalesce(archived_at, pg_catalog.now()) "
	    "WHERE name = $1 OR id::text = $1 RETURNING *) "
	    "SELECT " OBJECT ", w.id, w.name FROM w", "archived", argc, argv);
}

static void
usage(FILE *out)
{
	fputs("usage: acdb-keys workspace COMMAND [options] [NAME ...]\n\n",
	    out);
	cmd_list(out, commands, NELEM(commands));
}

int
workspace_main(const struct cmd *c, int argc, char **argv)
{
	const struct cmd *sub;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return EXIT_OK;
	}
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	sub = cmd_find(commands, NELEM(commands), argv[1]);
	if (sub == NULL)
		return cmd_usage(c, "no command 'workspace %s'", argv[1]);
	argv[1] = argv[0];
	return sub->run(sub, argc - 1, argv + 1);
}
