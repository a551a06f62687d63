/*
 * keysapi.c - the stories about keys: GET /v1/me, POST /v1/auth/keys and
 * POST /v1/auth/keys/rotate.
 *
 * A token is made here, told once and stored only as a hash.  The database's
 * acdb_api.key_* functions decide what may be minted.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "asking.h"
#include "attach.h"
#include "audit.h"
#include "call.h"
#include "keys.h"
#include "lib/json.h"
#include "lib/secret.h"
#include "lib/units.h"
#include "lib/version.h"
#include "sqlreq.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

#define TEXT_MAX	256	/* a key's name, a role, a duration */
#define ALLOW_MAX	4096	/* an address list as an array literal */

static const char notice[] =
    "Store this token now: it is shown only this once.";

/* What a body may ask of a new key; empty strings where it does not. */
struct wish {
	char	role[TEXT_MAX], name[TEXT_MAX], env[TEXT_MAX],
		workspace[TEXT_MAX], expires_in[TEXT_MAX], rate[TEXT_MAX],
		burst[TEXT_MAX], allow_from[ALLOW_MAX];
	bool	has_name, read_only, ungated;
};

struct fresh {			/* a key being made */
	struct apikey	key;
	struct wish	wish;
	bool		attaching, attached, minting_again;	/* its role
					 * is new to us */
};

static void
put_new_key(struct req *r, const struct apikey *key, int status)
{
	struct buf *out = &r->answer.body;
	char token[APIKEY_TEXT];

	apikey_text(token, key);
	buf_adds(out, "{\"new_key_id\":");
	json_put_cstr(out, key->id);
	buf_adds(out, ",\"token\":");
	json_put_cstr(out, token);
	buf_adds(out, ",\"notice\":");
	json_put_cstr(out, notice);
	buf_adds(out, "}");
	secret_wipe(token, sizeof(token));
	r->answer.status = status;
	r->answer.type = "application/json";
}

static void
hash_text(char out[2 * SECRET_SHA256 + 3], const struct apikey *key)
{
	uint8_t hash[SECRET_SHA256];

	apikey_hash(hash, key);
	memcpy(out, "\\x", 2);
	enc_hex(out + 2, hash, sizeof(hash));
}

/* GET /v1/me */

static enum verdict
step_me(struct req *r)
{
	struct buf *out = &r->answer.body;

	buf_addf(out, "{\"workspace_id\":\"%s\",\"key_id\":",
	    r->who.workspace_text);
	json_put_cstr(out, r->who.key_id);
	buf_adds(out, ",\"role\":");
	json_put_cstr(out, r->who.role);
	buf_adds(out, ",\"env\":");
	json_put_cstr(out, r->who.env);
	buf_addf(out, ",\"read_only\":%s,\"server\":{\"version\":\"%s\","
	    "\"commit\":\"%s\",\"build_date\":\"%s\"}}",
	    r->who.read_only ? "true" : "false", version_number,
	    version_commit, version_build_date);
	r->answer.status = 200;
	r->answer.type = "application/json";
	return STEP_NEXT;
}

/* POST /v1/auth/keys */

static int
take_text(char *out, size_t size, const struct json *j, uint32_t i,
    const char *name, struct problem *why)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, size - 1);
	if (j->tok[i].type == JSON_NUMBER) {
		size_t n;
		const char *raw = json_raw(j, i, &n);

		buf_add(&text, raw, n);
	} else if (j->tok[i].type != JSON_STRING ||
	    json_str(j, i, &text) == -1)
		rc = -1;
	if (rc == 0 && !buf_failed(&text) && buf_len(&text) > 0)
		memcpy(out, buf_cstr(&text), buf_len(&text) + 1);
	else
		rc = problem_set(why, 400, "invalid_json",
		    "\"%s\" must be a non-empty string of at most %zu bytes",
		    name, size - 1);
	buf_fini(&text);
	return rc;
}

/* ["10.0.0.0/8", ...] as the literal {"10.0.0.0/8",...}. */
static int
take_networks(char out[ALLOW_MAX], const struct json *j, uint32_t i,
    struct problem *why)
{
	char one[64];
	size_t n = 0;

	if (j->tok[i].type != JSON_ARRAY)
		return problem_set(why, 400, "invalid_json",
		    "\"allow_from\" must be an array of networks");
	out[n++] = '{';
	for (uint32_t c = json_first(j, i); c != 0; c = json_next(j, i, c)) {
		if (take_text(one, sizeof(one), j, c, "allow_from", why))
			return -1;
		if (n + strlen(one) + 3 > ALLOW_MAX ||
		    strspn(one, "0123456789abcdefABCDEF.:/") != strlen(one))
			return problem_set(why, 400, "invalid_input",
			    "\"%s\" in \"allow_from\" is not a network", one);
		if (n > 1)
			out[n++] = ',';
		memcpy(out + n, one, strlen(one));
		n += strlen(one);
	}
	memcpy(out + n, "}", 2);
	return 0;
}

static int
take_member(struct wish *w, const struct json *j, uint32_t i,
    struct problem *why)
{
	/* Published clients send "" for what their user did not name. */
	const struct { const char *name; char *to; bool empty; } texts[] = {
		{ "pg_role", w->role, false }, { "name", w->name, true },
		{ "env", w->env, true }, { "workspace_id", w->workspace, true },
		{ "expires_in", w->expires_in, false },
		{ "rate_per_second", w->rate, false },
		{ "rate_burst", w->burst, false },
	};
	const struct { const char *name; bool *to; } flags[] = {
		{ "read_only", &w->read_only }, { "ungated", &w->ungated },
	};
	uint32_t v = i + 1;
	char unknown[64] = "";
	bool flag = false;

	if (j->tok[v].type == JSON_NULL)
		return 0;
	for (size_t k = 0; k < NELEM(texts); k++)
		if (json_is(j, i, texts[k].name))
			return texts[k].empty && json_is(j, v, "") ? 0 :
			    take_text(texts[k].to, TEXT_MAX, j, v,
			    texts[k].name, why);
	if (json_is(j, i, "allow_from"))
		return take_networks(w->allow_from, j, v, why);
	for (size_t k = 0; k < NELEM(flags); k++)
		if ((flag = json_is(j, i, flags[k].name)) &&
		    (j->tok[v].type == JSON_TRUE ||
		    j->tok[v].type == JSON_FALSE)) {
			*flags[k].to = j->tok[v].type == JSON_TRUE;
			return 0;
		} else if (flag)
			break;
	if (take_text(unknown, sizeof(unknown), j, i, "member", why) == -1)
		return -1;
	return problem_set(why, 400, "invalid_json", flag ?
	    "\"%s\" must be true or false" : "unknown member \"%s\": known "
	    "are pg_role, name, env, workspace_id, expires_in, "
	    "rate_per_second, rate_burst, allow_from, read_only, ungated",
	    unknown);
}

static int
read_wish(struct wish *w, const struct req *r, struct problem *why)
{
	struct json j;
	size_t n;
	const char *p = buf_peek(&r->body, &n);
	int64_t ms;
	double number;
	int rc = 0;

	if (sqlreq_content_type(r, why) == -1 ||
	    sqlreq_object(&j, p, n, why) == -1)
		return -1;
	for (uint32_t i = json_first(&j, 0); i != 0 && rc == 0;
	    i = json_next(&j, 0, i + 1))
		rc = take_member(w, &j, i, why);
	json_fini(&j);
	if (rc == -1)
		return -1;
	if (w->role[0] == '\0')
		return problem_set(why, 400, "invalid_json",
		    "\"pg_role\" is missing");
	if (w->env[0] != '\0' && !apikey_env_valid(w->env))
		return problem_set(why, 400, "invalid_input",
		    "\"env\" must be dev, live or test");
	if (w->workspace[0] != '\0' &&
	    strcasecmp(w->workspace, r->who.workspace_text) != 0)
		return problem_set(why, 403, "permission_denied",
		    "a key can only be minted for the caller's own "
		    "workspace");
	if (w->expires_in[0] != '\0' &&
	    (units_duration(w->expires_in, &ms) == -1 || ms <= 0))
		return problem_set(why, 400, "invalid_input",
		    "\"expires_in\" must be a duration such as 90d, 24h or "
		    "1h30m");
	if ((w->rate[0] != '\0' && units_number(w->rate, &number) == -1) ||
	    (w->burst[0] != '\0' && units_number(w->burst, &number) == -1))
		return problem_set(why, 400, "invalid_input",
		    "\"rate_per_second\" and \"rate_burst\" must be numbers, "
		    "0 for no limit");
	return 0;
}

static const char mint_sql[] =
    "SELECT acdb_api.key_mint($1::uuid, $2, $3::bytea, $4, $5, $6,"
    " pg_catalog.now() + $7::int8 * interval '1 millisecond', $8::bool,"
    " $9::float8, $10::float8, $11::cidr[], $12::uuid, $13::bool)";

/* Whether the role was refused for want of a login, which can be made. */
static bool
attachable(struct req *r, struct fresh *f)
{
	if (f->attached || r->why.status == 0 ||
	    strcmp(r->why.title, "invalid_role") != 0 ||
	    !attach_possible(f->wish.role))
		return false;
	problem_fini(&r->why);
	problem_init(&r->why);
	f->attaching = true;
	return true;
}

static enum verdict
step_mint(struct req *r)
{
	struct asking *a = asking_of(r, sizeof(struct fresh));
	struct fresh *f = a == NULL ? NULL : a->more;
	char hash[2 * SECRET_SHA256 + 3], by[UUID_TEXT], ms[24];
	int64_t expires;

	if (f == NULL)
		return STEP_REFUSE;
	if (a->answered) {
		if (!f->attaching && attachable(r, f))
			return STEP_NEXT;
		if (r->why.status != 0)
			return STEP_REFUSE;
		put_new_key(r, &f->key, 201);
		return STEP_NEXT;
	}
	if (!f->attached && read_wish(&f->wish, r, &r->why) == -1)
		return STEP_REFUSE;
	apikey_generate(&f->key, f->wish.env[0] != '\0' ? f->wish.env :
	    r->who.env);
	hash_text(hash, &f->key);
	uuid_text(by, r->who.key_uuid);
	if (f->wish.expires_in[0] != '\0' &&
	    units_duration(f->wish.expires_in, &expires) == 0)
		snprintf(ms, sizeof(ms), "%lld", (long long)expires);
#define OR_NULL(s)	((s)[0] != '\0' ? (s) : NULL)
	const char *params[13] = { r->who.workspace_text, f->key.id, hash,
	    f->key.env, f->wish.role, OR_NULL(f->wish.name),
	    f->wish.expires_in[0] != '\0' ? ms : NULL,
	    f->wish.read_only ? "t" : "f", OR_NULL(f->wish.rate),
	    OR_NULL(f->wish.burst), OR_NULL(f->wish.allow_from), by,
	    f->wish.ungated ? "t" : "f" };
#undef OR_NULL
	return asking_send(r, mint_sql, NELEM(params), params);
}

/* That the caller may not give the role away is the caller's to know. */
static enum verdict
refuse_grant(struct req *r, enum verdict v)
{
	if (v != STEP_REFUSE)
		return v;
	if (r->why.status == 403 || r->why.status == 400) {
		char *detail = r->why.detail;

		r->why.detail = NULL;
		problem_set(&r->why, 400, "invalid_role",
		    "keys cannot be minted for this role: %s",
		    detail == NULL ? "" : detail);
		free(detail);
	}
	attach_end(r);
	return STEP_REFUSE;
}

/*
 * A role that is new: the caller's session gives it to the administrator of
 * the logins ("grant"), who makes its login ("attach"); then once more
 * ("mint again").
 */
static enum verdict
step_grant(struct req *r)
{
	struct asking *a = r->state;
	struct fresh *f;
	enum verdict v;

	if (r->aside == NULL) {
		f = a->more;
		if (!f->attaching)
			return STEP_NEXT;
		if (attach_begin(r, f->wish.role) == -1)
			return STEP_REFUSE;
	}
	if (((struct call *)r->state)->c == NULL &&
	    !((struct call *)r->state)->over)
		if ((v = step_connect(r)) != STEP_NEXT)
			return refuse_grant(r, v);
	if ((v = step_run(r)) != STEP_NEXT)
		return refuse_grant(r, v);
	attach_end(r);
	return STEP_NEXT;
}

static enum verdict
step_attach(struct req *r)
{
	struct asking *a = r->state;
	struct fresh *f = a->more;
	char scram[SECRET_SCRAM];
	const char *params[2] = { f->wish.role, scram };
	enum verdict v;

	if (!f->attaching)
		return STEP_NEXT;
	if (f->attached) {		/* woken */
		if (r->why.status != 0)
			return STEP_REFUSE;
		return STEP_NEXT;
	}
	f->attached = true;
	attach_verifier(r, f->wish.role, scram);
	v = asking_again(r, attach_sql, 2, params);
	secret_wipe(scram, sizeof(scram));
	return v;
}

static enum verdict
step_mint_again(struct req *r)
{
	struct asking *a = r->state;
	struct fresh *f = a->more;

	if (!f->attaching)
		return STEP_NEXT;
	if (!f->minting_again) {
		f->minting_again = true;
		a->answered = false;
		free(a->text);
		a->text = NULL;
	}
	return step_mint(r);
}

/* POST /v1/auth/keys/rotate */

static const char rotate_sql[] =
    "SELECT acdb_api.key_rotate($1::uuid, $2, $3::bytea,"
    " $4::int8 * interval '1 millisecond')";

static enum verdict
step_rotate(struct req *r)
{
	struct asking *a = asking_of(r, sizeof(struct fresh));
	struct fresh *f = a == NULL ? NULL : a->more;
	char hash[2 * SECRET_SHA256 + 3], id[UUID_TEXT], overlap[24];

	if (f == NULL)
		return STEP_REFUSE;
	if (a->answered) {
		if (r->why.status != 0)
			return STEP_REFUSE;
		put_new_key(r, &f->key, 200);
		return STEP_NEXT;
	}
	apikey_generate(&f->key, r->who.env);
	hash_text(hash, &f->key);
	uuid_text(id, r->who.key_uuid);
	snprintf(overlap, sizeof(overlap), "%lld",
	    (long long)r->w->conf->key_rotate_overlap);
	const char *params[4] = { id, f->key.id, hash, overlap };

	return asking_send(r, rotate_sql, 4, params);
}

static void
mint_end(struct req *r)
{
	attach_end(r);
	asking_end(r);
}

static const struct step me_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "me", step_me, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

static const struct step mint_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin, false },
	{ "body", step_body, false },
	{ "mint", step_mint, false },
	{ "grant", step_grant, false },
	{ "attach", step_attach, false },
	{ "mint again", step_mint_again, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

static const struct step rotate_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "body", step_body, false },
	{ "rotate", step_rotate, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_me = { me_steps, NULL };
const struct story story_mint = { mint_steps, mint_end };
const struct story story_rotate = { rotate_steps, asking_end };
