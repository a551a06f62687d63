/*
 * conf.c - the environment into struct conf, by the table of conf_table.c;
 * see conf.h.
 *
 * It reads and checks.  It must not know what a setting is used for.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "conf_form.h"
#include "conf_table.h"
#include "lib/secret.h"

#define NAME_MAX_BYTES	80	/* longest name of a setting and a NUL */
#define CONNS_PER_WORKER 4	/* control plane, LISTEN, and two for SQL */

extern char **environ;

/* Names that belong to acdb, acdb-keys and acdb-mcp: they may stand in the
 * same environment. */
static const char *const client_names[] = { "GATEWAY_URL", "API_KEY",
    "API_KEY_FILE", "PROFILE", "CONFIG", "TIMEOUT", "CA_FILE", NULL };

/* Names that mean something to the existing gateway alone. */
static const char *const gateway_names[] = { "DB_HOST", "DB_NAME", "DB_PORT",
    "DB_SSLMODE", "DB_SUPERUSER", "MIGRATIONS_DIR",
    "OTEL_EXPORTER_OTLP_ENDPOINT", NULL };

static bool
listed(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static const struct conf_setting *
find(const char *name, size_t n)
{
	const struct conf_setting *s;

	for (s = conf_table; s->name != NULL; s++)
		if (strlen(s->name) == n && strncmp(s->name, name, n) == 0)
			return s;
	return NULL;
}

/* NAME of a setting, or NAME_FILE of one that may be in a file. */
static bool
is_setting(const char *name)
{
	size_t n = strlen(name), suffix = strlen("_FILE");
	const struct conf_setting *s;

	if (find(name, n) != NULL)
		return true;
	if (n <= suffix || strcmp(name + n - suffix, "_FILE") != 0)
		return false;
	s = find(name, n - suffix);
	return s != NULL && conf_form_in_file(s->form);
}

/* A name that is misspelt would otherwise be a setting silently lost. */
static int
refuse_unknown(struct buf *err)
{
	char name[NAME_MAX_BYTES];
	size_t prefix = strlen(CONF_PREFIX), n;

	for (char **e = environ; e != NULL && *e != NULL; e++) {
		if (strncmp(*e, CONF_PREFIX, prefix) != 0)
			continue;
		n = strcspn(*e, "=") - prefix;
		if (n >= sizeof(name))
			n = sizeof(name) - 1;
		memcpy(name, *e + prefix, n);
		name[n] = '\0';
		if (is_setting(name) || listed(client_names, name))
			continue;
		if (!listed(gateway_names, name)) {
			buf_addf(err, CONF_PREFIX "%s is not a setting; "
			    "acdbd --help-env lists what is", name);
			return -1;
		}
		log_warn("setting of the existing gateway has no effect",
		    "name", name, NULL);
	}
	return 0;
}

/* The value of NAME, or of the file NAME_FILE names, as a malloc()ed
 * string; NULL where neither is set.  Returns 0, or -1 with err. */
static int
look_up(const struct conf_setting *s, char **value, struct buf *err)
{
	char name[NAME_MAX_BYTES];
	const char *v, *path = NULL;

	*value = NULL;
	snprintf(name, sizeof(name), CONF_PREFIX "%s", s->name);
	v = getenv(name);
	if (conf_form_in_file(s->form)) {
		snprintf(name, sizeof(name), CONF_PREFIX "%s_FILE", s->name);
		path = getenv(name);
	}
	if (path != NULL && path[0] != '\0') {
		if (v != NULL && v[0] != '\0') {
			buf_addf(err, "%s and " CONF_PREFIX "%s are both set; "
			    "set one of them", name, s->name);
			return -1;
		}
		return conf_form_file(name, path, value, err);
	}
	if (v == NULL || v[0] == '\0')
		return 0;
	if ((*value = strdup(v)) == NULL) {
		buf_adds(err, "out of memory");
		return -1;
	}
	return 0;
}

static int
read_setting(struct conf *c, const struct conf_setting *s, struct buf *err)
{
	char *value;

	if (look_up(s, &value, err) == -1)
		return -1;
	if (value == NULL && s->def == NULL)
		return 0;
	if (value == NULL && (value = strdup(s->def)) == NULL) {
		buf_adds(err, "out of memory");
		return -1;
	}
	return conf_form_store(s, c, value, err);
}

static int64_t
cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == -1 ? 1 :
	    CPU_COUNT(&set);
}

static int
settle_workers(struct conf *c, struct buf *err)
{
	int64_t most = c->max_conns / CONNS_PER_WORKER;

	if (c->workers == 0) {
		c->workers = cpus();
		if (c->workers > most)
			c->workers = most;
	}
	if (c->workers > most) {
		buf_addf(err, CONF_PREFIX "WORKERS is %lld, but accepts at "
		    "most %lld: a quarter of " CONF_PREFIX
		    "DATABASE_MAX_CONNS", (long long)c->workers,
		    (long long)most);
		return -1;
	}
	return 0;
}

static int
require(const char *value, const char *name, const char *accepts,
    struct buf *err)
{
	if (value != NULL)
		return 0;
	buf_addf(err, CONF_PREFIX "%s is not set; it accepts %s", name,
	    accepts);
	return -1;
}

/* What no single setting can be told by itself. */
static int
settle(struct conf *c, bool embedded, struct buf *err)
{
	if (!embedded &&
	    (require(c->database_url, "DATABASE_URL",
	    "postgres://agentcoopdb_gateway@host:5432/database", err) == -1 ||
	    require(c->gateway_password, "GATEWAY_PASSWORD",
	    "at least 16 printable ASCII characters", err) == -1))
		return -1;
	if ((c->tls_cert == NULL) != (c->tls_key == NULL)) {
		buf_adds(err, c->tls_cert == NULL ?
		    CONF_PREFIX "TLS_CERT is not set, but " CONF_PREFIX
		    "TLS_KEY is; set both" :
		    CONF_PREFIX "TLS_KEY is not set, but " CONF_PREFIX
		    "TLS_CERT is; set both");
		return -1;
	}
	if (c->min_conns > c->max_conns) {
		buf_addf(err, CONF_PREFIX "DATABASE_MIN_CONNS is %lld, but "
		    "accepts at most " CONF_PREFIX "DATABASE_MAX_CONNS, %lld",
		    (long long)c->min_conns, (long long)c->max_conns);
		return -1;
	}
	if (c->rate_per_second <= 0 || c->rate_burst <= 0)
		c->rate_per_second = c->rate_burst = 0;
	else if (c->rate_burst < 1) {
		buf_adds(err, CONF_PREFIX "RATE_LIMIT_BURST is less than 1, "
		    "but accepts 0 (no limit) or a number from 1");
		return -1;
	}
	if (c->http_addr == NULL && (c->http_addr = strdup(
	    c->tls_cert != NULL ? ":8443" : "127.0.0.1:8080")) == NULL) {
		buf_adds(err, "out of memory");
		return -1;
	}
	return settle_workers(c, err);
}

int
conf_read(struct conf *c, bool embedded, struct buf *err)
{
	const struct conf_setting *s;

	memset(c, 0, sizeof(*c));
	if (refuse_unknown(err) == -1)
		return -1;
	for (s = conf_table; s->name != NULL; s++)
		if (read_setting(c, s, err) == -1)
			goto fail;
	if (settle(c, embedded, err) == -1)
		goto fail;
	return 0;
fail:
	conf_fini(c);
	return -1;
}

static void
forget(char **secret)
{
	if (*secret != NULL)
		secret_wipe(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void
conf_fini(struct conf *c)
{
	const struct conf_setting *s;

	for (s = conf_table; s->name != NULL; s++)
		if (conf_form_is_string(s->form))
			forget(conf_form_string(s, c));
	memset(c, 0, sizeof(*c));
}

void
conf_drop_owner(struct conf *c)
{
	forget(&c->owner_password);
	forget(&c->migrations_database_url);
}

void
conf_wipe_environment(void)
{
	const struct conf_setting *s;
	char name[NAME_MAX_BYTES], *v;

	for (s = conf_table; s->name != NULL; s++) {
		if (!conf_form_is_secret(s->form))
			continue;
		snprintf(name, sizeof(name), CONF_PREFIX "%s", s->name);
		if ((v = getenv(name)) == NULL)
			continue;
		secret_wipe(v, strlen(v));
		unsetenv(name);
	}
}

int
conf_reread_log_level(enum log_level *level)
{
	static const char name[] = CONF_PREFIX "LOG_LEVEL_FILE";
	const char *path = getenv(name);
	struct buf err;
	char *value;
	int r = 1;

	if (path == NULL || path[0] == '\0')
		return 0;
	buf_init(&err, LOG_LINE_MAX);
	if (conf_form_file(name, path, &value, &err) == -1) {
		log_warn("the log level stays", "reason", buf_cstr(&err),
		    NULL);
		r = -1;
	} else if (value == NULL || log_parse_level(value, level) == -1) {
		log_warn("the log level stays", "reason",
		    "not error, warn, info or debug", "file", path, NULL);
		r = -1;
	}
	free(value);
	buf_fini(&err);
	return r;
}

void
conf_help(FILE *out)
{
	const struct conf_setting *s;
	struct buf accepts;

	fprintf(out, "Environment of acdbd.  Of names marked * the value may "
	    "also be in a file that\nNAME_FILE names.  An empty value counts "
	    "as not set.\n\n");
	buf_init(&accepts, LOG_LINE_MAX);
	for (s = conf_table; s->name != NULL; s++) {
		buf_clear(&accepts);
		conf_form_accepts(s, &accepts);
		fprintf(out, CONF_PREFIX "%s%s%s%s\n\t%s\n\taccepts %s\n",
		    s->name, conf_form_in_file(s->form) ? " *" : "",
		    s->def != NULL ? "  default " : "",
		    s->def != NULL ? s->def : "", s->help,
		    buf_cstr(&accepts));
	}
	buf_fini(&accepts);
}
