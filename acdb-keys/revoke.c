/*
 * revoke.c - acdb-keys revoke: end keys at once.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "lib/apikey.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "place.h"
#include "remote.h"

#define OUT_MAX	((size_t)16 << 20)

/* What became of one key. */
struct ended {
	char	*key;		/* uuid in the database, else key id */
	char	 key_id[APIKEY_ID + 1];
	bool	 was;		/* it had been revoked before */
	char	*made;		/* JSON: ids of active keys that it made, and
				 * that have ended with it where asked */
};

/* What the keys made is revoked with them. */
static const char also[] = "also_revoked", still[] = "still_active";

static int
end_in_database(struct db *db, struct ended *e, bool made)
{
	static const char sql[] = "SELECT k.key_id, k.now, "
	    "array_to_json(acdb_api.key_made(k.id, $2::boolean)) FROM (SELECT "
	    "id, key_id, acdb_api.key_revoke(id) AS now FROM acdb.api_keys "
	    "WHERE id = $1::uuid OFFSET 0) k";
	const char *v[2] = { e->key, made ? "true" : "false" };
	PGresult *r;
	int rc;

	if ((r = db_run(db, &rc, sql, 2, v)) == NULL)
		return rc;
	if (PQntuples(r) == 1) {
		snprintf(e->key_id, sizeof(e->key_id), "%s",
		    PQgetvalue(r, 0, 0));
		e->was = PQgetvalue(r, 0, 1)[0] != 't';
		e->made = strdup(PQgetvalue(r, 0, 2));
	}
	PQclear(r);
	return EXIT_OK;
}

/* All of them or none. */
static int
in_database(struct db *db, struct ended *e, char **arg, size_t n, bool made)
{
	int rc = db_do(db, "BEGIN", 0, NULL);

	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		e[i].key = db_key(db, arg[i], &rc);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = end_in_database(db, &e[i], made);
	return rc == EXIT_OK ? db_commit(db) : rc;
}

/* What the gateway says of it. */
static void
take_answer(struct ended *e, const struct buf *answer, const char *member)
{
	struct json j;
	const char *p;
	uint32_t made;
	size_t n;

	p = buf_peek(answer, &n);
	snprintf(e->key_id, sizeof(e->key_id), "%s", e->key);
	if (json_read(&j, p, n, NULL) == -1)
		return;
	if ((made = json_list(&j, 0, member)) != 0) {
		p = json_raw(&j, made, &n);
		e->made = strndup(p, n);
	}
	json_fini(&j);
}

static int
end_over_https(struct remote *gw, struct ended *e, bool made)
{
	char path[64];
	struct buf answer;
	int rc;

	buf_init(&answer, OUT_MAX);
	snprintf(path, sizeof(path), "/v1/auth/keys/%.*s%s", APIKEY_ID,
	    e->key, made ? "?made=true" : "");
	rc = remote_ask(gw, "DELETE", path, NULL, &answer);
	if (rc == EXIT_OK)
		take_answer(e, &answer, made ? also : still);
	buf_fini(&answer);
	return rc;
}

static int
over_https(struct remote *gw, struct ended *e, char **arg, size_t n,
    bool self, bool made)
{
	int rc = EXIT_OK;

	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		e[i].key = remote_key(gw, arg[i], &rc);
		if (rc != EXIT_OK || self ||
		    strcmp(e[i].key, remote_key_id(gw)) != 0)
			continue;
		warnx("%s is the key that asks; --self revokes it all the "
		    "same", e[i].key);
		rc = EXIT_USAGE;
	}
	for (size_t i = 0; rc == EXIT_OK && i < n; i++) {
		rc = end_over_https(gw, &e[i], made);
		if (rc != EXIT_OK && i > 0)
			warnx("the keys before '%s' are revoked", arg[i]);
	}
	return rc;
}

static void
tell_made(const struct ended *e, bool made)
{
	struct json j;
	uint32_t i;

	if (e->made == NULL || json_read(&j, e->made, strlen(e->made),
	    NULL) == -1)
		return;
	for (i = json_first(&j, 0); i != 0; i = json_next(&j, 0, i)) {
		char *id = json_strdup(&j, i);

		if (id != NULL) {
			utf8_quiet(id);
			warnx(made ? "revoked key %s, which %s made" :
			    "key %s, which %s made, is still active", id,
			    e->key_id);
		}
		free(id);
	}
	if (!made && json_first(&j, 0) != 0)
		warnx("--made revokes what a key made as well, as after a "
		    "leak");
	json_fini(&j);
}

static int
report(const struct ended *e, size_t n, bool made, bool json)
{
	struct buf b;
	int rc = EXIT_OK;

	for (size_t i = 0; !json && i < n; i++) {
		warnx("%s key %s", e[i].was ? "had already revoked" :
		    "revoked", e[i].key_id);
		tell_made(&e[i], made);
	}
	if (!json)
		return rc;
	buf_init(&b, OUT_MAX);
	buf_addc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? ",{\"key_id\":" : "{\"key_id\":");
		json_put_cstr(&b, e[i].key_id);
		buf_addf(&b, ",\"revoked\":true,\"was_revoked\":%s",
		    e[i].was ? "true" : "false");
		if (e[i].made != NULL)
			buf_addf(&b, ",\"%s\":%s", made ? also : still,
			    e[i].made);
		buf_addc(&b, '}');
	}
	buf_addc(&b, ']');
	if (buf_failed(&b) || buf_cstr(&b) == NULL) {
		warnx("out of memory");
		rc = EXIT_LOCAL;
	} else
		puts(buf_cstr(&b));
	buf_fini(&b);
	return rc;
}

int
revoke_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	bool self = false, made = false;
	const struct cmd_opt opts[] = {
		{ "made", CMD_FLAG, &made, NULL,
		    "also the keys that they made, and those made by them" },
		{ "self", CMD_FLAG, &self, NULL,
		    "over HTTPS: also the very key that asks" },
	};
	int rc = cmd_options(c, opts, NELEM(opts), &common, argc, argv);
	struct ended *e;
	struct place p;
	size_t n;

	if (rc != CMD_GO)
		return rc;
	if (optind == argc)
		return cmd_usage(c, "revoke takes at least one key");
	n = (size_t)(argc - optind);
	if ((rc = place_open(&p, &common, NULL)) != EXIT_OK)
		return rc;
	if ((e = calloc(n, sizeof(*e))) == NULL) {
		warn("the keys");
		rc = EXIT_LOCAL;
		goto close;
	}
	rc = p.db != NULL ? in_database(p.db, e, argv + optind, n, made) :
	    over_https(p.gw, e, argv + optind, n, self, made);
	if (rc == EXIT_OK)
		rc = report(e, n, made, common.json);
	for (size_t i = 0; i < n; i++) {
		free(e[i].key);
		free(e[i].made);
	}
	free(e);
close:
	place_close(&p);
	return rc;
}
