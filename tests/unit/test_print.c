/*
 * Answers as text.  What is expected of aligned, unaligned and expanded is
 * what psql 17 prints for the statement beside it.
 */
#include "acdb/print.h"
#include "tap.h"

#define WIDE "\xe6\x97\xa5\xe6\x9c\xac"		/* two characters, 4 columns */

/* select 1 as id, 'abc' as body, null as n, true as t */
static const char simple[] = "{\"command\":\"SELECT\",\"columns\":"
    "[\"id\",\"body\",\"n\",\"t\"],\"column_types\":[\"int4\",\"text\","
    "\"text\",\"bool\"],\"rows\":[[1,\"abc\",null,true]],"
    "\"rows_affected\":1,\"duration_ms\":1}";

/* select 10 as id, e'a\nbc\n' as body, 2.50 as num */
static const char lines[] = "{\"command\":\"SELECT\",\"columns\":"
    "[\"id\",\"body\",\"num\"],\"column_types\":[\"int4\",\"text\","
    "\"numeric\"],\"rows\":[[10,\"a\\nbc\\n\",2.50]],\"rows_affected\":1}";

/* select 1 as a where false */
static const char none[] = "{\"command\":\"SELECT\",\"columns\":[\"a\"],"
    "\"column_types\":[\"int4\"],\"rows\":[],\"rows_affected\":0}";

/* select */
static const char nothing[] = "{\"command\":\"SELECT\",\"columns\":[],"
    "\"column_types\":[],\"rows\":[[]],\"rows_affected\":1}";

/* select e'a\tb' as "two<newline>lines", 'WIDE' as w */
static const char wide[] = "{\"command\":\"SELECT\",\"columns\":"
    "[\"two\\nlines\",\"w\"],\"column_types\":[\"text\",\"text\"],"
    "\"rows\":[[\"a\\tb\",\"" WIDE "\"]],\"rows_affected\":1}";

/* select array[1,2] as a, 'x' as b union all select array[3], 'yyyy' */
static const char arrays[] = "{\"command\":\"SELECT\",\"columns\":"
    "[\"a\",\"b\"],\"column_types\":[\"int4[]\",\"text\"],"
    "\"rows\":[[[1,2],\"x\"],[[3],\"yyyy\"]],\"rows_affected\":2}";

/* insert into t values (1),(2) returning a */
static const char returning[] = "{\"command\":\"INSERT\",\"columns\":[\"a\"],"
    "\"column_types\":[\"int4\"],\"rows\":[[1],[2]],\"rows_affected\":2}";

static char *got;

/* Print the answer in the style; the text stays in got. */
static const char *
show(const char *answer, const struct print_style *style)
{
	struct print_style st = *style;
	struct result r;
	struct buf why;
	char *text = tap_guarded(answer, strlen(answer));
	size_t n;
	FILE *f;

	if (st.separator == NULL)
		st.separator = st.format == PRINT_CSV ? "," : "|";
	buf_init(&why, 1024);
	free(got);
	got = NULL;
	if (result_read(&r, text, strlen(answer), &why) == -1) {
		got = strdup(buf_cstr(&why));
		buf_fini(&why);
		return got;
	}
	f = open_memstream(&got, &n);
	if (print_result(f, &st, &r) == -1)
		fputs("failed", f);
	fclose(f);
	result_fini(&r);
	return got;
}

static void
test_aligned(void)
{
	struct print_style st = { .format = PRINT_ALIGNED };
	struct print_style t = { .tuples_only = true };
	struct print_style q = { .quiet = true };

	is_str(show(simple, &st),
	    " id | body | n | t \n"
	    "----+------+---+---\n"
	    "  1 | abc  |   | t\n"
	    "(1 row)\n\n", "numbers right, the rest left");
	is_str(show(lines, &st),
	    " id | body | num  \n"
	    "----+------+------\n"
	    " 10 | a   +| 2.50\n"
	    "    | bc  +| \n"
	    "    |      | \n"
	    "(1 row)\n\n", "values of several lines");
	is_str(show(none, &st), " a \n---\n(0 rows)\n\n", "no rows");
	is_str(show(nothing, &st), "--\n(1 row)\n\n", "no columns");
	is_str(show(wide, &st),
	    "    two   +|  w   \n"
	    "   lines   |      \n"
	    "-----------+------\n"
	    " a       b | " WIDE "\n"
	    "(1 row)\n\n", "tabs, wide characters, names of two lines");
	is_str(show(arrays, &st),
	    "   a   |  b   \n"
	    "-------+------\n"
	    " {1,2} | x\n"
	    " {3}   | yyyy\n"
	    "(2 rows)\n\n", "arrays");
	is_str(show(returning, &st),
	    " a \n---\n 1\n 2\n(2 rows)\n\nINSERT 0 2\n",
	    "rows and the tag behind them");
	is_str(show(returning, &q), " a \n---\n 1\n 2\n(2 rows)\n\n",
	    "-q: no tag");
	is_str(show(simple, &t), "  1 | abc  |   | t\n\n", "-t");
	is_str(show(nothing, &t), "\n", "-t without columns");
}

static void
test_unaligned(void)
{
	struct print_style st = { .format = PRINT_UNALIGNED };
	struct print_style t = { .format = PRINT_UNALIGNED,
	    .tuples_only = true, .separator = "\t" };
	struct print_style x = { .format = PRINT_UNALIGNED, .expanded = true };

	is_str(show(simple, &st), "id|body|n|t\n1|abc||t\n(1 row)\n", "-A");
	is_str(show(lines, &st), "id|body|num\n10|a\nbc\n|2.50\n(1 row)\n",
	    "-A leaves line ends as they are");
	is_str(show(nothing, &st), "\n(1 row)\n", "-A without columns");
	is_str(show(simple, &t), "1\tabc\t\tt\n", "-A -t -F tab");
	is_str(show(arrays, &x), "a|{1,2}\nb|x\n\na|{3}\nb|yyyy\n", "-A -x");
}

static void
test_expanded(void)
{
	struct print_style st = { .expanded = true };
	struct print_style t = { .expanded = true, .tuples_only = true };

	is_str(show(simple, &st),
	    "-[ RECORD 1 ]\n"
	    "id   | 1\n"
	    "body | abc\n"
	    "n    | \n"
	    "t    | t\n\n", "-x");
	is_str(show(lines, &st),
	    "-[ RECORD 1 ]\n"
	    "id   | 10\n"
	    "body | a    +\n"
	    "     | bc   +\n"
	    "     | \n"
	    "num  | 2.50\n\n", "-x, values of several lines");
	is_str(show(wide, &st),
	    "-[ RECORD 1 ]----\n"
	    "two  +| a       b\n"
	    "lines |\n"
	    "w     | " WIDE "\n\n", "-x, names of two lines");
	is_str(show(none, &st), "(0 rows)\n\n", "-x, no rows");
	is_str(show(arrays, &t),
	    "a | {1,2}\nb | x\n--+------\na | {3}\nb | yyyy\n\n", "-x -t");
}

/* A row that needs quoting, a NULL and an empty string. */
static const char fields[] = "{\"columns\":[\"a,b\",\"c\",\"d\",\"e\"],"
    "\"rows\":[[\"x\\\"y\",null,\"\",\"\\\\.\"],"
    "[\"l\\nm\",\"p,q\",\"r\\rs\",\" t\"]],\"command\":\"SELECT\"}";

static void
test_csv(void)
{
	struct print_style st = { .format = PRINT_CSV };
	struct print_style semicolon = { .format = PRINT_CSV,
	    .separator = ";" };
	struct print_style x = { .format = PRINT_CSV, .expanded = true };

	is_str(show(fields, &st),
	    "\"a,b\",c,d,e\n"
	    "\"x\"\"y\",,\"\",\"\\.\"\n"
	    "\"l\nm\",\"p,q\",\"r\rs\", t\n", "quotes, NULL and ''");
	is_str(show(simple, &semicolon), "id;body;n;t\n1;abc;;t\n",
	    "another separator");
	is_str(show(arrays, &x), "a,\"{1,2}\"\nb,x\na,{3}\nb,yyyy\n", "-x");
	is_str(show(returning, &st), "a\n1\n2\n", "no tag");
	is_str(show(nothing, &st), "", "no columns");
}

/* Digits that no double keeps, JSON inside, the same name twice. */
static const char exact[] = "{\"columns\":[\"n\",\"n\",\"n_2\",\"j\"],"
    "\"column_types\":[\"int8\",\"numeric\",\"text\",\"jsonb\"],"
    "\"rows\":[[9007199254740993,12345678901234567890.1234567890,"
    "\"\\u001b[31m\\u0000\",{\"a\": [1, \"x\"]}]],\"command\":\"SELECT\"}";

static void
test_json(void)
{
	struct print_style st = { .format = PRINT_JSON };
	struct print_style l = { .format = PRINT_JSONL };
	struct print_style a = { .format = PRINT_UNALIGNED,
	    .tuples_only = true };

	is_str(show(exact, &l), "{\"n\":9007199254740993,"
	    "\"n_2\":12345678901234567890.1234567890,"
	    "\"n_2_2\":\"\\u001b[31m\\u0000\",\"j\":{\"a\": [1, \"x\"]}}\n",
	    "every digit, every escape, no name twice");
	is_str(show(arrays, &st),
	    "[{\"a\":[1,2],\"b\":\"x\"},\n{\"a\":[3],\"b\":\"yyyy\"}]\n",
	    "one array");
	is_str(show(none, &st), "[]\n", "an empty array");
	is_str(show(none, &l), "", "no line");
	is_str(show(exact, &a), "9007199254740993|"
	    "12345678901234567890.1234567890|\"\\u001b[31m\\u0000\"|"
	    "{\"a\": [1, \"x\"]}\n", "every digit as text too");
}

static void
test_values(void)
{
	struct print_style a = { .format = PRINT_UNALIGNED,
	    .tuples_only = true };

	is_str(show("{\"columns\":[\"a\",\"b\",\"c\",\"d\"],\"column_types\":"
	    "[\"text[]\",\"json[]\",\"vector\",\"box[]\"],\"rows\":[[[[\"a b\","
	    "null],[\"NULL\",\"q\\\"\\\\\"]],[{\"k\": 1},\"s\",[1,2]],"
	    "[0.1,1e-7],[\"(1,1),(0,0)\",\"(2,2),(0,0)\"]]]}", &a),
	    "{{\"a b\",NULL},{\"NULL\",\"q\\\"\\\\\"}}|"
	    "{\"{\\\"k\\\": 1}\",\"\\\"s\\\"\",\"[1,2]\"}|[0.1,1e-7]|"
	    "{(1,1),(0,0);(2,2),(0,0)}\n",
	    "array literals as PostgreSQL writes them");
	is_str(show("{\"columns\":[\"a\"],\"rows\":[[[]]],"
	    "\"column_types\":[\"int4[]\"]}", &a), "{}\n", "an empty array");
	is_str(show("{\"columns\":[\"a\",\"b\"],\"rows\":[[\"s\",null]],"
	    "\"column_types\":[\"json\",\"json\"]}", &a), "\"s\"|\n",
	    "a JSON string keeps its quotes");
}

/* A value must not be able to talk to the terminal; a pipe gets it whole. */
static void
test_terminal(void)
{
	static const char nasty[] = "{\"columns\":[\"a\\u001b\"],\"rows\":"
	    "[[\"\\u001b]0;x\\u0007\\u009b\\u202e\\r\\u007f\"]],"
	    "\"column_types\":[\"text\"],\"command\":\"SELECT\"}";
	static const char raw[] = "{\"columns\":[\"a\"],\"rows\":"
	    "[[\"\x7f\xc2\x9b\"]],\"command\":\"SELECT\"}";
	struct print_style st = { .format = PRINT_UNALIGNED,
	    .tuples_only = true, .terminal = true };
	struct print_style x = { .expanded = true, .terminal = true };
	struct print_style j = { .format = PRINT_JSONL, .terminal = true };
	struct print_style c = { .format = PRINT_CSV, .terminal = true };

	is_str(show(nasty, &st),
	    "\\x1B]0;x\\x07\\u009b\\u202e\\r\\x7F\n", "made visible");
	ok(strpbrk(show(nasty, &x), "\x1b\x7f\r") == NULL, "in -x");
	ok(strpbrk(show(nasty, &c), "\x1b\x7f\r") == NULL, "in csv");
	is_str(show(raw, &j), "{\"a\":\"\\u007f\\u009b\"}\n",
	    "in JSON by its own escapes");
	st.terminal = false;
	is_str(show(nasty, &st),
	    "\x1b]0;x\x07\xc2\x9b\xe2\x80\xae\r\x7f\n", "a pipe gets it all");
}

static void
test_tags(void)
{
	struct print_style st = { .format = PRINT_ALIGNED };
	struct print_style csv = { .format = PRINT_CSV };
	static const struct { const char *answer, *want; } t[] = {
		{ "\"INSERT\",\"rows_affected\":2", "INSERT 0 2\n" },
		{ "\"UPDATE\",\"rows_affected\":0", "UPDATE 0\n" },
		{ "\"SELECT\",\"rows_affected\":3", "SELECT 3\n" },
		{ "\"CREATE TABLE\",\"rows_affected\":0", "CREATE TABLE\n" },
		{ "\"\",\"rows_affected\":0", "" },
	};
	char answer[256];

	for (size_t i = 0; i < NELEM(t); i++) {
		snprintf(answer, sizeof(answer),
		    "{\"command\":%s,\"columns\":[],\"rows\":[]}",
		    t[i].answer);
		is_str(show(answer, &st), t[i].want, "tag");
		is_str(show(answer, &csv), "", "for programs, none");
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", "[]", "{}", "nonsense",
	    "{\"columns\":[\"a\"],\"rows\":[[1,2]]}",
	    "{\"columns\":[\"a\"],\"rows\":[1]}",
	    "{\"columns\":[1],\"rows\":[]}",
	    "{\"columns\":[],\"rows\":[],\"rows_affected\":-1}",
	    "{\"columns\":{},\"rows\":[]}" };
	struct print_style st = { .format = PRINT_ALIGNED };

	for (size_t i = 0; i < NELEM(bad); i++)
		ok(strncmp(show(bad[i], &st), "the answer is not", 17) == 0,
		    "refused: %s", bad[i]);
	ok(strncmp(show("{\"columns\":[\"a\"],\"rows\":[[1]],"
	    "\"column_types\":[]}", &st), " a ", 3) == 0,
	    "types that do not fit are not believed");
}

int
main(void)
{
	text_init();
	test_aligned();
	test_unaligned();
	test_expanded();
	test_csv();
	test_json();
	test_values();
	test_terminal();
	test_tags();
	test_refused();
	free(got);
	return done();
}
