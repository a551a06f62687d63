# MCP beside plain HTTP: the same select as a call of the tool sql_query.
# shellcheck shell=bash disable=SC2154	# variables of bench.sh

# One round of calls through acdb-mcp: run_stdio SERIES
run_stdio() {
	local line
	line=$(AGENTCOOPDB_GATEWAY_URL="https://localhost:${port[tls]}" \
	    AGENTCOOPDB_CA_FILE="$dir/cert.pem" "$O/bench/stdio" -t "$seconds" \
	    -W "$warmup" "${text[select]}" "$O/bin/acdb-mcp")
	keep "$1.rate" "$(field rate "$line")"
	keep "$1.p50" "$(field p50 "$line")"
	keep "$1.p99" "$(field p99 "$line")"
	keep "$1.cpu" 0
}

# A status of 200 does not say that a tool went well.
check_tool() {
	local answer
	answer=$(curl -sS -H "Authorization: Bearer $AGENTCOOPDB_API_KEY" \
	    -H 'Content-Type: application/json' --data-binary @- \
	    "http://127.0.0.1:${port[plain]}/v1/mcp" <<-EOF
	{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":
	"sql_query","arguments":{"sql":"${text[select]}","params":[1]}}}
	EOF
	)
	if [[ $answer != *'[[1,\"xxx'* ]]; then
		say "sql_query answers: $answer"
		exit 1
	fi
}

# print_mcp WHAT CLIENTS SERIES BASE
print_mcp() {
	printf '%-22s%8s%9.0f%9.0f%9.0f%9.1f%8s%9s\n' "$1" "$2" \
	    "$(median "$3.rate")" "$(median "$3.p50")" "$(median "$3.p99")" \
	    "$(median "$3.cpu")" "$(over "$3.rate" "$4.rate")" \
	    "$(awk -v a="$(median "$3.p50")" -v b="$(median "$4.p50")" \
	    'BEGIN { printf "%+.0f", a - b }')"
}

measure_mcp() {
	local c i tls=(-s -a "$dir/cert.pem")
	check_tool
	printf '\n%-22s%8s%9s%9s%9s%9s%8s%9s\n' 'a select by' clients \
	    calls/s 'p50 us' 'p99 us' 'CPU us' '/ HTTP' 'p50 more'
	for c in $conns; do
		rm -f "$dir"/series.*
		for ((i = 0; i < rounds; i++)); do
			run_load http tls "$c" select "${tls[@]}"
			run_load mcp tls "$c" select "${tls[@]}" -m
			[ "$c" != 1 ] || run_stdio stdio
		done
		print_mcp /v1/sql/execute "$c" http http
		print_mcp /v1/mcp "$c" mcp http
		[ "$c" != 1 ] || print_mcp acdb-mcp "$c" stdio http
	done
}
