/*
 * secret.h - the cryptography of the product, over libcrypto.
 *
 * Everything that derives from the gateway's password derives here, so that
 * the server, the migrator and the key tool cannot disagree:
 *
 *	context key	HKDF(password, "acdb context key v1")   32 bytes
 *	login password	HKDF(password, "acdb login v1:" login)  as 43
 *			characters of base64url
 *
 * (HKDF-SHA-256, RFC 5869, salt "agentcoopdb".)
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define SECRET_SHA256		32
#define SECRET_LOGIN_PW		44	/* 43 characters and a NUL */
#define SECRET_SCRAM		160	/* a verifier and a NUL */
#define SECRET_SCRAM_SALT	16	/* as PostgreSQL's own */

void	secret_sha256(uint8_t out[SECRET_SHA256], const void *p, size_t n);
void	secret_hmac(uint8_t out[SECRET_SHA256], const void *key, size_t nkey,
	    const void *p, size_t n);

/* A key prepared once, used for many short messages (about a third of a
 * microsecond each).  NULL when memory is out. */
struct secret_mac;
struct secret_mac *secret_mac_new(const void *key, size_t nkey);
void	secret_mac_free(struct secret_mac *m);
void	secret_mac(struct secret_mac *m, uint8_t out[SECRET_SHA256],
	    const void *p, size_t n);

/* Derivations of the table above. */
void	secret_context_key(uint8_t out[32], const char *password);
void	secret_login_password(char out[SECRET_LOGIN_PW], const char *password,
	    const char *login);

/* PostgreSQL's stored form of a password:
 * SCRAM-SHA-256$4096:salt$StoredKey:ServerKey (RFC 5803), random salt.  The
 * password is ASCII. */
void	secret_scram(char out[SECRET_SCRAM], const char *password);
/* The same for a given salt. */
void	secret_scram_salted(char out[SECRET_SCRAM], const char *password,
	    const uint8_t salt[SECRET_SCRAM_SALT]);

/* Cryptographically strong bytes; aborts where the system has none. */
void	secret_random(void *p, size_t n);

/* Whether n bytes are equal, in time that does not depend on them. */
bool	secret_equal(const void *a, const void *b, size_t n);

void	secret_wipe(void *p, size_t n);

#endif
