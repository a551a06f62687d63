# Whether the floor still sends what acdbd does: both are let make the same
# few calls, and what PostgreSQL logged of the last one has to be equal.
# shellcheck shell=bash disable=SC2154	# variables of bench.sh

log() {
	echo "$dir/db/log/bench.log"
}

# What PostgreSQL executed for a key's login, from line $1 of its log on.
executed() {
	tail -n "+$1" "$(log)" |
	    sed -n 's/^acdb_dp_dbuser .* LOG:  execute [^:]*: //p'
}

# last_of PROGRAM...: the statements of its last call, once all of its calls
# are in the log.
last_of() {
	local from
	from=$(($(wc -l <"$(log)") + 1))
	"$@" >/dev/null
	for _ in {1..100}; do
		[ "$(executed "$from" | grep -cxE "COMMIT|ROLLBACK")" -ge 4 ] && break
		sleep 0.05
	done
	executed "$from" | awk '/^RESET ALL$/ { n = 0 }
	    { line[n++] = $0 }
	    END { for (i = 0; i < n; i++) print line[i] }'
}

# The first call finds nothing prepared, the second gives names to what it
# prepares: the fourth is like all that follow.
compare_call() {
	local -a floor_with load_with
	read -ra floor_with <<<"${floor_args[$1]:-}"
	read -ra load_with <<<"${load_args[$1]:-}"
	last_of "$O/bench/floor" -d "$conninfo" -W 0 -t 60 -n 4 \
	    -q "${text[$1]}" "${floor_with[@]}" >"$dir/floor.sent"
	last_of "$O/bench/load" -W 0 -t 60 -n 4 "${load_with[@]}" \
	    localhost "${port[plain]}" "${text[$1]}" >"$dir/acdbd.sent"
	[ -s "$dir/acdbd.sent" ] &&
	    diff -u "$dir/floor.sent" "$dir/acdbd.sent" >&2 && return
	say "$1: the floor does not send what acdbd sends"
	# By other settings acdbd may well send something else.
	[ ${#extra[@]} -gt 0 ] || exit 1
}

compare_statements() {
	local call
	for call in $calls unsure; do
		compare_call "$call"
	done
	cluster_settings
	kill -HUP "$(postmaster)"
}
