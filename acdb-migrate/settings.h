/*
 * settings.h - what one call of acdb-migrate works with: the environment,
 * the options and the arguments.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/hardening.h"

struct cmd_call {
	/* The environment; owned, NULL where not set. */
	char		*url;			/* the migrations' user */
	char		*password;		/* for it */
	char		*gateway_password;
	enum hardening	 hardening;

	/* The options. */
	const char	*dir;			/* NULL: the control plane */
	bool		 dry_run, json, check, takeover, own_cluster;

	int		 argc;			/* behind the command */
	char		**argv;
};

/* Read the environment: AGENTCOOPDB_MIGRATIONS_DATABASE_URL (or
 * _DATABASE_URL), _OWNER_PASSWORD, _GATEWAY_PASSWORD and _HARDENING, each
 * also as NAME_FILE.  Returns 0, or -1 with a line in err. */
int	settings_read(struct cmd_call *c, struct buf *err) MUST_CHECK;

/* Wipe and free what settings_read() made. */
void	settings_fini(struct cmd_call *c);

#endif
