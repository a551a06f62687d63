#!/bin/bash
# Run bats files side by side and print one TAP of all: for "make check".
#
# usage: run.sh [FILE...]	without arguments all there are
#
# BATS_JOBS processes (three for two processors, for they wait as long as they
# work) take files from one queue, the longest first; a file has
# BATS_FILE_TIMEOUT seconds (600), a test in it BATS_TEST_TIMEOUT.  A file that
# ends without having told of each of its tests is a failure.  How long each
# took stands in the TAP's comments.
set -u
cd "$(dirname "$0")/../.." || exit 1

# What takes longest begins first, else the last would run alone.
slow="migrate acdb_mcp mcp_http corpus ablation breaks acdb crash schema doors"

# one FILE: its TAP without the plan, printed when it is complete.
one() {
	local file=$1 name tap rc want told bad began=$SECONDS
	name=$(basename "$file" .bats)
	tap=$OUT/$name
	timeout -k 10 "${BATS_FILE_TIMEOUT:-600}" \
	    bats --formatter tap "$file" >"$tap" 2>&1 </dev/null
	rc=$?
	want=$(sed -n 's/^1\.\.//p' "$tap")
	told=$(grep -cE '^(not )?ok ' "$tap")
	bad=$(grep -c '^not ok ' "$tap")
	if [ "$told" -lt "${want:-1}" ] ||
	    { [ $rc -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		echo "not ok 0 $name tells of all its tests"
		echo "# $told of ${want:-unknown} told, then exit status $rc"
	fi >>"$tap"
	echo "# $name took $((SECONDS - began)) s" >>"$tap"
	flock "$OUT" sed '/^1\.\.[0-9]*$/d' "$tap"
}

[ $# -gt 0 ] || {
	for name in $slow; do
		set -- "$@" "tests/bats/$name.bats"
	done
	for file in tests/bats/*.bats; do
		case " $slow " in
		*" $(basename "$file" .bats) "*) ;;
		*) set -- "$@" "$file" ;;
		esac
	done
}
OUT=$(mktemp -d) || exit 1
trap 'rm -rf "$OUT"' EXIT
export OUT
export -f one
printf '%s\0' "$@" | xargs -0 -n 1 -P "${BATS_JOBS:-$((($(nproc) * 3 + 1) / 2))}" \
    --process-slot-var=BATS_SLOT bash -c 'one "$1"' one |
    awk '/^not ok / { failed = 1 }
	/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) }
	{ print; fflush() }
	END { print "1.." n + 0; exit failed || !n }'
