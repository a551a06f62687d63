-- The guard: event triggers that make what a key creates safe by default and
-- refuse the few commands that no key may run.  The superuser owns it,
-- where there is one.
--
-- Event triggers run as whoever runs the command: nothing here has more
-- privileges than the caller, and the functions only say no or tighten the
-- caller's own object.  session_user tells a data-plane session, since
-- nothing short of a superuser changes it.

-- Without a superuser acdb_owner has the functions, and the event triggers
-- are there where the server lets its administrator make some.
DO $do$
DECLARE
	f text;
BEGIN
	IF pg_catalog.current_setting('acdb.hardening') = 'managed' THEN
		CREATE SCHEMA IF NOT EXISTS acdb_guard
			AUTHORIZATION acdb_owner;
		PERFORM pg_catalog.set_config('role', 'acdb_owner', true);
		RETURN;
	END IF;
	CREATE SCHEMA IF NOT EXISTS acdb_guard;
	FOR f IN			-- of a server that had none
		SELECT p.oid::pg_catalog.regprocedure
		FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_roles o ON o.oid = p.proowner
		WHERE p.pronamespace = 'acdb_guard'::pg_catalog.regnamespace
		  AND NOT o.rolsuper
	LOOP
		EXECUTE 'ALTER FUNCTION ' || f || ' OWNER TO CURRENT_USER';
	END LOOP;
	ALTER SCHEMA acdb_guard OWNER TO CURRENT_USER;
END
$do$;
REVOKE ALL ON SCHEMA acdb_guard FROM PUBLIC;

-- Whether a relation is, or reads through views and materialized views, a
-- table with a workspace_id.
CREATE OR REPLACE FUNCTION acdb_guard.reaches_tenants(rel oid)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $fn$
	WITH RECURSIVE reach(oid) AS (
		SELECT rel
		UNION
		SELECT d.refobjid
		FROM reach
		JOIN pg_rewrite w ON w.ev_class = reach.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass
		    AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
	)
	SELECT EXISTS (SELECT 1
	    FROM reach
	    JOIN pg_class c ON c.oid = reach.oid AND c.relkind IN ('r', 'p')
	    JOIN pg_attribute a ON a.attrelid = c.oid
	        AND a.attname = 'workspace_id' AND NOT a.attisdropped)
$fn$;

CREATE OR REPLACE FUNCTION acdb_guard.refuse() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF left(session_user::text, 8) <> 'acdb_dp_' THEN
		RETURN;
	END IF;
	IF session_user IN ('acdb_dp_dbuser', 'acdb_dp_dbreader')
	    OR tg_tag IN ('DROP OWNED', 'REASSIGN OWNED', 'ALTER EXTENSION',
	        'CREATE SERVER', 'ALTER SERVER', 'CREATE USER MAPPING',
	        'CREATE FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA',
	        'CREATE FOREIGN DATA WRAPPER', 'CREATE SUBSCRIPTION',
	        'CREATE PUBLICATION', 'ALTER PUBLICATION', 'CREATE LANGUAGE',
	        'SECURITY LABEL', 'ALTER LARGE OBJECT',
	        'CREATE EVENT TRIGGER') THEN
		RAISE EXCEPTION '% is not permitted to this key', tg_tag
		    USING ERRCODE = '42501';
	END IF;
END
$fn$;

-- A relation, and what reads it by a rule, which a view has too, at any
-- remove.
CREATE OR REPLACE FUNCTION acdb_guard.readers(rel oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $fn$
	WITH RECURSIVE reader(oid) AS (
		SELECT rel
		UNION
		SELECT w.ev_class
		FROM reader
		JOIN pg_depend d ON d.refobjid = reader.oid
		    AND d.refclassid = 'pg_class'::regclass
		    AND d.classid = 'pg_rewrite'::regclass
		JOIN pg_rewrite w ON w.oid = d.objid
	)
	SELECT oid FROM reader
$fn$;

-- What a rule does besides or instead runs as the owner of its table, who
-- passes over policies, for whoever writes there.
CREATE OR REPLACE FUNCTION acdb_guard.refuse_rule(rule text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF left(session_user::text, 8) <> 'acdb_dp_' THEN
		RAISE WARNING 'rule % reaches a table with a workspace_id and'
		    ' is not isolated', rule;
		RETURN;
	END IF;
	RAISE EXCEPTION 'rule % reaches a table with a workspace_id', rule
	    USING ERRCODE = '42501', HINT = 'Its actions would run as their'
	    ' owner, for every workspace: use a trigger.';
END
$fn$;

-- Views and materialized views of the caller's that read a relation, at any
-- remove, and would show it with their owner's eyes.  dbadmin passes over
-- policies, and so would whoever reads through a view that runs as dbadmin.
CREATE OR REPLACE FUNCTION acdb_guard.tighten_readers(rel oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	v record;
BEGIN
	PERFORM acdb_guard.refuse_rule(quote_ident(w.rulename))
	FROM acdb_guard.readers(rel) r
	JOIN pg_rewrite w ON w.ev_class = r AND w.ev_type <> '1';
	FOR v IN
		SELECT c.oid, c.oid::regclass::text AS name, c.relkind AS kind
		FROM acdb_guard.readers(rel) r JOIN pg_class c ON c.oid = r
		WHERE c.relkind IN ('v', 'm')
		  AND pg_has_role(c.relowner, 'USAGE')
		  AND NOT EXISTS (SELECT 1
		      FROM pg_options_to_table(c.reloptions) o
		      WHERE o.option_name = 'security_invoker'
		        AND o.option_value::boolean)
	LOOP
		IF v.kind = 'v' THEN
			EXECUTE format('ALTER VIEW %s SET'
			    ' (security_invoker = true)', v.name);
		ELSE
			EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', v.name)
			    || coalesce((SELECT string_agg(', '
			        || quote_ident(g.rolname), '')
			        FROM pg_class c, aclexplode(c.relacl) x
			        JOIN pg_roles g ON g.oid = x.grantee
			        WHERE c.oid = v.oid
			          AND x.grantee <> c.relowner), '');
		END IF;
	END LOOP;
END
$fn$;

-- A table with a workspace_id is isolated by itself.  The restrictive policy
-- stands behind whatever the table's owner permits; the permissive one is
-- added only where there is none.  Its presence also says that the guard has
-- been here, so that what an owner undoes on purpose stays undone.
CREATE OR REPLACE FUNCTION acdb_guard.isolate(rel oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	t text := rel::regclass::text;
	own text := '(workspace_id = (SELECT acdb_api.workspace_id()))';
	a record;
BEGIN
	SELECT attnum, atttypid, atthasdef, attidentity, attgenerated INTO a
	    FROM pg_attribute
	    WHERE attrelid = rel AND attname = 'workspace_id'
	      AND NOT attisdropped;
	IF NOT FOUND OR EXISTS (SELECT 1 FROM pg_policy
	    WHERE polrelid = rel AND polname = 'acdb_guard') THEN
		RETURN;
	END IF;
	IF a.atttypid <> 'uuid'::regtype THEN
		RAISE EXCEPTION 'column workspace_id of % must be of type uuid',
		    t USING ERRCODE = '42804', HINT = 'A column of this name '
		    'isolates the table''s rows by workspace.';
	END IF;
	-- The policy comes first: what follows fires the guard again.
	EXECUTE format('CREATE POLICY acdb_guard ON %s AS RESTRICTIVE'
	    ' USING %s WITH CHECK %s', t, own, own);
	IF NOT EXISTS (SELECT 1 FROM pg_policy
	    WHERE polrelid = rel AND polpermissive) THEN
		-- Lets pass what acdb_guard does: the question twice would
		-- be the context's proof twice.  It names the column, so
		-- that who drops that drops both, and no row is shown.
		EXECUTE format('CREATE POLICY acdb_tenant ON %s USING'
		    ' (workspace_id IS NOT NULL)'
		    ' WITH CHECK (workspace_id IS NOT NULL)', t);
	END IF;
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY,'
	    ' FORCE ROW LEVEL SECURITY', t);
	IF NOT a.atthasdef AND a.attidentity = '' THEN
		EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN workspace_id'
		    ' SET DEFAULT acdb_api.workspace_id()', t);
	END IF;
	PERFORM acdb_guard.tighten_readers(rel);
END
$fn$;

-- Every table that a command on a relation reaches: what inherits from it,
-- partitions among it, and where it is a type's, the tables of that type.
CREATE OR REPLACE FUNCTION acdb_guard.family(rel oid) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $fn$
	WITH RECURSIVE member(oid) AS (
		SELECT rel
		UNION
		SELECT c.oid
		FROM member
		LEFT JOIN pg_class k ON k.oid = member.oid AND k.relkind = 'c'
		LEFT JOIN pg_inherits i ON i.inhparent = member.oid
		JOIN pg_class c ON c.oid = i.inhrelid
		    OR c.reloftype <> 0 AND c.reloftype = k.reltype
	)
	SELECT oid FROM member
$fn$;

-- Rows are read through a parent by the parent's policies alone: one that
-- has no workspace_id would show its children's to everybody.
CREATE OR REPLACE FUNCTION acdb_guard.check_parents(rel oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	bad text;
BEGIN
	WITH RECURSIVE parent(oid) AS (
		SELECT rel
		UNION
		SELECT i.inhparent FROM parent
		JOIN pg_inherits i ON i.inhrelid = parent.oid
	)
	SELECT p.oid::regclass::text INTO bad FROM parent p
	WHERE NOT EXISTS (SELECT 1 FROM pg_attribute a
	    WHERE a.attrelid = p.oid AND a.attname = 'workspace_id'
	      AND NOT a.attisdropped)
	  AND EXISTS (SELECT 1 FROM pg_attribute a
	    WHERE a.attrelid = rel AND a.attname = 'workspace_id'
	      AND NOT a.attisdropped)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has a workspace_id and its parent % has'
		    ' none', rel::regclass, bad USING ERRCODE = '42501',
		    HINT = 'Its rows would be seen by every workspace through'
		    ' the parent.';
	END IF;
END
$fn$;

-- A function that runs as its caller is for everybody, one that runs as its
-- owner for whom the owner names.  One that is new has the mark of the
-- default privileges, which is taken off; one that was opened here gets
-- another, so that it is closed again should it come to run as its owner.
CREATE OR REPLACE FUNCTION acdb_guard.open_function(fn oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	p record;
BEGIN
	SELECT prosecdef, oid::regprocedure::text AS sig,
	    EXISTS (SELECT 1 FROM aclexplode(proacl) x
	        WHERE x.grantee = 'acdb_owner'::regrole) AS new,
	    EXISTS (SELECT 1 FROM aclexplode(proacl) x
	        WHERE x.grantee = 'acdb_roleadmin'::regrole) AS opened INTO p
	    FROM pg_proc
	    WHERE oid = fn AND proowner = 'dbadmin'::regrole;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF p.new THEN
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM acdb_owner',
		    p.sig);
	END IF;
	IF p.new AND NOT p.prosecdef THEN
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO dbuser,'
		    ' dbreader, acdb_roleadmin', p.sig);
	ELSIF p.opened AND p.prosecdef THEN
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM dbuser,'
		    ' dbreader, acdb_roleadmin', p.sig);
	END IF;
END
$fn$;

CREATE OR REPLACE FUNCTION acdb_guard.tighten() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	r record;
	c record;
	bad text;
BEGIN
	IF left(session_user::text, 8) <> 'acdb_dp_' THEN
		RETURN;
	END IF;
	IF tg_tag = 'CREATE EXTENSION' THEN
		-- Also what CASCADE brought along; only trusted extensions
		-- come this far.  tablefunc's crosstab() runs SQL from text.
		SELECT string_agg(extname, ', ') INTO bad FROM pg_extension
		WHERE extowner IN (SELECT oid FROM pg_roles WHERE NOT rolsuper)
		  AND extname NOT IN ('pg_trgm', 'btree_gin', 'btree_gist',
		      'citext', 'fuzzystrmatch', 'hstore', 'intarray', 'ltree',
		      'pgcrypto', 'unaccent', 'uuid-ossp');
		IF bad IS NOT NULL THEN
			RAISE EXCEPTION 'extension % is not permitted to this'
			    ' key', bad USING ERRCODE = '42501';
		END IF;
		RETURN;
	END IF;
	-- Of a column's new name objsubid tells the column; of a type that
	-- is a row's, its relation is what matters.
	FOR r IN
		SELECT d.classid, d.command_tag, coalesce(t.typrelid, d.objid)
		    AS objid
		FROM pg_event_trigger_ddl_commands() d
		LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass
		    AND t.oid = d.objid AND t.typrelid <> 0
		WHERE NOT d.in_extension
		  AND (d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass,
		      'pg_rewrite'::regclass) OR t.oid IS NOT NULL)
	LOOP
		IF r.classid = 'pg_proc'::regclass THEN
			PERFORM acdb_guard.open_function(r.objid);
			CONTINUE;
		ELSIF r.classid = 'pg_rewrite'::regclass THEN
			PERFORM acdb_guard.refuse_rule(quote_ident(rulename))
			    FROM pg_rewrite
			    WHERE oid = r.objid AND ev_type <> '1'
			      AND acdb_guard.reaches_tenants(ev_class);
			CONTINUE;
		END IF;
		SELECT relkind, relpersistence INTO c
		    FROM pg_class WHERE oid = r.objid;
		IF NOT FOUND OR c.relpersistence = 't' THEN
			CONTINUE;
		END IF;
		IF c.relkind IN ('r', 'p', 'c') THEN
			PERFORM acdb_guard.isolate(k.oid),
			    acdb_guard.check_parents(k.oid)
			FROM acdb_guard.family(r.objid) f
			JOIN pg_class k ON k.oid = f AND k.relkind IN ('r', 'p');
		ELSIF (c.relkind = 'v'
		        OR c.relkind = 'm'
		           AND r.command_tag = 'CREATE MATERIALIZED VIEW')
		    AND acdb_guard.reaches_tenants(r.objid) THEN
			PERFORM acdb_guard.tighten_readers(r.objid);
		END IF;
	END LOOP;
END
$fn$;

RESET ROLE;

-- End a session whose code catches its cancels.  The one function here that
-- has privileges of its own, since nobody but a superuser could hand on that
-- to end others' sessions; the control plane's login alone may call it.
-- Without a superuser it is the owner's, who is a member of the logins that
-- he made: those of custom roles are not among them.
CREATE OR REPLACE FUNCTION acdb_guard.end_session(p_pid int, p_login text)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
	SELECT pg_terminate_backend(a.pid)
	FROM pg_stat_activity a
	JOIN acdb.dp_login l ON l.login_oid = a.usesysid
	WHERE a.pid = p_pid AND a.usename = p_login::name
$fn$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA acdb_guard FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_guard.end_session(int, text)
	TO agentcoopdb_gateway;
GRANT USAGE ON SCHEMA acdb_guard TO PUBLIC;
GRANT EXECUTE ON FUNCTION acdb_guard.reaches_tenants(oid),
	acdb_guard.readers(oid), acdb_guard.tighten_readers(oid),
	acdb_guard.isolate(oid), acdb_guard.open_function(oid),
	acdb_guard.refuse_rule(text), acdb_guard.family(oid),
	acdb_guard.check_parents(oid) TO PUBLIC;

DO $do$
BEGIN
	DROP EVENT TRIGGER IF EXISTS acdb_refuse;
	DROP EVENT TRIGGER IF EXISTS acdb_tighten;
	CREATE EVENT TRIGGER acdb_refuse ON ddl_command_start
		EXECUTE FUNCTION acdb_guard.refuse();
	-- ALTER MATERIALIZED VIEW and the like rename a table's columns, too.
	CREATE EVENT TRIGGER acdb_tighten ON ddl_command_end
		WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO',
		    'ALTER TABLE', 'ALTER FOREIGN TABLE', 'CREATE VIEW',
		    'ALTER VIEW', 'CREATE MATERIALIZED VIEW',
		    'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION',
		    'CREATE PROCEDURE', 'ALTER FUNCTION', 'ALTER PROCEDURE',
		    'ALTER ROUTINE', 'ALTER TYPE', 'CREATE RULE',
		    'CREATE EXTENSION', 'CREATE SCHEMA')
		EXECUTE FUNCTION acdb_guard.tighten();
EXCEPTION WHEN insufficient_privilege THEN
	IF pg_catalog.current_setting('acdb.hardening') <> 'managed' THEN
		RAISE;
	END IF;
	RAISE WARNING 'no event triggers without a superuser: a table with a '
	    'workspace_id is isolated by SELECT acdb_guard.isolate(''name'')';
END
$do$;
