/*
 * suggest.c - "did you mean": the nearest names that the caller's role can
 * see, where a table, column or function was not found and PostgreSQL has no
 * hint of its own.
 *
 * Asked for behind the failure and as the same role, so that nothing is named
 * that the role may not know of: in a transaction of its own, or, where the
 * failure is to be recorded, in the one that holds the claim.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frames.h"

#define NAME_MAX_LEN	63
#define SHOWN		3	/* names at most */

#define RELATION	0
#define FUNCTION	2

/* The name, and how to write it: quoted where it must be, and with its schema
 * where that is not in the search_path. */
static const struct {
	const char	*sqlstate;
	const char	*before;	/* the name in PostgreSQL's message */
	const char	*sql;
} kinds[] = {
	[RELATION] = { "42P01", "relation \"",
	    "SELECT c.relname, CASE WHEN pg_catalog.pg_table_is_visible(c.oid)"
	    " THEN '' ELSE pg_catalog.quote_ident(n.nspname) || '.' END"
	    " || pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c"
	    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
	    " AND n.nspname NOT IN ('pg_catalog', 'information_schema',"
	    "  'pg_toast')"
	    " AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')"
	    " AND pg_catalog.has_table_privilege(c.oid, 'SELECT')"
	    " LIMIT 2000" },
	{ "42703", "column \"",
	    "SELECT DISTINCT a.attname, pg_catalog.quote_ident(a.attname)"
	    " FROM pg_catalog.pg_attribute a"
	    " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
	    " WHERE a.attnum > 0 AND NOT a.attisdropped"
	    " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
	    " AND c.relnamespace NOT IN (SELECT n.oid FROM"
	    "  pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog',"
	    "  'information_schema', 'pg_toast'))"
	    " AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')"
	    " AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')"
	    " LIMIT 5000" },
	[FUNCTION] = { "42883", "function ",
	    "SELECT DISTINCT p.proname, pg_catalog.quote_ident(p.proname)"
	    " FROM pg_catalog.pg_proc p"
	    " WHERE pg_catalog.pg_function_is_visible(p.oid)"
	    " AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
	    " LIMIT 5000" },
};

/* Which kind of name is missing, and the name; -1 where it cannot be told. */
static int
missing(const struct problem *why, char name[NAME_MAX_LEN + 1])
{
	const char *p, *dot;
	size_t n;

	for (int k = 0; k < (int)NELEM(kinds); k++) {
		if (strcmp(why->sqlstate, kinds[k].sqlstate) != 0 ||
		    why->detail == NULL || strncmp(why->detail,
		    kinds[k].before, strlen(kinds[k].before)) != 0)
			continue;
		p = why->detail + strlen(kinds[k].before);
		n = strcspn(p, k == FUNCTION ? "(" : "\"");
		dot = memrchr(p, '.', n);
		if (dot != NULL) {
			n -= (size_t)(dot + 1 - p);
			p = dot + 1;
		}
		if (n == 0 || n > NAME_MAX_LEN)
			return -1;
		memcpy(name, p, n);
		name[n] = '\0';
		return k;
	}
	return -1;
}

bool
suggest_wanted(const struct call *c)
{
	char name[NAME_MAX_LEN + 1];

	const char *hint;

	if (c->r == NULL || !c->failed || c->suggested || c->outside ||
	    c->claim_failed)
		return false;
	/* Of functions PostgreSQL always has something to say. */
	hint = c->r->why.hint;
	return (hint == NULL || strncmp(hint, "No function matches", 19) == 0)
	    && missing(&c->r->why, name) != -1;
}

void
suggest_send(struct call *c)
{
	char name[NAME_MAX_LEN + 1];
	int kind = missing(&c->r->why, name);

	c->suggested = true;
	c->nsent = c->at = 0;
	c->phase = CALL_SUGGESTING;
	if (c->idem.wanted && !c->idem.by_control) {
		frames_send(c, FRAME_ROLLBACK_TO);
		frames_open(c);
		frames_plain(c, OP_SUGGEST, kinds[kind].sql);
	} else {
		frames_send(c, FRAME_ROLLBACK);
		frames_send(c, FRAME_BEGIN_READ_ONLY);
		frames_open(c);
		frames_plain(c, OP_SUGGEST, kinds[kind].sql);
		frames_send(c, FRAME_ROLLBACK);
	}
	frames_sync(c);
}

/* Levenshtein's distance without regard to case; more than limit is as good
 * as any more. */
static int
distance(const char *a, const char *b, int limit)
{
	int row[NAME_MAX_LEN + 2], n = (int)strlen(b), diagonal, above;

	if (n > NAME_MAX_LEN || abs(n - (int)strlen(a)) > limit)
		return limit + 1;
	for (int k = 0; k <= n; k++)
		row[k] = k;
	for (int i = 1; a[i - 1] != '\0'; i++) {
		diagonal = row[0];
		row[0] = i;
		for (int k = 1; k <= n; k++) {
			above = row[k];
			row[k] = diagonal + (strncasecmp(&a[i - 1],
			    &b[k - 1], 1) != 0);
			if (above + 1 < row[k])
				row[k] = above + 1;
			if (row[k - 1] + 1 < row[k])
				row[k] = row[k - 1] + 1;
			diagonal = above;
		}
	}
	return row[n];
}

/* Whether a name so far from the one that was not found may have been meant.
 * Of the same letters is what lacks quotes or its schema; a column or function
 * of the very same name is there, but is not what is missing. */
static bool
is_near(int kind, const char *name, const char *other, int d, int limit)
{
	if (d > limit)
		return false;
	return d > 0 || kind == RELATION ||
	    (kind != FUNCTION && strcmp(name, other) != 0);
}

void
suggest_take(struct call *c, const PGresult *res)
{
	char name[NAME_MAX_LEN + 1];
	struct { int d, row; } best[SHOWN];
	int n = 0, limit, k, kind;
	struct buf hint;

	if (c->r == NULL || (kind = missing(&c->r->why, name)) == -1)
		return;
	limit = strlen(name) < 5 ? 1 : strlen(name) < 9 ? 2 : 3;
	for (int i = 0; i < PQntuples(res); i++) {
		int d = distance(name, PQgetvalue(res, i, 0), limit);

		if (!is_near(kind, name, PQgetvalue(res, i, 0), d, limit))
			continue;
		for (k = n < SHOWN ? n++ : SHOWN; k > 0 &&
		    best[k - 1].d > d; k--)
			if (k < SHOWN)
				best[k] = best[k - 1];
		if (k < SHOWN) {
			best[k].d = d;
			best[k].row = i;
		}
	}
	if (n == 0)
		return;
	buf_init(&hint, 512);
	buf_adds(&hint, "Did you mean ");
	for (int i = 0; i < n; i++) {
		buf_addf(&hint, "%s%s", i == 0 ? "" : i + 1 < n ? ", " :
		    " or ", PQgetvalue(res, best[i].row, 1));
	}
	buf_addc(&hint, '?');
	free(c->r->why.hint);
	c->r->why.hint = buf_take(&hint, NULL);
	buf_fini(&hint);
}
