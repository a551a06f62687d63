/*
 * sqlopts.c - see sqlopts.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/units.h"
#include "sqlopts.h"
#include "worker.h"

#define RETRIES_MAX	10
#define WORK_MEM_MAX	(256 << 20)
#define HASH_MEM_MAX	8		/* times work_mem */

static int
take_bool(bool *to, const struct json *j, uint32_t v, const char *name,
    struct problem *why)
{
	if (j->tok[v].type != JSON_TRUE && j->tok[v].type != JSON_FALSE)
		return problem_set(why, 400, "invalid_json",
		    "\"%s\" must be true or false", name);
	*to = j->tok[v].type == JSON_TRUE;
	return 0;
}

static int
take_count(int64_t *to, const struct json *j, uint32_t v, int64_t min,
    int64_t max, const char *name, struct problem *why)
{
	if (json_int(j, v, min, max, to) == 0)
		return 0;
	return problem_set(why, 400, "invalid_json",
	    "\"%s\" must be a whole number from %lld to %lld", name,
	    (long long)min, (long long)max);
}

/* One of two words; *to tells whether it is the second. */
static int
take_word(bool *to, const struct json *j, uint32_t v, const char *name,
    const char *first, const char *second, struct problem *why)
{
	if (!json_is(j, v, first) && !json_is(j, v, second))
		return problem_set(why, 400, "invalid_json",
		    "\"%s\" must be \"%s\" or \"%s\"", name, first, second);
	*to = json_is(j, v, second);
	return 0;
}

/* Settings that change what a query costs or finds, never whose it is or how
 * its values are written. */
static bool
setting_allowed(const char *name)
{
	static const char *const names[] = { "work_mem", "timezone",
	    "search_path", "lock_timeout", "hash_mem_multiplier", "jit",
	    "max_parallel_workers_per_gather", "random_page_cost",
	    "seq_page_cost", "effective_cache_size", "from_collapse_limit",
	    "join_collapse_limit", "plan_cache_mode",
	    "default_text_search_config", "constraint_exclusion" };
	static const char *const prefixes[] = { "hnsw.", "ivfflat.",
	    "enable_", "pg_trgm.", "app." };

	if (strcasecmp(name, "app.workspace_id") == 0)
		return false;
	for (size_t i = 0; i < NELEM(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < NELEM(prefixes); i++)
		if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* A bare number is kilobytes, as PostgreSQL has it. */
static bool
work_mem_fits(const char *value)
{
	int64_t n;
	char text[32];

	if (units_int(value, 0, WORK_MEM_MAX / 1024, &n) == 0)
		return true;
	if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text))
		return false;
	return units_size(text, &n) == 0 && strspn(text, "0123456789") <
	    strlen(text) && n <= WORK_MEM_MAX;
}

static bool
hash_mem_fits(const char *value)
{
	char *end;
	double times = strtod(value, &end);

	return end != value && *end == '\0' && times >= 1 &&
	    times <= HASH_MEM_MAX;
}

static int
take_setting(struct call *c, uint32_t i, struct problem *why)
{
	const struct json *j = &c->json;
	struct call_setting *s = &c->settings[c->nsettings];
	uint32_t v = i + 1;
	const char *raw;
	size_t n;

	if (c->nsettings == CALL_SETTINGS)
		return problem_set(why, 400, "invalid_json",
		    "more than %d settings", CALL_SETTINGS);
	if (j->tok[v].type == JSON_ARRAY || j->tok[v].type == JSON_OBJECT ||
	    j->tok[v].type == JSON_NULL)
		return problem_set(why, 400, "invalid_json",
		    "the value of a setting is a string, a number, true or "
		    "false");
	raw = json_raw(j, v, &n);
	s->name = json_strdup(j, i);
	s->value = j->tok[v].type == JSON_STRING ? json_strdup(j, v) :
	    strndup(raw, n);
	c->nsettings++;			/* from here on freed with the call */
	if (s->name == NULL || s->value == NULL)
		return problem_set(why, 400, "invalid_json",
		    "\"settings\" cannot be read");
	if (!setting_allowed(s->name))
		return problem_set(why, 400, "invalid_input",
		    "the setting \"%s\" cannot be set here", s->name);
	if (strcasecmp(s->name, "work_mem") == 0 && !work_mem_fits(s->value))
		return problem_set(why, 400, "invalid_input",
		    "work_mem can be set up to 256MB");
	if (strcasecmp(s->name, "hash_mem_multiplier") == 0 &&
	    !hash_mem_fits(s->value))
		return problem_set(why, 400, "invalid_input",
		    "hash_mem_multiplier can be set from 1 to %d",
		    HASH_MEM_MAX);
	return 0;
}

static int
take_settings(struct call *c, uint32_t v, struct problem *why)
{
	const struct json *j = &c->json;

	if (j->tok[v].type != JSON_OBJECT)
		return problem_set(why, 400, "invalid_json",
		    "\"settings\" must be an object");
	for (uint32_t i = json_first(j, v); i != 0; i = json_next(j, v, i + 1))
		if (take_setting(c, i, why) == -1)
			return -1;
	return 0;
}

int
sqlopts_unknown(const struct json *j, uint32_t i, const char *known,
    struct problem *why)
{
	char *name = json_strdup(j, i);

	problem_set(why, 400, "invalid_json", "unknown member \"%.100s\": "
	    "known are %s", name == NULL ? "?" : name, known);
	free(name);
	return -1;
}

static int
take_isolation(struct call *c, uint32_t v, struct problem *why)
{
	static const char *const levels[] = { "read committed",
	    "repeatable read", "serializable" };

	for (size_t k = 0; k < NELEM(levels); k++)
		if (json_is(&c->json, v, levels[k])) {
			c->isolation = levels[k];
			return 0;
		}
	return problem_set(why, 400, "invalid_json", "\"isolation\" must be "
	    "\"read committed\", \"repeatable read\" or \"serializable\"");
}

int
sqlopts_read(struct call *c, uint32_t i, const char *known,
    struct problem *why)
{
	const struct json *j = &c->json;
	const struct conf *conf = c->w->conf;
	uint32_t v = i + 1;
	int64_t timeout_max = strcmp(c->who.role, "dbadmin") == 0 ?
	    conf->maintenance_timeout : CALL_TIMEOUT_MAX_MS;
	int64_t count = 0;
	bool flag = false;

	if (json_is(j, i, "timeout_ms"))
		return take_count(&c->timeout_ms, j, v, 1, timeout_max,
		    "timeout_ms", why);
	if (json_is(j, i, "max_rows"))
		return take_count(&c->max_rows, j, v, 0, INT32_MAX,
		    "max_rows", why);
	if (json_is(j, i, "max_affected"))
		return take_count(&c->max_affected, j, v, 0, INT64_MAX / 2,
		    "max_affected", why);
	if (json_is(j, i, "dry_run"))
		return take_bool(&c->dry_run, j, v, "dry_run", why);
	if (json_is(j, i, "read_only")) {
		if (take_bool(&flag, j, v, "read_only", why) == -1)
			return -1;
		c->read_only |= flag;	/* a read-only key stays so */
		return 0;
	}
	if (json_is(j, i, "row_format"))
		return take_word(&c->objects, j, v, "row_format", "array",
		    "object", why);
	if (json_is(j, i, "numbers"))
		return take_word(&c->style.numbers_as_strings, j, v,
		    "numbers", "number", "string", why);
	if (json_is(j, i, "json"))
		return take_word(&c->style.json_as_text, j, v, "json",
		    "value", "text", why);
	if (json_is(j, i, "settings"))
		return take_settings(c, v, why);
	if (json_is(j, i, "confirm")) {
		c->confirm = j->tok[v].type != JSON_STRING ? NULL :
		    json_strdup(j, v);
		return c->confirm != NULL ? 0 : problem_set(why, 400,
		    "invalid_json", "\"confirm\" must be \"required\" or "
		    "a token");
	}
	if (json_is(j, i, "isolation"))
		return take_isolation(c, v, why);
	if (json_is(j, i, "deferrable"))
		return take_bool(&c->deferrable, j, v, "deferrable", why);
	if (json_is(j, i, "retry")) {
		if (take_count(&count, j, v, 0, RETRIES_MAX, "retry", why))
			return -1;
		c->retries_max = (int)count;
		return 0;
	}
	return sqlopts_unknown(j, i, known, why);
}
