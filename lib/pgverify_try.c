/*
 * pgverify_try.c - prove the boundary by trying: connect as each data-plane
 * login and do what must fail, and the little that must work.  Everything
 * happens in transactions that are rolled back.
 *
 * This is a program of ours with the gateway's secret, attacking from where
 * a key's SQL would be if it had escaped its role.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enc.h"
#include "exitcode.h"
#include "pgverify_priv.h"
#include "secret.h"

#define DETAIL_MAX	4096
#define TOKEN_BYTES	(8 + UUID_LEN + SECRET_SHA256)
#define DENIED		"42501"

static const char workspace[] = "00000000-0000-7000-8000-00000000acdb";

/* What has to fail, as the login itself and then in its role. */
static const struct attempt {
	const char	*sql;
	const char	*state;		/* how it has to fail */
	bool		 in_role;
	const char	*but;		/* a role that may; NULL: none */
	bool		 superuser;	/* only one can have forbidden it */
} attempts[] = {
	{ "SET ROLE acdb_owner", DENIED, false, NULL, false },
	{ "SET ROLE acdb_roleadmin", DENIED, false, NULL, false },
	{ "SET ROLE agentcoopdb_gateway", DENIED, false, NULL, false },
	{ "SET ROLE dbadmin", DENIED, false, "dbadmin", false },
	{ "SET ROLE dbuser", DENIED, false, "dbuser", false },
	{ "SET ROLE dbreader", DENIED, false, "dbreader", false },
	{ "SELECT * FROM acdb.api_keys", DENIED, false, NULL, false },
	{ "SELECT * FROM acdb.ctx_key", DENIED, false, NULL, false },
	{ "SELECT * FROM acdb.audit_logs", DENIED, false, NULL, false },
	{ "SELECT * FROM pg_catalog.pg_authid", DENIED, false, NULL, false },
	{ "CREATE TEMPORARY TABLE t ()", DENIED, false, NULL, false },
	{ "DO $$ BEGIN END $$", DENIED, false, NULL, true },
	{ "SELECT acdb_api.audit(gen_random_uuid(), gen_random_uuid(), NULL,"
	    " 'x', 'x', NULL, NULL, NULL, NULL, sha256('x'))", "28000", false,
	    NULL, false },
	{ "SELECT acdb_api.key_lookup('x')", DENIED, false, NULL, false },
	{ "SELECT pg_catalog.pg_terminate_backend(0)",
	    DENIED, false, NULL, true },
	{ "SELECT * FROM acdb.api_keys", DENIED, true, NULL, false },
	{ "SELECT * FROM acdb.ctx_key", DENIED, true, NULL, false },
	{ "DELETE FROM acdb.audit_logs", DENIED, true, NULL, false },
	{ "SELECT * FROM pg_catalog.pg_authid", DENIED, true, NULL, false },
	{ "SELECT acdb_api.audit(gen_random_uuid(), gen_random_uuid(), NULL,"
	    " 'x', 'x', NULL, NULL, NULL, NULL, sha256('x'))", DENIED, true,
	    NULL, false },
	{ "SELECT pg_catalog.set_config('acdb.ctx', 'x', true)", DENIED, true,
	    "dbadmin", true },
	{ "DO $$ BEGIN END $$", DENIED, true, "dbadmin", true },
	{ "CREATE TABLE public.acdb_verify ()", DENIED, true, "dbadmin",
	    false },
	{ "CREATE TEMPORARY TABLE t ()", DENIED, true, NULL, false },
	{ "COPY (SELECT 1) TO PROGRAM 'true'", DENIED, true, NULL, false },
	{ "SELECT pg_catalog.pg_read_file('PG_VERSION')",
	    DENIED, true, NULL, false },
	{ "SELECT pg_catalog.lo_create(0)", DENIED, true, NULL, true },
	{ "SELECT pg_catalog.pg_advisory_lock(1)", DENIED, true, NULL, true },
	{ "DROP OWNED BY CURRENT_USER", DENIED, true, NULL, true },
	{ "DROP SCHEMA public CASCADE", DENIED, true, NULL, false },
	{ "ALTER ROLE agentcoopdb_gateway PASSWORD 'x'",
	    DENIED, true, NULL, false },
	{ "CREATE ROLE acdb_verify SUPERUSER", DENIED, true, NULL, false },
	{ "GRANT agentcoopdb_gateway TO CURRENT_USER",
	    DENIED, true, NULL, false },
};

/* One data-plane login under trial. */
struct trial {
	PGconn		*c;
	const char	*login;
	const char	*role;
	bool		 managed;
	struct buf	 found;		/* what did not fail as it should */
	int		 n;
};

static void
found(struct trial *t, const char *what, const char *sql)
{
	if (t->n++ < 4)
		(void)buf_addf(&t->found, "%s%s: %s", t->n > 1 ? "; " : "",
		    what, sql);
}

/* BEGIN, take the role on if asked, run.  The SQLSTATE, "00000" where it
 * went well, "" where the connection broke. */
static void
attempt(struct trial *t, const char *sql, bool in_role, char state[6])
{
	struct pg_error e;
	struct buf set;

	pg_error_init(&e);
	buf_init(&set, 256);
	(void)buf_addf(&set, "BEGIN; SELECT pg_catalog.set_config('role', '%s',"
	    " true)", in_role ? t->role : "none");
	memcpy(state, "00000", 6);
	if (pg_run(t->c, buf_cstr(&set), &e) == -1 ||
	    pg_run(t->c, sql, &e) == -1)
		memcpy(state, e.sqlstate, 6);
	PQclear(PQexec(t->c, "ROLLBACK"));
	buf_fini(&set);
	pg_error_fini(&e);
}

static void
try_attempts(struct trial *t)
{
	char state[6];

	for (size_t i = 0; i < NELEM(attempts); i++) {
		const struct attempt *a = &attempts[i];

		if ((a->but != NULL && strcmp(a->but, t->role) == 0) ||
		    (a->superuser && t->managed))
			continue;
		attempt(t, a->sql, a->in_role, state);
		if (strcmp(state, a->state) != 0)
			found(t, strcmp(state, "00000") == 0 ? "went through" :
			    state, a->sql);
	}
}

/* A token as acdbd makes it: see acdb_api.workspace_id(). */
static void
make_token(char hex[TOKEN_BYTES * 2 + 1], const uint8_t key[32], int pid,
    int64_t expiry_us, const char *login)
{
	uint8_t token[TOKEN_BYTES], in[1 + 4 + 8 + UUID_LEN + 64];
	uint32_t p = htonl((uint32_t)pid);
	size_t n = strnlen(login, 64);

	for (int i = 0; i < 8; i++)
		token[i] = (uint8_t)((uint64_t)expiry_us >> (56 - 8 * i));
	if (uuid_parse(token + 8, workspace, sizeof(workspace) - 1) == -1)
		memset(token + 8, 0, UUID_LEN);
	in[0] = 'c';
	memcpy(in + 1, &p, 4);
	memcpy(in + 5, token, 8 + UUID_LEN);
	memcpy(in + 5 + 8 + UUID_LEN, login, n);
	secret_hmac(token + 8 + UUID_LEN, key, 32, in,
	    5 + 8 + UUID_LEN + n);
	enc_hex(hex, token, TOKEN_BYTES);
}

/* What acdb_api.workspace_id() makes of a token: 1 our workspace, 0 NULL,
 * -1 something else or an error. */
static int
opens(struct trial *t, const char *hex)
{
	const char *params[2] = { hex, t->role };
	struct pg_error e;
	struct buf got;
	int rc;

	pg_error_init(&e);
	buf_init(&got, 64);
	rc = pg_run(t->c, "BEGIN", &e);
	if (rc == 0)
		rc = pg_true(t->c, "SELECT set_config('acdb.ctx', $1, true) IS"
		    " NULL OR set_config('role', $2, true) IS NULL", 2, params,
		    &e);
	if (rc == 0)
		rc = pg_value(t->c, "SELECT acdb_api.workspace_id()", 0, NULL,
		    &got, &e);
	if (rc == 1 && strcmp(buf_cstr(&got), workspace) != 0)
		rc = -1;
	PQclear(PQexec(t->c, "ROLLBACK"));
	buf_fini(&got);
	pg_error_fini(&e);
	return rc;
}

static void
try_context(struct trial *t, const char *password)
{
	char hex[TOKEN_BYTES * 2 + 1];
	uint8_t key[32];
	int pid = PQbackendPID(t->c);
	int64_t now = (int64_t)time(NULL) * 1000000, hour = 3600000000;

	secret_context_key(key, password);
	make_token(hex, key, pid, now + hour, t->login);
	if (opens(t, hex) != 1)
		found(t, "does not open", "a context made with the password");
	hex[strlen(hex) - 1] ^= 1;
	if (opens(t, hex) != 0)
		found(t, "opens", "a context with a wrong MAC");
	make_token(hex, key, pid + 1, now + hour, t->login);
	if (opens(t, hex) != 0)
		found(t, "opens", "another session's context");
	make_token(hex, key, pid, now + hour, "agentcoopdb_gateway");
	if (opens(t, hex) != 0)
		found(t, "opens", "another login's context");
	make_token(hex, key, pid, now - hour, t->login);
	if (opens(t, hex) != 0)
		found(t, "opens", "an expired context");
	if (opens(t, "") != 0 || opens(t, workspace) != 0)
		found(t, "opens", "what is no context at all");
	secret_wipe(key, sizeof(key));
}

/* The guard, seen at work on a table that is rolled back. */
static void
try_guard(struct trial *t)
{
	struct pg_error e;

	if (strcmp(t->role, "dbadmin") != 0 || t->managed)
		return;
	pg_error_init(&e);
	if (pg_run(t->c, "BEGIN; SET LOCAL ROLE dbadmin;"
	    "CREATE TABLE public.acdb_verify (workspace_id uuid)", &e) == -1 ||
	    pg_true(t->c, "SELECT c.relrowsecurity AND c.relforcerowsecurity"
	    " AND EXISTS (SELECT 1 FROM pg_catalog.pg_policy"
	    " WHERE polrelid = c.oid AND NOT polpermissive)"
	    " FROM pg_catalog.pg_class c"
	    " WHERE c.oid = 'public.acdb_verify'::regclass", 0, NULL, &e) != 1)
		found(t, "is not isolated", "a new table with a workspace_id");
	PQclear(PQexec(t->c, "ROLLBACK"));
	pg_error_fini(&e);
}

static bool
is_base(const char *role)
{
	return strcmp(role, "dbadmin") == 0 || strcmp(role, "dbuser") == 0 ||
	    strcmp(role, "dbreader") == 0;
}

static PGconn *
connect_login(const struct pgverify *v, const char *login,
    const char *password, struct pg_error *e)
{
	/* What the login's own defaults say must not decide: a key can have
	 * changed them. */
	struct pg_login l = { .url = v->url, .user = login,
	    .password = password, .app = "acdb-verify",
	    .options = "-c search_path=pg_catalog,pg_temp -c role=none"
	    " -c local_preload_libraries= -c statement_timeout=60s"
	    " -c lock_timeout=10s -c idle_session_timeout=0"
	    " -c idle_in_transaction_session_timeout=60s"
	    " -c default_transaction_read_only=off -c row_security=on" };

	return pg_connect(&l, e);
}

/* Whether the login could be connected to: a key can change the password of
 * its own login, which acdbd mends when it meets it, so that alone is no
 * FAIL. */
static bool
try_login(const struct pgverify *v, const char *login, const char *role,
    bool managed, int *fails)
{
	char pw[SECRET_LOGIN_PW], name[80], property[160];
	struct trial t = { .login = login, .role = role, .managed = managed };
	enum pgverify_verdict otherwise = PGVERIFY_WARN;
	struct pg_error e;

	(void)snprintf(name, sizeof(name), "tried-%s", role);
	(void)snprintf(property, sizeof(property), "%s cannot leave its role, "
	    "read what is ours or forge a workspace (%zu tries)", login,
	    NELEM(attempts) + 7);
	pg_error_init(&e);
	buf_init(&t.found, DETAIL_MAX);
	secret_login_password(pw, v->gateway_password, login);
	if ((t.c = connect_login(v, login, pw, &e)) == NULL) {
		found(&t, "cannot connect", pg_error_text(&e));
	} else {
		pg_notices(t.c, NULL, NULL);
		try_attempts(&t);
		try_context(&t, v->gateway_password);
		try_guard(&t);
		if (is_base(role))
			otherwise = PGVERIFY_FAIL;
	}
	pgverify_tell(v, fails, t.n == 0 ? PGVERIFY_PASS : otherwise, name,
	    property, t.n > 0 ? buf_cstr(&t.found) : "");
	secret_wipe(pw, sizeof(pw));
	PQfinish(t.c);
	buf_fini(&t.found);
	pg_error_fini(&e);
	return otherwise == PGVERIFY_FAIL;
}

static void
try_wrong_password(const struct pgverify *v, int *fails)
{
	struct pg_error e;
	PGconn *c;

	pg_error_init(&e);
	c = connect_login(v, "acdb_dp_dbuser", "not the password", &e);
	pgverify_tell(v, fails, c != NULL ? PGVERIFY_WARN : PGVERIFY_PASS,
	    "passwords", "a data-plane login needs its password", c != NULL ?
	    "pg_hba.conf lets it in with any password from here" : "");
	PQfinish(c);
	pg_error_fini(&e);
}

int
pgverify_tries(const struct pgverify *v, PGconn *c, bool managed, int *fails,
    struct pg_error *e)
{
	PGresult *r = pg_query(c, "SELECT d.login, d.key_role"
	    " FROM acdb.dp_login d JOIN pg_catalog.pg_roles l"
	    " ON l.oid = d.login_oid JOIN pg_catalog.pg_roles k"
	    " ON k.oid = d.key_role_oid ORDER BY d.login", 0, NULL, e);
	int good = 0;

	if (r == NULL)
		return -1;
	for (int i = 0; i < PQntuples(r); i++)
		good += try_login(v, PQgetvalue(r, i, 0),
		    PQgetvalue(r, i, 1), managed, fails);
	pgverify_tell(v, fails, good > 0 ? PGVERIFY_PASS : PGVERIFY_FAIL,
	    "derived-passwords", "the data-plane logins' passwords derive from "
	    "this gateway password", good > 0 ? "" :
	    "none of them can be connected to: run acdb-migrate up");
	try_wrong_password(v, fails);
	PQclear(r);
	return 0;
}
