/*
 * jsonschema_format.c - the formats that are asserted; see jsonschema.h.
 *
 * Pure text: uuid (RFC 9562), date-time, date and time (RFC 3339), email
 * (RFC 5321, a dot-string at a domain), uri (RFC 3986, with a scheme).
 */
#include <string.h>

#include "jsonschema_priv.h"

#define ALPHA	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT	"0123456789"
#define HEXDIG	DIGIT "abcdefABCDEF"

static const char *const names[] = { "uuid", "date-time", "date", "time",
    "email", "uri" };

int
jsonschema_format(const char *name, size_t n)
{
	for (int i = 0; i < (int)NELEM(names); i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return i;
	return -1;
}

static bool
one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* How many of the bytes at p, at most n, are of the set. */
static size_t
span(const char *p, size_t n, const char *set)
{
	size_t i = 0;

	while (i < n && one_of(p[i], set))
		i++;
	return i;
}

/* Exactly n digits, as a number; -1: they are not. */
static int
number(const char *p, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

static bool
is_uuid(const char *p, size_t n)
{
	for (size_t i = 0; n == 36 && i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' :
		    !one_of(p[i], HEXDIG))
			return false;
	return n == 36;
}

static bool
is_date(const char *p, size_t n)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	int y, m, d;

	if (n != 10 || p[4] != '-' || p[7] != '-')
		return false;
	y = number(p, 4);
	m = number(p + 5, 2);
	d = number(p + 8, 2);
	if (y < 0 || m < 1 || m > 12 || d < 1)
		return false;
	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		return d <= 29;
	return d <= days[m - 1];
}

/* HH:MM:SS[.f...](Z|+HH:MM|-HH:MM); a leap second only at the end of a day
 * in UTC. */
static bool
is_time(const char *p, size_t n)
{
	int h, m, s, oh = 0, om = 0, sign = 1, minute;
	size_t i = 8, digits;

	if (n < 9 || p[2] != ':' || p[5] != ':')
		return false;
	h = number(p, 2);
	m = number(p + 3, 2);
	s = number(p + 6, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60)
		return false;
	if (p[i] == '.') {
		digits = span(p + i + 1, n - i - 1, DIGIT);
		i += 1 + digits;
		if (digits == 0 || i == n)
			return false;
	}
	if (one_of(p[i], "Zz")) {
		if (i + 1 != n)
			return false;
	} else {
		if (i + 6 != n || !one_of(p[i], "+-") || p[i + 3] != ':')
			return false;
		sign = p[i] == '-' ? -1 : 1;
		oh = number(p + i + 1, 2);
		om = number(p + i + 4, 2);
		if (oh < 0 || oh > 23 || om < 0 || om > 59)
			return false;
	}
	minute = ((h * 60 + m - sign * (oh * 60 + om)) + 2880) % 1440;
	return s < 60 || minute == 1439;
}

static bool
is_date_time(const char *p, size_t n)
{
	return n > 11 && one_of(p[10], "Tt") && is_date(p, 10) &&
	    is_time(p + 11, n - 11);
}

/* Labels with dots between them, of the set; none is empty. */
static bool
is_dotted(const char *p, size_t n, const char *set, size_t label_max)
{
	size_t i = 0, len;

	for (;;) {
		len = span(p + i, n - i, set);
		if (len == 0 || len > label_max)
			return false;
		i += len;
		if (i == n)
			return true;
		if (p[i++] != '.')
			return false;
	}
}

static bool
is_email(const char *p, size_t n)
{
	static const char local[] = ALPHA DIGIT "!#$%&'*+-/=?^_`{|}~";
	const char *at = memchr(p, '@', n), *domain;
	size_t len, left;

	if (at == NULL)
		return false;
	len = (size_t)(at - p);
	domain = at + 1;
	left = n - len - 1;
	if (len > 64 || left == 0 || left > 255 || domain[0] == '-' ||
	    domain[left - 1] == '-' || !is_dotted(p, len, local, 64) ||
	    !is_dotted(domain, left, ALPHA DIGIT "-", 63))
		return false;
	for (size_t i = 1; i + 1 < left; i++)	/* labels' ends */
		if (domain[i] == '-' &&
		    (domain[i - 1] == '.' || domain[i + 1] == '.'))
			return false;
	return true;
}

/* A scheme, then only characters that a URI has, and whole escapes; of the
 * authority that brackets enclose an address and a port is of digits. */
static bool
is_uri(const char *p, size_t n)
{
	static const char rest[] = ALPHA DIGIT "-._~:/?#[]@!$&'()*+,;=%";
	size_t i = span(p, n, ALPHA DIGIT "+-."), end;
	bool fragment = false;

	if (i == 0 || i == n || p[i] != ':' || !one_of(p[0], ALPHA))
		return false;
	i++;
	if (n - i >= 2 && p[i] == '/' && p[i + 1] == '/') {
		i += 2;
		end = i;
		while (end < n && !one_of(p[end], "/?#"))
			end++;
		for (size_t k = i; k < end; k++)	/* user information */
			if (p[k] == '@')
				i = k + 1;
		if (i < end && p[i] == '[') {
			i++;
			i += span(p + i, end - i, HEXDIG ":.");
			if (i == end || p[i++] != ']')
				return false;
		} else
			i += span(p + i, end - i,
			    ALPHA DIGIT "-._~!$&'()*+,;=%");
		if (i < end && (p[i] != ':' || i + 1 + span(p + i + 1,
		    end - i - 1, DIGIT) != end))
			return false;
		i = end;
	}
	for (size_t k = 0; k < n; k++) {
		if (!one_of(p[k], rest) || (p[k] == '%' && (n - k < 3 ||
		    !one_of(p[k + 1], HEXDIG) || !one_of(p[k + 2], HEXDIG))))
			return false;
		if (k >= i && one_of(p[k], "[]"))
			return false;
		if (p[k] == '#' && fragment)
			return false;
		fragment |= p[k] == '#';
	}
	return true;
}

bool
jsonschema_format_is(int format, const char *p, size_t n)
{
	static bool (*const is[])(const char *, size_t) = { is_uuid,
	    is_date_time, is_date, is_time, is_email, is_uri };

	return is[format](p, n);
}
