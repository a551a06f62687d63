/*
 * context.c - see context.h.  All integers are big-endian, as PostgreSQL's
 * send functions write them.
 */
#include <stdio.h>
#include <string.h>

#include "context.h"

#define LOGIN_MAX	64	/* NAMEDATALEN */

static uint8_t *
put(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		*p++ = (uint8_t)(v >> (8 * i));
	return p;
}

void
context_token(char out[CONTEXT_TOKEN], struct secret_mac *mac, int32_t pid,
    int64_t expiry_us, const uint8_t workspace[UUID_LEN], const char *login)
{
	uint8_t said[1 + 4 + 8 + UUID_LEN + LOGIN_MAX];
	uint8_t token[8 + UUID_LEN + SECRET_SHA256], *p = said;
	size_t n = strnlen(login, LOGIN_MAX);

	*p++ = 'c';
	p = put(p, (uint32_t)pid, 4);
	p = put(p, (uint64_t)expiry_us, 8);
	memcpy(p, workspace, UUID_LEN);
	memcpy(p + UUID_LEN, login, n);
	memcpy(token, p - 8, 8 + UUID_LEN);
	secret_mac(mac, token + 8 + UUID_LEN, said,
	    (size_t)(p - said) + UUID_LEN + n);
	enc_hex(out, token, sizeof(token));
}

void
context_audit_mac(uint8_t out[SECRET_SHA256], struct secret_mac *mac,
    char domain, int32_t pid, const uint8_t id[UUID_LEN],
    const uint8_t workspace[UUID_LEN])
{
	uint8_t said[1 + 4 + 2 * UUID_LEN], *p = said;

	*p++ = (uint8_t)domain;
	p = put(p, (uint32_t)pid, 4);
	memcpy(p, id, UUID_LEN);
	memcpy(p + UUID_LEN, workspace, UUID_LEN);
	secret_mac(mac, out, said, sizeof(said));
}
