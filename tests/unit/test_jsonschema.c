/*
 * Values by schemas: each keyword's meaning, on both sides of its edge.
 */
#include "lib/jsonschema.h"
#include "tap.h"

static struct jsonschema *schema;
static struct jsonschema_error err;

static void
given(const char *text)
{
	jsonschema_free(schema);
	schema = jsonschema_new(tap_guarded(text, strlen(text)), strlen(text),
	    &err);
	if (schema == NULL) {
		ok(0, "%s: %s %s %s", text, err.path, err.keyword, err.what);
		exit(1);
	}
}

static enum jsonschema_verdict
check(const char *value)
{
	struct json j;
	enum jsonschema_verdict v;

	if (json_read(&j, tap_guarded(value, strlen(value)), strlen(value),
	    NULL) == -1) {
		ok(0, "not JSON: %s", value);
		exit(1);
	}
	v = jsonschema_check(schema, &j, 0, &err);
	json_fini(&j);
	return v;
}

static void
takes(const char *value)
{
	ok(check(value) == JSONSCHEMA_VALID, "takes %.60s", value);
}

/* Where, and by which keyword. */
static void
refuses(const char *value, const char *path, const char *keyword)
{
	ok(check(value) == JSONSCHEMA_INVALID, "refuses %.60s", value);
	is_str(err.path, path, "at %s", path);
	is_str(err.keyword, keyword, "by %s: %s", keyword, err.what);
}

static void
test_types(void)
{
	given("true");
	takes("1");
	given("false");
	refuses("1", "", "");
	given("{}");
	takes("null");
	given("{\"type\":\"integer\"}");
	takes("1");
	takes("1.0");
	takes("-0");
	takes("1e400");
	refuses("1.5", "", "type");
	refuses("\"1\"", "", "type");
	given("{\"type\":[\"string\",\"null\"]}");
	takes("\"\"");
	takes("null");
	refuses("false", "", "type");
	given("{\"type\":\"number\"}");
	takes("1");
	takes("1.5e-3");
	refuses("true", "", "type");
	given("{\"type\":\"object\"}");
	refuses("[]", "", "type");
	given("{\"type\":\"array\"}");
	refuses("{}", "", "type");
	given("{\"type\":\"boolean\"}");
	takes("false");
	refuses("0", "", "type");
}

static void
test_equality(void)
{
	given("{\"const\":{\"a\":[1,\"\\u0041\"],\"b\":null}}");
	takes("{\"b\":null,\"a\":[1.0,\"A\"]}");
	refuses("{\"b\":null,\"a\":[1,\"a\"]}", "", "const");
	refuses("{\"b\":null,\"a\":[1,\"A\"],\"c\":1}", "", "const");
	given("{\"const\":9007199254740993}");
	takes("9007199254740993");
	refuses("9007199254740992", "", "const");
	given("{\"const\":false}");
	refuses("0", "", "const");
	given("{\"const\":0}");
	takes("-0.0");
	refuses("false", "", "const");
	given("{\"enum\":[6,\"foo\",[],true,{\"foo\":12}]}");
	takes("6.0");
	takes("\"f\\u006fo\"");
	takes("{\"foo\":12}");
	refuses("{\"foo\":false}", "", "enum");
	refuses("null", "", "enum");
	given("{\"enum\":[]}");
	refuses("1", "", "enum");
	given("{\"const\":\"hello\\u0000there\"}");
	takes("\"hello\\u0000there\"");
	refuses("\"hellothere\"", "", "const");
}

static void
test_numbers(void)
{
	given("{\"multipleOf\":0.01}");
	takes("19.99");
	takes("4.5");
	takes("\"x\"");
	refuses("0.0075", "", "multipleOf");
	given("{\"minimum\":-2,\"maximum\":300}");
	takes("-2.0");
	takes("3e2");
	refuses("-2.0000000000000000000001", "", "minimum");
	refuses("300.00000000000000000000000000001", "", "maximum");
	given("{\"exclusiveMinimum\":1.1,\"exclusiveMaximum\":3}");
	takes("1.2");
	takes("2.99999999999999999999999");
	refuses("1.10", "", "exclusiveMinimum");
	refuses("3", "", "exclusiveMaximum");
	given("{\"maximum\":9007199254740992}");
	refuses("9007199254740993", "", "maximum");
}

static void
test_strings(void)
{
	given("{\"minLength\":2,\"maxLength\":3.0}");
	takes("\"ab\"");
	takes("\"\\ud83d\\udca9\\ud83d\\udca9\"");
	takes("\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\"");
	takes("12345");
	refuses("\"\\ud83d\\udca9\"", "", "minLength");
	refuses("\"abcd\"", "", "maxLength");
	given("{\"pattern\":\"^\\\\S+\\\\.sql$\"}");
	takes("\"a.sql\"");
	takes("7");
	refuses("\"a b.sql\"", "", "pattern");
	given("{\"pattern\":\"a+\"}");
	takes("\"xxaayy\"");
	given("{\"pattern\":\"^a$\"}");
	refuses("\"a\\u0000\"", "", "pattern");
}

static void
format(const char *name, const char *const *good, const char *const *bad)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"format\":\"%s\"}", name);
	given(text);
	takes("12");
	for (; *good != NULL; good++)
		takes(*good);
	for (; *bad != NULL; bad++)
		refuses(*bad, "", "format");
}

static void
test_formats(void)
{
	format("uuid", (const char *const []){
	    "\"2EB8AA08-AA98-11EA-B4AA-73B441D16380\"",
	    "\"00000000-0000-0000-0000-000000000000\"", NULL },
	    (const char *const []){ "\"\"",
	    "\"2eb8aa08-aa98-11ea-b4aa-73b441d1638\"",
	    "\"2eb8aa08aa98-11ea-b4aa-73b441d16380-\"",
	    "\"2eb8aa08-aa98-11ea-b4aa-73b441d1638g\"", NULL });
	format("date", (const char *const []){ "\"1963-06-19\"",
	    "\"2020-02-29\"", "\"2000-02-29\"", NULL },
	    (const char *const []){ "\"2021-02-29\"", "\"1900-02-29\"",
	    "\"2020-04-31\"", "\"2020-13-01\"", "\"06/19/1963\"",
	    "\"1963-6-19\"", "\"1963-06-1\\u09ea\"", "\"2020-00-10\"",
	    NULL });
	format("time", (const char *const []){ "\"08:30:06Z\"",
	    "\"23:59:60Z\"", "\"01:29:60+01:30\"", "\"15:59:60-08:00\"",
	    "\"08:30:06.283185z\"", NULL },
	    (const char *const []){ "\"08:30:06\"", "\"24:00:00Z\"",
	    "\"22:59:60Z\"", "\"08:30:06.Z\"", "\"08:30:06+24:00\"",
	    "\"8:3:6Z\"", "\"08:30:06-8:00\"", NULL });
	format("date-time", (const char *const []){
	    "\"1963-06-19T08:30:06.283185Z\"", "\"1990-12-31t15:59:50z\"",
	    "\"1998-12-31T23:59:60Z\"", NULL },
	    (const char *const []){ "\"1998-12-31T23:58:60Z\"",
	    "\"1990-02-31T15:59:59Z\"", "\"1963-06-19 08:30:06Z\"",
	    "\"2013-350T01:01:01\"", "\"1963-06-19T\"", NULL });
	format("email", (const char *const []){ "\"joe.bloggs@example.com\"",
	    "\"te~st@example.com\"", "\"a@b\"", NULL },
	    (const char *const []){ "\"2962\"", "\".test@example.com\"",
	    "\"te..st@example.com\"", "\"test.@example.com\"", "\"@b\"",
	    "\"a@\"", "\"a@-b\"", "\"a@b..c\"", "\"a@b-.c\"", "\"a b@c\"",
	    NULL });
	format("uri", (const char *const []){
	    "\"http://foo.bar/?baz=qux#quux\"", "\"urn:uuid:x\"",
	    "\"http://user:p@[2001:db8::7]:80/c=GB?x\"",
	    "\"mailto:a@b.c\"", "\"http://a/%41\"", "\"tel:+1-816\"",
	    NULL },
	    (const char *const []){ "\"//foo.bar\"", "\"/abc\"", "\"abc\"",
	    "\"http:// shouldfail.com\"", "\"http://a/%4\"",
	    "\"http://a/\\\\b\"", "\"1http://a\"", "\"http://a:8x/\"",
	    "\"http://[::1/\"", "\"http://a/[b]\"", "\"a:b#c#d\"",
	    "\"http://a/<b>\"", "\"\"", "\":a\"", NULL });
}

static void
test_arrays(void)
{
	given("{\"items\":{\"type\":\"integer\"},\"minItems\":1,"
	    "\"maxItems\":3}");
	takes("[1,2,3]");
	takes("{}");
	refuses("[]", "", "minItems");
	refuses("[1,2,3,4]", "", "maxItems");
	refuses("[1,\"x\"]", "/1", "type");
	given("{\"prefixItems\":[{\"type\":\"integer\"},"
	    "{\"type\":\"string\"}],\"items\":false}");
	takes("[1,\"x\"]");
	takes("[1]");
	takes("[]");
	refuses("[\"x\",1]", "/0", "type");
	refuses("[1,\"x\",null]", "/2", "items");
	given("{\"prefixItems\":[true,{\"type\":\"string\"}]}");
	takes("[1,\"x\",3]");
	given("{\"uniqueItems\":true}");
	takes("[1,true,0,false,\"1\",[],{}]");
	takes("[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1}]");
	takes("[[\"a\",\"b\"],[\"b\",\"a\"]]");
	refuses("[1.0,2,1.00]", "/2", "uniqueItems");
	refuses("[\"a\",\"\\u0061\"]", "/1", "uniqueItems");
	refuses("[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "/1",
	    "uniqueItems");
	given("{\"uniqueItems\":false}");
	takes("[1,1]");
}

static void
test_objects(void)
{
	given("{\"properties\":{\"foo\":{\"type\":\"integer\"},"
	    "\"b~r/x\":false},\"required\":[\"f\\u006fo\"]}");
	takes("{\"foo\":1,\"more\":2}");
	refuses("{\"foo\":\"x\"}", "/foo", "type");
	refuses("{\"foo\":1,\"b~r/x\":1}", "/b~0r~1x", "properties");
	refuses("{}", "", "required");
	given("{\"properties\":{\"a\":true},\"patternProperties\":"
	    "{\"^x_\":{\"type\":\"string\"}},\"additionalProperties\":false}");
	takes("{\"a\":1,\"x_1\":\"y\"}");
	refuses("{\"x_1\":1}", "/x_1", "type");
	refuses("{\"a\":1,\"b\":2}", "/b", "additionalProperties");
	given("{\"additionalProperties\":{\"type\":\"boolean\"}}");
	takes("{\"a\":true}");
	refuses("{\"a\":1}", "/a", "type");
	given("{\"propertyNames\":{\"maxLength\":3}}");
	takes("{\"abc\":1}");
	refuses("{\"abcd\":1}", "/abcd", "maxLength");
	given("{\"minProperties\":1,\"maxProperties\":2}");
	takes("{\"a\":1}");
	refuses("{}", "", "minProperties");
	refuses("{\"a\":1,\"b\":2,\"c\":3}", "", "maxProperties");
	given("{\"dependentRequired\":{\"card\":[\"address\"]}}");
	takes("{\"address\":1}");
	takes("{\"address\":1,\"card\":2}");
	refuses("{\"card\":2}", "", "dependentRequired");
	given("{\"properties\":{\"__proto__\":{\"type\":\"string\"}},"
	    "\"required\":[\"toString\"]}");
	refuses("{}", "", "required");
}

static void
test_in_place(void)
{
	given("{\"allOf\":[{\"minimum\":2},{\"maximum\":4}]}");
	takes("3");
	refuses("5", "", "maximum");
	given("{\"allOf\":[true,false]}");
	refuses("1", "", "allOf");
	given("{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}");
	takes("1");
	takes("2.5");
	refuses("1.5", "", "anyOf");
	given("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}");
	takes("1");
	takes("2.5");
	refuses("3", "", "oneOf");
	refuses("1.5", "", "oneOf");
	given("{\"not\":{\"type\":[\"integer\",\"boolean\"]}}");
	takes("\"x\"");
	refuses("1", "", "not");
	given("{\"if\":{\"exclusiveMaximum\":0},\"then\":{\"minimum\":-10},"
	    "\"else\":{\"multipleOf\":2}}");
	takes("-1");
	takes("4");
	refuses("-100", "", "minimum");
	refuses("3", "", "multipleOf");
	given("{\"then\":{\"const\":0},\"else\":{\"const\":1}}");
	takes("2");
	given("{\"if\":true,\"else\":false}");
	takes("1");
	/* The depth of a failed branch is given back. */
	given("{\"items\":{\"anyOf\":[{\"allOf\":[{\"type\":\"string\"}]},"
	    "true]}}");
	takes("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]");
}

static void
test_refs(void)
{
	given("{\"properties\":{\"foo\":{\"$ref\":\"#\"}},"
	    "\"additionalProperties\":false}");
	takes("{\"foo\":{\"foo\":{}}}");
	refuses("{\"foo\":{\"bar\":false}}", "/foo/bar",
	    "additionalProperties");
	given("{\"$defs\":{\"a/b~c%\":{\"type\":\"integer\"},"
	    "\"d\":{\"$ref\":\"#/$defs/a~1b~0c%25\"}},"
	    "\"items\":{\"$ref\":\"#/$defs/d\",\"maximum\":5}}");
	takes("[1,5]");
	refuses("[\"x\"]", "/0", "type");
	refuses("[6]", "/0", "maximum");
	given("{\"prefixItems\":[{\"type\":\"integer\"},"
	    "{\"$ref\":\"#/prefixItems/0\"}]}");
	takes("[1,2]");
	refuses("[1,\"foo\"]", "/1", "type");
	given("{\"$ref\":\"#/$defs/no\",\"$defs\":{\"no\":false}}");
	refuses("1", "", "$ref");
	/* A tree. */
	given("{\"$defs\":{\"node\":{\"type\":\"object\",\"properties\":"
	    "{\"kids\":{\"type\":\"array\",\"items\":{\"$ref\":"
	    "\"#/$defs/node\"}}},\"required\":[\"kids\"]}},"
	    "\"$ref\":\"#/$defs/node\"}");
	takes("{\"kids\":[{\"kids\":[]},{\"kids\":[{\"kids\":[]}]}]}");
	refuses("{\"kids\":[{\"kids\":[]},{\"kids\":[{}]}]}",
	    "/kids/1/kids/0", "required");
}

static void
test_annotations(void)
{
	given("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"$id\":\"urn:x\",\"title\":\"t\",\"description\":\"d\","
	    "\"default\":7,\"examples\":[1],\"deprecated\":true,"
	    "\"readOnly\":false,\"writeOnly\":false,\"$comment\":\"c\","
	    "\"type\":\"string\"}");
	takes("\"x\"");
	refuses("7", "", "type");
}

/* However long a value takes it ends, and says so. */
static void
test_bounds(void)
{
	static char text[1 << 20];
	size_t n = 0;

	given("{\"uniqueItems\":true}");
	text[n++] = '[';
	for (int i = 0; i < 100000; i++)
		n += (size_t)snprintf(text + n, 10, "%d,", i);
	memcpy(text + n - 1, "]", 2);
	ok(check(text) == JSONSCHEMA_VALID, "a hundred thousand different");
	given("{\"patternProperties\":{\"^(a|b|c)*d$\":true},"
	    "\"additionalProperties\":{\"pattern\":\"^(x+)+y\"}}");
	n = (size_t)snprintf(text, 10, "{\"k\":\"");
	memset(text + n, 'x', 900000);
	memcpy(text + n + 900000, "\"}", 3);
	ok(check(text) == JSONSCHEMA_TOO_MUCH, "a long text and a pattern");
	given("{\"anyOf\":[{\"allOf\":[{\"anyOf\":[{\"items\":"
	    "{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"}}]},false]},"
	    "{\"items\":{\"$ref\":\"#\"},\"minItems\":5}]}");
	memset(text, '[', 250);
	memset(text + 250, ']', 250);
	text[500] = '\0';
	ok(check(text) == JSONSCHEMA_TOO_MUCH, "two to the power of 250");
	memset(text, '1', 1000000);
	text[1000000] = '\0';
	given("{\"enum\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}");
	ok(check(text) == JSONSCHEMA_TOO_MUCH, "a long number and others");
}

static void
bad(const char *text, const char *path, const char *keyword)
{
	struct jsonschema *s = jsonschema_new(tap_guarded(text, strlen(text)),
	    strlen(text), &err);

	ok(s == NULL, "no schema: %.60s", text);
	is_str(err.path, path, "at %s", path);
	is_str(err.keyword, keyword, "%s: %s", keyword, err.what);
	jsonschema_free(s);
}

static void
test_bad_schemas(void)
{
	bad("", "", "");
	bad("[]", "", "");
	bad("1", "", "");
	bad("{\"a\":1}", "", "a");
	bad("{\"properties\":{\"x/y\":{\"minLenght\":1}}}",
	    "/properties/x~1y", "minLenght");
	bad("{\"unevaluatedProperties\":false}", "", "unevaluatedProperties");
	bad("{\"$dynamicRef\":\"#x\"}", "", "$dynamicRef");
	bad("{\"$anchor\":\"x\"}", "", "$anchor");
	bad("{\"contains\":true}", "", "contains");
	bad("{\"allOf\":[{\"dependentSchemas\":{}}]}", "/allOf/0",
	    "dependentSchemas");
	bad("{\"type\":\"int\"}", "", "type");
	bad("{\"type\":[]}", "", "type");
	bad("{\"type\":[\"string\",7]}", "", "type");
	bad("{\"required\":\"a\"}", "", "required");
	bad("{\"required\":[1]}", "", "required");
	bad("{\"minLength\":-1}", "", "minLength");
	bad("{\"minLength\":1.5}", "", "minLength");
	bad("{\"minimum\":\"1\"}", "", "minimum");
	bad("{\"multipleOf\":0}", "", "multipleOf");
	bad("{\"multipleOf\":-1}", "", "multipleOf");
	bad("{\"multipleOf\":1.234567890123456789}", "", "multipleOf");
	bad("{\"pattern\":\"(\"}", "", "pattern");
	bad("{\"pattern\":\"(?=a)\"}", "", "pattern");
	bad("{\"patternProperties\":{\"[\":true}}", "", "patternProperties");
	bad("{\"format\":\"ipv4\"}", "", "format");
	bad("{\"format\":1}", "", "format");
	bad("{\"items\":[true]}", "/items", "");
	bad("{\"allOf\":[]}", "", "allOf");
	bad("{\"anyOf\":[1]}", "/anyOf/0", "");
	bad("{\"properties\":[]}", "", "properties");
	bad("{\"uniqueItems\":1}", "", "uniqueItems");
	bad("{\"$ref\":\"#/$defs/x\"}", "", "$ref");
	bad("{\"$ref\":\"#/title\",\"title\":\"x\"}", "", "$ref");
	bad("{\"$ref\":\"other.json\"}", "", "$ref");
	bad("{\"$ref\":\"#x\"}", "", "$ref");
	bad("{\"$ref\":\"#/%4\"}", "", "$ref");
	bad("{\"$ref\":\"#\"}", "", "$ref");
	bad("{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},"
	    "\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}",
	    "/$defs/b/not", "$ref");
	bad("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", "",
	    "$schema");
	bad("{\"items\":{\"$id\":\"x\"}}", "/items", "$id");
	bad("{\"a\":1,\"a\":2}", "", "");
}

/* No beginning of a good schema is followed beyond its end. */
static void
test_prefixes(void)
{
	static const char good[] = "{\"type\":[\"object\"],\"properties\":"
	    "{\"a\":{\"pattern\":\"^a{2}$\",\"format\":\"uri\"},\"b\":{\"$ref"
	    "\":\"#/$defs/c\"}},\"$defs\":{\"c\":{\"enum\":[1.5e3,null]}}}";
	struct jsonschema *s;

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		if ((s = jsonschema_new(tap_guarded(good, n), n,
		    &err)) != NULL) {
			ok(0, "prefix of %zu", n);
			jsonschema_free(s);
		}
	given(good);
	refuses("{\"a\":\"b:aa\",\"b\":1500}", "/a", "pattern");
}

int
main(void)
{
	test_types();
	test_equality();
	test_numbers();
	test_strings();
	test_formats();
	test_arrays();
	test_objects();
	test_in_place();
	test_refs();
	test_annotations();
	test_bounds();
	test_bad_schemas();
	test_prefixes();
	jsonschema_free(schema);
	return done();
}
