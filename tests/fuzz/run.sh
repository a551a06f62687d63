#!/bin/sh
# Run fuzz targets one after another; the first crash stops, says the input
# and keeps it beside the target.  With FUZZ_SEED each run tries the same
# inputs, from the seeds alone; without, new ones, from all that was found.
# usage: run.sh SECONDS TARGET...
seconds=$1
shift
for t in "$@"; do
	name=${t##*/fuzz_}
	found=${t%/*}/corpus/$name
	if [ -n "$FUZZ_SEED" ]; then
		found=$found.seed
		rm -rf "$found"
	fi
	mkdir -p "$found"
	set -- "$found"
	[ -d "tests/fuzz/corpus/$name" ] && set -- "$@" "tests/fuzz/corpus/$name"
	[ -f "tests/fuzz/$name.dict" ] && set -- "$@" -dict="tests/fuzz/$name.dict"
	if ! "$t" -max_total_time="$seconds" ${FUZZ_SEED:+"-seed=$FUZZ_SEED"} \
	    -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$t-" \
	    -print_final_stats=1 "$@" > "$t.log" 2>&1; then
		tail -n 40 "$t.log"
		sed -n 's/.*Test unit written to //p' "$t.log" |
		    while read -r input; do
			echo "$input in base64:"
			base64 "$input"
		done
		echo "fuzz: $name failed; its input is at $t-*"
		exit 1
	fi
	printf 'fuzz: %s: %s runs, nothing found\n' "$name" \
	    "$(sed -n 's/stat::number_of_executed_units: *//p' "$t.log")"
done
