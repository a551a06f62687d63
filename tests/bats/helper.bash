# For the bats files: a real acdbd with its own PostgreSQL behind real TLS.
#
#	load helper
#	setup_file()	{ server_start; }
#	teardown_file()	{ server_stop; }
#
# The programs are those of $O (build/release), found through PATH.  After
# server_start the environment leads every client to the server as dbadmin,
# and these are set:
#
#	SRV	its directory: db/ (the cluster), acdbd.log, admin.key
#	PORT	where it listens on localhost
#	URL	https://localhost:PORT
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
case ${O:=build/release} in /*) BIN=$O/bin ;; *) BIN=$TOP/$O/bin ;; esac
case :$PATH: in *:$BIN:*) ;; *) PATH=$BIN:$PATH ;; esac
export O BIN TOP PATH

# Below the range that the system hands out by itself; files that run side by
# side look in parts of it that are their own.
free_port() {
	local port
	for _ in {1..50}; do
		port=$((20000 + ${BATS_SLOT:-0} % 4 * 3000 + RANDOM % 3000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	return 1
}

# Start a server of the test file's own; AGENTCOOPDB_ settings may be set
# before.  Its PostgreSQL runs as another user where we are root, so its
# directory is open along the way; the path is short for the sake of the
# unix socket's.
server_start() {
	SRV=$(mktemp -d /tmp/acdb-bats.XXXXXX) && chmod 755 "$SRV" || return 1
	PORT=${PORT:-$(free_port)}
	URL=https://localhost:$PORT
	export SRV PORT URL XDG_CONFIG_HOME=$SRV.config
	server_up || return 1
	# shellcheck source=/dev/null
	. "$SRV.config/up.env"
	server_sql "SELECT" >/dev/null	# its variables are for all tests
}

# The same again after server_kill, or with other settings.
server_up() {
	UP_DIR=$SRV UP_BIN=$BIN UP_ENV=$SRV.config/up.env \
	    UP_PROFILE=local PORT=$PORT "$TOP/deploy/local/up.sh" 3>&-
}

server_stop() {
	[ -n "${SRV:-}" ] || return 0
	UP_DIR=$SRV UP_ENV=$SRV.config/up.env PURGE=1 \
	    "$TOP/deploy/local/down.sh" 3>&-
	rm -rf "$SRV.config"
}

# server_stop, failing where something went wrong that no answer tells: a
# worker that was started again, or what a sanitizer has found.
server_end() {
	local found
	[ -n "${SRV:-}" ] || return 0
	UP_DIR=$SRV UP_ENV=$SRV.config/up.env "$TOP/deploy/local/down.sh" 3>&-
	found=$(server_found "$SRV/acdbd.log")
	server_stop
	[ -z "$found" ] || {
		echo "$found"
		return 1
	}
}

# server_found LOG: what stands in it of that kind.
server_found() {
	grep -E -A 30 'worker ended unexpectedly|Sanitizer|runtime error:' \
	    "$1" || true
}

# acdbd's pid.
server_pid() {
	cat "$SRV/acdbd.pid"
}

# server_sql SQL: as the cluster's superuser, past acdbd; unaligned.  The
# password is derived from the secret as lib/secret.h says.
server_sql() {
	# Both take longer than psql itself.
	: "${PSQL:=$("$TOP/deploy/local/pg-bindir.sh")/psql}"
	[ "${SUPER%%:*}" = "$SRV" ] ||
	    SUPER=$SRV:$(server_password acdb_super)
	export PSQL SUPER
	PGPASSWORD=${SUPER#*:} "$PSQL" -XqAt \
	    -v ON_ERROR_STOP=1 -h "$SRV/db/run" -U acdb_super \
	    -d "${2:-agentcoopdb}" -c "$1"
}

# server_password LOGIN
server_password() {
	python3 - "$1" "$SRV/db/secret" <<-'EOF'
	import base64, hashlib, hmac, sys
	secret = open(sys.argv[2], "rb").read().strip()
	def mac(key, text):
	    return hmac.new(key, text, hashlib.sha256).digest()
	okm = mac(mac(b"agentcoopdb", secret),
	    b"acdb login v1:" + sys.argv[1].encode() + b"\1")
	print(base64.urlsafe_b64encode(okm).rstrip(b"=").decode())
	EOF
}

# mint ROLE [OPTION...]: a key's token, without a rate limit.
mint() {
	local role=$1
	shift
	database acdb-keys mint --role "$role" --rate 0 "$@"
}

# database COMMAND...: with the settings that lead a tool to the database.
database() {
	env -u AGENTCOOPDB_GATEWAY_URL -u AGENTCOOPDB_API_KEY_FILE \
	    AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@/agentcoopdb?host=${SRV//\//%2F}%2Fdb%2Frun" \
	    AGENTCOOPDB_GATEWAY_PASSWORD_FILE="$SRV/db/secret" "$@"
}

# api METHOD PATH [TOKEN [BODY [CURL OPTION...]]]: the answer's body, then
# its status alone on a line.
api() {
	local method=$1 path=$2 token=${3:-} body=${4:-}
	shift $(($# < 4 ? $# : 4))
	printf 'header = "Authorization: Bearer %s"\n' \
	    "${token:-$(cat "$SRV/admin.key")}" |
	    curl -sS -K - --max-time 60 -X "$method" \
		--cacert "$SRV/tls/cert.pem" -w '\n%{http_code}\n' \
		${body:+-d "$body"} "$@" "$URL$path"
}

# A PostgreSQL that is not ours, on a TCP port of 127.0.0.1, with the
# superuser postgres; sets PGT, PGT_PORT and PGT_PASSWORD.
postgres_start() {
	local bindir
	bindir=$("$TOP/deploy/local/pg-bindir.sh") || return 1
	PGT=$(mktemp -d /tmp/acdb-bats.XXXXXX) && chmod 700 "$PGT" || return 1
	PGT_PORT=$1 PGT_PASSWORD=not-a-secret-here
	echo "$PGT_PASSWORD" >"$PGT/password"
	[ "$(id -u)" -ne 0 ] || chown -R nobody "$PGT"
	as_nobody "$bindir/initdb" -D "$PGT/data" -U postgres -A scram-sha-256 \
	    --pwfile="$PGT/password" -E UTF8 --locale=C.UTF-8 \
	    --no-sync >/dev/null || return 1
	as_nobody "$bindir/pg_ctl" -s -w -D "$PGT/data" -l "$PGT/log" start \
	    -o "-p $PGT_PORT -c listen_addresses=127.0.0.1 -c fsync=off \
	    -c unix_socket_directories=$PGT" 3>&-
}

postgres_sql() {
	PGPASSWORD=$PGT_PASSWORD "$("$TOP/deploy/local/pg-bindir.sh")/psql" \
	    -XqAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PGT_PORT" -U postgres \
	    -d "${2:-postgres}" -c "$1"
}

# Nothing where there is none: for teardown.
postgres_stop() {
	[ -n "${PGT:-}" ] || return 0
	as_nobody "$("$TOP/deploy/local/pg-bindir.sh")/pg_ctl" -s -w -m fast \
	    -D "$PGT/data" stop
	rm -rf "$PGT"
	PGT=
}

# PostgreSQL refuses root.
as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid=nobody --clear-groups "$@")
	else
		"$@"
	fi
}

# other_server STATUS: until other_end, at $OTHER_URL, an HTTP server that is
# no gateway and answers so.
other_server() {
	other_end
	rm -f other.port
	python3 "$TOP/tests/bats/other_server.py" "$1" >other.port 3>&- &
	OTHER=$!
	until [ -s other.port ]; do kill -0 $OTHER || return; done
	OTHER_URL=http://127.0.0.1:$(cat other.port)
}

other_end() {
	[ -z "${OTHER:-}" ] || kill "$OTHER"
	OTHER=
}

# until_true COMMAND...: it succeeds within twenty seconds.
until_true() {
	for _ in {1..1000}; do
		"$@" && return
		sleep 0.02
	done
	return 1
}
