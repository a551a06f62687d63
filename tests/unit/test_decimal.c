/*
 * Numbers as they are written, compared and divided exactly.
 */
#include "lib/decimal.h"
#include "tap.h"

static struct decimal
read_text(const char *s)
{
	return decimal_read(tap_guarded(s, strlen(s)), strlen(s));
}

static void
in_order(const char *a, const char *b, int want)
{
	struct decimal x = read_text(a), y = read_text(b);
	int there = decimal_compare(&x, &y), back = decimal_compare(&y, &x);

	ok((there > 0) - (there < 0) == want &&
	    (back > 0) - (back < 0) == -want, "%s and %s", a, b);
	if (want == 0)
		ok(decimal_hash(&x) == decimal_hash(&y), "and their hashes");
}

static void
integer(const char *a, int want)
{
	struct decimal x = read_text(a);

	ok(decimal_is_integer(&x) == want, "%s is %san integer", a,
	    want ? "" : "not ");
}

static void
multiple(const char *a, const char *b, int want)
{
	struct decimal x = read_text(a), y = read_text(b);

	ok(decimal_is_multiple(&x, &y) == want, "%s is %sa multiple of %s", a,
	    want ? "" : "not ", b);
}

static void
test_order(void)
{
	in_order("0", "0", 0);
	in_order("-0", "0.00e5", 0);
	in_order("1", "1.0", 0);
	in_order("1", "10e-1", 0);
	in_order("100", "1e2", 0);
	in_order("0.05", "5e-2", 0);
	in_order("120.5", "1205e-1", 0);
	in_order("1e400", "1e399", 1);
	in_order("-1e400", "1e-400", -1);
	in_order("9007199254740993", "9007199254740992", 1);
	in_order("0.1", "0.10000000000000000000000001", -1);
	in_order("-2", "-1", -1);
	in_order("-1", "0", -1);
	in_order("0", "1e-999999", -1);
	in_order("19", "2", 1);
	in_order("1.9", "2", -1);
	in_order("10", "9.999", 1);
	in_order("1e99999999999999999999", "2e99999999999999999999", -1);
}

static void
test_integers(void)
{
	integer("0", 1);
	integer("0.0", 1);
	integer("1", 1);
	integer("1.0", 1);
	integer("1.5", 0);
	integer("15e-1", 0);
	integer("150e-1", 1);
	integer("1e300", 1);
	integer("1e-1", 0);
	integer("-7", 1);
	integer("12345678901234567890.5", 0);
}

static void
test_multiples(void)
{
	multiple("0", "7", 1);
	multiple("10", "2", 1);
	multiple("7", "2", 0);
	multiple("4.5", "1.5", 1);
	multiple("35", "1.5", 0);
	multiple("0.0075", "0.0001", 1);
	multiple("0.00751", "0.0001", 0);
	multiple("1.1", "0.1", 1);
	multiple("19.99", "0.01", 1);
	multiple("19.995", "0.01", 0);
	multiple("1e308", "0.123456789", 0);
	multiple("1e308", "0.5", 1);
	multiple("1e308", "64e-3", 1);
	multiple("3e999999", "9", 0);
	multiple("9e999999", "9", 1);
	multiple("9007199254740993", "2", 0);
	multiple("-6", "3", 1);
	multiple("100", "1e2", 1);
	multiple("10", "1e2", 0);
	multiple("123456789012345678901234567890", "999999999999999999", 0);
	multiple("999999999999999999000000000000", "999999999999999999", 1);
}

int
main(void)
{
	test_order();
	test_integers();
	test_multiples();
	return done();
}
