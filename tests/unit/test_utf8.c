/*
 * What is UTF-8 and what only looks like it.
 */
#include "lib/json.h"
#include "lib/utf8.h"
#include "tap.h"

static size_t
seq(const char *s, size_t n)
{
	return utf8_seq((const unsigned char *)tap_guarded(s, n), n);
}

/* Every code point is written, read back, and not read when cut short. */
static void
every_code_point(void)
{
	char text[4];
	size_t n, len, bad = 0;

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = utf8_put(text, c);
		len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		if (n != len || utf8_seq((unsigned char *)text, n) != n)
			bad++;
		for (size_t cut = 0; cut < n; cut++)
			if (utf8_seq((unsigned char *)text, cut) != 0)
				bad++;
	}
	ok(bad == 0, "all code points are read as they are written");
}

/* All two-byte beginnings: only those of RFC 3629 section 4 go on. */
static void
every_second_byte(void)
{
	char text[4] = { 0, 0, '\x80', '\x80' };
	int good = 0, lead, second;

	for (lead = 0xe0; lead <= 0xff; lead++)
		for (second = 0; second <= 0xff; second++) {
			text[0] = (char)lead;
			text[1] = (char)second;
			good += utf8_seq((unsigned char *)text, 4) != 0;
		}
	/* E0: 32, E1-EC and EE-EF: 14 * 64, ED: 32, F0: 48, F1-F3: 192,
	 * F4: 16 */
	ok(good == 32 + 14 * 64 + 32 + 48 + 192 + 16,
	    "the second byte is bounded by the first");
}

static void
quiet(void)
{
	char text[] = "a\x1b[2J\xc2\x9b\xe2\x80\xae\t\xc3\xa4\xff\x80\n"
	    "\xf0\x9f\x90\x94\xc3";

	utf8_quiet(text);
	is_str(text, "a?[2J??\t\xc3\xa4??\n\xf0\x9f\x90\x94?",
	    "what talks to a terminal is shown as ?");
}

static void
runs(void)
{
	char text[40];

	for (size_t n = 0; n <= sizeof(text); n++)
		for (size_t at = 0; at < n; at++) {
			memset(text, 'a', sizeof(text));
			text[at] = '\x80';
			if (utf8_ascii_run((unsigned char *)
			    tap_guarded(text, n), n) != at) {
				ok(0, "ASCII run of %zu in %zu", at, n);
				return;
			}
		}
	ok(1, "an ASCII run ends at the first byte that is none");
}

int
main(void)
{
	ok(seq("a", 1) == 1, "ASCII");
	ok(seq("", 0) == 0, "nothing is no sequence");
	ok(seq("\xc3\xa9", 2) == 2, "two bytes");
	ok(seq("\xe2\x82\xac", 3) == 3, "three bytes");
	ok(seq("\xf0\x9f\x98\x80", 4) == 4, "four bytes");
	ok(seq("\xe2\x82", 2) == 0, "cut short");
	ok(seq("\xc0\x80", 2) == 0, "overlong NUL");
	ok(seq("\xc1\xbf", 2) == 0, "overlong two bytes");
	ok(seq("\xed\xa0\x80", 3) == 0, "a surrogate");
	ok(seq("\xf4\x90\x80\x80", 4) == 0, "above U+10FFFF");
	ok(seq("\xf5\x80\x80\x80", 4) == 0, "no lead byte");
	ok(seq("\x80", 1) == 0, "a tail alone");
	ok(seq("\xe2\x28\xa1", 3) == 0, "second byte is none");
	ok(seq("\xf0\x9f\x98\x28", 4) == 0, "last byte is none");
	every_code_point();
	every_second_byte();
	quiet();
	runs();
	ok(json_utf8_valid("h\xc3\xa9llo w\xc3\xb6rld \xf0\x9f\x98\x80", 19),
	    "a valid text");
	ok(!json_utf8_valid("hello w\xff", 8), "an invalid text");
	ok(!json_utf8_valid("hello w\xc3", 8), "a text cut in a character");
	ok(json_utf8_valid("", 0), "an empty text");
	return done();
}
