-- Take over a database of the existing gateway: once, behind the after_*
-- files and in their transaction.
--
-- Its schema agentcoopdb stays as it is, and so does public.schema_migrations;
-- what we need of it is copied.  Its tables are read as JSON, since versions
-- of it differ in their columns.  Memberships and defaults of its roles were
-- revoked by before_roles.sql already.

-- Its tables belong to its superuser.  Something else under their names (a
-- view that a key put there) must not be read by one.
DO $do$
BEGIN
	IF EXISTS (SELECT 1
	    FROM pg_catalog.pg_class t
	    JOIN pg_catalog.pg_roles o ON o.oid = t.relowner
	    WHERE t.relnamespace = 'agentcoopdb'::pg_catalog.regnamespace
	      AND t.relname IN ('workspaces', 'api_keys')
	      AND NOT (t.relkind = 'r' AND o.rolsuper)) THEN
		RAISE EXCEPTION 'agentcoopdb.workspaces or agentcoopdb.api_keys'
		    ' is not a table of the existing gateway''s owner';
	END IF;
END
$do$;

-- Names have to differ here: a second of the same name gets its id behind it.
INSERT INTO acdb.workspaces (id, name, created_at)
SELECT w.id, CASE WHEN w.nth = 1 AND w.name <> '' THEN w.name
    ELSE pg_catalog.concat_ws(' ', nullif(w.name, ''), w.id) END, w.created_at
FROM (
	SELECT (j->>'id')::uuid AS id, coalesce(j->>'name', '') AS name,
	    coalesce((j->>'created_at')::timestamptz, now()) AS created_at,
	    row_number() OVER (PARTITION BY j->>'name'
	        ORDER BY j->>'created_at', j->>'id') AS nth
	FROM (SELECT to_jsonb(t) AS j FROM agentcoopdb.workspaces t) s
) w
ON CONFLICT DO NOTHING;

-- secret_hash stays NULL: argon2id is not checked here, and such a key waits
-- to be minted again.
INSERT INTO acdb.api_keys (id, workspace_id, key_id, env, pg_role, name,
    created_at, expires_at, revoked_at)
SELECT CASE WHEN j->>'id' ~ '^[0-9a-fA-F-]{36}$' THEN (j->>'id')::uuid
    ELSE gen_random_uuid() END,
    (j->>'workspace_id')::uuid, j->>'key_id',
    CASE WHEN j->>'env' IN ('dev', 'live', 'test') THEN j->>'env'
    ELSE 'live' END,
    j->>'pg_role', coalesce(j->>'name', ''),
    coalesce((j->>'created_at')::timestamptz, now()),
    (j->>'expires_at')::timestamptz, (j->>'revoked_at')::timestamptz
FROM (SELECT to_jsonb(t) AS j FROM agentcoopdb.api_keys t) s
WHERE EXISTS (SELECT 1 FROM acdb.workspaces w
    WHERE w.id = (j->>'workspace_id')::uuid)
ON CONFLICT DO NOTHING;

-- The control plane has no more business with the old tables, and the roles
-- of keys never had.
DO $do$
BEGIN
	REVOKE ALL ON ALL TABLES IN SCHEMA agentcoopdb
	    FROM PUBLIC, agentcoopdb_gateway, dbadmin, dbuser, dbreader;
	REVOKE ALL ON SCHEMA agentcoopdb
	    FROM PUBLIC, agentcoopdb_gateway, dbadmin, dbuser, dbreader;
END
$do$;

-- Tables with a workspace_id get the guard behind the policies they have.
-- Each is touched as its owner: a key may own it, and what a key owns is
-- never touched with more privileges than the key's.
DO $do$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT c.oid, c.oid::pg_catalog.regclass::text AS name,
		    o.rolname AS owner, a.atttypid AS type
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
		    AND a.attname = 'workspace_id' AND NOT a.attisdropped
		WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
		  AND n.nspname NOT IN ('acdb', 'agentcoopdb', 'pg_catalog',
		      'information_schema')
	LOOP
		IF t.type <> 'pg_catalog.uuid'::pg_catalog.regtype THEN
			RAISE WARNING '% has a workspace_id that is not uuid: '
			    'it is not isolated', t.name;
			CONTINUE;
		END IF;
		EXECUTE pg_catalog.format('SET LOCAL ROLE %I', t.owner);
		PERFORM acdb_guard.isolate(t.oid);
		RESET ROLE;
	END LOOP;
END
$do$;

-- dbreader is new: it reads what dbuser could.
DO $do$
DECLARE
	t text;
BEGIN
	SET LOCAL ROLE dbadmin;
	FOR t IN
		SELECT c.oid::pg_catalog.regclass::text
		FROM pg_catalog.pg_class c
		WHERE c.relkind IN ('r', 'p', 'v', 'm')
		  AND c.relowner = 'dbadmin'::pg_catalog.regrole
		  AND c.relname <> 'schema_migrations'
		  AND pg_catalog.has_table_privilege('dbuser', c.oid, 'SELECT')
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT ON %s TO dbreader', t);
	END LOOP;
	RESET ROLE;
END
$do$;

INSERT INTO acdb.settings (name, value)
VALUES ('taken_over', pg_catalog.now()::text);
