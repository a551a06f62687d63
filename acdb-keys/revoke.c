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
#include "place.h"
#include "remote.h"

#define OUT_MAX	((size_t)16 << 20)

/* What became of one key. */
struct ended {
	char	*key;		/* uuid in the database, else key id */
	char	 key_id[APIKEY_ID + 1];
	bool	 was;		/* it had been revoked before */
};

static int
end_in_database(struct db *db, struct ended *e)
{
	static const char sql[] = "SELECT k.key_id, "
	    "acdb_api.key_revoke(k.id) FROM acdb.api_keys k "
	    "WHERE k.id = $1::uuid";
	const char *v = e->key;
	PGresult *r;
	int rc;

	if ((r = db_run(db, &rc, sql, 1, &v)) == NULL)
		return rc;
	if (PQntuples(r) == 1) {
		snprintf(e->key_id, sizeof(e->key_id), "%s",
		    PQgetvalue(r, 0, 0));
		e->was = PQgetvalue(r, 0, 1)[0] != 't';
	}
	PQclear(r);
	return EXIT_OK;
}

/* All of them or none. */
static int
in_database(struct db *db, struct ended *e, char **arg, size_t n)
{
	int rc = db_do(db, "BEGIN", 0, NULL);

	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		e[i].key = db_key(db, arg[i], &rc);
	for (size_t i = 0; rc == EXIT_OK && i < n; i++)
		rc = end_in_database(db, &e[i]);
	return rc == EXIT_OK ? db_commit(db) : rc;
}

static int
over_https(struct remote *gw, struct ended *e, char **arg, size_t n,
    bool self)
{
	char path[64];
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
		snprintf(path, sizeof(path), "/v1/auth/keys/%.*s", APIKEY_ID,
		    e[i].key);
		rc = remote_ask(gw, "DELETE", path, NULL, NULL);
		if (rc == EXIT_OK)
			snprintf(e[i].key_id, sizeof(e[i].key_id), "%s",
			    e[i].key);
		else if (i > 0)
			warnx("the keys before '%s' are revoked", arg[i]);
	}
	return rc;
}

static int
report(const struct ended *e, size_t n, bool json)
{
	struct buf b;
	int rc = EXIT_OK;

	for (size_t i = 0; !json && i < n; i++)
		warnx("%s key %s", e[i].was ? "had already revoked" :
		    "revoked", e[i].key_id);
	if (!json)
		return rc;
	buf_init(&b, OUT_MAX);
	buf_addc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? ",{\"key_id\":" : "{\"key_id\":");
		json_put_cstr(&b, e[i].key_id);
		buf_addf(&b, ",\"revoked\":true,\"was_revoked\":%s}",
		    e[i].was ? "true" : "false");
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
	bool self = false;
	const struct cmd_opt opts[] = {
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
	rc = p.db != NULL ? in_database(p.db, e, argv + optind, n) :
	    over_https(p.gw, e, argv + optind, n, self);
	if (rc == EXIT_OK)
		rc = report(e, n, common.json);
	for (size_t i = 0; i < n; i++)
		free(e[i].key);
	free(e);
close:
	place_close(&p);
	return rc;
}
