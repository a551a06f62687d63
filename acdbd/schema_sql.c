/*
 * schema_sql.c - what PostgreSQL's catalogs say of the caller's tables, as
 * one JSON document made by one statement; see schema.h.
 *
 * Each part is one set, joined once by relation: nothing here runs a query a
 * table, so that thousands of tables take a moment.  It calls no function
 * that any hardening revokes (share/migrations/after_00_access.sql), and
 * what is null is left out at the end.
 */
#include "schema.h"

#define ANY_TABLE \
	"'SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER'"
#define ANY_COLUMN	"'SELECT,INSERT,UPDATE,REFERENCES'"

/* Whether the role may do anything with the relation of that oid. */
#define VISIBLE(oid) \
	"(pg_catalog.has_table_privilege(" oid ", " ANY_TABLE ") OR" \
	" pg_catalog.has_any_column_privilege(" oid ", " ANY_COLUMN "))"

#define SCHEMAS(n) \
	n ".nspname NOT IN ('information_schema', 'acdb', 'acdb_api'," \
	" 'acdb_guard') AND " n ".nspname !~ '^pg_' AND" \
	" pg_catalog.has_schema_privilege(" n ".oid, 'USAGE')"

/* The names of the columns of relation rel that an array of numbers has. */
#define NAMES(rel, numbers) \
	"(SELECT pg_catalog.json_agg(a.attname ORDER BY k.at)" \
	" FROM pg_catalog.unnest(" numbers ") WITH ORDINALITY AS k (num, at)" \
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = " rel \
	" AND a.attnum = k.num)"

#define ACTION(column) \
	"CASE " column " WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null'" \
	" WHEN 'd' THEN 'set default' WHEN 'r' THEN 'restrict' END"

#define LISTED(rows) \
	"pg_catalog.json_agg(" rows ")"

/* The relations, and what is said of each whatever the detail. */
#define REL \
	"WITH rel AS MATERIALIZED (SELECT c.oid, n.nspname, c.relname," \
	"  pg_catalog.format('%I.%I', n.nspname, c.relname) AS name," \
	"  c.relkind, c.reltuples, c.relispartition, c.relrowsecurity," \
	"  c.relforcerowsecurity FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" \
	" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND " SCHEMAS("n") \
	" AND ($1::text IS NULL OR n.nspname = $1) AND ($2::text IS NULL" \
	"  OR c.relname ILIKE $2" \
	"  OR (n.nspname || '.' || c.relname) ILIKE $2)" \
	" AND " VISIBLE("c.oid") " AND NOT EXISTS (SELECT" \
	"  FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.classid =" \
	"  'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e')" \
	" ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"" \
	" LIMIT 10001)," \
	" kind (relkind, kind) AS (VALUES ('r'::\"char\", 'table')," \
	"  ('p', 'partitioned table'), ('v', 'view')," \
	"  ('m', 'materialized view'), ('f', 'foreign table'))," \
	" parent AS (SELECT i.inhrelid AS oid, pg_catalog.format('%I.%I'," \
	"  n.nspname, c.relname) AS name FROM rel" \
	"  JOIN pg_catalog.pg_inherits i ON i.inhrelid = rel.oid" \
	"  JOIN pg_catalog.pg_class c ON c.oid = i.inhparent" \
	"  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" \
	"  WHERE rel.relispartition AND $3 <> 'names' AND " SCHEMAS("n") \
	"  AND " VISIBLE("c.oid") ")," \
	" note AS (SELECT d.objoid AS oid, d.objsubid, d.description" \
	"  FROM pg_catalog.pg_description d JOIN rel ON rel.oid = d.objoid" \
	"  WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass" \
	"  AND $3 <> 'names'),"

/* Columns that the role may use in some way. */
#define COL \
	" att AS MATERIALIZED (SELECT a.attrelid AS oid, a.attnum," \
	"  a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.atthasdef," \
	"  a.attidentity, a.attgenerated" \
	"  FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid" \
	"  WHERE $3 <> 'names' AND a.attnum > 0 AND NOT a.attisdropped" \
	"  AND (pg_catalog.has_table_privilege(rel.oid, " ANY_TABLE ") OR" \
	"   pg_catalog.has_column_privilege(rel.oid, a.attnum, " \
	    ANY_COLUMN ")))," \
	" col AS (SELECT att.oid, " LISTED( \
	"  pg_catalog.json_build_object('name', att.attname," \
	"   'type', pg_catalog.format_type(att.atttypid, att.atttypmod)," \
	"   'not_null', CASE WHEN att.attnotnull THEN true END," \
	"   'dimensions', CASE WHEN t.typname IN ('vector', 'halfvec'," \
	"    'sparsevec') AND att.atttypmod > 0 THEN att.atttypmod END," \
	"   'identity', CASE att.attidentity WHEN 'a' THEN 'always'" \
	"    WHEN 'd' THEN 'by default' END," \
	"   'generated', CASE WHEN att.attgenerated <> '' THEN true END," \
	"   'has_default', CASE WHEN $3 = 'summary' AND att.atthasdef AND" \
	"    att.attgenerated = '' THEN true END," \
	"   CASE WHEN att.attgenerated <> '' THEN 'expression'" \
	"    ELSE 'default' END, CASE WHEN $3 = 'full' AND att.atthasdef" \
	"    THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END," \
	"   'comment', note.description) ORDER BY att.attnum") " AS list" \
	"  FROM att JOIN pg_catalog.pg_type t ON t.oid = att.atttypid" \
	"  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = att.oid" \
	"   AND d.adnum = att.attnum AND $3 = 'full'" \
	"  LEFT JOIN note ON note.oid = att.oid" \
	"   AND note.objsubid = att.attnum GROUP BY att.oid),"

/* Constraints; foreign keys from both ends, where the other is visible. */
#define CON \
	" con AS MATERIALIZED (SELECT c.*, " NAMES("c.conrelid", "c.conkey") \
	"  AS names FROM pg_catalog.pg_constraint c" \
	"  JOIN rel ON rel.oid = c.conrelid WHERE $3 <> 'names'" \
	"  AND (c.contype IN ('p', 'f')" \
	"   OR $3 = 'full' AND c.contype IN ('u', 'c', 'x')))," \
	" pk AS (SELECT conrelid AS oid, names FROM con" \
	"  WHERE contype = 'p')," \
	" uniq AS (SELECT conrelid AS oid, " LISTED("names ORDER BY conname") \
	"  AS list FROM con WHERE contype = 'u' GROUP BY conrelid)," \
	" chk AS (SELECT conrelid AS oid, " LISTED( \
	"  pg_catalog.json_build_object('name', conname, 'definition'," \
	"   pg_catalog.pg_get_constraintdef(oid, true)) ORDER BY conname") \
	"  AS list FROM con WHERE contype IN ('c', 'x') GROUP BY conrelid)," \
	" fk AS (SELECT con.conrelid AS oid, " LISTED( \
	"  pg_catalog.json_build_object('name', CASE WHEN $3 = 'full'" \
	"   THEN con.conname END, 'columns', con.names, 'references'," \
	"   pg_catalog.format('%I.%I', n.nspname, o.relname)," \
	"   'to', " NAMES("con.confrelid", "con.confkey") ", 'on_delete', " \
	    ACTION("con.confdeltype") ", 'on_update', " \
	    ACTION("con.confupdtype") ") ORDER BY con.conname") " AS list" \
	"  FROM con JOIN pg_catalog.pg_class o ON o.oid = con.confrelid" \
	"  JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace" \
	"  WHERE con.contype = 'f' AND " SCHEMAS("n") " AND " \
	    VISIBLE("o.oid") " GROUP BY con.conrelid)," \
	" kf AS (SELECT c.confrelid AS oid, " LISTED( \
	"  pg_catalog.json_build_object('table', pg_catalog.format('%I.%I'," \
	"   n.nspname, o.relname), 'columns', " \
	    NAMES("c.conrelid", "c.conkey") ", 'to', " \
	    NAMES("c.confrelid", "c.confkey") ") ORDER BY n.nspname," \
	"   o.relname, c.conname") " AS list" \
	"  FROM pg_catalog.pg_constraint c JOIN rel ON rel.oid = c.confrelid" \
	"  JOIN pg_catalog.pg_class o ON o.oid = c.conrelid" \
	"  JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace" \
	"  WHERE c.contype = 'f' AND c.conparentid = 0 AND $3 <> 'names'" \
	"  AND " SCHEMAS("n") " AND " VISIBLE("o.oid") \
	"  GROUP BY c.confrelid),"

/* Indexes, with what they are good for where that is not order. */
#define IDX \
	" ops AS MATERIALIZED (SELECT o.oid, pg_catalog.json_agg(DISTINCT" \
	"  p.oprname::text) AS list FROM pg_catalog.pg_opclass o" \
	"  JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod" \
	"   AND m.amname NOT IN ('btree', 'hash')" \
	"  JOIN pg_catalog.pg_amop a ON a.amopfamily = o.opcfamily" \
	"   AND a.amoplefttype = o.opcintype" \
	"  JOIN pg_catalog.pg_operator p ON p.oid = a.amopopr" \
	"  WHERE $3 = 'full' GROUP BY o.oid)," \
	" idx AS (SELECT i.indrelid AS oid, " LISTED( \
	"  pg_catalog.json_build_object('name', c.relname, 'method'," \
	"   m.amname, 'primary', CASE WHEN i.indisprimary THEN true END," \
	"   'unique', CASE WHEN i.indisunique THEN true END," \
	"   'invalid', CASE WHEN NOT i.indisvalid THEN true END," \
	"   'columns', (SELECT pg_catalog.json_agg(" \
	"    pg_catalog.json_build_object('on', pg_catalog.pg_get_indexdef(" \
	"     i.indexrelid, k.at::int, true), 'class', o.opcname," \
	"     'operators', ops.list) ORDER BY k.at)" \
	"    FROM pg_catalog.unnest(i.indclass) WITH ORDINALITY AS k (class," \
	"    at) JOIN pg_catalog.pg_opclass o ON o.oid = k.class" \
	"    LEFT JOIN ops ON ops.oid = o.oid)," \
	"   'definition', pg_catalog.pg_get_indexdef(i.indexrelid))" \
	"   ORDER BY c.relname") " AS list" \
	"  FROM rel JOIN pg_catalog.pg_index i ON i.indrelid = rel.oid" \
	"  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid" \
	"  JOIN pg_catalog.pg_am m ON m.oid = c.relam" \
	"  WHERE $3 = 'full' GROUP BY i.indrelid)," \
	" pol AS (SELECT p.polrelid AS oid, " LISTED( \
	"  pg_catalog.json_build_object('name', p.polname, 'command'," \
	"   CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'" \
	"   WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END," \
	"   'restrictive', CASE WHEN NOT p.polpermissive THEN true END," \
	"   'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check'," \
	"   pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))" \
	"   ORDER BY p.polname") " AS list" \
	"  FROM rel JOIN pg_catalog.pg_policy p ON p.polrelid = rel.oid" \
	"  WHERE $3 = 'full' AND (0::oid = ANY (p.polroles) OR EXISTS" \
	"   (SELECT FROM pg_catalog.unnest(p.polroles) AS u (r)" \
	"    WHERE pg_catalog.pg_has_role(u.r, 'USAGE')))" \
	"  GROUP BY p.polrelid),"

/* Enums that the columns have, or that stand where all is asked for. */
#define ENUMS \
	" enum AS (SELECT pg_catalog.format('%I.%I', n.nspname, t.typname)" \
	"  AS name, (SELECT pg_catalog.json_agg(e.enumlabel" \
	"   ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e" \
	"   WHERE e.enumtypid = t.oid) AS list" \
	"  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n" \
	"  ON n.oid = t.typnamespace WHERE t.typtype = 'e'" \
	"  AND $3 <> 'names' AND " SCHEMAS("n") \
	"  AND pg_catalog.has_type_privilege(t.oid, 'USAGE')" \
	"  AND (EXISTS (SELECT FROM att WHERE att.atttypid" \
	"    IN (t.oid, t.typarray)) OR $2::text IS NULL" \
	"   AND ($1::text IS NULL OR n.nspname = $1))),"

#define PRIVILEGES \
	"(SELECT pg_catalog.json_agg(p.priv ORDER BY p.at)" \
	" FROM pg_catalog.unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE," \
	"REFERENCES,TRIGGER}'::text[]) WITH ORDINALITY AS p (priv, at)" \
	" WHERE $3 <> 'names' AND pg_catalog.has_table_privilege(rel.oid," \
	" p.priv))"

static const char head[] = REL COL;
static const char constraints[] = CON;
static const char indexes[] = IDX ENUMS;
static const char document[] =
    " item AS (SELECT rel.name, pg_catalog.json_build_object("
    "  'name', rel.name, 'kind', kind.kind,"
    "  'partition_of', parent.name, 'comment', note.description,"
    "  'rows', CASE WHEN $3 <> 'names' AND $4 = 't' AND rel.reltuples >= 0"
    "   AND rel.relkind IN ('r', 'p', 'm') THEN rel.reltuples::int8 END,"
    "  'privileges', " PRIVILEGES ","
    "  'row_security', CASE WHEN $3 <> 'names' AND rel.relrowsecurity"
    "   THEN true END, 'row_security_forced', CASE WHEN $3 = 'full' AND"
    "   rel.relforcerowsecurity THEN true END, 'policies', pol.list,"
    "  'columns', CASE WHEN $3 = 'full' OR parent.name IS NULL"
    "   THEN col.list END,"
    "  'partition_key', CASE WHEN $3 = 'full' AND rel.relkind = 'p'"
    "   THEN pg_catalog.pg_get_partkeydef(rel.oid) END,"
    "  'primary_key', pk.names, 'unique', uniq.list, 'checks', chk.list,"
    "  'foreign_keys', fk.list, 'referenced_by', kf.list,"
    "  'indexes', idx.list) AS doc"
    "  FROM (SELECT * FROM rel ORDER BY rel.nspname COLLATE \"C\","
    "   rel.relname COLLATE \"C\" LIMIT 10000) rel JOIN kind USING (relkind)"
    "  LEFT JOIN parent ON parent.oid = rel.oid"
    "  LEFT JOIN note ON note.oid = rel.oid AND note.objsubid = 0"
    "  LEFT JOIN col ON col.oid = rel.oid LEFT JOIN pk ON pk.oid = rel.oid"
    "  LEFT JOIN uniq ON uniq.oid = rel.oid LEFT JOIN chk ON chk.oid ="
    "  rel.oid LEFT JOIN fk ON fk.oid = rel.oid LEFT JOIN kf ON kf.oid ="
    "  rel.oid LEFT JOIN idx ON idx.oid = rel.oid LEFT JOIN pol ON pol.oid"
    "  = rel.oid)"
    " SELECT pg_catalog.json_strip_nulls(pg_catalog.json_build_object("
    "  'detail', $3, 'role', current_user, 'relations', coalesce((SELECT"
    "   pg_catalog.json_agg(doc ORDER BY name COLLATE \"C\") FROM item),"
    "   '[]'::json), 'enums', (SELECT pg_catalog.json_agg("
    "   pg_catalog.json_build_object('name', name, 'values', list)"
    "   ORDER BY name COLLATE \"C\") FROM enum),"
    "  'truncated', CASE WHEN (SELECT count(*) FROM rel) > 10000"
    "   THEN true END))";

void
schema_sql(struct buf *out)
{
	buf_adds(out, head);
	buf_adds(out, constraints);
	buf_adds(out, indexes);
	buf_adds(out, document);
}
