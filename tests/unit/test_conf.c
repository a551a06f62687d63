/*
 * test_conf.c - settings: defaults, forms, files, and refusals that name
 * the variable and say what it accepts.
 */
#include <fcntl.h>

#include "acdbd/conf.h"
#include "acdbd/conf_table.h"
#include "tap.h"

#define PASSWORD	"sixteen-chars-ok"
#define URL		"postgres://agentcoopdb_gateway@localhost:5432/db"

static struct buf err;

static void
fresh(void)
{
	clearenv();
	setenv("AGENTCOOPDB_DATABASE_URL", URL, 1);
	setenv("AGENTCOOPDB_GATEWAY_PASSWORD", PASSWORD, 1);
	buf_clear(&err);
}

static int
reads(struct conf *c, const char *name, const char *value)
{
	fresh();
	if (name != NULL)
		setenv(name, value, 1);
	return conf_read(c, false, &err);
}

/* The value is refused, and the line is exactly this. */
static void
refused(const char *name, const char *value, const char *line)
{
	struct conf c;

	ok(reads(&c, name, value) == -1, "%s=%s is refused", name, value);
	is_str(buf_cstr(&err), line, "%s=%s says so", name, value);
}

static void
test_defaults(void)
{
	struct conf c;

	ok(reads(&c, NULL, NULL) == 0, "the two required ones are enough");
	is_str(c.database_url, URL, "DATABASE_URL");
	is_str(c.http_addr, "127.0.0.1:8080", "plaintext: loopback");
	ok(c.read_header_timeout == 5000 && c.read_timeout == 10000 &&
	    c.write_timeout == 30000 && c.idle_timeout == 120000, "timeouts");
	ok(c.max_request_body == 1 << 20 && c.max_response_body == 8 << 20,
	    "body limits");
	ok(c.max_conns == 20 && c.min_conns == 2 &&
	    c.conn_lifetime == 1800000, "pool");
	ok(c.statement_timeout == 5000 && c.idle_in_tx_timeout == 5000 &&
	    c.maintenance_timeout == 600000, "statements");
	ok(c.max_statement_bytes == 262144 && c.max_statement_params == 1000,
	    "statement limits");
	ok(c.auth_cache_size == 1024 && c.auth_cache_ttl == 300000 &&
	    c.key_rotate_overlap == 86400000, "keys");
	ok(c.rate_per_second == 60.0 && c.rate_burst == 120.0, "rate");
	ok(c.migrate_on_start && c.metrics_enabled && c.mcp_enabled &&
	    !c.insecure_http && !c.audit_disabled && !c.audit_include_sql &&
	    c.hardening == HARDENING_STANDARD, "booleans");
	ok(c.trust_proxy == NULL && c.metrics_addr == NULL && c.user == NULL,
	    "what is not set");
	ok(c.log_level == LOG_INFO && c.log_format == LOG_JSON, "log");
	ok(c.drain_timeout == 30000 && c.idempotency_ttl == 86400000, "rest");
	ok(c.workers >= 1 && c.workers <= 5, "workers: at most 20 / 4");
	is_str(c.rpc_dir, "share/rpc", "RPC_DIR");
	conf_fini(&c);
}

static void
test_values(void)
{
	struct conf c;

	ok(reads(&c, "AGENTCOOPDB_TRUST_PROXY", "TRUE") == 0 &&
	    c.trust_proxy != NULL, "trust any proxy");
	is_str(c.trust_proxy, "", "as the empty text");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_TRUST_PROXY", "10.0.0.0/8,fd00::/8") == 0,
	    "trust some networks");
	is_str(c.trust_proxy, "10.0.0.0/8,fd00::/8", "by their names");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_RATE_LIMIT_PER_SECOND", "0.5") == 0 &&
	    c.rate_per_second == 0.5, "a fraction of a call");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_RATE_LIMIT_BURST", "0") == 0 &&
	    c.rate_per_second <= 0, "burst 0 turns the limit off too");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_HARDENING", "strict") == 0 &&
	    c.hardening == HARDENING_STRICT, "strict");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_HARDENING", "Managed") == 0 &&
	    c.hardening == HARDENING_MANAGED, "managed");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_READ_TIMEOUT", "1m30s") == 0 &&
	    c.read_timeout == 90000, "1m30s");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_READ_TIMEOUT", "") == 0 &&
	    c.read_timeout == 10000, "empty is not set");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB_DATABASE_MAX_CONNS", "4") == 0 &&
	    c.workers == 1, "one worker at least");
	conf_fini(&c);
	fresh();
	setenv("AGENTCOOPDB_TLS_CERT", "c.pem", 1);
	setenv("AGENTCOOPDB_TLS_KEY", "k.pem", 1);
	ok(conf_read(&c, false, &err) == 0, "with TLS");
	is_str(c.http_addr, ":8443", "every address");
	conf_fini(&c);
	clearenv();
	ok(conf_read(&c, true, &err) == 0, "--embedded requires nothing");
	conf_fini(&c);
}

static void
test_refusals(void)
{
	refused("AGENTCOOPDB_READ_TIMEOUT", "5",
	    "AGENTCOOPDB_READ_TIMEOUT is \"5\", but accepts a duration such "
	    "as 500ms, 5s or 1m30s, from 1ms to 1h");
	refused("AGENTCOOPDB_READ_TIMEOUT", "0",
	    "AGENTCOOPDB_READ_TIMEOUT is \"0\", but accepts a duration such "
	    "as 500ms, 5s or 1m30s, from 1ms to 1h");
	refused("AGENTCOOPDB_WORKERS", "0",
	    "AGENTCOOPDB_WORKERS is \"0\", but accepts a whole number from 1 "
	    "to 256");
	refused("AGENTCOOPDB_WORKERS", "6",
	    "AGENTCOOPDB_WORKERS is 6, but accepts at most 5: a quarter of "
	    "AGENTCOOPDB_DATABASE_MAX_CONNS");
	refused("AGENTCOOPDB_MAX_REQUEST_BODY_BYTES", "1 MiB",
	    "AGENTCOOPDB_MAX_REQUEST_BODY_BYTES is \"1 MiB\", but accepts a "
	    "size such as 1048576 or 1MiB, from 1 to 1GiB");
	refused("AGENTCOOPDB_HTTP_ADDR", "localhost",
	    "AGENTCOOPDB_HTTP_ADDR is \"localhost\", but accepts addresses "
	    "host:port, [v6]:port or :port, separated by commas");
	refused("AGENTCOOPDB_METRICS_ENABLED", "yes",
	    "AGENTCOOPDB_METRICS_ENABLED is \"yes\", but accepts true or "
	    "false (also t, f, 1, 0)");
	refused("AGENTCOOPDB_TRUST_PROXY", "10.0.0.1/8",
	    "AGENTCOOPDB_TRUST_PROXY is \"10.0.0.1/8\", but accepts true, "
	    "false, or the proxies' networks such as 10.0.0.0/8,fd00::/8");
	refused("AGENTCOOPDB_LOG_LEVEL", "loud",
	    "AGENTCOOPDB_LOG_LEVEL is \"loud\", but accepts error, warn, "
	    "info or debug");
	refused("AGENTCOOPDB_RATE_LIMIT_BURST", "0.5",
	    "AGENTCOOPDB_RATE_LIMIT_BURST is less than 1, but accepts 0 (no "
	    "limit) or a number from 1");
	refused("AGENTCOOPDB_GATEWAY_PASSWORD", "fifteen-chars-x",
	    "AGENTCOOPDB_GATEWAY_PASSWORD accepts at least 16 printable "
	    "ASCII characters");
	refused("AGENTCOOPDB_DATABASE_URL", "mysql://u:secret@h/d",
	    "AGENTCOOPDB_DATABASE_URL accepts a URL "
	    "postgres://user@host:5432/database");
	refused("AGENTCOOPDB_DATABASE_URL", "",
	    "AGENTCOOPDB_DATABASE_URL is not set; it accepts "
	    "postgres://agentcoopdb_gateway@host:5432/database");
	refused("AGENTCOOPDB_TLS_CERT", "c.pem",
	    "AGENTCOOPDB_TLS_KEY is not set, but AGENTCOOPDB_TLS_CERT is; "
	    "set both");
	refused("AGENTCOOPDB_REED_TIMEOUT", "5s",
	    "AGENTCOOPDB_REED_TIMEOUT is not a setting; acdbd --help-env "
	    "lists what is");
	refused("AGENTCOOPDB_WORKERS_FILE", "/dev/null",
	    "AGENTCOOPDB_WORKERS_FILE is not a setting; acdbd --help-env "
	    "lists what is");
	refused("AGENTCOOPDB_DATABASE_MIN_CONNS", "21",
	    "AGENTCOOPDB_DATABASE_MIN_CONNS is 21, but accepts at most "
	    "AGENTCOOPDB_DATABASE_MAX_CONNS, 20");
}

static void
test_others(void)
{
	struct conf c;

	ok(reads(&c, "AGENTCOOPDB_GATEWAY_URL", "https://h") == 0,
	    "a client's name is let be");
	conf_fini(&c);
	log_init("test", LOG_ERROR, LOG_TEXT);
	ok(reads(&c, "AGENTCOOPDB_DB_HOST", "h") == 0,
	    "the existing gateway's name is a warning");
	conf_fini(&c);
	ok(reads(&c, "AGENTCOOPDB", "h") == 0 &&
	    (conf_fini(&c), true), "another name is none of ours");
}

static void
put_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void
test_files(void)
{
	char path[] = "/tmp/test_conf.XXXXXX", line[256];
	enum log_level level;
	struct conf c;

	close(mkstemp(path));
	put_file(path, "from-a-file-16-characters\r\n", 27);
	fresh();
	unsetenv("AGENTCOOPDB_GATEWAY_PASSWORD");
	setenv("AGENTCOOPDB_GATEWAY_PASSWORD_FILE", path, 1);
	ok(conf_read(&c, false, &err) == 0, "a password in a file");
	is_str(c.gateway_password, "from-a-file-16-characters", "is read");
	conf_fini(&c);

	snprintf(line, sizeof(line), "AGENTCOOPDB_GATEWAY_PASSWORD_FILE and "
	    "AGENTCOOPDB_GATEWAY_PASSWORD are both set; set one of them");
	refused("AGENTCOOPDB_GATEWAY_PASSWORD_FILE", path, line);

	put_file(path, "nul\0inside-the-password", 23);
	snprintf(line, sizeof(line),
	    "AGENTCOOPDB_OWNER_PASSWORD_FILE: %s is not text", path);
	refused("AGENTCOOPDB_OWNER_PASSWORD_FILE", path, line);

	put_file(path, "debug\n", 6);
	setenv("AGENTCOOPDB_LOG_LEVEL_FILE", path, 1);
	ok(conf_reread_log_level(&level) == 1 && level == LOG_DEBUG,
	    "a new log level");
	unlink(path);
	ok(conf_reread_log_level(&level) == -1, "the file is gone");
	unsetenv("AGENTCOOPDB_LOG_LEVEL_FILE");
	ok(conf_reread_log_level(&level) == 0, "none is named");
	snprintf(line, sizeof(line), "AGENTCOOPDB_OWNER_PASSWORD_FILE: "
	    "cannot read %s: No such file or directory", path);
	refused("AGENTCOOPDB_OWNER_PASSWORD_FILE", path, line);
}

static void
test_wiping(void)
{
	const char *v;
	struct conf c;

	fresh();
	v = getenv("AGENTCOOPDB_GATEWAY_PASSWORD");
	ok(conf_read(&c, false, &err) == 0, "read");
	conf_wipe_environment();
	ok(getenv("AGENTCOOPDB_GATEWAY_PASSWORD") == NULL, "out of sight");
	ok(v[0] == '\0', "and wiped");
	is_str(c.gateway_password, PASSWORD, "but kept");
	conf_fini(&c);
}

static void
test_help(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	char name[80];

	conf_help(f);
	fclose(f);
	for (const struct conf_setting *s = conf_table; s->name; s++) {
		snprintf(name, sizeof(name), "AGENTCOOPDB_%s", s->name);
		ok(strstr(text, name) != NULL, "--help-env has %s", name);
	}
	free(text);
}

int
main(void)
{
	buf_init(&err, 1000);
	test_defaults();
	test_values();
	test_refusals();
	test_others();
	test_files();
	test_wiping();
	test_help();
	buf_fini(&err);
	return done();
}
