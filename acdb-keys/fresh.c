/*
 * fresh.c - see fresh.h.  The one place where a token is written.
 */
#include "fresh.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyobj.h"
#include "lib/enc.h"
#include "lib/exitcode.h"
#include "lib/secret.h"

#define KEY_MAX	((size_t)1 << 20)

int
fresh_open(struct fresh *f, const char *out, bool json)
{
	*f = (struct fresh){ .json = json };
	return sink_open(&f->sink, out);
}

void
fresh_generate(struct fresh *f, const char *env)
{
	uint8_t hash[SECRET_SHA256];
	struct apikey k;

	apikey_generate(&k, env);
	apikey_text(f->token, &k);
	apikey_hash(hash, &k);
	memcpy(f->key_id, k.id, sizeof(f->key_id));
	memcpy(f->hash, "\\x", 2);
	enc_hex(f->hash + 2, hash, sizeof(hash));
	secret_wipe(&k, sizeof(k));
}

/* In JSON the token stands where the rest does, unless it goes to a file. */
static int
give_json(struct fresh *f, const struct json *j, uint32_t i)
{
	bool filed = f->sink.path != NULL;
	struct sink out = { .fd = 1 };
	struct buf b;
	int rc = EXIT_LOCAL;

	buf_init(&b, KEY_MAX);
	keyobj_write(j, i, filed ? NULL : f->token, &b);
	if (buf_failed(&b) || buf_cstr(&b) == NULL)
		warnx("out of memory");
	else
		rc = sink_put(&out, buf_cstr(&b));
	if (rc == EXIT_OK && filed)
		rc = sink_put(&f->sink, f->token);
	buf_wipe(&b);
	return rc;
}

int
fresh_give(struct fresh *f, const char *key_json, size_t n)
{
	struct json j;
	uint32_t items, i = 0;
	int rc;

	if (!f->json)
		return sink_put(&f->sink, f->token);
	if (json_read(&j, key_json, n, NULL) != 0) {
		warnx("a key's description cannot be read");
		return EXIT_LOCAL;
	}
	if ((items = json_list(&j, 0, "items")) != 0)
		i = json_first(&j, items);
	rc = give_json(f, &j, i);
	json_fini(&j);
	return rc;
}

static int
take_text(const struct json *j, const char *member, char *out, size_t size)
{
	uint32_t v = json_member(j, 0, member);
	char *s;
	int rc = -1;

	if (v == 0 || j->tok[v].type != JSON_STRING ||
	    (s = json_strdup(j, v)) == NULL)
		return -1;
	if (strlen(s) < size) {
		memcpy(out, s, strlen(s) + 1);
		rc = 0;
	}
	secret_wipe(s, strlen(s));
	free(s);
	return rc;
}

/* Whether what was taken is a token, and its id. */
static int
check_token(const struct fresh *f)
{
	struct apikey k;
	int rc = apikey_parse(&k, f->token, strlen(f->token));

	if (rc == 0 && strcmp(k.id, f->key_id) != 0)
		rc = -1;
	secret_wipe(&k, sizeof(k));
	return rc;
}

int
fresh_take(struct fresh *f, const char *answer, size_t n)
{
	struct json j;
	int rc = -1;

	if (json_read(&j, answer, n, NULL) == 0) {
		rc = take_text(&j, "token", f->token, sizeof(f->token));
		if (rc == 0)
			rc = take_text(&j, "new_key_id", f->key_id,
			    sizeof(f->key_id));
		if (rc == 0)
			rc = check_token(f);
		json_fini(&j);
	}
	if (rc == 0)
		return EXIT_OK;
	warnx("a key was made, but the gateway's answer has no token in it");
	return EXIT_REFUSED;
}

int
fresh_close(struct fresh *f, int rc)
{
	sink_close(&f->sink, rc == EXIT_OK || rc == EXIT_UNKNOWN);
	secret_wipe(f->token, sizeof(f->token));
	return rc;
}

int
fresh_commit(struct fresh *f, struct db *db, const char *uuid)
{
	struct buf b;
	const char *text;
	size_t n;
	int rc;

	buf_init(&b, KEY_MAX);
	rc = db_keys(db, uuid, NULL, true, &b);
	text = buf_peek(&b, &n);
	/* Out first: a token that nobody got must not open anything. */
	if (rc == EXIT_OK)
		rc = fresh_give(f, text, n);
	if (rc == EXIT_OK && (rc = db_commit(db)) != EXIT_OK)
		warnx("the token must not be relied on");
	buf_fini(&b);
	return rc;
}
