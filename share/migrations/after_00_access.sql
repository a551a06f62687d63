-- Who may connect, and what of PostgreSQL itself a session may use.  Stated
-- again at every `up`: pg_dump keeps neither the database's ACL nor that of
-- the language sql, and a new major version brings new functions.
--
-- Settings read: acdb.hardening ('standard', 'strict' or 'managed'), acdb.own_cluster
-- ('on' where the whole server is ours).

-- Our database: nobody connects or makes temporary tables but by name.
-- dbadmin makes schemas and trusted extensions.
DO $do$
DECLARE
	db text := pg_catalog.quote_ident(pg_catalog.current_database());
BEGIN
	EXECUTE 'REVOKE ALL ON DATABASE ' || db || ' FROM PUBLIC';
	EXECUTE 'GRANT CONNECT ON DATABASE ' || db || ' TO agentcoopdb_gateway,'
	    ' acdb_dp_dbadmin, acdb_dp_dbuser, acdb_dp_dbreader';
	EXECUTE 'GRANT CONNECT ON DATABASE ' || db
	    || ' TO acdb_roleadmin WITH GRANT OPTION';
	EXECUTE 'REVOKE TEMPORARY ON DATABASE ' || db
	    || ' FROM dbadmin, dbuser, dbreader';
	EXECUTE 'GRANT CREATE ON DATABASE ' || db || ' TO dbadmin';
END
$do$;

-- Function ACLs are each database's own, so another database is a way around
-- them.  On a server that is not ours, verify reports it instead.
DO $do$
DECLARE
	d text;
BEGIN
	IF pg_catalog.current_setting('acdb.own_cluster') <> 'on' THEN
		RETURN;
	END IF;
	FOR d IN
		SELECT datname FROM pg_catalog.pg_database
		WHERE datname IN ('postgres', 'template1')
	LOOP
		EXECUTE pg_catalog.format(
		    'REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', d);
	END LOOP;
END
$do$;

-- A new owner of a schema has to be one who could create it.
DO $do$
DECLARE
	db text := pg_catalog.quote_ident(pg_catalog.current_database());
BEGIN
	EXECUTE 'GRANT CREATE ON DATABASE ' || db || ' TO acdb_owner';
	ALTER SCHEMA public OWNER TO acdb_owner;
	EXECUTE 'REVOKE CREATE ON DATABASE ' || db || ' FROM acdb_owner';
END
$do$;

-- Schemas.  public is not dbadmin's own, so that it can be neither dropped
-- nor renamed; ACLs of ours on roles that a dbadmin key made would keep it
-- from dropping them again, so USAGE is PUBLIC's where it gives nothing away.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO dbadmin WITH GRANT OPTION;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
REVOKE ALL ON SCHEMA acdb FROM PUBLIC;
GRANT USAGE ON SCHEMA acdb TO agentcoopdb_gateway, acdb_roleadmin;
REVOKE ALL ON SCHEMA acdb_api FROM PUBLIC;
GRANT USAGE ON SCHEMA acdb_api TO PUBLIC;

-- No language, no DO block, no function: for those who only work with rows.
-- Languages are the superuser's, as are PostgreSQL's functions.
DO $do$
BEGIN
	IF pg_catalog.current_setting('acdb.hardening') = 'managed' THEN
		RETURN;
	END IF;
	REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;
	GRANT USAGE ON LANGUAGE plpgsql, sql
		TO dbadmin, acdb_owner, acdb_roleadmin;
END
$do$;

-- PostgreSQL's own functions, by name patterns: what a version lacks is not
-- there to match.  Three kinds:
--	1  changes or reads what is another's: sessions, settings, locks,
--	   large objects, other sessions' texts, files, SQL run from text
--	2  tells volumes or the host: sizes, addresses
--	3  tells activity: counters, log positions, transaction numbers
-- 1 and 2 are revoked always, 3 under strict hardening only (pg_stat_user_
-- tables works without).
CREATE TEMPORARY TABLE acdb_builtin ON COMMIT DROP AS
SELECT p.oid, p.oid::pg_catalog.regprocedure::text AS sig, p.proname,
    CASE
    WHEN p.proname IN ('set_config', 'setseed', 'pg_notify',
        'pg_listening_channels', 'pg_notification_queue_usage',
        'pg_cancel_backend', 'pg_terminate_backend', 'pg_export_snapshot',
        'ts_stat', 'loread', 'lowrite', 'pg_prepared_statement',
        'pg_prepared_xact', 'pg_cursor', 'pg_lock_status',
        'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids',
        'pg_isolation_test_session_is_blocked', 'pg_stat_get_activity',
        'pg_stat_get_progress_info', 'pg_stat_get_wal_senders',
        'pg_stat_get_wal_receiver', 'pg_stat_get_subscription',
        'pg_get_replication_slots', 'pg_sync_replication_slots',
        'pg_stat_force_next_flush', 'pg_stat_clear_snapshot',
        'pg_get_backend_memory_contexts',
        'pg_get_process_memory_contexts', 'pg_get_shmem_allocations',
        'pg_get_shmem_allocations_numa', 'pg_get_aios',
        'pg_restore_relation_stats', 'pg_restore_attribute_stats',
        'pg_clear_relation_stats', 'pg_clear_attribute_stats')
      OR p.proname ~ '^(lo_|pg_(try_)?advisory_|pg_logical_)'
      OR p.proname ~ '^pg_(create|copy|drop)_.*slot$'
      OR p.proname ~ '^pg_replication_(slot_|origin)'
      OR p.proname ~ '^pg_stat_get_backend_'
      OR p.proname ~ '^(query|cursor|table|schema|database)_to_xml'
      OR p.proname = 'ts_rewrite' AND p.pronargs = 2
      OR p.proname ~ '^pg_(ls_|read_)' OR p.proname = 'pg_stat_file'
    THEN 1
    WHEN p.proname ~ ('^pg_(database|tablespace|relation|table'
        '|total_relation|indexes)_size$')
      OR p.proname IN ('pg_tablespace_location', 'pg_relation_filepath',
        'pg_tablespace_databases', 'pg_sequence_last_value',
        'pg_get_sequence_data', 'pg_get_loaded_modules',
        'pg_conf_load_time', 'inet_server_addr', 'inet_server_port')
      OR p.proname ~ '^pg_control_'
    THEN 2
    -- Behind every read it is asked whether it wrote; its own number says
    -- no more than the xmin of a row of its own.
    WHEN p.proname = 'pg_current_xact_id_if_assigned'
    THEN NULL
    WHEN p.proname ~ '^pg_stat_get_'
      OR p.proname ~ '^pg_(current|last)_(wal|committed|xact)_'
      OR p.proname ~ '^pg_(get_wal_|wal_|available_wal|walfile|split_walfile)'
      OR p.proname IN ('pg_timezone_names', 'pg_timezone_abbrevs',
        'pg_timezone_abbrevs_abbrevs', 'pg_timezone_abbrevs_zone',
        'pg_xact_status', 'txid_status', 'pg_xact_commit_timestamp',
        'pg_xact_commit_timestamp_origin', 'pg_get_multixact_members',
        'pg_get_multixact_stats', 'pg_postmaster_start_time',
        'pg_last_committed_xact', 'pg_current_snapshot', 'currtid2',
        'txid_current_snapshot', 'pg_current_xact_id', 'txid_current')
    THEN 3
    END AS kind,
    EXISTS (SELECT 1 FROM pg_catalog.aclexplode(coalesce(p.proacl,
            pg_catalog.acldefault('f', p.proowner))) a
        WHERE a.grantee = 0) AS for_public,
    -- What initdb gave: nothing is recorded where it left the default.
    coalesce((SELECT EXISTS (SELECT 1
            FROM pg_catalog.aclexplode(i.initprivs) a WHERE a.grantee = 0)
        FROM pg_catalog.pg_init_privs i
        WHERE i.objoid = p.oid AND i.objsubid = 0
          AND i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass),
        true) AS public_at_first
FROM pg_catalog.pg_proc p
WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace;

DO $do$
DECLARE
	hard boolean :=
	    pg_catalog.current_setting('acdb.hardening') = 'strict';
	f record;
BEGIN
	IF pg_catalog.current_setting('acdb.hardening') = 'managed' THEN
		RETURN;
	END IF;

	-- Written only where something changes: each is a new catalog row and
	-- an invalidation in every session.
	FOR f IN
		SELECT b.sig, b.for_public FROM acdb_builtin b
		WHERE b.kind IS NOT NULL AND b.for_public
		      AND (b.kind < 3 OR hard)
		   OR b.kind = 3 AND NOT b.for_public AND b.public_at_first
		      AND NOT hard
	LOOP
		EXECUTE pg_catalog.format(CASE WHEN f.for_public
		    THEN 'REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC'
		    ELSE 'GRANT EXECUTE ON FUNCTION %s TO PUBLIC' END, f.sig);
	END LOOP;

	-- Nor was any of it granted to a key's role or login by name.
	FOR f IN
		SELECT b.sig, r.rolname FROM acdb_builtin b
		JOIN pg_catalog.pg_proc p ON p.oid = b.oid,
		    pg_catalog.aclexplode(p.proacl) a
		JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
		WHERE (b.kind < 3 OR b.kind = 3 AND hard)
		  AND (r.rolname IN ('dbuser', 'dbreader',
		          'agentcoopdb_gateway')
		       OR r.rolname ~ '^acdb_dp_'
		          AND b.proname <> 'set_config'
		       OR r.rolname = 'dbadmin' AND b.kind = 1
		          AND b.proname <> 'set_config')
	LOOP
		EXECUTE pg_catalog.format(
		    'REVOKE ALL ON FUNCTION %s FROM %I CASCADE', f.sig,
		    f.rolname);
	END LOOP;

	-- Whoever administers tables sees their sizes and counters.
	FOR f IN
		SELECT b.sig FROM acdb_builtin b
		WHERE (b.proname ~ ('^pg_(relation|table|total_relation'
		           '|indexes|database)_size$')
		       OR b.proname IN ('pg_sequence_last_value',
		           'pg_get_sequence_data')
		       OR b.kind = 3 AND b.public_at_first
		          AND b.proname ~ '^pg_stat_get_'
		          AND b.proname !~ ('^pg_stat_get_(wal|io|slru'
		              '|archiver|db_|checkpointer|bgwriter|recovery|replication'
		              '|subscription)'))
		  AND NOT pg_catalog.has_function_privilege('dbadmin', b.oid,
		      'EXECUTE')
	LOOP
		EXECUTE pg_catalog.format(
		    'GRANT EXECUTE ON FUNCTION %s TO dbadmin', f.sig);
	END LOOP;

	-- The prologue of a call sets the token and the role by set_config(),
	-- as the login; dbadmin has SET anyway, and pg_dump's output begins
	-- with it.
	GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)
		TO dbadmin, acdb_dp_dbadmin, acdb_dp_dbuser, acdb_dp_dbreader;
	GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean)
		TO acdb_roleadmin WITH GRANT OPTION;
	GRANT EXECUTE ON FUNCTION pg_catalog.pg_notify(text, text),
		pg_catalog.pg_current_xact_id_if_assigned() TO acdb_owner;
	-- The lock of the migrations, for an application's own (acdb-migrate
	-- --dir), which need no superuser.
	GRANT EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint)
		TO agentcoopdb_gateway;
END
$do$;

-- vector stands in a schema where no key can drop or shadow it.  One that
-- was there before us is moved only where the server is ours.
DO $do$
DECLARE
	s text;
BEGIN
	SELECT e.extnamespace::pg_catalog.regnamespace::text INTO s
	    FROM pg_catalog.pg_extension e WHERE e.extname = 'vector';
	IF FOUND THEN
		IF s <> 'ext' AND pg_catalog.current_setting('acdb.own_cluster')
		    = 'on' THEN
			ALTER EXTENSION vector SET SCHEMA ext;
		ELSIF s <> 'ext' THEN
			-- Sessions' search_path includes it.
			EXECUTE 'GRANT USAGE ON SCHEMA ' || s || ' TO PUBLIC';
		END IF;
	ELSIF EXISTS (SELECT 1 FROM pg_catalog.pg_available_extensions a
	    WHERE a.name = 'vector') THEN
		CREATE EXTENSION vector SCHEMA ext;
	ELSE
		RAISE WARNING 'pgvector is not installed on this server: '
		    'the type vector will be missing';
	END IF;
END
$do$;
