/*
 * secret.c - see secret.h.  The only file that includes libcrypto.  Must
 * not know where a secret comes from or what is done with it.
 *
 * A digest that fails here (no memory, no provider) leaves nothing sensible
 * to go on with: a wrong MAC would be a wrong boundary.  So it aborts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "enc.h"
#include "secret.h"

#define BLOCK		64	/* of SHA-256: what HMAC pads its key to */
#define SCRAM_ROUNDS	4096	/* as PostgreSQL's own */

/*
 * HMAC (RFC 2104) as two digest states that have already taken the padded
 * key.  EVP_MAC would do, but fetches and parses parameters for each
 * message: several times the cost of the two blocks themselves.
 */
struct secret_mac {
	EVP_MD_CTX	*inner;		/* has taken key ^ ipad */
	EVP_MD_CTX	*outer;		/* has taken key ^ opad */
	EVP_MD_CTX	*work;
};

static void
must(int good)
{
	if (!good)
		abort();
}

void
secret_sha256(uint8_t out[SECRET_SHA256], const void *p, size_t n)
{
	must(EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL));
}

/* One of the two padded keys, as the first block of a digest. */
static void
take_key(EVP_MD_CTX *ctx, const uint8_t key[BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
	must(EVP_DigestUpdate(ctx, block, BLOCK));
	secret_wipe(block, BLOCK);
}

struct secret_mac *
secret_mac_new(const void *key, size_t nkey)
{
	struct secret_mac *m;
	uint8_t padded[BLOCK] = { 0 };

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return NULL;
	m->inner = EVP_MD_CTX_new();
	m->outer = EVP_MD_CTX_new();
	m->work = EVP_MD_CTX_new();
	if (m->inner == NULL || m->outer == NULL || m->work == NULL) {
		secret_mac_free(m);
		return NULL;
	}
	if (nkey > BLOCK)
		secret_sha256(padded, key, nkey);
	else if (nkey > 0)
		memcpy(padded, key, nkey);
	take_key(m->inner, padded, 0x36);
	take_key(m->outer, padded, 0x5c);
	secret_wipe(padded, BLOCK);
	return m;
}

void
secret_mac_free(struct secret_mac *m)
{
	if (m == NULL)
		return;
	EVP_MD_CTX_free(m->inner);
	EVP_MD_CTX_free(m->outer);
	EVP_MD_CTX_free(m->work);
	free(m);
}

/* A message in pieces: begin, any number of adds, end. */
static void
mac_begin(struct secret_mac *m)
{
	must(EVP_MD_CTX_copy_ex(m->work, m->inner));
}

static void
mac_add(struct secret_mac *m, const void *p, size_t n)
{
	must(EVP_DigestUpdate(m->work, p, n));
}

static void
mac_end(struct secret_mac *m, uint8_t out[SECRET_SHA256])
{
	must(EVP_DigestFinal_ex(m->work, out, NULL));
	must(EVP_MD_CTX_copy_ex(m->work, m->outer));
	must(EVP_DigestUpdate(m->work, out, SECRET_SHA256));
	must(EVP_DigestFinal_ex(m->work, out, NULL));
}

void
secret_mac(struct secret_mac *m, uint8_t out[SECRET_SHA256], const void *p,
    size_t n)
{
	mac_begin(m);
	mac_add(m, p, n);
	mac_end(m, out);
}

void
secret_hmac(uint8_t out[SECRET_SHA256], const void *key, size_t nkey,
    const void *p, size_t n)
{
	struct secret_mac *m = secret_mac_new(key, nkey);

	must(m != NULL);
	secret_mac(m, out, p, n);
	secret_mac_free(m);
}

/*
 * HKDF (RFC 5869) for exactly one block of output, which is all that is
 * asked for; info comes as two strings.
 */
static void
derive(uint8_t out[SECRET_SHA256], const char *password, const char *info,
    const char *subject)
{
	static const char salt[] = "agentcoopdb";
	static const uint8_t counter = 1;
	uint8_t prk[SECRET_SHA256];
	struct secret_mac *m;

	secret_hmac(prk, salt, sizeof(salt) - 1, password, strlen(password));
	m = secret_mac_new(prk, sizeof(prk));
	must(m != NULL);
	mac_begin(m);
	mac_add(m, info, strlen(info));
	mac_add(m, subject, strlen(subject));
	mac_add(m, &counter, 1);
	mac_end(m, out);
	secret_mac_free(m);
	secret_wipe(prk, sizeof(prk));
}

void
secret_context_key(uint8_t out[32], const char *password)
{
	derive(out, password, "acdb context key v1", "");
}

void
secret_login_password(char out[SECRET_LOGIN_PW], const char *password,
    const char *login)
{
	uint8_t key[SECRET_SHA256];

	derive(key, password, "acdb login v1:", login);
	enc_base64url(out, key, sizeof(key));
	secret_wipe(key, sizeof(key));
}

void
secret_scram(char out[SECRET_SCRAM], const char *password)
{
	uint8_t salt[SECRET_SCRAM_SALT];

	secret_random(salt, sizeof(salt));
	secret_scram_salted(out, password, salt);
}

/* RFC 5802 section 3 names the keys. */
void
secret_scram_salted(char out[SECRET_SCRAM], const char *password,
    const uint8_t salt[SECRET_SCRAM_SALT])
{
	uint8_t salted[32], client[32], stored[32], server[32];
	char salt64[25], stored64[45], server64[45];
	size_t len = strlen(password);

	must(len <= INT32_MAX);
	must(PKCS5_PBKDF2_HMAC(password, (int)len, salt, SECRET_SCRAM_SALT,
	    SCRAM_ROUNDS, EVP_sha256(), sizeof(salted), salted));
	secret_hmac(client, salted, sizeof(salted), "Client Key", 10);
	secret_sha256(stored, client, sizeof(client));
	secret_hmac(server, salted, sizeof(salted), "Server Key", 10);
	enc_base64(salt64, salt, SECRET_SCRAM_SALT);
	enc_base64(stored64, stored, sizeof(stored));
	enc_base64(server64, server, sizeof(server));
	snprintf(out, SECRET_SCRAM, "SCRAM-SHA-256$%d:%s$%s:%s", SCRAM_ROUNDS,
	    salt64, stored64, server64);
	secret_wipe(salted, sizeof(salted));
	secret_wipe(client, sizeof(client));
}

void
secret_random(void *p, size_t n)
{
	uint8_t *to = p;
	ssize_t got;

	for (; n > 0; n -= (size_t)got, to += got)
		if ((got = getrandom(to, n, 0)) == -1) {
			must(errno == EINTR);
			got = 0;
		}
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
