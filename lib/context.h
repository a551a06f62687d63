/*
 * context.h - the signed facts a gateway tells PostgreSQL: whose call this
 * is, and that an audit row is its own.
 *
 * Both are checked in the database by functions that alone can read the key
 * (secret_context_key()).  The token names the workspace and holds only in
 * the backend it was made for, for the login it was made for, and in
 * transactions that begin before it expires.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#include <stdint.h>

#include "enc.h"
#include "secret.h"

#define CONTEXT_TOKEN	(2 * (8 + UUID_LEN + SECRET_SHA256) + 1)

/* The value of the setting acdb.ctx: hexadecimal of
 *	expiry (int8, microseconds since 1970) | workspace | mac
 * with mac = HMAC('c' | pid (int4) | expiry | workspace | login). */
void	context_token(char out[CONTEXT_TOKEN], struct secret_mac *mac,
	    int32_t pid, int64_t expiry_us, const uint8_t workspace[UUID_LEN],
	    const char *login);

/* HMAC(domain | pid (int4) | id | workspace); domain 'a' for
 * acdb_api.audit(), 'w' for acdb_api.audit_if_written(). */
void	context_audit_mac(uint8_t out[SECRET_SHA256], struct secret_mac *mac,
	    char domain, int32_t pid, const uint8_t id[UUID_LEN],
	    const uint8_t workspace[UUID_LEN]);

#endif
