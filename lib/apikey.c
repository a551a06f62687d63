/*
 * apikey.c - see apikey.h.  Knows the form of a key, not whose it is.
 */
#include <stdio.h>
#include <string.h>

#include "apikey.h"
#include "enc.h"
#include "secret.h"

#define PREFIX		"acd_"
#define ID_BYTES	(APIKEY_ID / 4 * 3)
#define SECRET_BYTES	(APIKEY_SECRET / 4 * 3)

static const char *const envs[] = { "dev", "live", "test" };

int
apikey_env_valid(const char *s)
{
	for (size_t i = 0; i < NELEM(envs); i++)
		if (strcmp(s, envs[i]) == 0)
			return 1;
	return 0;
}

/* The known env that the n characters at s begin with, '_' behind it. */
static const char *
find_env(const char *s, size_t n)
{
	size_t len;

	for (size_t i = 0; i < NELEM(envs); i++) {
		len = strlen(envs[i]);
		if (n > len && memcmp(s, envs[i], len) == 0 && s[len] == '_')
			return envs[i];
	}
	return NULL;
}

static int
is_base64url(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '_'))
			return 0;
	return 1;
}

int
apikey_parse(struct apikey *k, const char *s, size_t n)
{
	const char *env;
	size_t len;

	len = strlen(PREFIX);
	if (n < len || memcmp(s, PREFIX, len) != 0)
		return -1;
	s += len;
	n -= len;
	if ((env = find_env(s, n)) == NULL)
		return -1;
	len = strlen(env) + 1;
	s += len;
	n -= len;
	if (n != APIKEY_ID + 1 + APIKEY_SECRET || s[APIKEY_ID] != '_' ||
	    !is_base64url(s, APIKEY_ID) ||
	    !is_base64url(s + APIKEY_ID + 1, APIKEY_SECRET))
		return -1;
	memset(k, 0, sizeof(*k));
	memcpy(k->env, env, strlen(env));
	memcpy(k->id, s, APIKEY_ID);
	memcpy(k->secret, s + APIKEY_ID + 1, APIKEY_SECRET);
	return 0;
}

void
apikey_generate(struct apikey *k, const char *env)
{
	uint8_t id[ID_BYTES], secret[SECRET_BYTES];

	do {
		secret_random(id, sizeof(id));
		enc_base64url(k->id, id, sizeof(id));
	} while (k->id[0] == '-');
	secret_random(secret, sizeof(secret));
	snprintf(k->env, sizeof(k->env), "%s", env);
	enc_base64url(k->secret, secret, sizeof(secret));
	secret_wipe(secret, sizeof(secret));
}

void
apikey_text(char out[APIKEY_TEXT], const struct apikey *k)
{
	snprintf(out, APIKEY_TEXT, PREFIX "%s_%s_%s", k->env, k->id, k->secret);
}

void
apikey_hash(uint8_t out[32], const struct apikey *k)
{
	secret_sha256(out, k->secret, APIKEY_SECRET);
}
