#!/bin/sh
# Who may include which library's headers; programs know lib/, not each
# other.  Tests may look anywhere.
cd "$(dirname "$0")/../.." || exit 1
git ls-files 'lib/*.[ch]' 'acdb*/*.[ch]' |
xargs grep -nE '^#[[:space:]]*include[[:space:]]*[<"]' |
awk -F: '
function rule(header, allowed, says) {
	if (inc ~ header && file !~ allowed) {
		bad = 1
		print file ":" line ": " inc ": " says
	}
}
{
	file = $1
	line = $2
	inc = $0
	sub(/^[^<"]*[<"]/, "", inc)
	sub(/[>"].*/, "", inc)
	home = file
	sub(/\/.*/, "", home)
	rule("^(libpq-fe|libpq/|pg_config|postgres_ext)",
	    "^(lib/pg|acdbd/|acdb-keys/|acdb-migrate/)", "libpq")
	rule("^pg_query", "^acdbd/stmt", "libpg_query")
	rule("^openssl/", "^(lib/secret|acdbd/tls)[.]c$", "OpenSSL")
	rule("^openssl/ssl", "^acdbd/tls[.]c$", "TLS")
	rule("^curl/", "^lib/httpc", "libcurl")
	rule("^readline/", "^acdb/input", "readline")
	rule("^sys/epoll", "^acdbd/loop[.]c$", "epoll")
	rule("cJSON", "^$", "numbers lose digits; lib/json.h")
	if (inc ~ /_priv[.]h$/) {
		whose = substr(inc, 1, length(inc) - 7)
		rule("", "/" whose "(_[a-z_]+)?[.][ch]$", "private to " whose)
	}
	if (inc ~ /^acdb[a-z-]*\// && index(inc, home "/") != 1) {
		print file ":" line ": " inc ": another program"
		bad = 1
	}
}
END { exit bad }'
