/*
 * pgverify_facts.c - what the catalogs must say of roles, logins, and of
 * PostgreSQL's own functions.  Each query names its findings; it runs with
 * search_path pg_catalog.
 *
 * What a dbadmin key can bring about by itself is a WARN: it must not be
 * able to keep the server from starting.
 */
#include "pgverify_priv.h"

/* The roles of keys and their logins, with whether they are ours (a custom
 * role is its dbadmin's business).  live has those that still exist: asking
 * for the privileges of a name that does not is an error. */
#define SERVED \
	"WITH k AS (SELECT d.*, d.key_role IN ('dbadmin', 'dbuser'," \
	" 'dbreader') AS base FROM acdb.dp_login d)," \
	" who AS (SELECT key_role AS r FROM k UNION SELECT login FROM k" \
	" UNION SELECT 'dbuser' UNION SELECT 'dbreader')," \
	" live AS (SELECT who.r, p.oid AS o FROM who JOIN pg_roles p" \
	" ON p.rolname = r) "

/* Nobody's to be a member of. */
#define OURS \
	"('agentcoopdb_gateway', 'agentcoopdb_owner', 'acdb_owner'," \
	" 'acdb_roleadmin', 'dbadmin', 'dbuser', 'dbreader'," \
	" 'acdb_dp_dbadmin', 'acdb_dp_dbuser', 'acdb_dp_dbreader')"

const struct fact pgverify_roles[] = {
	{ "control-login",
	    "the control plane's login and the owners have no attributes and "
	    "are members of nothing", PGVERIFY_FAIL,
	    "SELECT 'agentcoopdb_gateway has an attribute it must not have'"
	    " FROM pg_roles WHERE rolname = 'agentcoopdb_gateway' AND"
	    " (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication"
	    " OR rolbypassrls OR rolinherit OR NOT rolcanlogin)"
	    " UNION ALL SELECT rolname || ' has an attribute it must not"
	    " have' FROM pg_roles WHERE rolname IN ('acdb_owner',"
	    " 'acdb_roleadmin', 'acdb_logins') AND (rolsuper OR rolcanlogin"
	    " OR rolcreatedb OR rolreplication OR rolbypassrls OR"
	    " rolcreaterole AND rolname <> 'acdb_roleadmin')"
	    " UNION ALL SELECT m.member::regrole || ' is a member of '"
	    " || g.rolname FROM pg_auth_members m"
	    " JOIN pg_roles g ON g.oid = m.roleid WHERE NOT EXISTS (SELECT 1"
	    " FROM acdb.settings s, pg_database d WHERE s.name = 'hardening'"
	    " AND s.value = 'managed' AND d.datname = current_database()"
	    " AND d.datdba = m.member) AND ((m.member IN"
	    " (to_regrole('agentcoopdb_gateway'), to_regrole('acdb_owner'))"
	    " AND (g.rolname IN " OURS " OR g.rolname ~ '^pg_'"
	    " OR g.rolsuper)) OR g.rolname IN ('agentcoopdb_gateway',"
	    " 'acdb_owner', 'acdb_roleadmin'))"
	    " UNION ALL SELECT 'role ' || r || ' is missing' FROM unnest("
	    "'{agentcoopdb_gateway,acdb_owner,acdb_roleadmin,dbadmin,dbuser,"
	    "dbreader}'::text[]) r WHERE to_regrole(r) IS NULL", false },
	{ "split-logins",
	    "each data-plane login is a member of its role alone, by SET ROLE "
	    "only, and has no attributes", PGVERIFY_FAIL,
	    SERVED "SELECT 'login ' || k.login || ' is a member of '"
	    " || g.rolname FROM k JOIN pg_roles l ON l.rolname = k.login"
	    " JOIN pg_auth_members a ON a.member = l.oid"
	    " JOIN pg_roles g ON g.oid = a.roleid"
	    " WHERE k.base AND (g.rolname <> k.key_role"
	    " AND (g.rolname IN " OURS " OR g.rolname ~ '^pg_' OR g.rolsuper)"
	    " OR g.rolname = k.key_role AND (a.inherit_option"
	    " OR a.admin_option OR NOT a.set_option))"
	    " UNION ALL SELECT 'login ' || l.rolname || ' has an attribute it"
	    " must not have' FROM k JOIN pg_roles l ON l.rolname = k.login"
	    " WHERE l.rolsuper OR l.rolinherit OR l.rolcreaterole"
	    " OR l.rolcreatedb OR l.rolreplication OR l.rolbypassrls"
	    " UNION ALL SELECT 'no login serves ' || r FROM unnest("
	    "'{dbadmin,dbuser,dbreader}'::name[]) r"
	    " WHERE r NOT IN (SELECT key_role FROM k)", false },
	{ "pinned-roles",
	    "the logins and roles are those that were attached, not others of "
	    "their names", PGVERIFY_FAIL,
	    SERVED "SELECT 'replaced or missing: ' || k.login FROM k"
	    " LEFT JOIN pg_roles l ON l.rolname = k.login"
	    " LEFT JOIN pg_roles r ON r.rolname = k.key_role WHERE k.base"
	    " AND (l.oid IS DISTINCT FROM k.login_oid"
	    " OR r.oid IS DISTINCT FROM k.key_role_oid)", false },
	{ "custom-roles",
	    "every custom role that was attached can be served",
	    PGVERIFY_WARN,
	    SERVED "SELECT k.key_role || ': its keys are refused, since the"
	    " role or its login was changed' FROM k WHERE NOT k.base"
	    " AND NOT EXISTS (SELECT 1 FROM pg_roles l, pg_roles r"
	    " WHERE l.rolname = k.login AND l.oid = k.login_oid"
	    " AND r.rolname = k.key_role AND r.oid = k.key_role_oid"
	    " AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolreplication"
	    " OR r.rolbypassrls OR r.rolcanlogin))"
	    " UNION ALL SELECT 'login ' || k.login || ' was also granted '"
	    " || g.rolname FROM k JOIN pg_auth_members a"
	    " ON a.member = k.login_oid JOIN pg_roles g ON g.oid = a.roleid"
	    " WHERE NOT k.base AND g.rolname NOT IN (k.key_role,"
	    " 'acdb_logins')", false },
	{ "login-grants",
	    "no role that a dbadmin key made was granted to a login or to the "
	    "owner",
	    PGVERIFY_WARN,
	    SERVED "SELECT l.rolname || ' is a member of ' || g.rolname"
	    " FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid"
	    " JOIN pg_roles l ON l.oid = a.member"
	    " LEFT JOIN k ON k.login_oid = l.oid WHERE (k.base"
	    " OR l.rolname IN ('agentcoopdb_gateway', 'acdb_owner'))"
	    " AND g.rolname NOT IN " OURS " AND g.rolname !~ '^pg_'"
	    " AND (g.rolname <> 'acdb_logins' OR a.set_option)", false },
	{ "key-roles",
	    "dbadmin, dbuser and dbreader cannot log in, have no attributes "
	    "beyond their own and reach no predefined role", PGVERIFY_FAIL,
	    "SELECT rolname || ' has an attribute it must not have'"
	    " FROM pg_roles WHERE rolname IN ('dbadmin', 'dbuser', 'dbreader')"
	    " AND (rolsuper OR rolcreatedb OR rolreplication OR rolcanlogin"
	    " OR rolname <> 'dbadmin' AND (rolcreaterole OR rolbypassrls))"
	    " UNION ALL (WITH RECURSIVE reach(who, oid) AS (SELECT rolname,"
	    " oid FROM pg_roles WHERE rolname IN ('dbadmin', 'dbuser',"
	    " 'dbreader') UNION SELECT reach.who, m.roleid FROM reach"
	    " JOIN pg_auth_members m ON m.member = reach.oid)"
	    " SELECT who || ' is a member of ' || g.rolname FROM reach"
	    " JOIN pg_roles g USING (oid) WHERE g.rolname <> who"
	    " AND (g.rolname ~ '^pg_' OR g.rolname IN " OURS
	    " OR g.rolsuper OR g.rolreplication))", false },
	{ "role-defaults",
	    "no defaults were left on the product's logins and roles",
	    PGVERIFY_WARN,
	    "SELECT r.rolname || ': ' || c FROM pg_db_role_setting s"
	    " JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c"
	    " WHERE (r.rolname ~ '^acdb_' OR r.rolname IN"
	    " ('agentcoopdb_gateway', 'dbadmin', 'dbuser', 'dbreader'))"
	    " AND split_part(c, '=', 1) NOT IN ('temp_file_limit',"
	    " 'log_parameter_max_length')"
	    " AND NOT (r.rolname = 'agentcoopdb_gateway'"
	    " AND split_part(c, '=', 1) = 'search_path')", false },
	{ "ceilings",
	    "the logins' temporary files are bounded, and no parameter of "
	    "theirs (a MAC) reaches PostgreSQL's log", PGVERIFY_WARN,
	    "SELECT l.rolname || ': no ' || p FROM pg_roles l,"
	    " unnest('{temp_file_limit,log_parameter_max_length}'::text[]) p"
	    " WHERE (l.rolname ~ '^acdb_dp_' OR l.rolname ="
	    " 'agentcoopdb_gateway' AND p <> 'temp_file_limit')"
	    " AND NOT EXISTS (SELECT 1 FROM pg_db_role_setting s,"
	    " unnest(s.setconfig) c WHERE s.setrole = l.oid"
	    " AND split_part(c, '=', 1) = p)", false },
	{ "parameters",
	    "no key and nobody unnamed may set a parameter that is the "
	    "superuser's", PGVERIFY_FAIL,
	    "SELECT coalesce(g.rolname, 'PUBLIC') || ' has '"
	    " || a.privilege_type || ' on ' || p.parname"
	    " FROM pg_parameter_acl p, aclexplode(p.paracl) a"
	    " LEFT JOIN pg_roles g ON g.oid = a.grantee"
	    " WHERE g.rolname IS NULL OR NOT g.rolsuper AND NOT"
	    " (g.rolname = 'acdb_roleadmin' AND p.parname IN"
	    " ('temp_file_limit', 'log_parameter_max_length'))"
	    " AND (g.rolname IN " OURS " OR g.rolname ~ '^acdb_'"
	    " OR pg_has_role('dbadmin', g.oid, 'MEMBER')"
	    " OR pg_has_role('dbuser', g.oid, 'MEMBER'))", false },
	{ "languages",
	    "only dbadmin, of all who run a key's SQL, may use a procedural "
	    "language (DO, CREATE FUNCTION)", PGVERIFY_FAIL,
	    SERVED "SELECT r || ' may use the language ' || lanname"
	    " FROM live, pg_language WHERE r <> 'dbadmin'"
	    " AND lanname NOT IN ('internal', 'c')"
	    " AND has_language_privilege(o, oid, 'USAGE')", true },
	{ "builtin-functions",
	    "functions of PostgreSQL that change or show what is another's "
	    "are not executable by keys", PGVERIFY_FAIL,
	    SERVED ", f AS (SELECT p.oid, p.proname FROM pg_proc p"
	    " WHERE p.pronamespace = 'pg_catalog'::regnamespace"
	    " AND (p.proname IN ('set_config', 'setseed', 'pg_notify',"
	    " 'pg_cancel_backend', 'pg_terminate_backend',"
	    " 'pg_export_snapshot', 'ts_stat', 'loread', 'lowrite',"
	    " 'pg_listening_channels', 'pg_notification_queue_usage',"
	    " 'pg_prepared_statement', 'pg_prepared_xact', 'pg_cursor',"
	    " 'pg_lock_status', 'pg_blocking_pids', 'pg_stat_get_activity',"
	    " 'pg_safe_snapshot_blocking_pids', 'pg_stat_get_progress_info',"
	    " 'pg_stat_get_wal_senders', 'pg_stat_get_wal_receiver',"
	    " 'pg_stat_get_subscription', 'pg_get_replication_slots',"
	    " 'pg_stat_force_next_flush', 'pg_get_shmem_allocations',"
	    " 'pg_get_backend_memory_contexts', 'pg_stat_file',"
	    " 'pg_tablespace_location', 'pg_relation_filepath',"
	    " 'pg_tablespace_databases', 'pg_sequence_last_value',"
	    " 'pg_get_sequence_data', 'pg_conf_load_time',"
	    " 'inet_server_addr', 'inet_server_port')"
	    " OR p.proname ~ '^(lo_|pg_(try_)?advisory_|pg_logical_|"
	    "pg_stat_get_backend_|pg_read_|pg_ls_|pg_replication_|"
	    "pg_(restore|clear)_(relation|attribute)_stats|pg_control_)'"
	    " OR p.proname ~ '^pg_(create|copy|drop)_.*slot$'"
	    " OR p.proname ~ '^pg_(database|tablespace|relation|table"
	    "|total_relation|indexes)_size$'"
	    " OR p.proname ~ '^(query|cursor|table|schema|database)_to_xml'"
	    " OR p.proname = 'ts_rewrite' AND p.pronargs = 2))"
	    " SELECT r || ' may run ' || f.oid::regprocedure FROM live, f"
	    " WHERE has_function_privilege(o, f.oid, 'EXECUTE')"
	    " AND NOT (f.proname = 'set_config'"
	    " AND (r = 'dbadmin' OR r ~ '^acdb_dp_'))"
	    " AND NOT (f.proname ~ '(_size|^pg_sequence_last_value"
	    "|^pg_get_sequence_data)$' AND r = 'dbadmin')", true },
	{ "strict-functions",
	    "where hardening is strict, counters and log positions are not "
	    "executable by keys", PGVERIFY_FAIL,
	    SERVED "SELECT r || ' may run ' || p.oid::regprocedure"
	    " FROM live, pg_proc p, acdb.settings s WHERE s.name = 'hardening'"
	    " AND s.value = 'strict' AND r <> 'dbadmin'"
	    " AND p.pronamespace = 'pg_catalog'::regnamespace"
	    " AND (p.proname ~ '^pg_stat_get_'"
	    " OR p.proname ~ '^pg_(current|last)_(wal|committed|xact)_'"
	    " OR p.proname ~ '^pg_(get_wal_|wal_|walfile|split_walfile)'"
	    " OR p.proname IN ('pg_timezone_names', 'pg_xact_status',"
	    " 'txid_status', 'pg_xact_commit_timestamp', 'txid_current',"
	    " 'pg_get_multixact_members', 'pg_postmaster_start_time',"
	    " 'pg_current_snapshot', 'txid_current_snapshot',"
	    " 'pg_current_xact_id', 'pg_last_committed_xact', 'currtid2'))"
	    " AND p.proname <> 'pg_current_xact_id_if_assigned'"
	    " AND has_function_privilege(o, p.oid, 'EXECUTE')", false },
	{ "unreviewed-functions",
	    "no volatile function that keys may run is new to this program",
	    PGVERIFY_WARN,
	    "SELECT p.oid::regprocedure::text FROM pg_proc p"
	    " WHERE p.pronamespace = 'pg_catalog'::regnamespace"
	    " AND p.provolatile = 'v' AND has_function_privilege('dbuser',"
	    " p.oid, 'EXECUTE') AND p.proname !~ '^(RI_FKey_|binary_upgrade_|"
	    "pg_stat_get_|plpgsql_|tsvector_update_trigger|dsnowball_|brin_)'"
	    " AND p.proname !~ '^pg_((current|last|get|available)_(wal|xact|"
	    "committed)|wal_|xact_|get_multixact)' AND p.proname !~"
	    " '^(am|brin|bt|gin|gist|hash|spg|heap_tableam_)(handler|"
	    "validate)$' AND p.proname NOT IN ('array_sample',"
	    " 'array_shuffle', 'bernoulli', 'clock_timestamp',"
	    " 'current_query', 'currtid2', 'currval', 'gen_random_uuid',"
	    " 'gin_clean_pending_list', 'lastval', 'nextval',"
	    " 'pg_collation_actual_version',"
	    " 'pg_database_collation_actual_version',"
	    " 'pg_extension_config_dump', 'pg_get_wait_events',"
	    " 'pg_import_system_collations', 'pg_is_in_recovery',"
	    " 'pg_is_wal_replay_paused', 'pg_jit_available', 'pg_nextoid',"
	    " 'pg_partition_ancestors', 'pg_partition_tree', 'pg_sleep',"
	    " 'pg_sleep_for', 'pg_sleep_until',"
	    " 'pg_stop_making_pinned_objects', 'random', 'random_normal',"
	    " 'setval', 'suppress_redundant_updates_trigger', 'system',"
	    " 'timeofday', 'txid_status', 'unique_key_recheck', 'uuidv4',"
	    " 'uuidv7', 'amvalidate', 'pg_current_xact_id', 'txid_current')",
	    false },
	{ NULL, NULL, PGVERIFY_PASS, NULL, false },
};
