# PostgreSQL going away and coming back while acdbd serves, and too few of its
# connections.  It is one that acdbd did not start.

load helper
load http

setup_file() {
	SRV=$(mktemp -d /tmp/acdb-bats.XXXXXX) && chmod 755 "$SRV"
	postgres_start "$(free_port)"
	PORT=$(free_port)
	PGBIN=$("$TOP/deploy/local/pg-bindir.sh")
	export SRV PORT PGT PGT_PORT PGT_PASSWORD PGBIN
	export URL=https://localhost:$PORT
	postgres_sql "CREATE DATABASE app"
	mkdir "$SRV/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -config /dev/null -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost -keyout "$SRV/tls/key.pem" \
	    -out "$SRV/tls/cert.pem" 2>/dev/null
	export AGENTCOOPDB_GATEWAY_PASSWORD=the-gateway-password
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGT_PORT/app
	AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/app \
	    AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD \
	    AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$PORT \
	    AGENTCOOPDB_TLS_CERT=$SRV/tls/cert.pem \
	    AGENTCOOPDB_TLS_KEY=$SRV/tls/key.pem \
	    AGENTCOOPDB_DATABASE_MAX_CONNS=10 AGENTCOOPDB_WORKERS=2 \
	    AGENTCOOPDB_LOG_FORMAT=text acdbd 2>"$SRV/log" 3>&- &
	echo $! >"$SRV/acdbd.pid"
	until_true is_ready 200
	acdb-keys mint --role dbadmin --rate 0 >"$SRV/admin.key"
	sql "CREATE TABLE load (i bigint)" && ok
}

teardown_file() {
	pid=$(server_pid)
	kill "$pid" && until_true [ ! -d "/proc/$pid" ] || true
	found=$(server_found "$SRV/log")
	postgres_stop
	rm -rf "$SRV"
	same "$found" ''
}

is_ready() {
	KEY='' ask GET /readyz 2>/dev/null
	[ "$status" = "$1" ]
}

down() {
	pg_ctl -m "${1:-fast}" stop
}

up() {
	pg_ctl start
}

# As postgres_start does it; also for load.py.
pg_ctl() {
	as_nobody "$PGBIN/pg_ctl" -s -w -D "$PGT/data" -l "$PGT/log" \
	    -o "-p $PGT_PORT -c listen_addresses=127.0.0.1 -c fsync=off \
	    -c unix_socket_directories=$PGT" "$@" 3>&-
}

setup() {
	pg_ctl status >/dev/null || up
	until_true is_ready 200
}

unavailable() {
	refused 503 database_unavailable
	[[ $(header retry-after) =~ ^[1-9][0-9]?$ ]]
	has '"retryable":true'
}

@test "without its database acdbd says so, at once, and comes back" {
	KEY='' ask GET /readyz && same "$body" '{"status":"ready"}'
	down
	began=$SECONDS
	until_true is_ready 503
	is .status '"degraded"'
	[[ $(jq -r .reason <<<"$body") == ?* ]]
	KEY='' ask GET /healthz && ok && has '"status":"ok"'
	for _ in {1..4}; do
		sql "SELECT 1" && unavailable
		ask GET /v1/me && unavailable
		ask POST /v1/auth/keys '{"pg_role":"dbuser"}' && unavailable
		ask GET /v1/audit && unavailable
		sql "INSERT INTO load VALUES (-1)" '' '' \
		    -H "Idempotency-Key: down" && unavailable
	done
	# Nor is a wrong key told from a right one.
	KEY=acd_dev_AAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
	    sql "SELECT 1" && unavailable
	KEY=nonsense sql "SELECT 1" && refused 401 missing_or_invalid_api_key
	[ $((SECONDS - began)) -lt 30 ]
	up
	until_true is_ready 200
	served() {
		sql "SELECT 1"
		[ "$status" = 200 ]
	}
	until_true served
	sql "SELECT count(*) FROM load WHERE i = -1" && value 0
	sql "INSERT INTO load VALUES (-1)" '' '' -H "Idempotency-Key: down" &&
	    ok && same "$(header x-idempotent-replayed)" ''
}

@test "stopped and started under load: a moment of 503, nothing lost" {
	declare -f pg_ctl as_nobody >"$BATS_TEST_TMPDIR/pg_ctl"
	KEY=$(<"$SRV/admin.key") CACERT=$SRV/tls/cert.pem \
	    STOP="bash -c '. $BATS_TEST_TMPDIR/pg_ctl; pg_ctl stop \"\$@\"' sh" \
	    START="bash -c '. $BATS_TEST_TMPDIR/pg_ctl; pg_ctl start'" \
	    python3 "$TOP/tests/bats/load.py"
}

@test "a statement whose backend is ended is told so, and the next runs" {
	api POST /v1/sql/execute "" '{"sql":"SELECT pg_sleep(30)"}' \
	    >"$BATS_TEST_TMPDIR/answer" 3>&- &
	sleeper() {
		postgres_sql "SELECT pg_terminate_backend(pid)
		    FROM pg_stat_activity WHERE wait_event = 'PgSleep'" app |
		    grep -q t
	}
	until_true sleeper
	wait $!
	grep -q '"title":"database_unavailable"' "$BATS_TEST_TMPDIR/answer"
	same "$(tail -n 1 "$BATS_TEST_TMPDIR/answer")" 503
	sql "SELECT 1" && value 1
}

@test "more calls than connections wait in line; who waits too long is told" {
	for _ in {1..12}; do
		api POST /v1/sql/execute "" '{"sql":"SELECT pg_sleep(50)","timeout_ms":55000}' \
		    >/dev/null 2>&1 3>&- &
	done
	sleeping() {
		[ "$(postgres_sql "SELECT count(*) > 3 FROM pg_stat_activity
		    WHERE wait_event = 'PgSleep'" app)" = t ]
	}
	until_true sleeping
	saturated() {
		sql "SELECT 1"
		[ "$status" != 200 ]
	}
	until_true saturated
	refused 503 too_many_connections
	[[ $(header retry-after) =~ ^[1-9][0-9]*$ ]]
	has '"retryable":true'
	# Whose client goes away is cancelled, and the line moves on.
	# shellcheck disable=SC2046 # one word each
	kill $(jobs -p) $(jobs -p | xargs -I{} pgrep -P {}) 2>/dev/null || true
	served() {
		! saturated
	}
	until_true served
	value 1
}
