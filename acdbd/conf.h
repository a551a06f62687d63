/*
 * conf.h - the server's settings: the AGENTCOOPDB_ environment, read once
 * before anything else happens.
 *
 * The table in conf.c is the one place that knows a setting's name, default,
 * form and meaning; --help-env, the manual page and the tests are held
 * against it.  Every secret is also taken from the file that NAME_FILE
 * names (one line end at its end is not part of it).  An empty value counts
 * as not set.  Durations are milliseconds, sizes bytes.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/hardening.h"
#include "lib/log.h"

struct conf {
	/* owned strings; NULL where not set */
	char	*database_url;
	char	*migrations_database_url;
	char	*owner_password;
	char	*gateway_password;
	bool	 migrate_on_start;

	char	*http_addr;		/* "a:p,[b]:p"; never NULL */
	char	*tls_cert, *tls_key;	/* paths */
	bool	 insecure_http;
	char	*trust_proxy;		/* NULL: no; "": any; else networks */
	int64_t	 read_header_timeout, read_timeout, write_timeout,
		 idle_timeout;
	int64_t	 max_request_body, max_response_body;

	int64_t	 max_conns, min_conns, conn_lifetime;
	int64_t	 statement_timeout, idle_in_tx_timeout, maintenance_timeout;
	int64_t	 max_statement_bytes, max_statement_params;

	int64_t	 auth_cache_size, auth_cache_ttl;
	int64_t	 key_rotate_overlap;
	double	 rate_per_second, rate_burst;	/* 0: no limit */
	bool	 audit_disabled, audit_include_sql;
	enum log_level log_level;
	enum log_format log_format;
	bool	 metrics_enabled;
	char	*metrics_addr;
	bool	 mcp_enabled;
	char	*rpc_dir;
	enum hardening hardening;
	int64_t	 workers;		/* resolved: at least 1 */
	int64_t	 drain_timeout;
	int64_t	 idempotency_ttl;
	char	*user;			/* to run as, when started by root;
					 * NULL: by the default */
	int64_t	 max_clients;		/* connections, over all workers */
	int64_t	 max_clients_per_address;	/* 0: no limit */
	char	*pg_bindir;		/* NULL: look for PostgreSQL */
};

/* Read the environment.  Returns 0; or -1 with one line in err (no newline)
 * that names the variable and what it accepts.  Names that only the
 * existing gateway knows are warned about through log_warn().  embedded:
 * a database URL and a gateway password are not required. */
int	conf_read(struct conf *c, bool embedded, struct buf *err) MUST_CHECK;
void	conf_fini(struct conf *c);

/* Wipe the secrets out of the environment, so that neither a child nor
 * /proc shows them. */
void	conf_wipe_environment(void);

/* Wipe what only the master may know: the superuser's URL and password. */
void	conf_drop_owner(struct conf *c);

/* The log level as AGENTCOOPDB_LOG_LEVEL_FILE says now.  Returns 1; 0 when
 * no such file is named; -1 (logged) where it cannot be used. */
int	conf_reread_log_level(enum log_level *level) MUST_CHECK;

/* The table for --help-env. */
void	conf_help(FILE *out);

#endif
