/*
 * pgverify_tables.c - what the catalogs must say of databases, schemas,
 * tables and functions of ours.  See pgverify_facts.c.
 */
#include "pgverify_priv.h"

/* Roles that a key's SQL runs as, logins included. */
#define KEYS \
	"(SELECT key_role AS r FROM acdb.dp_login" \
	" UNION SELECT login FROM acdb.dp_login" \
	" UNION SELECT 'dbuser' UNION SELECT 'dbreader') who" \
	" JOIN pg_roles pr ON pr.rolname = who.r"

/* Relations that keys own or made: not ours, not PostgreSQL's. */
#define THEIRS \
	"n.nspname NOT IN ('acdb', 'acdb_api', 'acdb_guard', 'agentcoopdb'," \
	" 'pg_catalog', 'information_schema', 'pg_toast')" \
	" AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.objid = c.oid" \
	" AND x.deptype = 'e')"

/* The condition of the guard's policy, as PostgreSQL prints it. */
#define OWN \
	"'(workspace_id = ( SELECT acdb_api.workspace_id() AS workspace_id))'"

const struct fact pgverify_objects[] = {
	{ "database-closed",
	    "nobody connects to the database or makes temporary tables in it "
	    "but by name", PGVERIFY_FAIL,
	    "SELECT 'PUBLIC has ' || a.privilege_type FROM pg_database d,"
	    " aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
	    " WHERE d.datname = current_database() AND a.grantee = 0"
	    " UNION ALL SELECT r || ' has TEMPORARY' FROM " KEYS
	    " WHERE has_database_privilege(pr.oid, current_database(), 'TEMP')"
	    " UNION ALL SELECT r || ' has CREATE' FROM " KEYS
	    " WHERE r <> 'dbadmin' AND has_database_privilege(pr.oid,"
	    " current_database(), 'CREATE')", false },
	{ "other-databases",
	    "no other database of the server is open to everybody (function "
	    "privileges are each database's own)", PGVERIFY_WARN,
	    "SELECT 'PUBLIC may connect to ' || quote_ident(datname) ||"
	    " ': REVOKE CONNECT, or in pg_hba.conf: host '"
	    " || quote_ident(datname) || ' +acdb_logins all reject'"
	    " FROM pg_database d WHERE datallowconn"
	    " AND datname <> current_database() AND EXISTS (SELECT 1 FROM"
	    " aclexplode(coalesce(datacl, acldefault('d', datdba))) a"
	    " WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')", false },
	{ "schemas",
	    "no key drops or renames the schema public or creates in the "
	    "product's schemas", PGVERIFY_FAIL,
	    "SELECT 'public belongs to ' || nspowner::regrole"
	    " FROM pg_namespace WHERE nspname = 'public'"
	    " AND nspowner <> to_regrole('acdb_owner')"
	    " UNION ALL SELECT r || ' may create in ' || nspname FROM " KEYS
	    ", pg_namespace n WHERE nspname IN ('ext', 'acdb',"
	    " 'acdb_api', 'acdb_guard')"
	    " AND has_schema_privilege(pr.oid, n.oid, 'CREATE')"
	    " UNION ALL SELECT r || ' may use the schema acdb' FROM " KEYS
	    " WHERE has_schema_privilege(pr.oid, 'acdb', 'USAGE')", false },
	{ "control-tables",
	    "no key's role or login has any privilege on the control plane's "
	    "tables, and its own login none on the context key",
	    PGVERIFY_FAIL,
	    "SELECT coalesce(g.rolname, 'PUBLIC') || ' has '"
	    " || a.privilege_type || ' on ' || c.oid::regclass"
	    " FROM pg_class c, aclexplode(c.relacl) a"
	    " LEFT JOIN pg_roles g ON g.oid = a.grantee"
	    " WHERE c.relnamespace = to_regnamespace('acdb') AND NOT ("
	    "g.rolname IS NOT NULL AND (g.rolname = 'acdb_owner'"
	    " OR g.rolname = 'acdb_roleadmin' AND c.relname = 'dp_login'"
	    " OR g.rolname = 'agentcoopdb_gateway' AND (a.privilege_type"
	    " = 'SELECT' AND c.relname <> 'ctx_key' OR a.privilege_type"
	    " = 'INSERT' AND c.relname = 'audit_logs' OR c.relname IN"
	    " ('workspaces', 'api_keys', 'idempotency_keys', 'rpcs'))))"
	    " UNION ALL SELECT coalesce(g.rolname, 'PUBLIC') || ' has '"
	    " || a.privilege_type || ' on ' || c.oid::regclass || '.'"
	    " || t.attname FROM pg_class c JOIN pg_attribute t"
	    " ON t.attrelid = c.oid, aclexplode(t.attacl) a"
	    " LEFT JOIN pg_roles g ON g.oid = a.grantee"
	    " WHERE c.relnamespace = to_regnamespace('acdb') AND NOT"
	    " (g.rolname IS NOT NULL AND (g.rolname = 'acdb_owner'"
	    " OR g.rolname = 'agentcoopdb_gateway' AND c.relname"
	    " = 'audit_logs' AND t.attname IN ('rows_affected',"
	    " 'duration_us')))"
	    " UNION ALL SELECT c.oid::regclass || ' belongs to '"
	    " || c.relowner::regrole FROM pg_class c WHERE c.relnamespace"
	    " = to_regnamespace('acdb') AND c.relowner"
	    " <> to_regrole('acdb_owner')", false },
	{ "constraints",
	    "what makes keys, audit rows and Idempotency-Keys unique is there",
	    PGVERIFY_FAIL,
	    "SELECT 'no valid key of ' || t || ' (' || cols || ')' FROM"
	    " (VALUES ('api_keys', 'id'), ('api_keys', 'key_id'),"
	    " ('workspaces', 'id'), ('audit_logs', 'id'),"
	    " ('idempotency_keys', 'workspace_id,key'), ('dp_login', 'login'),"
	    " ('dp_login', 'key_role'), ('ctx_key', 'one'),"
	    " ('rpcs', 'workspace_id,name'))"
	    " AS v (t, cols) WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k"
	    " JOIN pg_index i ON i.indexrelid = k.conindid"
	    " WHERE k.conrelid = to_regclass('acdb.' || t)"
	    " AND k.contype IN ('p', 'u') AND i.indisvalid"
	    " AND (SELECT string_agg(a.attname, ',' ORDER BY a.attnum)"
	    " FROM pg_attribute a WHERE a.attrelid = k.conrelid"
	    " AND a.attnum = ANY (k.conkey)) = cols)", false },
	{ "definer-functions",
	    "the product's functions run as their owners, who are nobody's "
	    "role, and are executable by those alone who need them",
	    PGVERIFY_FAIL,
	    "SELECT p.oid::regprocedure || ' is not a SECURITY DEFINER of the"
	    " product' FROM pg_proc p WHERE p.pronamespace IN"
	    " (to_regnamespace('acdb'), to_regnamespace('acdb_api'))"
	    " AND NOT (p.prosecdef AND p.proowner IN"
	    " (to_regrole('acdb_owner'), to_regrole('acdb_roleadmin')))"
	    " UNION ALL SELECT r || ' may run ' || p.oid::regprocedure"
	    " FROM " KEYS ", pg_proc p WHERE p.pronamespace IN"
	    " (to_regnamespace('acdb'), to_regnamespace('acdb_api'))"
	    " AND p.proname NOT IN ('workspace_id', 'audit_if_written',"
	    " 'idempotency_claim', 'idempotency_store')"
	    " AND NOT (p.proname = 'audit' AND r ~ '^acdb_dp_')"
	    " AND NOT (p.proname = 'app_migrated' AND r = 'acdb_dp_dbadmin')"
	    " AND has_function_privilege(pr.oid, p.oid, 'EXECUTE')"
	    " UNION ALL SELECT r || ' may end sessions' FROM " KEYS
	    " WHERE has_function_privilege(pr.oid, to_regprocedure("
	    "'acdb_guard.end_session(int, text)'), 'EXECUTE')", false },
	{ "extensions",
	    "vector stands in the schema ext, and no extension of a key is "
	    "outside the allow-list", PGVERIFY_WARN,
	    "SELECT 'vector is not installed' WHERE NOT EXISTS"
	    " (SELECT 1 FROM pg_extension WHERE extname = 'vector')"
	    " UNION ALL SELECT 'vector stands in the schema '"
	    " || extnamespace::regnamespace || ', which joins the sessions''"
	    " search_path' FROM pg_extension WHERE extname = 'vector'"
	    " AND extnamespace <> to_regnamespace('ext')"
	    " UNION ALL SELECT extname || ' belongs to ' || extowner::regrole"
	    " FROM pg_extension JOIN pg_roles o ON o.oid = extowner"
	    " WHERE NOT o.rolsuper AND extname NOT IN ('pg_trgm',"
	    " 'btree_gin', 'btree_gist', 'citext', 'fuzzystrmatch', 'hstore',"
	    " 'intarray', 'ltree', 'pgcrypto', 'unaccent', 'uuid-ossp')"
	    " UNION ALL SELECT DISTINCT e.extname || ' reaches beyond a"
	    " key''s role, and dbuser may run ' || p.oid::regprocedure"
	    " FROM pg_extension e JOIN pg_depend d ON d.refobjid = e.oid"
	    " AND d.refclassid = 'pg_extension'::regclass"
	    " AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'"
	    " JOIN pg_proc p ON p.oid = d.objid WHERE e.extname IN ('dblink',"
	    " 'tablefunc', 'xml2', 'adminpack', 'lo', 'pg_cron', 'http',"
	    " 'pg_net', 'pg_background') AND p.prorettype <>"
	    " 'trigger'::regtype AND to_regrole('dbuser') IS NOT NULL"
	    " AND has_function_privilege('dbuser', p.oid, 'EXECUTE')", false },
	{ "tenant-tables",
	    "every table with a workspace_id has row-level security enabled "
	    "and forced, and the guard's policy, and no parent without one",
	    PGVERIFY_WARN,
	    "SELECT c.oid::regclass || CASE WHEN a.atttypid"
	    " <> 'uuid'::regtype THEN ': workspace_id is not uuid'"
	    " WHEN NOT c.relrowsecurity THEN ': row-level security is off'"
	    " WHEN NOT c.relforcerowsecurity THEN ': it is not forced'"
	    " ELSE ': the policy acdb_guard is missing or another' END"
	    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
	    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname"
	    " = 'workspace_id' AND NOT a.attisdropped"
	    " WHERE c.relkind IN ('r', 'p') AND " THEIRS
	    " AND (a.atttypid <> 'uuid'::regtype OR NOT c.relrowsecurity"
	    " OR NOT c.relforcerowsecurity OR NOT EXISTS (SELECT 1"
	    " FROM pg_policy o WHERE o.polrelid = c.oid"
	    " AND o.polname = 'acdb_guard' AND NOT o.polpermissive"
	    " AND o.polcmd = '*' AND o.polroles = '{0}'"
	    " AND pg_get_expr(o.polqual, c.oid) = " OWN
	    " AND pg_get_expr(o.polwithcheck, c.oid) = " OWN "))"
	    " UNION ALL SELECT p.oid::regclass || ': has no workspace_id, and"
	    " shows the rows of ' || c.oid::regclass FROM pg_inherits i"
	    " JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c"
	    " ON c.oid = i.inhrelid JOIN pg_namespace n"
	    " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
	    " AND " THEIRS " AND EXISTS (SELECT 1 FROM pg_attribute a"
	    " WHERE a.attrelid = c.oid AND a.attname = 'workspace_id'"
	    " AND NOT a.attisdropped) AND NOT EXISTS (SELECT 1"
	    " FROM pg_attribute a WHERE a.attrelid = p.oid"
	    " AND a.attname = 'workspace_id' AND NOT a.attisdropped)", false },
	{ "views",
	    "no view shows a table with a workspace_id with its owner's eyes",
	    PGVERIFY_WARN,
	    "WITH RECURSIVE reach(v, oid) AS (SELECT c.oid, c.oid"
	    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
	    " WHERE c.relkind IN ('v', 'm') AND " THEIRS
	    " UNION SELECT reach.v, d.refobjid FROM reach"
	    " JOIN pg_rewrite w ON w.ev_class = reach.oid"
	    " JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass"
	    " AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass)"
	    " SELECT DISTINCT v.oid::regclass || ': readable by '"
	    " || u.r FROM reach JOIN pg_class v ON v.oid = reach.v"
	    " JOIN pg_attribute a ON a.attrelid = reach.oid"
	    " AND a.attname = 'workspace_id' AND NOT a.attisdropped"
	    " JOIN pg_class t ON t.oid = reach.oid"
	    " AND t.relkind IN ('r', 'p'),"
	    " unnest('{dbuser,dbreader}'::name[]) u(r)"
	    " WHERE NOT EXISTS (SELECT 1 FROM"
	    " pg_options_to_table(v.reloptions) o WHERE o.option_name"
	    " = 'security_invoker' AND o.option_value::boolean)"
	    " AND has_table_privilege(u.r, v.oid, 'SELECT')", false },
	{ "owner-functions",
	    "no function that runs as dbadmin is executable by other keys",
	    PGVERIFY_WARN,
	    "SELECT p.oid::regprocedure || ': executable by ' || u.r"
	    " FROM pg_proc p, unnest('{dbuser,dbreader}'::name[]) u(r)"
	    " WHERE p.prosecdef AND p.proowner = to_regrole('dbadmin')"
	    " AND has_function_privilege(u.r, p.oid, 'EXECUTE')", false },
	{ "prepared-transactions",
	    "PREPARE TRANSACTION is off (max_prepared_transactions = 0)",
	    PGVERIFY_WARN,
	    "SELECT 'max_prepared_transactions is '"
	    " || current_setting('max_prepared_transactions')"
	    " WHERE current_setting('max_prepared_transactions') <> '0'",
	    false },
	{ NULL, NULL, PGVERIFY_PASS, NULL, false },
};
