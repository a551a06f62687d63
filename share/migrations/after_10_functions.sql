-- The functions that sessions and the control plane call, stated again at
-- every `up` (a changed body needs no migration of its own).
--
-- All are SECURITY DEFINER.  Those on the hot path have no SET search_path
-- (it costs a microsecond or two a call); instead every function, type and
-- operator they name is qualified, since the caller chooses the search path.
-- IN, BETWEEN and IS DISTINCT FROM look their operators up by it as well, and
-- so must not stand in them.

SET LOCAL ROLE acdb_owner;

-- The workspace of the running call, NULL where there is none that is true.
--
-- The setting acdb.ctx holds the hexadecimal form of
--	expiry int8 | workspace 16 | mac 32	(microseconds since 1970)
-- and anybody may set it, so nothing counts but the MAC over
--	'c' | pid int4 | expiry | workspace | session_user
-- and that the transaction began before the expiry.  RESTRICTED: a parallel
-- worker has another pid.
CREATE OR REPLACE FUNCTION acdb_api.workspace_id()
RETURNS pg_catalog.uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 500
AS $fn$
DECLARE
	t pg_catalog.text;
	c pg_catalog.bytea;
	ws pg_catalog.uuid;
BEGIN
	t := pg_catalog.current_setting('acdb.ctx', true);
	-- decode() and the cast raise an error where there are no digits.
	IF (pg_catalog.octet_length(t) OPERATOR(pg_catalog.=) 112
	    AND t OPERATOR(pg_catalog.~) '^[0-9a-f]*$') IS NOT TRUE THEN
		RETURN NULL;
	END IF;
	c := pg_catalog.decode(t, 'hex');
	SELECT pg_catalog.substr(t, 17, 32)::pg_catalog.uuid INTO ws
	FROM acdb.ctx_key k
	WHERE pg_catalog.sha256(k.opad OPERATOR(pg_catalog.||)
	        pg_catalog.sha256(k.ipad OPERATOR(pg_catalog.||)
	            '\x63'::pg_catalog.bytea OPERATOR(pg_catalog.||)
	            pg_catalog.int4send(pg_catalog.pg_backend_pid())
	            OPERATOR(pg_catalog.||) pg_catalog.substr(c, 1, 24)
	            OPERATOR(pg_catalog.||) pg_catalog.convert_to(
	                session_user::pg_catalog.text, 'UTF8')))
	        OPERATOR(pg_catalog.=) pg_catalog.substr(c, 25)
	  AND pg_catalog.int8send((pg_catalog.date_part('epoch',
	            pg_catalog.transaction_timestamp())
	            OPERATOR(pg_catalog.*) 1000000::pg_catalog.float8)
	            ::pg_catalog.int8)
	        OPERATOR(pg_catalog.<) pg_catalog.substr(c, 1, 8);
	RETURN ws;
END
$fn$;

-- The audit row of a write, inserted in front of the statement it is about
-- and in its transaction: neither commits without the other.  The data-plane
-- logins alone may call it, before they take on the key's role.  Its mac is
-- over 'a' | pid int4 | id | workspace.
CREATE OR REPLACE FUNCTION acdb_api.audit(p_id uuid, p_ws uuid, p_key uuid,
    p_request_id text, p_endpoint text, p_command text, p_sql_hash bytea,
    p_sql text, p_ip inet, p_mac bytea, p_trace text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
AS $fn$
BEGIN
	INSERT INTO acdb.audit_logs (id, request_id, workspace_id, key_id,
	    endpoint, command, sql_hash, sql, status, client_ip, trace_id)
	SELECT p_id, p_request_id, p_ws, p_key, p_endpoint, p_command,
	    p_sql_hash, p_sql, 200, p_ip, p_trace
	FROM acdb.ctx_key k
	WHERE pg_catalog.sha256(k.opad OPERATOR(pg_catalog.||)
	        pg_catalog.sha256(k.ipad OPERATOR(pg_catalog.||)
	            '\x61'::pg_catalog.bytea OPERATOR(pg_catalog.||)
	            pg_catalog.int4send(pg_catalog.pg_backend_pid())
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_id)
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_ws)))
	        OPERATOR(pg_catalog.=) p_mac;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'acdb: audit row not accepted'
		    USING ERRCODE = '28000';
	END IF;
END
$fn$;

-- The same for a call that was taken for a read and is about to commit: if
-- it wrote after all (a function with side effects), its row goes along.
-- Anybody may call it; it takes effect only in the very role that the login
-- serves and in the context of the call's workspace, so that a statement
-- which changed either cannot commit, and only with a mac over
-- 'w' | pid int4 | id | workspace.
CREATE OR REPLACE FUNCTION acdb_api.audit_if_written(p_id uuid, p_ws uuid,
    p_key uuid, p_request_id text, p_endpoint text, p_command text,
    p_sql_hash bytea, p_sql text, p_ip inet, p_mac bytea,
    p_trace text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
AS $fn$
BEGIN
	IF (('acdb_dp_'::pg_catalog.text OPERATOR(pg_catalog.||)
	    pg_catalog.current_setting('role')) OPERATOR(pg_catalog.=)
	    session_user::pg_catalog.text) IS NOT TRUE THEN
		RAISE EXCEPTION 'acdb: the role of the call was changed'
		    USING ERRCODE = '42501';
	END IF;
	IF (acdb_api.workspace_id() OPERATOR(pg_catalog.=) p_ws) IS NOT TRUE
	    THEN
		RAISE EXCEPTION 'acdb: the workspace of the call was changed'
		    USING ERRCODE = '42501';
	END IF;
	IF pg_catalog.pg_current_xact_id_if_assigned() IS NULL THEN
		RETURN false;
	END IF;
	INSERT INTO acdb.audit_logs (id, request_id, workspace_id, key_id,
	    endpoint, command, sql_hash, sql, status, client_ip, trace_id)
	SELECT p_id, p_request_id, p_ws, p_key, p_endpoint, p_command,
	    p_sql_hash, p_sql, 200, p_ip, p_trace
	FROM acdb.ctx_key k
	WHERE pg_catalog.sha256(k.opad OPERATOR(pg_catalog.||)
	        pg_catalog.sha256(k.ipad OPERATOR(pg_catalog.||)
	            '\x77'::pg_catalog.bytea OPERATOR(pg_catalog.||)
	            pg_catalog.int4send(pg_catalog.pg_backend_pid())
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_id)
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_ws)))
	        OPERATOR(pg_catalog.=) p_mac;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'acdb: audit row not accepted'
		    USING ERRCODE = '28000';
	END IF;
	RETURN true;
END
$fn$;

-- What the data-plane sessions' search_path has to be here.  A vector
-- extension that was there before us stays where it is, and its schema joins.
CREATE OR REPLACE FUNCTION acdb_api.session_path() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
	SELECT 'public,ext'
	    || coalesce((SELECT ',' || quote_ident(n.nspname)
	        FROM pg_extension e
	        JOIN pg_namespace n ON n.oid = e.extnamespace
	        WHERE e.extname = 'vector'
	          AND n.nspname NOT IN ('public', 'ext', 'pg_catalog')), '')
	    || ',pg_temp'
$fn$;

-- Whether a key of that role may be served now: the login and the role are
-- those that were attached, and the role did not grow attributes that a key
-- must not have.
CREATE OR REPLACE FUNCTION acdb_api.role_served(p_role text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
	SELECT EXISTS (SELECT 1
	    FROM acdb.dp_login d
	    JOIN pg_roles l ON l.oid = d.login_oid AND l.rolname = d.login
	    JOIN pg_roles r ON r.oid = d.key_role_oid
	        AND r.rolname = d.key_role
	    JOIN pg_auth_members m ON m.member = l.oid AND m.roleid = r.oid
	        AND m.set_option
	    WHERE d.key_role = p_role::name
	      AND NOT r.rolsuper AND NOT r.rolreplication
	      AND NOT r.rolcanlogin
	      AND (d.key_role = 'dbadmin'
	           OR NOT r.rolbypassrls AND NOT r.rolcreaterole))
$fn$;

-- Everything the server needs to know of a key, or no row.
CREATE OR REPLACE FUNCTION acdb_api.key_lookup(p_key_id text)
RETURNS TABLE (id uuid, workspace_id uuid, workspace_name text,
    workspace_archived_at timestamptz, key_id text, secret_hash bytea,
    env text, pg_role text, login text, served boolean, name text,
    read_only boolean, rate_per_second float8, rate_burst float8,
    allow_from cidr[], created_at timestamptz, expires_at timestamptz,
    revoked_at timestamptz, last_used_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT k.id, k.workspace_id, w.name, w.archived_at, k.key_id,
	    k.secret_hash, k.env, k.pg_role, d.login::text,
	    acdb_api.role_served(k.pg_role), k.name, k.read_only,
	    k.rate_per_second, k.rate_burst, k.allow_from, k.created_at,
	    k.expires_at, k.revoked_at, k.last_used_at
	FROM acdb.api_keys k
	JOIN acdb.workspaces w ON w.id = k.workspace_id
	LEFT JOIN acdb.dp_login d ON d.key_role = k.pg_role::name
	WHERE k.key_id = p_key_id;
END
$fn$;

-- Shared by key_mint() and key_rotate(): raise what forbids a new key.
CREATE OR REPLACE FUNCTION acdb.key_check(p_ws uuid, p_env text, p_role text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF p_env IS NULL OR p_env NOT IN ('dev', 'live', 'test') THEN
		RAISE EXCEPTION 'env "%" is not dev, live or test', p_env
		    USING ERRCODE = '22023';
	END IF;
	PERFORM 1 FROM acdb.workspaces w
	    WHERE w.id = p_ws AND w.archived_at IS NULL FOR SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'workspace "%" does not exist or is archived',
		    p_ws USING ERRCODE = 'AC002';
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = p_role) THEN
		RAISE EXCEPTION 'role "%" does not exist', p_role
		    USING ERRCODE = 'AC001';
	END IF;
	IF NOT acdb_api.role_served(p_role) THEN
		RAISE EXCEPTION 'role "%" is not served', p_role
		    USING ERRCODE = 'AC001';
	END IF;
END
$fn$;

-- What a key may give to one that it mints: no end behind its own, no
-- network outside of its own; where nothing is asked, its own.  Rates are not
-- among them: each key has its bucket, and who mints can mint many.  The row
-- stays locked, so that none is minted behind a revocation.
CREATE OR REPLACE FUNCTION acdb.key_limits(p_by uuid,
    INOUT expires_at timestamptz, INOUT allow_from cidr[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
#variable_conflict use_variable
DECLARE
	k acdb.api_keys;
BEGIN
	SELECT a.* INTO k FROM acdb.api_keys a WHERE a.id = p_by FOR SHARE;
	IF NOT FOUND OR k.revoked_at IS NOT NULL
	    OR k.expires_at <= now() THEN
		RAISE EXCEPTION 'key "%" does not exist or is not active', p_by
		    USING ERRCODE = 'AC003';
	END IF;
	expires_at := coalesce(expires_at, k.expires_at);
	allow_from := coalesce(allow_from, k.allow_from);
	IF expires_at > k.expires_at THEN
		RAISE EXCEPTION 'a key cannot mint one that outlives it: it '
		    'expires at %', k.expires_at USING ERRCODE = 'AC002';
	END IF;
	IF EXISTS (SELECT 1 FROM unnest(allow_from) n WHERE NOT
	    n <<= ANY (k.allow_from)) THEN
		RAISE EXCEPTION 'a key cannot mint one for addresses that it '
		    'may not be used from' USING ERRCODE = 'AC002';
	END IF;
END
$fn$;

CREATE OR REPLACE FUNCTION acdb_api.key_mint(p_workspace uuid, p_key_id text,
    p_secret_hash bytea, p_env text, p_pg_role text, p_name text,
    p_expires_at timestamptz, p_read_only boolean, p_rate float8,
    p_burst float8, p_allow_from cidr[], p_created_by uuid,
    p_ungated boolean DEFAULT false)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	new_id uuid;
BEGIN
	IF p_created_by IS NOT NULL THEN
		SELECT l.expires_at, l.allow_from INTO p_expires_at, p_allow_from
		    FROM acdb.key_limits(p_created_by, p_expires_at,
		    p_allow_from) l;
	END IF;
	PERFORM acdb.key_check(p_workspace, p_env, p_pg_role);
	IF p_secret_hash IS NULL THEN
		RAISE EXCEPTION 'a key needs the hash of its secret'
		    USING ERRCODE = '22023';
	END IF;
	INSERT INTO acdb.api_keys (workspace_id, key_id, secret_hash, env,
	    pg_role, name, expires_at, read_only, rate_per_second, rate_burst,
	    allow_from, created_by, ungated)
	VALUES (p_workspace, p_key_id, p_secret_hash, p_env, p_pg_role,
	    coalesce(p_name, ''), p_expires_at, coalesce(p_read_only, false),
	    p_rate, p_burst, p_allow_from, p_created_by,
	    coalesce(p_ungated, false))
	RETURNING id INTO new_id;
	RETURN new_id;
END
$fn$;

-- False where there is no such key or it is revoked already.
CREATE OR REPLACE FUNCTION acdb_api.key_revoke(p_key uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	UPDATE acdb.api_keys SET revoked_at = now()
	    WHERE id = p_key AND revoked_at IS NULL;
	RETURN FOUND;
END
$fn$;

-- The active keys that this one made, by minting or rotating, that those
-- made, and so on: as after a leak.  With p_revoke they end too; when this
-- key is revoked before, in the same transaction, none can be made meanwhile
-- (key_limits() waits for the lock, and is looked for again behind it).
CREATE OR REPLACE FUNCTION acdb_api.key_made(p_key uuid, p_revoke boolean)
RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	makers uuid[] := ARRAY[p_key];
	made text[] := '{}';
BEGIN
	LOOP
		made := made || ARRAY(SELECT k.key_id FROM acdb.api_keys k
		    WHERE k.created_by = ANY (makers) AND k.revoked_at IS NULL
		    AND (k.expires_at > now()) IS NOT FALSE
		    ORDER BY k.created_at, k.key_id);
		IF p_revoke THEN
			UPDATE acdb.api_keys k SET revoked_at = now()
			    WHERE k.created_by = ANY (makers)
			    AND k.revoked_at IS NULL;
		END IF;
		makers := ARRAY(SELECT k.id FROM acdb.api_keys k
		    WHERE k.created_by = ANY (makers));
		EXIT WHEN makers = '{}';
	END LOOP;
	RETURN made;
END
$fn$;

-- The new key keeps the old one's expiry: a holder must not be able to
-- prolong a key by rotating it.  The old one lives on for the overlap.
CREATE OR REPLACE FUNCTION acdb_api.key_rotate(p_key uuid, p_new_key_id text,
    p_new_secret_hash bytea, p_overlap interval)
RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	k acdb.api_keys;
	new_id uuid;
BEGIN
	SELECT * INTO k FROM acdb.api_keys WHERE id = p_key FOR UPDATE;
	IF NOT FOUND OR k.revoked_at IS NOT NULL
	    OR k.expires_at <= now() THEN
		RAISE EXCEPTION 'key "%" does not exist or is not active', p_key
		    USING ERRCODE = 'AC003';
	END IF;
	new_id := acdb_api.key_mint(k.workspace_id, p_new_key_id,
	    p_new_secret_hash, k.env, k.pg_role, k.name, k.expires_at,
	    k.read_only, k.rate_per_second, k.rate_burst, k.allow_from, k.id,
	    k.ungated);
	UPDATE acdb.api_keys SET rate_of = coalesce(k.rate_of, k.id)
	    WHERE id = new_id;
	UPDATE acdb.api_keys
	    SET expires_at = least(k.expires_at, now() + p_overlap)
	    WHERE id = k.id;
	RETURN new_id;
END
$fn$;

-- Every node listens for keys that changed.  A payload is a hint to look
-- again and never more, since a dbadmin key can send NOTIFY as well.
CREATE OR REPLACE FUNCTION acdb.key_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		PERFORM pg_notify('acdb_keys', OLD.key_id);
	END IF;
	IF TG_OP <> 'DELETE' THEN
		PERFORM pg_notify('acdb_keys', NEW.key_id);
	END IF;
	RETURN NULL;
END
$fn$;

CREATE OR REPLACE FUNCTION acdb.workspace_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	PERFORM pg_notify('acdb_keys', k.key_id)
	    FROM acdb.api_keys k WHERE k.workspace_id = NEW.id;
	RETURN NULL;
END
$fn$;

-- Named columns: last_used_at alone must wake nobody.
CREATE OR REPLACE TRIGGER key_changed AFTER INSERT OR DELETE OR UPDATE OF id,
	workspace_id, key_id, secret_hash, env, pg_role, name, read_only,
	rate_per_second, rate_burst, allow_from, created_at, expires_at,
	revoked_at, created_by, ungated, rate_of
	ON acdb.api_keys FOR EACH ROW EXECUTE FUNCTION acdb.key_changed();
CREATE OR REPLACE TRIGGER workspace_changed AFTER UPDATE OF name, archived_at
	ON acdb.workspaces FOR EACH ROW
	EXECUTE FUNCTION acdb.workspace_changed();

-- An application's migration (acdb-migrate --dir) runs on dbadmin's login,
-- never as a superuser, and is recorded here in its own transaction.  mac is
-- over 'm' | pid int4 | version int8 | sha256 | done int4 | finished '0'/'1'.
CREATE OR REPLACE FUNCTION acdb_api.app_migrated(p_version bigint,
    p_name text, p_sha256 bytea, p_done int, p_finished boolean,
    p_duration_ms bigint, p_mac bytea)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	PERFORM 1 FROM acdb.ctx_key k
	WHERE sha256(k.opad || sha256(k.ipad || '\x6d'::bytea
	    || int4send(pg_backend_pid()) || int8send(p_version) || p_sha256
	    || int4send(p_done)
	    || CASE WHEN p_finished THEN '\x31' ELSE '\x30' END::bytea))
	    = p_mac;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'acdb: migration record not accepted'
		    USING ERRCODE = '28000';
	END IF;
	IF p_done < 0 THEN		-- a down migration ran
		DELETE FROM acdb.app_migrations WHERE version = p_version;
		RETURN;
	END IF;
	INSERT INTO acdb.app_migrations (version, name, sha256, done,
	    applied_at, duration_ms)
	VALUES (p_version, p_name, p_sha256, p_done,
	    CASE WHEN p_finished THEN now() END, p_duration_ms)
	ON CONFLICT (version) DO UPDATE SET sha256 = excluded.sha256,
	    name = excluded.name, done = excluded.done,
	    applied_at = excluded.applied_at,
	    duration_ms = excluded.duration_ms;
END
$fn$;

RESET ROLE;

-- Those that make and mend logins belong to the one role that may.
GRANT CREATE ON SCHEMA acdb_api TO acdb_roleadmin;
SET LOCAL ROLE acdb_roleadmin;

-- A dbadmin key can resume its login (RESET ROLE in a DO block) and change
-- that login's own password and defaults; SQL cannot forbid a role that.  The
-- control plane undoes it when a data-plane login is refused.
CREATE OR REPLACE FUNCTION acdb_api.repair_login(p_login name, p_scram text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	PERFORM 1 FROM acdb.dp_login d
	    JOIN pg_roles r ON r.oid = d.login_oid AND r.rolname = d.login
	    WHERE d.login = p_login;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'login "%" is not a data-plane login', p_login
		    USING ERRCODE = '42704';
	END IF;
	IF p_scram IS NULL OR p_scram !~ '^SCRAM-SHA-256\$' THEN
		RAISE EXCEPTION 'not a SCRAM verifier'
		    USING ERRCODE = '22023';
	END IF;
	EXECUTE format('ALTER ROLE %I PASSWORD %L', p_login, p_scram);
	EXECUTE format('ALTER ROLE %I VALID UNTIL %L', p_login, 'infinity');
	EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', p_login,
	    current_database());
	EXECUTE format('ALTER ROLE %I RESET ALL', p_login);
	-- RESET ALL took the ceilings along: its owner may set them too, unless
	-- there was no superuser to allow it.
	IF NOT has_parameter_privilege('temp_file_limit', 'SET') THEN
		RETURN;
	END IF;
	EXECUTE format('ALTER ROLE %I SET log_parameter_max_length = 0',
	    p_login);
	EXECUTE format('ALTER ROLE %I SET temp_file_limit = %L', p_login,
	    CASE p_login WHEN 'acdb_dp_dbadmin' THEN '1GB'
	    ELSE '256MB' END);
END
$fn$;

-- What forbids a role to be a key's role, NULL where nothing does.
CREATE OR REPLACE FUNCTION acdb_api.role_objection(p_role name) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	r pg_roles;
	bad text;
BEGIN
	SELECT * INTO r FROM pg_roles WHERE rolname = p_role;
	IF NOT FOUND THEN
		RETURN format('role "%s" does not exist', p_role);
	END IF;
	IF r.rolname !~ '^[a-z][a-z0-9_]{0,50}$'
	    OR r.rolname ~ '^(acdb|pg|agentcoopdb)_'
	    OR r.rolname IN ('none', 'public') THEN
		RETURN format('role "%s" has a name that keys cannot have',
		    p_role);
	END IF;
	IF r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
	    OR r.rolbypassrls OR r.rolcanlogin THEN
		RETURN format('role "%s" has attributes that a key''s role'
		    ' must not have (SUPERUSER, CREATEROLE, CREATEDB,'
		    ' REPLICATION, BYPASSRLS or LOGIN)', p_role);
	END IF;
	WITH RECURSIVE reach(oid) AS (
		SELECT r.oid
		UNION
		SELECT m.roleid FROM pg_auth_members m
		JOIN reach ON m.member = reach.oid
	)
	SELECT string_agg(x.rolname, ', ') INTO bad
	FROM reach JOIN pg_roles x USING (oid)
	WHERE x.oid <> r.oid
	  AND (x.rolname ~ '^(acdb|pg|agentcoopdb)_' OR x.rolname = 'dbadmin'
	       OR x.rolsuper OR x.rolcreaterole OR x.rolcreatedb
	       OR x.rolreplication OR x.rolbypassrls);
	IF bad IS NOT NULL THEN
		RETURN format('role "%s" is a member of %s', p_role, bad);
	END IF;
	RETURN NULL;
END
$fn$;

-- Make the data-plane login of a role that a dbadmin key created, so that
-- keys can be minted for it.  The key's own session has to have said
--	GRANT x TO acdb_roleadmin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE
-- first, which proves that the role is its to give.  Returns the login.
-- AC001: the role may not be served.  Calling it again is harmless.
CREATE OR REPLACE FUNCTION acdb_api.attach_role(p_role name, p_scram text)
RETURNS name
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	dp name := 'acdb_dp_' || p_role;
	bad text := acdb_api.role_objection(p_role);
BEGIN
	IF bad IS NOT NULL THEN
		RAISE EXCEPTION '%', bad USING ERRCODE = 'AC001';
	END IF;
	IF p_scram IS NULL OR p_scram !~ '^SCRAM-SHA-256\$' THEN
		RAISE EXCEPTION 'not a SCRAM verifier'
		    USING ERRCODE = '22023';
	END IF;
	IF NOT EXISTS (SELECT 1 FROM pg_auth_members m
	    WHERE m.roleid = to_regrole(quote_ident(p_role))
	      AND m.member = 'acdb_roleadmin'::regrole AND m.admin_option) THEN
		RAISE EXCEPTION 'role "%" was not granted to acdb_roleadmin'
		    ' with ADMIN OPTION', p_role USING ERRCODE = 'AC001';
	END IF;
	IF to_regrole(quote_ident(dp)) IS NULL THEN
		EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', dp);
	ELSIF NOT EXISTS (SELECT 1 FROM acdb.dp_login d
	    WHERE d.login = dp
	      AND d.login_oid = to_regrole(quote_ident(d.login))) THEN
		RAISE EXCEPTION 'role "%" stands in the way of the login',
		    dp USING ERRCODE = 'AC001';
	END IF;
	EXECUTE format('ALTER ROLE %I PASSWORD %L', dp, p_scram);
	EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE,'
	    ' ADMIN FALSE', p_role, dp);
	EXECUTE format('GRANT acdb_logins TO %I WITH INHERIT FALSE, SET FALSE,'
	    ' ADMIN FALSE', dp);
	IF has_parameter_privilege('temp_file_limit', 'SET') THEN
		EXECUTE format('ALTER ROLE %I SET log_parameter_max_length ='
		    ' 0', dp);
		EXECUTE format('ALTER ROLE %I SET temp_file_limit ='
		    ' ''256MB''', dp);
	END IF;
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I',
	    current_database(), dp);
	IF NOT has_function_privilege(dp, 'pg_catalog.set_config(text, text,'
	    ' boolean)', 'EXECUTE') THEN
		EXECUTE format('GRANT EXECUTE ON FUNCTION pg_catalog.set_config('
		    'text, text, boolean) TO %I', dp);
	END IF;
	EXECUTE format('GRANT EXECUTE ON FUNCTION'
	    ' acdb_api.audit(uuid, uuid, uuid, text, text, text, bytea, text,'
	    ' inet, bytea, text) TO %I', dp);
	INSERT INTO acdb.dp_login (login, login_oid, key_role, key_role_oid)
	SELECT dp, l.oid, p_role, r.oid
	    FROM pg_roles l, pg_roles r
	    WHERE l.rolname = dp AND r.rolname = p_role
	ON CONFLICT ON CONSTRAINT dp_login_pkey DO UPDATE
	    SET login_oid = excluded.login_oid,
	        key_role_oid = excluded.key_role_oid;
	RETURN dp;
END
$fn$;

RESET ROLE;
REVOKE CREATE ON SCHEMA acdb_api FROM acdb_roleadmin;
