# acdbd and its PostgreSQL going away while statements run.

load helper

setup_file() {
	export AGENTCOOPDB_DRAIN_TIMEOUT=3s AGENTCOOPDB_STATEMENT_TIMEOUT=30s
	server_start
}

teardown_file() {
	server_end
}

setup() {
	[ -d "/proc/$(server_pid)" ] || server_up
	D=$BATS_TEST_TMPDIR
}

# Run a statement of that many seconds in the background and wait until
# PostgreSQL has it; its answer goes to $D/answer.
run_long() {
	api POST /v1/sql/execute "" "{\"sql\":\"SELECT pg_sleep($1)\"}" \
	    >"$D/answer" 2>&1 3>&- &
	LONG=$!
	until_true running
}

running() {
	[ "$(server_sql "SELECT count(*) FROM pg_stat_activity
	    WHERE state = 'active' AND query LIKE 'SELECT pg\_sleep%'")" = 1 ]
}

gone() {
	[ ! -d "/proc/$1" ]
}

answers() {
	[[ $(api POST /v1/sql/execute "" '{"sql":"SELECT 1"}' 2>&1) == *200 ]]
}

refused() {
	run curl -sS --cacert "$SRV/tls/cert.pem" "$URL/healthz"
	[ "$status" -eq 7 ]
}

@test "a statement that runs is answered, and nobody new is let in" {
	pid=$(server_pid)
	run_long 2
	kill -TERM "$pid"
	until_true refused
	wait "$LONG"
	[[ $(tail -n 1 "$D/answer") == 200 ]]
	until_true gone "$pid"
	tail -n 1 "$SRV/acdbd.log" | grep -q "info: stopped"
}

@test "what takes longer than the drain timeout is ended" {
	pid=$(server_pid)
	run_long 25
	begin=$SECONDS
	kill -TERM "$pid"
	wait "$LONG" || true
	until_true gone "$pid"
	[ $((SECONDS - begin)) -le 8 ]
	[[ $(tail -n 1 "$D/answer") != 200 ]]
}

@test "a second SIGTERM does not wait" {
	pid=$(server_pid)
	kill -TERM "$pid"
	until_true gone "$pid"
	AGENTCOOPDB_DRAIN_TIMEOUT=25s server_up
	pid=$(server_pid)
	run_long 25
	kill -TERM "$pid"
	until_true refused
	kill -TERM "$pid"
	until_true gone "$pid"		# before either is over
	wait "$LONG" || true
	[[ $(tail -n 1 "$D/answer") != 200 ]]
}

@test "a private PostgreSQL that is killed is started again" {
	answers
	kill -KILL "$(head -n 1 "$SRV/db/data/postmaster.pid")"
	until_true grep -q "PostgreSQL ended unexpectedly.*$SRV/db/log" \
	    "$SRV/acdbd.log"
	until_true answers
}
