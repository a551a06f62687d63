#!/bin/bash
# The public conformance suite of MCP (@modelcontextprotocol/conformance)
# against what is built here: "make conformance".  Prints TAP.
#
# usage: run.sh [PART...]
#	fixture		every server scenario that the suite scores, of both
#			eras, against tests/mcp/mcp_fixture, which has the
#			tools, resources and prompts that they ask for by name
#	acdbd		those that ask for nothing by name, against acdbd
#	acdb-mcp	likewise, through a bridge from HTTP to its standard
#			input; what is about HTTP is then the bridge's
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
O=${O:-build/release}
case $O in /*) ;; *) O=$top/$O ;; esac
export LC_ALL=C.UTF-8 no_proxy=localhost,127.0.0.1,::1 NO_COLOR=1
for name in $(env | sed -n 's/^\(AGENTCOOPDB_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
tests=0 failed=0 pids=()
eras="2025-11-25 2026-07-28"

# Scenarios that ask for nothing by name; those that are about HTTP; and how
# many the suite scores, by its own account, so that none falls out unseen.
declare -A generic=(
	[2025-11-25]="server-initialize ping completion-complete tools-list
	    resources-list prompts-list"
	[2026-07-28]="server-stateless completion-complete tools-list
	    server-sse-multiple-streams resources-list prompts-list
	    sep-2164-resource-not-found caching
	    input-required-result-unsupported-methods
	    input-required-result-validate-input"
) http=(
	[2025-11-25]="dns-rebinding-protection server-sse-multiple-streams
	    server-session-lifecycle"
	[2026-07-28]="dns-rebinding-protection http-header-validation"
) scored=([2025-11-25]=30 [2026-07-28]=37)
# Checks of server-stateless that are not for these: they call tools of the
# fixture, or are about HTTP.
fixtures="sep-2575-(server-rejects-undeclared-capability|\
missing-capability-http-400|http-server-no-independent-requests-on-stream|\
server-no-log-without-loglevel)"
declare -A except=([acdbd]=$fixtures
	[acdb-mcp]="$fixtures|sep-2575-http-.*|\
sep-2575-request-meta-invalid-missing-meta")

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# shellcheck disable=SC2317,SC2329	# called by trap
clean() {
	local pid
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}

# result GOOD WHAT
result() {
	tests=$((tests + 1))
	if [ "$1" = yes ]; then
		echo "ok $tests - $2"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $2"
	fi
}

# suite NAME URL ERA: run it; what it wrote stays in $dir/NAME-ERA.
suite() {
	local out=$dir/$1-$3
	timeout 300 "$npm/node" \
	    "$npm/node_modules/@modelcontextprotocol/conformance/dist/index.js" \
	    server --url "$2" --requirements "$3" --timeout 60000 \
	    -o "$out" >"$out.log" 2>&1
}

# checks NAME ERA SCENARIO STATUS: those that came out so.
checks() {
	jq -r --arg s "$4" '.[] | select(.status == $s) | .id' \
	    "$dir/$1-$2/server-$3-20"*/checks.json 2>/dev/null
}

# judge NAME ERA SCENARIO...: a line for each, and of what failed what.
judge() {
	local name=$1 era=$2 s bad good
	shift 2
	for s; do
		good=$(checks "$name" "$era" "$s" SUCCESS | wc -l)
		bad=$(checks "$name" "$era" "$s" FAILURE)
		[ "$s" != server-stateless ] || bad=$(grep -vxE \
		    "${except[$name]:-none}" <<<"$bad")
		if [ "$good" -gt 0 ] && [ -z "$bad" ]; then
			result yes "$name, $era: $s ($good checks)"
			continue
		fi
		result no "$name, $era: $s"
		jq -r '.[] | select(.status == "FAILURE") | "# \(.id): " +
		    (.errorMessage // .description)' \
		    "$dir/$name-$era/server-$s-20"*/checks.json
	done
}

# The scenarios that the suite says it scored.
names_scored() {
	awk '/^=== SUMMARY/ { on = 1; next } /^Not scored/ { rest = 1 }
	    on && / passed, / && $2 ~ /:$/ { sub(":", "", $2); name[++n] = $2 }
	    rest && /^  / { unscored[$2] = 1 }
	    END { for (i = 1; i <= n; i++) if (!(name[i] in unscored))
		print name[i] }' "$dir/fixture-$1.log"
}

part_fixture() {
	local url era names want
	coproc fixture { exec "$O/mcp/mcp_fixture"; }
	# shellcheck disable=SC2154	# coproc sets it
	pids+=("$fixture_PID")
	read -r url <&"${fixture[0]}" || fail "mcp_fixture does not start"
	for era in $eras; do
		suite fixture "$url" "$era"
		want=${scored[$era]}
		names=$(names_scored "$era")
		# shellcheck disable=SC2086
		judge fixture "$era" $names
		result "$([ "$(wc -w <<<"$names")" -eq "$want" ] &&
		    echo yes)" "fixture, $era: $want scenarios are scored"
	done
}

# A gateway of its own, on plaintext: that is where rebinding of names must
# be warded off.  Started once.
gateway() {
	[ -z "${gateway_url:-}" ] || return 0
	# shellcheck disable=SC1091
	. tests/bats/helper.bash
	# shellcheck disable=SC2034	# helper.bash's
	SRV=$dir
	gateway_url=http://localhost:$(free_port)
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:${gateway_url##*:} \
	    "$O/bin/acdbd" --embedded="$dir/db" >"$dir/acdbd.log" 2>&1 &
	pids+=($!)
	until curl -sf -o "$dir/ready" "$gateway_url/readyz"; do
		kill -0 $! 2>/dev/null || {
			cat "$dir/acdbd.log" >&2
			fail "acdbd does not start"
		}
		sleep 0.1
	done
	(umask 077 && mint dbuser >"$dir/key") || fail "no key"
}

# front NAME ARGUMENT...: something for the suite to speak to, see front.mjs;
# its URL goes to $url.
front() {
	local log=$dir/$1.url waited=0
	shift
	"$npm/node" tests/mcp/front.mjs "$@" >"$log" &
	pids+=($!)
	until [ -s "$log" ]; do
		[ $((waited += 1)) -lt 300 ] || fail "front.mjs does not start"
		sleep 0.1
	done
	url=$(<"$log")
}

part_acdbd() {
	local era
	gateway
	front acdbd gateway "$gateway_url/v1/mcp" "$dir/key"
	for era in $eras; do
		suite acdbd "$url" "$era"
		# shellcheck disable=SC2086
		judge acdbd "$era" ${generic[$era]} ${http[$era]}
	done
}

part_acdb-mcp() {
	local era
	gateway
	export AGENTCOOPDB_GATEWAY_URL=$gateway_url
	export AGENTCOOPDB_API_KEY_FILE=$dir/key
	front acdb-mcp stdio "$O/bin/acdb-mcp"
	for era in $eras; do
		suite acdb-mcp "$url" "$era"
		# shellcheck disable=SC2086
		judge acdb-mcp "$era" ${generic[$era]}
	done
}

bats_require_minimum_version() {	# of helper.bash
	:
}

npm=$(tests/mcp/setup.sh) || exit 1
dir=$(mktemp -d /tmp/acdb-mcp.XXXXXX) && chmod 755 "$dir" || exit 1
trap clean EXIT
[ $# -gt 0 ] || set -- fixture acdbd acdb-mcp
for p; do
	declare -F "part_$p" >/dev/null || {
		echo "run.sh: no part is called $p" >&2
		exit 64
	}
	"part_$p"
done
echo "1..$tests"
[ "$failed" -eq 0 ] && [ "$tests" -gt 0 ]
