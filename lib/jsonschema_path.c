/*
 * jsonschema_path.c - places in a JSON text: told, and found again by $ref;
 * see jsonschema_priv.h.
 */
#include <stdio.h>
#include <string.h>

#include "enc.h"
#include "jsonschema_priv.h"

/* As much of a string as fits, escaped as a JSON Pointer has it where slash
 * is set. */
static void
put_string(const struct json *j, uint32_t i, bool slash, char *out,
    size_t size)
{
	struct buf text;
	const char *p;
	size_t n, at = 0;

	buf_init(&text, j->len);
	if (json_bytes(j, i, &text) == -1)
		buf_clear(&text);
	p = buf_peek(&text, &n);
	for (size_t k = 0; k < n && at + 3 < size; k++) {
		if (slash && (p[k] == '~' || p[k] == '/')) {
			out[at++] = '~';
			out[at++] = p[k] == '~' ? '0' : '1';
		} else
			out[at++] = p[k] == '\0' ? ' ' : p[k];
	}
	if (size > 0)
		out[at] = '\0';
	buf_fini(&text);
}

/* The child of at that holds i, and a step to it at out.  Returns its token,
 * 0 where i is none of them. */
static uint32_t
step(const struct json *j, uint32_t at, uint32_t i, char *out, size_t size)
{
	bool object = j->tok[at].type == JSON_OBJECT;
	uint32_t value;
	size_t index = 0;

	for (uint32_t c = json_first(j, at); c != 0; index++) {
		value = object ? c + 1 : c;
		if (i >= c && i < j->tok[value].next) {
			if (object && size > 1) {
				out[0] = '/';
				put_string(j, c, true, out + 1, size - 1);
			} else
				snprintf(out, size, "/%zu", index);
			return value;
		}
		c = json_next(j, at, value);
	}
	return 0;
}

void
jsonschema_path(const struct json *j, uint32_t at, uint32_t i, char *out,
    size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	while (at != i && n + 8 < size &&
	    (at = step(j, at, i, out + n, size - n)) != 0)
		n += strlen(out + n);
}

void
jsonschema_keyword_name(const struct jsonschema *s,
    const struct jsonschema_rule *r, char *out, size_t size)
{
	put_string(&s->json, r->tok - 1, false, out, size);
}

/* The next character of a fragment: percent-decoded, then "~0" and "~1".
 * Returns it, 0 at the end of the step, or -1 where it is malformed. */
static int
next_char(const char **p, bool tilde)
{
	int c = (unsigned char)**p, hi, lo;

	if (c == '\0' || (c == '/' && !tilde))
		return 0;
	(*p)++;
	if (c == '%') {
		if ((hi = enc_hex_digit((*p)[0])) == -1 ||
		    (lo = enc_hex_digit((*p)[1])) == -1)
			return -1;
		*p += 2;
		c = hi * 16 + lo;
	}
	if (c != '~' || tilde)
		return c == 0 ? -1 : c;
	c = next_char(p, true);
	return c == '0' ? '~' : c == '1' ? '/' : -1;
}

/* One step of a pointer, from the token at.  Returns the token it leads to,
 * 0: nowhere. */
static uint32_t
follow(const struct json *j, uint32_t at, const char **p)
{
	char name[256];
	size_t n = 0, index = 0;
	uint32_t c;
	int ch;

	while ((ch = next_char(p, false)) > 0) {
		if (n + 1 >= sizeof(name))
			return 0;
		name[n++] = (char)ch;
	}
	name[n] = '\0';
	if (ch == -1)
		return 0;
	if (j->tok[at].type == JSON_OBJECT)
		return json_member(j, at, name);
	if (j->tok[at].type != JSON_ARRAY || n == 0 || n > 6 ||
	    strspn(name, "0123456789") != n)
		return 0;
	for (size_t k = 0; k < n; k++)
		index = index * 10 + (size_t)(name[k] - '0');
	for (c = json_first(j, at); c != 0 && index > 0; index--)
		c = json_next(j, at, c);
	return c;
}

/* The node that the $ref of rule r leads to; -1: none. */
static int64_t
target(const struct jsonschema *s, const struct jsonschema_rule *r)
{
	uint32_t at = 0;
	struct buf text;
	const char *p;
	int64_t found = -1;

	buf_init(&text, s->json.len);
	if (json_str(&s->json, r->tok, &text) == -1 ||
	    (p = buf_cstr(&text)) == NULL || *p++ != '#')
		goto free_text;
	while (*p == '/') {
		p++;
		if ((at = follow(&s->json, at, &p)) == 0)
			goto free_text;
	}
	for (uint32_t i = 0; *p == '\0' && i < s->nodes && found == -1; i++)
		if (s->node[i].tok == at)
			found = i;
 free_text:
	buf_fini(&text);
	return found;
}

static int
refuse(const struct jsonschema *s, const struct jsonschema_rule *r,
    const char *what, struct jsonschema_error *err)
{
	jsonschema_path(&s->json, 0, s->node[r->node].tok, err->path,
	    sizeof(err->path));
	jsonschema_keyword_name(s, r, err->keyword, sizeof(err->keyword));
	snprintf(err->what, sizeof(err->what), "%s", what);
	return -1;
}

enum colour { NEW, UNDER_WAY, DONE };

/* Follow what is checked at the same place of the value. */
static int
search(const struct jsonschema *s, uint32_t node, uint8_t *colour,
    struct jsonschema_error *err)
{
	const struct jsonschema_node *n = &s->node[node];
	const struct jsonschema_rule *r;
	uint32_t to;

	colour[node] = UNDER_WAY;
	for (r = &s->rule[n->rule]; r < &s->rule[n->rule + n->nrules]; r++) {
		if (r->key < KEY_REF || r->key == KEY_NONE)
			continue;
		for (uint32_t i = 0; i < r->nkids || (i == 0 &&
		    r->key == KEY_REF); i++) {
			to = r->key == KEY_REF ? (uint32_t)r->number :
			    s->kid[r->kid + i].node;
			if (colour[to] == UNDER_WAY)
				return refuse(s, r, "leads back to itself "
				    "without a step into the value", err);
			if (colour[to] == NEW &&
			    search(s, to, colour, err) == -1)
				return -1;
		}
	}
	colour[node] = DONE;
	return 0;
}

int
jsonschema_resolve(struct jsonschema *s, struct jsonschema_error *err)
{
	uint8_t colour[JSONSCHEMA_NODES] = { NEW };

	for (struct jsonschema_rule *r = s->rule; r < s->rule + s->rules; r++)
		if (r->key == KEY_REF && (r->number = target(s, r)) == -1)
			return refuse(s, r, "must lead to a schema of this "
			    "document: \"#\" or \"#/$defs/...\"", err);
	for (uint32_t i = 0; i < s->nodes; i++)
		if (colour[i] == NEW && search(s, i, colour, err) == -1)
			return -1;
	return 0;
}
