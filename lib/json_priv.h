/*
 * json_priv.h - what the files of the JSON reader share among themselves.
 * Nobody else includes it.
 */
#ifndef JSON_PRIV_H
#define JSON_PRIV_H

#include <stdint.h>

#include "json.h"

/* The bytes of a string token that json_read() has accepted, one by one,
 * escapes resolved.  Borrows the text. */
struct json_chars {
	const char	*p, *end;
	char		 rest[4];	/* of an escape that is several bytes */
	unsigned	 nrest;
};

void	json_chars_init(struct json_chars *c, const struct json *j,
	    uint32_t i);
/* The next byte, or -1 behind the last. */
int	json_chars_next(struct json_chars *c);

/* The first name of the object at i that stands there a second time: *name
 * is its token, 0 where all differ.  *seed is 0 before the first call for a
 * text and kept by the caller.  Returns 0, or -1 when memory is out. */
int	json_dup_find(const struct json *j, uint32_t i, uint64_t *seed,
	    uint32_t *name) MUST_CHECK;

/* The value of four hexadecimal digits, or -1. */
int	json_hex4(const char *p);

#endif
