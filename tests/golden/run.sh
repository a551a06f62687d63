#!/bin/sh
# Golden tests: what acdbd --inetd answers to a request file, byte for byte.
#
# usage: run.sh [-u] [NAME...]
#	NAME.in is sent, NAME.out expected; NAME.env, where there is one, is
#	read by the shell first and sets AGENTCOOPDB_ variables.  What differs
#	from run to run is masked by mask.sed, in expectations too.  With -u
#	the expectations are written instead.
#
# Every case runs twice: from a file to a file, which epoll refuses, and
# through pipes.  No case here reaches a database; there is none.
cd "$(dirname "$0")/../.." || exit 1
acdbd=${O:-build/release}/bin/acdbd
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 update=
[ "$1" = -u ] && update=1 && shift
[ $# -gt 0 ] || set -- tests/golden/*.in

# serve NAME: standard input to standard output, in the case's environment.
serve() (
	for v in $(env | sed -n 's/^\(AGENTCOOPDB_[A-Z_]*\)=.*/\1/p'); do
		unset "$v"
	done
	export AGENTCOOPDB_DATABASE_URL=postgres://nobody@127.0.0.1:1/none
	export AGENTCOOPDB_GATEWAY_PASSWORD=there-is-no-database-here
	export AGENTCOOPDB_LOG_FORMAT=text
	if [ -f "tests/golden/$1.env" ]; then
		set -a
		# shellcheck disable=SC1090
		. "tests/golden/$1.env"
	fi
	exec timeout 20 "$acdbd" --inetd
)

# verdict NAME HOW RC: compare $tmp/out.
verdict() {
	sed -f tests/golden/mask.sed "$tmp/out" >"$tmp/masked"
	if [ "$3" -eq 0 ] &&
	    cmp -s "tests/golden/$1.out" "$tmp/masked"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok $1, $2 (exit $3)"
	diff "tests/golden/$1.out" "$tmp/masked" | cat -A | head -n 40
	head -n 20 "$tmp/err"
}

for name; do
	name=${name##*/} name=${name%.in}
	serve "$name" <"tests/golden/$name.in" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ -n "$update" ]; then
		sed -f tests/golden/mask.sed "$tmp/out" \
		    >"tests/golden/$name.out"
	fi
	verdict "$name" 'by files' $rc
	# shellcheck disable=SC2002
	cat "tests/golden/$name.in" |
	    { serve "$name" 2>"$tmp/err"; echo $? >"$tmp/rc"; } |
	    cat >"$tmp/out"
	verdict "$name" 'by pipes' "$(cat "$tmp/rc")"
done
echo "golden: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
