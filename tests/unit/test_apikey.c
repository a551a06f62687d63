/*
 * API keys: parsed by position, written as read, random, hashed.
 */
#include "lib/apikey.h"
#include "lib/enc.h"
#include "tap.h"

/* Underscores everywhere that base64url may have them. */
#define ID	"_a_-____________"
#define SECRET	"__b_____________-______________z"

static int
parse(struct apikey *k, const char *s, size_t n)
{
	return apikey_parse(k, tap_guarded(s, n), n);
}

static void
read_and_write(const char *env)
{
	char token[APIKEY_TEXT], text[APIKEY_TEXT];
	struct apikey k;
	size_t n, bad = 0;

	n = (size_t)snprintf(token, sizeof(token), "acd_%s_" ID "_" SECRET,
	    env);
	ok(parse(&k, token, n) == 0, "a key of env %s", env);
	is_str(k.env, env, "its env");
	is_str(k.id, ID, "its id");
	is_str(k.secret, SECRET, "its secret");
	apikey_text(text, &k);
	is_str(text, token, "written as it was read");
	for (size_t cut = 0; cut < n; cut++)
		bad += parse(&k, token, cut) == 0;
	ok(bad == 0, "no prefix of it is a key");
	ok(parse(&k, token, n + 1) == -1, "nor with a NUL behind it");
	/* At every place: what is no digit is refused. */
	for (size_t i = 0; i < n; i++) {
		char c = token[i];

		token[i] = i % 3 == 0 ? '\0' : i % 3 == 1 ? '=' : '+';
		bad += parse(&k, token, n) == 0;
		token[i] = c;
	}
	ok(bad == 0, "nor with a wrong character anywhere");
}

static void
refusals(void)
{
	static const char *const bad[] = {
		"", "acd_", "acd_dev", "acd_dev_", "Bearer acd_dev_",
		"ACD_dev_" ID "_" SECRET, "acd_DEV_" ID "_" SECRET,
		"acd_prod_" ID "_" SECRET, "acd__" ID "_" SECRET,
		"acd_de_" ID "_" SECRET, "acd_devx_" ID "_" SECRET,
		"acd_dev_" ID "-" SECRET, "acd_dev_" ID "_" SECRET "_",
		" acd_dev_" ID "_" SECRET, "acd_dev_" ID "_" SECRET "\n",
		"acd-dev_" ID "_" SECRET, "acd_dev-" ID "_" SECRET,
	};
	struct apikey k;

	for (size_t i = 0; i < NELEM(bad); i++)
		ok(parse(&k, bad[i], strlen(bad[i])) == -1, "not a key: '%s'",
		    bad[i]);
	ok(apikey_env_valid("dev") && apikey_env_valid("live") &&
	    apikey_env_valid("test"), "the three envs");
	ok(!apikey_env_valid("") && !apikey_env_valid("Dev") &&
	    !apikey_env_valid("devel") && !apikey_env_valid("de"),
	    "and no other");
}

static void
generation(void)
{
	struct apikey a, b, k;
	char text[APIKEY_TEXT];
	uint8_t hash[32], bytes[APIKEY_SECRET];
	char hex[65];
	size_t n;

	apikey_generate(&a, "live");
	apikey_generate(&b, "live");
	ok(strcmp(a.id, b.id) != 0 && strcmp(a.secret, b.secret) != 0,
	    "two keys differ");
	apikey_text(text, &a);
	ok(strlen(text) == 5 + 4 + APIKEY_ID + 1 + APIKEY_SECRET,
	    "a token is as long as its parts");
	ok(parse(&k, text, strlen(text)) == 0 && strcmp(k.id, a.id) == 0 &&
	    strcmp(k.secret, a.secret) == 0, "a new key is read");
	ok(enc_unbase64url(bytes, &n, a.secret, APIKEY_SECRET) == 0 &&
	    n == 24, "its secret is 24 bytes");
	snprintf(k.secret, sizeof(k.secret), "%s",
	    "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
	apikey_hash(hash, &k);
	enc_hex(hex, hash, sizeof(hash));
	is_str(hex, "425ed4e4a36b30ea21b90e21c712c649"
	    "e8214c29b7eaf68089d1039c6e55384c", "it is hashed as text");
	for (n = 0; n < 2000 && k.id[0] != '-'; n++)
		apikey_generate(&k, "dev");
	ok(n == 2000, "no id looks like an option");
}

int
main(void)
{
	read_and_write("dev");
	read_and_write("live");
	read_and_write("test");
	refusals();
	generation();
	return done();
}
