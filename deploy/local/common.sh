# What up.sh and down.sh share; sourced, not run.
# shellcheck shell=bash disable=SC2034 # its variables are theirs
set -u
: "${me:?set by the script that reads this}"
export LC_ALL=C
umask 022

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# One instance a checkout, so that two of them do not meet.
if [ -n "${UP_DIR:-}" ]; then
	state=$UP_DIR
else
	state=up-$(printf %s "$top" | cksum | cut -d' ' -f1)
	if [ "$(id -u)" -eq 0 ]; then
		state=/var/lib/agentcoopdb/$state
	else
		state=${XDG_STATE_HOME:-$HOME/.local/state}/agentcoopdb/$state
	fi
fi
case $state in /*) ;; *) state=$PWD/$state ;; esac

env_file=${UP_ENV:-$top/build/up.env}
profile=${UP_PROFILE:-local}
profile_file=${XDG_CONFIG_HOME:-$HOME/.config}/acdb/config
profile_mark="# Written by make up; make down PURGE=1 removes it."

say() {
	printf '%s: %s\n' "$me" "$*"
}

fail() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# Another run of up or down on the same instance is waited for.
lock_state() {
	exec 9>"$state/.lock" || exit 1
	flock 9
}

# The pid of this instance's acdbd; fails where it does not run.  A pid that
# somebody else has got since is told by its arguments.
running() {
	local pid
	pid=$(cat "$state/acdbd.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
	tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null |
	    grep -qxF -e "--embedded=$state/db" || return 1
	printf '%s\n' "$pid"
}

# Whether there is such a process.  One that has ended is none, although in a
# container whose first process does not wait for it, its pid stays.
alive() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	case ${stat##*) } in Z* | X*) return 1 ;; esac
}

# Stop acdbd, which stops its PostgreSQL.
stop() {
	local pid=$1 waited=0
	kill -TERM "$pid" 2>/dev/null
	while alive "$pid"; do
		if [ $waited -eq 1200 ]; then
			say "acdbd does not stop; ending it by force"
			kill -KILL "$pid"
		fi
		[ $waited -lt 1300 ] || fail "acdbd ($pid) cannot be ended"
		sleep 0.05
		waited=$((waited + 1))
	done
	rm -f "$state/acdbd.pid"
}

# Print the profile file without the section that we wrote.
other_profiles() {
	[ -e "$profile_file" ] || return 0
	awk -v head="[profile $profile]" -v mark="$profile_mark" '
	function flush() { if (held) print first; held = 0 }
	/^[ \t]*\[/ { flush(); ours = 0
		if ($0 == head) { first = $0; held = 1; next } }
	held { held = 0
		if ($0 == mark) { ours = 1; next }
		print first }
	!ours { print }
	END { flush() }' "$profile_file"
}

# Put text from standard input in the profile file's place.
replace_profiles() {
	local new=$profile_file.new.$$
	(umask 077 && mkdir -p "${profile_file%/*}" && cat >"$new") &&
	    mv "$new" "$profile_file"
}
