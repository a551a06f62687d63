/*
 * Where an error stands, and how its line is shown.
 */
#include "acdb/locate.h"
#include "lib/cdefs.h"
#include "tap.h"

#define E_ACUTE	"\xc3\xa9"
#define WIDE	"\xe6\x97\xa5"

static void
test_positions(void)
{
	static const char sql[] = "select '" E_ACUTE "',\n  nope\nfrom t";
	static const struct { size_t position, line, column, offset; } t[] = {
		{ 1, 10, 5, 0 }, { 2, 10, 6, 1 }, { 0, 10, 5, 0 },
		{ 9, 10, 13, 8 }, { 10, 10, 14, 10 }, { 13, 11, 1, 0 },
		{ 15, 11, 3, 2 }, { 20, 12, 1, 0 }, { 26, 12, 7, 6 },
		{ 27, 10, 5, 0 }, { 9999, 10, 5, 0 },
	};
	struct statement s = { .source = "x.sql", .n = sizeof(sql) - 1,
	    .line = 10, .column = 5 };
	struct location at;

	s.sql = tap_guarded(sql, s.n);
	for (size_t i = 0; i < NELEM(t); i++) {
		locate(&s, t[i].position, &at);
		ok(at.line == t[i].line && at.column == t[i].column &&
		    at.offset == t[i].offset, "position %zu is %zu:%zu+%zu",
		    t[i].position, at.line, at.column, at.offset);
	}
}

static void
test_bad_bytes(void)
{
	static const struct { const char *sql; size_t n, position; } t[] = {
		{ "", 0, 0 }, { "select 1", 8, 0 },
		{ "'" E_ACUTE WIDE "'", 7, 0 }, { "a\0b", 3, 2 },
		{ E_ACUTE "\xff", 3, 2 }, { WIDE WIDE, 5, 2 },
		{ "\xed\xa0\x80", 3, 1 },
	};
	struct statement s = { .line = 1, .column = 1 };
	unsigned char byte = 0;
	size_t position;

	for (size_t i = 0; i < NELEM(t); i++) {
		s.n = t[i].n;
		s.sql = tap_guarded(t[i].sql, s.n);
		position = locate_bad_byte(&s, &byte);
		ok(position == t[i].position, "text %zu: bad at %zu", i,
		    position);
	}
	ok(byte == 0xed, "the byte itself");
}

static struct buf b;

static const char *
excerpt(const char *sql, size_t position)
{
	struct statement s = { .n = strlen(sql), .line = 3, .column = 1 };
	struct location at;

	s.sql = tap_guarded(sql, s.n);
	buf_fini(&b);
	buf_init(&b, 1024);
	locate(&s, position, &at);
	locate_excerpt(&at, TEXT_PSQL, &b);
	return buf_cstr(&b);
}

static void
test_excerpts(void)
{
	char longest[3000], want[256];

	is_str(excerpt("select nope;", 8),
	    "LINE 3: select nope;\n"
	    "               ^\n", "caret");
	is_str(excerpt("a\n\t" WIDE " x\x1b y", 5),
	    "LINE 4:  " WIDE " x\\x1B y\n"
	    "           ^\n", "tabs, wide characters, controls");
	is_str(excerpt("select", 7),
	    "LINE 3: select\n"
	    "              ^\n", "behind the end");
	memset(longest, 'a', sizeof(longest));
	longest[1500] = 'X';
	longest[2999] = '\0';
	snprintf(want, sizeof(want), "LINE 3: ...%.40sX%.31s...\n%*s^\n",
	    longest, longest, 51, "");
	is_str(excerpt(longest, 1501), want, "the middle of a long line");
	for (size_t i = 1; i < 3000; i += 7)
		excerpt(longest, i);
	ok(excerpt("", 0) != NULL, "nothing");
}

int
main(void)
{
	text_init();
	test_positions();
	test_bad_bytes();
	test_excerpts();
	buf_fini(&b);
	return done();
}
