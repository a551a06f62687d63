/*
 * pgverify_code.c - hold the functions of the product's schemas against the
 * embedded files they were made by: a function that somebody else replaced
 * does what he wants with its owner's rights, whatever the catalogs say of
 * privileges.
 */
#include <stdlib.h>
#include <string.h>

#include "migrations.h"
#include "pgverify_priv.h"

#define DETAIL_MAX	2048
#define BODY		"$fn$"

/* One function as the server has it. */
struct have {
	const char	*name;		/* schema.name */
	const char	*body;
	const char	*path;		/* its SET search_path, or "" */
	bool		 definer;
};

/* Where the text says CREATE OR REPLACE FUNCTION name(; NULL: nowhere. */
static const char *
find_in(const char *text, const char *name)
{
	static const char create[] = "CREATE OR REPLACE FUNCTION ";
	size_t n = strlen(name);

	while ((text = strstr(text, create)) != NULL) {
		text += sizeof(create) - 1;
		if (strncmp(text, name, n) == 0 && text[n] == '(')
			return text;
	}
	return NULL;
}

static const char *
find(const char *name)
{
	const char *at = NULL;

	for (const struct migration_file *f = migrations_embedded;
	    f->name != NULL && at == NULL; f++)
		at = find_in(f->text, name);
	return at;
}

/* Whether the words stand in what is said of the function in front of its
 * body. */
static bool
said(const char *at, const char *body, const char *words)
{
	const char *p = strstr(at, words);

	return p != NULL && p < body;
}

/* What is wrong with it, NULL: nothing. */
static const char *
compare(const struct have *h)
{
	const char *at = find(h->name), *body, *end;

	if (at == NULL)
		return "is not this program's";
	if ((body = strstr(at, BODY)) == NULL ||
	    (end = strstr(body + strlen(BODY), BODY)) == NULL)
		return "cannot be compared";
	body += strlen(BODY);
	if (strlen(h->body) != (size_t)(end - body) ||
	    strncmp(h->body, body, (size_t)(end - body)) != 0)
		return "has another body";
	if (said(at, body, "SECURITY DEFINER") != h->definer)
		return "runs as another";
	if (strcmp(h->path, said(at, body, "SET search_path = pg_catalog,"
	    " pg_temp") ? "search_path=pg_catalog, pg_temp" : "") != 0)
		return "has other settings";
	return NULL;
}

int
pgverify_code(const struct pgverify *v, PGconn *c, int *fails,
    struct pg_error *e)
{
	PGresult *r = pg_query(c, "SELECT n.nspname || '.' || p.proname,"
	    " p.prosrc, coalesce(array_to_string(p.proconfig, ' '), ''),"
	    " p.prosecdef FROM pg_proc p JOIN pg_namespace n"
	    " ON n.oid = p.pronamespace WHERE n.nspname IN ('acdb',"
	    " 'acdb_api', 'acdb_guard') ORDER BY 1", 0, NULL, e);
	struct buf detail;
	const char *wrong;

	if (r == NULL)
		return -1;
	buf_init(&detail, DETAIL_MAX);
	for (int i = 0; i < PQntuples(r); i++) {
		struct have h = { .name = PQgetvalue(r, i, 0),
		    .body = PQgetvalue(r, i, 1), .path = PQgetvalue(r, i, 2),
		    .definer = PQgetvalue(r, i, 3)[0] == 't' };

		if ((wrong = compare(&h)) != NULL)
			(void)buf_addf(&detail, "%s%s %s", buf_len(&detail) >
			    0 ? "; " : "", h.name, wrong);
	}
	pgverify_tell(v, fails, buf_len(&detail) > 0 ? PGVERIFY_FAIL :
	    PGVERIFY_PASS, "code",
	    "the product's functions are those of this program, to the letter",
	    buf_len(&detail) == 0 ? "" : buf_cstr(&detail) != NULL ?
	    buf_cstr(&detail) : "more than can be named");
	buf_fini(&detail);
	PQclear(r);
	return 0;
}
