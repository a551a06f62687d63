#!/bin/sh
# Print the directory of the PostgreSQL programs that the tests and
# "acdbd --embedded" use; exit 1, printing nothing, where there is none.
#
# Suitable is a server of version 16 or newer (role membership before 16
# cannot hold the boundary) with initdb and the vector extension beside it.
# acdbd/embedded_find.c looks in the same places in the same order.

suitable() {
	[ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
	v=$("$1/postgres" --version 2>/dev/null) || return 1
	v=${v#*PostgreSQL) }
	v=${v%%[!0-9]*}
	[ -n "$v" ] && [ "$v" -ge 16 ] || return 1
	for d in "$1/../share/extension" "$1/../share/postgresql/extension" \
	    "/usr/share/postgresql/$v/extension"; do
		[ -f "$d/vector.control" ] && return 0
	done
	return 1
}

candidates() {
	[ -n "$AGENTCOOPDB_PG_BINDIR" ] && echo "$AGENTCOOPDB_PG_BINDIR"
	pg_config --bindir 2>/dev/null
	for d in /usr/lib/postgresql/*/bin; do
		echo "$d"
	done | sort -t/ -k5,5nr
	for d in /var/cache/agentcoopdb/postgresql-*/bin \
	    "${XDG_CACHE_HOME:-$HOME/.cache}"/agentcoopdb/postgresql-*/bin; do
		echo "$d"
	done | sort -rV
}

candidates | {
	while IFS= read -r dir; do
		if suitable "$dir"; then
			printf '%s\n' "$dir"
			exit 0
		fi
	done
	exit 1
}
