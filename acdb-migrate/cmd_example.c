/*
 * cmd_example.c - acdb-migrate example: the table documents, which the RPC
 * upsert_document uses.  Made as a dbadmin key would make it, so that the
 * guard isolates it.
 */
#include <string.h>

#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/secret.h"

static const char example[] =
    "SET ROLE dbadmin;"
    "CREATE TABLE IF NOT EXISTS public.documents ("
    "	id		uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
    "	workspace_id	uuid NOT NULL DEFAULT acdb_api.workspace_id(),"
    "	title		text NOT NULL DEFAULT '',"
    "	body		text NOT NULL DEFAULT '',"
    "	metadata	jsonb NOT NULL DEFAULT '{}',"
    "	created_at	timestamptz NOT NULL DEFAULT now());"
    "CREATE INDEX IF NOT EXISTS documents_workspace"
    " ON public.documents (workspace_id, created_at DESC)";

int
cmd_example(struct cmd_call *c)
{
	char pw[SECRET_LOGIN_PW];
	struct pg_login l = { .url = c->url, .user = "acdb_dp_dbadmin",
	    .password = pw, .app = "acdb-migrate" };
	struct pg_error e;
	PGconn *conn;
	int code = EXIT_OK;

	if (c->url == NULL || c->gateway_password == NULL) {
		cmd_say(NULL, "AGENTCOOPDB_DATABASE_URL or "
		    "AGENTCOOPDB_GATEWAY_PASSWORD is not set");
		return EXIT_CONFIG;
	}
	if (c->dry_run) {
		cmd_say(NULL, "would create the table public.documents");
		return EXIT_OK;
	}
	pg_error_init(&e);
	secret_login_password(pw, c->gateway_password, l.user);
	conn = pg_connect(&l, &e);
	secret_wipe(pw, sizeof(pw));
	if (conn != NULL)
		pg_notices(conn, cmd_say, NULL);
	if (conn == NULL || pg_run(conn, example, &e) == -1)
		code = cmd_fail(&e);
	PQfinish(conn);
	pg_error_fini(&e);
	return code;
}
