#!/bin/bash
# Run every test there is and count: "make check".
#
# usage: check.sh [PART...]	without arguments all of them, in order; a
#	part is unit, golden, bats, mcp, clients (release), asan-unit,
#	asan-golden, asan-bats, lint or fuzz.
#
# Each part's whole output is kept in build/check/PART.log.  A part that runs
# no test has failed.  fuzz, which no other part waits for and which waits for
# nothing, runs beside the others.  The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8 BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-300}
# What the shell that runs us is set up for must not reach the tests.
for name in $(env | sed -n 's/^\(AGENTCOOPDB_[A-Z_]*\)=.*/\1/p' |
    grep -v PG_BINDIR) \
    CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR PGHOST PGPORT PGUSER \
    PGPASSWORD PGDATABASE PGSERVICE http_proxy https_proxy ALL_PROXY; do
	unset "$name"
done
export no_proxy=localhost,127.0.0.1,::1

make=${MAKE:-make}
jobs=-j$(nproc)
mkdir -p build/check
rm -f build/check/total build/check/*.count

count() {
	grep -cE "$1" "$log"
}

# part NAME COMMAND...: run the command and count what its output says: by
# lines of "NAME: N passed, N failed", else as TAP or by the words of lint and
# fuzz.
part() {
	local name=$1 log=build/check/$1.log rc p f s total began=$SECONDS
	shift
	"$@" >"$log" 2>&1 </dev/null
	rc=$?
	s=$(count '^ok .*# skip')
	p=$(($(count '^ok ') - s + $(count '^lint: clean$') +
	    $(count '^fuzz: .* nothing found$')))
	f=$(($(count '^not ok ') + $(count '^fuzz: .* failed')))
	total=$(sed -n 's/^[a-z]*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
	    "$log" | awk '{ p += $1; f += $2 } END { if (NR) print p, f }')
	[ -z "$total" ] || read -r p f <<<"$total"
	[ "$rc" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	if [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then
		echo "ran no test" >>"$log"
		f=1
	fi
	echo "$p $f $s" >"build/check/$name.count"
	# In one piece, for another part may have something to say as well.
	printf '%s\n' "$(
		printf '%s: %d passed, %d failed' "$name" "$p" "$f"
		[ "$s" -eq 0 ] || printf ', %d skipped' "$s"
		printf ' (%d s)\n' $((SECONDS - began))
		[ "$f" -eq 0 ] || show "$log")"
}

# Of TAP what did not pass, of anything else its end.
show() {
	echo "--- from $1:"
	if grep -q '^not ok ' "$1"; then
		awk '/^not ok / { on = 1 } /^ok / { on = 0 } on' "$1" |
		    head -n 200
	else
		tail -n 60 "$1"
	fi
	echo "---"
}

build() {
	"$make" -s "$jobs" VARIANT="$1" all || {
		echo "the build of variant $1 failed"
		echo 0 1 0 >"build/check/build-$1.count"
		return 1
	}
}

golden() {
	O=build/$1 sh tests/golden/run.sh
}

bats_all() {
	O=build/$1 tests/bats/run.sh
}

run() {
	case $1 in
	unit)		build release &&
			    part unit "$make" "$jobs" VARIANT=release unit ;;
	golden)		build release && part golden golden release ;;
	bats)		build release && part bats bats_all release ;;
	mcp)		build release &&
			    part mcp "$make" "$jobs" -s conformance ;;
	clients)	build release && part clients tests/clients/run.sh ;;
	asan-unit)	build asan &&
			    part asan-unit "$make" "$jobs" VARIANT=asan unit ;;
	asan-golden)	build asan && part asan-golden golden asan ;;
	asan-bats)	build asan && part asan-bats bats_all asan ;;
	lint)		part lint "$make" "$jobs" lint ;;
	fuzz)		part fuzz nice -n 5 "$make" "$jobs" fuzz-short ;;
	*)		echo "check.sh: no part is called $1" >&2
			exit 64 ;;
	esac
}

[ $# -gt 0 ] || set -- unit golden bats mcp clients asan-unit asan-golden \
    asan-bats lint fuzz
beside=
for p; do
	[ "$p" != fuzz ] || { run fuzz & beside=$!; }
done
for p; do
	[ "$p" = fuzz ] || run "$p"
done
[ -z "$beside" ] || wait "$beside"
read -r passed failed skipped <<<"$(cat build/check/*.count |
    awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed" | tee build/check/total
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
