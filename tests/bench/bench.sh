#!/bin/bash
# acdbd beside the floor under it: "make bench"; doc/performance.md says how
# to read it.
#
# In one run and on one private PostgreSQL, in turns: tests/bench/floor.c (the
# same statements straight through libpq) without and with the audit of reads,
# acdbd over plaintext, acdbd over TLS.  Figures are medians of short rounds; they are printed and never
# judged here.  The rate limit is off; all else is acdbd's default, audit
# and a log line a request included.
#
# Variables: BENCH_CALLS ("select insert batch vector"; or unsure), BENCH_CONNS
# ("1 8 32"), BENCH_ROUNDS (3), BENCH_SECONDS (0.6, of a round),
# BENCH_VECTORS (10000), BENCH_MCP=0 (nothing of MCP), BENCH_PARTS=1 (also what
# each part of the boundary costs), BENCH_ACDBD (settings of acdbd:
# "AGENTCOOPDB_AUDIT_DISABLED=true").
set -eu
cd "$(dirname "$0")/../.."
top=$PWD
O=${O:-build/release}
case $O in /*) ;; *) O=$top/$O ;; esac
calls=${BENCH_CALLS:-select insert batch vector}
conns=${BENCH_CONNS:-1 8 32}
rounds=${BENCH_ROUNDS:-3}
seconds=${BENCH_SECONDS:-0.6}
vectors=${BENCH_VECTORS:-10000}
dims=384
warmup=$(awk -v t="$seconds" 'BEGIN { print t / 3 }')
read -ra extra <<<"${BENCH_ACDBD:-}"
export LC_ALL=C no_proxy=localhost,127.0.0.1
for name in $(env | sed -n 's/^\(AGENTCOOPDB_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

# The statement of each call, and how the two programs are told of it.
unsure_parts=hygiene,reset,begin,role,context,audit
declare -A text floor_args load_args pg_conns
text[select]='SELECT id, body FROM bench_rows WHERE id = $1'
text[insert]='INSERT INTO bench_written (k) VALUES ($1)'
# It reads, but acdbd does not know that from its text.
text[unsure]="${text[select]} AND pg_column_size(body) > 0"
text[batch]=${text[select]}
text[vector]='SELECT id FROM bench_vectors ORDER BY embedding <=> $1 LIMIT 10'
floor_args=([unsure]="-P $unsure_parts" [insert]='-w' [batch]='-b 20'
    [vector]="-v $dims")
load_args=([batch]='-b 20' [vector]="-v $dims")
for name in $calls; do
	[ -n "${text[$name]:-}" ] || {
		echo "bench: no call is named $name" >&2
		exit 64
	}
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/acdb-bench.XXXXXX")
chmod 755 "$dir"

say() {
	echo "bench: $*" >&2
}

# shellcheck source=tests/bench/servers.sh
. tests/bench/servers.sh
# shellcheck source=tests/bench/same.sh
. tests/bench/same.sh
# shellcheck source=tests/bench/parts.sh
. tests/bench/parts.sh
# shellcheck source=tests/bench/mcp.sh
. tests/bench/mcp.sh

finish() {
	stop quiet
	stop tls
	stop plain
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The settings that lead to the database.
database=(AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@/agentcoopdb?host=${dir//\//%2F}%2Fdb%2Frun"
    AGENTCOOPDB_GATEWAY_PASSWORD_FILE="$dir/db/secret")

# field NAME LINE
field() {
	local rest=${2#*"$1"=}
	echo "${rest%% *}"
}

# keep SERIES VALUE; median SERIES
keep() {
	echo "$2" >>"$dir/series.$1"
}
median() {
	sort -n "$dir/series.$1" | awk '{ v[NR] = $1 }
	    END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# over A B: the ratio of two medians
over() {
	awk -v a="$(median "$1")" -v b="$(median "$2")" \
	    'BEGIN { if (b > 0) printf "%.2f", a / b; else print "-" }'
}

# One round of the floor: run_floor SERIES PGCONNS ARG...
run_floor() {
	local series=$1 n=$2 line
	shift 2
	line=$("$O/bench/floor" -d "$conninfo" -c "$n" -t "$seconds" \
	    -W "$warmup" "$@")
	keep "$series.rate" "$(field rate "$line")"
	keep "$series.p50" "$(field p50 "$line")"
	keep "$series.p99" "$(field p99 "$line")"
	keep "$series.cpu" "$(awk -v a="$(field ' cpu' "$line")" \
	    -v b="$(field backend_cpu "$line")" 'BEGIN { print a + b }')"
}

# One round of acdbd: run_load SERIES WHICH CLIENTS CALL ARG...
run_load() {
	local series=$1 which=$2 n=$3 call=$4 line own all
	local -a with
	shift 4
	read -ra with <<<"${load_args[$call]:-}"
	own=$(ticks "$which") all=$(postgres_ticks)
	line=$("$O/bench/load" -c "$n" -t "$seconds" -W "$warmup" \
	    "${with[@]}" "$@" localhost "${port[$which]}" "${text[$call]}")
	own=$(($(ticks "$which") - own)) all=$(($(postgres_ticks) - all + own))
	keep "$series.rate" "$(field rate "$line")"
	keep "$series.p50" "$(field p50 "$line")"
	keep "$series.p99" "$(field p99 "$line")"
	keep "$series.cpu" "$(a_call "$own" "$line")"
	keep "$series.all" "$(a_call "$all" "$line")"
}

# a_call TICKS LINE: microseconds
a_call() {
	awk -v t="$1" -v hz="$(getconf CLK_TCK)" -v n="$(field calls "$2")" \
	    'BEGIN { print t / hz * 1e6 / n }'
}

# print_row WHAT TRANSPORT CLIENTS PGCONNS SERIES
print_row() {
	printf '%-8s%-6s%8s%6s %8.0f%8.0f%8.0f%7s%7s%7s%7s%8.1f %7s\n' "$1" \
	    "$2" "$3" "$4" "$(median bare.rate)" "$(median floor.rate)" \
	    "$(median "$5.rate")" "$(over "$5.rate" floor.rate)" \
	    "$(over "$5.p50" floor.p50)" "$(over "$5.p99" floor.p99)" \
	    "$(over "$5.rate" bare.rate)" "$(median "$5.cpu")" \
	    "$([ "$5" = plain ] || over tls.rate plain.rate)"
}

print_head() {
	printf '%-8s%-6s%8s%6s %8s%8s%8s%21s%7s%8s %7s\n' '' '' '' PG bare \
	    floor acdbd 'acdbd / floor' /bare 'CPU us' TLS/
	printf '%-8s%-6s%8s%6s %8s%8s%8s%7s%7s%7s%7s%8s %7s\n' call over \
	    clients conns calls/s calls/s calls/s calls p50 p99 calls 'a call' \
	    plain
}

# measure CALL
measure() {
	local call=$1 c n i
	local -a with audited
	read -ra with <<<"${floor_args[$call]:-}"
	for c in $conns; do
		n=${pg_conns[$c]}
		# A write has its audit row with it in either case.
		audited=()
		[ "$call" = insert ] || audited=(-a "$c")
		rm -f "$dir"/series.*
		for ((i = 0; i < rounds; i++)); do
			run_floor bare "$n" -q "${text[$call]}" "${with[@]}"
			run_floor floor "$n" -q "${text[$call]}" "${with[@]}" \
			    "${audited[@]}"
			run_load plain plain "$c" "$call"
			run_load tls tls "$c" "$call" -s -a "$dir/cert.pem"
		done
		print_row "$call" plain "$c" "$n" plain
		print_row "$call" TLS "$c" "$n" tls
	done
}

say "starting a private PostgreSQL and acdbd"
start_plain
# Once more with settings: the directory had to be there first.
stop plain
cluster_settings 'log_statement = all'
start_plain
admin=$(env "${database[@]}" "$O/bin/acdb-keys" mint --rate 0 2>"$dir/keys.log")
key=$(env "${database[@]}" "$O/bin/acdb-keys" mint --role dbuser --rate 0 --json \
    2>"$dir/keys.log")
AGENTCOOPDB_API_KEY=$(jq -r .token <<<"$key")
BENCH_KEY=$(jq -r .id <<<"$key")
BENCH_WORKSPACE=$(jq -r .workspace_id <<<"$key")
AGENTCOOPDB_GATEWAY_PASSWORD=$(cat "$dir/db/secret")
export AGENTCOOPDB_API_KEY BENCH_KEY BENCH_WORKSPACE
conninfo="host=$dir/db/run dbname=agentcoopdb user=acdb_dp_dbuser"
conninfo="$conninfo options='-c search_path=public,ext,pg_temp -c jit=off'"
make_tables
case " $calls " in *' vector '*) make_vectors ;; esac

export AGENTCOOPDB_GATEWAY_PASSWORD
compare_statements

# As many connections as acdbd takes for that many clients.
for c in $conns; do
	"$O/bench/load" -c "$c" -t "$seconds" -W 0 localhost "${port[plain]}" \
	    "${text[select]}" >/dev/null
	n=$(backends)
	pg_conns[$c]=$((n < 1 ? 1 : n > c ? c : n))
done
start_tls
say "$(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg)," \
    "$rounds rounds of $seconds s"

print_head
for call in $calls; do
	measure "$call"
done
[ "${BENCH_MCP:-1}" = 0 ] || measure_mcp
[ "${BENCH_PARTS:-0}" = 0 ] || measure_parts
