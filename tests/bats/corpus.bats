# The boundary: every attack of the corpus against a private acdbd at both
# hardening levels, and what must still be so behind each of them.  The
# programs under tests/security/ say more, and take ids of attacks.

load helper

@test "no attack of the corpus gets out, at either hardening level" {
	run python3 "$TOP/tests/security/run.py" --quiet
	tail -n 60 <<<"$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^corpus:\ [1-9][0-9]*\ passed,\ 0\ failed$ ]]
}
