/*
 * schema.c - the story of GET /v1/schema: a read of ours in the role of the
 * caller, answered as the document it is, with an ETag.
 */
#include <string.h>

#include "audit.h"
#include "call.h"
#include "keys.h"
#include "lib/enc.h"
#include "lib/secret.h"
#include "schema.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

#define TEXT_MAX	256	/* bytes of a schema's name or a pattern */
#define ETAG_BYTES	16	/* of the hash */

static enum verdict
refuse(struct req *r, const char *detail)
{
	problem_set(&r->why, 400, "invalid_input", "%s", detail);
	return STEP_REFUSE;
}

/* As LIKE has it; "*" and "?" are its "%" and "_". */
static void
write_pattern(char *out, const char *pattern)
{
	for (; *pattern != '\0'; pattern++)
		*out++ = *pattern == '*' ? '%' : *pattern == '?' ? '_' :
		    *pattern;
	*out = '\0';
}

static void
put_text(struct buf *out, const char *text, bool there)
{
	if (there)
		json_put_cstr(out, text);
	else
		buf_adds(out, "null");
	buf_addc(out, ',');
}

/* The parameters as a call has them: an array within an array. */
static int
set_params(struct call *c, const char *schema, const char *pattern,
    const char *detail, bool estimates)
{
	struct buf text;
	size_t n;

	buf_init(&text, 8192);
	buf_adds(&text, "[[");
	put_text(&text, schema, schema != NULL);
	put_text(&text, pattern, pattern != NULL);
	put_text(&text, detail, true);
	buf_adds(&text, estimates ? "\"t\"]]" : "\"f\"]]");
	if (!buf_failed(&text))
		c->json_text = buf_take(&text, &n);
	buf_fini(&text);
	if (c->json_text == NULL ||
	    json_read(&c->json, c->json_text, n, NULL) == -1)
		return -1;
	c->has_json = true;
	c->unit[0].params = 1;
	c->unit[0].nparams = 4;
	return 0;
}

/* Neither a plan that was kept from when there were few tables, nor one by
 * statistics from then: joins of thousands by loops take their square. */
static int
steer_planner(struct call *c)
{
	static const char *const settings[][2] = {
		{ "plan_cache_mode", "force_custom_plan" },
		{ "enable_nestloop", "off" },
	};

	for (size_t i = 0; i < NELEM(settings); i++) {
		struct call_setting *s = &c->settings[c->nsettings++];

		s->name = strdup(settings[i][0]);
		s->value = strdup(settings[i][1]);
		if (s->name == NULL || s->value == NULL)
			return -1;
	}
	return 0;
}

static int
make_call(struct req *r, const char *schema, const char *pattern,
    const char *detail)
{
	struct call *c = call_new(r, "/v1/schema");
	/* Strict hardening hides from tenants how much others have. */
	bool estimates = r->w->conf->hardening != HARDENING_STRICT ||
	    strcmp(r->who.role, "dbadmin") == 0;

	struct buf sql;

	r->state = c;
	if (c == NULL || call_units(c, 1) == -1)
		return problem_internal(&r->why);
	buf_init(&sql, 65536);
	schema_sql(&sql);
	c->unit[0].sql = buf_take(&sql, &c->unit[0].sql_len);
	buf_fini(&sql);
	if (c->unit[0].sql == NULL)
		return problem_internal(&r->why);
	c->form = CALL_DOCUMENT;
	c->read_only = true;
	if (steer_planner(c) == -1 ||
	    set_params(c, schema, pattern, detail, estimates) == -1)
		return problem_internal(&r->why);
	return call_check(c, &r->why);
}

/* "parse": of what, and how much?  From here on r->state is the call. */
static enum verdict
step_parse(struct req *r)
{
	char schema[TEXT_MAX], pattern[TEXT_MAX], like[TEXT_MAX], detail[16];
	int has_schema = http_query(&r->head, "schema", schema,
	    sizeof(schema));
	int has_pattern = http_query(&r->head, "pattern", pattern,
	    sizeof(pattern));
	int has_detail = http_query(&r->head, "detail", detail,
	    sizeof(detail));

	if (has_detail == 0)
		snprintf(detail, sizeof(detail), "summary");
	if (has_detail == -1 || (strcmp(detail, "names") != 0 &&
	    strcmp(detail, "summary") != 0 && strcmp(detail, "full") != 0))
		return refuse(r, "\"detail\" is names, summary or full");
	if (has_schema == -1 || has_pattern == -1 ||
	    !json_utf8_valid(schema, has_schema == 1 ? strlen(schema) : 0) ||
	    !json_utf8_valid(pattern, has_pattern == 1 ? strlen(pattern) : 0))
		return refuse(r, "\"schema\" is the name of one, \"pattern\" "
		    "is of names, with * and ?");
	write_pattern(like, has_pattern == 1 ? pattern : "");
	if (make_call(r, has_schema == 1 && schema[0] != '\0' ? schema : NULL,
	    like[0] != '\0' ? like : NULL, detail) == -1)
		return STEP_REFUSE;
	snprintf(r->command, sizeof(r->command), "SCHEMA");
	return STEP_NEXT;
}

/* Whether the client has the document of that tag (RFC 9110 13.1.2). */
static bool
has_it(const struct req *r, const char *etag)
{
	char weak[2 * ETAG_BYTES + 8];

	snprintf(weak, sizeof(weak), "W/%s", etag);
	return http_header_has(&r->head, "if-none-match", etag) ||
	    http_header_has(&r->head, "if-none-match", weak) ||
	    http_header_has(&r->head, "if-none-match", "*");
}

/* "tag": the document's ETag is its hash. */
static enum verdict
step_tag(struct req *r)
{
	uint8_t hash[SECRET_SHA256];
	char hex[2 * ETAG_BYTES + 1], etag[2 * ETAG_BYTES + 3];
	const char *p;
	size_t n;

	p = buf_peek(&r->answer.body, &n);
	secret_sha256(hash, p, n);
	enc_hex(hex, hash, ETAG_BYTES);
	snprintf(etag, sizeof(etag), "\"%s\"", hex);
	req_header(r, "ETag", "%s", etag);
	r->answer.tagged = true;
	if (has_it(r, etag)) {
		buf_clear(&r->answer.body);
		r->answer.status = 304;
		r->answer.type = NULL;
	}
	return STEP_NEXT;
}

static const struct step steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "parse", step_parse, false },
	{ "connect", step_connect, false },
	{ "run", step_run, false },
	{ "tag", step_tag, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_schema = { steps, execute_end };
