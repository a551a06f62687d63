/*
 * db.c - the database side of a worker: built, torn down, asked whether it
 * is ready.
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "ctl.h"
#include "janitor.h"
#include "keys.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "loop.h"
#include "pgtarget.h"
#include "pool.h"
#include "rpc_known.h"
#include "stmt.h"
#include "types.h"
#include "worker.h"

#define STATEMENTS	1024	/* checked ones remembered */
#define AWAIT_MS	5000	/* for the database, and how often to look */
#define AWAIT_STEP_MS	2
#define CONTROL_CONNS	2	/* of a worker: control plane and audit */

/* The share of one worker in AGENTCOOPDB_DATABASE_MAX_CONNS. */
static unsigned
pool_size(const struct worker *w)
{
	int64_t n = w->conf->max_conns / w->conf->workers - CONTROL_CONNS;

	return n < 1 ? 1 : (unsigned)n;
}

int
db_start(struct worker *w, struct rpc_files *rpcs)
{
	uint8_t key[32];
	struct buf err;

	buf_init(&err, 512);
	w->rpcs = rpc_known_new(w, rpcs);
	w->target = pgtarget_new(w->conf->database_url,
	    w->conf->gateway_password, &err);
	if (w->target == NULL) {
		log_error("cannot use the database", "why", buf_cstr(&err),
		    NULL);
		goto stop;
	}
	secret_context_key(key, w->conf->gateway_password);
	w->mac = secret_mac_new(key, sizeof(key));
	secret_wipe(key, sizeof(key));
	w->types = types_new();
	w->stmts = stmts_new(STATEMENTS);
	w->keys = keys_new(w);
	w->pool = pool_new(w, w->target, pool_size(w));
	w->audit = audit_new(w, w->target);
	w->ctl = ctl_new(w, w->target);
	w->janitor = janitor_new(w);
	if (w->mac == NULL || w->types == NULL || w->stmts == NULL ||
	    w->keys == NULL || w->pool == NULL || w->audit == NULL ||
	    w->ctl == NULL || w->janitor == NULL || w->rpcs == NULL) {
		log_errno("cannot start the database side", NULL);
		goto stop;
	}
	buf_fini(&err);
	return 0;
 stop:
	db_stop(w);
	buf_fini(&err);
	return -1;
}

void
db_stop(struct worker *w)
{
	/* The control plane's end tells the pool, and through it those who
	 * wait; keys and types are asked until then. */
	janitor_free(w->janitor);
	w->janitor = NULL;
	ctl_free(w->ctl);
	w->ctl = NULL;
	pool_free(w->pool);
	audit_free(w->audit);
	keys_free(w->keys);
	rpc_known_free(w->rpcs);
	stmts_free(w->stmts);
	types_free(w->types);
	secret_mac_free(w->mac);
	pgtarget_free(w->target);
	w->pool = NULL;
	w->audit = NULL;
	w->keys = NULL;
	w->rpcs = NULL;
	w->stmts = NULL;
	w->types = NULL;
	w->mac = NULL;
	w->target = NULL;
}

bool
db_ready(struct worker *w, const char **reason)
{
	if (w->ctl == NULL) {
		*reason = "starting";
		return false;
	}
	if (!ctl_ready(w->ctl, reason))
		return false;
	*reason = "connecting to the database, for the audit log";
	return w->conf->audit_disabled || audit_ready(w->audit);
}

struct wait {
	struct worker	*w;
	struct timer	 timer;
	int64_t		 until;		/* loop_now() */
};

static void
on_wait(void *arg)
{
	struct wait *wait = arg;
	struct worker *w = wait->w;
	const char *reason;

	if (db_ready(w, &reason) || loop_now(w->loop) >= wait->until ||
	    (ctl_tried(w->ctl) && !ctl_ready(w->ctl, &reason)))
		loop_stop(w->loop);
	else
		loop_timer(w->loop, &wait->timer, AWAIT_STEP_MS);
}

int
db_await(struct worker *w)
{
	struct wait wait = { .w = w };
	int rc;

	wait.until = loop_now_us() / 1000 + AWAIT_MS;
	timer_init(&wait.timer, on_wait, &wait);
	loop_timer(w->loop, &wait.timer, 0);
	rc = loop_run(w->loop);
	loop_timer_stop(w->loop, &wait.timer);
	return rc;
}
