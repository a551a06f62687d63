# Everything at once, for ten seconds: tests/soak/soak.py; "make soak" has
# it go on for a minute, with and without the sanitizers.

load helper

@test "200 clients: each is answered as meant, nothing leaks or is left" {
	run python3 "$TOP/tests/soak/soak.py" --seconds 10
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == "soak: nothing to complain of" ]]
}
