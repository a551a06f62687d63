/*
 * enc.c - see enc.h.  Randomness for uuids comes straight from the kernel,
 * so that naming a thing does not pull in a cryptographic library.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "enc.h"

static const char hex_digits[] = "0123456789abcdef";
static const char url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char mime_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
enc_hex(char *out, const void *p, size_t n)
{
	const uint8_t *in = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[in[i] >> 4];
		*out++ = hex_digits[in[i] & 15];
	}
	*out = '\0';
}

int
enc_unhex(void *out, const char *s, size_t n)
{
	uint8_t *to = out;
	int high, low;

	for (size_t i = 0; i < n; i++) {
		/* In order: a NUL ends the look. */
		if ((high = enc_hex_digit(s[2 * i])) == -1 ||
		    (low = enc_hex_digit(s[2 * i + 1])) == -1)
			return -1;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Up to three bytes become a group of two to four digits. */
static char *
put_group(char *out, const uint8_t *p, size_t n, const char *digits)
{
	uint32_t v = (uint32_t)p[0] << 16;

	if (n > 1)
		v |= (uint32_t)p[1] << 8;
	if (n > 2)
		v |= p[2];
	*out++ = digits[v >> 18];
	*out++ = digits[v >> 12 & 63];
	if (n > 1)
		*out++ = digits[v >> 6 & 63];
	if (n > 2)
		*out++ = digits[v & 63];
	return out;
}

static char *
put_base64(char *out, const uint8_t *p, size_t n, const char *digits)
{
	for (; n > 3; p += 3, n -= 3)
		out = put_group(out, p, 3, digits);
	if (n > 0)
		out = put_group(out, p, n, digits);
	return out;
}

void
enc_base64url(char *out, const void *p, size_t n)
{
	*put_base64(out, p, n, url_digits) = '\0';
}

void
enc_base64(char *out, const void *p, size_t n)
{
	char *end = put_base64(out, p, n, mime_digits);

	while ((end - out) % 4 != 0)
		*end++ = '=';
	*end = '\0';
}

static int
url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

int
enc_unbase64url(void *out, size_t *len, const char *s, size_t n)
{
	uint8_t *to = out;
	uint32_t v = 0;
	unsigned bits = 0;
	int d;

	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if ((d = url_value(s[i])) == -1)
			return -1;
		v = v << 6 | (uint32_t)d;
		if ((bits += 6) >= 8) {
			bits -= 8;
			*to++ = (uint8_t)(v >> bits);
			v &= (UINT32_C(1) << bits) - 1;
		}
	}
	if (v != 0)
		return -1;
	*len = (size_t)(to - (uint8_t *)out);
	return 0;
}

void
uuid_text(char out[UUID_TEXT], const uint8_t uuid[UUID_LEN])
{
	for (size_t i = 0; i < UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex_digits[uuid[i] >> 4];
		*out++ = hex_digits[uuid[i] & 15];
	}
	*out = '\0';
}

int
uuid_parse(uint8_t uuid[UUID_LEN], const char *s, size_t n)
{
	if (n != UUID_TEXT - 1)
		return -1;
	for (size_t i = 0; i < UUID_LEN; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-')
			return -1;
		if (enc_unhex(uuid + i, s, 1) == -1)
			return -1;
		s += 2;
	}
	return 0;
}

/* RFC 9562 5.7: 48 bits of Unix milliseconds, then version, random bits,
 * variant, random bits. */
void
uuid_v7(uint8_t uuid[UUID_LEN])
{
	struct timespec ts;
	uint64_t ms;

	/* A request this small comes whole, or not yet at all. */
	while (getrandom(uuid + 6, UUID_LEN - 6, 0) != UUID_LEN - 6)
		if (errno != EINTR)
			abort();
	clock_gettime(CLOCK_REALTIME, &ts);
	ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	for (unsigned i = 0; i < 6; i++)
		uuid[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x70);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}
