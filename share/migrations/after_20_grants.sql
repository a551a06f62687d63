-- Who may use what of ours, and what dbadmin's objects start with.  Stated
-- again at every `up`.

-- The control plane's login.  It reads no context key.
REVOKE ALL ON ALL TABLES IN SCHEMA acdb FROM PUBLIC, agentcoopdb_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE
	ON acdb.workspaces, acdb.api_keys, acdb.idempotency_keys, acdb.rpcs
	TO agentcoopdb_gateway;
GRANT SELECT, INSERT, UPDATE (rows_affected, duration_us)
	ON acdb.audit_logs TO agentcoopdb_gateway;
GRANT SELECT ON acdb.dp_login, acdb.schema_migrations, acdb.settings,
	acdb.app_migrations TO agentcoopdb_gateway;
GRANT SELECT, INSERT, UPDATE ON acdb.dp_login TO acdb_roleadmin;

-- Functions: nobody, then by name.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA acdb, acdb_api FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_api.workspace_id() TO PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_api.audit_if_written(uuid, uuid, uuid, text,
	text, text, bytea, text, inet, bytea, text) TO PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_api.idempotency_claim(uuid, uuid, text, bytea,
	int8, bytea), acdb_api.idempotency_store(uuid, uuid, text, bytea, int,
	text, bytea, boolean, bytea) TO PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_api.audit(uuid, uuid, uuid, text, text, text,
	bytea, text, inet, bytea, text)
	TO acdb_dp_dbadmin, acdb_dp_dbuser, acdb_dp_dbreader;
GRANT EXECUTE ON FUNCTION acdb_api.audit(uuid, uuid, uuid, text, text, text,
	bytea, text, inet, bytea, text) TO acdb_roleadmin WITH GRANT OPTION;
DO $do$
DECLARE
	d text;
BEGIN
	FOR d IN			-- those of custom roles
		SELECT l.rolname FROM acdb.dp_login p
		JOIN pg_catalog.pg_roles l ON l.oid = p.login_oid
		    AND l.rolname = p.login
	LOOP
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION'
		    ' acdb_api.audit(uuid, uuid, uuid, text, text, text,'
		    ' bytea, text, inet, bytea, text) TO %I', d);
	END LOOP;
END
$do$;
GRANT EXECUTE ON FUNCTION acdb_api.app_migrated(bigint, text, bytea, int,
	boolean, bigint, bytea) TO acdb_dp_dbadmin;
GRANT EXECUTE ON FUNCTION
	acdb_api.session_path(),
	acdb_api.role_served(text),
	acdb_api.role_objection(name),
	acdb_api.key_lookup(text),
	acdb_api.key_mint(uuid, text, bytea, text, text, text, timestamptz,
	    boolean, float8, float8, cidr[], uuid, boolean),
	acdb_api.key_revoke(uuid),
	acdb_api.key_made(uuid, boolean),
	acdb_api.key_rotate(uuid, text, bytea, interval),
	acdb_api.repair_login(name, text),
	acdb_api.attach_role(name, text)
	TO agentcoopdb_gateway;

-- What dbadmin creates is at once of use to the keys that work with rows:
-- tables to read and write, sequences to draw from (not to look at: SELECT
-- would show how far they are).  Functions lose EXECUTE for PUBLIC (only the
-- form without a schema does that) and get it for acdb_owner, which marks
-- one that the guard has not seen: see after_30_guard.sql.
ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin
	GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dbuser;
ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin GRANT SELECT ON TABLES TO dbreader;
ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin GRANT USAGE ON SEQUENCES TO dbuser;
ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin
	REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin
	GRANT EXECUTE ON FUNCTIONS TO acdb_owner;
