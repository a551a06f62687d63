# Procedures: files, registered ones, calls.
load helper

setup_file() {
	server_start
	database acdb-migrate example
	USER_KEY=$(mint dbuser)
	READER_KEY=$(mint dbreader)
	export USER_KEY READER_KEY
}

teardown_file() {
	server_stop
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
	# Every worker hears of it.
	for _ in {1..8}; do
		run -0 call "" add '{}'
		[ "$(answer .result)" = new ]
	done
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
	run -0 call "" add '{}'
	[ "$(status)" = 404 ]
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
