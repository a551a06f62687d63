-- The roles the product stands on, stated again at every `up`.
--
-- Runs before the numbered migrations, as the migrations' superuser, in one
-- transaction; or, where acdb.hardening is managed, as the database's owner,
-- who keeps a hand in the roles that he makes (createrole_self_grant).
-- Nothing here depends on our schemas.  Attributes and
-- memberships are set to what they have to be, whatever a restore, an older
-- gateway or an administrator made of them; passwords are after_logins.sql's.

-- Of note: acdb_roleadmin makes data-plane logins and sets their passwords
-- through functions of its own, and is no member of what it administers.
-- dbadmin has no CREATEDB: CREATE DATABASE cannot run in a transaction, so
-- it would be a privilege that nobody can use for good.  The logins have no
-- connection limit, since nodes share them.  acdb_logins has no privileges
-- and gives none: it is what pg_hba.conf can call the data-plane logins by,
-- those of custom roles too, since a dbadmin may make a login of any name.
DO $do$
DECLARE
	managed boolean :=
	    pg_catalog.current_setting('acdb.hardening') = 'managed';
	bypass boolean := (SELECT u.rolbypassrls FROM pg_catalog.pg_roles u
	    WHERE u.rolname = current_user);
	r record;
BEGIN
	FOR r IN
		SELECT * FROM (VALUES
		('acdb_owner', 'NOLOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT'),
		('acdb_roleadmin', 'NOLOGIN CREATEROLE NOBYPASSRLS NOINHERIT'),
		('acdb_logins', 'NOLOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT'),
		('agentcoopdb_gateway',
		 'LOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT'),
		('dbadmin', 'NOLOGIN CREATEROLE BYPASSRLS INHERIT'),
		('dbuser', 'NOLOGIN NOCREATEROLE NOBYPASSRLS INHERIT'),
		('dbreader', 'NOLOGIN NOCREATEROLE NOBYPASSRLS INHERIT'),
		('acdb_dp_dbadmin',
		 'LOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT'),
		('acdb_dp_dbuser',
		 'LOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT'),
		('acdb_dp_dbreader',
		 'LOGIN NOCREATEROLE NOBYPASSRLS NOINHERIT')
		) AS v (who, has)
	LOOP
		IF pg_catalog.to_regrole(r.who) IS NULL THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I', r.who);
		END IF;
		-- An attribute that one has not got cannot even be denied.
		EXECUTE pg_catalog.format('ALTER ROLE %I %s CONNECTION LIMIT'
		    ' -1', r.who, CASE WHEN managed
		    THEN pg_catalog.regexp_replace(r.has, '(NO)?BYPASSRLS ',
		        CASE WHEN bypass THEN '\1BYPASSRLS ' ELSE '' END)
		    ELSE r.has || ' NOSUPERUSER NOCREATEDB NOREPLICATION' END);
	END LOOP;
END
$do$;

COMMENT ON ROLE agentcoopdb_gateway IS
	'Agentic Coop DB: control plane; never runs a caller''s SQL';
COMMENT ON ROLE acdb_roleadmin IS
	'Agentic Coop DB: administers the data-plane logins';

-- The roles are the whole cluster's: the comment names the one database they
-- serve, and pgmigrate.c refuses a second.
DO $do$
BEGIN
	EXECUTE pg_catalog.format('COMMENT ON ROLE acdb_owner IS %L',
	    'Agentic Coop DB: database '
	    || pg_catalog.quote_ident(pg_catalog.current_database()));
END
$do$;

-- A login reaches the role of its name and nothing else, and that only by
-- SET ROLE; the control plane and the owner reach nothing at all.  The keys'
-- roles may be in roles that a dbadmin made, and in none of ours.
DO $do$
DECLARE
	m record;
BEGIN
	FOR m IN
		SELECT g.rolname AS role, u.rolname AS member,
		       b.rolname AS grantor
		FROM pg_catalog.pg_auth_members a
		JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
		JOIN pg_catalog.pg_roles u ON u.oid = a.member
		JOIN pg_catalog.pg_roles b ON b.oid = a.grantor
		WHERE NOT (pg_catalog.current_setting('acdb.hardening')
		        = 'managed' AND u.rolname = current_user)
		  AND ((u.rolname IN ('agentcoopdb_gateway', 'acdb_owner')
		       OR u.rolname ~ '^acdb_dp_(dbadmin|dbuser|dbreader)$'
		          AND (u.rolname <> 'acdb_dp_' || g.rolname
		               AND g.rolname <> 'acdb_logins'
		               OR a.inherit_option OR a.admin_option))
		   OR (g.rolname = 'acdb_logins'
		       AND u.rolname !~ '^acdb_dp_'
		       AND u.rolname <> 'acdb_roleadmin')
		   OR (u.rolname IN ('dbadmin', 'dbuser', 'dbreader')
		       AND (g.rolname ~ '^pg_' OR g.rolname IN ('dbadmin',
		           'dbuser', 'dbreader', 'acdb_dp_dbadmin',
		           'acdb_dp_dbuser', 'acdb_dp_dbreader')))
		   OR g.rolname IN ('agentcoopdb_gateway', 'acdb_owner',
		       'acdb_roleadmin', 'agentcoopdb_owner'))
	LOOP
		EXECUTE pg_catalog.format(
		    'REVOKE %I FROM %I GRANTED BY %I CASCADE',
		    m.role, m.member, m.grantor);
	END LOOP;
END
$do$;

DO $do$
DECLARE
	r text;
BEGIN
	GRANT acdb_logins TO acdb_roleadmin
	    WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
	FOREACH r IN ARRAY '{dbadmin,dbuser,dbreader}'::text[] LOOP
		EXECUTE pg_catalog.format('GRANT acdb_logins TO %I'
		    ' WITH INHERIT FALSE, SET FALSE, ADMIN FALSE',
		    'acdb_dp_' || r);
		EXECUTE pg_catalog.format('GRANT %I TO %I'
		    ' WITH INHERIT FALSE, SET TRUE, ADMIN FALSE',
		    r, 'acdb_dp_' || r);
		EXECUTE pg_catalog.format('GRANT %I TO acdb_roleadmin'
		    ' WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
		    'acdb_dp_' || r);
	END LOOP;
END
$do$;

-- What an older gateway or a key left as defaults of these roles; startup
-- options beat them, and verify reports them.
DO $do$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT r.rolname AS who, d.datname AS db
		FROM pg_catalog.pg_db_role_setting t
		JOIN pg_catalog.pg_roles r ON r.oid = t.setrole
		LEFT JOIN pg_catalog.pg_database d ON d.oid = t.setdatabase
		WHERE r.rolname IN ('agentcoopdb_gateway', 'dbadmin', 'dbuser',
		    'dbreader', 'acdb_owner', 'acdb_roleadmin')
		   OR r.rolname ~ '^acdb_dp_'
	LOOP
		EXECUTE pg_catalog.format('ALTER ROLE %I %s RESET ALL', s.who,
		    CASE WHEN s.db IS NULL THEN ''
		    ELSE pg_catalog.format('IN DATABASE %I', s.db) END);
	END LOOP;

	ALTER ROLE agentcoopdb_gateway SET search_path = pg_catalog, pg_temp;

	-- Ceilings that a role cannot lift from itself: both settings are the
	-- superuser's.  MACs must not reach the server's log.
	IF pg_catalog.current_setting('acdb.hardening') = 'managed' THEN
		RETURN;
	END IF;
	FOR s IN
		SELECT r.rolname AS who
		FROM pg_catalog.pg_roles r
		WHERE r.rolname = 'agentcoopdb_gateway'
		   OR r.rolname ~ '^acdb_dp_'
	LOOP
		EXECUTE pg_catalog.format(
		    'ALTER ROLE %I SET log_parameter_max_length = 0', s.who);
		IF s.who <> 'agentcoopdb_gateway' THEN
			EXECUTE pg_catalog.format(
			    'ALTER ROLE %I SET temp_file_limit = %L', s.who,
			    CASE s.who WHEN 'acdb_dp_dbadmin' THEN '1GB'
			    ELSE '256MB' END);
		END IF;
	END LOOP;
	-- What acdb_api.attach_role() needs to give a custom role's login the
	-- same.
	GRANT SET ON PARAMETER temp_file_limit, log_parameter_max_length
		TO acdb_roleadmin;
END
$do$;
