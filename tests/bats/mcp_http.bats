# MCP at /v1/mcp: a real acdbd, a real PostgreSQL.
load helper
load mcp

setup_file() {
	server_start && mint_keys
}

teardown_file() {
	server_stop
}

setup() {
	VIA=http
}

@test "sql_query"			{ both_eras check_query; }
@test "names that are not there"	{ both_eras check_names; }
@test "exact values"			{ both_eras check_exact; }
@test "arguments"			{ both_eras check_arguments; }
@test "sql_execute"			{ both_eras check_execute; }
@test "sql_transaction"			{ both_eras check_transaction; }
@test "destruction is confirmed first"	{ both_eras check_gate; }
@test "the schema's tools"		{ both_eras check_schema; }
@test "explain"				{ both_eras check_explain; }
@test "vectors"				{ both_eras check_vectors; }
@test "rpc_call, advise, whoami, health" { both_eras check_rest; }
@test "what a key is offered"		{ both_eras check_lists; }
@test "resources, prompts, completion"	{ both_eras check_rest_of_protocol; }
@test "the transcripts are as they were"	{ both_eras check_golden; }

ok_message='{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

# post_with MESSAGE HEADER...: these headers alone.
post_with() {
	local message=$1 headers=() h
	shift
	for h; do
		headers+=(-H "$h")
	done
	answer=$(api POST /v1/mcp '' "$message" \
	    -H 'Content-Type: application/json' "${headers[@]}")
	status=${answer##*$'\n'} answer=${answer%$'\n'*}
}

# refused STATUS FILTER: of the last post.
refused() {
	[ "$status" = "$1" ] || { echo "$status, not $1: $answer"; return 1; }
	is "$2"
}

@test "other methods are not taken; a key is needed" {
	local method
	for method in GET DELETE PUT; do
		run -0 curl -sS --cacert "$SRV/tls/cert.pem" -o /dev/null \
		    -w '%{http_code}' -X $method "$URL/v1/mcp"
		[ "$output" = 405 ]
	done
	run -0 curl -sS --cacert "$SRV/tls/cert.pem" -i \
	    -H 'Content-Type: application/json' -d "$ok_message" "$URL/v1/mcp"
	[[ $output == *" 401 "* && ${output,,} == *"www-authenticate: bearer"* ]]
	AGENTCOOPDB_API_KEY_FILE=<(echo acd_dev_AAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA) \
	    ERA=legacy post "$ok_message" tools/list
	refused 401 '.title'
}

@test "an Origin that is not ours is refused" {
	local origin
	ERA=legacy
	for origin in https://evil.example http://localhost.evil.example null \
	    https://localhost:1@evil.example http://localhost:6274/ \
	    https://localhostx http://127.0.0.1.evil.example; do
		post "$ok_message" tools/list '' -H "Origin: $origin"
		refused 403 true
	done
	for origin in http://localhost http://localhost:6274 \
	    https://127.0.0.1 "https://localhost:$PORT" 'http://[::1]:1'; do
		post "$ok_message" tools/list '' -H "Origin: $origin"
		refused 200 '.result.tools'
	done
}

@test "the legacy era's headers, notifications and batches" {
	ERA=legacy
	post_with "$ok_message" 'MCP-Protocol-Version: 1999-01-01'
	refused 400 '.error'
	rpc initialize '{"protocolVersion":"2025-06-18","capabilities":{},
	    "clientInfo":{"name":"x","version":"1"}}'
	refused 200 '.result.protocolVersion == "2025-06-18"'
	rpc initialize '{"protocolVersion":"2026-07-28","capabilities":{}}'
	refused 200 '.result.protocolVersion == "2025-11-25"'
	post '{"jsonrpc":"2.0","method":"notifications/initialized"}' n
	[ "$status" = 202 ] && [ -z "$answer" ]
	post '{"jsonrpc":"2.0","id":"x","result":{}}' n
	[ "$status" = 202 ] && [ -z "$answer" ]
	post "[$ok_message]" tools/list
	refused 400 '.error.code == -32600'
	# Absent: a client of 2025-03-26, which has batches.
	post "[$ok_message,{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"},
	    {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}]" initialize
	refused 200 'length == 2 and .[1] == {jsonrpc: "2.0", id: 2, result: {}}'
	rpc nope
	refused 200 '.error.code == -32601'
}

# query ID SQL: a call of sql_query.
query() {
	printf '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":
	    {"name":"sql_query","arguments":{"sql":"%s"}}}' "$1" "$2"
}

@test "each call of a batch counts, and is recorded" {
	local batch id=batch-$RANDOM
	ERA=legacy
	mint dbuser --rate 0.01 --burst 3 >"$BATS_TEST_TMPDIR/key"
	batch="[$(query 1 'SELECT 1'),$(query 2 'SELECT nope'),
	    $(query 3 'SELECT 3'),$(query 4 'SELECT 4')]"
	AGENTCOOPDB_API_KEY_FILE=$BATS_TEST_TMPDIR/key \
	    post "$batch" initialize '' -H "X-Request-Id: $id"
	refused 200 'map(.result.isError // false) == [false, true, false, true]
	    and (.[3].result.content[0].text | test("limit"))'
	# Ids of one millisecond have no order.
	run -0 server_sql "SELECT string_agg(status || command, ' '
	    ORDER BY status, command) FROM acdb.audit_logs WHERE request_id = '$id'"
	[ "$output" = "200MCP 200SELECT 200SELECT 400SELECT" ]
}

@test "bodies that are no messages" {
	local body
	ERA=legacy
	for body in '{' 'nonsense' '' '{"a":1}}' $'"\xff"'; do
		post "$body" x
		refused 400 '.error.code == -32700 or .title'
	done
	for body in '{}' '[]' null '{"jsonrpc":"2.0","id":null,"method":"ping"}' \
	    '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'; do
		post "$body" x
		refused 400 '.error.code == -32600'
	done
	head -c 3000000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/large"
	run -0 api POST /v1/mcp '' '' --data-binary \
	    "@$BATS_TEST_TMPDIR/large"
	[ "${lines[-1]}" = 413 ]
}

@test "the modern era's headers and _meta" {
	local m call v="MCP-Protocol-Version: $MODERN"
	ERA=modern
	m=$(request 1 tools/list '{}')
	call=$(request 1 tools/call '{"name":"whoami"}')
	post_with "$m" "$v" 'Mcp-Method: tools/list'
	refused 200 '.result.resultType == "complete" and .result.ttlMs >= 0
	    and .result.cacheScope == "private"'
	post_with "$m" "$v"
	refused 400 '.error.code == -32020'
	post_with "$m" 'Mcp-Method: tools/list'
	refused 400 '.error.code == -32020'
	post_with "$m" "$v" 'Mcp-Method: tools/call'
	refused 400 '.error.code == -32020'
	post_with "$m" 'MCP-Protocol-Version: 2025-11-25' 'Mcp-Method: tools/list'
	refused 400 '.error.code == -32020'
	post_with "$call" "$v" 'Mcp-Method: tools/call'
	refused 400 '.error.code == -32020'
	post_with "$call" "$v" 'Mcp-Method: tools/call' 'Mcp-Name: health'
	refused 400 '.error.code == -32020'
	post_with "$call" "$v" 'Mcp-Method: tools/call' 'Mcp-Name: whoami'
	refused 200 '.result.structuredContent.role == "dbadmin"'
	post_with "$call" "$v" 'Mcp-Method: tools/call' \
	    "Mcp-Name: =?base64?$(printf whoami | base64)?="
	refused 200 '.result.structuredContent.role == "dbadmin"'
	post_with "$ok_message" "$v" 'Mcp-Method: tools/list'
	refused 400 '.error.code == -32602'
	post_with "${m/2026-07-28/2031-01-01}" 'MCP-Protocol-Version: 2031-01-01' \
	    'Mcp-Method: tools/list'
	refused 400 '.error.code == -32022 and .error.data.supported ==
	    ["2026-07-28"] and .error.data.requested == "2031-01-01"'
	for m in initialize ping nope resources/subscribe logging/setLevel; do
		post_with "$(request 1 "$m" '{}')" "$v" "Mcp-Method: $m"
		refused 404 '.error.code == -32601'
	done
}

@test "input_required: the user is asked, and is heard" {
	CAPS='{"elicitation":{}}' check_input_required
}

@test "a token is good for its key alone" {
	local token
	ERA=modern T=t_token
	make_items
	psql "GRANT ALL ON $T TO dbuser" >/dev/null
	tool sql_execute "{\"sql\":\"DELETE FROM $T\"}"
	token=$(jq -r '.result.content[0].text' <<<"$answer" |
	    sed -n 's/.*confirm_token "\([^"]*\)".*/\1/p')
	AGENTCOOPDB_API_KEY_FILE=$SRV/dbuser.key bad sql_execute \
	    "{\"sql\":\"DELETE FROM $T\",\"confirm_token\":\"$token\"}" \
	    'CONFIRMATION NEEDED'
	[ "$(psql "SELECT count(*) FROM $T")" = 2 ]
}

@test "a client that hangs up ends its statement in PostgreSQL" {
	cd "$BATS_TEST_TMPDIR"
	printf 'header = "Authorization: Bearer %s"\n' \
	    "$(cat "$AGENTCOOPDB_API_KEY_FILE")" >key
	hang_up() {
		local n=10$BATS_TEST_NUMBER$RANDOM curl
		active() {
			psql "SELECT count(*) FROM pg_stat_activity WHERE
			    query LIKE '%, $n%' AND pid <> pg_backend_pid()
			    AND state = 'active'"
		}
		request 1 tools/call "{\"name\":\"sql_query\",
		    \"arguments\":{\"sql\":\"SELECT pg_sleep(50), $n\",
		    \"timeout_ms\":60000}}" | tr -d '\n\t' >message
		curl -sS --cacert "$SRV/tls/cert.pem" -d @message -K key \
		    -H 'Content-Type: application/json' \
		    -H "MCP-Protocol-Version: $([ "$ERA" = legacy ] &&
		    echo $LEGACY || echo $MODERN)" -H 'Mcp-Method: tools/call' \
		    -H 'Mcp-Name: sql_query' "$URL/v1/mcp" 3>&- &
		curl=$!
		until [ "$(active)" = 1 ]; do kill -0 $curl; done
		kill $curl
		until [ "$(active)" = 0 ]; do :; done
	}
	both_eras hang_up
}

@test "a cancellation ends the statement, by whichever connection it comes" {
	ERA=legacy
	post '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
	    "protocolVersion":"2025-11-25","capabilities":{},
	    "clientInfo":{"name":"bats","version":"1"}}}' initialize '' \
	    -D "$BATS_TEST_TMPDIR/head"
	SESSION=$(tr -d '\r' <"$BATS_TEST_TMPDIR/head" |
	    sed -n 's/^Mcp-Session-Id: //p')
	[[ $SESSION =~ ^[0-9a-f]{32}$ ]]
	cancel() {	# SESSION ID
		post "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",
		    \"params\":{\"requestId\":$2}}" notifications/cancelled '' \
		    -H "Mcp-Session-Id: $1" && [ "$status" = 202 ]
	}
	# Connections fall to either worker.
	for n in 1 2 3 4; do
		mark=$n$RANDOM$RANDOM
		active() {
			psql "SELECT count(*) FROM pg_stat_activity WHERE
			    query LIKE '%, $mark%' AND state = 'active'
			    AND pid <> pg_backend_pid()"
		}
		post "$(request $n tools/call "{\"name\":\"sql_query\",
		    \"arguments\":{\"sql\":\"SELECT pg_sleep(50), $mark\",
		    \"timeout_ms\":60000}}" | tr -d '\n\t')" tools/call \
		    sql_query -H "Mcp-Session-Id: $SESSION" 3>&- &
		call=$!
		until [ "$(active)" = 1 ]; do kill -0 $call; done
		# Others have such ids too.
		cancel "0$SESSION" $n
		cancel "$SESSION" 9$n
		[ "$(active)" = 1 ]
		cancel "$SESSION" $n
		until [ "$(active)" = 0 ]; do :; done
		wait $call
	done
}

@test "progress comes as events to who can take them" {
	ERA=modern
	local m
	m=$(request 1 tools/call '{"name":"sql_query","arguments":
	    {"sql":"SELECT pg_sleep(2.5)"}}' |
	    jq -c '.params._meta.progressToken = 7')
	post "$m" tools/call sql_query -D "$BATS_TEST_TMPDIR/head"
	grep -qi '^content-type: text/event-stream' "$BATS_TEST_TMPDIR/head"
	grep -qi '^x-accel-buffering: no' "$BATS_TEST_TMPDIR/head"
	answer=$(sed -n 's/^data: //p' <<<"$answer" | jq -cs .)
	is '(length >= 2) and .[0].method == "notifications/progress"
	    and .[0].params.progressToken == 7 and .[-1].id == 1
	    and (.[-1].result.isError | not)'
	post_with "$m" "MCP-Protocol-Version: $MODERN" 'Accept: application/json' \
	    'Mcp-Method: tools/call' 'Mcp-Name: sql_query'
	is '.id == 1'
}

@test "each tool's statements are audited as the key's own" {
	ERA=modern T=t_audit
	make_items
	[ "$(psql "SELECT count(*) FROM acdb.audit_logs a
	    JOIN acdb.api_keys k ON k.id = a.key_id
	    WHERE a.command = 'INSERT' AND k.pg_role = 'dbadmin'
	    AND a.endpoint LIKE '%mcp%'
	    AND a.created_at > now() - interval '1 minute'")" -ge 1 ]
}
