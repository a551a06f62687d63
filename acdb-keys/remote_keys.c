/*
 * remote_keys.c - the list of a gateway's keys, and finding one in it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyarg.h"
#include "lib/apikey.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "remote.h"

#define PAGE_MAX	((size_t)16 << 20)
#define PAGES_MAX	10000

/* Append the items of one page to out and its cursor to path. */
static int
take_page(const struct buf *page, struct buf *out, bool *first,
    struct buf *cursor)
{
	size_t n;
	const char *text = buf_peek(page, &n);
	struct json j;
	uint32_t items, c;
	int rc = EXIT_OK;

	buf_clear(cursor);
	if (json_read(&j, text, n, NULL) != 0) {
		warnx("the gateway's list of keys is not JSON");
		return EXIT_REFUSED;
	}
	if ((items = json_list(&j, 0, "items")) == 0) {
		warnx("the gateway's answer is no list of keys");
		json_fini(&j);
		return EXIT_REFUSED;
	}
	for (uint32_t i = json_first(&j, items); i != 0;
	    i = json_next(&j, items, i)) {
		const char *raw = json_raw(&j, i, &n);

		if (!*first)
			buf_addc(out, ',');
		*first = false;
		buf_add(out, raw, n);
	}
	c = json_member(&j, 0, "next_cursor");
	if (c != 0 && j.tok[c].type == JSON_STRING &&
	    json_str(&j, c, cursor) != 0)
		rc = EXIT_REFUSED;
	json_fini(&j);
	return rc;
}

/* What a URL holds as it is (RFC 3986 section 2.3). */
static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-._~";

/* Cursors are ours to give back, not to look into. */
static void
put_escaped(struct buf *path, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr(unreserved, *s) != NULL)
			buf_addc(path, *s);
		else
			buf_addf(path, "%%%02X", (unsigned char)*s);
}

int
remote_keys(struct remote *gw, struct buf *out)
{
	struct buf page, cursor, path;
	bool first = true;
	int rc = EXIT_OK;

	buf_init(&page, PAGE_MAX);
	buf_init(&cursor, 4096);
	buf_init(&path, 16384);
	buf_adds(out, "{\"items\":[");
	for (int i = 0; rc == EXIT_OK && i < PAGES_MAX; i++) {
		if (i > 0 && buf_len(&cursor) == 0)
			break;
		buf_clear(&path);
		buf_adds(&path, "/v1/auth/keys");
		if (i > 0) {
			buf_adds(&path, "?cursor=");
			put_escaped(&path, buf_cstr(&cursor));
		}
		buf_clear(&page);
		rc = remote_ask(gw, "GET", buf_cstr(&path), NULL, &page);
		if (rc == EXIT_OK)
			rc = take_page(&page, out, &first, &cursor);
	}
	buf_adds(out, "],\"next_cursor\":null}");
	if (rc == EXIT_OK && buf_failed(out)) {
		warn("the list of keys");
		rc = EXIT_LOCAL;
	}
	buf_fini(&path);
	buf_fini(&cursor);
	buf_fini(&page);
	return rc;
}

static bool
begins(const struct json *j, uint32_t i, const char *member, const char *with,
    bool *whole)
{
	uint32_t v = json_member(j, i, member);
	char *s;
	bool yes;

	if (v == 0 || j->tok[v].type != JSON_STRING ||
	    (s = json_strdup(j, v)) == NULL)
		return false;
	yes = strncmp(s, with, strlen(with)) == 0;
	*whole = *whole || (yes && strlen(s) == strlen(with));
	free(s);
	return yes;
}

/* The id of the key at i, to be freed: it becomes part of a path.  NULL where
 * it is none. */
static char *
id_of(const struct json *j, uint32_t i)
{
	uint32_t v = json_member(j, i, "key_id");
	char *id = v == 0 ? NULL : json_strdup(j, v);

	if (id != NULL && strlen(id) == APIKEY_ID &&
	    strspn(id, unreserved) == APIKEY_ID)
		return id;
	warnx("the gateway's list of keys has one without an id");
	free(id);
	return NULL;
}

static char *
find(const struct json *j, const char *id, int *rc)
{
	uint32_t items = json_list(j, 0, "items"), match = 0;
	unsigned found = 0;
	char *key_id;

	for (uint32_t i = items == 0 ? 0 : json_first(j, items); i != 0;
	    i = json_next(j, items, i)) {
		bool whole = false;

		if (!begins(j, i, "key_id", id, &whole) &&
		    !begins(j, i, "id", id, &whole))
			continue;
		match = i;
		found = whole ? 1 : found + 1;
		if (whole)
			break;
	}
	*rc = EXIT_REFUSED;
	if (found == 1) {
		if ((key_id = id_of(j, match)) != NULL)
			*rc = EXIT_OK;
		return key_id;
	}
	if (found == 0)
		warnx("no key '%s' in the workspace of the key that asks", id);
	else
		warnx("'%s' is the beginning of %u keys", id, found);
	return NULL;
}

char *
remote_key(struct remote *gw, const char *arg, int *rc)
{
	const char *id = keyarg(arg), *text;
	char *key_id = NULL;
	struct buf list;
	struct json j;
	size_t n;

	*rc = EXIT_USAGE;
	if (id == NULL)
		return NULL;
	if (strlen(id) == APIKEY_ID) {	/* whole: no list is needed */
		*rc = EXIT_OK;
		return strdup(id);
	}
	buf_init(&list, PAGE_MAX);
	if ((*rc = remote_keys(gw, &list)) == EXIT_OK) {
		text = buf_peek(&list, &n);
		if (json_read(&j, text, n, NULL) == 0) {
			key_id = find(&j, id, rc);
			json_fini(&j);
		} else
			*rc = EXIT_LOCAL;
	}
	buf_fini(&list);
	return key_id;
}
