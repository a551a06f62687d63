# acdb-keys on a real database and over HTTPS.
#
# "database acdb-keys ..." works on the database, plain "acdb-keys ..." over
# HTTPS as the fixture's dbadmin.
load helper

setup_file() {
	server_start
}

teardown_file() {
	server_end
}

# db ARG...: acdb-keys on the database.
db() {
	database acdb-keys "$@"
}

# id TOKEN: the key id within it; a revoked or wrong one has none the less.
id() {
	local rest=${1#acd_*_}
	echo "${rest:0:16}"
}

# status TOKEN: what GET /v1/me answers.
status() {
	api GET /v1/me "$1" | tail -n 1
}

# becomes STATUS TOKEN: within a second.
becomes() {
	local end=$((SECONDS + 3))
	while [ "$(status "$2")" != "$1" ]; do
		[ $SECONDS -lt $end ] || return 1
	done
}

# called REQUEST_ID TOKEN
called() {
	api POST /v1/sql/execute "$2" '{"sql": "SELECT 1 AS x"}' \
	    -H "X-Request-Id: $1" >/dev/null
}

# follow_shows REQUEST_ID FILE TOKEN: call until the file tells of it.
follow_shows() {
	local i
	for i in {1..100}; do
		called "$1$i" "$3"
		! grep -q "$1" "$2" || return 0
		sleep 0.1
	done
	return 1
}

@test "--help, --version and a bad option" {
	run --separate-stderr -0 acdb-keys --help
	[[ $output == "usage: acdb-keys "* ]] && [ -z "$stderr" ]
	run --separate-stderr -0 acdb-keys --version
	[[ $output =~ ^acdb-keys\ [0-9]+\. ]] && [ -z "$stderr" ]
	run --separate-stderr -64 acdb-keys --frobnicate
	[ -z "$output" ] && [ -n "$stderr" ]
	run --separate-stderr -64 acdb-keys
	[ -z "$output" ]
}

@test "every command has its own --help and refuses a bad option" {
	local c
	for c in mint list show revoke rotate audit "workspace list" \
	    "workspace create" "workspace rename" "workspace archive"; do
		# shellcheck disable=SC2086
		run --separate-stderr -0 acdb-keys $c --help
		[[ $output == "usage: acdb-keys $c "* ]]
		# shellcheck disable=SC2086
		run --separate-stderr -64 acdb-keys $c --frobnicate
		[ -z "$output" ]
	done
	run --separate-stderr -0 acdb-keys workspace --help
	[[ $output == *archive* ]]
	run --separate-stderr -64 acdb-keys workspace shut
}

@test "mint gives the token alone on stdout, and it opens" {
	run --separate-stderr -0 db mint
	[[ $output =~ ^acd_dev_[A-Za-z0-9_-]{16}_[A-Za-z0-9_-]{32}$ ]]
	[[ $stderr == *"made key $(id "$output") for dbadmin"* ]]
	[[ $stderr != *"$output"* ]]
	run -0 api GET /v1/me "$output"
	[[ $output == *'"role":"dbadmin"'*$'\n'200 ]]
}

@test "mint's options arrive, and --json is the whole key" {
	run --separate-stderr -0 db mint --workspace blue --role dbuser \
	    --env live --name "a \"name\" é" --expires 90d --read-only \
	    --rate 2.5 --burst 7 --allow-from 10.0.0.0/8,::1/128 --json
	jq -e '.name == "a \"name\" é" and .env == "live" and
	    .role == "dbuser" and .workspace == "blue" and .read_only and
	    .rate_per_second == 2.5 and .rate_burst == 7 and
	    .allow_from == ["10.0.0.0/8", "::1/128"] and
	    .status == "active" and (.token | startswith("acd_live_")) and
	    .revoked_at == null and .last_used_at == null and
	    ((.expires_at[:19] + "Z" | fromdate) -
	     (.created_at[:19] + "Z" | fromdate)) == 90 * 86400' \
	    <<<"$output"
	[[ $stderr == *"made the workspace 'blue'"* ]]
	local id
	id=$(jq -r .key_id <<<"$output")
	run --separate-stderr -0 db show "$id" --json
	jq -e 'has("token") | not' <<<"$output"
	# The same members in the same order as list's.
	[ "$(db list --json | jq -c '.[0] | keys_unsorted')" = \
	    "$(jq -c keys_unsorted <<<"$output")" ]
}

@test "--out makes a private file and never overwrites one" {
	local f=$BATS_TEST_TMPDIR/key
	run --separate-stderr -0 db mint --out "$f"
	[ -z "$output" ]
	[ "$(stat -c %a "$f")" = 600 ]
	[ "$(status "$(cat "$f")")" = 200 ]
	local before
	before=$(db list --json | jq length)
	run --separate-stderr -1 db mint --out "$f"
	[ "$(db list --json | jq length)" -eq "$before" ]
	# A refused mint leaves no file.
	run --separate-stderr -3 db mint --role nobody_such --out "$f.2"
	[ ! -e "$f.2" ]
}

@test "a token that cannot be given out is no key" {
	local before
	before=$(db list --all --json | jq length)
	for to in '>/dev/full' '>&-' '<&- >&-' '<&- >&- 2>&-'; do
		run -1 bash -c '"$@" '"$to" - env \
		    AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@/agentcoopdb?host=${SRV//\//%2F}%2Fdb%2Frun" \
		    AGENTCOOPDB_GATEWAY_PASSWORD_FILE="$SRV/db/secret" \
		    acdb-keys mint
	done
	[ "$(db list --all --json | jq length)" -eq "$before" ]
}

@test "mint refuses what no key may have" {
	run -64 db mint --env prod
	run -64 db mint --expires soon
	run -64 db mint --expires 0
	run -64 db mint --rate fast
	run -64 db mint --allow-from "10.0.0.0/8'"
	run -64 db mint surplus
	run -3 db mint --allow-from 10.0.0.1/8
	run -3 db mint --role nobody_such
	[[ $output == *'role "nobody_such" does not exist'* ]]
	run -3 db mint --role postgres
	run -3 db mint --role acdb_owner
	run -3 db mint --role pg_read_all_data
	run -3 db mint --workspace 01234567-89ab-cdef-0123-456789abcdef
	[[ $output == *"no workspace"* ]]
}

@test "a role that a dbadmin created gets its login with the first key" {
	run -0 api POST /v1/sql/execute "" '{"sql": "CREATE ROLE analyst"}'
	run --separate-stderr -0 db mint --role analyst
	[ "$(server_sql "SELECT login FROM acdb.dp_login
	    WHERE key_role = 'analyst'" agentcoopdb)" = acdb_dp_analyst ]
	run -0 api POST /v1/sql/execute "$output" \
	    '{"sql": "SELECT current_user, session_user"}'
	[[ $output == *'["analyst","acdb_dp_analyst"]'*$'\n'200 ]]
	# One with attributes that a key must not have, and one of others'.
	run -0 api POST /v1/sql/execute "" \
	    '{"sql": "CREATE ROLE boss CREATEROLE"}'
	run -3 db mint --role boss
	[[ $output == *attributes* ]]
	server_sql 'CREATE ROLE stranger'
	run -3 db mint --role stranger
	[[ $output == *"only a role that dbadmin created can be"* ]]
}

@test "a key is named by id, uuid or prefix, and never by its token" {
	local t json id uuid
	t=$(db mint --name named)
	id=$(id "$t")
	uuid=$(db show "$id" --json | jq -r .id)
	run --separate-stderr -0 db show "$uuid" --json
	json=$output
	[ "$(jq -r .key_id <<<"$json")" = "$id" ]
	[ "$(db show -- "${id:0:10}" --json)" = "$json" ] ||
	    [ "$(db show --json -- "${id:0:10}")" = "$json" ]
	[ "$(db show --json "acd_dev_$id")" = "$json" ]
	run -64 db show "$t"
	[[ $output != *"${t:25}"* ]]
	run -3 db show nosuchkey
	run -64 db show ""
	# "acd_dev_" alone names nothing; a prefix of several names none.
	server_sql "UPDATE acdb.api_keys SET key_id = 'twin' || right(key_id, 12)
	    WHERE name IN ('named', 'make up')"
	run -3 db show twin
	[[ $output == *"beginning of several keys"* ]]
	server_sql "UPDATE acdb.api_keys SET key_id = '$(id \
	    "$(cat "$SRV/admin.key")")' WHERE name = 'make up'"
	becomes 200 ''
}

@test "show is a line a member" {
	local t
	t=$(db mint --name $'esc\e[31m')
	run --separate-stderr -0 db show --json "acd_dev_$(id "$t")"
	run --separate-stderr -0 db show "acd_dev_$(id "$t")"
	[[ $output == *"name             esc?[31m"* ]]
	[[ $output == *"expires_at       -"* ]]
}

@test "revoke ends a key at once; all of them or none" {
	local a b
	a=$(db mint) b=$(db mint)
	becomes 200 "$a"
	run -3 db revoke "acd_dev_$(id "$a")" no-such-key
	[ "$(status "$a")" = 200 ]
	run --separate-stderr -0 db revoke "acd_dev_$(id "$a")" \
	    "acd_dev_$(id "$b")"
	[ -z "$output" ]
	becomes 401 "$a"
	becomes 401 "$b"
	run --separate-stderr -0 db revoke --json "acd_dev_$(id "$a")"
	jq -e '.[0].revoked and .[0].was_revoked' <<<"$output"
	run -64 db revoke
}

@test "a revoked key's makings are named, and with --made end with it" {
	local admin made next line other
	admin=$(db mint --role dbadmin) other=$(db mint)
	made=$(KEY=$admin minted) next=$(KEY=$made rotated)
	line="acd_dev_$(id "$admin")"
	run --separate-stderr -0 db revoke "$line"
	becomes 401 "$admin"
	[ "$(status "$next")" = 200 ]
	[[ $stderr == *"key $(id "$next"), which $(id "$admin") made, is still \
active"*--made* ]]
	run --separate-stderr -0 db revoke --json "$line"
	[ "$(jq -c '.[0].still_active' <<<"$output")" = \
	    "[\"$(id "$made")\",\"$(id "$next")\"]" ]
	run --separate-stderr -0 db revoke --made "$line"
	[[ $stderr == *"had already revoked key $(id "$admin")"* ]]
	[[ $stderr == *"revoked key $(id "$next"), which $(id "$admin") made"* ]]
	becomes 401 "$made"
	becomes 401 "$next"
	[ "$(status "$other")" = 200 ]
	run --separate-stderr -0 db revoke "$line"
	[[ $stderr != *made* ]]
}

# With $KEY, over the API: a new key's token.
minted() {
	api POST /v1/auth/keys "$KEY" '{"pg_role":"dbuser"}' | head -n 1 | jq -r .token
}

rotated() {
	api POST /v1/auth/keys/rotate "$KEY" | head -n 1 | jq -r .token
}

@test "list shows what is in force, --all the rest" {
	local t id
	t=$(db mint --name gone --workspace listed)
	id=$(id "$t")
	db revoke "acd_dev_$id"
	db mint --name here --workspace listed >/dev/null
	run --separate-stderr -0 db list --workspace listed
	[[ ${lines[0]} == "KEY ID "* && ${#lines[@]} -eq 2 ]]
	[[ ${lines[1]} == *" listed "*" active "*" here "* ]]
	run --separate-stderr -0 db ls --workspace listed --all --json
	[ "$(jq -c '[.[] | [.name, .status]] | sort' <<<"$output")" = \
	    '[["gone","revoked"],["here","active"]]' ]
	run -3 db list --workspace nowhere
}

@test "an expired key is out of force" {
	local t
	t=$(db mint --expires 1ms --name brief)
	[ "$(status "$t")" = 401 ]
	[ "$(db list --json | jq '[.[] | select(.name == "brief")] | length')" \
	    -eq 0 ]
	[ "$(db list --all --json |
	    jq -r '.[] | select(.name == "brief").status')" = expired ]
}

@test "rotate keeps the rights and lets the old key live on for the overlap" {
	local t new
	t=$(db mint --role dbuser --env test --name turn --rate 3 --expires 2d)
	run --separate-stderr -0 db rotate "acd_test_$(id "$t")" --overlap 1h \
	    --json
	new=$output
	jq -e '.role == "dbuser" and .env == "test" and .name == "turn" and
	    .rate_per_second == 3 and .expires_at != null and
	    (.token | startswith("acd_test_"))' <<<"$new"
	becomes 200 "$(jq -r .token <<<"$new")"
	[ "$(status "$t")" = 200 ]
	db show --json "acd_test_$(id "$t")" |
	    jq -e '(.expires_at[:19] + "Z" | fromdate) - now |
		. > 3500 and . < 3700'
	run --separate-stderr -0 db rotate "acd_test_$(id "$t")" --overlap 0
	becomes 401 "$t"
	run -3 db rotate "acd_test_$(id "$t")"
	run -64 db rotate
	run -64 db rotate "acd_test_$(id "$t")" --overlap soon
}

@test "workspaces are made, renamed and archived" {
	local id t
	run --separate-stderr -0 db workspace create green
	id=$output
	[[ $id =~ ^[0-9a-f]{8}-[0-9a-f-]{27}$ ]]
	run -3 db workspace create green
	[[ $output == *"there is a workspace 'green' already"* ]]
	run -64 db workspace create ""
	run -64 db workspace create
	run --separate-stderr -0 db workspace rename green lime --json
	[ "$(jq -r .id <<<"$output")" = "$id" ]
	t=$(db mint --workspace lime)
	becomes 200 "$t"
	run -0 db workspace archive "$id"
	becomes 401 "$t" || becomes 403 "$t"
	run -3 db mint --workspace lime
	[[ $output == *"'lime' is archived"* ]]
	run --separate-stderr -0 db workspace list
	[[ $output != *lime* ]]
	run --separate-stderr -0 db workspace list --all --json
	jq -e --arg id "$id" '.[] | select(.id == $id) |
	    .name == "lime" and .archived_at != null and .keys == 1' \
	    <<<"$output"
	[ "$(db list --all --json | jq -r --arg id "$id" \
	    '.[] | select(.workspace_id == $id).status')" = archived ]
	run -3 db workspace archive nowhere
}

@test "audit shows what a key did, and follows it" {
	local t id pid
	t=$(db mint --role dbuser --rate 0) id=$(id "$t")
	becomes 200 "$t"
	run -0 api POST /v1/sql/execute "$t" '{"sql": "SELECT 4711"}'
	run -0 api POST /v1/sql/execute "$t" '{"sql": "SELECT no_such"}'
	run --separate-stderr -0 db audit --key "acd_dev_$id"
	[[ $output == *" 200 SELECT key=$id role=dbuser "* ]]
	[[ $output == *" 400 SELECT error="* ]]
	[[ $output != *4711* ]]
	run --separate-stderr -0 db audit --key "acd_dev_$id" --json
	jq -se 'length >= 2 and all(.[]; .endpoint != null and .status > 0)' \
	    <<<"$output"
	run --separate-stderr -0 db audit --key "acd_dev_$id" --since 0
	[ -z "$output" ]

	db audit --key "acd_dev_$id" --since 0 --follow --json \
	    >"$BATS_TEST_TMPDIR/follow" 3>&- &
	pid=$!
	# It is following once it shows a first row; from then on every row
	# comes, and once.
	follow_shows first "$BATS_TEST_TMPDIR/follow" "$t"
	for _ in 1 2 3 4 5; do
		called followed "$t"
	done
	follow_shows second "$BATS_TEST_TMPDIR/follow" "$t"
	follow_shows third "$BATS_TEST_TMPDIR/follow" "$t"
	kill "$pid"
	[ "$(grep -c followed "$BATS_TEST_TMPDIR/follow")" -eq 5 ]
	[ -z "$(jq .id "$BATS_TEST_TMPDIR/follow" | sort | uniq -d)" ]
	run -64 db audit --since yesterday
}

@test "a wrong password, no database, no settings: 4, 2, 78 or 64" {
	run -4 env AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@/agentcoopdb?host=${SRV//\//%2F}%2Fdb%2Frun" \
	    AGENTCOOPDB_GATEWAY_PASSWORD=not-the-password acdb-keys list
	[[ $output == *"acdb-migrate up"* ]]
	run -4 env AGENTCOOPDB_API_KEY_FILE= AGENTCOOPDB_API_KEY=nonsense \
	    acdb-keys list
	run -2 env AGENTCOOPDB_DATABASE_URL="postgresql://agentcoopdb_gateway@127.0.0.1:1/x" \
	    AGENTCOOPDB_GATEWAY_PASSWORD=not-the-password acdb-keys list
	run -78 env AGENTCOOPDB_DATABASE_URL="nonsense url" acdb-keys list
	run -78 env AGENTCOOPDB_DATABASE_URL_FILE=/no/such/file acdb-keys list
	run -78 env -u AGENTCOOPDB_GATEWAY_URL -u AGENTCOOPDB_API_KEY_FILE \
	    XDG_CONFIG_HOME=/nonexistent acdb-keys list
}

@test "with both in the environment it is the database, by option HTTPS" {
	export AGENTCOOPDB_DATABASE_URL=postgresql://nobody@127.0.0.1:1/x
	run -2 acdb-keys list
	run --separate-stderr -0 acdb-keys list --url "$URL" \
	    --key-file "$SRV/admin.key" --ca-file "$SRV/tls/cert.pem"
	run --separate-stderr -0 acdb-keys list --profile local
}

@test "over HTTPS: mint, list, show, revoke within the key's workspace" {
	local t id mine made
	mine=$(id "$(cat "$SRV/admin.key")")
	db mint --workspace elsewhere --name foreign >/dev/null
	run --separate-stderr -0 acdb-keys mint --role dbuser --name far \
	    --expires 1d --read-only --rate 9 --burst 11 \
	    --allow-from 127.0.0.0/8,::1/128 --json
	t=$(jq -r .token <<<"$output") id=$(id "$t")
	[ "$(status "$t")" = 200 ]
	db show --json "acd_dev_$id" | jq -e '.name == "far" and
	    .read_only and .rate_per_second == 9 and .rate_burst == 11 and
	    .allow_from == ["127.0.0.0/8", "::1/128"] and
	    .expires_at != null and .created_by != null'
	run --separate-stderr -0 acdb-keys list --json
	jq -e --arg id "$id" 'any(.[]; .key_id == $id and .role == "dbuser"
	    and .status == "active")' <<<"$output"
	[[ $output != *foreign* ]]
	run --separate-stderr -0 acdb-keys show "acd_dev_$id"
	[[ $output == *"name             far"* ]]
	made=$(KEY=$t rotated)
	run --separate-stderr -0 acdb-keys revoke "acd_dev_$id"
	[ "$(status "$t")" = 401 ] && [ "$(status "$made")" = 200 ]
	[[ $stderr == *"key $(id "$made"), which $id made, is still"*--made* ]]
	run --separate-stderr -0 acdb-keys list
	[[ $output != *"$id"* ]]
	run --separate-stderr -0 acdb-keys revoke --made --json "acd_dev_$id"
	[ "$(jq -c '.[0].also_revoked' <<<"$output")" = \
	    "[\"$(id "$made")\"]" ]
	becomes 401 "$made"
	run -64 acdb-keys revoke "acd_dev_$mine"
	[[ $output == *--self* ]]
	[ "$(status '')" = 200 ]
}

@test "over HTTPS: what needs the database says so" {
	run -64 acdb-keys audit
	[[ $output == *AGENTCOOPDB_DATABASE_URL* ]]
	run -64 acdb-keys workspace list
	run -64 acdb-keys mint --workspace blue
	run -64 acdb-keys list --workspace default
	[[ $output == *AGENTCOOPDB_DATABASE_URL* ]]
	run -64 acdb-keys rotate nosuchkey
	run -64 acdb-keys rotate --overlap 1h
}

@test "over HTTPS: a key replaces itself, and --self ends it" {
	local t id
	db mint --out "$BATS_TEST_TMPDIR/a"
	run --separate-stderr -0 acdb-keys rotate --key-file \
	    "$BATS_TEST_TMPDIR/a" --url "$URL" --out "$BATS_TEST_TMPDIR/b"
	[ -z "$output" ]
	t=$(cat "$BATS_TEST_TMPDIR/b") id=$(id "$t")
	[ "$(status "$t")" = 200 ]
	run -0 acdb-keys revoke --self --url "$URL" --key-file \
	    "$BATS_TEST_TMPDIR/b" "acd_dev_$id"
	becomes 401 "$t"
	run -4 acdb-keys list --url "$URL" --key-file "$BATS_TEST_TMPDIR/b"
	[[ $output == *"401 key_inactive"* ]]
	run -2 acdb-keys list --url https://localhost:1 --key-file \
	    "$BATS_TEST_TMPDIR/a"
}

@test "a key that is refused is refused on every path, and no worker dies" {
	local t p
	t=$(db mint)
	db revoke "acd_dev_$(id "$t")"
	for p in "GET /v1/me" "GET /v1/auth/keys" "POST /v1/sql/execute" \
	    "POST /v1/auth/keys" "POST /v1/auth/keys/rotate"; do
		# shellcheck disable=SC2086
		run -0 api $p "$t" '{}'
		[ "${lines[-1]}" = 401 ]
	done
	run ! grep "worker ended" "$SRV/acdbd.log"
}

@test "no secret is written where it does not belong" {
	local t
	t=$(db mint)
	run ! grep -rqF "${t:25}" "$SRV/acdbd.log" "$SRV/db/log"
	[ "$(server_sql "SELECT count(*) FROM acdb.api_keys
	    WHERE api_keys::text LIKE '%${t:25}%'")" = 0 ]
}
