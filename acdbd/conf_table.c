/*
 * conf_table.c - every setting of the server: name, form, default, bounds
 * and one line of help.
 *
 * It must not know how a value is read or checked: conf.c does.
 */
#include "conf_table.h"

#define SECOND	INT64_C(1000)
#define HOUR	(3600 * SECOND)
#define DAY	(24 * HOUR)
#define KIB	INT64_C(1024)
#define GIB	(KIB * KIB * KIB)

#define AT(member)	offsetof(struct conf, member)

const struct conf_setting conf_table[] = {
	{ "DATABASE_URL", FORM_URL, AT(database_url), NULL, 0, 0,
	    "control-plane login; required unless --embedded" },
	{ "MIGRATIONS_DATABASE_URL", FORM_URL, AT(migrations_database_url),
	    NULL, 0, 0, "superuser, for migrations only; DATABASE_URL" },
	{ "OWNER_PASSWORD", FORM_SECRET, AT(owner_password), NULL, 0, 0,
	    "password for the user of that URL" },
	{ "GATEWAY_PASSWORD", FORM_PASSWORD, AT(gateway_password), NULL,
	    16, 1024, "of agentcoopdb_gateway; what all logins derive from" },
	{ "MIGRATE_ON_START", FORM_BOOL, AT(migrate_on_start), "true", 0, 0,
	    "bring the schema to this version at start" },

	{ "HTTP_ADDR", FORM_ADDRESSES, AT(http_addr), NULL, 0, 0,
	    "127.0.0.1:8080 plaintext, :8443 with TLS" },
	{ "TLS_CERT", FORM_TEXT, AT(tls_cert), NULL, 0, 0,
	    "PEM file: the certificate and its chain; re-read on change" },
	{ "TLS_KEY", FORM_TEXT, AT(tls_key), NULL, 0, 0,
	    "PEM file: its private key; re-read on change" },
	{ "INSECURE_HTTP", FORM_BOOL, AT(insecure_http), "false", 0, 0,
	    "allow plaintext on addresses that are not loopback" },
	{ "TRUST_PROXY", FORM_PROXIES, AT(trust_proxy), "false", 0, 0,
	    "take the client's address from the proxy's headers" },
	{ "READ_HEADER_TIMEOUT", FORM_DURATION, AT(read_header_timeout),
	    "5s", 1, HOUR, "from the first byte to the end of the headers" },
	{ "READ_TIMEOUT", FORM_DURATION, AT(read_timeout), "10s", 1, HOUR,
	    "longest stall while a body is read" },
	{ "WRITE_TIMEOUT", FORM_DURATION, AT(write_timeout), "30s", 1, HOUR,
	    "longest stall while an answer is written" },
	{ "IDLE_TIMEOUT", FORM_DURATION, AT(idle_timeout), "120s", 1, DAY,
	    "how long a connection may rest between requests" },
	{ "MAX_REQUEST_BODY_BYTES", FORM_SIZE, AT(max_request_body),
	    "1MiB", 1, GIB, "larger bodies are a 413" },
	{ "MAX_RESPONSE_BODY_BYTES", FORM_SIZE, AT(max_response_body),
	    "8MiB", KIB, GIB, "larger answers are a 413" },
	{ "MAX_CONNECTIONS", FORM_COUNT, AT(max_clients), "8192", 1, 1000000,
	    "client connections, over all workers" },
	{ "MAX_CONNECTIONS_PER_ADDRESS", FORM_COUNT,
	    AT(max_clients_per_address), "1024", 0, 1000000,
	    "the same of one address; not for trusted proxies; 0: no limit" },

	{ "DATABASE_MAX_CONNS", FORM_COUNT, AT(max_conns), "20", 4, 10000,
	    "connections to PostgreSQL of this acdbd in all" },
	{ "DATABASE_MIN_CONNS", FORM_COUNT, AT(min_conns), "2", 0, 10000,
	    "of them kept open when there is nothing to do" },
	{ "DATABASE_CONN_LIFETIME", FORM_DURATION, AT(conn_lifetime),
	    "30m", SECOND, 30 * DAY, "after which one is replaced" },
	{ "STATEMENT_TIMEOUT", FORM_DURATION, AT(statement_timeout),
	    "5s", 1, HOUR, "for one statement; at most 60s for dbuser" },
	{ "IDLE_IN_TX_TIMEOUT", FORM_DURATION, AT(idle_in_tx_timeout),
	    "5s", 1, HOUR, "for a transaction that is not used" },
	{ "MAINTENANCE_TIMEOUT", FORM_DURATION, AT(maintenance_timeout),
	    "10m", 1, DAY, "for statements outside a transaction" },
	{ "MAX_STATEMENT_BYTES", FORM_SIZE, AT(max_statement_bytes),
	    "262144", 1, GIB, "longer statements are a 400" },
	{ "MAX_STATEMENT_PARAMS", FORM_COUNT, AT(max_statement_params),
	    "1000", 0, 65535, "more parameters are a 400" },

	{ "AUTH_CACHE_SIZE", FORM_COUNT, AT(auth_cache_size), "1024",
	    1, 1000000, "keys remembered by each worker" },
	{ "AUTH_CACHE_TTL", FORM_DURATION, AT(auth_cache_ttl), "5m", 1, DAY,
	    "for how long, unless they change" },
	{ "KEY_ROTATE_OVERLAP", FORM_DURATION, AT(key_rotate_overlap),
	    "24h", 0, 3650 * DAY, "how long a rotated key stays valid" },
	{ "RATE_LIMIT_PER_SECOND", FORM_NUMBER, AT(rate_per_second), "60",
	    0, 1000000, "calls of a key; 0 turns the limit off" },
	{ "RATE_LIMIT_BURST", FORM_NUMBER, AT(rate_burst), "120",
	    0, 1000000, "calls at once; 0 turns the limit off" },
	{ "AUDIT_DISABLED", FORM_BOOL, AT(audit_disabled), "false", 0, 0,
	    "write no audit rows" },
	{ "AUDIT_INCLUDE_SQL", FORM_BOOL, AT(audit_include_sql), "false",
	    0, 0, "keep the text of statements in the audit rows" },
	{ "IDEMPOTENCY_TTL", FORM_DURATION, AT(idempotency_ttl), "24h",
	    SECOND, 3650 * DAY, "how long an answer can be replayed" },

	{ "LOG_LEVEL", FORM_LEVEL, AT(log_level), "info", 0, 0,
	    "re-read from LOG_LEVEL_FILE on SIGHUP" },
	{ "LOG_FORMAT", FORM_FORMAT, AT(log_format), "json", 0, 0,
	    "text for people" },
	{ "METRICS_ENABLED", FORM_BOOL, AT(metrics_enabled), "true", 0, 0,
	    "answer GET /metrics" },
	{ "METRICS_ADDR", FORM_ADDRESSES, AT(metrics_addr), NULL, 0, 0,
	    "there instead, in plaintext" },
	{ "MCP_ENABLED", FORM_BOOL, AT(mcp_enabled), "true", 0, 0,
	    "answer /v1/mcp" },
	{ "RPC_DIR", FORM_TEXT, AT(rpc_dir), "share/rpc", 0, 0,
	    "registered procedures; re-read on SIGHUP" },
	{ "HARDENING", FORM_HARDENING, AT(hardening), "standard", 0, 0,
	    "strict: volume and activity are hidden too; managed: there is "
	    "no superuser" },
	{ "WORKERS", FORM_COUNT, AT(workers), NULL, 1, 256,
	    "processes; min(CPUs, DATABASE_MAX_CONNS / 4), at least 1" },
	{ "DRAIN_TIMEOUT", FORM_DURATION, AT(drain_timeout), "30s", 0, HOUR,
	    "on SIGTERM, for what runs" },
	{ "USER", FORM_TEXT, AT(user), NULL, 0, 0,
	    "whom workers run as under root; agentcoopdb, else nobody" },
	{ "PG_BINDIR", FORM_TEXT, AT(pg_bindir), NULL, 0, 0,
	    "where --embedded finds PostgreSQL's programs" },
	{ NULL, FORM_TEXT, 0, NULL, 0, 0, NULL },
};
