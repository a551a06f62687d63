-- Passwords and the context key, from the gateway's secret, at every `up`.
--
-- Settings read, all made by pgmigrate.c: acdb.verifiers (a line a login,
-- "name SCRAM-SHA-256$..."), acdb.ipad and acdb.opad (hexadecimal; see
-- 0001_control_plane.sql), acdb.hardening.  The secret itself never comes
-- here.

DO $do$
DECLARE
	v record;
BEGIN
	FOR v IN
		SELECT pg_catalog.split_part(l, ' ', 1) AS who,
		    pg_catalog.split_part(l, ' ', 2) AS scram
		FROM pg_catalog.regexp_split_to_table(
		    pg_catalog.current_setting('acdb.verifiers'), E'\n') AS l
		WHERE l <> ''
	LOOP
		IF v.who <> 'agentcoopdb_gateway' AND v.who !~ '^acdb_dp_'
		    OR v.scram !~ '^SCRAM-SHA-256\$' THEN
			RAISE EXCEPTION 'acdb.verifiers: bad line for "%"',
			    v.who;
		END IF;
		EXECUTE pg_catalog.format('ALTER ROLE %I PASSWORD %L', v.who,
		    v.scram);
		EXECUTE pg_catalog.format('ALTER ROLE %I VALID UNTIL %L',
		    v.who, 'infinity');
	END LOOP;
END
$do$;

-- The oids change with a restore into another cluster.  Roles that a dbadmin
-- key made are attached anew when a key is minted for them.
INSERT INTO acdb.dp_login (login, login_oid, key_role, key_role_oid)
SELECT l.rolname, l.oid, r.rolname, r.oid
FROM pg_catalog.pg_roles l
JOIN pg_catalog.pg_roles r ON l.rolname = 'acdb_dp_' || r.rolname
WHERE r.rolname IN ('dbadmin', 'dbuser', 'dbreader')
ON CONFLICT ON CONSTRAINT dp_login_pkey DO UPDATE
	SET login_oid = excluded.login_oid, key_role = excluded.key_role,
	    key_role_oid = excluded.key_role_oid;

INSERT INTO acdb.ctx_key (one, ipad, opad)
VALUES (true,
    pg_catalog.decode(pg_catalog.current_setting('acdb.ipad'), 'hex'),
    pg_catalog.decode(pg_catalog.current_setting('acdb.opad'), 'hex'))
ON CONFLICT ON CONSTRAINT ctx_key_pkey DO UPDATE
	SET ipad = excluded.ipad, opad = excluded.opad;

INSERT INTO acdb.settings (name, value)
VALUES ('hardening', pg_catalog.current_setting('acdb.hardening'))
ON CONFLICT ON CONSTRAINT settings_pkey DO UPDATE SET value = excluded.value;
