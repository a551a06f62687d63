/*
 * mcp_args.c - a tool's arguments: which it takes, as a schema; and those
 * that came, checked.
 *
 * Models and their clients often send arrays and objects as JSON in a
 * string, and numbers as strings: both are understood.  What is wrong is an
 * error that names it, and what would be right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_priv.h"

static const char *const type_names[] = { "string", "integer", "boolean",
    "array", "object", "" };

struct mcp_value
mcp_member(struct mcp_value v, const char *name)
{
	uint32_t i = v.j == NULL ? 0 : json_member(v.j, v.i, name);

	return (struct mcp_value){ i == 0 ? NULL : v.j, i };
}

/* White space between tokens may be a line's end, which a message on a line
 * of its own cannot hold. */
void
mcp_put_value(struct buf *out, struct mcp_value v)
{
	size_t n;
	const char *p = json_raw(v.j, v.i, &n);
	char *to = buf_reserve(out, n);

	if (to == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		to[i] = p[i] == '\n' || p[i] == '\r' ? ' ' : p[i];
	buf_commit(out, n);
}

struct mcp_value
mcp_param(const struct mcp_call *c, const char *name)
{
	struct mcp_value v = { c->params == 0 ? NULL : &c->json, c->params };

	return mcp_member(v, name);
}

char *
mcp_strdup(struct mcp_value v)
{
	if (v.j == NULL || v.j->tok[v.i].type != JSON_STRING)
		return NULL;
	return json_strdup(v.j, v.i);
}

char *
mcp_param_str(const struct mcp_call *c, const char *name)
{
	return mcp_strdup(mcp_param(c, name));
}

void
mcp_args_schema(struct buf *out, const struct mcp_tool *t)
{
	bool first = true;

	buf_adds(out, "{\"type\":\"object\",");
	for (const struct mcp_arg *a = t->args; a != NULL && a->name != NULL;
	    a++) {
		buf_addf(out, "%s\"%s\":{", a == t->args ? "\"properties\":{" :
		    ",", a->name);
		if (a->type != MCP_ANY)
			buf_addf(out, "\"type\":\"%s\"%s", type_names[a->type],
			    a->schema[0] != '\0' ? "," : "");
		buf_addf(out, "%s}", a->schema);
	}
	if (t->args != NULL && t->args->name != NULL)
		buf_adds(out, "},");
	for (const struct mcp_arg *a = t->args; a != NULL && a->name != NULL;
	    a++)
		if (a->required) {
			buf_addf(out, "%s\"%s\"", first ? "\"required\":[" :
			    ",", a->name);
			first = false;
		}
	buf_addf(out, "%s\"additionalProperties\":false}",
	    first ? "" : "],");
}

/* The names a tool takes, for an error. */
static void
put_names(struct buf *out, const struct mcp_tool *t)
{
	for (const struct mcp_arg *a = t->args; a != NULL && a->name != NULL;
	    a++)
		buf_addf(out, "%s%s%s", a == t->args ? "" : ", ", a->name,
		    a->required ? " (required)" : "");
	if (t->args == NULL || t->args->name == NULL)
		buf_adds(out, "none");
}

static int
refuse(struct mcp_call *c, const char *what, const char *name)
{
	struct buf text;
	size_t n;
	const char *p;

	buf_init(&text, 8192);
	buf_addf(&text, "%s \"%.64s\". %s takes: ", what, name,
	    c->tool->name);
	put_names(&text, c->tool);
	p = buf_peek(&text, &n);
	mcp_tool_error_text(c, p, n);
	buf_fini(&text);
	return -1;
}

/* JSON in the string at v, read as a value of its own. */
static struct mcp_value
lend(struct mcp_call *c, struct mcp_value v)
{
	struct mcp_value none = { NULL, 0 };
	char *text;

	if (c->nlent == MCP_ARGS_MAX || (text = mcp_strdup(v)) == NULL)
		return none;
	if (json_read(&c->lent_json[c->nlent], text, strlen(text), NULL) ==
	    -1) {
		free(text);
		return none;
	}
	c->lent[c->nlent] = text;
	return (struct mcp_value){ &c->lent_json[c->nlent++], 0 };
}

static bool
fits(struct mcp_value v, enum mcp_type type)
{
	enum json_type t = (enum json_type)v.j->tok[v.i].type;
	int64_t n;

	switch (type) {
	case MCP_STRING:
		return t == JSON_STRING;
	case MCP_INT:
		return json_int(v.j, v.i, INT64_MIN, INT64_MAX, &n) == 0;
	case MCP_BOOL:
		return t == JSON_TRUE || t == JSON_FALSE;
	case MCP_ARRAY:
		return t == JSON_ARRAY;
	case MCP_OBJECT:
		return t == JSON_OBJECT;
	case MCP_ANY:
		break;
	}
	return true;
}

/* Whether the list of an enum, up to its bracket, has the value. */
static bool
is_listed(const char *list, struct mcp_value v)
{
	char word[64];
	size_t n;

	for (const char *p = list; *p == '"' || *p == ','; p += n + 1) {
		p += *p == ',';
		n = strcspn(++p, "\"");
		if (n < sizeof(word)) {
			memcpy(word, p, n);
			word[n] = '\0';
			if (json_is(v.j, v.i, word))
				return true;
		}
	}
	return false;
}

/* A value that is none of those that there are would be taken for another, or
 * find nothing: it is refused.  Returns 0, or -1 with the error written. */
static int
check_enum(struct mcp_call *c, const struct mcp_arg *a, struct mcp_value v)
{
	static const char mark[] = "\"enum\":[";
	const char *list = strstr(a->schema, mark);
	struct buf words;
	bool good = true;

	if (list == NULL)
		return 0;
	list += sizeof(mark) - 1;
	if (a->type == MCP_STRING)
		good = is_listed(list, v);
	else
		for (uint32_t i = json_first(v.j, v.i); i != 0 && good;
		    i = json_next(v.j, v.i, i))
			good = is_listed(list, (struct mcp_value){ v.j, i });
	if (good)
		return 0;
	buf_init(&words, 1024);
	for (; *list != ']' && *list != '\0'; list++)
		if (*list == ',')
			buf_adds(&words, ", ");
		else if (*list != '"')
			buf_addc(&words, *list);
	mcp_tool_error(c, "%s is %s %s", a->name, a->type == MCP_STRING ?
	    "one of" : "an array of", buf_cstr(&words));
	buf_fini(&words);
	return -1;
}

static bool
has_nul(struct mcp_value v)
{
	char *s;

	if (v.j->tok[v.i].type != JSON_STRING || !v.j->tok[v.i].escaped)
		return false;
	s = json_strdup(v.j, v.i);
	free(s);
	return s == NULL;
}

/* What can be read as it was meant: null, and of what need not be there the
 * empty string, which some models give, are as if they were not there.  But
 * not the key of a write that is to be made once. */
static bool
is_absent(const struct mcp_arg *a, struct mcp_value v)
{
	if (v.j->tok[v.i].type == JSON_NULL)
		return a->type != MCP_ANY;
	return !a->required && a->type == MCP_STRING &&
	    json_is(v.j, v.i, "") && strcmp(a->name, "idempotency_key") != 0;
}

static int
take(struct mcp_call *c, const char *name, struct mcp_value v)
{
	const struct mcp_arg *a = c->tool->args;
	struct mcp_value lent;
	char what[64];

	while (a != NULL && a->name != NULL && strcmp(a->name, name) != 0)
		a++;
	if (a == NULL || a->name == NULL)
		return refuse(c, "there is no argument", name);
	if (is_absent(a, v))
		return 0;
	if (!fits(v, a->type) && a->type != MCP_STRING &&
	    v.j->tok[v.i].type == JSON_STRING &&
	    (lent = lend(c, v)).j != NULL)
		v = lent;
	if (!fits(v, a->type)) {
		snprintf(what, sizeof(what), "%s %s is wanted for",
		    a->type == MCP_INT || a->type == MCP_ARRAY ||
		    a->type == MCP_OBJECT ? "an" : "a", type_names[a->type]);
		return refuse(c, what, name);
	}
	if (a->type == MCP_STRING && has_nul(v))
		return refuse(c, "text without the character NUL is wanted "
		    "for", name);
	c->arg[a - c->tool->args] = v;
	return check_enum(c, a, v);
}

int
mcp_args_read(struct mcp_call *c)
{
	struct mcp_value all = mcp_param(c, "arguments");
	const struct mcp_arg *a = c->tool->args;
	char *name;
	int rc;

	/* Absent arguments are no arguments. */
	if (all.j != NULL && all.j->tok[all.i].type == JSON_NULL)
		all.j = NULL;
	if (all.j != NULL && all.j->tok[all.i].type == JSON_STRING)
		all = lend(c, all);
	else if (all.j == NULL)
		goto check_required;
	if (all.j == NULL || all.j->tok[all.i].type != JSON_OBJECT)
		return refuse(c, "an object is wanted for", "arguments");
	for (uint32_t i = json_first(all.j, all.i); i != 0;
	    i = json_next(all.j, all.i, i + 1)) {
		if ((name = json_strdup(all.j, i)) == NULL)
			return refuse(c, "there is no argument", "?");
		rc = take(c, name, (struct mcp_value){ all.j, i + 1 });
		free(name);
		if (rc == -1)
			return -1;
	}
check_required:
	for (size_t k = 0; a != NULL && a[k].name != NULL; k++)
		if (a[k].required && c->arg[k].j == NULL)
			return refuse(c, "missing argument", a[k].name);
	return 0;
}

struct mcp_value
mcp_arg(const struct mcp_call *c, const char *name)
{
	for (size_t k = 0; c->tool->args[k].name != NULL; k++)
		if (strcmp(c->tool->args[k].name, name) == 0)
			return c->arg[k];
	return (struct mcp_value){ NULL, 0 };
}

bool
mcp_arg_bool(const struct mcp_call *c, const char *name)
{
	struct mcp_value v = mcp_arg(c, name);

	return v.j != NULL && v.j->tok[v.i].type == JSON_TRUE;
}

int64_t
mcp_arg_int(const struct mcp_call *c, const char *name, int64_t def,
    int64_t min, int64_t max)
{
	struct mcp_value v = mcp_arg(c, name);
	int64_t n;

	if (v.j == NULL || json_int(v.j, v.i, INT64_MIN, INT64_MAX, &n) == -1)
		return def;
	return n < min ? min : n > max ? max : n;
}

char *
mcp_arg_str(const struct mcp_call *c, const char *name)
{
	return mcp_strdup(mcp_arg(c, name));
}

bool
mcp_arg_is(const struct mcp_call *c, const char *name, const char *text)
{
	struct mcp_value v = mcp_arg(c, name);

	return v.j != NULL && json_is(v.j, v.i, text);
}

bool
mcp_arg_raw(const struct mcp_call *c, const char *name, struct buf *out)
{
	struct mcp_value v = mcp_arg(c, name);
	if (v.j == NULL)
		return false;
	mcp_put_value(out, v);
	return true;
}
