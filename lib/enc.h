/*
 * enc.h - hexadecimal, base64url and uuid, to and from text.
 */
#ifndef ENC_H
#define ENC_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define UUID_LEN	16
#define UUID_TEXT	37		/* 36 characters and a NUL */

/* The value of a hexadecimal digit of either case; -1: it is none.  Here, so
 * that a pure parser needs no more of this module linked. */
static inline int
enc_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* out has room for 2n + 1. */
void	enc_hex(char *out, const void *p, size_t n);
/* Exactly 2n hexadecimal digits from s.  Returns 0, or -1. */
int	enc_unhex(void *out, const char *s, size_t n) MUST_CHECK;

/* RFC 4648 section 5, no padding.  out has room for (n + 2) / 3 * 4 + 1. */
void	enc_base64url(char *out, const void *p, size_t n);
/* n characters; *len bytes come out (room for n / 4 * 3 + 2).  Refuses what
 * is not canonical (unused bits that are not zero).  Returns 0, or -1. */
int	enc_unbase64url(void *out, size_t *len, const char *s, size_t n)
	    MUST_CHECK;
/* RFC 4648 section 4, with padding. */
void	enc_base64(char *out, const void *p, size_t n);

void	uuid_text(char out[UUID_TEXT], const uint8_t uuid[UUID_LEN]);
/* The 8-4-4-4-12 form, either case.  Returns 0, or -1. */
int	uuid_parse(uint8_t uuid[UUID_LEN], const char *s, size_t n) MUST_CHECK;
/* RFC 9562 version 7: time-ordered, so that an index on it grows at its
 * right edge; 74 random bits. */
void	uuid_v7(uint8_t uuid[UUID_LEN]);

#endif
