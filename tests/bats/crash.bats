#!/usr/bin/env bats
# Exactly once, although everything is killed: tests/crash/crash.py with few
# kills; "make crash" has it do more.

load helper

@test "20 kills under load: nothing lost, nothing doubled, all recorded" {
	run python3 "$TOP/tests/crash/crash.py" --kills 20
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"# 20 kills"* ]]
}
