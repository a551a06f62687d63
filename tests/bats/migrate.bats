# acdb-migrate on a PostgreSQL that is not ours.
load helper

A=aaaaaaaa-0000-4000-8000-000000000001
B=bbbbbbbb-0000-4000-8000-000000000002

setup_file() {
	postgres_start "$(free_port)"
	export PGT PGT_PORT PGT_PASSWORD
	export AGENTCOOPDB_GATEWAY_PASSWORD=sixteen-characters-and-more
	export AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD
	fresh
}

teardown_file() {
	postgres_stop
}

# An empty database, migrated by "up", and no role of the product's before.
fresh() {
	local role
	export DB=acdb
	postgres_sql "DROP DATABASE IF EXISTS acdb WITH (FORCE)"
	postgres_sql "SELECT rolname FROM pg_roles WHERE oid > 16384" |
	    while read -r role; do
		    postgres_sql "DROP OWNED BY \"$role\""
		    postgres_sql "DROP ROLE \"$role\""
	    done
	postgres_sql "CREATE DATABASE acdb"
	export AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/acdb
}

sql() {
	postgres_sql "$1" acdb
}

mac() {
	python3 "$TOP/tests/bats/acdb_mac.py" \
	    "$AGENTCOOPDB_GATEWAY_PASSWORD" "$@"
}

# as LOGIN SQL [ROLE WORKSPACE]: on a data-plane login or the control plane's,
# with the prologue of a call where a role is given.
as() {
	local login=$1 statement=$2 role=${3:-} ws=${4:-$A} password
	password=$AGENTCOOPDB_GATEWAY_PASSWORD
	[ "$login" = agentcoopdb_gateway ] || password=$(mac login "$login")
	{
		if [ -n "$role" ]; then
			echo "SELECT pg_backend_pid() AS pid \\gset"
			echo "\\setenv PID :pid"
			echo "\\set ctx \`python3 $TOP/tests/bats/acdb_mac.py $AGENTCOOPDB_GATEWAY_PASSWORD ctx \$PID $login $ws\`"
			echo "SELECT set_config('acdb.ctx', :'ctx', false),"
			echo "set_config('app.workspace_id', '$ws', false),"
			echo "set_config('role', '$role', false) \\g /dev/null"
		fi
		echo "$statement"
	} | PGPASSWORD=$password PGOPTIONS='-c search_path=public,ext,pg_temp' \
	    "$("$TOP/deploy/local/pg-bindir.sh")/psql" -XqAt \
	    -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -h 127.0.0.1 \
	    -p "$PGT_PORT" -U "$login" -d acdb 2>&1
}

key() {
	as "acdb_dp_$1" "$2" "$1" "${3:-$A}"
}

# Whether verify says what it should of a property: "FAIL schemas".
says() {
	acdb-migrate verify 2>/dev/null | grep -q "^$1  $2 "
}

@test "help, version, and a bad option" {
	run --separate-stderr -0 acdb-migrate --help
	[[ $output == *"usage: acdb-migrate"* && -z $stderr ]]
	run --separate-stderr -0 acdb-migrate --version
	[[ $output == "acdb-migrate "* ]]
	run --separate-stderr -64 acdb-migrate --nonsense
	[[ -z $output && -n $stderr ]]
	run -64 acdb-migrate
	run -64 acdb-migrate nonsense
	run -64 acdb-migrate down
	run -64 acdb-migrate down 1
	[[ $output == *"no down migrations"* ]]
}

@test "settings and connections that will not do have their exit codes" {
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL='' run -78 acdb-migrate up
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=bogus run -78 acdb-migrate up
	AGENTCOOPDB_HARDENING=some run -78 acdb-migrate up
	AGENTCOOPDB_GATEWAY_PASSWORD=short run -78 acdb-migrate up
	AGENTCOOPDB_OWNER_PASSWORD=wrong run -4 acdb-migrate up
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://x@127.0.0.1:1/x \
	    run -2 acdb-migrate status
	[[ $output != *"$PGT_PASSWORD"* ]]
}

@test "dry-run does nothing" {
	run -0 acdb-migrate up --dry-run
	[[ $output == *"would apply 0001_control_plane.sql"* ]]
	[ -z "$(sql "SELECT 1 FROM pg_roles WHERE rolname ~ '^acdb_'")" ]
	run -7 acdb-migrate status --check
	[[ $output == *pending* ]]
}

@test "two at once migrate once" {
	acdb-migrate up 2>"$BATS_TEST_TMPDIR/1" & one=$!
	acdb-migrate up 2>"$BATS_TEST_TMPDIR/2" & two=$!
	wait $one
	wait $two
	[ "$(cat "$BATS_TEST_TMPDIR"/[12] | grep -c 'applied 0001')" -eq 1 ]
	run -0 acdb-migrate status --check
	[[ $output == *applied* ]]
	run -0 acdb-migrate up
	[[ $output != *"applied 0001"* ]]
}

@test "the secret comes from a file as well" {
	echo "$AGENTCOOPDB_GATEWAY_PASSWORD" >"$BATS_TEST_TMPDIR/secret"
	AGENTCOOPDB_GATEWAY_PASSWORD_FILE=$BATS_TEST_TMPDIR/secret \
	    run -78 acdb-migrate up
	unset AGENTCOOPDB_GATEWAY_PASSWORD
	AGENTCOOPDB_GATEWAY_PASSWORD_FILE=$BATS_TEST_TMPDIR/secret \
	    run -0 acdb-migrate up
}

@test "verify passes, and says so as JSON" {
	run -0 acdb-migrate verify
	[[ $output != *FAIL* ]]
	[[ $output == *"PASS  tried-dbuser "* ]]
	[[ $output == *"PASS  passwords "* ]]
	# The server is not ours: its other databases are told, not touched.
	[[ $output == *"WARN  other-databases "* ]]
	run -0 --separate-stderr acdb-migrate verify --json
	[ "$(jq -r .ok <<<"$output")" = true ]
	[ "$(jq '.properties | length' <<<"$output")" -gt 20 ]
	# The control plane's own login is good enough to ask.
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL='' AGENTCOOPDB_OWNER_PASSWORD='' \
	AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGT_PORT/acdb \
	    run -0 acdb-migrate verify
	[[ $output != *FAIL* ]]
}

@test "verify names each drift, and up heals it" {
	local how name drift
	while IFS='|' read -r how name drift; do
		sql "$drift"
		says "$how" "$name" || { echo "not seen: $name: $drift"; false; }
		if [ "$how" = FAIL ]; then
			run -7 acdb-migrate verify
		fi
		run -0 acdb-migrate up
		says PASS "$name" || { echo "not healed: $drift"; false; }
	done <<-'END'
	FAIL|control-login|GRANT dbadmin TO agentcoopdb_gateway
	FAIL|control-login|ALTER ROLE agentcoopdb_gateway INHERIT
	FAIL|control-login|GRANT acdb_owner TO dbuser
	FAIL|split-logins|GRANT dbadmin TO acdb_dp_dbuser
	FAIL|split-logins|GRANT dbuser TO acdb_dp_dbuser WITH INHERIT TRUE
	FAIL|split-logins|ALTER ROLE acdb_dp_dbreader BYPASSRLS
	FAIL|key-roles|GRANT pg_read_all_data TO dbadmin
	FAIL|key-roles|ALTER ROLE dbuser LOGIN
	FAIL|languages|GRANT USAGE ON LANGUAGE sql TO PUBLIC
	FAIL|builtin-functions|GRANT EXECUTE ON FUNCTION set_config TO dbuser
	FAIL|builtin-functions|GRANT EXECUTE ON FUNCTION lo_get(oid) TO PUBLIC
	FAIL|database-closed|GRANT TEMPORARY ON DATABASE acdb TO PUBLIC
	FAIL|schemas|ALTER SCHEMA public OWNER TO dbadmin
	FAIL|control-tables|GRANT SELECT ON acdb.api_keys TO PUBLIC
	FAIL|control-tables|GRANT SELECT ON acdb.ctx_key TO agentcoopdb_gateway
	FAIL|definer-functions|GRANT EXECUTE ON FUNCTION acdb_api.key_revoke TO PUBLIC
	FAIL|definer-functions|ALTER FUNCTION acdb_api.workspace_id() SECURITY INVOKER
	FAIL|guard|ALTER EVENT TRIGGER acdb_refuse DISABLE
	FAIL|guard|DROP EVENT TRIGGER acdb_tighten
	WARN|tried-dbuser|ALTER ROLE acdb_dp_dbuser PASSWORD 'another'
	FAIL|tried-dbuser|UPDATE acdb.ctx_key SET opad = ipad
	FAIL|key-roles|GRANT pg_monitor TO dbuser
	WARN|login-grants|CREATE ROLE stray; GRANT stray TO acdb_dp_dbuser
	END
}

@test "strict hardening hides counters, standard shows them again" {
	local q="SELECT coalesce(sum(n_live_tup), 0) >= 0
	    FROM pg_stat_user_tables"
	[ "$(key dbuser "$q")" = t ]
	AGENTCOOPDB_HARDENING=strict acdb-migrate up
	run ! key dbuser "$q"
	[[ $output == *42501* ]]
	[ "$(key dbadmin "$q")" = t ]
	says PASS strict-functions
	acdb-migrate up
	[ "$(key dbuser "$q")" = t ]
	# Volumes are another's business at both levels.
	run ! key dbuser "SELECT pg_database_size('acdb')"
}

@test "an edited or unknown migration is refused and shown" {
	sql "UPDATE acdb.schema_migrations SET sha256 = sha256('x')"
	run -3 acdb-migrate up
	[[ $output == *"0001_control_plane.sql: was applied with another text"* ]]
	run -7 acdb-migrate status --check
	[[ $output == *edited* ]]
	run -7 acdb-migrate verify
	[[ $output == *"FAIL  schema "* ]]
	sql "DELETE FROM acdb.schema_migrations WHERE version = 1;
	    INSERT INTO acdb.schema_migrations (version, name, sha256,
	    duration_ms) VALUES (9999, 'newer', sha256('x'), 0)"
	run -3 acdb-migrate up
	run -7 acdb-migrate status --check --json
	[[ $output == *'"version":9999,"name":"newer","state":"missing"'* ]]
	fresh
	acdb-migrate up
}

@test "a second database of the cluster is refused" {
	postgres_sql "CREATE DATABASE another"
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/another \
	    run -3 acdb-migrate up
	[[ $output == *"in database acdb"* ]]
	postgres_sql "DROP DATABASE another"
}

@test "a schema of our name that is another's is refused" {
	fresh
	sql "CREATE ROLE mallory; CREATE SCHEMA acdb AUTHORIZATION mallory"
	run -3 acdb-migrate up
	[[ $output == *"not the product's"* ]]
	fresh
	acdb-migrate up
}

@test "a table of dbadmin's is at once of use to the other keys" {
	key dbadmin "CREATE TABLE plain (id uuid PRIMARY KEY, body text)"
	key dbuser "INSERT INTO plain VALUES (gen_random_uuid(), 'hello')"
	[ "$(key dbreader "SELECT body FROM plain")" = hello ]
	[ "$(key dbuser "SELECT body FROM plain" "$B")" = hello ]
	run ! key dbreader "DELETE FROM plain"
	key dbadmin "CREATE TABLE counted (id serial, v int)"
	key dbuser "INSERT INTO counted (v) VALUES (1)"
	run ! key dbuser "SELECT last_value FROM counted_id_seq"
}

@test "a table with a workspace_id is isolated by itself" {
	key dbadmin "CREATE TABLE own (id uuid PRIMARY KEY
	    DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL, body text)"
	key dbuser "INSERT INTO own (body) VALUES ('A-note')" "$A"
	key dbuser "INSERT INTO own (body) VALUES ('B-note')" "$B"
	[ "$(key dbuser "SELECT body FROM own" "$A")" = A-note ]
	[ "$(key dbreader "SELECT body FROM own" "$B")" = B-note ]
	run ! key dbuser "INSERT INTO own (workspace_id) VALUES ('$B')" "$A"
	# A policy that trusts the setting, or everybody, widens nothing.
	key dbadmin "CREATE POLICY wide ON own USING (true)"
	[ "$(key dbuser "SELECT body FROM own" "$A")" = A-note ]
	# Without a context there is nothing to see.
	[ -z "$(as acdb_dp_dbuser "SET ROLE dbuser; SELECT * FROM own")" ]
}

@test "a column that is dropped takes with it what let rows pass" {
	key dbadmin "CREATE TABLE dropped (body text, workspace_id uuid);
	    CREATE TABLE dropped_heir () INHERITS (dropped)"
	key dbuser "INSERT INTO dropped (body) VALUES ('A-note')" "$A"
	key dbuser "INSERT INTO dropped_heir (body) VALUES ('A-heir')" "$A"
	[ "$(key dbuser "SELECT count(*) FROM dropped" "$A")" = 2 ]
	key dbadmin "ALTER TABLE dropped DROP COLUMN workspace_id CASCADE"
	[ "$(key dbuser "SELECT count(*) FROM dropped" "$B")" = 0 ]
	[ "$(key dbuser "SELECT count(*) FROM dropped_heir" "$B")" = 0 ]
	key dbadmin "ALTER TABLE dropped ADD COLUMN workspace_id uuid"
	key dbuser "INSERT INTO dropped (body) VALUES ('B-note')" "$B"
	[ "$(key dbuser "SELECT body FROM dropped" "$B")" = B-note ]
	[ "$(key dbuser "SELECT count(*) FROM dropped" "$A")" = 0 ]
}

@test "a workspace_id is guarded by whatever command it comes" {
	local kind
	for kind in TABLE VIEW "MATERIALIZED VIEW" "FOREIGN TABLE"; do
		key dbadmin "CREATE TABLE renamed (body text, tenant uuid)"
		key dbadmin "ALTER $kind renamed RENAME tenant TO workspace_id"
		key dbuser "INSERT INTO renamed (body) VALUES ('A-note')" "$A"
		[ "$(key dbuser "SELECT count(*) FROM renamed" "$B")" = 0 ]
		key dbadmin "DROP TABLE renamed"
	done
}

@test "a table whose guard is dropped is open, named, and guarded again" {
	key dbadmin "CREATE TABLE opened (body text, workspace_id uuid)"
	key dbuser "INSERT INTO opened (body) VALUES ('A-note')" "$A"
	[ "$(key dbuser "SELECT count(*) FROM opened" "$B")" = 0 ]
	key dbadmin "DROP POLICY acdb_guard ON opened"
	[ "$(key dbuser "SELECT count(*) FROM opened" "$B")" = 1 ]
	says WARN tenant-tables
	key dbadmin "ALTER TABLE opened ADD COLUMN more int"
	[ "$(key dbuser "SELECT count(*) FROM opened" "$B")" = 0 ]
	key dbadmin "DROP TABLE opened"
}

@test "the guard covers ALTER TABLE, views, schemas, and only what it should" {
	key dbadmin "CREATE TABLE later (id int, body text)"
	key dbadmin "INSERT INTO later VALUES (1, 'x')"
	key dbadmin "CREATE VIEW seen AS SELECT * FROM later;
	    CREATE VIEW seen2 AS SELECT * FROM seen"
	[ "$(key dbuser "SELECT id FROM seen2")" = 1 ]
	key dbadmin "ALTER TABLE later ADD workspace_id uuid"
	[ -z "$(key dbuser "SELECT id FROM later")" ]
	[ -z "$(key dbuser "SELECT id FROM seen2")" ]
	run ! key dbadmin "CREATE TABLE wrong (workspace_id text)"
	[[ $output == *42804* ]]
	key dbadmin "CREATE SCHEMA app
	    CREATE TABLE within (workspace_id uuid, v int)"
	[ "$(sql "SELECT relforcerowsecurity FROM pg_class
	    WHERE oid = 'app.within'::regclass")" = t ]
	key dbadmin "CREATE MATERIALIZED VIEW copied AS SELECT * FROM later"
	run ! key dbuser "SELECT * FROM copied"
	# What the owner undoes on purpose stays undone.
	key dbadmin "ALTER TABLE later DISABLE ROW LEVEL SECURITY"
	key dbadmin "ALTER TABLE later ADD more int"
	[ "$(key dbuser "SELECT id FROM later")" = 1 ]
	says WARN tenant-tables
	run -7 acdb-migrate lint
	[[ $output == *"public.later: row-level security is not enabled"* ]]
	key dbadmin "DROP TABLE later CASCADE"
	run -0 acdb-migrate lint
	[[ $output == *"public.plain: note: shared"* ]]
}

@test "functions of dbadmin's: the caller's rights for all, its own for none" {
	key dbadmin "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"
	[ "$(key dbuser "SELECT one()")" = 1 ]
	key dbadmin "REVOKE EXECUTE ON FUNCTION one() FROM dbuser"
	key dbadmin "CREATE OR REPLACE FUNCTION one() RETURNS int
	    LANGUAGE sql AS 'SELECT 2'"
	run ! key dbuser "SELECT one()"
	[ "$(key dbreader "SELECT one()")" = 2 ]
	key dbadmin "CREATE FUNCTION all_own() RETURNS SETOF text
	    LANGUAGE sql SECURITY DEFINER AS 'SELECT body FROM own'"
	run ! key dbuser "SELECT all_own()"
}

@test "vectors, extensions, roles and DO blocks work for dbadmin" {
	key dbadmin "CREATE TABLE docs (id int, e vector(3));
	    CREATE INDEX ON docs USING hnsw (e vector_cosine_ops)"
	key dbuser "INSERT INTO docs VALUES (1, '[1,2,3]')"
	[ "$(key dbreader "SELECT id FROM docs ORDER BY e <=> '[1,2,4]'")" = 1 ]
	key dbadmin "CREATE EXTENSION pg_trgm"
	[ "$(key dbuser "SELECT similarity('word', 'word')")" = 1 ]
	run ! key dbadmin "CREATE EXTENSION tablefunc"
	run ! key dbadmin "DROP EXTENSION vector CASCADE"
	key dbadmin "DO \$\$ BEGIN CREATE TABLE IF NOT EXISTS q (); END \$\$"
	key dbadmin "CREATE USER bob; CREATE ROLE helpers; GRANT helpers TO bob;
	    DROP ROLE bob, helpers"
	key dbadmin "SELECT pg_catalog.set_config('search_path', '', false)"
}

@test "keys: minting, rotation and revocation have their rules" {
	local w h="sha256('x')"
	w=$(as agentcoopdb_gateway "INSERT INTO acdb.workspaces (name)
	    VALUES ('w1') RETURNING id")
	mint() {
		as agentcoopdb_gateway "SELECT acdb_api.key_mint('$1', '$2', $h,
		    '$3', '$4', 'n', now() + interval '1 day', false, NULL,
		    NULL, NULL, NULL)"
	}
	run -0 mint "$w" key1 dev dbuser
	id=$output
	run ! mint "$w" key2 dev nobody
	[[ $output == *AC001* ]]
	run ! mint "$w" key2 dev agentcoopdb_gateway
	[[ $output == *AC001* ]]
	run ! mint "$w" key2 prod dbuser
	[[ $output == *22023* ]]
	run ! mint "$A" key2 dev dbuser
	[[ $output == *AC002* ]]
	run -0 as agentcoopdb_gateway "SELECT pg_role, login, served,
	    workspace_name FROM acdb_api.key_lookup('key1')"
	[ "$output" = "dbuser|acdb_dp_dbuser|t|w1" ]
	run -0 as agentcoopdb_gateway "LISTEN acdb_keys;
	    SELECT acdb_api.key_rotate('$id', 'key2', $h, '1 hour')"
	[[ $output == *'"acdb_keys" with payload "key1"'* ]]
	run -0 as agentcoopdb_gateway "SELECT n.expires_at - o.expires_at
	    > interval '20 hours' FROM acdb.api_keys o, acdb.api_keys n
	    WHERE o.key_id = 'key1' AND n.key_id = 'key2'"
	[ "$output" = t ]
	# last_used_at wakes nobody.
	run -0 as agentcoopdb_gateway "LISTEN acdb_keys;
	    UPDATE acdb.api_keys SET last_used_at = now()"
	[ -z "$output" ]
	run -0 as agentcoopdb_gateway "LISTEN acdb_keys;
	    UPDATE acdb.workspaces SET archived_at = now() WHERE id = '$w'"
	[[ $output == *'payload "key2"'* ]]
	run ! as agentcoopdb_gateway \
	    "SELECT acdb_api.key_rotate('$id', 'key3', $h, '1 hour')"
	[[ $output == *AC002* ]]
	[ "$(as agentcoopdb_gateway "SELECT acdb_api.key_revoke('$id'),
	    acdb_api.key_revoke('$id')")" = "t|f" ]
	run ! as agentcoopdb_gateway "SELECT * FROM acdb.ctx_key"
	run ! as agentcoopdb_gateway "DELETE FROM acdb.audit_logs"
}

@test "a custom role is served from its attaching to its end" {
	local x="SELECT acdb_api.attach_role('analyst', 'SCRAM-SHA-256\$x')"
	local grant="GRANT analyst TO acdb_roleadmin
	    WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
	key dbadmin "CREATE ROLE analyst; GRANT SELECT ON own TO analyst"
	run ! as agentcoopdb_gateway "$x"
	[[ $output == *AC001*"was not granted"* ]]
	key dbadmin "$grant"
	run ! key dbadmin "$x"
	run -0 as agentcoopdb_gateway "$x"
	# A function of another signature has to reach that login too.
	sql "DROP FUNCTION acdb_api.audit"
	acdb-migrate up		# gives the login its password
	[ "$(sql "SELECT has_function_privilege('acdb_dp_analyst', p.oid,
	    'EXECUTE') FROM pg_proc p WHERE proname = 'audit'")" = t ]
	[ "$(as acdb_dp_analyst "SELECT body FROM own" analyst "$A")" = A-note ]
	run ! as acdb_dp_analyst "DELETE FROM own" analyst
	says PASS tried-analyst
	# Another role of that name is another role.
	key dbadmin "REVOKE ALL ON own FROM analyst; DROP ROLE analyst"
	key dbadmin "CREATE ROLE analyst"
	[ "$(as agentcoopdb_gateway \
	    "SELECT acdb_api.role_served('analyst')")" = f ]
	says WARN custom-roles
	run ! as acdb_dp_analyst "SELECT 1" analyst
	key dbadmin "$grant"
	as agentcoopdb_gateway "$x"
	[ "$(as agentcoopdb_gateway \
	    "SELECT acdb_api.role_served('analyst')")" = t ]
	key dbadmin "ALTER ROLE analyst BYPASSRLS"
	[ "$(as agentcoopdb_gateway \
	    "SELECT acdb_api.role_served('analyst')")" = f ]
	run ! as agentcoopdb_gateway "$x"
	[[ $output == *AC001* ]]
	run ! as agentcoopdb_gateway \
	    "SELECT acdb_api.attach_role('acdb_owner', 'SCRAM-SHA-256\$x')"
	key dbadmin "CREATE ROLE acdb_dp_taken; CREATE ROLE taken;
	    GRANT taken TO acdb_roleadmin WITH ADMIN TRUE, INHERIT FALSE"
	run ! as agentcoopdb_gateway \
	    "SELECT acdb_api.attach_role('taken', 'SCRAM-SHA-256\$x')"
	[[ $output == *"stands in the way"* ]]
	key dbadmin "DROP ROLE analyst, acdb_dp_taken, taken"
}

@test "a login that changed its own password and defaults is mended" {
	key dbadmin "DO \$\$ BEGIN RESET ROLE;
	    ALTER ROLE CURRENT_USER PASSWORD 'mine';
	    ALTER ROLE CURRENT_USER SET statement_timeout = 1; END \$\$"
	run ! as acdb_dp_dbadmin "SELECT 1"
	says WARN role-defaults
	run -0 as agentcoopdb_gateway "SELECT acdb_api.repair_login(
	    'acdb_dp_dbadmin', (SELECT 'SCRAM-SHA-256\$4096:c2FsdA==\$x:y'))"
	says PASS role-defaults
	[ "$(sql "SELECT count(*) FROM pg_db_role_setting s, unnest(setconfig)
	    WHERE setrole = 'acdb_dp_dbadmin'::regrole")" = 2 ]
	run ! as agentcoopdb_gateway \
	    "SELECT acdb_api.repair_login('postgres', 'SCRAM-SHA-256\$x')"
	acdb-migrate up
	[ "$(as acdb_dp_dbadmin "SELECT 1")" = 1 ]
}

# $1: the hardening under which it is asked.
audit_rules() {
	local id
	AGENTCOOPDB_HARDENING=$1 acdb-migrate up
	sql "DELETE FROM acdb.audit_logs"
	id=00000000-0000-7000-8000-000000000001
	# $1 function, $2 kind of MAC, $3 before, $4 after
	audit() {
		as acdb_dp_dbuser "SELECT pg_backend_pid() AS pid \\gset
		\\setenv PID :pid
		\\set mac \`python3 $TOP/tests/bats/acdb_mac.py $AGENTCOOPDB_GATEWAY_PASSWORD $2 \$PID $id $A\`
		\\set ctx \`python3 $TOP/tests/bats/acdb_mac.py $AGENTCOOPDB_GATEWAY_PASSWORD ctx \$PID acdb_dp_dbuser $A\`
		BEGIN;
		SET LOCAL acdb.ctx = :'ctx';
		$3
		SELECT acdb_api.$1('$id', '$A', NULL, 'r', 'e', NULL, NULL, NULL,
		    NULL, decode(:'mac', 'hex'));
		$4"
	}
	run ! audit audit read "" "COMMIT;"
	[[ $output == *28000* ]]
	run ! audit audit audit "SET LOCAL ROLE dbuser;" "COMMIT;"
	[[ $output == *42501* ]]
	run -0 audit audit audit "" "COMMIT;"
	[ "$(sql "SELECT status FROM acdb.audit_logs WHERE id = '$id'")" = 200 ]
	run ! audit audit audit "" "COMMIT;"	# once only
	[[ $output == *23505* ]]
	id=00000000-0000-7000-8000-000000000002
	run -0 audit audit_if_written read "SET LOCAL ROLE dbuser;" "COMMIT;"
	[ "$output" = f ]
	run -0 audit audit_if_written read "SET LOCAL ROLE dbuser;
	    INSERT INTO plain VALUES (gen_random_uuid(), 'w');" "COMMIT;"
	[ "$output" = t ]
	[ "$(sql "SELECT count(*) FROM acdb.audit_logs WHERE id = '$id'")" = 1 ]
	id=00000000-0000-7000-8000-000000000003
	run ! audit audit_if_written read "" "COMMIT;"
	[[ $output == *42501* ]]
	run ! audit audit_if_written read "SET LOCAL acdb.ctx = '';
	    SET LOCAL ROLE dbuser;" "COMMIT;"
	[[ $output == *42501* ]]
	run ! audit audit_if_written audit "SET LOCAL ROLE dbuser;
	    INSERT INTO plain VALUES (gen_random_uuid(), 'w');" "COMMIT;"
	[[ $output == *28000* ]]
}

@test "an audit row needs its MAC, its login, its role and its context" {
	audit_rules strict
	audit_rules standard
}

@test "a hostile search_path does not reach into the functions" {
	key dbadmin "CREATE SCHEMA evil;
	    CREATE FUNCTION evil.eq(bytea, bytea) RETURNS boolean
	        LANGUAGE sql AS 'SELECT true';
	    CREATE OPERATOR evil.= (LEFTARG = bytea, RIGHTARG = bytea,
	        FUNCTION = evil.eq);
	    CREATE FUNCTION evil.sha256(bytea) RETURNS bytea
	        LANGUAGE sql AS 'SELECT NULL::bytea';
	    CREATE FUNCTION evil.lt(bytea, bytea) RETURNS boolean
	        LANGUAGE sql AS 'SELECT true';
	    CREATE OPERATOR evil.< (LEFTARG = bytea, RIGHTARG = bytea,
	        FUNCTION = evil.lt);
	    CREATE DOMAIN evil.uuid AS text; CREATE DOMAIN evil.bytea AS text"
	local forged
	forged=$(printf '7f%.0s' {1..56})
	run -0 key dbadmin "SET search_path = evil, pg_catalog;
	    SET acdb.ctx = '$forged';
	    SELECT acdb_api.workspace_id() IS NULL"
	[ "$output" = t ]
	run -0 key dbadmin "SET search_path = evil, pg_catalog;
	    SELECT acdb_api.workspace_id()"
	[ "$output" = "$A" ]
	key dbadmin "DROP SCHEMA evil CASCADE"
}

@test "a dump that is restored is healed by up" {
	local bin
	bin=$("$TOP/deploy/local/pg-bindir.sh")
	PGPASSWORD=$PGT_PASSWORD "$bin/pg_dump" -Fc -h 127.0.0.1 \
	    -p "$PGT_PORT" -U postgres -f "$BATS_TEST_TMPDIR/dump" acdb
	postgres_sql "DROP DATABASE acdb WITH (FORCE)"
	postgres_sql "CREATE DATABASE acdb"
	PGPASSWORD=$PGT_PASSWORD "$bin/pg_restore" -h 127.0.0.1 \
	    -p "$PGT_PORT" -U postgres -d acdb "$BATS_TEST_TMPDIR/dump"
	says FAIL database-closed
	says FAIL languages
	run -0 acdb-migrate up
	run acdb-migrate verify
	echo "$output" | grep -A1 -v PASS
	[ "$status" -eq 0 ]
	[ "$(key dbuser "SELECT body FROM own" "$A")" = A-note ]
}

@test "an application's migrations: up, resume, down, goto, baseline" {
	local d=$BATS_TEST_TMPDIR/app
	mkdir "$d"
	run -0 acdb-migrate new first --dir "$d"
	[ "$output" = "$d/0001_first.up.sql"$'\n'"$d/0001_first.down.sql" ]
	cat >"$d/0001_first.up.sql" <<-'END'
	-- A table, and a row with everything that a splitter trips over.
	CREATE TABLE first (id int, body text);

	INSERT INTO first VALUES (1, 'é; --'), (2, $x$;$x$); -- last
	DO $$ BEGIN PERFORM 1; END $$
	END
	echo "DROP TABLE first" >"$d/0001_first.down.sql"
	cat >"$d/0002_second.sql" <<-'END'
	-- acdb: no-transaction
	-- acdb: lock-timeout=5s
	CREATE INDEX CONCURRENTLY IF NOT EXISTS first_id ON first (id);
	INSERT INTO first VALUES (3, 'once');
	CREATE TABLE second (id int,
	    v nosuchtype);
	END
	run -0 acdb-migrate lint "$d"
	run -0 acdb-migrate up --dir "$d" --dry-run
	[[ $output == *"would apply 0001_first"* ]]
	run -3 acdb-migrate up --dir "$d"
	[[ $output == *"applied 0001_first"* ]]
	[[ $output == *"0002_second.sql:6: type \"nosuchtype\" does not exist"* ]]
	run -7 acdb-migrate status --check --dir "$d"
	[[ $output == *"0002  half "* ]]
	sed -i s/nosuchtype/int/ "$d/0002_second.sql"
	run -0 acdb-migrate up --dir "$d"
	[ "$(sql "SELECT count(*) FROM first WHERE body = 'once'")" = 1 ]
	[ "$(sql "SELECT relowner::regrole FROM pg_class
	    WHERE relname = 'second'")" = dbadmin ]
	run -0 acdb-migrate status --check --dir "$d"
	run -3 acdb-migrate down 1 --dir "$d"
	[[ $output == *"has no way back"* ]]
	echo "DROP TABLE second" >"$d/0002_second.down.sql"
	run -3 acdb-migrate goto 20 --dir "$d"
	[[ $output == *"no migration has the number 20"* ]]
	run -0 acdb-migrate goto 0 --dir "$d"
	[ -z "$(sql "SELECT 1 FROM pg_class WHERE relname = 'first'")" ]
	run -0 acdb-migrate baseline 1 --dir "$d" --dry-run
	[[ $output == *"would take 0001_first for applied" ]]
	run -0 acdb-migrate baseline 1 --dir "$d"
	run -0 acdb-migrate status --dir "$d"
	[[ $output == *"0001  applied "*"0002  pending "* ]]
	echo "-- changed" >>"$d/0001_first.up.sql"
	run -3 acdb-migrate up --dir "$d"
	[[ $output == *"was edited"* ]]
	rm "$d"/0001*
	run -3 acdb-migrate up --dir "$d"
	[[ $output == *"0001_first was applied, but its file is missing"* ]]
}

@test "an application's files: misnamed, with a mark, only looked at" {
	local d=$BATS_TEST_TMPDIR/app
	mkdir "$d"
	sql "DELETE FROM acdb.app_migrations"
	run -0 acdb-migrate new marked --dir "$d" --dry-run
	[[ $output == *"would make $d/0001_marked.up.sql"* ]]
	[ -z "$(ls "$d")" ]
	printf '\xef\xbb\xbf-- acdb: timeout=5s\r\nCREATE TABLE marked ();\r\n' \
	    >"$d/0001_marked.sql"
	echo "-- for people" >"$d/notes.sql"
	run -0 acdb-migrate up --dir "$d"
	[ "$(sql "SELECT count(*) FROM marked")" = 0 ]
	# Left out, it would be missed where nobody looks.
	echo "SELECT 1" >"$d/0002-hyphen.sql"
	run -1 acdb-migrate up --dir "$d"
	[[ $output == *"$d/0002-hyphen.sql: a migration's name is like"* ]]
	mv "$d/0002-hyphen.sql" "$d/0002_commit.sql"
	echo "/* CREATE TABLE never ();" >"$d/0002_commit.sql"
	run -1 acdb-migrate up --dir "$d"
	[[ $output == *"0002_commit.sql: a comment is not closed" ]]
	echo "COMMIT" >"$d/0002_commit.sql"
	run -7 acdb-migrate lint --dir "$d"
	[[ $output == *"0002_commit.sql:1: COMMIT"* ]]
	run -64 acdb-migrate lint --dir "$d" "$d"
}

@test "an application's migration is all or nothing, and cannot end early" {
	local d=$BATS_TEST_TMPDIR/app
	mkdir "$d"
	echo "DELETE FROM acdb.app_migrations" | cat >/dev/null
	sql "DELETE FROM acdb.app_migrations"
	echo "CREATE TABLE half (); SELECT 1/0" >"$d/0001_half.sql"
	run -3 acdb-migrate up --dir "$d"
	[[ $output == *"0001_half.sql:1: division by zero"* ]]
	[ -z "$(sql "SELECT 1 FROM pg_class WHERE relname = 'half'")" ]
	echo "CREATE TABLE half (); COMMIT; SELECT 1/0" >"$d/0001_half.sql"
	run -1 acdb-migrate up --dir "$d"
	run -7 acdb-migrate lint "$d"
	[[ $output == *"0001_half.sql:1: COMMIT"* ]]
	echo "VACUUM" >"$d/0001_half.sql"
	run -7 acdb-migrate lint "$d"
	[[ $output == *"needs -- acdb: no-transaction"* ]]
	# A trigger that a key planted runs with no more than a key's rights.
	key dbadmin "CREATE TABLE trap (id int);
	    CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$ BEGIN RESET ROLE; ALTER ROLE dbadmin SUPERUSER; RETURN NEW; END \$\$;
	    CREATE TRIGGER trap BEFORE INSERT ON trap FOR EACH ROW
	    EXECUTE FUNCTION trap()"
	echo "INSERT INTO trap VALUES (1)" >"$d/0001_half.sql"
	run -3 acdb-migrate up --dir "$d"
	[ "$(sql "SELECT rolsuper FROM pg_roles
	    WHERE rolname = 'dbadmin'")" = f ]
	# Nobody records a migration without the secret.
	run ! as acdb_dp_dbadmin "SELECT acdb_api.app_migrated(7, 'x',
	    sha256('x'), 0, true, NULL, sha256('x'))"
	[[ $output == *28000* ]]
}

@test "example makes the documents table, isolated" {
	run -0 acdb-migrate example
	run -0 acdb-migrate example
	key dbuser "INSERT INTO documents (title) VALUES ('mine')" "$A"
	[ -z "$(key dbuser "SELECT title FROM documents" "$B")" ]
}

@test "the existing gateway's database is taken over" {
	fresh
	postgres_sql "$(cat "$TOP/tests/bats/gateway03.sql")" acdb
	run -3 acdb-migrate up
	echo "$output"
	[[ $output == *reports* && $output == *--takeover* ]]
	run -0 acdb-migrate up --takeover --dry-run
	[[ $output == *"would take over"* ]]
	run -0 acdb-migrate up --takeover
	[[ $output == *"minted again"* ]]
	[ "$(sql "SELECT rolsuper FROM pg_roles
	    WHERE rolname = 'dbadmin'")" = f ]
	[ "$(sql "SELECT string_agg(name, ',' ORDER BY id)
	    FROM acdb.workspaces")" = "acme,acme $B,cccccccc-0000-4000-8000-000000000003" ]
	[ "$(sql "SELECT string_agg(concat_ws(' ', key_id, env, pg_role,
	    secret_hash IS NULL, revoked_at IS NULL), ',' ORDER BY key_id)
	    FROM acdb.api_keys")" = "AAAAAAAAAAAAAAAA live dbuser t t,BBBBBBBBBBBBBBBB live dbadmin t f" ]
	[ "$(sql "TABLE public.schema_migrations")" = "10|f" ]
	[ "$(sql "SELECT count(*) FROM pg_auth_members
	    WHERE member = 'agentcoopdb_gateway'::regrole")" = 0 ]
	run ! as agentcoopdb_gateway "SELECT * FROM agentcoopdb.api_keys"
	# Its policies still hold, and a forged setting reaches nothing now.
	[ "$(key dbuser "SELECT body FROM notes" "$A")" = A-note ]
	[ "$(key dbreader "SELECT body FROM notes" "$B")" = B-SECRET ]
	[ "$(key dbuser "SELECT body FROM all_notes" "$A")" = A-note ]
	[ -z "$(as acdb_dp_dbuser "SELECT set_config('app.workspace_id', '$B',
	    false) \\g /dev/null
	    SET ROLE dbuser; SELECT body FROM notes")" ]
	run -0 acdb-migrate verify
	[[ $output == *"WARN  extensions "*"schema public"* ]]
	run -0 acdb-migrate lint
	# A second time nothing is copied again.
	sql "DELETE FROM acdb.api_keys"
	run -0 acdb-migrate up
	[ "$(sql "SELECT count(*) FROM acdb.api_keys")" = 0 ]
}

@test "a server before 16 is refused in one line that says why" {
	local old=/usr/lib/postgresql/15/bin pgt=$PGT port
	[ -x $old/postgres ] || skip "no PostgreSQL 15 here"
	port=$(free_port)
	as_nobody $old/initdb -D "$pgt/old" -U postgres -A trust \
	    --no-sync >/dev/null
	as_nobody $old/pg_ctl -s -w -D "$pgt/old" -l "$pgt/oldlog" start \
	    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$pgt" 3>&-
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres \
	    run acdb-migrate up
	as_nobody $old/pg_ctl -s -w -m immediate -D "$pgt/old" stop
	[ "$status" -eq 3 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"PostgreSQL 15 is too old: 16 or newer"* ]]
}
