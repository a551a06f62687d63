/*
 * mint.c - acdb-keys mint: make a key.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "fresh.h"
#include "lib/apikey.h"
#include "lib/cdefs.h"
#include "lib/enc.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "lib/units.h"
#include "place.h"
#include "remote.h"

#define BODY_MAX	65536
#define NAME_MAX_BYTES	200

struct mint {
	const char	*workspace;	/* NULL: not said */
	const char	*role;
	const char	*env;
	const char	*name;
	const char	*expires;
	const char	*rate;
	const char	*burst;
	const char	*allow_from;
	const char	*out;
	bool		 read_only, ungated;
	int64_t		 expires_ms;	/* 0: never */
};

/* Each value by itself; the database has the last word. */
static int
check(const struct cmd *c, struct mint *m)
{
	double d;

	if (!apikey_env_valid(m->env))
		return cmd_usage(c, "--env '%s' is not dev, live or test",
		    m->env);
	if (m->expires != NULL && (units_duration(m->expires,
	    &m->expires_ms) != 0 || m->expires_ms <= 0))
		return cmd_usage(c, "--expires '%s' is not a duration such as "
		    "90d or 12h", m->expires);
	if (m->rate != NULL && units_number(m->rate, &d) != 0)
		return cmd_usage(c, "--rate '%s' is not a number of calls a "
		    "second, or 0 for no limit", m->rate);
	if (m->burst != NULL && units_number(m->burst, &d) != 0)
		return cmd_usage(c, "--burst '%s' is not a number of calls",
		    m->burst);
	if (m->allow_from != NULL && (m->allow_from[0] == '\0' ||
	    m->allow_from[strspn(m->allow_from,
	    "0123456789abcdefABCDEF.:/,")] != '\0'))
		return cmd_usage(c, "--allow-from '%s' is not a list of "
		    "networks such as 10.0.0.0/8,2001:db8::/32",
		    m->allow_from);
	if (strlen(m->name) > NAME_MAX_BYTES)
		return cmd_usage(c, "--name is longer than %d bytes",
		    NAME_MAX_BYTES);
	return EXIT_OK;
}

/* The workspace's uuid, made if it is missing; to be freed.  NULL: *rc. */
static char *
workspace(struct db *db, const char *name, int *rc)
{
	static const char sql[] = "INSERT INTO acdb.workspaces (id, name) "
	    "VALUES (pg_catalog.gen_random_uuid(), $1) "
	    "ON CONFLICT (name) DO NOTHING";
	uint8_t uuid[UUID_LEN];
	bool archived = false;
	char *id = db_workspace(db, name, &archived, rc);

	if (archived) {
		warnx("the workspace '%s' is archived", name);
		*rc = EXIT_REFUSED;
		free(id);
		return NULL;
	}
	if (id != NULL || *rc != EXIT_OK)
		return id;
	if (uuid_parse(uuid, name, strlen(name)) == 0) {
		warnx("no workspace '%s'", name);
		*rc = EXIT_REFUSED;
		return NULL;
	}
	if ((*rc = db_do(db, sql, 1, &name)) != EXIT_OK)
		return NULL;
	warnx("made the workspace '%s'", name);
	return db_workspace(db, name, NULL, rc);
}

static char *
insert(struct db *db, const struct mint *m, const struct fresh *f,
    const char *ws, int *rc)
{
	static const char sql[] = "SELECT acdb_api.key_mint($1::uuid, $2, "
	    "$3::bytea, $4, $5, $6, pg_catalog.now() + $7::interval, "
	    "$8::boolean, $9::float8, $10::float8, ('{' || $11 || '}')"
	    "::cidr[], NULL, $12::boolean)";
	char expires[40];
	const char *v[12] = { ws, f->key_id, f->hash, m->env, m->role,
	    m->name, m->expires_ms > 0 ? expires : NULL,
	    m->read_only ? "t" : "f", m->rate, m->burst, m->allow_from,
	    m->ungated ? "t" : "f" };
	PGresult *r;
	char *uuid;

	snprintf(expires, sizeof(expires), "%lld ms",
	    (long long)m->expires_ms);
	if ((r = db_run(db, rc, sql, NELEM(v), v)) == NULL)
		return NULL;
	if ((uuid = strdup(PQgetvalue(r, 0, 0))) == NULL)
		*rc = EXIT_LOCAL;
	PQclear(r);
	return uuid;
}

static int
in_database(struct db *db, const struct mint *m, struct fresh *f)
{
	char *ws = NULL, *uuid = NULL;
	int rc;

	if ((rc = db_serve_role(db, m->role)) != EXIT_OK ||
	    (rc = db_do(db, "BEGIN", 0, NULL)) != EXIT_OK)
		return rc;
	fresh_generate(f, m->env);
	ws = workspace(db, m->workspace != NULL ? m->workspace : "default",
	    &rc);
	if (ws != NULL)
		uuid = insert(db, m, f, ws, &rc);
	if (uuid != NULL)
		rc = fresh_commit(f, db, uuid);
	if (rc == EXIT_OK)
		warnx("made key %s for %s in workspace '%s'", f->key_id,
		    m->role, m->workspace != NULL ? m->workspace : "default");
	free(uuid);
	free(ws);
	return rc;
}

/* The members that a mint's request and a key's description share. */
static void
put_members(struct buf *b, const struct mint *m, const char *role_name)
{
	buf_addf(b, "\"%s\":", role_name);
	json_put_cstr(b, m->role);
	buf_adds(b, ",\"env\":");
	json_put_cstr(b, m->env);
	if (m->name[0] != '\0') {
		buf_adds(b, ",\"name\":");
		json_put_cstr(b, m->name);
	}
	if (m->read_only)
		buf_adds(b, ",\"read_only\":true");
	if (m->ungated)
		buf_adds(b, ",\"ungated\":true");
	if (m->rate != NULL)
		buf_addf(b, ",\"rate_per_second\":%s", m->rate);
	if (m->burst != NULL)
		buf_addf(b, ",\"rate_burst\":%s", m->burst);
	if (m->workspace != NULL) {
		buf_adds(b, ",\"workspace_id\":");
		json_put_cstr(b, m->workspace);
	}
	if (m->allow_from == NULL)
		return;
	buf_adds(b, ",\"allow_from\":[\"");
	for (const char *s = m->allow_from; *s != '\0'; s++)
		buf_adds(b, *s == ',' ? "\",\"" : (char[]){ *s, '\0' });
	buf_adds(b, "\"]");
}

static int
over_https(struct remote *gw, const struct mint *m, struct fresh *f)
{
	struct buf ask, answer, key;
	const char *text;
	size_t n;
	int rc;

	buf_init(&ask, BODY_MAX);
	buf_init(&answer, BODY_MAX);
	buf_init(&key, BODY_MAX);
	buf_addc(&ask, '{');
	put_members(&ask, m, "pg_role");
	if (m->expires != NULL) {
		buf_adds(&ask, ",\"expires_in\":");
		json_put_cstr(&ask, m->expires);
	}
	buf_addc(&ask, '}');
	rc = remote_ask(gw, "POST", "/v1/auth/keys", buf_cstr(&ask), &answer);
	text = buf_peek(&answer, &n);
	if (rc == EXIT_OK)
		rc = fresh_take(f, text, n);
	if (rc == EXIT_OK) {
		buf_adds(&key, "{\"key_id\":");
		json_put_cstr(&key, f->key_id);
		buf_addc(&key, ',');
		put_members(&key, m, "role");
		buf_addc(&key, '}');
		text = buf_peek(&key, &n);
		rc = fresh_give(f, text, n);
		if (rc != EXIT_OK)
			warnx("key %s was made, but its token could not be "
			    "given out: revoke it", f->key_id);
		else
			warnx("made key %s for %s", f->key_id, m->role);
	}
	buf_fini(&key);
	buf_wipe(&answer);
	buf_fini(&ask);
	return rc;
}

static int
run(const struct cmd *c, const struct cmd_common *common,
    const struct mint *m)
{
	uint8_t uuid[UUID_LEN];
	struct place p;
	struct fresh f;
	int rc;

	if ((rc = place_open(&p, common, NULL)) != EXIT_OK)
		return rc;
	if (p.gw != NULL && m->workspace != NULL && uuid_parse(uuid,
	    m->workspace, strlen(m->workspace)) != 0)
		rc = cmd_usage(c, "over HTTPS a key is made in the workspace "
		    "of the key that asks; --workspace NAME needs "
		    "AGENTCOOPDB_DATABASE_URL");
	if (rc == EXIT_OK &&
	    (rc = fresh_open(&f, m->out, common->json)) == EXIT_OK)
		rc = fresh_close(&f, p.db != NULL ?
		    in_database(p.db, m, &f) : over_https(p.gw, m, &f));
	place_close(&p);
	return rc;
}

int
mint_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	struct mint m = { .role = "dbadmin", .env = "dev", .name = "" };
	const struct cmd_opt opts[] = {
		{ "workspace", CMD_TEXT, &m.workspace, "NAME",
		    "its workspace (default), made if missing" },
		{ "role", CMD_TEXT, &m.role, "ROLE",
		    "the role its SQL runs as (dbadmin)" },
		{ "env", CMD_TEXT, &m.env, "ENV", "dev (default), live, test" },
		{ "name", CMD_TEXT, &m.name, "TEXT", "what it is for" },
		{ "expires", CMD_TEXT, &m.expires, "DURATION",
		    "end after 90d, 12h ... (never)" },
		{ "read-only", CMD_FLAG, &m.read_only, NULL,
		    "it may only read" },
		{ "ungated", CMD_FLAG, &m.ungated, NULL,
		    "agents destroy data with it unasked" },
		{ "rate", CMD_TEXT, &m.rate, "N",
		    "calls a second, 0: no limit (the server's)" },
		{ "burst", CMD_TEXT, &m.burst, "N",
		    "calls at once (the server's)" },
		{ "allow-from", CMD_TEXT, &m.allow_from, "CIDR[,...]",
		    "networks it may come from (any)" },
		{ "out", CMD_TEXT, &m.out, "FILE",
		    "put the token into this new file, mode 0600" },
	};
	int rc = cmd_options(c, opts, NELEM(opts), &common, argc, argv);

	if (rc != CMD_GO)
		return rc;
	if (optind != argc)
		return cmd_usage(c, "mint takes no arguments");
	if ((rc = check(c, &m)) != EXIT_OK)
		return rc;
	return run(c, &common, &m);
}
