# What acdbd tells PostgreSQL once, at the beginning of a connection, and is
# refused: it must not go on as if it had been heard.

load helper
load http

setup_file() {
	D=$BATS_FILE_TMPDIR
	postgres_start "$(free_port)"
	postgres_sql "CREATE DATABASE app"
	python3 "$TOP/tests/bats/garble.py" "$PGT_PORT" "$D/word" \
	    >"$D/port" 3>&- &
	WAY=$!
	until [ -s "$D/port" ]; do kill -0 $WAY; done
	echo "LISTEN acdb_keys" >"$D/word"
	export AGENTCOOPDB_GATEWAY_PASSWORD=the-gateway-password
	URL=http://127.0.0.1:$(free_port)
	AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$(cat "$D/port")/app \
	    AGENTCOOPDB_MIGRATIONS_DATABASE_URL=postgres://postgres@127.0.0.1:$PGT_PORT/app \
	    AGENTCOOPDB_OWNER_PASSWORD=$PGT_PASSWORD \
	    AGENTCOOPDB_HTTP_ADDR=${URL#http://} AGENTCOOPDB_WORKERS=1 \
	    AGENTCOOPDB_LOG_FORMAT=text acdbd >"$D/log" 2>&1 3>&- &
	SERVER=$!
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:$PGT_PORT/app
	export D PGT PGT_PORT PGT_PASSWORD URL WAY SERVER
	until_true [ -s "$D/word.done" ]
}

teardown_file() {
	kill "$SERVER"
	tail --pid="$SERVER" -f /dev/null
	kill "$WAY"
	postgres_stop
}

me() {
	[ "$(curl -sS -o "$D/body" -w '%{http_code}' \
	    -H "Authorization: Bearer $KEY" "$URL/v1/me")" = "$1" ]
}

@test "who could not LISTEN does not serve, and tries again" {
	rm "$D/word" "$D/word.done"
	until_true curl -sSf -o "$D/body" "$URL/readyz"
	KEY=$(acdb-keys mint --role dbuser)
	me 200
	acdb-keys revoke "${KEY:8:16}"
	since=$EPOCHREALTIME
	until_true me 401
	[ $((${EPOCHREALTIME/./} - ${since/./})) -lt 5000000 ]
}

@test "who could not prepare to record tries again" {
	KEY=$(acdb-keys mint --role dbuser --rate 0)
	me 200
	echo "u(i, r, w, k, e, c, h, s, d, n, t, x, p, o)" >"$D/word"
	postgres_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE application_name = 'agentcoopdb audit'"
	until_true [ -s "$D/word.done" ]
	me 503
	# What was done all the same is told as that.
	ADMIN=$(acdb-keys mint --role dbadmin --rate 0)
	curl -sS -o "$D/body" -H "Authorization: Bearer $ADMIN" \
	    -d '{"pg_role":"dbuser","name":"stands"}' "$URL/v1/auth/keys"
	jq -e '.status == 503 and .tx == "committed" and
	    .retryable == false' "$D/body"
	[ "$(acdb-keys list --json | grep -c '"stands"')" = 1 ]
	rm "$D/word"
	until_true me 200
}
