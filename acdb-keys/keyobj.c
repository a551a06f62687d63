/*
 * keyobj.c - the forms of a key.  Must not know where it came from.
 */
#include "keyobj.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cdefs.h"
#include "table.h"

static const char *const members[] = { "key_id", "id", "name", "env",
    "role", "workspace", "workspace_id", "status", "read_only",
    "ungated", "rate_per_second", "rate_burst", "allow_from", "created_at",
    "expires_at", "revoked_at", "last_used_at", "created_by" };

/* The columns of a list. */
static const struct {
	const char	*member;
	const char	*head;
} columns[] = {
	{ "key_id", "KEY ID" },		{ "workspace", "WORKSPACE" },
	{ "role", "ROLE" },		{ "env", "ENV" },
	{ "status", "STATUS" },		{ "name", "NAME" },
	{ "created_at", "CREATED" },	{ "expires_at", "EXPIRES" },
	{ "last_used_at", "LAST USED" },
};

static bool
is_null(const struct json *j, uint32_t v)
{
	return v == 0 || j->tok[v].type == JSON_NULL;
}

/* A gateway may leave the status to who reads: it follows from the times. */
static const char *
status_of(const struct json *j, uint32_t i)
{
	uint32_t expires = json_member(j, i, "expires_at");
	char now[32];
	time_t t = time(NULL);
	struct tm tm;
	const char *s;
	size_t n;

	if (!is_null(j, json_member(j, i, "revoked_at")))
		return "revoked";
	if (is_null(j, expires) || j->tok[expires].type != JSON_STRING)
		return "active";
	/* Times are in UTC, so their first 19 characters can be compared. */
	s = json_raw(j, expires, &n);
	gmtime_r(&t, &tm);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
	return n > 20 && strncmp(s + 1, now, 19) <= 0 ? "expired" : "active";
}

bool
keyobj_in_force(const struct json *j, uint32_t i)
{
	uint32_t status = json_member(j, i, "status");

	if (status != 0)
		return json_is(j, status, "active") ||
		    json_is(j, status, "needs_reminting");
	return strcmp(status_of(j, i), "active") == 0;
}

void
keyobj_write(const struct json *j, uint32_t i, const char *token,
    struct buf *out)
{
	buf_addc(out, '{');
	if (token != NULL) {
		buf_adds(out, "\"token\":");
		json_put_cstr(out, token);
		buf_addc(out, ',');
	}
	for (size_t m = 0; m < NELEM(members); m++) {
		uint32_t v = json_member(j, i, members[m]);
		size_t n;
		const char *raw;

		buf_addf(out, "%s\"%s\":", m > 0 ? "," : "", members[m]);
		if (v == 0 && strcmp(members[m], "status") == 0)
			json_put_cstr(out, status_of(j, i));
		else if (v == 0)
			buf_adds(out, "null");
		else {
			raw = json_raw(j, v, &n);
			buf_add(out, raw, n);
		}
	}
	buf_addc(out, '}');
}

void
keyobj_list(const struct json *j, const uint32_t *i, size_t n,
    struct buf *out)
{
	buf_addc(out, '[');
	for (size_t k = 0; k < n; k++) {
		if (k > 0)
			buf_addc(out, ',');
		keyobj_write(j, i[k], NULL, out);
	}
	buf_addc(out, ']');
}

/* A member as people read it, to be freed; NULL where it is null. */
static char *
text_of(const struct json *j, uint32_t i, const char *member)
{
	uint32_t v = json_member(j, i, member);
	const char *raw;
	size_t n;

	if (v == 0 && strcmp(member, "status") == 0)
		return strdup(status_of(j, i));
	if (is_null(j, v))
		return NULL;
	if (j->tok[v].type == JSON_STRING)
		return json_strdup(j, v);
	raw = json_raw(j, v, &n);
	return strndup(raw, n);
}

/* "2026-01-02T03:04:05.678+00:00" to the minute, as a list has room for. */
static void
shorten_time(char *s)
{
	if (s != NULL && strlen(s) > 16 && s[10] == 'T') {
		s[10] = ' ';
		s[16] = '\0';
	}
}

void
keyobj_table(const struct json *j, const uint32_t *i, size_t n, FILE *out)
{
	const char *head[NELEM(columns)];
	struct table *t;

	for (size_t c = 0; c < NELEM(columns); c++)
		head[c] = columns[c].head;
	if ((t = table_new(head, NELEM(columns))) == NULL) {
		warn("the list of keys");
		return;
	}
	for (size_t k = 0; k < n; k++)
		for (size_t c = 0; c < NELEM(columns); c++) {
			const char *m = columns[c].member;
			char *s = text_of(j, i[k], m);

			if (strlen(m) > 3 && strcmp(m + strlen(m) - 3, "_at")
			    == 0)
				shorten_time(s);
			table_cell(t, s);
			free(s);
		}
	(void)table_end(t, out);
}

void
keyobj_show(const struct json *j, uint32_t i, FILE *out)
{
	for (size_t m = 0; m < NELEM(members); m++) {
		char *s = text_of(j, i, members[m]);

		fprintf(out, "%-16s ", members[m]);
		table_text(out, s != NULL ? s : "-");
		putc('\n', out);
		free(s);
	}
}
