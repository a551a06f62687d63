/*
 * janitor.c - see janitor.h.
 *
 * Every worker writes down its own keys' use, in one statement a minute
 * however many calls there were; the first worker also deletes old records,
 * a bounded number at a time.
 */
#include <stdlib.h>

#include "ctl.h"
#include "janitor.h"
#include "keys.h"
#include "lib/buf.h"
#include "loop.h"
#include "worker.h"

#define EVERY_MS	30000
#define USED_BYTES	65536	/* of key ids in one statement */

struct janitor {
	struct worker	*w;
	struct timer	 timer;
	struct ctl_query purge, used;
};

static const char purge_sql[] =
    "DELETE FROM acdb.idempotency_keys WHERE (workspace_id, key) IN (SELECT"
    " workspace_id, key FROM acdb.idempotency_keys WHERE expires_at <"
    " pg_catalog.now() LIMIT 5000)";

static const char used_sql[] =
    "UPDATE acdb.api_keys SET last_used_at = pg_catalog.now()"
    " WHERE key_id = ANY ($1::text[])";

static void
on_done(struct ctl_query *q, PGresult *res)
{
	(void)q;
	(void)res;		/* what failed is done the next time */
}

static void
on_time(void *arg)
{
	struct janitor *j = arg;
	struct buf ids;
	const char *params[1];

	loop_timer(j->w->loop, &j->timer, EVERY_MS);
	if (j->w->index == 0 && !j->purge.asked)
		(void)!ctl_ask(j->w->ctl, &j->purge, purge_sql, 0, NULL);
	if (j->used.asked)
		return;
	buf_init(&ids, USED_BYTES);
	buf_addc(&ids, '{');
	if (keys_used(j->w->keys, &ids) > 0) {
		buf_addc(&ids, '}');
		params[0] = buf_cstr(&ids);
		if (params[0] != NULL)
			(void)!ctl_ask(j->w->ctl, &j->used, used_sql, 1,
			    params);
	}
	buf_fini(&ids);
}

struct janitor *
janitor_new(struct worker *w)
{
	struct janitor *j;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return NULL;
	j->w = w;
	j->purge.done = j->used.done = on_done;
	timer_init(&j->timer, on_time, j);
	loop_timer(w->loop, &j->timer, EVERY_MS);
	return j;
}

void
janitor_free(struct janitor *j)
{
	if (j == NULL)
		return;
	loop_timer_stop(j->w->loop, &j->timer);
	ctl_forget(j->w->ctl, &j->purge);
	ctl_forget(j->w->ctl, &j->used);
	free(j);
}
