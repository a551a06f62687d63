# A PostgreSQL without a superuser, as a managed service gives it: the
# database's owner has CREATEROLE and CREATEDB and no more.

load helper
load http

setup_file() {
	postgres_start "$(free_port)"
	postgres_sql "CREATE ROLE cloud LOGIN CREATEROLE CREATEDB
	    PASSWORD 'cloud-password'"
	postgres_sql "CREATE DATABASE app OWNER cloud"
	# The service allows this extension; it stands where its maker put it.
	postgres_sql "CREATE EXTENSION vector" app
	export PGT PGT_PORT PGT_PASSWORD
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGT_PORT/app
	export AGENTCOOPDB_GATEWAY_PASSWORD=the-gateway-password
	export AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://cloud@127.0.0.1:$PGT_PORT/app
	export AGENTCOOPDB_OWNER_PASSWORD=cloud-password
}

teardown_file() {
	postgres_stop
}

# Sets lines to what verify says.
verify() {
	run acdb-migrate verify
	[ "$status" -eq "${1:-0}" ] || {
		echo "$output"
		return 1
	}
}

# says VERDICT NAME: in lines.
says() {
	[[ $output == *"$1  $2 "* ]] || {
		echo "$output"
		return 1
	}
}

# as LOGIN SQL [DATABASE]: psql.
as() {
	local password=cloud-password
	[ "$1" != agentcoopdb_gateway ] ||
	    password=$AGENTCOOPDB_GATEWAY_PASSWORD
	[ "${1#acdb_dp_}" = "$1" ] ||
	    password=$(python3 "$TOP/tests/bats/acdb_mac.py" \
		"$AGENTCOOPDB_GATEWAY_PASSWORD" login "$1")
	PGPASSWORD=$password "$("$TOP/deploy/local/pg-bindir.sh")/psql" \
	    -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -h 127.0.0.1 \
	    -p "$PGT_PORT" -U "$1" -d "${3:-app}" -c "$2"
}

# serve COMMAND...: with acdbd running; PORT and URL are set.
serve() {
	local port pid rc=0
	port=$(free_port)
	URL=http://127.0.0.1:$port
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$port AGENTCOOPDB_LOG_FORMAT=text \
	    AGENTCOOPDB_WORKERS=1 acdbd >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	pid=$!
	until_true curl -sSf -o "$BATS_TEST_TMPDIR/ready" "$URL/readyz" \
	    2>"$BATS_TEST_TMPDIR/curl" && "$@" || rc=1
	kill -TERM $pid
	tail --pid=$pid -f /dev/null
	[ $rc -eq 0 ] || cat "$BATS_TEST_TMPDIR/log"
	return $rc
}

# execute SQL: as $KEY; sets status and body.
execute() {
	local answer
	answer=$(curl -sS --max-time 20 -w '\n%{http_code}' \
	    -H "Authorization: Bearer $KEY" --data-raw "$(request "$1")" \
	    "$URL/v1/sql/execute")
	status=${answer##*$'\n'}
	body=${answer%$'\n'*}
}

mint_in() {
	env -u AGENTCOOPDB_MIGRATIONS_DATABASE_URL acdb-keys mint --rate 0 \
	    --workspace "$1" --role "$2"
}

@test "up refuses a login without superuser, and says what to do" {
	run -3 acdb-migrate up
	[[ $output == *AGENTCOOPDB_HARDENING=managed* ]]
}

@test "managed is not for superusers, nor for who does not own the database" {
	export AGENTCOOPDB_HARDENING=managed
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=${AGENTCOOPDB_MIGRATIONS_DATABASE_URL/cloud@/postgres@} \
	    AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD run -78 acdb-migrate up
	[[ $output == *"managed is for a server without a superuser"* ]]
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=${AGENTCOOPDB_MIGRATIONS_DATABASE_URL/app/postgres} \
	    run -3 acdb-migrate up
	[[ $output == *"has to own the database"* ]]
}

@test "up as the owner, twice; verify says what is weaker, a line each" {
	export AGENTCOOPDB_HARDENING=managed
	acdb-migrate up
	acdb-migrate up
	verify
	for name in schema hardening control-login split-logins pinned-roles \
	    key-roles parameters database-closed schemas control-tables \
	    constraints definer-functions code triggers-on change-triggers \
	    tried-dbadmin tried-dbuser tried-dbreader derived-passwords; do
		says PASS $name
	done
	for name in languages builtin-functions guard managed ceilings; do
		says WARN $name
	done
	[[ $output == *"weaker without a superuser: acdb_refuse is missing"* ]]
	[[ $output == *"owner cloud can become acdb_owner"* ]]
	[[ $output == *"dbadmin has no BYPASSRLS"* ]]
}

@test "who has not asked for managed gets a FAIL, and acdbd refuses" {
	verify 7
	says FAIL hardening
	says FAIL languages
	says FAIL guard
	run -7 acdbd
	[[ $output == *"refusing to serve"* ]]
}

@test "what is not the superuser's to see to still fails" {
	export AGENTCOOPDB_HARDENING=managed
	postgres_sql "GRANT dbadmin TO acdb_dp_dbuser" app
	verify 7
	says FAIL split-logins
	says FAIL tried-dbuser
	postgres_sql "REVOKE dbadmin FROM acdb_dp_dbuser" app
	as cloud "GRANT SELECT ON acdb.ctx_key TO agentcoopdb_gateway"
	verify 7
	says FAIL control-tables
	acdb-migrate up
	verify
}

@test "acdbd serves, says what is weaker, and keeps workspaces apart" {
	export AGENTCOOPDB_HARDENING=managed
	serve keeps_apart
	run -0 cat "$BATS_TEST_TMPDIR/log"
	[[ $output == *"the boundary is weaker"*builtin-functions* ]]
}

keeps_apart() {
	ADMIN=$(mint_in a dbadmin) A=$(mint_in a dbuser) B=$(mint_in b dbuser)
	KEY=$ADMIN execute "CREATE TABLE notes (id uuid PRIMARY KEY
	    DEFAULT gen_random_uuid(), workspace_id uuid, body text)" && ok
	# Nothing isolates it by itself, and verify says so.
	verify && says WARN tenant-tables || return
	KEY=$ADMIN execute "SELECT acdb_guard.isolate('notes'::regclass)" && ok
	verify && says PASS tenant-tables || return
	KEY=$A execute "INSERT INTO notes (body) VALUES ('of a')" && ok
	KEY=$B execute "INSERT INTO notes (body) VALUES ('of b')" && ok
	KEY=$A execute "SELECT body FROM notes" && rows '[["of a"]]' || return
	KEY=$B execute "SELECT body FROM notes" && rows '[["of b"]]' || return
	# What could not be revoked is refused by its name, and where that is
	# hidden by what it does.
	for text in "SELECT pg_advisory_lock(1)" "DO 'BEGIN END'" \
	    "SELECT U&\"\\0070g_terminate_backend\"(1)" \
	    "SELECT * FROM pg_catalog.lo_create(0)" "TABLE pg_locks" \
	    "UPDATE notes SET body = set_config('role', 'none', true)"; do
		KEY=$A execute "$text" && same "$status" 403 || return
		has "without a superuser" || return
	done
	KEY=$ADMIN execute "CREATE FUNCTION hidden(text, text) RETURNS text
	    LANGUAGE sql AS 'SELECT set_config(\$1, \$2, true)'" && ok
	KEY=$ADMIN execute "GRANT EXECUTE ON FUNCTION hidden TO dbuser" && ok
	KEY=$A execute "SELECT hidden('app.workspace_id', (SELECT
	    gen_random_uuid())::text), hidden('acdb.ctx',
	    repeat('b', 112)), (SELECT string_agg(body, ',')
	    FROM notes)" && same "$status" 403 || return
	[[ $body != *"of b"* ]] || return
	KEY=$A execute "SELECT hidden('role', 'none')" && same "$status" 403 ||
	    return
	KEY=$A execute "SELECT 1" && ok || return
	KEY=$A execute "SELECT * FROM acdb.api_keys" && same "$status" 403 ||
	    return
	# A role of a dbadmin's own is served as well.
	KEY=$ADMIN execute "CREATE ROLE analyst" && ok
	KEY=$ADMIN execute "GRANT SELECT ON notes TO analyst" && ok
	answer=$(curl -sS --max-time 20 -H "Authorization: Bearer $ADMIN" \
	    --data-raw '{"pg_role":"analyst"}' "$URL/v1/auth/keys")
	KEY=$(jq -r .token <<<"$answer")
	execute "SELECT body FROM notes" && rows '[["of a"]]'
}

sleeps() {
	[ -n "$(postgres_sql "$pid" app)" ]
}

@test "the control plane ends a session that cannot be cancelled" {
	as acdb_dp_dbuser "SELECT pg_sleep(60)" 3>&- 2>"$BATS_TEST_TMPDIR/err" &
	pid="SELECT pid FROM pg_stat_activity WHERE usename = 'acdb_dp_dbuser'
	    AND query LIKE '%pg_sleep%'"
	until_true sleeps
	same "$(as agentcoopdb_gateway "SELECT acdb_guard.end_session(
	    $(postgres_sql "$pid" app), 'acdb_dp_dbuser')")" t
	tail --pid=$! -f /dev/null
	grep -q 57P01 "$BATS_TEST_TMPDIR/err"
	run ! as acdb_dp_dbuser "SELECT acdb_guard.end_session(1, 'x')"
}

@test "a superuser, once there is one, closes what was open" {
	export AGENTCOOPDB_HARDENING=standard AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD
	export AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/app
	postgres_sql "ALTER DATABASE app OWNER TO postgres"
	acdb-migrate up
	verify
	for name in hardening languages builtin-functions guard ceilings; do
		says PASS $name
	done
}
