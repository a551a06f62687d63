# Two nodes, each with a master of its own, on one PostgreSQL that is neither
# one's: what changes by either, or behind both, holds on both in a second.

load helper
load http

setup_file() {
	postgres_start "$(free_port)"
	postgres_sql "CREATE DATABASE app"
	export PGT PGT_PORT PGT_PASSWORD
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGT_PORT/app
	export AGENTCOOPDB_GATEWAY_PASSWORD=the-gateway-password
	export AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/app
	export AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD
	export AGENTCOOPDB_LOG_FORMAT=text AGENTCOOPDB_WORKERS=2
	D=$BATS_FILE_TMPDIR PIDS=
	node 1 && node 2
	ADMIN=$(fresh_key dbadmin)
	export D PIDS URL1 URL2 ADMIN
}

teardown_file() {
	local pid
	for pid in $PIDS; do
		kill -TERM "$pid"
		tail --pid="$pid" -f /dev/null
	done
	postgres_stop
}

# node N: start it; sets URLn and adds to PIDS.
node() {
	local port pid ready
	port=$(free_port)
	printf -v "URL$1" 'http://127.0.0.1:%s' "$port"
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$port acdbd >"$D/node$1.log" 2>&1 3>&- &
	pid=$!
	PIDS+=" $pid"
	until_true curl -sSf -o "$D/ready" "http://127.0.0.1:$port/readyz" \
	    2>"$D/curl" || {
		cat "$D/node$1.log"
		return 1
	}
}

fresh_key() {
	env -u AGENTCOOPDB_MIGRATIONS_DATABASE_URL acdb-keys mint --rate 0 \
	    --role "$1" --workspace "${2:-shared}"
}

# on N METHOD PATH [BODY]: ask that node, as $KEY.
on() {
	local url=URL$1
	answer=$(curl -sS --max-time 20 -X "$2" -w '\n%{http_code}' \
	    -H "Authorization: Bearer $KEY" ${4:+--data-raw "$4"} \
	    "${!url}$3")
	status=${answer##*$'\n'}
	body=${answer%$'\n'*}
}

# Each worker of both nodes knows the key.
known() {
	local i
	for i in {1..6}; do
		KEY=$1 on 1 GET /v1/me && ok && KEY=$1 on 2 GET /v1/me && ok ||
		    return
	done
}

# gone KEY SINCE TITLE: every worker of both nodes refuses it from a second
# after SINCE on.
gone() {
	local n i=0
	while [ $i -lt 6 ]; do
		for n in 1 2; do
			KEY=$1 on $n GET /v1/me
			if [ "$status" = 200 ]; then
				i=-1
				in_time "$2"
			fi
		done
		i=$((i + 1))
	done
	same "$status" 401 && has "\"title\":\"$3\""
}

in_time() {
	[ $((${EPOCHREALTIME/./} - ${1/./})) -lt 1000000 ]
}

@test "a key revoked over one node's API is gone on the other" {
	for n in 1 2; do
		key=$(fresh_key dbuser) && known "$key"
		since=$EPOCHREALTIME
		KEY=$ADMIN on $n DELETE "/v1/auth/keys/${key:8:16}" && ok
		gone "$key" "$since" key_inactive
	done
}

@test "a key revoked by acdb-keys is gone on both" {
	key=$(fresh_key dbuser) && known "$key"
	since=$EPOCHREALTIME
	acdb-keys revoke "${key:8:16}"
	gone "$key" "$since" key_inactive
}

@test "a key revoked, expired or deleted in SQL is gone on both" {
	for change in "UPDATE acdb.api_keys SET revoked_at = now()" \
	    "UPDATE acdb.api_keys SET expires_at = now()" \
	    "SELECT acdb_api.key_revoke(id) FROM acdb.api_keys" \
	    "DELETE FROM acdb.api_keys"; do
		key=$(fresh_key dbuser) && known "$key"
		since=$EPOCHREALTIME
		postgres_sql "$change WHERE key_id = '${key:8:16}'" app
		gone "$key" "$since" "$(case $change in DELETE*)
		    echo invalid_api_key ;; *) echo key_inactive ;; esac)"
	done
}

@test "a workspace archived at one node's side ends its keys on both" {
	key=$(fresh_key dbuser ended) && known "$key"
	since=$EPOCHREALTIME
	acdb-keys workspace archive ended
	gone "$key" "$since" key_inactive
}

@test "a change of a key's role holds on both" {
	key=$(fresh_key dbuser) && known "$key"
	since=$EPOCHREALTIME
	postgres_sql "UPDATE acdb.api_keys SET pg_role = 'dbreader'
	    WHERE key_id = '${key:8:16}'" app
	for n in 1 2; do
		until_true is_reader "$key" $n
	done
	in_time "$since"
}

is_reader() {
	KEY=$1 on "$2" GET /v1/me
	[[ $body == *dbreader* ]]
}

@test "a node whose ear was cut off believes nothing it remembers" {
	key=$(fresh_key dbuser) && known "$key"
	since=$EPOCHREALTIME
	postgres_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE usename = 'agentcoopdb_gateway';
	    UPDATE acdb.api_keys SET revoked_at = now()
	    WHERE key_id = '${key:8:16}'" app
	# For a moment it can answer nobody, and never with what it knew.
	while KEY=$key on 1 GET /v1/me && [ "$status" != 401 ] ||
	    KEY=$key on 2 GET /v1/me && [ "$status" != 401 ]; do
		[ "$status" = 503 ] || in_time "$since"
	done
	gone "$key" "$since" key_inactive
	known "$(fresh_key dbuser)"
}

@test "an Idempotency-Key of one node is the other's too" {
	KEY=$ADMIN on 1 POST /v1/sql/execute \
	    '{"sql":"CREATE TABLE once (i int)"}' && ok
	for n in 1 2 1; do
		answer=$(curl -sS --max-time 20 -w '\n%{http_code}' \
		    -H "Authorization: Bearer $ADMIN" \
		    -H "Idempotency-Key: once" --data-raw \
		    '{"sql":"INSERT INTO once VALUES (1)"}' \
		    "$(case $n in 1) echo "$URL1" ;; 2) echo "$URL2" ;; esac
		    )/v1/sql/execute")
		same "${answer##*$'\n'}" 200
	done
	same "$(postgres_sql "SELECT count(*) FROM once" app)" 1
}
