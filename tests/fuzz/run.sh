#!/bin/sh
# Run fuzz targets one after another; the first crash stops with its input
# kept beside the target.  usage: run.sh SECONDS TARGET...
seconds=$1
shift
for t in "$@"; do
	name=${t##*/fuzz_}
	found=${t%/*}/corpus/$name
	mkdir -p "$found"
	set -- "$found"
	[ -d "tests/fuzz/corpus/$name" ] && set -- "$@" "tests/fuzz/corpus/$name"
	[ -f "tests/fuzz/$name.dict" ] && set -- "$@" -dict="tests/fuzz/$name.dict"
	if ! "$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix="$t-" -print_final_stats=1 "$@" \
	    > "$t.log" 2>&1; then
		tail -n 40 "$t.log"
		echo "fuzz: $name failed; its input is at $t-*"
		exit 1
	fi
	printf 'fuzz: %s: %s runs, nothing found\n' "$name" \
	    "$(sed -n 's/stat::number_of_executed_units: *//p' "$t.log")"
done
