/*
 * attach.c - see attach.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "call.h"
#include "lib/secret.h"
#include "worker.h"

#define NAME_MAX_LEN	51	/* acdb_dp_ and it are a name together */

const char attach_sql[] = "SELECT acdb_api.attach_role($1, $2)";

/* The same form as acdb_api.role_objection() asks for; what passes needs no
 * quoting. */
bool
attach_possible(const char *role)
{
	size_t n = strlen(role);

	return n >= 1 && n <= NAME_MAX_LEN && role[0] >= 'a' &&
	    role[0] <= 'z' && strspn(role,
	    "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

int
attach_begin(struct req *r, const char *role)
{
	struct call *c = call_new(r, "/v1/auth/keys");
	struct buf sql;

	if (c == NULL || call_units(c, 1) == -1) {
		call_free(c);
		return problem_internal(&r->why);
	}
	buf_init(&sql, 256);
	buf_addf(&sql, "GRANT \"%s\" TO acdb_roleadmin WITH ADMIN TRUE,"
	    " INHERIT FALSE, SET FALSE", role);
	c->unit[0].sql = buf_take(&sql, &c->unit[0].sql_len);
	buf_fini(&sql);
	if (c->unit[0].sql == NULL || call_check(c, &r->why) == -1) {
		call_free(c);
		return problem_internal(&r->why);
	}
	r->aside = r->state;
	r->state = c;
	return 0;
}

void
attach_end(struct req *r)
{
	if (r->aside == NULL)
		return;
	execute_end(r);
	r->state = r->aside;
	r->aside = NULL;
	r->audited = false;		/* the grant was, the minting is not */
	buf_clear(&r->answer.prefix);
	buf_clear(&r->answer.body);
	r->answer.status = 0;
	r->command[0] = '\0';
	r->rows = -1;
}

void
attach_verifier(const struct req *r, const char *role, char *scram)
{
	char login[ROLE_MAX + 16], password[SECRET_LOGIN_PW];

	snprintf(login, sizeof(login), "acdb_dp_%s", role);
	secret_login_password(password, r->w->conf->gateway_password, login);
	secret_scram(scram, password);
	secret_wipe(password, sizeof(password));
}
