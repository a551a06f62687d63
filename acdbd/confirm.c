/*
 * confirm.c - see confirm.h.
 *
 * A token is base64url of when it ends (seconds since 1970, 8 bytes, big
 * endian) and the MAC, by the key that signs contexts and in a domain of its
 * own, of that, the API key, and what is to be run.
 */
#include <string.h>
#include <time.h>

#include "confirm.h"
#include "lib/enc.h"
#include "lib/secret.h"
#include "worker.h"

#define TTL_S		600
#define TOKEN_BYTES	(8 + SECRET_SHA256)
#define TOKEN_TEXT	54	/* characters of it */

static void
put_time(uint8_t out[8], int64_t t)
{
	for (int i = 7; i >= 0; i--, t >>= 8)
		out[i] = (uint8_t)t;
}

static int64_t
get_time(const uint8_t in[8])
{
	uint64_t t = 0;

	for (int i = 0; i < 8; i++)
		t = t << 8 | in[i];
	return (int64_t)t;
}

/* What the token is good for: the statements, and their parameters as they
 * were written. */
static void
hash_call(uint8_t out[SECRET_SHA256], const struct call *c)
{
	struct buf all;
	const char *p;
	size_t n;

	buf_init(&all, SIZE_MAX / 2);
	buf_add(&all, c->sha256, sizeof(c->sha256));
	for (int i = 0; i < c->nunits; i++) {
		buf_addf(&all, "\n%d:", i);
		if (c->unit[i].params == 0)
			continue;
		p = json_raw(&c->json, c->unit[i].params, &n);
		buf_add(&all, p, n);
	}
	p = buf_peek(&all, &n);
	secret_sha256(out, p, n);
	buf_fini(&all);
}

static void
make_token(uint8_t out[TOKEN_BYTES], const struct call *c, int64_t until)
{
	uint8_t text[1 + 8 + UUID_LEN + SECRET_SHA256] = { 'd' };

	put_time(out, until);
	memcpy(text + 1, out, 8);
	memcpy(text + 9, c->who.key_uuid, UUID_LEN);
	hash_call(text + 9 + UUID_LEN, c);
	secret_mac(c->w->mac, out + 8, text, sizeof(text));
}

/* Returns 1 when the token is good, 0 when it has ended, -1 when it never
 * was. */
static int
judge(const struct call *c)
{
	uint8_t given[TOKEN_TEXT], right[TOKEN_BYTES];
	size_t n;
	int64_t until;

	if (strlen(c->confirm) != TOKEN_TEXT || enc_unbase64url(given, &n,
	    c->confirm, TOKEN_TEXT) == -1 || n != TOKEN_BYTES)
		return -1;
	until = get_time(given);
	make_token(right, c, until);
	if (!secret_equal(given, right, TOKEN_BYTES))
		return -1;
	return (int64_t)time(NULL) <= until ? 1 : 0;
}

static int
refuse(const struct call *c, int at, const char *before, struct problem *why)
{
	uint8_t token[TOKEN_BYTES];
	char text[TOKEN_TEXT + 3];

	make_token(token, c, (int64_t)time(NULL) + TTL_S);
	enc_base64url(text, token, sizeof(token));
	problem_set(why, 409, "confirmation_required",
	    "%s%s destroys data: confirm it", before,
	    c->unit[at].stmt.command);
	why->confirm_token = strdup(text);
	why->tx = PROBLEM_TX_ROLLED_BACK;
	why->retryable = 0;
	if (c->batch)
		why->statement = at;
	return -1;
}

int
confirm_check(const struct call *c, struct problem *why)
{
	int at = 0;

	if (c->confirm == NULL || c->who.ungated || c->dry_run || c->read_only)
		return 0;
	while (at < c->nunits && !c->unit[at].stmt.destructive)
		at++;
	if (at == c->nunits)
		return 0;
	if (strcmp(c->confirm, "required") == 0)
		return refuse(c, at, "", why);
	switch (judge(c)) {
	case 1:
		return 0;
	case 0:
		return refuse(c, at, "the confirm_token has expired; ", why);
	}
	return refuse(c, at, "the confirm_token is not of this key, statement "
	    "and parameters; ", why);
}
