# "make bench" works; what it measures is nobody's test.
load helper

setup() {
	make -s -C "$TOP" VARIANT="$(basename "$O")" bench-build 3>&-
	D=$(mktemp -d /tmp/acdb-bats.XXXXXX)
	chmod 755 "$D"
}

teardown() {
	rm -rf "$D"
}

@test "make bench prints a line for each call, transport and client count" {
	run --separate-stderr -0 env TMPDIR="$D" BENCH_CONNS="1 2" \
	    BENCH_ROUNDS=1 BENCH_SECONDS=0.2 BENCH_PARTS=1 \
	    "$TOP/tests/bench/bench.sh" 3>&-
	[ "$(grep -cE '^(SELECT|INSERT) +(plain|TLS) +[12] +[12] +[1-9]' \
	    <<<"$output")" -eq 8 ]
	[[ $output == *"without RESET ALL"* ]]
	[ -z "$(ls -A "$D")" ]
}

@test "the load generator ends at an answer that is not 200, and shows it" {
	local port pid
	port=$(free_port)
	AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:1/x \
	    AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database \
	    AGENTCOOPDB_MIGRATE_ON_START=false \
	    AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$port \
	    acdbd 2>"$D/log" 3>&- &
	pid=$!
	curl -sS --retry 100 --retry-connrefused --retry-delay 1 \
	    -o /dev/null "http://127.0.0.1:$port/healthz"
	run -1 env AGENTCOOPDB_API_KEY=malformed "$BIN/../bench/load" -t 0.1 \
	    localhost "$port" 'SELECT $1'
	kill "$pid"
	wait "$pid" || true
	[[ $output == *"HTTP/1.1 401 "*missing_or_invalid_api_key* ]]
	run -1 env AGENTCOOPDB_API_KEY=x "$BIN/../bench/load" -t 0.1 \
	    localhost "$port" 'SELECT $1'
	[[ $output == *"Connection refused"* ]]
}
