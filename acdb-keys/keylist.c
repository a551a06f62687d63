/*
 * keylist.c - chooses and prints keys.  Must not know where they are from.
 */
#include "keylist.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyobj.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "remote.h"

#define LIST_MAX	((size_t)256 << 20)

/* The keys chosen, by their place in the JSON. */
struct chosen {
	struct json	 j;
	uint32_t	*i;
	size_t		 n;
};

void
keylist_init(struct keylist *l)
{
	*l = (struct keylist){ 0 };
	buf_init(&l->text, LIST_MAX);
}

void
keylist_fini(struct keylist *l)
{
	buf_fini(&l->text);
}

int
keylist_ask(struct keylist *l, struct remote *gw, bool all)
{
	l->in_force = !all;
	return remote_keys(gw, &l->text);
}

static bool
fits(const struct keylist *l, const struct json *j, uint32_t i)
{
	if (l->key_id != NULL)
		return json_is(j, json_member(j, i, "key_id"), l->key_id);
	return !l->in_force || keyobj_in_force(j, i);
}

static int
choose(struct chosen *c, const struct keylist *l)
{
	const char *text;
	uint32_t items;
	size_t n;

	*c = (struct chosen){ 0 };
	text = buf_peek(&l->text, &n);
	if (json_read(&c->j, text, n, NULL) != 0) {
		warnx("the list of keys cannot be read");
		return EXIT_LOCAL;
	}
	if ((items = json_list(&c->j, 0, "items")) == 0)
		return EXIT_OK;
	c->i = calloc((size_t)c->j.tok[items].n + 1, sizeof(*c->i));
	if (c->i == NULL) {
		warn("the list of keys");
		json_fini(&c->j);
		return EXIT_LOCAL;
	}
	for (uint32_t i = json_first(&c->j, items); i != 0;
	    i = json_next(&c->j, items, i))
		if (fits(l, &c->j, i))
			c->i[c->n++] = i;
	return EXIT_OK;
}

static void
let_go(struct chosen *c)
{
	free(c->i);
	json_fini(&c->j);
}

static int
put_line(struct buf *b)
{
	const char *s = buf_failed(b) ? NULL : buf_cstr(b);

	if (s == NULL) {
		warnx("out of memory");
		return EXIT_LOCAL;
	}
	puts(s);
	return EXIT_OK;
}

int
keylist_print(const struct keylist *l, bool json)
{
	struct chosen c;
	struct buf b;
	int rc = choose(&c, l);

	if (rc != EXIT_OK)
		return rc;
	if (json) {
		buf_init(&b, LIST_MAX);
		keyobj_list(&c.j, c.i, c.n, &b);
		rc = put_line(&b);
		buf_fini(&b);
	} else
		keyobj_table(&c.j, c.i, c.n, stdout);
	let_go(&c);
	return rc;
}

int
keylist_show(const struct keylist *l, bool json)
{
	struct chosen c;
	struct buf b;
	int rc = choose(&c, l);

	if (rc != EXIT_OK)
		return rc;
	if (c.n != 1) {
		warnx("no such key");
		rc = EXIT_REFUSED;
	} else if (json) {
		buf_init(&b, LIST_MAX);
		keyobj_write(&c.j, c.i[0], NULL, &b);
		rc = put_line(&b);
		buf_fini(&b);
	} else
		keyobj_show(&c.j, c.i[0], stdout);
	let_go(&c);
	return rc;
}
