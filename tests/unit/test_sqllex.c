/*
 * test_sqllex.c - the lexer: where statements end, what is open, and that
 * it does not matter how the text is cut into pieces.
 */
#include <stdint.h>

#include "lib/buf.h"
#include "lib/sqllex.h"
#include "tap.h"

/* Statements as "[text]" each, then what is left open and where it began. */
static void
log_piece(struct sqllex *l, const char *p, size_t n, struct buf *out)
{
	enum sqllex_event e;
	size_t used, line, column;

	while (n > 0) {
		e = sqllex_feed(l, p, n, &used);
		buf_add(out, p, used);
		p += used;
		n -= used;
		if (e == SQLLEX_MORE)
			continue;
		sqllex_where(l, &line, &column);
		buf_addf(out, "%s%zu:%zu%s", e == SQLLEX_END ? "<;" : "<\\",
		    line, column, sqllex_has_content(l) ? ">" : " empty>");
	}
}

static void
log_end(struct sqllex *l, struct buf *out)
{
	static const char *const names[] = { "start", "statement", "quote",
	    "ident", "dollar", "comment", "paren", "atomic" };
	size_t line, column;

	sqllex_where(l, &line, &column);
	buf_addf(out, "<%s %zu:%zu>", names[sqllex_state(l)], line, column);
}

/* The log of text fed in pieces: up to cut, then step bytes at a time. */
static char *
log_of(const char *text, size_t n, size_t cut, size_t step)
{
	struct sqllex *l = sqllex_new();
	struct buf out;
	char *s;

	buf_init(&out, 1 << 20);
	log_piece(l, text, cut, &out);
	for (size_t i = cut; i < n; i += step)
		log_piece(l, text + i, n - i < step ? n - i : step, &out);
	log_end(l, &out);
	sqllex_free(l);
	s = buf_take(&out, NULL);
	buf_fini(&out);
	return s;
}

static const struct sample {
	const char *text, *log;
} samples[] = {
	{ "", "<start 0:0>" },
	{ "select 1", "select 1<statement 1:1>" },
	{ "select 1;", "select 1;<;1:1><start 1:1>" },
	{ " \n\v\f\r\t select 1; select 2",
	    " \n\v\f\r\t select 1;<;2:6> select 2<statement 2:16>" },
	{ ";;", ";<;0:0 empty>;<;0:0 empty><start 0:0>" },
	{ " -- a\n /* ; */ ;", " -- a\n /* ; */ ;<;0:0 empty><start 0:0>" },
	{ "\xc3\xa9\xc3\xa9; \xe2\x82\xac;b",
	    "\xc3\xa9\xc3\xa9;<;1:1> \xe2\x82\xac;<;1:5>b<statement 1:7>" },

	/* quotes */
	{ "'a;b';c", "'a;b';<;1:1>c<statement 1:7>" },
	{ "'a'';b';c", "'a'';b';<;1:1>c<statement 1:9>" },
	{ "'a\\';b';c", "'a\\';<;1:1>b';c<quote 1:6>" },
	{ "E'a\\';b';c", "E'a\\';b';<;1:1>c<statement 1:10>" },
	{ "e'\\\\';b", "e'\\\\';<;1:1>b<statement 1:7>" },
	{ "e'''\\'';b", "e'''\\'';<;1:1>b<statement 1:9>" },
	{ "ae'\\';b", "ae'\\';<;1:1>b<statement 1:7>" },
	{ "n'\\';b'\\';X'\\';", "n'\\';<;1:1>b'\\';<;1:6>X'\\';<;1:11>"
	    "<start 1:11>" },
	{ "u&'\\';U&\"\\\";x", "u&'\\';<;1:1>U&\"\\\";<;1:7>x"
	    "<statement 1:13>" },
	{ "'abc", "'abc<quote 1:1>" },
	{ "e'abc\\", "e'abc\\<quote 1:1>" },
	{ "\"a;\"\";\";x", "\"a;\"\";\";<;1:1>x<statement 1:9>" },
	{ "\"a;", "\"a;<ident 1:1>" },

	/* E'...' goes on on the next line, and only there */
	{ "E'a' 'b\\';c", "E'a' 'b\\';<;1:1>c<statement 1:11>" },
	{ "E'a'\n'b\\';c", "E'a'\n'b\\';c<quote 1:1>" },
	{ "E'a' -- '\r 'b\\';c", "E'a' -- '\r 'b\\';c<quote 1:1>" },
	{ "E'a'\n/**/'b\\';c", "E'a'\n/**/'b\\';<;1:1>c<statement 2:10>" },
	{ "E'a'\n-'b\\';c", "E'a'\n-'b\\';<;1:1>c<statement 2:7>" },
	{ "E'a'\n,'b\\';c", "E'a'\n,'b\\';<;1:1>c<statement 2:7>" },
	{ "E'a'\n'b''\\'c'\n'\\'';d",
	    "E'a'\n'b''\\'c'\n'\\'';<;1:1>d<statement 3:6>" },
	{ "'a'\n'b\\';c", "'a'\n'b\\';<;1:1>c<statement 2:6>" },
	{ "E'a';\n'b\\';c", "E'a';<;1:1>\n'b\\';<;2:1>c<statement 2:6>" },

	/* dollar quotes */
	{ "$$a;$b$;$$;c", "$$a;$b$;$$;<;1:1>c<statement 1:12>" },
	{ "$a$;$b$;$$;$a;$a$;c", "$a$;$b$;$$;$a;$a$;<;1:1>c<statement 1:19>" },
	{ "$a$;$b$a$;c", "$a$;$b$a$;<;1:1>c<statement 1:11>" },
	{ "$ab$;$a$ab$;c", "$ab$;$a$ab$;<;1:1>c<statement 1:13>" },
	{ "$a$;$A$;", "$a$;$A$;<dollar 1:1>" },
	{ "$\xc3\xa9$;$\xc3\xa9$;c", "$\xc3\xa9$;$\xc3\xa9$;<;1:1>c"
	    "<statement 1:9>" },
	{ "x$a$;b", "x$a$;<;1:1>b<statement 1:6>" },
	{ "$1$$;$$;b", "$1$$;$$;<;1:1>b<statement 1:9>" },
	{ "$1a$$;b", "$1a$$;<;1:1>b<statement 1:7>" },
	{ "1$$;$$;b", "1$$;$$;<;1:1>b<statement 1:8>" },
	{ "1e5$$;b", "1e5$$;<;1:1>b<statement 1:7>" },
	{ "1e+5$$;$$;b", "1e+5$$;$$;<;1:1>b<statement 1:11>" },
	{ "1_000$$;b", "1_000$$;<;1:1>b<statement 1:9>" },
	{ "$a;b", "$a;<;1:1>b<statement 1:4>" },
	{ "$a'b';c", "$a'b';<;1:1>c<statement 1:7>" },
	{ "$e'\\';b';c", "$e'\\';b';<;1:1>c<statement 1:10>" },
	{ "1e'\\';c", "1e'\\';<;1:1>c<statement 1:7>" },
	{ "$ $;b", "$ $;<;1:1>b<statement 1:5>" },
	{ "$2a$;b", "$2a$;<;1:1>b<statement 1:6>" },

	/* comments */
	{ "a--;\n;b", "a--;\n;<;1:1>b<statement 2:2>" },
	{ "a--;\r;b", "a--;\r;<;1:1>b<statement 1:7>" },
	{ "a-;b", "a-;<;1:1>b<statement 1:4>" },
	{ "a/;b", "a/;<;1:1>b<statement 1:4>" },
	{ "a/*;*/;b", "a/*;*/;<;1:1>b<statement 1:8>" },
	{ "/*/;*/;/**/b", "/*/;*/;<;0:0 empty>/**/b<statement 1:12>" },
	{ "/*/*;*/;*/;b", "/*/*;*/;*/;<;0:0 empty>b<statement 1:12>" },
	{ "/* /;**/;b", "/* /;**/;<;0:0 empty>b<statement 1:10>" },
	{ "/*/**;*/*/;b", "/*/**;*/*/;<;0:0 empty>b<statement 1:12>" },
	{ "a+--;\n;a*/*;*/;b", "a+--;\n;<;1:1>a*/*;*/;<;2:2>b"
	    "<statement 2:10>" },
	{ "a/-- ;\n;/--;", "a/-- ;\n;<;1:1>/--;<statement 2:2>" },
	{ "a-/*;*/;-//*;*/;", "a-/*;*/;<;1:1>-//*;*/;<;1:9><start 1:9>" },
	{ "/* a", "/* a<comment 0:0>" },
	{ "-- a", "-- a<start 0:0>" },
	{ "-", "-<statement 1:1>" },
	{ "'--';\"/*\";", "'--';<;1:1>\"/*\";<;1:6><start 1:6>" },

	/* parentheses */
	{ "(;);", "(;);<;1:1><start 1:1>" },
	{ "((;);", "((;);<paren 1:1>" },
	{ ");a", ");<;1:1>a<statement 1:3>" },
	{ "(')';", "(')';<paren 1:1>" },

	/* functions */
	{ "create function f() begin atomic select 1; select 2; end; x",
	    "create function f() begin atomic select 1; select 2; end;<;1:1>"
	    " x<statement 1:59>" },
	{ "CREATE or Replace/**/procedure p() BEGIN ATOMIC a; END; x",
	    "CREATE or Replace/**/procedure p() BEGIN ATOMIC a; END;<;1:1>"
	    " x<statement 1:57>" },
	{ "create function f() begin atomic select case a when b then c "
	    "end; end; x",
	    "create function f() begin atomic select case a when b then c "
	    "end; end;<;1:1> x<statement 1:72>" },
	{ "create function f() begin atomic a;",
	    "create function f() begin atomic a;<atomic 1:1>" },
	{ "create function f() begin atomic a; end",
	    "create function f() begin atomic a; end<statement 1:1>" },
	{ "create function f(a begin) return 1; x",
	    "create function f(a begin) return 1;<;1:1> x<statement 1:38>" },
	{ "create function \"begin\"() return 1; x",
	    "create function \"begin\"() return 1;<;1:1> x"
	    "<statement 1:37>" },
	{ "create table begin (a int); x",
	    "create table begin (a int);<;1:1> x<statement 1:29>" },
	{ "create; function begin; x",
	    "create;<;1:1> function begin;<;1:9> x<statement 1:25>" },
	{ "begin; x", "begin;<;1:1> x<statement 1:8>" },

	/* backslashes */
	{ "\\d", "\\<\\0:0 empty>d<statement 1:2>" },
	{ "a\\g", "a\\<\\1:1>g<statement 1:1>" },
	{ "a-\\g", "a-\\<\\1:1>g<statement 1:1>" },
	{ "'\\'\"\\\"--\\\n/*\\*/$$\\$$", "'\\'\"\\\"--\\\n/*\\*/$$\\$$"
	    "<statement 1:1>" },
};

static void
test_samples(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		size_t n = strlen(s->text), bad = 0;
		char *text = tap_guarded(s->text, n);
		char *got = log_of(text, n, n, 1);

		is_str(got, s->log, "sample %zu, whole", i);
		free(got);
		for (size_t cut = 0; cut <= n; cut++) {
			got = log_of(text, n, cut, 1);
			bad += strcmp(got, s->log) != 0;
			free(got);
			got = log_of(text, n, cut, n + 1);
			bad += strcmp(got, s->log) != 0;
			free(got);
		}
		ok(bad == 0, "sample %zu, in pieces", i);
	}
}

static void
test_long_tags(void)
{
	char text[2 * 300 + 32], tag[301], *got;
	size_t len;

	memset(tag, 'a', sizeof(tag));
	for (len = 254; len <= 257; len++) {
		snprintf(text, sizeof(text), "$%.*s$;$%.*s$;", (int)len, tag,
		    (int)len, tag);
		got = log_of(text, strlen(text), 0, 1);
		ok((strstr(got, "$;<;1:1>$") == NULL) == (len <= 255),
		    "tag of %zu", len);
		free(got);
	}
}

/* Meta-commands: what the caller skips is counted, and no more than that. */
static void
test_meta(void)
{
	struct sqllex *l = sqllex_new();
	size_t used, line, column;

	ok(sqllex_feed(l, "select 'x\n", 10, &used) == SQLLEX_MORE &&
	    used == 10, "a line");
	ok(sqllex_state(l) == SQLLEX_QUOTE, "is in a quote");
	ok(sqllex_feed(l, "' \\gx\nb", 7, &used) == SQLLEX_BACKSLASH &&
	    used == 3, "backslash");
	ok(sqllex_has_content(l), "the statement has content");
	sqllex_cut(l);
	ok(sqllex_has_content(l), "and still when cut");
	ok(sqllex_state(l) == SQLLEX_START, "but is over");
	ok(sqllex_feed(l, "b", 1, &used) == SQLLEX_MORE && used == 1, "next");
	sqllex_where(l, &line, &column);
	ok(line == 2 && column == 4, "stands at %zu:%zu", line, column);
	ok(sqllex_feed(l, "", 0, &used) == SQLLEX_MORE && used == 0,
	    "no bytes");
	sqllex_free(l);
	sqllex_free(NULL);
}

static void
is_keywords(const char *sql, int words, size_t size, const char *want)
{
	char out[64];
	size_t n = strlen(sql);

	memset(out, 'x', sizeof(out));
	sqllex_keywords(tap_guarded(sql, n), n, words, out, size);
	is_str(out, want, "%d keywords of: %s", words, sql);
}

static void
test_keywords(void)
{
	is_keywords("", 3, 64, "");
	is_keywords("select", 3, 64, "SELECT");
	is_keywords("Create\tTable\vnotes (id int)", 2, 64, "CREATE TABLE");
	is_keywords("create table notes(id int)", 5, 64, "CREATE TABLE NOTES");
	is_keywords("select 1", 3, 64, "SELECT");
	is_keywords("select*from t", 3, 64, "SELECT");
	is_keywords("select'1'", 3, 64, "SELECT");
	is_keywords("((select", 3, 64, "SELECT");
	is_keywords(" ; ;( ;commit and chain", 3, 64, "COMMIT AND CHAIN");
	is_keywords("/* a /* b */ c */-- d\rcommit", 3, 64, "COMMIT");
	is_keywords("\v\fcommit", 3, 64, "COMMIT");
	is_keywords("drop/**/table--\rt", 3, 64, "DROP TABLE T");
	is_keywords("'a' select", 3, 64, "");
	is_keywords("-1 select", 3, 64, "");
	is_keywords("E'a'", 3, 64, "");
	is_keywords("+", 3, 64, "");
	is_keywords("create table", 2, 9, "CREATE T");
	is_keywords("create table", 2, 7, "CREATE");
	is_keywords("create table", 2, 1, "");
	is_keywords("create table", 0, 64, "");
}

static void
is_params(const char *sql, int want)
{
	size_t n = strlen(sql);
	int got = sqllex_params(tap_guarded(sql, n), n);

	ok(got == want, "%d parameters, want %d, in: %s", got, want, sql);
}

static void
test_params(void)
{
	is_params("", 0);
	is_params("select $1", 1);
	is_params("select $2, $1", 2);
	is_params("select '$3' \"$4\" $$ $5 $$ /* $6 */ a$7 -- $8", 0);
	is_params("select $1::int+$12", 12);
	is_params("select $1a", 1);
	is_params("select $1$$ $2 $$", 1);
	is_params("select $2147483646", 2147483646);
	is_params("select $2147483648", 2147483647);
	is_params("select $99999999999999999999", 2147483647);
}

static size_t
depth_of(const char *open, const char *close, size_t times)
{
	struct buf b;
	size_t depth;

	buf_init(&b, 1 << 24);
	buf_adds(&b, "select 1");
	for (size_t i = 0; i < times; i++)
		buf_adds(&b, open);
	for (size_t i = 0; i < times; i++)
		buf_adds(&b, close);
	depth = sqllex_depth(buf_peek(&b, NULL), buf_len(&b));
	buf_fini(&b);
	return depth;
}

static void
test_depth(void)
{
	ok(depth_of("+1", "", 5000) >= 5000, "a chain of operators is deep");
	ok(depth_of("::int", "", 5000) >= 5000, "so is one of casts");
	ok(depth_of("-(1,2)", "", 5000) >= 5000, "also behind brackets");
	ok(depth_of(" union select 1,1", "", 5000) >= 5000,
	    "and one of unions, whatever their commas");
	ok(depth_of("+f(1", ")", 500) >= 500, "brackets in brackets are deep");
	ok(depth_of("+a[1", "]", 500) >= 500, "of both sorts");
	ok(depth_of("+f(1", "", 500) >= 500, "also when they stay open");
	ok(depth_of("(", ")", 5000) == SIZE_MAX, "or too deep to count");
	ok(depth_of(",(1+1,2)", "", 5000) < 50, "a list is not deep");
	ok(depth_of(";select 1", "", 5000) < 50, "nor are many statements");
	ok(depth_of(")", "", 5000) < 5050, "closing nothing does no harm");
}

static void
test_operators(void)
{
	static const struct {
		const char *sql;
		size_t longest;
	} runs[] = {
		{ "", 0 }, { "select 1", 0 }, { "select 1+-+2 <= 3", 3 },
		{ "select '+++++' || $$ **** $$, E'\\'++++'", 2 },
		{ "select \"+++\" -- =====", 1 }, { "/**//**/select 1", 8 },
		{ "/* /*/*/*", 6 }, { "select 1+", 1 },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		ok(sqllex_operators(runs[i].sql, strlen(runs[i].sql)) ==
		    runs[i].longest, "operators: %s", runs[i].sql);
}

int
main(void)
{
	test_operators();
	test_samples();
	test_long_tags();
	test_meta();
	test_keywords();
	test_params();
	test_depth();
	return done();
}
