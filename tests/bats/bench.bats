# "make bench" works; what it measures is nobody's test.
load helper

setup_file() {
	[[ $O == *asan* ]] ||
	    make -s -C "$TOP" VARIANT="$(basename "$O")" bench-build 3>&-
}

setup() {
	local base=/tmp free
	[[ $O != *asan* ]] || skip "what is measured is the release"
	# In memory where it fits: what is waited for here is the disk.
	free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
	[ "${free:-0}" -lt 500000 ] || base=/dev/shm
	D=$(mktemp -d $base/acdb-bats.XXXXXX)
	chmod 755 "$D"
}

teardown() {
	rm -rf "${D:-}"
}

@test "make bench prints a line for each call, transport and client count" {
	run --separate-stderr -0 env TMPDIR="$D" BENCH_CONNS=2 \
	    BENCH_ROUNDS=1 BENCH_SECONDS=0.06 BENCH_VECTORS=500 BENCH_PARTS=1 \
	    "$TOP/tests/bench/bench.sh" 3>&-
	[ "$(grep -cE '^(select|insert|batch|vector) +(plain|TLS) +2 +2 +[1-9]' \
	    <<<"$output")" -eq 8 ]
	grep -qE '^/v1/mcp +2 +[1-9]' <<<"$output"
	[[ $output == *"without RESET ALL"* ]]
	[[ $output == *"without its audit row (by group commit)"* ]]
	[ -z "$(ls -A "$D")" ]
}

@test "make bench ends where the floor does not send what acdbd sends" {
	mkdir -p "$D/o/bench"
	ln -s "$BIN" "$D/o/bin"
	ln -s "$BIN/../bench/load" "$D/o/bench/load"
	cat >"$D/o/bench/floor" <<-EOF
	#!/bin/sh
	exec "$BIN/../bench/floor" "\$@" \
	    -P hygiene,reset,begin,pure,role,context
	EOF
	chmod +x "$D/o/bench/floor"
	run -1 env TMPDIR="$D" BENCH_CONNS=1 BENCH_CALLS=select O="$D/o" \
	    "$TOP/tests/bench/bench.sh" 3>&-
	[[ $output == *"-DISCARD SEQUENCES"* ]]
	[[ $output == *"select: the floor does not send what acdbd sends"* ]]
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
