# acdbd on a PostgreSQL that is not its own: one that comes later, and ones
# that will not do.

load helper

setup_file() {
	PGBIN=$("$TOP/deploy/local/pg-bindir.sh")
	C=$(mktemp -d /tmp/acdb-later.XXXXXX)
	export PGBIN C
	chmod 755 "$C"
	mkdir "$C/data"
	echo superuser-password >"$C/pw"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R postgres "$C"
	fi
	as_postgres "$PGBIN/initdb" -D "$C/data" -U owner -A scram-sha-256 \
	    -E UTF8 --locale=C.UTF-8 \
	    --pwfile="$C/pw" >/dev/null
}

teardown_file() {
	rm -rf "$C"
}

setup() {
	D=$BATS_TEST_TMPDIR
	PORT=$(free_port)
	PGPORT=$(free_port)
	URL=http://127.0.0.1:$PORT
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGPORT/app
	export AGENTCOOPDB_GATEWAY_PASSWORD=the-gateway-password
	export AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://owner@127.0.0.1:$PGPORT/app
	export AGENTCOOPDB_OWNER_PASSWORD=superuser-password
	export AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$PORT
	export AGENTCOOPDB_LOG_FORMAT=text
	PID=
}

teardown() {
	[ -z "$PID" ] || kill -KILL "$PID" 2>/dev/null || true
	as_postgres "$PGBIN/pg_ctl" -D "$C/data" -m immediate stop \
	    >/dev/null 2>&1 || true
}

as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
	else
		"$@"
	fi
}

start_postgres() {
	as_postgres "$PGBIN/pg_ctl" -D "$C/data" -l "$C/pg.log" -w \
	    -o "-p $PGPORT -k $C -c listen_addresses=127.0.0.1" \
	    start >/dev/null 3>&-
	PGPASSWORD=superuser-password "$PGBIN/psql" -Xq -h 127.0.0.1 \
	    -p "$PGPORT" -U owner -d postgres -c "CREATE DATABASE app" \
	    2>/dev/null || true
}

start_acdbd() {
	acdbd 2>"$D/log" 3>&- &
	PID=$!
	until_true curl -sS --fail -o "$D/out" --max-time 5 "$URL/healthz"
}

until_true() {
	for _ in {1..1000}; do
		"$@" 2>/dev/null && return
		sleep 0.02
	done
	cat "$D/log"
	return 1
}

ready() {
	[[ $(curl -sS --max-time 5 "$URL/readyz") == '{"status":"ready"}' ]]
}

@test "a wrong password stops the start" {
	start_postgres
	AGENTCOOPDB_OWNER_PASSWORD=wrong run --separate-stderr -4 acdbd
	[[ $stderr == *password* ]]
	[[ $stderr != *wrong* ]]
}

@test "a database that comes later is migrated and served" {
	start_acdbd
	[[ $(curl -sS "$URL/readyz") == '{"status":"starting"'* ]]
	start_postgres
	until_true ready
	grep -q 'schema version' "$D/log"
	run --separate-stderr -0 acdbd --check
	[[ $output == *"ok	schema"* ]]
}

@test "with migrations off, it waits for somebody else's" {
	start_postgres
	PGPASSWORD=superuser-password "$PGBIN/psql" -Xq -h 127.0.0.1 \
	    -p "$PGPORT" -U owner -d app -c "UPDATE acdb.schema_migrations
	    SET version = version + 1000"
	AGENTCOOPDB_MIGRATE_ON_START=false start_acdbd
	until_true grep -q "not at this version" "$D/log"
	run ! ready
	AGENTCOOPDB_MIGRATE_ON_START=false run --separate-stderr -3 \
	    acdbd --check
	PGPASSWORD=superuser-password "$PGBIN/psql" -Xq -h 127.0.0.1 \
	    -p "$PGPORT" -U owner -d app -c "UPDATE acdb.schema_migrations
	    SET version = version - 1000"
	until_true ready
}

@test "a boundary that does not hold stops the start" {
	start_postgres
	PGPASSWORD=superuser-password "$PGBIN/psql" -Xq -h 127.0.0.1 \
	    -p "$PGPORT" -U owner -d app \
	    -c "GRANT SELECT ON acdb.api_keys TO dbuser"
	AGENTCOOPDB_MIGRATE_ON_START=false run --separate-stderr -7 acdbd
	[[ $stderr == *"the boundary does not hold"* ]]
}
