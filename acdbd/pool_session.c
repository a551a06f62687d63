/*
 * pool_session.c - see pool_session.h.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "pool_session.h"
#include "worker.h"

/*
 * In the order of analysis: deadlines; where names are found; row security;
 * how transactions begin; how text is read and written; memory and plans;
 * what could run code or print more than it should.
 */
static const char fixed[] =
    " -c lock_timeout=0 -c idle_session_timeout=0"
    " -c row_security=on"
    " -c default_transaction_isolation=read\\ committed"
    " -c default_transaction_read_only=off"
    " -c default_transaction_deferrable=off"
    " -c standard_conforming_strings=on -c backslash_quote=safe_encoding"
    " -c escape_string_warning=on"
    " -c client_min_messages=notice"
    " -c DateStyle=ISO,MDY -c IntervalStyle=postgres -c TimeZone=UTC"
    " -c bytea_output=hex -c extra_float_digits=1 -c xmloption=content"
    " -c jit=off -c check_function_bodies=on"
    " -c local_preload_libraries= -c role=none"
    " -c synchronous_commit=on"
    " -c default_tablespace= -c temp_tablespaces="
    " -c debug_print_parse=off -c debug_print_rewritten=off"
    " -c debug_print_plan=off"
    " -c log_parameter_max_length_on_error=0";	/* MACs are parameters */

const char *
pool_session_options(struct worker *w)
{
	static char text[4096];
	const struct ctl_server *s = ctl_server(w->ctl);

	snprintf(text, sizeof(text),
	    "-c statement_timeout=%lld"
	    " -c idle_in_transaction_session_timeout=%lld"
	    " -c search_path=%s -c work_mem=%s -c hash_mem_multiplier=%s"
	    " -c temp_buffers=%s -c maintenance_work_mem=%s"
	    " -c max_parallel_workers_per_gather=%s%s%s%s",
	    (long long)w->conf->statement_timeout,
	    (long long)w->conf->idle_in_tx_timeout, s->search_path,
	    s->work_mem, s->hash_mem_multiplier, s->temp_buffers,
	    s->maintenance_work_mem, s->parallel_workers,
	    s->version >= 170000 ? " -c transaction_timeout=0" : "",
	    /* Code can catch a cancel and go on, but not this: when we have
	     * left or have given it up, its session ends. */
	    s->on_linux ? " -c client_connection_check_interval=2000" : "",
	    fixed);
	return text;
}

static int
send_all(struct pconn *c, const char *const *sql, unsigned *syncs)
{
	for (; *sql != NULL; sql++) {
		if (!PQsendQueryParams(c->pg.conn, *sql, 0, NULL, NULL, NULL,
		    NULL, 0) || !PQpipelineSync(c->pg.conn))
			return -1;
		++*syncs;
	}
	pgc_flush(&c->pg);
	return 0;
}

int
pool_session_rollback(struct pconn *c, unsigned *syncs)
{
	static const char *const sql[] = { "ROLLBACK", NULL };

	return send_all(c, sql, syncs);
}

int
pool_session_reset(struct pconn *c, unsigned *syncs)
{
	/* Not DISCARD ALL: throwing away the plans of our own functions adds
	 * no isolation and costs 200 microseconds. */
	static const char *const sql[] = { "ROLLBACK", "CLOSE ALL",
	    "SET SESSION AUTHORIZATION DEFAULT", "RESET ROLE", "RESET ALL",
	    "DEALLOCATE ALL", "UNLISTEN *", "DISCARD SEQUENCES",
	    "DISCARD TEMP", NULL };

	pconn_forget(c);
	return send_all(c, sql, syncs);
}

/* libpq keeps no SQLSTATE of a refused login, so its text is looked at; on a
 * server that speaks another language a refusal reads as an outage. */
bool
pool_session_refused(const PGconn *conn)
{
	const char *text = PQerrorMessage(conn);

	return strstr(text, "authentication failed") != NULL ||
	    strstr(text, "does not exist") != NULL ||
	    strstr(text, "permission denied for database") != NULL ||
	    strstr(text, "not permitted to log in") != NULL ||
	    strstr(text, "pg_hba.conf") != NULL;
}
