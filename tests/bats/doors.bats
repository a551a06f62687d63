# The doors, attacked with what no single statement can do: keys that end,
# cut connections, old handshakes, procedures, replays.  The programs under
# tests/security/ say more, and take words of the attacks' names.

load helper

@test "no attack at the doors gets through" {
	run python3 "$TOP/tests/security/doors.py"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^doors:\ [1-9][0-9]*\ passed,\ 0\ failed$ ]]
}
