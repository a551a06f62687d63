/*
 * types.c - see types.h.
 */
#include <stdlib.h>
#include <string.h>

#include "types.h"

#define LEARNED_MAX	1024	/* of a database's own types; then start over */

struct types {
	struct type	*learned;
	size_t		 n, cap;
};

/* Oids and names as fixed in PostgreSQL's pg_type.dat; sorted by oid. */
static const struct type builtin[] = {
	{ 16, TYPE_BOOL, 0, ',', "bool" },
	{ 17, TYPE_TEXT, 0, ',', "bytea" },
	{ 18, TYPE_TEXT, 0, ',', "char" },
	{ 19, TYPE_TEXT, 0, ',', "name" },
	{ 20, TYPE_INT8, 0, ',', "int8" },
	{ 21, TYPE_INT, 0, ',', "int2" },
	{ 22, TYPE_TEXT, 0, ',', "int2vector" },
	{ 23, TYPE_INT, 0, ',', "int4" },
	{ 24, TYPE_TEXT, 0, ',', "regproc" },
	{ 25, TYPE_TEXT, 0, ',', "text" },
	{ 26, TYPE_INT, 0, ',', "oid" },
	{ 27, TYPE_TEXT, 0, ',', "tid" },
	{ 28, TYPE_TEXT, 0, ',', "xid" },
	{ 29, TYPE_TEXT, 0, ',', "cid" },
	{ 30, TYPE_TEXT, 0, ',', "oidvector" },
	{ 114, TYPE_JSON, 0, ',', "json" },
	{ 142, TYPE_TEXT, 0, ',', "xml" },
	{ 143, TYPE_ARRAY, 142, ',', "xml[]" },
	{ 199, TYPE_ARRAY, 114, ',', "json[]" },
	{ 271, TYPE_ARRAY, 5069, ',', "xid8[]" },
	{ 600, TYPE_TEXT, 0, ',', "point" },
	{ 601, TYPE_TEXT, 0, ',', "lseg" },
	{ 602, TYPE_TEXT, 0, ',', "path" },
	{ 603, TYPE_TEXT, 0, ';', "box" },
	{ 604, TYPE_TEXT, 0, ',', "polygon" },
	{ 628, TYPE_TEXT, 0, ',', "line" },
	{ 629, TYPE_ARRAY, 628, ',', "line[]" },
	{ 650, TYPE_TEXT, 0, ',', "cidr" },
	{ 651, TYPE_ARRAY, 650, ',', "cidr[]" },
	{ 700, TYPE_FLOAT, 0, ',', "float4" },
	{ 701, TYPE_FLOAT, 0, ',', "float8" },
	{ 705, TYPE_TEXT, 0, ',', "unknown" },
	{ 718, TYPE_TEXT, 0, ',', "circle" },
	{ 719, TYPE_ARRAY, 718, ',', "circle[]" },
	{ 774, TYPE_TEXT, 0, ',', "macaddr8" },
	{ 775, TYPE_ARRAY, 774, ',', "macaddr8[]" },
	{ 790, TYPE_TEXT, 0, ',', "money" },
	{ 791, TYPE_ARRAY, 790, ',', "money[]" },
	{ 829, TYPE_TEXT, 0, ',', "macaddr" },
	{ 869, TYPE_TEXT, 0, ',', "inet" },
	{ 1000, TYPE_ARRAY, 16, ',', "bool[]" },
	{ 1001, TYPE_ARRAY, 17, ',', "bytea[]" },
	{ 1002, TYPE_ARRAY, 18, ',', "char[]" },
	{ 1003, TYPE_ARRAY, 19, ',', "name[]" },
	{ 1005, TYPE_ARRAY, 21, ',', "int2[]" },
	{ 1006, TYPE_ARRAY, 22, ',', "int2vector[]" },
	{ 1007, TYPE_ARRAY, 23, ',', "int4[]" },
	{ 1008, TYPE_ARRAY, 24, ',', "regproc[]" },
	{ 1009, TYPE_ARRAY, 25, ',', "text[]" },
	{ 1010, TYPE_ARRAY, 27, ',', "tid[]" },
	{ 1011, TYPE_ARRAY, 28, ',', "xid[]" },
	{ 1012, TYPE_ARRAY, 29, ',', "cid[]" },
	{ 1013, TYPE_ARRAY, 30, ',', "oidvector[]" },
	{ 1014, TYPE_ARRAY, 1042, ',', "bpchar[]" },
	{ 1015, TYPE_ARRAY, 1043, ',', "varchar[]" },
	{ 1016, TYPE_ARRAY, 20, ',', "int8[]" },
	{ 1017, TYPE_ARRAY, 600, ',', "point[]" },
	{ 1018, TYPE_ARRAY, 601, ',', "lseg[]" },
	{ 1019, TYPE_ARRAY, 602, ',', "path[]" },
	{ 1020, TYPE_ARRAY, 603, ';', "box[]" },
	{ 1021, TYPE_ARRAY, 700, ',', "float4[]" },
	{ 1022, TYPE_ARRAY, 701, ',', "float8[]" },
	{ 1027, TYPE_ARRAY, 604, ',', "polygon[]" },
	{ 1028, TYPE_ARRAY, 26, ',', "oid[]" },
	{ 1033, TYPE_TEXT, 0, ',', "aclitem" },
	{ 1034, TYPE_ARRAY, 1033, ',', "aclitem[]" },
	{ 1040, TYPE_ARRAY, 829, ',', "macaddr[]" },
	{ 1041, TYPE_ARRAY, 869, ',', "inet[]" },
	{ 1042, TYPE_TEXT, 0, ',', "bpchar" },
	{ 1043, TYPE_TEXT, 0, ',', "varchar" },
	{ 1082, TYPE_TEXT, 0, ',', "date" },
	{ 1083, TYPE_TEXT, 0, ',', "time" },
	{ 1114, TYPE_TIMESTAMP, 0, ',', "timestamp" },
	{ 1115, TYPE_ARRAY, 1114, ',', "timestamp[]" },
	{ 1182, TYPE_ARRAY, 1082, ',', "date[]" },
	{ 1183, TYPE_ARRAY, 1083, ',', "time[]" },
	{ 1184, TYPE_TIMESTAMPTZ, 0, ',', "timestamptz" },
	{ 1185, TYPE_ARRAY, 1184, ',', "timestamptz[]" },
	{ 1186, TYPE_TEXT, 0, ',', "interval" },
	{ 1187, TYPE_ARRAY, 1186, ',', "interval[]" },
	{ 1231, TYPE_ARRAY, 1700, ',', "numeric[]" },
	{ 1263, TYPE_ARRAY, 2275, ',', "cstring[]" },
	{ 1266, TYPE_TIMETZ, 0, ',', "timetz" },
	{ 1270, TYPE_ARRAY, 1266, ',', "timetz[]" },
	{ 1560, TYPE_TEXT, 0, ',', "bit" },
	{ 1561, TYPE_ARRAY, 1560, ',', "bit[]" },
	{ 1562, TYPE_TEXT, 0, ',', "varbit" },
	{ 1563, TYPE_ARRAY, 1562, ',', "varbit[]" },
	{ 1700, TYPE_NUMERIC, 0, ',', "numeric" },
	{ 2201, TYPE_ARRAY, 1790, ',', "refcursor[]" },
	{ 2205, TYPE_TEXT, 0, ',', "regclass" },
	{ 2206, TYPE_TEXT, 0, ',', "regtype" },
	{ 2210, TYPE_ARRAY, 2205, ',', "regclass[]" },
	{ 2211, TYPE_ARRAY, 2206, ',', "regtype[]" },
	{ 2249, TYPE_TEXT, 0, ',', "record" },
	{ 2275, TYPE_TEXT, 0, ',', "cstring" },
	{ 2278, TYPE_TEXT, 0, ',', "void" },
	{ 2287, TYPE_ARRAY, 2249, ',', "record[]" },
	{ 2950, TYPE_TEXT, 0, ',', "uuid" },
	{ 2951, TYPE_ARRAY, 2950, ',', "uuid[]" },
	{ 3220, TYPE_TEXT, 0, ',', "pg_lsn" },
	{ 3221, TYPE_ARRAY, 3220, ',', "pg_lsn[]" },
	{ 3614, TYPE_TEXT, 0, ',', "tsvector" },
	{ 3615, TYPE_TEXT, 0, ',', "tsquery" },
	{ 3643, TYPE_ARRAY, 3614, ',', "tsvector[]" },
	{ 3645, TYPE_ARRAY, 3615, ',', "tsquery[]" },
	{ 3802, TYPE_JSON, 0, ',', "jsonb" },
	{ 3807, TYPE_ARRAY, 3802, ',', "jsonb[]" },
	{ 3904, TYPE_TEXT, 0, ',', "int4range" },
	{ 3905, TYPE_ARRAY, 3904, ',', "int4range[]" },
	{ 3906, TYPE_TEXT, 0, ',', "numrange" },
	{ 3907, TYPE_ARRAY, 3906, ',', "numrange[]" },
	{ 3908, TYPE_TEXT, 0, ',', "tsrange" },
	{ 3909, TYPE_ARRAY, 3908, ',', "tsrange[]" },
	{ 3910, TYPE_TEXT, 0, ',', "tstzrange" },
	{ 3911, TYPE_ARRAY, 3910, ',', "tstzrange[]" },
	{ 3912, TYPE_TEXT, 0, ',', "daterange" },
	{ 3913, TYPE_ARRAY, 3912, ',', "daterange[]" },
	{ 3926, TYPE_TEXT, 0, ',', "int8range" },
	{ 3927, TYPE_ARRAY, 3926, ',', "int8range[]" },
	{ 4072, TYPE_TEXT, 0, ',', "jsonpath" },
	{ 4073, TYPE_ARRAY, 4072, ',', "jsonpath[]" },
	{ 5069, TYPE_TEXT, 0, ',', "xid8" },
};

/*
 * An oid the table lacks is asked of the catalog, built-in or not, together
 * with the elements of an array.  A domain is written as what it is made of.
 * Of pgvector's types, vector and halfvec have JSON for their text.
 */
const char types_query[] =
    "WITH RECURSIVE asked(oid, base) AS ("
    " SELECT $1::pg_catalog.oid, $1::pg_catalog.oid"
    " UNION SELECT CASE b.typtype WHEN 'd' THEN a.oid ELSE b.typelem END,"
    " CASE b.typtype WHEN 'd' THEN b.typbasetype ELSE b.typelem END"
    " FROM asked a JOIN pg_catalog.pg_type b ON b.oid = a.base"
    " WHERE b.typtype = 'd' OR b.typsubscript"
    "  = 'array_subscript_handler'::pg_catalog.regproc)"
    " SELECT t.oid, CASE WHEN e.oid IS NOT NULL THEN 'array'"
    " WHEN b.typname IN ('vector', 'halfvec') AND EXISTS (SELECT FROM"
    "   pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x"
    "   ON x.oid = d.refobjid"
    "   WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass"
    "   AND d.objid = b.oid AND d.deptype = 'e'"
    "   AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass"
    "   AND x.extname = 'vector') THEN 'vector'"
    " WHEN b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace"
    "  THEN b.typname ELSE 'text' END,"
    " coalesce(e.oid, 0), coalesce(e.typdelim, b.typdelim),"
    " CASE WHEN t.oid = b.oid AND e.oid IS NOT NULL"
    "  THEN e.typname || '[]' ELSE t.typname END"
    " FROM asked a JOIN pg_catalog.pg_type t ON t.oid = a.oid"
    " JOIN pg_catalog.pg_type b ON b.oid = a.base AND b.typtype <> 'd'"
    " LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem"
    " AND b.typsubscript = 'array_subscript_handler'::pg_catalog.regproc";

struct types *
types_new(void)
{
	return calloc(1, sizeof(struct types));
}

void
types_free(struct types *t)
{
	if (t == NULL)
		return;
	free(t->learned);
	free(t);
}

static int
by_oid(const void *a, const void *b)
{
	const struct type *x = a, *y = b;

	return (x->oid > y->oid) - (x->oid < y->oid);
}

const struct type *
types_find(const struct types *t, uint32_t oid)
{
	struct type key = { .oid = oid };
	const struct type *found;

	found = bsearch(&key, builtin, NELEM(builtin), sizeof(builtin[0]),
	    by_oid);
	if (found != NULL || t->n == 0)
		return found;
	return bsearch(&key, t->learned, t->n, sizeof(key), by_oid);
}

void
types_learn(struct types *t, const struct type *type)
{
	struct type *grown;
	size_t at;

	for (at = 0; at < t->n && t->learned[at].oid < type->oid; at++)
		continue;
	if (at < t->n && t->learned[at].oid == type->oid) {
		t->learned[at] = *type;
		return;
	}
	if (t->n == LEARNED_MAX)
		at = t->n = 0;
	if (t->n == t->cap) {
		grown = realloc(t->learned, (t->cap + 64) * sizeof(*grown));
		if (grown == NULL)
			return;		/* it is learned again when met again */
		t->learned = grown;
		t->cap += 64;
	}
	memmove(t->learned + at + 1, t->learned + at,
	    (t->n - at) * sizeof(*type));
	t->learned[at] = *type;
	t->n++;
}

void
types_forget_guesses(struct types *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->learned[i].name, TYPES_GUESSED) != 0)
			t->learned[kept++] = t->learned[i];
	t->n = kept;
}

enum type_kind
types_kind(const char *name)
{
	if (strcmp(name, "array") == 0)
		return TYPE_ARRAY;
	if (strcmp(name, "vector") == 0)
		return TYPE_VECTOR;
	for (size_t i = 0; i < NELEM(builtin); i++)
		if (strcmp(name, builtin[i].name) == 0)
			return builtin[i].kind;
	return TYPE_TEXT;
}
