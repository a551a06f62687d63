# Each line of defence taken away once: verify notices, and what it stopped
# comes through.  tests/security/ablation.py says more, and takes names.

load helper

@test "without any one of its defences the boundary does not hold" {
	case $O in
	*release) ;;
	*) skip "statements are changed in front of libpq: release alone" ;;
	esac
	run python3 "$TOP/tests/security/ablation.py"
	[[ ${lines[-1]} =~ ^ablation:\ [1-9][0-9]*\ passed,\ 0\ failed$ ]] || {
		echo "$output"
		return 1
	}
}
