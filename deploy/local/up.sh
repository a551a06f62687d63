#!/bin/bash
# From a checkout to a working system: what it needs, the build, acdbd with
# a private PostgreSQL on https://localhost:8443, an admin key, a client
# profile, and a first query.  Done again, it changes nothing that is right.
#
# Variables: PORT (8443), UP_DIR (where the state is kept), UP_PROFILE (the
# client profile's name, local), UP_BIN (programs; without it they are
# built).  AGENTCOOPDB_ settings are handed on to acdbd.
me=up
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

port=${PORT:-8443}
bin=${UP_BIN:-$top/build}
url=https://localhost:$port
cert=$state/tls/cert.pem
key_file=$state/admin.key

# down.sh removes what lies in a directory with this mark, so only one that
# was empty gets it.
make_state() {
	case $state in *[\'\"]*) fail "no quotes in the path: $state" ;; esac
	mkdir -p "$state" || exit 1
	[ ! -e "$state/.made-by-up" ] || return 0
	[ -z "$(ls -A "$state")" ] || fail "$state is not empty and not ours"
	[ "$(id -u)" -eq 0 ] || chmod 700 "$state"
	: >"$state/.made-by-up"
}

# Self-signed, and its own only trust anchor: no other certificate can be
# made from its key that a client of ours would take.
make_certificate() {
	local days=$((30 * 24 * 3600))
	mkdir -p "$state/tls" && chmod 755 "$state/tls"
	openssl x509 -in "$cert" -noout -checkend $days >/dev/null 2>&1 &&
	    [ -s "$state/tls/key.pem" ] && return
	say "making a certificate for localhost"
	(umask 077 && openssl req -x509 -newkey ec \
	    -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 730 \
	    -config /dev/null -subj "/CN=localhost" \
	    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1" \
	    -addext "basicConstraints=critical,CA:FALSE" \
	    -addext "extendedKeyUsage=serverAuth" \
	    -keyout "$state/tls/key.pem.new" -out "$cert.new" 2>&1) \
	    >"$state/tls/openssl.log" ||
	    fail "no certificate: $(tail -n 1 "$state/tls/openssl.log")"
	chmod 644 "$cert.new"
	mv "$state/tls/key.pem.new" "$state/tls/key.pem" &&
	    mv "$cert.new" "$cert" || exit 1
}

addresses() {
	printf '127.0.0.1:%s' "$port"
	if grep -qs '^0*1 ' /proc/net/if_inet6; then
		printf ',[::1]:%s' "$port"
	fi
}

port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

ready() {
	curl -sS -o /dev/null --fail --max-time 5 --noproxy '*' \
	    --cacert "$cert" "$url/readyz" 2>/dev/null
}

# acdbd itself, in a session of its own so that it outlives the terminal.
start() {
	local pid waited=0
	# Workers of an acdbd that was killed take a moment to notice.
	while port_taken; do
		if [ ! -e "$state/acdbd.pid" ] || [ $waited -ge 100 ]; then
			fail "port $port is taken by another program;" \
			    "choose one: make up PORT=9443"
		fi
		sleep 0.1
		waited=$((waited + 1))
	done
	waited=0
	say "starting acdbd on $url"
	# Nobody rotates it; a start is a good moment to begin a new one.
	if [ "$(stat -c %s "$state/acdbd.log" 2>/dev/null || echo 0)" -gt \
	    10000000 ]; then
		mv "$state/acdbd.log" "$state/acdbd.log.old"
	fi
	: >>"$state/acdbd.log" && chmod 640 "$state/acdbd.log"
	AGENTCOOPDB_HTTP_ADDR="$(addresses)" \
	    AGENTCOOPDB_TLS_CERT="$cert" \
	    AGENTCOOPDB_TLS_KEY="$state/tls/key.pem" \
	    AGENTCOOPDB_LOG_FORMAT="${AGENTCOOPDB_LOG_FORMAT:-text}" \
	    setsid "$bin/acdbd" "--embedded=$state/db" \
	    </dev/null >>"$state/acdbd.log" 2>&1 9>&- &
	pid=$!
	echo "$pid" >"$state/acdbd.pid"
	echo "$port" >"$state/port"
	program >"$state/program"
	# A first start makes a cluster; one after a crash recovers.
	while ! ready; do
		if [ ! -d "/proc/$pid" ] || [ $waited -ge 1200 ]; then
			tail -n 20 "$state/acdbd.log" >&2
			[ ! -d "/proc/$pid" ] || stop "$pid"
			rm -f "$state/acdbd.pid"
			fail "acdbd is not ready; its log is" \
			    "$state/acdbd.log"
		fi
		sleep 0.1
		waited=$((waited + 1))
	done
}

# Which file the program is.  /proc shows it of a running acdbd to root alone.
program() {
	stat -L -c '%n %d:%i %y' "$(readlink -f "$bin/acdbd")"
}

# What runs is ready, on the wanted port and of this build.
up_to_date() {
	[ "$(cat "$state/program" 2>/dev/null)" = "$(program)" ] &&
	    [ "$(cat "$state/port" 2>/dev/null)" = "$port" ] && ready
}

key_works() {
	[ -s "$key_file" ] && printf 'header = "Authorization: Bearer %s"\n' \
	    "$(cat "$key_file")" | curl -K - -sS -o /dev/null --fail \
	    --max-time 10 --noproxy '*' --cacert "$cert" "$url/v1/me" \
	    2>/dev/null
}

mint_key() {
	local host
	key_works && return
	say "minting an admin key"
	host=$(printf %s "$state/db/run" | sed 's|%|%25|g; s|/|%2F|g')
	(umask 077 && env -u AGENTCOOPDB_GATEWAY_URL \
	    AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@/agentcoopdb?host=$host" \
	    AGENTCOOPDB_GATEWAY_PASSWORD_FILE="$state/db/secret" \
	    "$bin/acdb-keys" mint --role dbadmin --name "make up" --rate 0 \
	    >"$key_file.new") || fail "no key could be minted"
	mv "$key_file.new" "$key_file" || exit 1
	key_works || fail "the new key is not taken; see $state/acdbd.log"
}

write_profile() {
	local others
	others=$(other_profiles) || exit 1
	if grep -qxF "[profile $profile]" <<<"$others"; then
		say "$profile_file has a profile \"$profile\" of your own:" \
		    "it is left alone"
		return
	fi
	{
		if [ -n "$others" ]; then
			printf '%s\n\n' "$others"
		else
			printf 'default = %s\n\n' "$profile"
		fi
		printf '[profile %s]\n%s\nurl = %s\nkey_file = %s\n' \
		    "$profile" "$profile_mark" "$url" "$key_file"
		printf 'ca_file = %s\n' "$cert"
	} | replace_profiles || fail "cannot write $profile_file"
}

write_env() {
	mkdir -p "${env_file%/*}" && cat >"$env_file" <<-EOF
	# For sh: where "make up" serves.  Written by it.
	export AGENTCOOPDB_GATEWAY_URL='$url'
	export AGENTCOOPDB_API_KEY_FILE='$key_file'
	export AGENTCOOPDB_CA_FILE='$cert'
	export CURL_CA_BUNDLE='$cert'
	EOF
}

first_query() {
	local sql="SELECT 'It works.' AS says, current_user AS role,
	    split_part(version(), ' ', 2) AS postgresql,
	    '[1,2,3]'::vector <=> '[3,2,1]'::vector AS cosine_distance"
	say "asking $url with acdb:"
	# shellcheck source=/dev/null
	(. "$env_file" && unset AGENTCOOPDB_API_KEY AGENTCOOPDB_PROFILE &&
	    "$bin/acdb" -c "$sql") || fail "the first query failed"
}

# Settings that point acdbd at another database are not meant for this one.
for name in DATABASE_URL MIGRATIONS_DATABASE_URL OWNER_PASSWORD \
    GATEWAY_PASSWORD; do
	unset "AGENTCOOPDB_$name" "AGENTCOOPDB_${name}_FILE"
done
make_state
lock_state
if [ -z "${UP_BIN:-}" ]; then
	"$top/deploy/local/deps.sh" || exit 1
	say "building"
	${MAKE:-make} -s -C "$top" -j"$(nproc)" all || exit 1
fi
make_certificate
if pid=$(running) && up_to_date; then
	say "acdbd is already running on $url"
else
	if [ -n "$pid" ]; then
		say "starting acdbd anew: it is of another build or port," \
		    "or not ready"
		stop "$pid"
	fi
	start
fi
mint_key
write_profile
write_env
first_query
[ -n "${UP_BIN:-}" ] || cat <<EOF

acdbd serves $url; its log is $state/acdbd.log.

    build/acdb                       an SQL shell as dbadmin
    . build/up.env                   the same for curl and the other tools
    curl \$AGENTCOOPDB_GATEWAY_URL/v1/sql/execute \\
        -H "Authorization: Bearer \$(cat \$AGENTCOOPDB_API_KEY_FILE)" \\
        -d '{"sql": "SELECT \$1::int + 1 AS n", "params": [41]}'
    make down                        stops it; PURGE=1 removes it
EOF
