/*
 * pool_repair.c - a login that is refused, put right.
 *
 * SQL cannot forbid a role to change its own password: code that a dbadmin
 * key runs may lock its login out.  The control plane then sets it, and the
 * login's defaults, to what they have to be, and the calls in line go on.
 */
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/secret.h"
#include "pool_priv.h"
#include "worker.h"

#define AGAIN_MS	5000	/* a login is repaired this often at most */

static const char repair_sql[] = "SELECT acdb_api.repair_login($1, $2)";

static void
on_repaired(struct ctl_query *q, PGresult *res)
{
	struct pool *p = (struct pool *)(void *)((char *)q -
	    offsetof(struct pool, repair));
	bool done = res != NULL && PQresultStatus(res) == PGRES_TUPLES_OK;

	log_warn(done ? "repaired a login that was refused" :
	    "a refused login could not be repaired", "role", p->repair_role,
	    NULL);
	if (!done)
		pool_line_refuse(p, p->repair_role, POOL_REFUSED);
	pool_serve_line(p);
}

bool
pool_repair(struct pool *p, const char *role)
{
	char login[ROLE_MAX + 16], password[SECRET_LOGIN_PW];
	char scram[SECRET_SCRAM];
	const char *params[2] = { login, scram };
	int64_t now = loop_now(p->w->loop);
	int rc;

	if (p->repair.asked)
		return strcmp(p->repair_role, role) == 0;
	if (now - p->repaired_at < AGAIN_MS && p->repaired_at != 0)
		return false;
	snprintf(login, sizeof(login), "acdb_dp_%s", role);
	secret_login_password(password, p->w->conf->gateway_password, login);
	secret_scram(scram, password);
	p->repair.done = on_repaired;
	snprintf(p->repair_role, sizeof(p->repair_role), "%s", role);
	rc = ctl_ask(p->w->ctl, &p->repair, repair_sql, 2, params);
	secret_wipe(password, sizeof(password));
	secret_wipe(scram, sizeof(scram));
	if (rc == 0)
		p->repaired_at = now;
	return rc == 0;
}
