# Procedures: files, registered ones, calls.
load helper

setup_file() {
	export AGENTCOOPDB_WORKERS=2
	server_start
	database acdb-migrate example
	USER_KEY=$(mint dbuser)
	READER_KEY=$(mint dbreader)
	export USER_KEY READER_KEY
}

teardown_file() {
	server_end
}

# call TOKEN PROCEDURE ARGS [CURL OPTION...]
call() {
	local token=$1 body
	body=$(printf '{"procedure":"%s","args":%s}' "$2" "$3")
	shift 3
	api POST /v1/rpc/call "$token" "$body" "$@"
}

# put NAME ROLE SCHEMA SQL [TOKEN]
put() {
	api PUT "/v1/rpc/$1" "${5:-}" "$(jq -nc --arg role "$2" \
	    --argjson schema "$3" --arg sql "$4" \
	    '{role: $role, args_schema: $schema, sql: $sql}')"
}

# answer JQ-FILTER: of the last run's body.
answer() {
	jq -r "$1" <<<"$(sed '$d' <<<"$output")"
}

status() {
	echo "${lines[-1]}"
}

# answers TOKEN PROCEDURE JQ-FILTER VALUE: within a second or so, which is
# what every worker has to hear of a change.
answers() {
	local end=$((SECONDS + 2))
	while true; do
		run -0 call "$1" "$2" '{}'
		[ "$(answer "$3")" != "$4" ] || return 0
		[ $SECONDS -lt $end ] || return 1
	done
}

@test "the shipped procedure is listed, with its schema" {
	run -0 api GET /v1/rpc "$USER_KEY"
	[ "$(status)" = 200 ]
	[ "$(answer '.items[0].name')" = upsert_document ]
	[ "$(answer '.items[0].role')" = dbuser ]
	[ "$(answer '.items[0].version')" = 1 ]
	[ "$(answer '.items[0].permitted')" = true ]
	[ "$(answer '.items[0].source')" = file ]
	[ "$(answer '.items[0].args_schema.properties.id.format')" = uuid ]
	[[ $(answer '.items[0].description') == "Store a document "* ]]
	[ "$(answer '.next_cursor')" = null ]
	# Statements are the dbadmin's business.
	[ "$(answer '.items[0] | has("sql")')" = false ]
	run -0 api GET /v1/rpc
	[[ $(answer '.items[0].sql') == "INSERT INTO "* ]]
	run -0 api GET /v1/rpc/upsert_document "$READER_KEY"
	[ "$(answer .permitted)" = false ]
}

@test "upsert_document stores, and stores again" {
	local id=6f1f5a5e-4a53-4f4e-9d7c-0a1f4b6f2a11
	for _ in 1 2; do
		run -0 call "$USER_KEY" upsert_document \
		    '{"id":"'$id'","body":"one 9007199254740993"}'
		[ "$(status)" = 200 ]
		[ "$(answer .procedure)" = upsert_document ]
		[ "$(answer .result.id)" = $id ]
		[ "$(answer .result.body)" = "one 9007199254740993" ]
		[ "$(answer '.duration_ms | type')" = number ]
	done
	run -0 call "$USER_KEY" upsert_document '{"id":"'$id'","body":"two"}'
	[ "$(answer .result.body)" = two ]
	[ "$(server_sql "SELECT count(*) || max(body) FROM documents")" = 1two ]
}

@test "what cannot be called is refused, each in its way" {
	run -0 call "$USER_KEY" no_such_procedure '{}'
	[ "$(status)" = 404 ]
	[ "$(answer .title)" = unknown_procedure ]
	run -0 call "$USER_KEY" "no such name" '{}'
	[ "$(status)" = 404 ]
	run -0 call "$READER_KEY" upsert_document '{"id":"x","body":"y"}'
	[ "$(status)" = 403 ]
	[ "$(answer .title)" = permission_denied ]
	run -0 call "$USER_KEY" upsert_document '[]'
	[ "$(status)" = 400 ]
	[ "$(answer .title)" = invalid_args ]
	run -0 api POST /v1/rpc/call "$USER_KEY" '{"args":{}}'
	[ "$(status)" = 400 ]
	[ "$(answer .title)" = invalid_json ]
	run -0 api POST /v1/rpc/call "$USER_KEY" '{"procedure":"x","more":1}'
	[ "$(status)" = 400 ]
	[[ $(answer .detail) == *more* ]]
	run -0 api GET /v1/rpc/call "$USER_KEY"
	[ "$(status)" = 405 ]
	run -0 api POST /v1/rpc "$USER_KEY" '{}'
	[ "$(status)" = 405 ]
	run -0 api GET /v1/rpc/none "$USER_KEY"
	[ "$(status)" = 404 ]
}

@test "a dbadmin registers a procedure, replaces it and takes it away" {
	local any='{"type":"object"}'
	run -0 put add dbreader "$any" \
	    "SELECT (\$1::jsonb->>'a')::numeric + (\$1::jsonb->>'b')::numeric"
	[ "$(status)" = 201 ]
	[ "$(answer .version)" = 1 ]
	run -0 call "$READER_KEY" add '{"a":1,"b":0.10}'
	[ "$(status)" = 200 ]
	[[ ${lines[0]} == '{"procedure":"add","result":1.10,"duration_ms":'* ]]
	run -0 put add dbadmin "$any" "SELECT 'new'"
	[ "$(status)" = 200 ]
	[ "$(answer .version)" = 2 ]
	answers "" add .result new
	run -0 call "$READER_KEY" add '{}'
	[ "$(status)" = 403 ]
	run -0 api GET /v1/rpc
	[ "$(answer '[.items[].name] | join(" ")')" = "add upsert_document" ]
	[ "$(answer '.items[0].source')" = workspace ]
	run -0 api GET '/v1/rpc?limit=1'
	[ "$(answer .next_cursor)" = add ]
	run -0 api GET '/v1/rpc?limit=1&cursor=add'
	[ "$(answer '.items[0].name')" = upsert_document ]
	run -0 api DELETE /v1/rpc/add
	[ "$(status)" = 200 ]
	answers "" add .title unknown_procedure
	run -0 api DELETE /v1/rpc/add
	[ "$(status)" = 404 ]
}

@test "registering is for dbadmin keys, and for what makes sense" {
	run -0 put mine dbuser '{}' 'SELECT 1' "$USER_KEY"
	[ "$(status)" = 403 ]
	run -0 api DELETE /v1/rpc/upsert_document "$USER_KEY"
	[ "$(status)" = 403 ]
	run -0 put mine nobody_at_all '{}' 'SELECT 1'
	[ "$(status)" = 400 ]
	[ "$(answer .title)" = invalid_role ]
	run -0 put mine dbuser '{}' 'SELECT 1; SELECT 2'
	[ "$(answer .title)" = multiple_statements ]
	run -0 put mine dbuser '{}' 'SELECT $1, $2'
	[ "$(answer .title)" = params_mismatch ]
	run -0 put mine dbuser '{}' VACUUM
	[ "$(answer .title)" = unsupported_statement ]
	run -0 put no.dots dbuser '{}' 'SELECT 1'
	[ "$(status)" = 400 ]
	run -0 put call dbuser '{}' 'SELECT 1'
	[ "$(status)" = 405 ]
	run -0 api PUT /v1/rpc/mine '' '{"sql":"SELECT 1","role":"dbuser"}'
	[[ $(answer .detail) == *args_schema*missing* ]]
}

@test "arguments are held against their schema" {
	run -0 call "$USER_KEY" upsert_document '{"id":"nonsense","body":"x"}'
	[ "$(status)" = 400 ]
	[ "$(answer .title)" = invalid_args ]
	[[ $(answer .detail) == "/id: "*"keyword format" ]]
	run -0 call "$USER_KEY" upsert_document '{"body":"x"}'
	[[ $(answer .detail) == 'args: must have "id", keyword required' ]]
	run -0 call "$USER_KEY" upsert_document \
	    '{"id":"6f1f5a5e-4a53-4f4e-9d7c-0a1f4b6f2a11","body":"x","y":1}'
	[[ $(answer .detail) == "/y: "*"keyword additionalProperties" ]]
	run -0 api POST /v1/rpc/call "$USER_KEY" \
	    '{"procedure":"upsert_document"}'
	[ "$(answer .title)" = invalid_args ]
}

@test "a schema with an unknown keyword is no schema" {
	run -0 put mine dbuser '{"properties":{"a":{"minLenght":3}}}' \
	    'SELECT 1'
	[ "$(status)" = 400 ]
	[ "$(answer .title)" = invalid_schema ]
	[[ $(answer .detail) == *'at /properties/a: "minLenght" is not supported' ]]
	run -0 put mine dbuser '7' 'SELECT 1'
	[ "$(answer .title)" = invalid_schema ]
}

@test "the first column of the first row is the result, as JSON" {
	local sql expected n=0
	while IFS='|' read -r sql expected; do
		n=$((n + 1))
		run -0 put result$n dbuser true "$sql"
		[ "$(status)" = 201 ]
		run -0 call "$USER_KEY" result$n \
		    '{"n":12345678901234567890.10,"s":"\u00e9"}'
		[ "$(status)" = 200 ]
		[[ ${lines[0]} == \
		    '{"procedure":"result'$n'","result":'"$expected"',"duration_ms":'* ]]
	done <<-'END'
	SELECT 1, 2|1
	SELECT n FROM generate_series(3, 5) n|3
	SELECT 1 WHERE false|null
	SELECT NULL|null
	SELECT|null
	SELECT 'text'|"text"
	SELECT true|true
	SELECT $1::jsonb->'n'|12345678901234567890.10
	SELECT $1::json->>'s'|"é"
	SELECT ARRAY[1,2]|[1,2]
	SELECT '2024-01-02 03:04:05+00'::timestamptz|"2024-01-02T03:04:05+00:00"
	SELECT row(1,'x')|"(1,x)"
	DELETE FROM documents WHERE false|null
	END
}

@test "an error in a procedure is PostgreSQL's, and rolls back" {
	run -0 put divide dbuser '{}' \
	    "SELECT 1 / (\$1::jsonb->>'by')::int"
	run -0 call "$USER_KEY" divide '{"by":0}'
	[ "$(status)" = 400 ]
	[ "$(answer .sqlstate)" = 22012 ]
	[ "$(answer .tx)" = rolled_back ]
	# The caller's own privileges hold.
	run -0 put peek dbuser '{}' 'SELECT count(*) FROM acdb.api_keys'
	run -0 call "$USER_KEY" peek '{}'
	[ "$(status)" = 403 ]
	run -0 put write dbreader '{}' \
	    "INSERT INTO documents (body) VALUES ('w')"
	run -0 call "$READER_KEY" write '{}'
	[ "$(status)" = 403 ]
	run -0 call "$(mint dbuser --read-only)" write '{}'
	[ "$(status)" = 403 ]
}

@test "a workspace's procedures are its own" {
	local other
	server_sql "INSERT INTO acdb.workspaces (name) VALUES ('elsewhere')
	    ON CONFLICT DO NOTHING"
	other=$(mint dbadmin --workspace elsewhere)
	run -0 put ours dbuser '{}' "SELECT 'ours'"
	run -0 call "$USER_KEY" ours '{}'
	[ "$(answer .result)" = ours ]
	run -0 call "$other" ours '{}'
	[ "$(status)" = 404 ]
	run -0 api GET /v1/rpc "$other"
	[ "$(answer '[.items[].name] | join(" ")')" = upsert_document ]
	run -0 api DELETE /v1/rpc/ours "$other"
	[ "$(status)" = 404 ]
	# One of the file's name stands in front of it, for its workspace.
	run -0 put upsert_document dbuser '{}' "SELECT 'mine'" "$other"
	[ "$(status)" = 201 ]
	run -0 call "$other" upsert_document '{}'
	[ "$(answer .result)" = mine ]
	run -0 call "$USER_KEY" upsert_document '{}'
	[ "$(status)" = 400 ]
	run -0 api DELETE /v1/rpc/upsert_document "$other"
	answers "$other" upsert_document .title invalid_args
}

@test "members of the required role may call" {
	server_sql "CREATE ROLE clerk NOLOGIN; CREATE ROLE boss NOLOGIN;
	    GRANT clerk TO dbuser"
	run -0 put for_clerks clerk '{}' "SELECT 'clerk'"
	run -0 call "$USER_KEY" for_clerks '{}'
	[ "$(answer .result)" = clerk ]
	run -0 call "$READER_KEY" for_clerks '{}'
	[ "$(status)" = 403 ]
	run -0 put for_bosses boss '{}' "SELECT 'boss'"
	run -0 call "$USER_KEY" for_bosses '{}'
	[ "$(status)" = 403 ]
	run -0 call "" for_bosses '{}'
	[ "$(answer .result)" = boss ]
	# What is taken away holds no longer than a moment.
	server_sql "REVOKE clerk FROM dbuser"
	answers "$USER_KEY" for_clerks .title permission_denied
}

@test "an Idempotency-Key holds for procedures" {
	local body='{"body":"once"}' id
	run -0 put note dbuser '{"required":["body"]}' \
	    "INSERT INTO documents (body) VALUES (\$1::jsonb->>'body')
	    RETURNING id"
	run -0 call "$USER_KEY" note "$body" -H 'Idempotency-Key: k-1'
	[ "$(status)" = 200 ]
	id=$(answer .result)
	first=${lines[0]}
	run -0 call "$USER_KEY" note "$body" -H 'Idempotency-Key: k-1' \
	    -D "$BATS_TEST_TMPDIR/head"
	[ "${lines[0]}" = "$first" ]
	grep -qi '^x-idempotent-replayed: true' "$BATS_TEST_TMPDIR/head"
	run -0 call "$USER_KEY" note '{"body":"other"}' \
	    -H 'Idempotency-Key: k-1'
	[ "$(answer .title)" = idempotency_conflict ]
	[ "$(server_sql "SELECT count(*) FROM documents WHERE body = 'once'")" = 1 ]
	# As another role it is another request.
	run -0 call "" note "$body" -H 'Idempotency-Key: k-1'
	[ "$(status)" = 409 ]
}

@test "the audit log and the metrics tell of calls by name" {
	run -0 call "$USER_KEY" upsert_document \
	    '{"id":"6f1f5a5e-4a53-4f4e-9d7c-0a1f4b6f2a12","body":"x"}' \
	    -H 'X-Request-Id: audit-1'
	run -0 call "$USER_KEY" upsert_document '{}' \
	    -H 'X-Request-Id: audit-2'
	run -0 put read_it dbuser '{}' 'SELECT 1'
	run -0 call "$USER_KEY" read_it '{}' -H 'X-Request-Id: audit-3'
	run -0 server_sql "SELECT request_id, endpoint, command, status,
	    error_code FROM acdb.audit_logs WHERE request_id ~ '^audit-'
	    ORDER BY 1"
	[ "${lines[0]}" = "audit-1|/v1/rpc/call|upsert_document|200|" ]
	[ "${lines[1]}" = "audit-2|/v1/rpc/call|upsert_document|400|invalid_args" ]
	[ "${lines[2]}" = "audit-3|/v1/rpc/call|read_it|200|" ]
	run -0 server_sql "SELECT command FROM acdb.audit_logs
	    WHERE endpoint = '/v1/rpc/{name}' AND status = 201
	    AND command = 'read_it'"
	[ "$output" = read_it ]
	run -0 curl -sS --cacert "$SRV/tls/cert.pem" "$URL/metrics"
	[[ $output == *'agentcoopdb_rpc_invocations_total{name="upsert_document",status="200"} '* ]]
	[[ $output == *'agentcoopdb_rpc_invocations_total{name="upsert_document",status="400"} '* ]]
	[[ $output == *'agentcoopdb_rpc_invocations_total{name="unknown",status="404"} '* ]]
}
