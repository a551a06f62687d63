/*
 * fuzz_params.c - JSON values as parameters of many types, and PostgreSQL's
 * values as JSON.
 *
 * The first byte chooses the type, the rest is JSON or else a value's text.
 * What is written for an array is read back here by PostgreSQL's rules for
 * array literals, and holds the elements that JSON had; and what any text
 * becomes is JSON.
 */
#include "acdbd/params.h"
#include "acdbd/values.h"
#include "fuzz.h"

#define VECTOR		90001u
#define VECTORS		90002u
#define INTS		90003u	/* a domain over int4[] */
#define MANY_INTS	90004u
#define OUT_MAX		((size_t)1 << 24)

static struct types *types;

static void
learn(uint32_t oid, enum type_kind kind, uint32_t elem, const char *name)
{
	struct type t = { .oid = oid, .kind = kind, .elem = elem,
	    .delim = ',' };

	memcpy(t.name, name, strlen(name) + 1);
	types_learn(types, &t);
}

/* Of an array's literal, read as array_in() reads it. */
struct literal {
	const char	*p, *end;
	char		 delim;
};

static bool
takes(struct literal *l, char c)
{
	if (l->p == l->end || *l->p != c)
		return false;
	l->p++;
	return true;
}

/* An element: quoted, or plain up to what ends it.  Returns whether it was
 * quoted. */
static bool
read_element(struct literal *l, struct buf *text)
{
	bool quoted = takes(l, '"');

	while (l->p < l->end && (quoted ? *l->p != '"' :
	    *l->p != l->delim && *l->p != '}')) {
		if (*l->p == '\\')
			l->p++;
		must(l->p < l->end);
		must(quoted || strchr("{\" \t\n\r\v\f", *l->p) == NULL);
		buf_addc(text, *l->p++);
	}
	must(!quoted || takes(l, '"'));
	must(quoted || buf_len(text) > 0);
	return quoted;
}

static void	compare(const struct json *j, uint32_t i,
	    const struct type *type, const char *p, size_t n);

static void
compare_level(const struct json *j, uint32_t i, const struct type *elem,
    struct literal *l)
{
	struct buf text;
	bool first = true, quoted;

	must(takes(l, '{'));
	for (uint32_t c = json_first(j, i); c != 0; c = json_next(j, i, c)) {
		must(first || takes(l, l->delim));
		first = false;
		if (l->p < l->end && *l->p == '{') {
			must(j->tok[c].type == JSON_ARRAY);
			compare_level(j, c, elem, l);
			continue;
		}
		buf_init(&text, OUT_MAX);
		quoted = read_element(l, &text);
		if (quoted)
			compare(j, c, elem, buf_cstr(&text), buf_len(&text));
		else
			must(j->tok[c].type == JSON_NULL &&
			    strcmp(buf_cstr(&text), "NULL") == 0);
		buf_fini(&text);
	}
	must(takes(l, '}'));
}

/* PostgreSQL's integers may begin with zeros. */
static void
compare_number(const struct json *j, uint32_t i, const char *p, size_t n)
{
	struct decimal a = json_decimal(j, i), b;
	char *text = strndup(p, n), *s = text;

	must(s != NULL);
	if (*s == '-')
		s++;
	while (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		s++;
	if (*text == '-')
		*--s = '-';
	must(json_is_number(s, strlen(s)));
	b = decimal_read(s, strlen(s));
	must(decimal_compare(&a, &b) == 0);
	free(text);
}

/* Whether the n bytes at p say for the type what the JSON at i says. */
static void
compare(const struct json *j, uint32_t i, const struct type *type,
    const char *p, size_t n)
{
	struct literal l = { p, p + n, type == NULL ? ',' : type->delim };
	const char *raw;
	char *s;
	size_t m;

	switch ((enum json_type)j->tok[i].type) {
	case JSON_NULL:
		abort();
	case JSON_TRUE:
		must(n == 4 && memcmp(p, "true", 4) == 0);
		return;
	case JSON_FALSE:
		must(n == 5 && memcmp(p, "false", 5) == 0);
		return;
	case JSON_STRING:
		must((s = json_strdup(j, i)) != NULL);
		must(strlen(s) == n && memcmp(s, p, n) == 0);
		free(s);
		return;
	case JSON_NUMBER:
		compare_number(j, i, p, n);
		return;
	case JSON_ARRAY:
		if (type != NULL && type->kind == TYPE_ARRAY) {
			compare_level(j, i, types_find(types, type->elem), &l);
			must(l.p == l.end);
			return;
		}
		break;
	case JSON_OBJECT:
		break;
	}
	raw = json_raw(j, i, &m);
	must(n == m && memcmp(raw, p, n) == 0);
}

/* Strings and nulls alone, which every array of text gives back as such. */
static bool
only_texts(const struct json *j)
{
	for (uint32_t i = 0; i < j->ntok; i++)
		if (j->tok[i].type != JSON_STRING &&
		    j->tok[i].type != JSON_NULL &&
		    j->tok[i].type != JSON_ARRAY)
			return false;
	return true;
}

/* The value's text in JSON; where it is same's, equal to that. */
static void
check_value(const struct type *type, const char *p, size_t n, unsigned how,
    const struct json *same)
{
	struct value_style style = { .numbers_as_strings = how & 64,
	    .json_as_text = how & 128 };
	struct buf out;
	struct json j;
	const char *text;
	size_t m;
	int64_t work = 1000000;

	buf_init(&out, OUT_MAX);
	values_put(&out, types, type, p, n, &style);
	must(!buf_failed(&out));
	text = buf_peek(&out, &m);
	must(memchr(text, '\n', m) == NULL);
	must(json_read_outer(&j, text, m, 0, NULL) == 0);
	must(same == NULL || j.tok[0].type != JSON_ARRAY ||
	    json_same(&j, 0, same, 0, &work) || work < 0);
	json_fini(&j);
	buf_fini(&out);
}

static void
check_param(const struct json *j, const struct type *type, unsigned how)
{
	struct problem why;
	struct buf out;
	const char *p;
	size_t n;

	(void)params_needs_type(j, 0);
	if (j->tok[0].type == JSON_NULL)
		return;
	problem_init(&why);
	buf_init(&out, OUT_MAX);
	if (params_put(&out, j, 0, types, type, 1, &why) == 0) {
		p = buf_peek(&out, &n);
		must(n > 0 && strlen(p) == n - 1);
		must(json_utf8_valid(p, n - 1));
		compare(j, 0, type, p, n - 1);
		if (type != NULL && type->elem == 25 && only_texts(j) &&
		    j->tok[0].type == JSON_ARRAY)
			check_value(type, p, n - 1, how, j);
	} else
		must(why.status == 400 && why.detail != NULL);
	buf_fini(&out);
	problem_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint32_t oids[] = { 0, 16, 20, 23, 25, 114, 701, 1114,
	    1184, 1266, 1700, 1000, 1016, 1007, 1009, 199, 1020, 1022, 1231,
	    1185, 1006, VECTOR, VECTORS, INTS, MANY_INTS };
	struct input in = { (const char *)data, n };
	unsigned how = next_byte(&in);
	const struct type *type;
	struct json j;
	char *text = own_bytes(in);

	if (types == NULL) {
		must((types = types_new()) != NULL);
		learn(VECTOR, TYPE_VECTOR, 0, "vector");
		learn(VECTORS, TYPE_ARRAY, VECTOR, "vector[]");
		learn(INTS, TYPE_ARRAY, 23, "ints");
		learn(MANY_INTS, TYPE_ARRAY, INTS, "ints[]");
	}
	type = types_find(types, oids[how % NELEM(oids)]);
	if (json_read_outer(&j, text, in.n, 0, NULL) == 0) {
		check_param(&j, type, how);
		json_fini(&j);
	} else if (type != NULL && type->kind != TYPE_JSON &&
	    type->kind != TYPE_VECTOR && type->elem != 114 &&
	    type->elem != VECTOR)
		check_value(type, text, in.n, how, NULL);
	free(text);
	return 0;
}
