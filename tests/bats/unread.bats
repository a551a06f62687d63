# Answers that nobody reads.

load helper

setup_file() {
	export AGENTCOOPDB_WORKERS=1
	server_start
}

teardown_file() {
	server_end
}

@test "who lets answers lie must read them before asking for more" {
	run database acdb-keys workspace create other
	[ "$status" -eq 0 ]
	KEY=$(database acdb-keys mint --role dbuser --rate 0)
	OTHER=$(database acdb-keys mint --role dbuser --rate 0 \
	    --workspace other)
	KEY=$KEY OTHER=$OTHER CACERT=$SRV/tls/cert.pem \
	    run python3 "$TOP/tests/bats/unread.py"
	echo "$output"
	[ "$status" -eq 0 ]
	# 64 MiB of answers of 7 MiB each, less what is under way.
	[[ ${lines[0]} =~ ^unread\ ([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" -ge 9 ] && [ "${BASH_REMATCH[1]}" -le 30 ]
	[[ ${lines[1]} == 'refused 429 '*'"title": "rate_limited"'* ]]
	[[ ${lines[1]} == *'64 MiB'*'read them first'* ]]
	[ "${lines[2]}" = "other 200" ]
	[ "${lines[3]}" = "again 200" ]
}
