#!/bin/bash
# Public clients against a real gateway.  Prints TAP.
#
# usage: run.sh [PART...]
#	published	the Python client of the gateway before this one, which
#			must run against ours as it is: library and commands
#	inspector	@modelcontextprotocol/inspector --cli lists (--strict)
#			and calls every tool
#	typescript	the official SDK for TypeScript, both generations
#	python		the official SDK for Python
#	tokens		what the tools cost a model
#
# Those of MCP over both transports and in both eras.
# Not -u: helper.bash is not written for it.
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C.UTF-8 no_proxy=localhost,127.0.0.1,::1 NO_COLOR=1
for name in $(env | sed -n 's/^\(AGENTCOOPDB_[A-Z_]*\)=.*/\1/p' |
    grep -v PG_BINDIR); do
	unset "$name"
done
tests=0 failed=0

bats_require_minimum_version() {	# of helper.bash
	:
}
# shellcheck source=tests/bats/helper.bash disable=SC1091
. tests/bats/helper.bash

fail() {
	printf 'clients/run.sh: %s\n' "$*" >&2
	exit 1
}

# number WHAT COMMAND...: run it, and number what it says was good or not; to
# say nothing, or to fail otherwise, is not good.
number() {
	local what=$1 out line said='' bad='' rc
	shift
	out=$(timeout 120 "$@" 2>"$SRV/stderr")
	rc=$?
	while IFS= read -r line; do
		case $line in
		'ok - '*|'not ok - '*)
			said=1 tests=$((tests + 1))
			case $line in not*)
				bad=1 failed=$((failed + 1)) ;;
			esac
			echo "${line%% - *} $tests - $what: ${line#* - }" ;;
		'# '*)	echo "$line" ;;
		esac
	done <<<"$out"
	if [ -z "$said" ] || { [ "$rc" -ne 0 ] && [ -z "$bad" ]; }; then
		tests=$((tests + 1)) failed=$((failed + 1))
		echo "not ok $tests - $what (exit $rc)"
		printf '%s\n' "$out" | tail -n 20 | sed 's/^/# /'
		tail -n 20 "$SRV/stderr" | sed 's/^/# /'
	fi
}

npm_take() {
	[ -n "${npm:-}" ] || npm=$(tests/mcp/setup.sh) || exit 1
}

# inspect TRANSPORT ERA METHOD [OPTION...]: the answer, as JSON.
inspect() {
	local transport=$1 era=$2 method=$3 target=(acdb-mcp -e
	    "AGENTCOOPDB_GATEWAY_URL=$URL" -e
	    "AGENTCOOPDB_API_KEY_FILE=$AGENTCOOPDB_API_KEY_FILE" -e
	    "AGENTCOOPDB_CA_FILE=$AGENTCOOPDB_CA_FILE")
	shift 3
	[ "$transport" = stdio ] || target=("$URL/v1/mcp" --transport http
	    --stored-auth-only --header "Authorization: Bearer $KEY")
	# With it the home directory is the test's own, for its catalogs.
	HOME=$SRV.config "$npm/node" \
	    "$npm/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js" \
	    --cli "${target[@]}" --protocol-era "$era" --method "$method" \
	    --format json "$@"
}

# ok WHAT COMMAND...: whether it succeeds.
ok() {
	local what=$1
	shift
	if "$@" >"$SRV/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		tail -n 20 "$SRV/out" | sed 's/^/# /'
	fi
}

strict() {
	inspect "$1" "$2" tools/list --strict >"$SRV/list" 2>"$SRV/warn" ||
	    { cat "$SRV/warn"; return 1; }
	# It warns of one thing, and that is meant: a statement's parameters
	# are of any type, and clients refuse unions.
	[ "$(grep -c '^Warning: tool' "$SRV/warn")" -eq \
	    "$(grep -c '^  Path: inputSchema.*params\.items$' \
	    "$SRV/warn")" ] || { cat "$SRV/warn"; return 1; }
	jq -e --slurpfile calls tests/clients/calls.json '(.result // .).tools
	    | map(.name) | sort == ($calls[0] | map(.[0]) | sort)' "$SRV/list"
}

calls_it() {
	inspect "$1" "$2" tools/call -q --tool-name "$3" \
	    --tool-args-json "$4" >"$SRV/call" || return 1
	jq -e '(.result // .) | (.isError | not) and .structuredContent ==
	    (.content[0].text | fromjson)' "$SRV/call" ||
	    { cat "$SRV/call"; return 1; }
}

inspect_all() {
	local tool args
	ok 'tools/list is clean under --strict' strict "$1" "$2"
	while IFS=$'\t' read -r tool args; do
		ok "calls $tool" calls_it "$1" "$2" "$tool" "$args"
	done < <(jq -r '.[] | [.[0], (.[1] | tojson)] | join("\t")' \
	    tests/clients/calls.json)
}

# block KIND: README's block of that kind.
block() {
	awk -v kind="$1" '/^```/ { on = substr($0, 4) == kind; next } on' \
	    README.md
}

# readme PYTHON: it installs what is tested here, and prints what it shows.
readme() {
	grep -qxF "    pip install $(sed -n 's/^\(agentic-coop-db==[^ ]*\).*/\1/p' \
	    tests/clients/published.txt)" README.md || return 1
	block python >"$SRV/readme.py"
	"$1" "$SRV/readme.py" >"$SRV/printed" || return 1
	block 'text python' | diff -u - "$SRV/printed"
}

part_published() {
	local python
	python=$(tests/clients/python.sh tests/clients/published.txt) || exit 1
	# What its procedure writes to; and keys that it cannot mint itself.
	database acdb-migrate example 2>"$SRV/stderr" || fail "no example"
	REQUESTS_CA_BUNDLE=$AGENTCOOPDB_CA_FILE \
	    KEY=$(<"$AGENTCOOPDB_API_KEY_FILE") \
	    KEY_DBUSER=$(mint dbuser 2>>"$SRV/stderr") \
	    KEY_DBREADER=$(mint dbreader 2>>"$SRV/stderr") \
	    KEY_SLOW=$(mint dbuser --rate 0.01 --burst 1 2>>"$SRV/stderr") \
	    number "published Python client" "$python/bin/python" \
	    tests/clients/published.py
	REQUESTS_CA_BUNDLE=$AGENTCOOPDB_CA_FILE \
	    ok "README's Python prints what stands below it" \
	    readme "$python/bin/python" >"$SRV/read"
	number "published Python client" cat "$SRV/read"
}

part_inspector() {
	local transport era
	npm_take
	KEY=$(<"$AGENTCOOPDB_API_KEY_FILE")
	for transport in stdio http; do
		for era in legacy modern; do
			# Its children may have 120 s each: not a shell's.
			inspect_all "$transport" "$era" >"$SRV/inspected"
			number "inspector, $transport, $era" \
			    cat "$SRV/inspected"
		done
	done
}

part_typescript() {
	local transport era
	npm_take
	for transport in stdio http; do
		number "TypeScript SDK v1, $transport, legacy" "$npm/node" \
		    tests/clients/sdk.mjs "$npm" v1 "$transport" legacy
		for era in legacy modern; do
			number "TypeScript SDK v2, $transport, $era" \
			    "$npm/node" tests/clients/sdk.mjs "$npm" v2 \
			    "$transport" "$era"
		done
	done
}

part_python() {
	local transport era python
	python=$(tests/clients/python.sh tests/clients/mcp.txt) || exit 1
	for transport in stdio http; do
		for era in legacy modern; do
			number "Python SDK, $transport, $era" \
			    "$python/bin/python" \
			    tests/clients/sdk.py "$transport" "$era"
		done
	done
}

part_tokens() {
	npm_take
	acdb-mcp >"$SRV/lines" <<-'EOF' || fail "acdb-mcp failed"
	{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}
	{"jsonrpc":"2.0","id":"list","method":"tools/list"}
	{"jsonrpc":"2.0","id":"rows","method":"tools/call","params":{"name":"sql_query","arguments":{"sql":"SELECT i AS id, 'customer ' || i AS name, 'user' || i || '@example.com' AS email, (i * 3.25)::numeric(10,2) AS price, i % 2 = 0 AS active, timestamptz '2026-01-01 00:00+00' + i * interval '1 hour' AS created_at, CASE WHEN i % 3 = 0 THEN NULL ELSE i * 1000 END AS parent_id, 'Berlin' AS city FROM generate_series(1, 50) i"}}}
	EOF
	# shellcheck disable=SC2094
	number "o200k_base" "$npm/node" tests/clients/tokens.mjs "$npm" \
	    <"$SRV/lines"
}

# shellcheck disable=SC2317,SC2329	# called by trap
clean() {
	server_stop >/dev/null
}

[ $# -gt 0 ] || set -- published inspector typescript python tokens
for p; do
	declare -F "part_$p" >/dev/null || {
		echo "clients/run.sh: no part is called $p" >&2
		exit 64
	}
done
trap clean EXIT
server_start >/dev/null 2>&1 || fail "there is no server"
export NODE_EXTRA_CA_CERTS=$SRV/tls/cert.pem
acdb -q -c "CREATE TABLE things (id bigint PRIMARY KEY
    GENERATED BY DEFAULT AS IDENTITY, name text, meta jsonb,
    embedding vector(3))" -c "INSERT INTO things (name, embedding)
    VALUES ('one', '[1,0,0]'), ('two', '[0,1,0]')" || fail "no table"
for p; do
	"part_$p"
done
echo "1..$tests"
[ "$failed" -eq 0 ] && [ "$tests" -gt 0 ]
