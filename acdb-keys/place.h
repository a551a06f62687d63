/*
 * place.h - where acdb-keys works: on the database, or over HTTPS on a
 * gateway.
 *
 * An option that names a gateway (--url, --profile, --key-file) wins; then
 * AGENTCOOPDB_DATABASE_URL; then what the clients' configuration names
 * (lib/profile.h).  So with both in the environment it is the database,
 * where every command works.
 */
#ifndef PLACE_H
#define PLACE_H

#include "cmd.h"

struct db;
struct remote;

/* Exactly one of the two is set. */
struct place {
	struct db	*db;
	struct remote	*gw;
};

/* Find the place and, for the database, connect.  database_only: NULL, or
 * what it is that works on the database alone ("audit").  Returns EXIT_OK,
 * or the exit code of what it has complained about. */
int	place_open(struct place *p, const struct cmd_common *common,
	    const char *database_only) MUST_CHECK;
void	place_close(struct place *p);

#endif
