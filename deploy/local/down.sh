#!/bin/bash
# Stop what up.sh started; with PURGE=1 remove its data, key, certificate
# and client profile, too.
me=down
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

purge() {
	local others
	rm -rf "$state"
	rm -f "$env_file"
	[ -e "$profile_file" ] || return 0
	others=$(other_profiles) || exit 1
	if [ "$others" = "default = $profile" ] || [ -z "$others" ]; then
		rm -f "$profile_file"
		rmdir "${profile_file%/*}" 2>/dev/null
	elif [ "$others" != "$(cat "$profile_file")" ]; then
		printf '%s\n' "$others" | replace_profiles
	fi
}

if [ ! -e "$state/.made-by-up" ]; then
	say "nothing is there: $state"
	exit 0
fi
lock_state
if pid=$(running); then
	say "stopping acdbd"
	stop "$pid"
	say "stopped"
else
	rm -f "$state/acdbd.pid"
	say "acdbd is not running"
fi
if [ "${PURGE:-}" = 1 ]; then
	purge
	say "removed $state"
fi
