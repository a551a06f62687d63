-- What the corpus looks through; run as the superuser, in the test's own
-- database.  Nothing of the product needs or knows it.

CREATE SCHEMA IF NOT EXISTS corpus;
GRANT USAGE ON SCHEMA corpus TO PUBLIC;

-- What a call's session holds beyond its transaction, as text that is the
-- same in every fresh session of the same login.  SECURITY DEFINER: keys may
-- look at none of it.
CREATE OR REPLACE FUNCTION corpus.session() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $fn$
DECLARE
	o text;
BEGIN
	SELECT string_agg(name || '=' || setting || '/' || reset_val || '/'
	    || source, ' ' ORDER BY name) INTO o
	    FROM pg_settings
	    WHERE source <> 'default' AND name NOT IN ('search_path',
	        'statement_timeout', 'transaction_read_only', 'in_hot_standby')
	      AND (source IN ('session', 'interactive') OR context IN
	        ('user', 'superuser', 'backend', 'superuser-backend'));
	o := o || E'\nprepared: ' || coalesce((SELECT string_agg(name, ' '
	    ORDER BY name) FROM pg_prepared_statement()
	    WHERE name !~ '^[fs][0-9a-f]{16}_[0-9]+$'), '');
	o := o || E'\ncursors: ' || coalesce((SELECT string_agg(name, ' '
	    ORDER BY name) FROM pg_cursor() WHERE is_holdable), '');
	o := o || E'\nlistens: ' || coalesce((SELECT string_agg(c, ' '
	    ORDER BY c) FROM pg_listening_channels() c), '');
	o := o || E'\ntemporary: ' || (SELECT count(*) FROM pg_class
	    WHERE relnamespace = pg_my_temp_schema())::text;
	o := o || E'\nlocks: ' || (SELECT count(*) FROM pg_locks
	    WHERE pid = pg_backend_pid() AND locktype = 'advisory')::text;
	o := o || E'\nsaid: ' || coalesce(nullif(current_setting('my.covert',
	    true), ''), '');
	BEGIN
		o := o || E'\nlast value: ' || lastval()::text;
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		o := o || E'\nlast value: none';
	END;
	RETURN o;
END
$fn$;
GRANT EXECUTE ON FUNCTION corpus.session() TO PUBLIC;

-- A checksum over everything of one kind that no key may change.  Roles,
-- memberships and defaults of the dbadmin key's own making are not among it;
-- a change of what is its login's own is watched apart ("own").
CREATE OR REPLACE FUNCTION corpus.checksums() RETURNS TABLE (kind text,
    sum text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $fn$
BEGIN
	RETURN QUERY
	SELECT 'rows', md5(string_agg(r, '|' ORDER BY r)) FROM (
		SELECT 'notes' || n::text FROM public.notes n WHERE
		    workspace_id <> 'aaaaaaaa-0000-4000-8000-000000000001'
		UNION ALL
		SELECT 'legacy' || n::text FROM public.legacy n WHERE
		    workspace_id <> 'aaaaaaaa-0000-4000-8000-000000000001'
		UNION ALL
		SELECT 'shared' || n::text FROM public.shared n
	) AS x (r);
	RETURN QUERY
	SELECT 'keys', md5(string_agg(r, '|' ORDER BY r)) FROM (
		SELECT (to_jsonb(k) - 'last_used_at')::text
		    FROM acdb.api_keys k
		UNION ALL SELECT w::text FROM acdb.workspaces w
		UNION ALL SELECT k::text FROM acdb.ctx_key k
		UNION ALL SELECT l::text FROM acdb.dp_login l
		UNION ALL SELECT s::text FROM acdb.settings s
		UNION ALL SELECT s::text FROM acdb.schema_migrations s
		UNION ALL SELECT s::text FROM acdb.app_migrations s
		UNION ALL SELECT r::text FROM acdb.rpcs r
		UNION ALL SELECT i::text FROM acdb.idempotency_keys i
		    WHERE workspace_id
		    <> 'aaaaaaaa-0000-4000-8000-000000000001'
	) AS x (r);
	RETURN QUERY
	SELECT 'authid', md5(string_agg(r.rolname || (to_jsonb(r)
	    - CASE WHEN r.rolname = 'acdb_dp_dbadmin' THEN 'rolpassword'
	    ELSE '' END)::text, '|' ORDER BY r.oid)) FROM pg_authid r;
	RETURN QUERY
	SELECT 'members', md5(string_agg(to_jsonb(m)::text, '|'
	    ORDER BY m.oid)) FROM pg_auth_members m;
	RETURN QUERY
	SELECT 'defaults', md5(string_agg(to_jsonb(s)::text, '|'
	    ORDER BY s.setdatabase, s.setrole)) FROM pg_db_role_setting s
	    WHERE s.setrole NOT IN (0, 'acdb_dp_dbadmin'::regrole,
	        'dbadmin'::regrole);
	RETURN QUERY
	SELECT 'own', md5(coalesce((SELECT string_agg(to_jsonb(s)::text, '|'
	        ORDER BY s.setdatabase, s.setrole) FROM pg_db_role_setting s
	        WHERE s.setrole IN ('acdb_dp_dbadmin'::regrole,
	            'dbadmin'::regrole)), '')
	    || (SELECT rolpassword FROM pg_authid
	        WHERE rolname = 'acdb_dp_dbadmin'));
	RETURN QUERY
	SELECT 'default acls', md5(string_agg(to_jsonb(d)::text, '|'
	    ORDER BY d.oid)) FROM pg_default_acl d;
	RETURN QUERY
	SELECT 'acls', md5(string_agg(r, '|' ORDER BY r)) FROM (
		SELECT 'db' || (to_jsonb(d) - 'datfrozenxid' - 'datminmxid')
		    ::text FROM pg_database d
		UNION ALL SELECT 'nsp' || n::text FROM pg_namespace n
		    WHERE n.nspname !~ '^pg_(temp|toast_temp)_'
		UNION ALL SELECT 'lan' || l::text FROM pg_language l
		UNION ALL SELECT 'par' || p::text FROM pg_parameter_acl p
		UNION ALL SELECT 'spc' || t::text FROM pg_tablespace t
		UNION ALL SELECT 'fdw' || f::text
		    FROM pg_foreign_data_wrapper f
		UNION ALL SELECT 'srv' || f::text FROM pg_foreign_server f
		UNION ALL SELECT 'ext' || e::text FROM pg_extension e
		UNION ALL SELECT 'sub' || s.subname FROM pg_subscription s
		UNION ALL SELECT 'pub' || p.pubname FROM pg_publication p
		UNION ALL SELECT 'slot' || s.slot_name
		    FROM pg_replication_slots s
		UNION ALL SELECT 'lo' || l::text
		    FROM pg_largeobject_metadata l
		UNION ALL SELECT 'sec' || s::text FROM pg_seclabel s
		UNION ALL SELECT concat_ws(',', 'att', a.attrelid, a.attname,
		    a.attacl) FROM pg_attribute a
		    WHERE a.attacl IS NOT NULL
	) AS x (r);
	RETURN QUERY
	SELECT 'relations', sum(hash_record_extended(row(c.relname,
	    c.relnamespace, c.relkind, c.relowner, c.relacl, c.relrowsecurity,
	    c.relforcerowsecurity, c.reloptions), 0))::text
	    FROM pg_class c WHERE c.relnamespace <> 'pg_toast'::regnamespace;
	RETURN QUERY
	SELECT 'policies', md5(string_agg(r, '|' ORDER BY r)) FROM (
		SELECT 'pol' || p::text FROM pg_policy p
		UNION ALL SELECT concat_ws(',', 'trg', t.oid, t.tgname,
		    t.tgenabled)
		    FROM pg_trigger t
		UNION ALL SELECT concat_ws(',', 'rul', w.oid, w.rulename,
		    w.ev_enabled)
		    FROM pg_rewrite w
		UNION ALL SELECT 'inh' || i::text FROM pg_inherits i
	) AS x (r);
	RETURN QUERY
	SELECT 'functions', sum(hash_record_extended(row(p.oid, p.proname,
	    p.pronamespace, p.proowner, p.proacl, p.prosrc, p.prosecdef,
	    p.proleakproof, p.proconfig, p.provolatile), 0))::text
	    FROM pg_proc p;
	RETURN QUERY
	SELECT 'event triggers', md5(string_agg(e::text, '|' ORDER BY e.oid))
	    FROM pg_event_trigger e;
	RETURN QUERY
	SELECT 'types', ((SELECT sum(hash_record_extended(row(t.oid, t.typname,
	        t.typnamespace, t.typowner), 0)) FROM pg_type t
	        WHERE t.typtype <> 'c')
	    + (SELECT sum(hash_record_extended(row(o.oid, o.oprname,
	        o.oprnamespace), 0)) FROM pg_operator o)
	    + (SELECT sum(hash_record_extended(c, 0)) FROM pg_cast c)
	    + (SELECT sum(hash_record_extended(row(c.conname, c.condefault),
	        0)) FROM pg_conversion c))::text;
END
$fn$;

-- The attacker's own rows, as they were.
CREATE OR REPLACE FUNCTION corpus.reseed() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog
AS $fn$
BEGIN
	IF (SELECT string_agg(body, ',' ORDER BY body) FROM public.notes
	    WHERE workspace_id = 'aaaaaaaa-0000-4000-8000-000000000001')
	    IS DISTINCT FROM 'A-note 1,A-note 2' THEN
		DELETE FROM public.notes WHERE workspace_id
		    = 'aaaaaaaa-0000-4000-8000-000000000001';
		INSERT INTO public.notes (workspace_id, id, body) VALUES
		('aaaaaaaa-0000-4000-8000-000000000001',
		 'aaaaaaaa-2222-4000-8000-000000000001', 'A-note 1'),
		('aaaaaaaa-0000-4000-8000-000000000001',
		 'aaaaaaaa-2222-4000-8000-000000000002', 'A-note 2');
	END IF;
END
$fn$;
REVOKE ALL ON FUNCTION corpus.checksums(), corpus.reseed() FROM PUBLIC;

-- The other tenant's rows, after something got at them.
CREATE OR REPLACE FUNCTION corpus.restore() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog
AS $fn$
BEGIN
	DELETE FROM public.notes;
	INSERT INTO public.notes TABLE corpus.notes;
	DELETE FROM public.legacy;
	INSERT INTO public.legacy TABLE corpus.legacy;
	DELETE FROM public.shared;
	INSERT INTO public.shared TABLE corpus.shared;
END
$fn$;
REVOKE ALL ON FUNCTION corpus.restore() FROM PUBLIC;
