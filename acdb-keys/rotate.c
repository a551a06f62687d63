/*
 * rotate.c - acdb-keys rotate: replace a key by a fresh one of the same
 * rights; the old one lives on for the overlap.
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
#include "keyarg.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "lib/units.h"
#include "place.h"
#include "remote.h"

#define BODY_MAX	65536
#define OVERLAP_DEFAULT	"24h"

static char *
env_of(struct db *db, const char *uuid, int *rc)
{
	char *env = NULL;
	PGresult *r = db_run(db, rc, "SELECT k.env FROM acdb.api_keys k "
	    "WHERE k.id = $1::uuid", 1, &uuid);

	if (r != NULL && PQntuples(r) == 1)
		env = strdup(PQgetvalue(r, 0, 0));
	PQclear(r);
	if (env == NULL && *rc == EXIT_OK)
		*rc = EXIT_LOCAL;
	return env;
}

static int
replace(struct db *db, const char *old, int64_t overlap_ms, struct fresh *f)
{
	static const char sql[] = "SELECT acdb_api.key_rotate($1::uuid, $2, "
	    "$3::bytea, $4::interval)";
	char overlap[40], *env, *uuid;
	const char *v[4] = { old, f->key_id, f->hash, overlap };
	PGresult *r;
	int rc;

	if ((env = env_of(db, old, &rc)) == NULL)
		return rc;
	fresh_generate(f, env);
	free(env);
	snprintf(overlap, sizeof(overlap), "%lld ms", (long long)overlap_ms);
	if ((r = db_run(db, &rc, sql, NELEM(v), v)) == NULL)
		return rc;
	uuid = strdup(PQgetvalue(r, 0, 0));
	PQclear(r);
	if (uuid == NULL)
		return EXIT_LOCAL;
	rc = fresh_commit(f, db, uuid);
	free(uuid);
	return rc;
}

static int
in_database(struct db *db, const char *arg, int64_t overlap_ms,
    struct fresh *f)
{
	int rc = db_do(db, "BEGIN", 0, NULL);
	char *old;

	if (rc != EXIT_OK || (old = db_key(db, arg, &rc)) == NULL)
		return rc;
	rc = replace(db, old, overlap_ms, f);
	if (rc == EXIT_OK)
		warnx("made key %s; the old one ends in %lld s", f->key_id,
		    (long long)overlap_ms / 1000);
	free(old);
	return rc;
}

static int
over_https(struct remote *gw, struct fresh *f)
{
	struct buf answer, key;
	const char *text;
	size_t n;
	int rc;

	buf_init(&answer, BODY_MAX);
	buf_init(&key, BODY_MAX);
	rc = remote_ask(gw, "POST", "/v1/auth/keys/rotate", NULL, &answer);
	text = buf_peek(&answer, &n);
	if (rc == EXIT_OK)
		rc = fresh_take(f, text, n);
	if (rc == EXIT_OK) {
		buf_adds(&key, "{\"key_id\":");
		json_put_cstr(&key, f->key_id);
		buf_addc(&key, '}');
		text = buf_peek(&key, &n);
		rc = fresh_give(f, text, n);
		warnx("made key %s; the old one, %s, lives on for the "
		    "gateway's overlap", f->key_id, remote_key_id(gw));
	}
	buf_fini(&key);
	buf_wipe(&answer);
	return rc;
}

/* Over HTTPS a key can replace itself alone. */
static int
check_self(const struct cmd *c, struct remote *gw, const char *arg,
    const char *overlap)
{
	const char *id;

	if (overlap != NULL)
		return cmd_usage(c, "over HTTPS the overlap is the "
		    "gateway's; --overlap needs AGENTCOOPDB_DATABASE_URL");
	if (arg == NULL)
		return EXIT_OK;
	if ((id = keyarg(arg)) == NULL)
		return EXIT_USAGE;
	if (strncmp(remote_key_id(gw), id, strlen(id)) == 0)
		return EXIT_OK;
	return cmd_usage(c, "over HTTPS only the key that asks (%s) can be "
	    "rotated; another needs AGENTCOOPDB_DATABASE_URL",
	    remote_key_id(gw));
}

static int
run(const struct cmd *c, const struct cmd_common *common, const char *arg,
    const char *overlap, const char *out)
{
	const char *set = getenv("AGENTCOOPDB_KEY_ROTATE_OVERLAP");
	const char *text = overlap != NULL ? overlap :
	    set != NULL && *set != '\0' ? set : OVERLAP_DEFAULT;
	struct place p;
	struct fresh f;
	int64_t ms;
	int rc;

	if (units_duration(text, &ms) != 0 || ms < 0)
		return cmd_usage(c, "the overlap '%s' is not a duration such "
		    "as 24h", text);
	if ((rc = place_open(&p, common, NULL)) != EXIT_OK)
		return rc;
	if (p.gw != NULL)
		rc = check_self(c, p.gw, arg, overlap);
	else if (arg == NULL)
		rc = cmd_usage(c, "rotate takes one key");
	if (rc == EXIT_OK && (rc = fresh_open(&f, out, common->json))
	    == EXIT_OK)
		rc = fresh_close(&f, p.db != NULL ?
		    in_database(p.db, arg, ms, &f) : over_https(p.gw, &f));
	place_close(&p);
	return rc;
}

int
rotate_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	const char *overlap = NULL, *out = NULL;
	const struct cmd_opt opts[] = {
		{ "overlap", CMD_TEXT, &overlap, "DURATION",
		    "how long the old key lives on (24h)" },
		{ "out", CMD_TEXT, &out, "FILE",
		    "put the token into this new file, mode 0600" },
	};
	int rc = cmd_options(c, opts, NELEM(opts), &common, argc, argv);

	if (rc != CMD_GO)
		return rc;
	if (argc - optind > 1)
		return cmd_usage(c, "rotate takes one key");
	return run(c, &common, optind < argc ? argv[optind] : NULL, overlap,
	    out);
}
