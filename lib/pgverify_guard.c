/*
 * pgverify_guard.c - what the catalogs must say of what works by itself: the
 * guard's event triggers, the triggers that tell every node of a change, and
 * what could turn either off.  See pgverify_facts.c.
 */
#include "pgverify_priv.h"

const struct fact pgverify_guards[] = {
	{ "guard",
	    "the event triggers of the guard are there, for all they are "
	    "for, enabled and a superuser's", PGVERIFY_FAIL,
	    "SELECT n || ' is missing, disabled or another''s'"
	    " FROM (VALUES ('acdb_refuse', 'refuse', 'ddl_command_start', 0),"
	    " ('acdb_tighten', 'tighten', 'ddl_command_end', 18))"
	    " AS v (n, f, event, tags) WHERE NOT EXISTS (SELECT 1"
	    " FROM pg_event_trigger t JOIN pg_roles o ON o.oid = t.evtowner"
	    " JOIN pg_proc p ON p.oid = t.evtfoid"
	    " JOIN pg_roles po ON po.oid = p.proowner"
	    " WHERE t.evtname = v.n AND t.evtenabled IN ('O', 'A')"
	    " AND t.evtevent = v.event AND p.proname = v.f"
	    " AND p.pronamespace = to_regnamespace('acdb_guard')"
	    " AND coalesce(cardinality(t.evttags), 0) = v.tags"
	    " AND o.rolsuper AND po.rolsuper)", true },
	{ "triggers-on",
	    "no default of the server, the database or a role turns triggers, "
	    "event triggers or row-level security off", PGVERIFY_FAIL,
	    "SELECT coalesce(r.rolname, 'every role') || ': ' || c"
	    " FROM pg_db_role_setting s LEFT JOIN pg_roles r"
	    " ON r.oid = s.setrole, unnest(s.setconfig) c"
	    " WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database"
	    " WHERE datname = current_database())) AND (r.oid IS NULL"
	    " OR NOT r.rolsuper) AND split_part(c, '=', 1) IN"
	    " ('session_replication_role', 'event_triggers',"
	    " 'allow_system_table_mods', 'session_preload_libraries')"
	    " UNION ALL SELECT 'event_triggers is off' WHERE"
	    " current_setting('event_triggers', true) = 'off'"
	    " UNION ALL SELECT 'session_replication_role is '"
	    " || current_setting('session_replication_role') WHERE"
	    " current_setting('session_replication_role') <> 'origin'", false },
	{ "change-triggers",
	    "a change of a key, a workspace or a procedure is told to every "
	    "node", PGVERIFY_FAIL,
	    "SELECT n || ' is missing, disabled or another''s'"
	    " FROM (VALUES ('api_keys', 'key_changed'),"
	    " ('workspaces', 'workspace_changed'), ('rpcs', 'rpc_changed'))"
	    " AS v (t, n) WHERE NOT EXISTS (SELECT 1 FROM pg_trigger g"
	    " JOIN pg_proc p ON p.oid = g.tgfoid"
	    " WHERE g.tgrelid = to_regclass('acdb.' || v.t)"
	    " AND g.tgname = v.n AND g.tgenabled IN ('O', 'A')"
	    " AND g.tgqual IS NULL AND p.proname = v.n"
	    " AND p.pronamespace = to_regnamespace('acdb'))"
	    " UNION ALL SELECT 'the trigger ' || g.tgname || ' on '"
	    " || g.tgrelid::regclass || ' is not the product''s'"
	    " FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid"
	    " WHERE c.relnamespace = to_regnamespace('acdb')"
	    " AND NOT g.tgisinternal AND g.tgname NOT IN ('key_changed',"
	    " 'workspace_changed', 'rpc_changed')", false },
	{ "default-privileges",
	    "functions that dbadmin creates are nobody's to run until the "
	    "guard has seen them", PGVERIFY_WARN,
	    "SELECT 'PUBLIC may run what dbadmin creates' WHERE NOT EXISTS"
	    " (SELECT 1 FROM pg_default_acl d WHERE d.defaclrole"
	    " = to_regrole('dbadmin') AND d.defaclnamespace = 0"
	    " AND d.defaclobjtype = 'f' AND NOT EXISTS (SELECT 1"
	    " FROM aclexplode(d.defaclacl) a WHERE a.grantee = 0)"
	    " AND EXISTS (SELECT 1 FROM aclexplode(d.defaclacl) a"
	    " WHERE a.grantee = to_regrole('acdb_owner')))"
	    " UNION ALL SELECT 'what dbadmin creates is given to '"
	    " || CASE a.grantee WHEN 0 THEN 'PUBLIC'"
	    " ELSE a.grantee::regrole::text END || ': ' || a.privilege_type"
	    " FROM pg_default_acl d, aclexplode(d.defaclacl) a"
	    " WHERE d.defaclrole = to_regrole('dbadmin')"
	    " AND (d.defaclobjtype = 'f' AND a.grantee NOT IN (d.defaclrole,"
	    " to_regrole('acdb_owner')) OR d.defaclobjtype IN ('r', 'S')"
	    " AND a.grantee = 0)", false },
	{ "public-schema",
	    "nobody but dbadmin creates in the schema public", PGVERIFY_WARN,
	    "SELECT coalesce(g.rolname, 'PUBLIC') || ' may create in public'"
	    " FROM pg_namespace n, aclexplode(n.nspacl) a"
	    " LEFT JOIN pg_roles g ON g.oid = a.grantee"
	    " WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE'"
	    " AND (g.rolname IS NULL"
	    " OR g.rolname NOT IN ('dbadmin', 'acdb_owner'))", false },
	{ "managed",
	    "there is a superuser, and nobody else has a hand in the "
	    "product's roles", PGVERIFY_WARN,
	    "SELECT 'the database''s owner ' || o.rolname || ' can become '"
	    " || g.rolname FROM pg_database d JOIN pg_roles o"
	    " ON o.oid = d.datdba, unnest('{acdb_owner,acdb_roleadmin,"
	    "agentcoopdb_gateway}'::name[]) u JOIN pg_roles g"
	    " ON g.rolname = u WHERE d.datname = current_database()"
	    " AND NOT o.rolsuper AND pg_has_role(o.oid, g.oid, 'MEMBER')"
	    " UNION ALL SELECT 'dbadmin has no BYPASSRLS: it reaches the rows"
	    " of its key''s workspace alone' FROM pg_roles WHERE rolname"
	    " = 'dbadmin' AND NOT rolbypassrls AND EXISTS (SELECT 1 FROM"
	    " acdb.settings WHERE name = 'hardening' AND value = 'managed')",
	    false },
	{ NULL, NULL, PGVERIFY_PASS, NULL, false },
};
