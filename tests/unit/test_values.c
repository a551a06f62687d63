/* Values to JSON, parameters from JSON, and that the one undoes the other. */
#include "acdbd/params.h"
#include "acdbd/types.h"
#include "acdbd/values.h"
#include "tap.h"

enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT4 = 23, TEXT = 25, JSON = 114,
    BOXES = 1020, FLOAT8 = 701, INT4S = 1007, TEXTS = 1009, STAMP = 1114,
    STAMPTZ = 1184, STAMPTZS = 1185, TIMETZ = 1266, NUMERIC = 1700,
    JSONB = 3802, JSONBS = 3807, NUMERICS = 1231, VECTOR = 20000,
    VECTORS = 20001, BOOLS = 1000, DATE = 1082 };

static struct types *types;

static void
to_json(uint32_t oid, const char *text, const char *want,
    const struct value_style *style)
{
	struct buf b;
	size_t n = strlen(text);

	buf_init(&b, 1 << 20);
	values_put(&b, types, types_find(types, oid), tap_guarded(text, n), n,
	    style);
	is_str(buf_cstr(&b), want, "%s as type %u", text, oid);
	buf_fini(&b);
}

static void
to_text(uint32_t oid, const char *json, const char *want)
{
	struct problem why;
	struct json j;
	struct buf b;
	int rc;

	problem_init(&why);
	buf_init(&b, 1 << 20);
	if (!ok(json_read(&j, json, strlen(json), NULL) == 0, "%s is JSON",
	    json))
		return;
	rc = params_put(&b, &j, 0, types, oid == 0 ? NULL :
	    types_find(types, oid), 1, &why);
	if (want == NULL)
		ok(rc == -1 && why.status == 400, "%s refused: %s", json,
		    why.detail == NULL ? "" : why.detail);
	else
		is_str(rc == 0 ? buf_cstr(&b) : "(refused)", want,
		    "%s for type %u", json, oid);
	problem_fini(&why);
	buf_fini(&b);
	json_fini(&j);
}

static void
parameters(void)
{
	to_text(0, "9007199254740993", "9007199254740993");
	to_text(0, "true", "true");
	to_text(0, "\"a\\u00e9\\n\"", "a\xc3\xa9\n");
	to_text(0, "\"a\\u0000b\"", NULL);
	to_text(0, "{\"a\": [1, 2.50]}", "{\"a\": [1, 2.50]}");
	to_text(INT4, "5.0", "5");
	to_text(INT8, "1e3", "1000");
	to_text(INT8, "-12.50e1", "-125");
	to_text(INT4, "5.5", "5.5");
	to_text(INT4, "0.0", "0");
	to_text(INT4, "100e-2", "1");
	to_text(INT8, "1e999999999999", "1e999999999999");
	to_text(NUMERIC, "1e400", "1e400");
	to_text(NUMERIC, "5.0", "5.0");
	to_text(INT4S, "[1,null,3.0]", "{\"1\",NULL,\"3\"}");
	to_text(INT4S, "[[1,2],[3,4]]", "{{\"1\",\"2\"},{\"3\",\"4\"}}");
	to_text(INT4S, "[]", "{}");
	to_text(TEXTS, "[\"a\",\"NULL\",null,\"q\\\"\\\\\"]",
	    "{\"a\",\"NULL\",NULL,\"q\\\"\\\\\"}");
	to_text(TEXTS, "[\"\\u0000\"]", NULL);
	to_text(BOXES, "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]",
	    "{\"(1,1),(0,0)\";\"(2,2),(1,1)\"}");
	to_text(JSONB, "[1,[2]]", "[1,[2]]");
	to_text(JSONBS, "[{\"a\":1},[2],null]",
	    "{\"{\\\"a\\\":1}\",\"[2]\",NULL}");
	to_text(VECTOR, "[1,2.5]", "[1,2.5]");
	to_text(VECTORS, "[[1,2],[3,4]]", "{\"[1,2]\",\"[3,4]\"}");
	to_text(TEXT, "[1]", "[1]");
	to_text(BOOLS, "[true,false]", "{\"true\",\"false\"}");
}

int
main(void)
{
	struct value_style exact = { 0 };
	struct value_style strings = { .numbers_as_strings = true,
	    .json_as_text = true };
	struct type vector = { VECTOR, TYPE_VECTOR, 0, ',', "vector" };
	struct type vectors = { VECTORS, TYPE_ARRAY, VECTOR, ',',
	    "vector[]" };

	types = types_new();
	ok(types_find(types, VECTOR) == NULL, "a type not learned is unknown");
	types_learn(types, &vectors);
	types_learn(types, &vector);
	ok(types_find(types, VECTOR)->kind == TYPE_VECTOR, "learned");
	ok(types_find(types, VECTORS)->elem == VECTOR, "learned in order");
	types_learn(types, &(struct type){ .oid = VECTOR + 50000,
	    .name = TYPES_GUESSED });
	ok(types_find(types, VECTOR + 50000) != NULL, "guessed");
	types_forget_guesses(types);
	ok(types_find(types, VECTOR + 50000) == NULL, "and forgotten");
	ok(types_find(types, VECTOR) != NULL, "but not what was learned");

	to_json(BOOL, "t", "true", &exact);
	to_json(BOOL, "f", "false", &exact);
	to_json(INT8, "9007199254740993", "9007199254740993", &exact);
	to_json(INT8, "9007199254740993", "\"9007199254740993\"", &strings);
	to_json(INT4, "-1", "-1", &strings);
	to_json(NUMERIC, "1234567890123456789012345678901234567890.5",
	    "1234567890123456789012345678901234567890.5", &exact);
	to_json(NUMERIC, "NaN", "\"NaN\"", &exact);
	to_json(FLOAT8, "-Infinity", "\"-Infinity\"", &exact);
	to_json(FLOAT8, "1e+300", "1e+300", &exact);
	to_json(TEXT, "a\"b\\c\n\x01", "\"a\\\"b\\\\c\\n\\u0001\"", &exact);
	to_json(BYTEA, "\\x00ff", "\"\\\\x00ff\"", &exact);
	to_json(JSON, "{\"a\":\n 1}", "{\"a\":  1}", &exact);
	to_json(JSONB, "{\"a\": 1}", "\"{\\\"a\\\": 1}\"", &strings);
	to_json(DATE, "2026-01-02", "\"2026-01-02\"", &exact);
	to_json(STAMP, "2026-01-02 03:04:05.678",
	    "\"2026-01-02T03:04:05.678\"", &exact);
	to_json(STAMP, "infinity", "\"infinity\"", &exact);
	to_json(STAMP, "0044-03-15 00:00:00 BC", "\"0044-03-15T00:00:00 BC\"",
	    &exact);
	to_json(STAMPTZ, "2026-01-02 03:04:05+00",
	    "\"2026-01-02T03:04:05+00:00\"", &exact);
	to_json(STAMPTZ, "2026-01-02 03:04:05-03:30",
	    "\"2026-01-02T03:04:05-03:30\"", &exact);
	to_json(STAMPTZ, "0044-03-15 00:00:00+00 BC",
	    "\"0044-03-15T00:00:00+00:00 BC\"", &exact);
	to_json(STAMPTZ, "-infinity", "\"-infinity\"", &exact);
	to_json(TIMETZ, "03:04:05+02", "\"03:04:05+02:00\"", &exact);
	to_json(VECTOR, "[1,2.5]", "[1,2.5]", &exact);
	to_json(INT4S, "{1,2,NULL}", "[1,2,null]", &exact);
	to_json(INT4S, "{}", "[]", &exact);
	to_json(INT4S, "{{1,2},{3,4}}", "[[1,2],[3,4]]", &exact);
	to_json(INT4S, "[2:3]={1,2}", "\"[2:3]={1,2}\"", &exact);
	to_json(INT4S, "{1,2", "\"{1,2\"", &exact);
	to_json(TEXTS, "{a,\"NULL\",NULL,\"b \\\"c\\\\ d\",\"\"}",
	    "[\"a\",\"NULL\",null,\"b \\\"c\\\\ d\",\"\"]", &exact);
	to_json(BOXES, "{(1,1),(0,0);(2,2),(1,1)}",
	    "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]", &exact);
	to_json(JSONBS, "{\"{\\\"a\\\": 1}\",NULL}", "[{\"a\": 1},null]",
	    &exact);
	to_json(STAMPTZS, "{\"2026-01-02 03:04:05+00\"}",
	    "[\"2026-01-02T03:04:05+00:00\"]", &exact);
	to_json(VECTORS, "{\"[1,2]\",\"[3,4]\"}", "[[1,2],[3,4]]", &exact);
	to_json(BOOLS, "{t,f}", "[true,false]", &exact);
	to_json(NUMERICS, "{1.50,NaN}", "[1.50,\"NaN\"]", &exact);

	parameters();
	types_free(types);
	return done();
}
