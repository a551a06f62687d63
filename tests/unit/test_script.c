/*
 * Scripts cut into statements, whatever the pieces they come in.
 */
#include "acdb/script.h"
#include "acdb/words.h"
#include "tap.h"

static struct buf seen;
static enum script_verdict statement_verdict, command_verdict;

static enum script_verdict
on_statement(void *arg, const struct statement *s)
{
	(void)arg;
	buf_addf(&seen, "%zu:%zu:%.*s|", s->line, s->column, (int)s->n,
	    s->sql);
	return statement_verdict;
}

static enum script_verdict
on_command(void *arg, const struct statement *s)
{
	(void)arg;
	buf_addf(&seen, "%zu:%zu:\\%.*s|", s->line, s->column, (int)s->n,
	    s->sql);
	return s->n == 1 && s->sql[0] == 'g' ? SCRIPT_SEND :
	    s->n == 1 && s->sql[0] == 'r' ? SCRIPT_DROP : command_verdict;
}

static enum script_verdict
on_refuse(void *arg, const struct statement *s, const char *text)
{
	(void)arg;
	buf_addf(&seen, "%zu:%zu:!%.9s|", s->line, s->column, text);
	return SCRIPT_GO;
}

static const struct script_sink sink = { on_statement, on_command, on_refuse,
    NULL };

/* What is found in n bytes that come in pieces of so many. */
static const char *
cut(const char *text, size_t n, size_t piece)
{
	struct script *s = script_new(&sink, "x.sql");
	char *p = tap_guarded(text, n);
	size_t i, k;
	int rc = 0;

	buf_clear(&seen);
	for (i = 0; i < n && rc == 0; i += k) {
		k = n - i < piece ? n - i : piece;
		rc = script_feed(s, p + i, k);
	}
	if (rc == 0)
		rc = script_end(s);
	if (rc == -1)
		buf_adds(&seen, "stop");
	script_free(s);
	return buf_cstr(&seen);
}

static const struct { const char *text, *want; } cases[] = {
	{ "", "" },
	{ "select 1", "1:1:select 1|" },
	{ "select 1;", "1:1:select 1;|" },
	{ "select 1; select 2;\n\n  select\n3", "1:1:select 1;|"
	    "1:11:select 2;|3:3:select\n3|" },
	{ ";;\n ; -- nothing\n/* either */", "" },
	{ "select 1; /* nothing\n; select 2;", "1:1:select 1;|"
	    "1:11:/* nothing\n; select 2;|" },
	{ "/* a /* b */", "1:1:/* a /* b */|" },
	{ "select 1 /* a", "1:1:select 1 /* a|" },
	{ "-- why\nselect 1;", "1:1:-- why\nselect 1;|" },
	{ "select ';'; select 2", "1:1:select ';';|1:13:select 2|" },
	{ "select $a$;$a$, \"é;\"; x", "1:1:select $a$;$a$, \"é;\";|1:23:x|" },
	{ "\\x\nselect 1;", "1:1:\\x|2:1:select 1;|" },
	{ "select 1;\n  \\timing on\n", "1:1:select 1;|2:3:\\timing on|" },
	{ "select 1\n\\g\nselect 2;", "2:1:\\g|1:1:select 1\n|"
	    "3:1:select 2;|" },
	{ "select 1 \\r\nselect 2;", "1:10:\\r|2:1:select 2;|" },
	{ "select 1 \\x\n+ 1;", "1:10:\\x|1:1:select 1 \n+ 1;|" },
	{ "\\q", "1:1:\\q|" },
	{ "COPY t FROM stdin;\n1\ta;b\n\\N\t'\n\\.\nselect 2;",
	    "1:1:!COPY ... |5:1:select 2;|" },
	{ "copy t (a) from STDIN with csv;\n1;\n", "1:1:!COPY ... |" },
	{ "copy t to stdout; select 'copy t from stdin';",
	    "1:1:copy t to stdout;|1:19:select 'copy t from stdin';|" },
	{ "select 'open;", "1:1:select 'open;|" },
};

static void
test_cases(void)
{
	size_t n;

	for (size_t i = 0; i < NELEM(cases); i++) {
		n = strlen(cases[i].text);
		is_str(cut(cases[i].text, n, 1000), cases[i].want, "whole");
		is_str(cut(cases[i].text, n, 1), cases[i].want, "by bytes");
		is_str(cut(cases[i].text, n, 3), cases[i].want, "by threes");
		while (n-- > 0)
			cut(cases[i].text, n, 2);
	}
}

static void
test_verdicts(void)
{
	statement_verdict = SCRIPT_STOP;
	is_str(cut("a; b;", 5, 100), "1:1:a;|stop", "stop at a statement");
	is_str(cut("a", 1, 100), "1:1:a|stop", "stop at the tail");
	statement_verdict = SCRIPT_GO;
	command_verdict = SCRIPT_STOP;
	is_str(cut("\\q\nb;", 5, 1), "1:1:\\q|stop", "stop at a command");
	command_verdict = SCRIPT_GO;
}

/* A licence of 200 kB before the first statement must not be sent with it,
 * and a comment that is open must not be sent half. */
static void
test_comments(void)
{
	struct buf b;
	const char *p, *got;
	size_t n;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, "-- line %d of the licence, which is long\n", i);
	buf_adds(&b, "select 1;");
	p = buf_peek(&b, &n);
	got = cut(p, n, 4096);
	ok(buf_len(&seen) < 70000, "long comments are dropped");
	ok(strstr(got, "select 1;|") != NULL && strstr(got, ":1:-- line") !=
	    NULL, "by whole lines");
	buf_clear(&b);
	buf_adds(&b, "/*");
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, " line %d of the licence, which is long\n", i);
	buf_adds(&b, "*/ select 1;");
	p = buf_peek(&b, &n);
	got = cut(p, n, 4096);
	ok(strncmp(got, "1:1:/* line 0 ", 14) == 0, "an open one is not");
	buf_fini(&b);
}

static void
test_words(void)
{
	static const struct { const char *sql; int reads; } t[] = {
		{ "select 1", 1 },
		{ "/* c */ SELECT 'insert into'", 1 },
		{ "(values (1))", 1 },
		{ "with a as (select 1) table a", 1 },
		{ "with a as (delete from t returning 1) select 1", 0 },
		{ "select 1 -- into\n", 1 },
		{ "select 1 into t", 0 },
		{ "select * from t for update", 0 },
		{ "select \"update\" from t", 1 },
		{ "select /* /* into */ into */ 1", 1 },
		{ "explain select 1", 1 },
		{ "explain analyze insert into t values (1)", 0 },
		{ "explain execute p", 0 },
		{ "insert into t values (1)", 0 },
		{ "call p()", 0 },
		{ "vacuum", 0 },
		{ "", 0 },
	};
	char *p;

	for (size_t i = 0; i < NELEM(t); i++) {
		for (size_t n = 0; n < strlen(t[i].sql); n++) {
			p = tap_guarded(t[i].sql, n);
			(void)words_only_read(p, n);
			(void)words_copy_data(p, n);
		}
		p = tap_guarded(t[i].sql, strlen(t[i].sql));
		ok(words_only_read(p, strlen(t[i].sql)) == t[i].reads,
		    "%s: %s", t[i].reads ? "reads" : "writes", t[i].sql);
	}
}

int
main(void)
{
	buf_init(&seen, 1 << 20);
	test_cases();
	test_verdicts();
	test_comments();
	test_words();
	buf_fini(&seen);
	return done();
}
