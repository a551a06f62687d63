/*
 * pgmigrate_run.c - run embedded files in a transaction that knows what they
 * need.  Which files, and in what order, is pgmigrate.c's.
 *
 * What the files need reaches them as settings of the transaction, never as
 * text of theirs: the files are constant, and a value cannot be taken for
 * SQL.  The gateway's secret stays here; the server is given verifiers and
 * the context key only.
 */
#include <stdlib.h>
#include <string.h>

#include "enc.h"
#include "exitcode.h"
#include "pgmigrate_priv.h"

#define HMAC_BLOCK	64
#define PASSWORD_MIN	16
#define LOGINS_MAX	(1024 * 1024)

/*
 * The session's own search_path must name nothing that a key could have
 * made.  Logs are silenced as far as a superuser can: verifiers and the
 * context key pass through parameters.
 */
int
pgmigrate_run_prepare(PGconn *c, struct pg_error *e)
{
	int super = pg_true(c, "SELECT rolsuper FROM pg_catalog.pg_roles"
	    " WHERE rolname = session_user", 0, NULL, e);

	if (super == -1)
		return -1;
	if (pg_run(c, "SET search_path = pg_catalog, pg_temp;"
	    "SET statement_timeout = 0; SET lock_timeout = '30s';"
	    "SET idle_in_transaction_session_timeout = 0;"
	    "SET client_min_messages = warning;"
	    "SET row_security = on; SET standard_conforming_strings = on;"
	    "SET synchronous_commit = on", e) == -1)
		return -1;
	if (super == 0)
		return 0;
	return pg_run(c, "SET log_statement = none;"
	    "SET log_min_duration_statement = -1;"
	    "SET log_min_duration_sample = -1;"
	    "SET log_parameter_max_length = 0;"
	    "SET log_parameter_max_length_on_error = 0;"
	    "SET log_min_error_statement = panic;"
	    "SET session_replication_role = origin", e);
}

/* The verifiers, a line a login: the control plane's is the password
 * itself, the others derive from it. */
static int
verifiers(PGconn *c, const char *password, struct buf *out,
    struct pg_error *e)
{
	char pw[SECRET_LOGIN_PW], scram[SECRET_SCRAM];
	PGresult *r;

	r = pg_query(c, "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname"
	    " IN ('acdb_dp_dbadmin', 'acdb_dp_dbuser', 'acdb_dp_dbreader')",
	    0, NULL, e);
	if (r != NULL && pg_true(c, "SELECT pg_catalog.to_regclass("
	    "'acdb.dp_login') IS NOT NULL", 0, NULL, e) == 1) {
		PQclear(r);
		r = pg_query(c, "SELECT r.rolname FROM pg_catalog.pg_roles r"
		    " LEFT JOIN acdb.dp_login d ON d.login_oid = r.oid"
		    " AND d.login = r.rolname WHERE d.login IS NOT NULL OR"
		    " r.rolname IN ('acdb_dp_dbadmin', 'acdb_dp_dbuser',"
		    " 'acdb_dp_dbreader')", 0, NULL, e);
	}
	if (r == NULL)
		return -1;
	secret_scram(scram, password);
	(void)buf_addf(out, "agentcoopdb_gateway %s\n", scram);
	for (int i = 0; i < PQntuples(r); i++) {
		secret_login_password(pw, password, PQgetvalue(r, i, 0));
		secret_scram(scram, pw);
		(void)buf_addf(out, "%s %s\n", PQgetvalue(r, i, 0), scram);
	}
	secret_wipe(pw, sizeof(pw));
	PQclear(r);
	if (buf_failed(out))
		return pg_error_set(e, EXIT_LOCAL, "out of memory");
	return 0;
}

/* The context key as HMAC (RFC 2104) uses it. */
static void
pads(const char *password, char ipad[HMAC_BLOCK * 2 + 1],
    char opad[HMAC_BLOCK * 2 + 1])
{
	uint8_t k[HMAC_BLOCK] = { 0 }, x[HMAC_BLOCK];

	secret_context_key(k, password);
	for (int i = 0; i < HMAC_BLOCK; i++)
		x[i] = k[i] ^ 0x36;
	enc_hex(ipad, x, HMAC_BLOCK);
	for (int i = 0; i < HMAC_BLOCK; i++)
		x[i] = k[i] ^ 0x5c;
	enc_hex(opad, x, HMAC_BLOCK);
	secret_wipe(k, sizeof(k));
	secret_wipe(x, sizeof(x));
}

static int
settings(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	char ipad[HMAC_BLOCK * 2 + 1], opad[HMAC_BLOCK * 2 + 1];
	struct buf logins;
	const char *params[5];
	PGresult *r = NULL;

	buf_init(&logins, LOGINS_MAX);
	pads(m->gateway_password, ipad, opad);
	if (verifiers(c, m->gateway_password, &logins, e) == -1)
		goto wipe;
	params[0] = buf_cstr(&logins);
	params[1] = ipad;
	params[2] = opad;
	params[3] = hardening_name(m->hardening);
	params[4] = m->own_cluster ? "on" : "off";
	r = pg_query(c, "SELECT set_config('acdb.verifiers', $1, true),"
	    " set_config('acdb.ipad', $2, true),"
	    " set_config('acdb.opad', $3, true),"
	    " set_config('acdb.hardening', $4, true),"
	    " set_config('acdb.own_cluster', $5, true)", 5, params, e);
wipe:
	secret_wipe(ipad, sizeof(ipad));
	secret_wipe(opad, sizeof(opad));
	buf_wipe(&logins);
	PQclear(r);
	return r != NULL ? 0 : -1;
}

int
pgmigrate_run_begin(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	if (m->gateway_password == NULL ||
	    strlen(m->gateway_password) < PASSWORD_MIN)
		return pg_error_set(e, EXIT_CONFIG, "AGENTCOOPDB_GATEWAY_"
		    "PASSWORD: at least %d characters are needed",
		    PASSWORD_MIN);
	if (pg_run(c, "BEGIN", e) == -1)
		return -1;
	return settings(c, m, e);
}

int
pgmigrate_run_file(PGconn *c, const struct migration_file *f,
    struct pg_error *e)
{
	char *text;
	int line = 1;

	if (pg_run(c, f->text, e) == 0)
		return 0;
	/* Our files are ASCII: a character is a byte. */
	for (int i = 0; i + 1 < e->position && f->text[i] != '\0'; i++)
		line += f->text[i] == '\n';
	if ((text = buf_take(&e->text, NULL)) == NULL)
		return -1;
	if (e->position > 0)
		(void)buf_addf(&e->text, "%s:%d: %s", f->name, line, text);
	else
		(void)buf_addf(&e->text, "%s: %s", f->name, text);
	free(text);
	return -1;
}

int
pgmigrate_run_end(PGconn *c, int rc, struct pg_error *e)
{
	if (rc == 0)
		return pg_run(c, "COMMIT", e);
	if (PQtransactionStatus(c) != PQTRANS_IDLE)
		PQclear(PQexec(c, "ROLLBACK"));
	return -1;
}
