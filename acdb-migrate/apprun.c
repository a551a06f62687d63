/*
 * apprun.c - see apprun.h.  Runs one file; which one is app.c's.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "apprun.h"
#include "lib/enc.h"
#include "lib/exitcode.h"
#include "lib/pgmigrate.h"
#include "lib/secret.h"

#define WORK_LOGIN	"acdb_dp_dbadmin"
#define GONE		-1	/* app_migrated(): forget the version */

int
apprun_look(struct apprun *r, const struct cmd_call *c, struct pg_error *e)
{
	struct pg_login l = { .url = c->url, .password = c->password,
	    .app = "acdb-migrate" };
	int rc;

	memset(r, 0, sizeof(*r));
	buf_init(&r->path, 1024);
	r->dry_run = c->dry_run;
	if ((r->control = pg_connect(&l, e)) == NULL)
		return -1;
	pg_notices(r->control, cmd_say, NULL);
	rc = pg_run(r->control, "SET search_path = pg_catalog, pg_temp", e);
	if (rc == 0)
		rc = pg_true(r->control, "SELECT"
		    " to_regclass('acdb.app_migrations') IS NOT NULL", 0, NULL,
		    e);
	if (rc == 0)
		rc = pg_error_set(e, EXIT_REFUSED, "the control plane is not "
		    "there yet: run acdb-migrate up first");
	if (rc == -1)
		apprun_close(r);
	return rc == -1 ? -1 : 0;
}

static int
open_work(struct apprun *r, const struct cmd_call *c, struct pg_error *e)
{
	char pw[SECRET_LOGIN_PW];
	uint8_t key[32];
	/* A key can have changed this login's own defaults. */
	struct pg_login l = { .url = c->url, .user = WORK_LOGIN,
	    .password = pw, .app = "acdb-migrate",
	    .options = "-c role=none -c local_preload_libraries="
	    " -c idle_session_timeout=0" };

	if (c->gateway_password == NULL)
		return pg_error_set(e, EXIT_CONFIG,
		    "AGENTCOOPDB_GATEWAY_PASSWORD is not set");
	secret_login_password(pw, c->gateway_password, WORK_LOGIN);
	secret_context_key(key, c->gateway_password);
	r->mac = secret_mac_new(key, sizeof(key));
	r->work = pg_connect(&l, e);
	secret_wipe(pw, sizeof(pw));
	secret_wipe(key, sizeof(key));
	if (r->work == NULL)
		return -1;
	pg_notices(r->work, cmd_say, NULL);
	return pg_run(r->work, "SET statement_timeout = 0;"
	    "SET idle_in_transaction_session_timeout = 0;"
	    "SET row_security = on; SET client_min_messages = warning;"
	    "SET default_transaction_read_only = off", e);
}

int
apprun_open(struct apprun *r, const struct cmd_call *c, struct pg_error *e)
{
	if (apprun_look(r, c, e) == -1)
		return -1;
	if (pgmigrate_lock(r->control, 0, e) == 0 &&
	    pg_value(r->control, "SELECT acdb_api.session_path()", 0, NULL,
	    &r->path, e) == 1 && open_work(r, c, e) == 0)
		return 0;
	apprun_close(r);
	return -1;
}

void
apprun_close(struct apprun *r)
{
	PQfinish(r->work);
	PQfinish(r->control);
	secret_mac_free(r->mac);
	buf_fini(&r->path);
	memset(r, 0, sizeof(*r));
}

int
apprun_record(struct apprun *r, const struct appfile *f,
    const struct appsql *q, struct apprecord *out, struct pg_error *e)
{
	char version[24], hex[SECRET_SHA256 * 2 + 1];
	const char *params[1] = { version };
	PGresult *res;

	memset(out, 0, sizeof(*out));
	(void)snprintf(version, sizeof(version), "%lld",
	    (long long)f->version);
	res = pg_query(r->control, "SELECT applied_at IS NOT NULL, done,"
	    " encode(sha256, 'hex') FROM acdb.app_migrations"
	    " WHERE version = $1::int8", 1, params, e);
	if (res == NULL)
		return -1;
	if (PQntuples(res) > 0) {
		out->known = true;
		out->finished = PQgetvalue(res, 0, 0)[0] == 't';
		out->done = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
		if (q != NULL) {
			enc_hex(hex, q->sha, SECRET_SHA256);
			out->edited = strcmp(hex, PQgetvalue(res, 0, 2)) != 0;
		}
	}
	PQclear(res);
	return 0;
}

/* Record through the function that asks for proof: see app_migrated(). */
static int
record(struct apprun *r, const struct appfile *f, const struct appsql *q,
    int done, bool finished, struct pg_error *e)
{
	uint8_t in[1 + 4 + 8 + SECRET_SHA256 + 4 + 1], mac[SECRET_SHA256];
	uint32_t pid = htonl((uint32_t)PQbackendPID(r->work));
	uint32_t d = htonl((uint32_t)done);
	char version[24], count[16], sha[2 * SECRET_SHA256 + 3],
	    proof[2 * SECRET_SHA256 + 3];
	const char *params[6] = { version, f->name, sha, count,
	    finished ? "t" : "f", proof };
	PGresult *res;

	in[0] = 'm';
	memcpy(in + 1, &pid, 4);
	for (int i = 0; i < 8; i++)
		in[5 + i] = (uint8_t)((uint64_t)f->version >> (56 - 8 * i));
	memcpy(in + 13, q->sha, SECRET_SHA256);
	memcpy(in + 13 + SECRET_SHA256, &d, 4);
	in[sizeof(in) - 1] = finished ? '1' : '0';
	secret_mac(r->mac, mac, in, sizeof(in));
	(void)snprintf(version, sizeof(version), "%lld",
	    (long long)f->version);
	(void)snprintf(count, sizeof(count), "%d", done);
	memcpy(sha, "\\x", 2);
	enc_hex(sha + 2, q->sha, SECRET_SHA256);
	memcpy(proof, "\\x", 2);
	enc_hex(proof + 2, mac, SECRET_SHA256);
	res = pg_query(r->work, "SELECT acdb_api.app_migrated($1::int8, $2,"
	    " $3::bytea, $4::int4, $5::bool, NULL, $6::bytea)", 6, params, e);
	PQclear(res);
	return res == NULL ? -1 : 0;
}

/* From the login to the role, with what the file asked for. */
static int
take_role(struct apprun *r, const struct appsql *q, struct pg_error *e)
{
	struct buf b;
	int rc;

	buf_init(&b, 2048);
	(void)buf_addf(&b, "SET ROLE dbadmin; SET search_path = %s;"
	    "SET lock_timeout = %lld; SET statement_timeout = %lld",
	    buf_cstr(&r->path), (long long)q->lock_timeout,
	    (long long)q->timeout);
	rc = pg_run(r->work, buf_cstr(&b), e);
	buf_fini(&b);
	return rc;
}

/* The migration may have changed the role; what is recorded, the login
 * records. */
static int
leave_role(struct apprun *r, struct pg_error *e)
{
	return pg_run(r->work, "RESET ROLE; RESET search_path;"
	    "RESET lock_timeout; SET statement_timeout = 0", e);
}

/* The line of the error: its position counts characters from the start of
 * the statement's text, which may be lines before its first word. */
static size_t
error_line(const struct appstmt *s, int position)
{
	size_t line = s->first_line;

	if (position == 0)
		return s->line;
	for (const char *p = s->sql; position > 1 && *p != '\0'; p++) {
		line += *p == '\n';
		if (((unsigned char)p[1] & 0xc0) != 0x80)
			position--;
	}
	return line;
}

static int
run_statement(struct apprun *r, const char *path, const struct appstmt *s,
    struct pg_error *e)
{
	char *text;

	if (pg_run(r->work, s->sql, e) == 0)
		return 0;
	if ((text = buf_take(&e->text, NULL)) == NULL)
		return -1;
	(void)buf_addf(&e->text, "%s:%zu: %s", path,
	    error_line(s, e->position), text);
	free(text);
	return -1;
}

static int
run_in_transaction(struct apprun *r, const struct appfile *f,
    const char *path, const struct appsql *q, bool down, struct pg_error *e)
{
	int rc = pg_run(r->work, "BEGIN", e);

	if (rc == 0)
		rc = take_role(r, q, e);
	for (int i = 0; rc == 0 && i < q->n; i++)
		rc = run_statement(r, path, &q->s[i], e);
	if (rc == 0)
		rc = leave_role(r, e);
	if (rc == 0)
		rc = record(r, f, q, down ? GONE : q->n, true, e);
	if (rc == 0)
		return pg_run(r->work, "COMMIT", e);
	PQclear(PQexec(r->work, "ROLLBACK"));
	return -1;
}

static int
run_one_by_one(struct apprun *r, const struct appfile *f, const char *path,
    const struct appsql *q, int done, bool down, struct pg_error *e)
{
	for (int i = done; i < q->n; i++) {
		if (take_role(r, q, e) == -1 ||
		    run_statement(r, path, &q->s[i], e) == -1 ||
		    leave_role(r, e) == -1)
			return -1;
		if (!down && record(r, f, q, i + 1, false, e) == -1)
			return -1;
	}
	return record(r, f, q, down ? GONE : q->n, true, e);
}

int
apprun_file(struct apprun *r, const struct appfile *f, const struct appsql *q,
    int done, bool down, struct pg_error *e)
{
	const char *path = down ? f->down : f->up;

	if (q->no_transaction)
		return run_one_by_one(r, f, path, q, done, down, e);
	return run_in_transaction(r, f, path, q, down, e);
}

int
apprun_baseline(struct apprun *r, const struct appfile *f,
    const struct appsql *q, struct pg_error *e)
{
	return record(r, f, q, q->n, true, e);
}
