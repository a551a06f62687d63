/*
 * stmt_tree.c - libpg_query's JSON as a flat array of nodes.
 *
 * lib/json bounds the depth of what strangers send; the tree of a long chain
 * of operators is deeper than that, and it is our own parser that wrote it.
 * So this reader trusts the text to be JSON (it fails where it is not, but
 * does not judge), keeps strings as they are escaped, and does not recurse.
 */
#include <stdlib.h>
#include <string.h>

#include "stmt_priv.h"

#define NONE	UINT32_MAX

static struct stmt_node *
add(struct stmt_tree *t)
{
	struct stmt_node *more;
	uint32_t cap = t->cap > 0 ? t->cap * 2 : 64;

	if (t->n == t->cap) {
		if (cap < t->cap)
			return NULL;
		more = realloc(t->node, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		t->node = more;
		t->cap = cap;
	}
	return memset(&t->node[t->n++], 0, sizeof(*t->node));
}

/* Behind the closing quote of the string that begins at p; NULL where it
 * does not end. */
static const char *
string_end(const char *p)
{
	for (; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

/* One value, with its name if it is a member: a node.  Returns what is
 * behind it, inside it for a container. */
static const char *
read_node(struct stmt_tree *t, const char *p, bool member)
{
	struct stmt_node *node = add(t);
	const char *end;

	if (node == NULL)
		return NULL;
	if (member) {
		if (*p != '"' || (end = string_end(p + 1)) == NULL ||
		    *end != ':')
			return NULL;
		node->key = p + 1;
		node->nkey = (uint32_t)(end - 1 - node->key);
		p = end + 1;
	}
	if (*p == '{' || *p == '[') {
		node->value = p;
		node->container = true;
		return p + 1;
	}
	if (*p == '"') {
		node->value = p + 1;
		if ((end = string_end(p + 1)) == NULL)
			return NULL;
		node->nvalue = (uint32_t)(end - 1 - node->value);
	} else {
		node->value = p;
		end = p + strcspn(p, ",]}");
		node->nvalue = (uint32_t)(end - p);
	}
	node->next = t->n;
	return end;
}

/* While a container is open, its next is the container around it. */
static int
read_all(struct stmt_tree *t, const char *p)
{
	uint32_t open = NONE, i;

	do {
		if (p == NULL || *p == '\0')
			return -1;
		if (*p == ',' || *p == ' ' || *p == '\n') {
			p++;
		} else if (*p == '}' || *p == ']') {
			if (open == NONE)
				return -1;
			i = open;
			open = t->node[i].next;
			t->node[i].next = t->n;
			p++;
		} else {
			i = t->n;
			p = read_node(t, p,
			    open != NONE && *t->node[open].value == '{');
			if (p != NULL && t->node[i].container) {
				t->node[i].next = open;
				open = i;
			}
		}
	} while (open != NONE);
	return 0;
}

int
stmt_tree_read(struct stmt_tree *t, const char *json)
{
	memset(t, 0, sizeof(*t));
	if (*json == '{' && read_all(t, json) == 0)
		return 0;
	stmt_tree_fini(t);
	return -1;
}

void
stmt_tree_fini(struct stmt_tree *t)
{
	free(t->node);
	t->node = NULL;
	t->n = t->cap = 0;
}

bool
stmt_tree_key_is(const struct stmt_tree *t, uint32_t i, const char *key)
{
	const struct stmt_node *node = &t->node[i];
	size_t n = strlen(key);

	return node->nkey == n && node->key != NULL &&
	    memcmp(node->key, key, n) == 0;
}

uint32_t
stmt_tree_first(const struct stmt_tree *t, uint32_t i)
{
	return i + 1 < t->node[i].next ? i + 1 : 0;
}

uint32_t
stmt_tree_count(const struct stmt_tree *t, uint32_t i)
{
	uint32_t count = 0, c;

	for (c = i + 1; c < t->node[i].next; c = t->node[c].next)
		count++;
	return count;
}

uint32_t
stmt_tree_member(const struct stmt_tree *t, uint32_t i, const char *key)
{
	uint32_t c;

	for (c = i + 1; c < t->node[i].next; c = t->node[c].next)
		if (stmt_tree_key_is(t, c, key))
			return c;
	return 0;
}

bool
stmt_tree_is(const struct stmt_tree *t, uint32_t i, const char *key,
    const char *value)
{
	uint32_t c = stmt_tree_member(t, i, key);
	size_t n = strlen(value);

	return c != 0 && t->node[c].nvalue == n &&
	    memcmp(t->node[c].value, value, n) == 0;
}

const struct stmt_node *
stmt_tree_function(const struct stmt_tree *t, uint32_t i)
{
	uint32_t list = stmt_tree_member(t, i, "funcname");
	const struct stmt_node *last = NULL;

	if (list == 0)
		return NULL;
	/* A part is "sval" in newer grammars, "str" in older ones. */
	for (uint32_t k = list + 1; k < t->node[list].next; k++)
		if (stmt_tree_key_is(t, k, "sval") ||
		    stmt_tree_key_is(t, k, "str"))
			last = &t->node[k];
	return last;
}

int
stmt_tree_int(const struct stmt_tree *t, uint32_t i, const char *key)
{
	uint32_t c = stmt_tree_member(t, i, key);

	return c == 0 ? 0 : (int)strtol(t->node[c].value, NULL, 10);
}
