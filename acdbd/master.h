/*
 * master.h - the process that supervises: it serves nobody itself, so that
 * whatever a request does to a worker, someone is there to start another.
 *
 *	SIGTERM, SIGINT	drain: workers finish what runs and take nothing
 *			new, for at most AGENTCOOPDB_DRAIN_TIMEOUT; a second
 *			one ends them at once
 *	SIGHUP		read certificate, procedures and log level again
 *	SIGUSR2		reserved for upgrades without a dropped connection:
 *			nothing is done
 */
#ifndef MASTER_H
#define MASTER_H

#include <stdbool.h>

#include "board.h"
#include "certs.h"
#include "conf.h"
#include "confine.h"
#include "lib/cdefs.h"
#include "listen.h"
#include "relay.h"
#include "rpc.h"

struct master_setup {
	struct conf		*conf;
	struct board		*board;
	struct certs		*certs;		/* NULL: plaintext */
	struct listeners	*listeners;
	struct relay		*relay;
	struct rpc_files	*rpcs;		/* handed over */
	struct confine_user	 user;
	bool			 embedded;	/* our PostgreSQL is running */
};

/* Migrate, start the workers and watch over all until told to stop; stops
 * our PostgreSQL last.  Returns the exit code. */
int	master_run(const struct master_setup *s) MUST_CHECK;

#endif
