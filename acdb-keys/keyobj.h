/*
 * keyobj.h - a key as JSON, as the database and the gateway both describe
 * it, and its forms for scripts and for people.
 *
 * The JSON form has the same members in the same order always; what is not
 * known is null.
 */
#ifndef KEYOBJ_H
#define KEYOBJ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/json.h"

/* Append the key at i; a token (NULL: no such member) comes first. */
void	keyobj_write(const struct json *j, uint32_t i, const char *token,
	    struct buf *out);

/* Append an array of the n keys at the indexes. */
void	keyobj_list(const struct json *j, const uint32_t *i, size_t n,
	    struct buf *out);

/* Whether it opens anything: not revoked, expired or archived. */
bool	keyobj_in_force(const struct json *j, uint32_t i);

/* Columns for people, with a head line; and one key, a line a member. */
void	keyobj_table(const struct json *j, const uint32_t *i, size_t n,
	    FILE *out);
void	keyobj_show(const struct json *j, uint32_t i, FILE *out);

#endif
