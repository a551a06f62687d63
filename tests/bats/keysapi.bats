# Keys over HTTPS: /v1/me, /v1/auth/keys, /v1/auth/keys/rotate.

load helper
load http

setup_file() {
	server_start
	DBUSER=$(mint dbuser) READER=$(mint dbreader)
	export DBUSER READER
}

teardown_file() {
	server_end
}

# keys BODY [CURL OPTION...]: POST /v1/auth/keys; sets token and id.
keys() {
	ask POST /v1/auth/keys "$1" "${@:2}"
	token=$(jq -r .token <<<"$body")
	id=$(jq -r .new_key_id <<<"$body")
}

made() {
	same "$status" "${1:-201}" || {
		echo "$body"
		return 1
	}
	[[ $token =~ ^acd_(dev|live|test)_([A-Za-z0-9_-]{16})_[A-Za-z0-9_-]{32}$ ]]
	same "${BASH_REMATCH[2]}" "$id"
	is keys '["new_key_id","notice","token"]'
}

status_is() {
	ask GET /v1/me
	[ "$status" = "$1" ]
}

@test "/v1/me tells whose key it is" {
	key=$(<"$SRV/admin.key")
	ask GET /v1/me && ok
	is '[.key_id,.role,.env,.read_only]' \
	    "[\"${key:8:16}\",\"dbadmin\",\"dev\",false]"
	is '.server|keys' '["build_date","commit","version"]'
	same "$(jq -r .server.version <<<"$body")" "$(cat "$TOP/VERSION")"
	same "$(jq -r .workspace_id <<<"$body")" \
	    "$(server_sql "SELECT id FROM acdb.workspaces
		WHERE name = 'default'")"
	KEY=$READER ask GET /v1/me && is .role '"dbreader"'
	KEY=$(mint dbuser --env live --read-only) ask GET /v1/me
	is '[.role,.env,.read_only]' '["dbuser","live",true]'
}

@test "a minted key works at once, and is what was asked for" {
	keys '{"pg_role":"dbuser"}' && made
	KEY=$token ask GET /v1/me && is '[.role,.env,.read_only,.key_id]' \
	    "[\"dbuser\",\"dev\",false,\"$id\"]"
	keys '{"pg_role":"dbreader","name":"nightly é","env":"test","read_only":true}'
	made
	KEY=$token ask GET /v1/me && is '[.role,.env,.read_only]' \
	    '["dbreader","test",true]'
	# The env is the caller's own where none is named, or "".
	KEY=$(mint dbadmin --env live)
	export KEY
	keys '{"pg_role":"dbuser"}' && made && [[ $token == acd_live_* ]]
	keys '{"pg_role":"dbuser","name":"","env":"","workspace_id":""}'
	made && [[ $token == acd_live_* ]]
	same "$(server_sql "SELECT name FROM acdb.api_keys
	    WHERE key_id = '$id'")" ''
	unset KEY
	ask GET /v1/me && workspace=$(jq -r .workspace_id <<<"$body")
	keys "{\"pg_role\":\"dbadmin\",\"workspace_id\":\"${workspace^^}\"}"
	made
	same "$(header cache-control)" no-store
	# Only the hash is stored.
	same "$(server_sql "SELECT count(*) FROM acdb.api_keys k
	    WHERE k::text LIKE '%${token:25}%'")" 0
}

@test "who is asked before data is destroyed, and who is not" {
	keys '{"pg_role":"dbadmin"}'
	KEY=$token sql 'CREATE TABLE gone ()' '' '"confirm":"required"' && ok
	KEY=$token sql 'DROP TABLE gone' '' '"confirm":"required"'
	same "$status" 409 && is .title '"confirmation_required"'
	keys '{"pg_role":"dbadmin","ungated":true}'
	KEY=$token sql 'DROP TABLE gone' '' '"confirm":"required"' && ok
	# Its successor is as free.
	KEY=$token ask POST /v1/auth/keys/rotate && ok
	token=$(jq -r .token <<<"$body")
	KEY=$token sql 'DROP TABLE IF EXISTS gone' '' '"confirm":"required"' &&
	    ok
	KEY=$token ask GET '/v1/auth/keys?limit=2' && ok
	is '[.items[].ungated]' '[true,true]'
	token=$(mint dbadmin --ungated)
	KEY=$token sql 'DROP TABLE IF EXISTS gone' '' '"confirm":"required"' &&
	    ok
}

@test "what may not be minted" {
	while IFS='|' read -r text status_ title detail; do
		echo "$text"
		keys "$text"
		refused "$status_" "$title" "$detail"
	done <<-'EOT'
	{"pg_role":"nobody"}|400|invalid_role|*nobody*
	{"pg_role":"postgres"}|400|invalid_role|
	{"pg_role":"acdb_owner"}|400|invalid_role|
	{"pg_role":"agentcoopdb_gateway"}|400|invalid_role|
	{"pg_role":"acdb_dp_dbuser"}|400|invalid_role|
	{"pg_role":"pg_read_all_data"}|400|invalid_role|
	{"pg_role":"DBUSER"}|400|invalid_role|
	{"pg_role":""}|400|invalid_json|*pg_role*
	{"pg_role":null}|400|invalid_json|*pg_role*
	{"pg_role":["dbuser"]}|400|invalid_json|*pg_role*
	{}|400|invalid_json|*pg_role*
	[]|400|invalid_json|
	nope|400|invalid_json|
	{"pg_role":"dbuser","env":"prod"}|400|invalid_input|*env*
	{"pg_role":"dbuser","role":"x"}|400|invalid_json|*unknown member "role": known are pg_role, *
	{"pg_role":"dbuser","workspace_id":"00000000-0000-0000-0000-000000000000"}|403|permission_denied|
	{"pg_role":"dbuser","workspace_id":"x"}|403|permission_denied|
	{"pg_role":"dbuser","expires_in":"soon"}|400|invalid_input|*expires_in*
	{"pg_role":"dbuser","expires_in":"0s"}|400|invalid_input|*expires_in*
	{"pg_role":"dbuser","read_only":"yes"}|400|invalid_json|*read_only*
	{"pg_role":"dbuser","ungated":1}|400|invalid_json|*ungated*
	{"pg_role":"dbuser","rate_per_second":-1}|400|invalid_input|*rate_per_second*
	{"pg_role":"dbuser","rate_per_second":"x"}|400|invalid_input|
	{"pg_role":"dbuser","allow_from":"10.0.0.0/8"}|400|invalid_json|*allow_from*
	{"pg_role":"dbuser","allow_from":["here"]}|400|invalid_input|*here*
	{"pg_role":"dbuser","allow_from":["10.0.0.1/8"]}|400|invalid_input|
	{"pg_role":"dbuser","allow_from":["1.2.3.4.5"]}|400|invalid_input|
	EOT
	keys '{"pg_role":"dbuser"}' -H "Content-Type: text/plain"
	refused 415 unsupported_media_type
	for KEY in "$DBUSER" "$READER" "$(mint dbadmin --read-only)"; do
		keys '{"pg_role":"dbreader"}' && refused 403 permission_denied
	done
}

@test "expires_in, rate and networks hold" {
	keys '{"pg_role":"dbuser","expires_in":"1s"}' && made
	KEY=$token
	ok_or_inactive() {
		ask GET /v1/me
		[ "$status" = 200 ] || refused 401 key_inactive
	}
	ok_or_inactive
	until_true status_is 401
	refused 401 key_inactive
	unset KEY
	keys '{"pg_role":"dbuser","rate_per_second":0.5,"rate_burst":3}' && made
	KEY=$token ask GET /v1/me && same "$(header x-ratelimit-remaining)" 2
	keys '{"pg_role":"dbuser","rate_per_second":0}' && made
	KEY=$token ask GET /v1/me && same "$(header x-ratelimit-limit)" ''
	keys '{"pg_role":"dbuser","allow_from":["127.0.0.0/8","::1/128"]}' &&
	    made
	KEY=$token ask GET /v1/me && ok
	keys '{"pg_role":"dbuser","allow_from":["10.0.0.0/8"]}' && made
	KEY=$token ask GET /v1/me && refused 403 permission_denied '*address*'
	keys '{"pg_role":"dbuser","allow_from":[]}' && made
	KEY=$token ask GET /v1/me && refused 403 permission_denied
}

# from ADDRESS: what /v1/me answers there, over IPv4.
from() {
	ask GET /v1/me "" -4 --interface "$1" && echo "$status"
}

@test "a key's networks hold for every call, not only for the first" {
	keys '{"pg_role":"dbuser","allow_from":["127.0.0.2/32"]}' && made
	KEY=$token
	for _ in {1..10}; do
		same "$(from 127.0.0.2)" 200
	done
	for _ in {1..10}; do
		same "$(from 127.0.0.1)" 403
	done
	same "$(from 127.0.0.2)" 200
}

@test "rotate replaces the calling key, which stays for a while" {
	old=$(mint dbuser --env test --name "to rotate" --read-only)
	for text in '' '{}'; do
		KEY=$old ask POST /v1/auth/keys/rotate "$text"
		token=$(jq -r .token <<<"$body")
		id=$(jq -r .new_key_id <<<"$body")
		made 200
		[[ $token == acd_test_* ]]
	done
	KEY=$token ask GET /v1/me && is '[.role,.env,.read_only,.key_id]' \
	    "[\"dbuser\",\"test\",true,\"$id\"]"
	KEY=$old ask GET /v1/me && ok
	same "$(server_sql "SELECT name FROM acdb.api_keys
	    WHERE key_id = '$id'")" "to rotate"
	same "$(server_sql "SELECT expires_at BETWEEN now() + '23h' AND
	    now() + '24h' FROM acdb.api_keys WHERE key_id = '${old:9:16}'")" t
	server_sql "UPDATE acdb.api_keys SET expires_at = now()
	    WHERE key_id = '${old:9:16}'"
	KEY=$old until_true status_is 401
	refused 401 key_inactive
	KEY=$token ask GET /v1/me && ok
}

@test "the list shows a workspace's keys, page by page, and no secret" {
	admin=$(mint dbadmin --workspace listed --name k0)
	KEY=$admin ask GET /v1/auth/keys && ok
	is '[.next_cursor, (.items|length)]' '[null,1]'
	is '.items[0]|keys' '["allow_from","created_at","env","expires_at","key_id","last_used_at","name","rate_burst","rate_per_second","read_only","revoked_at","role","status","ungated"]'
	for i in 1 2 3 4; do
		mint dbuser --workspace listed --name "k$i" >/dev/null
	done
	seen=()
	cursor=
	for n in 2 2 1; do
		KEY=$admin ask GET "/v1/auth/keys?limit=2${cursor:+&cursor=$cursor}"
		ok
		is '.items|length' "$n"
		mapfile -t -O ${#seen[@]} seen < <(jq -r '.items[].name' <<<"$body")
		cursor=$(jq -r .next_cursor <<<"$body")
	done
	same "${seen[*]}" "k4 k3 k2 k1 k0"
	same "$cursor" null
	# One that is nobody's must not look like the list's end.
	for query in limit=0 limit=1001 limit=x cursor=toolongtobeacursor \
	    cursor=x cursor= "cursor=$(cut -c9-24 "$SRV/admin.key")"; do
		KEY=$admin ask GET "/v1/auth/keys?$query"
		refused 400 invalid_input
	done
	KEY=$DBUSER ask GET /v1/auth/keys && refused 403 permission_denied
	KEY=$(mint dbadmin --workspace listed --read-only) \
	    ask GET /v1/auth/keys && ok
	# Another workspace's keys are not there.
	ask GET "/v1/auth/keys?limit=1000" && [[ $body != *'"k1"'* ]]
}

@test "a key that did not commit is not told as made" {
	server_sql "CREATE FUNCTION public.never() RETURNS trigger
	    LANGUAGE plpgsql AS \$\$BEGIN RAISE 'not at commit'; END\$\$;
	    CREATE CONSTRAINT TRIGGER never AFTER INSERT ON acdb.api_keys
	    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	    EXECUTE FUNCTION public.never()"
	ask POST /v1/auth/keys '{"pg_role":"dbuser","name":"never"}'
	server_sql "DROP TRIGGER never ON acdb.api_keys;
	    DROP FUNCTION public.never()"
	same "$(server_sql "SELECT count(*) FROM acdb.api_keys
	    WHERE name = 'never'")" 0
	refused 500 internal_error
}

@test "what is cancelled behind the API can be asked again" {
	local lock asked
	server_sql "BEGIN; LOCK TABLE acdb.api_keys; SELECT pg_sleep(60)" \
	    >"$BATS_TEST_TMPDIR/lock" 2>&1 3>&- &
	lock=$!
	blocked() {
		[ "$(server_sql "SELECT count(pg_cancel_backend(pid))
		    FROM pg_stat_activity WHERE wait_event_type = 'Lock'
		    AND application_name = 'agentcoopdb control'
		    AND query LIKE '%$1%'")" -gt 0 ]
	}
	asleep() {
		[ "$(server_sql "SELECT count(*) FROM pg_stat_activity
		    WHERE wait_event = 'PgSleep'")" = 1 ]
	}
	until_true asleep
	api GET /v1/auth/keys >"$BATS_TEST_TMPDIR/listed" 3>&- &
	asked=$!
	until_true blocked key_id
	wait $asked
	same "$(tail -n 1 "$BATS_TEST_TMPDIR/listed")" 503
	grep -q '"title":"database_unavailable".*"retryable":true' \
	    "$BATS_TEST_TMPDIR/listed"
	server_sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep'"
	wait $lock || true
	ask GET /v1/auth/keys && ok
}

@test "DELETE revokes: on every worker" {
	victim=$(mint dbuser)
	KEY=$victim
	for _ in {1..6}; do
		ask GET /v1/me && ok
	done
	unset KEY
	ask DELETE "/v1/auth/keys/${victim:8:16}" && ok
	is '[.key_id,.status]' "[\"${victim:8:16}\",\"revoked\"]"
	KEY=$victim until_true status_is 401
	refused 401 key_inactive
	KEY=$victim
	for _ in {1..6}; do
		ask GET /v1/me && refused 401 key_inactive
	done
	unset KEY
	# Again: it is revoked.
	ask DELETE "/v1/auth/keys/${victim:8:16}" && ok
	is '[.status,.still_active]' '["revoked",[]]'
	ask DELETE "/v1/auth/keys/${victim:8:16}?made=true" && ok
	is '[.status,.also_revoked]' '["revoked",[]]'
	for made in yes '' true%00 TRUE; do
		ask DELETE "/v1/auth/keys/${victim:8:16}?made=$made"
		refused 400 invalid_input
	done
	ask GET "/v1/auth/keys?limit=1000" && is "[.items[] |
	    select(.key_id == \"${victim:8:16}\") | .status]" '["revoked"]'
	for id in AAAAAAAAAAAAAAAA x "$(printf '%0100d' 0)"; do
		ask DELETE "/v1/auth/keys/$id" && refused 404 not_found
	done
	stranger=$(mint dbuser --workspace stranger)
	ask DELETE "/v1/auth/keys/${stranger:8:16}" && refused 404 not_found
	KEY=$stranger ask GET /v1/me && ok
	KEY=$DBUSER ask DELETE "/v1/auth/keys/${stranger:8:16}"
	refused 403 permission_denied
	KEY=$stranger ask DELETE "/v1/auth/keys/${stranger:8:16}"
	refused 403 permission_denied
}

@test "a key revoked in SQL, or whose workspace ends, stops working" {
	victim=$(mint dbuser)
	KEY=$victim ask GET /v1/me && ok
	server_sql "UPDATE acdb.api_keys SET revoked_at = now()
	    WHERE key_id = '${victim:8:16}'"
	KEY=$victim until_true status_is 401
	victim=$(mint dbuser --workspace shortlived)
	KEY=$victim ask GET /v1/me && ok
	database acdb-keys workspace archive shortlived
	KEY=$victim until_true status_is 401
	refused 401 key_inactive
	victim=$(mint dbuser)
	KEY=$victim ask GET /v1/me && ok
	server_sql "DELETE FROM acdb.api_keys
	    WHERE key_id = '${victim:8:16}'"
	KEY=$victim until_true status_is 401
	refused 401 invalid_api_key
}

@test "a revoked key cannot go on with what it began" {
	victim=$(mint dbadmin)
	KEY=$victim keys '{"pg_role":"dbuser"}' && made
	ask DELETE "/v1/auth/keys/${victim:8:16}" && ok
	KEY=$victim until_true status_is 401
	KEY=$victim keys '{"pg_role":"dbuser"}' && refused 401 key_inactive
	KEY=$victim ask POST /v1/auth/keys/rotate && refused 401 key_inactive
	KEY=$victim sql "SELECT 1" && refused 401 key_inactive
}
