/*
 * units.c - see units.h.  Reads text only; which setting it is and what a
 * refusal says belong to the caller.
 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "units.h"

struct unit {
	const char	*name;
	int64_t		 factor;
};

/* Each from large to small: the parts of a duration come in this order. */
static const struct unit time_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 },
};
static const struct unit size_units[] = {
	{ "GiB", INT64_C(1) << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 },
	{ "GB", 1000000000 }, { "MB", 1000000 }, { "kB", 1000 }, { "", 1 },
};

/* The digits at s; *end is behind them.  -1: none, or too many. */
static int
take_digits(const char *s, int64_t *v, const char **end)
{
	const char *p = s;

	for (*v = 0; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *p - '0', v))
			return -1;
	*end = p;
	return p == s ? -1 : 0;
}

/* Which of the n units the len characters at s name, n: none. */
static size_t
find_unit(const struct unit *units, size_t n, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(units[i].name) == len &&
		    strncmp(units[i].name, s, len) == 0)
			break;
	return i;
}

int
units_duration(const char *s, int64_t *ms)
{
	int64_t v, total = 0;
	size_t unit, from = 0, len;

	if (strcmp(s, "0") == 0) {
		*ms = 0;
		return 0;
	}
	do {
		if (take_digits(s, &v, &s) == -1)
			return -1;
		len = strcspn(s, "0123456789");
		unit = find_unit(time_units, NELEM(time_units), s, len);
		if (unit < from || unit == NELEM(time_units) ||
		    __builtin_mul_overflow(v, time_units[unit].factor, &v) ||
		    __builtin_add_overflow(total, v, &total))
			return -1;
		from = unit + 1;
		s += len;
	} while (*s != '\0');
	*ms = total;
	return 0;
}

int
units_size(const char *s, int64_t *bytes)
{
	int64_t v;
	size_t unit;

	if (take_digits(s, &v, &s) == -1)
		return -1;
	unit = find_unit(size_units, NELEM(size_units), s, strlen(s));
	if (unit == NELEM(size_units) ||
	    __builtin_mul_overflow(v, size_units[unit].factor, &v))
		return -1;
	*bytes = v;
	return 0;
}

int
units_bool(const char *s, bool *b)
{
	static const char *const yes[] = { "1", "t", "true" };
	static const char *const no[] = { "0", "f", "false" };

	for (size_t i = 0; i < NELEM(yes); i++) {
		if (strcasecmp(s, yes[i]) == 0) {
			*b = true;
			return 0;
		}
		if (strcasecmp(s, no[i]) == 0) {
			*b = false;
			return 0;
		}
	}
	return -1;
}

int
units_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	int64_t v;

	if (take_digits(s, &v, &s) == -1 || *s != '\0' || v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

/* The form is checked here, since strtod() also takes "inf", "0x1p3" and
 * blanks; and read in the C locale, where the point is a point. */
int
units_number(const char *s, double *out)
{
	size_t whole = strspn(s, "0123456789"), part = 0;
	locale_t c;
	double v;

	if (s[whole] == '.')
		part = 1 + strspn(s + whole + 1, "0123456789");
	if (whole == 0 || part == 1 || s[whole + part] != '\0')
		return -1;
	if ((c = newlocale(LC_ALL_MASK, "C", (locale_t)0)) == (locale_t)0)
		return -1;
	v = strtod_l(s, NULL, c);
	freelocale(c);
	if (!isfinite(v))
		return -1;
	*out = v;
	return 0;
}
