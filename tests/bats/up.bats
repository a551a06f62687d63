# make up and make down, in a directory and on a port of their own.
load helper

setup_file() {
	server_start
}

teardown_file() {
	server_stop
}

@test "up ends in an answer over https" {
	run -0 server_up
	[[ $output == *"already running on $URL"* ]]
	[[ $output == *"It works."* ]]
	[[ $output == *"0.28571428571428"* ]]
}

@test "up a second time keeps the server and the key" {
	pid=$(server_pid) key=$(cat "$SRV/admin.key")
	run -0 server_up
	[ "$(server_pid)" = "$pid" ]
	[ "$(cat "$SRV/admin.key")" = "$key" ]
}

@test "up by who is not root keeps the server as well" {
	[ "$(id -u)" -eq 0 ] || skip "the test above says that"
	local dir pid
	dir=$(mktemp -d /tmp/acdb-bats.XXXXXX)
	cp -r "$TOP/deploy" "$TOP/share" "$BIN" "$dir/"
	mkdir "$dir/state"
	chown -R nobody "$dir"
	as_user() {
		as_nobody env -u AGENTCOOPDB_GATEWAY_URL HOME="$dir" \
		    XDG_CONFIG_HOME="$dir/config" UP_DIR="$dir/state" \
		    UP_BIN="$dir/bin" UP_ENV="$dir/config/up.env" \
		    UP_PROFILE=local PORT="$port" "$dir/deploy/local/$1" 3>&-
	}
	port=$(free_port)
	run -0 as_user up.sh
	pid=$(cat "$dir/state/acdbd.pid")
	run -0 as_user up.sh
	[[ $output == *"already running"* ]]
	[ "$(cat "$dir/state/acdbd.pid")" = "$pid" ]
	# Another build is noticed.
	cp "$BIN/acdbd" "$dir/bin/new" && mv "$dir/bin/new" "$dir/bin/acdbd"
	run -0 as_user up.sh
	[[ $output == *"starting acdbd anew"* ]]
	run -0 as_user down.sh
	rm -rf "$dir"
}

@test "what is secret is nobody else's" {
	for f in admin.key tls/key.pem db/secret; do
		[ "$(stat -c %a "$SRV/$f")" = 600 ]
	done
	[ "$(stat -c %a "$XDG_CONFIG_HOME/acdb/config")" = 600 ]
	[ "$(stat -c %a "$SRV/db/data")" = 700 ]
	# Under root the workers are another user, who may pass but not look.
	[ $((0$(stat -c %a "$SRV/db/run") & 066)) -eq 0 ]
}

@test "acdb finds the server through the profile alone" {
	unset AGENTCOOPDB_GATEWAY_URL AGENTCOOPDB_API_KEY_FILE \
	    AGENTCOOPDB_CA_FILE CURL_CA_BUNDLE
	run -0 acdb -c 'SELECT 40 + 2 AS n' --csv
	[ "${lines[1]}" = 42 ]
}

@test "curl trusts the certificate by up.env" {
	run -0 curl -sS -H "Authorization: Bearer $(cat "$SRV/admin.key")" \
	    "$URL/v1/me"
	[ "$(jq -r .role <<<"$output")" = dbadmin ]
}

@test "openssl takes the certificate as its own only anchor" {
	run -0 openssl verify -CAfile "$SRV/tls/cert.pem" -purpose sslserver \
	    -verify_hostname localhost "$SRV/tls/cert.pem"
	run -0 openssl s_client -connect "localhost:$PORT" -verify_ip 127.0.0.1 \
	    -CAfile "$SRV/tls/cert.pem" -verify_return_error </dev/null
}

@test "PostgreSQL does not run as root and opens no port" {
	pid=$(head -n 1 "$SRV/db/data/postmaster.pid")
	[ "$(stat -c %u "/proc/$pid")" -ne 0 ]
	[ "$(server_sql 'SHOW listen_addresses')" = "" ]
}

@test "a profile of the user's own is kept, ours is replaced" {
	config=$XDG_CONFIG_HOME/acdb/config
	printf '\n[profile mine]\nurl = https://example.org\n' >>"$config"
	run -0 server_up
	grep -qx '\[profile mine\]' "$config"
	grep -qx 'url = https://example.org' "$config"
	[ "$(grep -cx '\[profile local\]' "$config")" -eq 1 ]
	[ "$(grep -cx "url = $URL" "$config")" -eq 1 ]
	[ "$(stat -c %a "$config")" = 600 ]
}

@test "a key that was revoked is minted anew" {
	key=$(cat "$SRV/admin.key")
	database acdb-keys revoke "${key:8:16}"
	run -0 server_up
	[[ $output == *"minting an admin key"* ]]
	[ "$(cat "$SRV/admin.key")" != "$key" ]
}

@test "acdbd killed with -9 takes PostgreSQL along; up starts both again" {
	run -0 acdb -c 'CREATE TABLE kept AS SELECT 42 AS n'
	master=$(server_pid)
	postmaster=$(head -n 1 "$SRV/db/data/postmaster.pid")
	kill -9 "$master"
	run -0 server_up
	[ "$(server_pid)" != "$master" ]
	[ "$(head -n 1 "$SRV/db/data/postmaster.pid")" != "$postmaster" ]
	run -0 acdb --csv -c 'SELECT n FROM kept'
	[ "${lines[1]}" = 42 ]
}

@test "a postmaster killed with -9 comes back by itself" {
	kill -9 "$(head -n 1 "$SRV/db/data/postmaster.pid")"
	run -0 curl -sS -o /dev/null --fail --retry 60 --retry-all-errors \
	    --retry-delay 1 --retry-max-time 60 "$URL/readyz"
	run -0 acdb --csv -c 'SELECT n FROM kept'
	[ "${lines[1]}" = 42 ]
}

@test "another port is taken without losing anything" {
	old=$PORT
	PORT=$(free_port)
	run -0 server_up
	run -0 acdb -p local --csv -c 'SELECT n FROM kept'
	[ "${lines[1]}" = 42 ]
	PORT=$old
	run -0 server_up
}

@test "a port that another program has is said to be" {
	taken=$(free_port)
	socat "TCP-LISTEN:$taken,bind=127.0.0.1,fork,reuseaddr" /dev/null 3>&- &
	socat=$!
	until (exec 4<>"/dev/tcp/127.0.0.1/$taken") 2>/dev/null; do :; done
	dir=$(mktemp -d /tmp/acdb-bats.XXXXXX)
	UP_DIR=$dir UP_BIN=$BIN UP_ENV=$dir.env PORT=$taken \
	    run "$TOP/deploy/local/up.sh"
	kill "$socat"
	rm -rf "$dir" "$dir.env"
	[ "$status" -eq 1 ]
	[[ $output == *"port $taken is taken by another program"* ]]
}

@test "a directory that is not ours is left alone" {
	dir=$(mktemp -d /tmp/acdb-bats.XXXXXX)
	touch "$dir/precious"
	UP_DIR=$dir UP_BIN=$BIN UP_ENV=$dir.env run "$TOP/deploy/local/up.sh"
	[ "$status" -eq 1 ]
	UP_DIR=$dir UP_ENV=$dir.env PURGE=1 run -0 "$TOP/deploy/local/down.sh"
	[ -e "$dir/precious" ]
	rm -rf "$dir"
}

@test "down stops all of it, twice is well, up starts it again" {
	postmaster=$(head -n 1 "$SRV/db/data/postmaster.pid")
	master=$(server_pid)
	UP_DIR=$SRV UP_ENV=$SRV.config/up.env run -0 "$TOP/deploy/local/down.sh"
	[ ! -d "/proc/$master" ] && [ ! -d "/proc/$postmaster" ]
	[ -z "$(ls "$SRV/db/run")" ]
	UP_DIR=$SRV UP_ENV=$SRV.config/up.env run -0 "$TOP/deploy/local/down.sh"
	[[ $output == *"not running"* ]]
	run -0 server_up
	run -0 acdb --csv -c 'SELECT n FROM kept'
	[ "${lines[1]}" = 42 ]
}

@test "down with PURGE removes all of it and keeps the user's profiles" {
	run -0 env UP_DIR="$SRV" UP_ENV="$SRV.config/up.env" PURGE=1 \
	    "$TOP/deploy/local/down.sh"
	[ ! -e "$SRV" ] && [ ! -e "$SRV.config/up.env" ]
	run -0 cat "$XDG_CONFIG_HOME/acdb/config"
	[[ $output == *"[profile mine]"* ]]
	[[ $output != *"[profile local]"* ]]
}
