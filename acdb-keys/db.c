/*
 * db.c - connects, runs statements and complains.  Must not know the tables
 * (db_keys.c).
 */
#include "db.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exitcode.h"
#include "lib/pg.h"
#include "lib/profile.h"
#include "lib/profile_file.h"
#include "lib/secret.h"

#define URL_NAME	"AGENTCOOPDB_DATABASE_URL"
#define PASSWORD_NAME	"AGENTCOOPDB_GATEWAY_PASSWORD"

struct db {
	PGconn		*pg;
	char		*url;
	char		*password;	/* the gateway's; NULL: in the URL */
	struct pg_error	 error;
};

/* NAME, or the first line of the file that NAME_FILE names; NULL where
 * neither is set.  *rc is EXIT_CONFIG where the file cannot be used. */
static char *
setting(const char *name, int *rc)
{
	char file_name[64];
	const char *v = getenv(name);
	struct buf why;
	char *text;

	*rc = EXIT_OK;
	if (v != NULL && v[0] != '\0')
		return strdup(v);
	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	v = getenv(file_name);
	if (v == NULL || v[0] == '\0')
		return NULL;
	buf_init(&why, PROFILE_WHY_MAX);
	text = profile_file_secret(v, false, &why);
	if (text == NULL) {
		warnx("%s: %s", file_name, buf_cstr(&why));
		*rc = EXIT_CONFIG;
	}
	buf_fini(&why);
	return text;
}

static void
free_secret(char *s)
{
	if (s != NULL)
		secret_wipe(s, strlen(s));
	free(s);
}

/* What our own functions refuse (SQLSTATE AC...) needs no place in them. */
static int
complain(struct db *db)
{
	const char *text = pg_error_text(&db->error);
	const char *where = strstr(text, " [");
	size_t n = strlen(text);

	if (strncmp(db->error.sqlstate, "AC", 2) == 0 && where != NULL)
		n = (size_t)(where - text);
	warnx("%.*s", (int)n, text);
	return db->error.code;
}

static void
notice(void *arg UNUSED, const char *line)
{
	warnx("%s", line);
}

struct db *
db_open(int *rc)
{
	struct db *db = calloc(1, sizeof(*db));
	struct pg_login login = { .app = "acdb-keys" };

	if (db == NULL) {
		*rc = EXIT_LOCAL;
		return NULL;
	}
	pg_error_init(&db->error);
	db->url = setting(URL_NAME, rc);
	if (*rc == EXIT_OK)
		db->password = setting(PASSWORD_NAME, rc);
	if (*rc != EXIT_OK)
		goto close;
	login.url = db->url;
	login.password = db->password;
	if ((db->pg = pg_connect(&login, &db->error)) == NULL) {
		*rc = complain(db);
		goto close;
	}
	pg_notices(db->pg, notice, NULL);
	*rc = db_do(db, "SET timezone = 'UTC'", 0, NULL);
	if (*rc == EXIT_OK)
		return db;
close:
	db_close(db);
	return NULL;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->pg);
	pg_error_fini(&db->error);
	free_secret(db->url);
	free_secret(db->password);
	free(db);
}

PGresult *
db_run(struct db *db, int *rc, const char *sql, int n,
    const char *const *values)
{
	PGresult *r = pg_query(db->pg, sql, n, values, &db->error);

	*rc = r != NULL ? EXIT_OK : complain(db);
	return r;
}

int
db_do(struct db *db, const char *sql, int n, const char *const *values)
{
	int rc;

	PQclear(db_run(db, &rc, sql, n, values));
	return rc;
}

int
db_each(struct db *db, const char *sql, int n, const char *const *values,
    int (*row)(void *, PGresult *), void *arg)
{
	PGresult *r;
	int rc = EXIT_OK;

	if (PQsendQueryParams(db->pg, sql, n, NULL, values, NULL, NULL, 0)
	    != 1 || PQsetSingleRowMode(db->pg) != 1) {
		warnx("%s", PQerrorMessage(db->pg));
		return EXIT_UNREACHABLE;
	}
	while ((r = PQgetResult(db->pg)) != NULL) {
		ExecStatusType status = PQresultStatus(r);

		if (status == PGRES_SINGLE_TUPLE && rc == EXIT_OK)
			rc = row(arg, r);
		else if (status == PGRES_FATAL_ERROR) {
			warnx("%s", PQresultErrorMessage(r));
			rc = PQstatus(db->pg) == CONNECTION_OK ?
			    EXIT_REFUSED : EXIT_UNREACHABLE;
		}
		PQclear(r);
	}
	return rc;
}

int
db_commit(struct db *db)
{
	int rc = db_do(db, "COMMIT", 0, NULL);

	if (rc == EXIT_UNREACHABLE) {
		warnx("whether the change was made is not known");
		rc = EXIT_UNKNOWN;
	}
	return rc;
}

/* What is needed for a role to be served, in the order of who may do it: the
 * administrators' role gives it to the one that makes logins, which then
 * makes the login.  Both passwords derive from the gateway's. */
static int
attach(struct db *db, const char *role, const char *password)
{
	static const char admin[] = "acdb_dp_dbadmin";
	char pw[SECRET_LOGIN_PW], scram[SECRET_SCRAM], login[80];
	struct pg_login l = { .url = db->url, .user = admin, .password = pw,
	    .app = "acdb-keys" };
	const char *values[2] = { role, scram };
	char *quoted, grant[256];
	PGconn *pg;
	int rc = -1;

	secret_login_password(pw, password, admin);
	if ((pg = pg_connect(&l, &db->error)) == NULL)
		return complain(db);
	quoted = PQescapeIdentifier(pg, role, strlen(role));
	if (quoted != NULL) {
		snprintf(grant, sizeof(grant), "SET ROLE dbadmin; GRANT %s "
		    "TO acdb_roleadmin WITH ADMIN TRUE, INHERIT FALSE, "
		    "SET FALSE", quoted);
		rc = pg_run(pg, grant, &db->error);
	}
	PQfreemem(quoted);
	PQfinish(pg);
	if (rc != 0) {
		rc = complain(db);
		warnx("role '%s' is not served, and only a role that dbadmin "
		    "created can be", role);
		return rc;
	}
	snprintf(login, sizeof(login), "acdb_dp_%s", role);
	secret_login_password(pw, password, login);
	secret_scram(scram, pw);
	rc = db_do(db, "SELECT acdb_api.attach_role($1, $2)", 2, values);
	secret_wipe(pw, sizeof(pw));
	secret_wipe(scram, sizeof(scram));
	return rc;
}

int
db_serve_role(struct db *db, const char *role)
{
	static const char sql[] = "SELECT acdb_api.role_served($1), "
	    "acdb_api.role_objection($1::name)";
	const char *password = db->password != NULL ? db->password :
	    PQpass(db->pg);
	PGresult *r;
	int rc;

	if ((r = db_run(db, &rc, sql, 1, &role)) == NULL)
		return rc;
	if (PQgetvalue(r, 0, 0)[0] == 't')
		;
	else if (!PQgetisnull(r, 0, 1)) {
		warnx("%s", PQgetvalue(r, 0, 1));
		rc = EXIT_REFUSED;
	} else if (password == NULL || password[0] == '\0') {
		warnx("role '%s' has no login yet; making it needs %s", role,
		    PASSWORD_NAME);
		rc = EXIT_CONFIG;
	} else
		rc = attach(db, role, password);
	PQclear(r);
	return rc;
}
