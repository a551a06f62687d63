/*
 * Settings as operators write them.
 */
#include <locale.h>
#include <math.h>
#include <stdint.h>

#include "lib/units.h"
#include "tap.h"

static const struct {
	const char	*text;
	int64_t		 ms;
} durations[] = {
	{ "0", 0 }, { "0s", 0 }, { "1ms", 1 }, { "500ms", 500 },
	{ "5s", 5000 }, { "1m30s", 90000 }, { "24h", 86400000 },
	{ "90d", INT64_C(7776000000) }, { "1d2h3m4s5ms", 93784005 },
	{ "90m", 5400000 }, { "9223372036854775807ms", INT64_MAX },
	{ "", -1 }, { "5", -1 }, { "00", -1 }, { "s", -1 }, { "ms", -1 },
	{ "-5s", -1 }, { "+5s", -1 }, { " 5s", -1 }, { "5s ", -1 },
	{ "5 s", -1 }, { "5S", -1 }, { "1.5s", -1 }, { "5sec", -1 },
	{ "30s1m", -1 }, { "1s1s", -1 }, { "1m30", -1 }, { "1m30s5", -1 },
	{ "9223372036854775808ms", -1 }, { "9223372036854775807s", -1 },
	{ "106751991168d", -1 }, { "99999999999999999999s", -1 },
	{ "9223372036854775s808ms", -1 }, { "5s\n", -1 },
};

static const struct {
	const char	*text;
	int64_t		 bytes;
} sizes[] = {
	{ "0", 0 }, { "1048576", 1048576 }, { "1MiB", 1048576 },
	{ "256KiB", 262144 }, { "1GiB", 1073741824 }, { "1kB", 1000 },
	{ "2MB", 2000000 }, { "3GB", INT64_C(3000000000) },
	{ "8589934591GiB", INT64_MAX - 1073741823 },
	{ "8589934592GiB", -1 }, { "9223372036854775808", -1 },
	{ "", -1 }, { "MiB", -1 }, { "1mib", -1 }, { "1 MiB", -1 },
	{ "1KB", -1 }, { "1.5MiB", -1 }, { "-1", -1 }, { "1MiB1", -1 },
	{ "0x10", -1 }, { "1B", -1 },
};

static const struct {
	const char	*text;
	double		 value;		/* below 0: refused */
} numbers[] = {
	{ "0", 0 }, { "60", 60 }, { "0.5", 0.5 }, { "0.1", 0.1 },
	{ "007.250", 7.25 }, { "", -1 }, { ".", -1 }, { ".5", -1 },
	{ "5.", -1 }, { "-1", -1 }, { "+1", -1 }, { "1e3", -1 },
	{ "inf", -1 }, { "nan", -1 }, { "0x1p3", -1 }, { " 1", -1 },
	{ "1 ", -1 }, { "1,5", -1 }, { "1.5.2", -1 },
};

/* The text ends where nobody may read on. */
static const char *
guarded(const char *s)
{
	return tap_guarded(s, strlen(s) + 1);
}

static void
tables(void)
{
	int64_t v;

	for (size_t i = 0; i < NELEM(durations); i++) {
		v = -1;
		ok(units_duration(guarded(durations[i].text), &v) ==
		    (durations[i].ms < 0 ? -1 : 0) && v == durations[i].ms,
		    "duration '%s'", durations[i].text);
	}
	for (size_t i = 0; i < NELEM(sizes); i++) {
		v = -1;
		ok(units_size(guarded(sizes[i].text), &v) ==
		    (sizes[i].bytes < 0 ? -1 : 0) && v == sizes[i].bytes,
		    "size '%s'", sizes[i].text);
	}
}

static void
number(const char *where)
{
	char huge[400];
	double d;
	int rc;

	for (size_t i = 0; i < NELEM(numbers); i++) {
		d = -1;
		rc = units_number(guarded(numbers[i].text), &d);
		ok(rc == (numbers[i].value < 0 ? -1 : 0) &&
		    fabs(d - numbers[i].value) < 1e-15, "number '%s' %s",
		    numbers[i].text, where);
	}
	memset(huge, '9', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	ok(units_number(huge, &d) == -1, "a number too large to hold");
}

static void
booleans(void)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE" };
	static const char *const no[] = { "0", "f", "F", "false", "False" };
	static const char *const bad[] = { "", "yes", "no", "on", "off", "2",
	    "tru", "truee", " 1", "1 " };
	bool b;

	for (size_t i = 0; i < NELEM(yes); i++) {
		b = false;
		ok(units_bool(yes[i], &b) == 0 && b, "'%s' is true", yes[i]);
	}
	for (size_t i = 0; i < NELEM(no); i++) {
		b = true;
		ok(units_bool(no[i], &b) == 0 && !b, "'%s' is false", no[i]);
	}
	for (size_t i = 0; i < NELEM(bad); i++)
		ok(units_bool(bad[i], &b) == -1, "'%s' is neither", bad[i]);
}

static void
integers(void)
{
	int64_t v = -1;

	ok(units_int("5", 5, 7, &v) == 0 && v == 5, "the least");
	ok(units_int("7", 5, 7, &v) == 0 && v == 7, "the most");
	ok(units_int("4", 5, 7, &v) == -1, "below the least");
	ok(units_int("8", 5, 7, &v) == -1 && v == 7, "above the most");
	ok(units_int("", 0, 7, &v) == -1, "nothing");
	ok(units_int("-1", -7, 7, &v) == -1, "a sign");
	ok(units_int("5x", 0, 7, &v) == -1, "something behind it");
	ok(units_int("9223372036854775807", 0, INT64_MAX, &v) == 0 &&
	    v == INT64_MAX, "the largest");
	ok(units_int("9223372036854775808", 0, INT64_MAX, &v) == -1,
	    "one more than the largest");
}

int
main(void)
{
	static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8" };

	tables();
	booleans();
	integers();
	number("in the C locale");
	for (size_t i = 0; i < NELEM(commas); i++)
		if (setlocale(LC_ALL, commas[i]) != NULL)
			number(commas[i]);
	return done();
}
