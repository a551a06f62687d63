/*
 * apikey.h - the form of an API key: acd_<env>_<id>_<secret>.
 *
 * env is dev, live or test; id is 16 and secret 32 characters of base64url
 * (12 and 24 random bytes).  Parsed by position: base64url contains '_'.
 */
#ifndef APIKEY_H
#define APIKEY_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define APIKEY_ID	16
#define APIKEY_SECRET	32
#define APIKEY_TEXT	64		/* longest token and a NUL */

struct apikey {
	char	env[5];
	char	id[APIKEY_ID + 1];
	char	secret[APIKEY_SECRET + 1];
};

/* Returns 0, or -1 where the n characters are not of the form. */
int	apikey_parse(struct apikey *k, const char *s, size_t n) MUST_CHECK;

/* A new random key for env ("dev", "live", "test").  Its id does not begin
 * with '-', which a command would take for an option. */
void	apikey_generate(struct apikey *k, const char *env);
void	apikey_text(char out[APIKEY_TEXT], const struct apikey *k);

/* What is stored of the secret: SHA-256 of its 32 characters.  At 192
 * random bits a memory-hard hash buys nothing and would be a denial of
 * service. */
void	apikey_hash(uint8_t out[32], const struct apikey *k);

/* Whether s is an env a key may have. */
int	apikey_env_valid(const char *s);

#endif
