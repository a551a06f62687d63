/*
 * place.c - chooses between the database and the gateway.  Must not know
 * what is done there.
 */
#include "place.h"

#include <err.h>
#include <stdlib.h>

#include "db.h"
#include "lib/exitcode.h"
#include "remote.h"

static bool
set(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0';
}

static bool
wants_gateway(const struct profile_choice *g)
{
	return g->name != NULL || g->url != NULL || g->key_file != NULL;
}

int
place_open(struct place *p, const struct cmd_common *common,
    const char *database_only)
{
	int rc;

	*p = (struct place){ 0 };
	if (!wants_gateway(&common->gateway) &&
	    (set("AGENTCOOPDB_DATABASE_URL") ||
	    set("AGENTCOOPDB_DATABASE_URL_FILE"))) {
		p->db = db_open(&rc);
		return rc;
	}
	if (database_only != NULL) {
		warnx("%s works on the database alone: set "
		    "AGENTCOOPDB_DATABASE_URL", database_only);
		return EXIT_USAGE;
	}
	p->gw = remote_open(common, &rc);
	return rc;
}

void
place_close(struct place *p)
{
	db_close(p->db);
	remote_close(p->gw);
	*p = (struct place){ 0 };
}
