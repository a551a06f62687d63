#!/usr/bin/env bats
# Connections lost, cancelled and fought over: tests/live/breaks.py, whose
# every test is a line of TAP of its own.

load helper

@test "acdbd where it is roughest: a look at each of its breaking points" {
	run python3 "$TOP/tests/live/breaks.py"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == 1..* ]]
}
