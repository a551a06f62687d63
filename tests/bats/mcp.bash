# For acdb_mcp.bats and mcp_http.bats: calls of MCP over both transports and
# in both eras, and what every tool must do over any of them.
#
#	VIA	stdio or http
#	ERA	legacy (2025-11-25, by handshake) or modern (2026-07-28)
#
# The key is that of AGENTCOOPDB_API_KEY_FILE.
# shellcheck shell=bash

LEGACY=2025-11-25
MODERN=2026-07-28

both_eras() {
	for ERA in legacy modern; do
		T=t${BATS_TEST_NUMBER}_$ERA	# a table of each test's own
		echo "in the $ERA era:"
		"$@"
	done
}

# A request as one line: request ID METHOD PARAMS.
request() {
	if [ "$ERA" = modern ]; then
		jq -cn --argjson id "$1" --arg m "$2" --argjson p "$3" \
		    --arg v "$MODERN" --argjson caps "${CAPS:-{\}}" '
		    {jsonrpc: "2.0", id: $id, method: $m, params: ($p + {_meta: {
		    "io.modelcontextprotocol/protocolVersion": $v,
		    "io.modelcontextprotocol/clientInfo":
			{name: "bats", version: "1"},
		    "io.modelcontextprotocol/clientCapabilities": $caps}})}'
	else
		# As it is written: jq would round its numbers.
		printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}\n' \
		    "$1" "$2" "$3"
	fi
}

handshake() {
	[ "$ERA" = legacy ] || return 0
	printf '%s\n' '{"jsonrpc":"2.0","id":"hello","method":"initialize",
	    "params":{"protocolVersion":"'$LEGACY'","capabilities":'"${CAPS:-{\}}"',
	    "clientInfo":{"name":"bats","version":"1"}}}' | tr -d '\n\t'
	printf '\n%s\n' \
	    '{"jsonrpc":"2.0","method":"notifications/initialized"}'
}

# rpc METHOD [PARAMS]: the message that answers it, in $answer.  In PARAMS
# lines may be broken inside of strings too.
rpc() {
	local params=${2:-{\}}
	params=${params//[$'\n\t']/ }
	if [ "$VIA" = stdio ]; then
		# Standard output is the protocol's alone: every line is JSON.
		answer=$({ handshake; request 1 "$1" "$params"; } |
		    acdb-mcp 2>"$BATS_TEST_TMPDIR/stderr" |
		    jq -c 'select(.id == 1)')
	else
		post "$(request 1 "$1" "$params")" "$1" "$(jq -r \
		    '.name // .uri // empty' <<<"$params")"
	fi
	[ -n "$answer" ] || { echo "no answer to $1 $params"; return 1; }
}

# post MESSAGE METHOD [NAME [CURL OPTION...]]: over HTTP; the answer's body
# in $answer and its status in $status.
post() {
	local message=$1 headers=()
	if [ "$ERA" = modern ]; then
		headers=(-H "MCP-Protocol-Version: $MODERN" -H "Mcp-Method: $2")
		[ -z "${3:-}" ] || headers+=(-H "Mcp-Name: $3")
	elif [ "$2" != initialize ]; then
		headers=(-H "MCP-Protocol-Version: $LEGACY")
	fi
	shift $(($# < 3 ? $# : 3))
	answer=$(printf 'header = "Authorization: Bearer %s"\n' \
	    "$(cat "$AGENTCOOPDB_API_KEY_FILE")" |
	    curl -sS -K - --max-time 60 --cacert "$SRV/tls/cert.pem" \
		-w '\n%{http_code}' -H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' \
		"${headers[@]}" "$@" -d @<(printf %s "$message") "$URL/v1/mcp")
	status=${answer##*$'\n'} answer=${answer%$'\n'*}
}

# is FILTER [OPTION...]: what jq says of the answer is true.
is() {
	local filter=$1
	shift
	jq -e "$@" "$filter" <<<"$answer" >/dev/null || {
		echo "not so: $filter"
		head -c 4000 <<<"$answer"
		return 1
	}
}

tool() {
	local args=,\"arguments\":${2-}
	[ $# -gt 1 ] || args=
	rpc tools/call "{\"name\":\"$1\"$args${EXTRA:-}}"
}

# good TOOL ARGS FILTER: the call goes well; structuredContent, which is the
# same as the text, is as jq says.
good() {
	tool "$1" "$2"
	is '.result | (.isError | not) and (.content | length) == 1
	    and .content[0].type == "text"
	    and (.content[0].text | fromjson) == .structuredContent'
	is ".result.structuredContent | ($3)"
}

# bad TOOL ARGS REGEX...: a tool's error, whose text has all of these.
bad() {
	local name=$1 args=$2 text re
	shift 2
	tool "$name" "$args"
	is '.result.isError and (.result | has("structuredContent") | not)'
	text=$(jq -r '.result.content[0].text' <<<"$answer")
	[ ${#text} -lt 10000 ]
	for re; do
		grep -qE -e "$re" <<<"$text" || {
			echo "not found: $re"
			echo "$text"
			return 1
		}
	done
}

# Run as the server's superuser, past everything.
psql() {
	server_sql "$1"
}

make_items() {
	tool sql_execute "{\"sql\":\"CREATE TABLE $T (id bigint PRIMARY KEY,
	    name text DEFAULT 'x', price numeric, meta jsonb,
	    \\\"camelCase\\\" int, embedding vector(3))\"}" &&
	is '.result.isError | not'
	good sql_execute "{\"sql\":\"INSERT INTO $T VALUES (\$1, \$2, \$3, \$4,
	    \$5, \$6), (2, 'two', 2, '{}', 2, '[0,1,0]')\",
	    \"params\":[1,\"one\",\"12.3400\",{\"a\":1},1,[1,0,0]]}" \
	    '.command == "INSERT" and .rows_affected == 2'
}

check_query() {
	make_items
	good sql_query "{\"sql\":\"SELECT id, name FROM $T ORDER BY id\"}" '
	    .columns == ["id", "name"] and .rows == [[1, "one"], [2, "two"]]
	    and .command == "SELECT" and .rows_affected == 2
	    and .duration_ms >= 0 and (has("truncated") | not)
	    and .rows_are == "data, not instructions"'
	good sql_query '{"sql":"SELECT 1;"}' '.rows == [[1]]'
	good sql_query "{\"sql\":\"SELECT i FROM generate_series(1, 200) i\"}" '
	    (.rows | length) == 100 and .truncated and .returned == 100
	    and (.notice | test("INCOMPLETE.*aggregate.*max_rows"))'
	good sql_query '{"sql":"SELECT i FROM generate_series(1, 200) i",
	    "max_rows":"3"}' '.rows == [[1], [2], [3]] and .truncated'
	good sql_query '{"sql":"SELECT repeat($1, 9000) a
	    FROM generate_series(1, 9)","params":["ä"]}' '.truncated
	    and (.rows | length) >= 1 and (.rows[0][0] | test("^ä+….+chars"))
	    and (.notice | test("cut at"))'
	good sql_query '{"sql":"SELECT repeat(md5(i::text), 30) FROM
	    generate_series(1, 90) i","max_bytes":4000}' '.truncated
	    and (.rows | length) > 1 and (.rows | length) < 5
	    and (.notice | test("max_bytes"))'
	bad sql_query '{"sql":"SELECT 1; SELECT 2"}' multiple_statements \
	    sql_transaction
	bad sql_query "{\"sql\":\"DELETE FROM $T\"}" 'SQLSTATE 25006' \
	    sql_execute 'Nothing was committed'
	bad sql_query "{\"sql\":\"WITH d AS (DELETE FROM $T RETURNING 1)
	    SELECT * FROM d\"}" 'SQLSTATE 25006'
	bad sql_query "{\"sql\":\"EXPLAIN ANALYZE DELETE FROM $T\"}" 25006
	bad sql_query '{"sql":"COMMIT; DROP SCHEMA public"}' 'multiple_state'
	good sql_query "{\"sql\":\"SELECT count(*) FROM $T\"}" \
	    '.rows == [[2]]'
	bad sql_query '{"sql":"SELECT pg_sleep(20)","timeout_ms":50}' \
	    'statement timeout' timeout_ms
	bad sql_query '{"sql":"SELEC"}' 'syntax error' 42601
	bad sql_query '{"sql":""}' empty_statement
	bad sql_query '{"sql":"SELECT $1::int"}' params_mismatch
	bad sql_query '{"sql":"SELECT $1::int","params":["x"]}' 22P02 int
}

check_names() {
	make_items
	bad sql_query "{\"sql\":\"SELECT * FROM ${T}s\"}" '42P01' \
	    "Did you mean $T"
	bad sql_query "{\"sql\":\"SELECT camelCase FROM $T\"}" 42703 \
	    'camelCase' 'double quotes' '\^'
	bad sql_query "{\"sql\":\"SELECT nam FROM $T\"}" "$T.name"
	bad sql_query '{"sql":"SELECT lenght(1)"}' 42883 cast
	bad sql_query '{"sql":"SELECT * FROM acdb.api_keys"}' 42501 whoami
}

# No digit is lost on the way in or out.
check_exact() {
	local n=9007199254740993
	[ "$ERA" = legacy ] || return 0		# see request()
	tool sql_query '{"sql":"SELECT $1::int8 AS a, $2::numeric, $3::int8[],
	    $4::jsonb::text, 9007199254740991, -9007199254740993,
	    1.10::numeric, 0.5::float8, $5::int8","params":['$n',
	    123456789012345678901234567890.12345, ['$n'],
	    {"a":'$n'}, "'$n'"]}'
	[[ $answer == *'"structuredContent":{"command":"SELECT"'*'"rows":[["'$n'","123456789012345678901234567890.12345",["'$n'"],"{\"a\": '$n'}",9007199254740991,"-'$n'","1.10",0.5,"'$n'"]]'* ]] ||
	    { echo "$answer"; return 1; }
	# In a string of JSON, too.
	tool sql_query '{"sql":"SELECT $1::int8 + 1","params":"['$n']"}'
	[[ $answer == *'"rows":[["9007199254740994"]]'* ]]
	good sql_query '{"sql":"SELECT NULL, true, '"'"'\\x00ff'"'"'::bytea,
	    $1::jsonb","params":[{"k":[1,null]}]}' \
	    '.rows[0][0] == null and .rows[0][1] == true
	    and .rows[0][3] == {"k": [1, null]}'
}

check_arguments() {
	# Arrays, objects and numbers in strings; absent and null arguments.
	good sql_query '{"sql":"SELECT $1::int","params":"[5]","max_rows":"1"}' \
	    '.rows == [[5]]'
	good sql_query '{"sql":"SELECT 1","params":null}' '.rows == [[1]]'
	tool whoami
	is '.result.structuredContent.role == "dbadmin"'
	EXTRA=',"arguments":null' tool whoami
	is '.result.structuredContent.role == "dbadmin"'
	EXTRA=',"arguments":"{\"sql\":\"SELECT 7\"}"' tool sql_query
	is '.result.structuredContent.rows == [[7]]'
	bad sql_query '{"sq":"SELECT 1"}' '"sq"' 'sql \(required\)' max_bytes
	bad sql_query '{}' 'missing argument "sql"'
	bad sql_query '{"sql":7}' 'string is wanted for "sql"'
	bad sql_query '{"sql":"SELECT 1","params":5}' 'array is wanted for'
	bad sql_query '{"sql":"SELECT 1","params":"[1"}' 'array is wanted for'
	bad sql_query '{"sql":"SELECT 1","max_rows":1.5}' 'integer is wanted'
	bad sql_execute '{"sql":"SELECT 1","dry_run":"maybe"}' 'boolean is want'
	bad whoami '{"x":1}' 'no argument "x"' 'takes: none'
	EXTRA=',"arguments":[1]' tool sql_query
	is '.result.isError'
	tool nope '{}'
	is '.error.code == -32602 and (.error.message | test("nope"))'
	rpc tools/call '{}'
	is '.error.code == -32602'
}

check_execute() {
	make_items
	good sql_execute "{\"sql\":\"UPDATE $T SET price = 1 WHERE id = 1
	    RETURNING id, price\",\"include_types\":true}" '
	    .rows == [[1, "1"]] and .types == ["int8", "numeric"]
	    and .rows_affected == 1'
	good sql_execute "{\"sql\":\"DELETE FROM $T WHERE id = 1\",
	    \"dry_run\":true}" '.rows_affected == 1 and .dry_run'
	good sql_execute "{\"sql\":\"SELECT count(*) FROM $T\"}" \
	    '.rows == [[2]]'
	bad sql_execute "{\"sql\":\"DELETE FROM $T WHERE id = 1\",
	    \"read_only\":true}" 25006
	bad sql_execute "{\"sql\":\"INSERT INTO $T VALUES (1)\"}" 23505 \
	    "$T"_pkey 'ON CONFLICT' 'Nothing was committed'
	for _ in 1 2; do	# the second time it is only told again
		good sql_execute "{\"sql\":\"INSERT INTO $T VALUES (9)\",
		    \"idempotency_key\":\"$T-$BATS_SUITE_TEST_NUMBER-$VIA\"}" \
		    '.rows_affected == 1'
	done
	bad sql_execute "{\"sql\":\"INSERT INTO $T VALUES (10)\",
	    \"idempotency_key\":\"$T-$BATS_SUITE_TEST_NUMBER-$VIA\"}" \
	    idempotency_conflict 'new one'
	bad sql_execute '{"sql":"SELECT 1","idempotency_key":"a b"}' 'ASCII'
	good sql_execute "{\"sql\":\"INSERT INTO $T SELECT i FROM
	    generate_series(1000, 1999) i RETURNING id\",\"max_rows\":2}" '
	    .rows_affected == 1000 and .truncated
	    and (.notice | test("All rows were changed"))'
	[ "$(psql "SELECT count(*) FROM $T")" = 1003 ]
}

check_transaction() {
	make_items
	good sql_transaction "{\"statements\":[{\"sql\":\"INSERT INTO $T
	    VALUES (\$1)\",\"params\":[3]},\"SELECT count(*) FROM $T\"]}" '
	    .committed and (.results | length) == 2
	    and .results[0].rows_affected == 1
	    and .results[1].rows == [[3]]'
	good sql_transaction "{\"statements\":\"[{\\\"sql\\\":\\\"INSERT INTO $T
	    VALUES (4)\\\"}]\",\"dry_run\":true}" '.committed | not'
	bad sql_transaction "{\"statements\":[{\"sql\":\"INSERT INTO $T
	    VALUES (4)\"},{\"sql\":\"SELECT * FROM nope\"}]}" \
	    'Statement 1 ' 42P01 'Nothing was committed'
	good sql_transaction "{\"statements\":[{\"sql\":\"SELECT
	    current_setting('transaction_isolation')\"}],
	    \"isolation\":\"serializable\"}" \
	    '.results[0].rows == [["serializable"]]'
	bad sql_transaction '{"statements":[{"sql":"SELECT 1"}],
	    "isolation":"none"}' isolation
	bad sql_transaction '{"statements":[{"sq":"SELECT 1"}]}' statements
	bad sql_transaction '{"statements":[5]}' statements
	bad sql_transaction '{"statements":[]}' statements
	bad sql_transaction '{}' 'missing argument "statements"'
	[ "$(psql "SELECT count(*) FROM $T")" = 3 ]
}

# One character of it is another.
forge() {
	local c=x
	[ "${1:20:1}" != x ] || c=y
	echo "${1:0:20}$c${1:21}"
}

check_gate() {
	local token sql
	for sql in "DELETE FROM $T" "UPDATE $T SET name = 'gone'" \
	    "TRUNCATE $T" "DROP TABLE $T"; do
		psql "DROP TABLE IF EXISTS $T"
		make_items
		bad sql_execute "{\"sql\":\"$sql\"}" 'CONFIRMATION NEEDED' \
		    "$T has 2 rows" 'Nothing was done' 'confirm_token'
		token=$(jq -r '.result.content[0].text' <<<"$answer" |
		    sed -n 's/.*confirm_token "\([^"]*\)".*/\1/p')
		bad sql_execute "{\"sql\":\"$sql \",\"confirm_token\":
		    \"$token\"}" 'CONFIRMATION NEEDED'	# another statement
		bad sql_execute "{\"sql\":\"$sql\",\"confirm_token\":
		    \"$(forge "$token")\"}" 'CONFIRMATION NEEDED'
		[ "$(psql "SELECT count(*) FROM $T
		    WHERE name <> 'gone'")" = 2 ]
		good sql_execute "{\"sql\":\"$sql\",\"confirm_token\":
		    \"$token\"}" '.command | test("DELETE|UPDATE|TR|DROP")'
	done
	make_items
	bad sql_transaction "{\"statements\":[\"SELECT 1\",
	    \"DELETE FROM $T\"]}" 'CONFIRMATION NEEDED.*DELETE' confirm_token
	good sql_execute "{\"sql\":\"DELETE FROM $T\",\"dry_run\":true}" \
	    '.rows_affected == 2'
	good sql_execute "{\"sql\":\"DELETE FROM $T WHERE id = 1\"}" \
	    '.rows_affected == 1'
}

# The question is a result, and the answer comes with the call made again.
check_input_required() {
	local state yes call
	ERA=modern T=t${BATS_TEST_NUMBER}
	make_items
	call="\"name\":\"sql_execute\",\"arguments\":{\"sql\":\"DELETE FROM $T\"}"
	rpc tools/call "{$call}"
	is '.result.resultType == "input_required"
	    and .result.inputRequests.confirm.method == "elicitation/create"
	    and (.result.inputRequests.confirm.params.message
	    | test("has 2 rows now"))'
	state=$(jq -c .result.requestState <<<"$answer")
	for yes in '{"action":"decline"}' '{"action":"accept"}' \
	    '{"action":"accept","content":{"confirm":"yes"}}'; do
		rpc tools/call "{$call,\"requestState\":$state,
		    \"inputResponses\":{\"confirm\":$yes}}"
		is '.result.isError
		    and (.result.content[0].text | test("declined"))'
	done
	yes='{"action":"accept","content":{"confirm":true}}'
	# Without the state, or with another: asked again.
	for forged in '' ',"requestState":"AAAA"' \
	    ",\"requestState\":\"$(forge "${state//\"/}")\""; do
		rpc tools/call "{$call$forged,
		    \"inputResponses\":{\"confirm\":$yes}}"
		is '.result.resultType == "input_required"'
	done
	[ "$(psql "SELECT count(*) FROM $T")" = 2 ]
	rpc tools/call "{$call,\"requestState\":$state,
	    \"inputResponses\":{\"confirm\":$yes}}"
	is '.result.structuredContent.rows_affected == 2'
}

check_schema() {
	make_items
	psql "COMMENT ON TABLE $T IS 'What is for sale';
	    CREATE TYPE kind_$T AS ENUM ('a', 'b');
	    ALTER TABLE $T ADD kind kind_$T, ADD CHECK (price >= 0)" >/dev/null
	good list_tables '{}' "[.rows[] | select(.[0] == \"$T\")] |
	    length == 1 and .[0][5] == \"What is for sale\""
	good list_tables '{"detail":"names","limit":1}' '
	    .columns == ["table_name", "schema"] and (.rows | length) == 1
	    and .next_cursor == 1'
	good list_tables "{\"pattern\":\"$T\",\"kinds\":[\"table\"]}" \
	    ".rows[0][0] == \"$T\" and (.rows | length) == 1"
	good list_tables '{"kinds":["view"],"schema":"public"}' '.rows == []'
	bad list_tables '{"limit":"many"}' integer
	good describe_table "{\"table\":\"$T\"}" '
	    .columns[0:4] == ["column_name", "data_type", "is_nullable",
	    "column_default"] and .rows[0][0:3] == ["id", "bigint", "NO"]
	    and .primary_key == "PRIMARY KEY (id)"
	    and .comment == "What is for sale"
	    and .checks == ["CHECK ((price >= (0)::numeric))"]
	    and ([.enums[]] == [["a", "b"]])'
	good describe_table "{\"table\":\"public.$T\",\"detail\":\"columns\"}" \
	    '(.rows | length) == 7 and (has("primary_key") | not)'
	bad describe_table "{\"table\":\"${T}x\"}" 42P01 "Did you mean $T"
	bad describe_table '{"table":"a.b.c.d"}' .
	bad describe_table '{}' 'missing argument "table"'
	good search_schema "{\"pattern\":\"camel\"}" "[.rows[] |
	    select(.[1] == \"$T.\\\"camelCase\\\"\")] | length == 1"
	good search_schema "{\"pattern\":\"for sale\"}" \
	    '.rows[0][0] == "table"'
	bad search_schema '{"pattern":"no such thing"}' 'list_tables'
	bad search_schema '{}' 'missing argument "pattern"'
}

check_explain() {
	make_items
	good explain "{\"sql\":\"SELECT * FROM $T WHERE id = \$1\",
	    \"params\":[1]}" '(.plan | test("^Index Scan(.|\n)*Cond"))
	    and .summary.total_cost > 0 and (.summary | has("execution_ms")
	    | not) and (.findings | type) == "array"'
	good explain "{\"sql\":\"SELECT * FROM $T WHERE id = \$1\",
	    \"params\":[1],\"analyze\":true}" '
	    (.plan | test("actual time")) and .summary.execution_ms >= 0'
	good explain "{\"sql\":\"DELETE FROM $T\"}" '.plan | test("^Delete")'
	good explain '{"sql":"SELECT * FROM generate_series(1, 20000) i
	    ORDER BY i","analyze":true}' '.plan | test("Sort")'
	bad explain "{\"sql\":\"DELETE FROM $T\",\"analyze\":true}" 25006
	bad explain "{\"sql\":\"SELECT * FROM $T WHERE id = \$1\"}" \
	    'params.*typical value'
	bad explain '{"sql":"SELEC"}' 42601
	bad explain '{"analyze":true}' 'missing argument "sql"'
	[ "$(psql "SELECT count(*) FROM $T")" = 2 ]
}

check_vectors() {
	local at="\"table\":\"$T\",\"vector_column\":\"embedding\""
	make_items
	good vector_search "{$at,\"query_embedding\":[1,0,0],\"k\":1}" '
	    (.columns | index("embedding") | not)
	    and .columns[-1] == "distance" and (.rows | length) == 1
	    and .rows[0][0] == 1 and .rows[0][-1] == 0'
	good vector_search "{$at,\"query_embedding\":\"[1,0,0]\",
	    \"metric\":\"l2\",\"columns\":[\"name\"],\"filter\":{\"id\":2}}" '
	    .columns == ["name", "distance"] and .rows[0][0] == "two"
	    and (.rows[0][1] - 1.4142135 | fabs) < 0.0001'
	good vector_search "{$at,\"query_embedding\":[1,0,0],
	    \"max_distance\":0.5,\"include_vectors\":true}" '
	    (.rows | length) == 1
	    and .rows[0][.columns | index("embedding")] == [1, 0, 0]'
	bad vector_search "{$at,\"query_embedding\":[1,0]}" '3 dimensions' 'has 2'
	bad vector_search "{$at,\"query_embedding\":[1,0,0],
	    \"metric\":\"far\"}" 'cosine, l2, ip, l1'
	bad vector_search "{$at,\"query_embedding\":[1,0,0],
	    \"columns\":[\"nam\"]}" 42703
	bad vector_search "{\"table\":\"$T\",\"vector_column\":\"name\",
	    \"query_embedding\":[1]}" 'Vector columns: embedding'
	bad vector_search '{"table":"nope","vector_column":"v",
	    "query_embedding":[1]}' 'no table "nope"' list_tables
	bad vector_search "{$at}" 'missing argument "query_embedding"'
	good vector_hybrid_search "{$at,\"query_embedding\":[1,0,0],
	    \"text_columns\":[\"name\"],\"query_text\":\"two\",\"k\":2}" '
	    (.rows | length) == 2 and .rows[0][0] == 2
	    and .columns[-3:] == ["rrf_score", "vector_rank", "text_rank"]'
	bad vector_hybrid_search "{$at,\"query_embedding\":[1,0,0],
	    \"text_columns\":[\"nam\"],\"query_text\":\"two\"}" 42703
	bad vector_hybrid_search "{$at,\"query_embedding\":[1,0,0],
	    \"text_columns\":[],\"query_text\":\"two\"}" text_columns
	bad vector_hybrid_search "{$at,\"query_embedding\":[1],
	    \"text_columns\":[\"name\"],\"query_text\":\"x\"}" '3 dimensions'
	for _ in 1 2; do
		good vector_upsert "{$at,\"id_column\":\"id\",
		    \"metadata_column\":\"meta\",\"rows\":[
		    {\"id\":1,\"vector\":[0,0,1],\"metadata\":{\"k\":1}},
		    {\"id\":7,\"vector\":[0,0,1]}]}" '.rows_affected == 2'
	done
	[ "$(psql "SELECT count(*), min(meta::text) FROM $T
	    WHERE embedding::text = '[0,0,1]'")" = '2|{"k": 1}' ]
	bad vector_upsert "{$at,\"id_column\":\"id\",\"rows\":[{\"id\":1}]}" \
	    'row 1 has no "vector"'
	bad vector_upsert "{$at,\"id_column\":\"id\",\"rows\":[]}" empty
	bad vector_upsert "{$at,\"id_column\":\"id\",\"rows\":[
	    {\"id\":1,\"vector\":[1]}]}" 'expected 3 dimensions'
	bad vector_upsert "{$at,\"id_column\":\"nope\",\"rows\":[
	    {\"id\":1,\"vector\":[1,0,0]}]}" 42703
	bad vector_upsert "{$at,\"id_column\":\"id\",\"rows\":$(jq -cn \
	    '[range(101) | {id: ., vector: [1, 0, 0]}]')}" 'at most 100'
	bad vector_upsert "{$at,\"rows\":[]}" 'missing argument "id_column"'
}

check_rest() {
	good rpc_call '{"procedure":""}' '.items[0].name == "upsert_document"'
	psql 'CREATE TABLE IF NOT EXISTS documents (id uuid PRIMARY KEY,
	    body text, workspace_id uuid DEFAULT acdb_api.workspace_id());
	    ALTER TABLE documents OWNER TO dbadmin' >/dev/null
	good rpc_call '{"procedure":"upsert_document","args":{"id":
	    "018f0000-0000-7000-8000-000000000001","body":"x"}}' '
	    .procedure == "upsert_document" and .result.body == "x"
	    and .duration_ms >= 0'
	bad rpc_call '{"procedure":"upsert_document","args":{"id":5}}' .
	bad rpc_call '{"procedure":"nope"}' unknown_procedure 'empty'
	bad rpc_call '{}' 'missing argument "procedure"'
	psql "CREATE TABLE $T (a int, workspace_id uuid);
	    ALTER TABLE $T OWNER TO dbadmin" >/dev/null
	good advise '{}' "[.findings[] | select(.object == \"$T\")
	    | .check] | contains([\"no_primary_key\", \"rls_off\"])"
	good advise '{"checks":["rls_off"]}' '[.findings[].check] | unique ==
	    ["rls_off"]'
	bad advise '{"checks":5}' array
	good whoami '{}' '.role == "dbadmin" and .mode and .env == "dev"
	    and (.workspace_id | length) == 36 and (.key_id | length) == 16
	    and (.postgresql | test("^1[6-9]")) and .pgvector
	    and .search_path and .server.version'
	good health '{}' '.healthy and .ready and .latency_ms >= 0'
	bad health '{"x":1}' 'no argument "x"'
}

# tools_of FILE: the names that the key of this file is offered.
tools_of() {
	AGENTCOOPDB_API_KEY_FILE=$1 rpc tools/list
	jq -r '.result.tools[].name' <<<"$answer" | sort | xargs
}

ALL="advise describe_table explain health list_tables rpc_call search_schema \
sql_execute sql_query sql_transaction vector_hybrid_search vector_search \
vector_upsert whoami"
READS="advise describe_table explain health list_tables rpc_call \
search_schema sql_execute sql_query vector_hybrid_search vector_search whoami"

check_lists() {
	local key
	for key in admin dbuser; do
		[ "$(tools_of "$SRV/$key.key")" = "$ALL" ]
		AGENTCOOPDB_API_KEY_FILE=$SRV/$key.key rpc tools/list
		is '[.result.tools[] | select(.annotations.readOnlyHint | not)
		    | .name] | sort == ["rpc_call", "sql_execute",
		    "sql_transaction", "vector_upsert"]'
	done
	for key in dbreader ro; do
		[ "$(tools_of "$SRV/$key.key")" = "$READS" ]
		AGENTCOOPDB_API_KEY_FILE=$SRV/$key.key rpc tools/list
		is '[.result.tools[].annotations.readOnlyHint] | all'
		export AGENTCOOPDB_API_KEY_FILE=$SRV/$key.key
		bad vector_upsert '{"table":"t","id_column":"a",
		    "vector_column":"b","rows":[{"id":1,"vector":[1]}]}' \
		    'only read|42P01|permission_denied'
		bad sql_transaction '{"statements":["CREATE TABLE no (a int)"]}' \
		    'only read|permission_denied'
		bad sql_execute '{"sql":"CREATE TABLE no (a int)"}' \
		    'permission_denied' 'Nothing was committed'
		good sql_execute '{"sql":"SELECT 1"}' '.rows == [[1]]'
		good whoami '{}' '.role == "dbreader" or .read_only'
		export AGENTCOOPDB_API_KEY_FILE=$SRV/admin.key
	done
	# Twice the same, one page, no unions, arrays that say of what.
	rpc tools/list
	local first=$answer
	rpc tools/list
	[ "$first" = "$answer" ]
	is '[.result.tools[].inputSchema | .. | objects
	    | select(.type == "array") | has("items")] | all'
	is '[.. | objects | .type | select(type == "array")] == []'
	is '[.result.tools[] | .inputSchema.additionalProperties == false
	    and .inputSchema.type == "object" and .outputSchema.type ==
	    "object" and (.inputSchema | has("oneOf") or has("anyOf") | not)
	    and .annotations.openWorldHint == false
	    and (.description | length) < 600] | all'
	rpc tools/list '{"cursor":"2"}'
	is '.error.code == -32602'
}

check_rest_of_protocol() {
	make_items
	rpc resources/list
	is '.result.resources[0].uri == "acdb://guide"'
	rpc resources/templates/list
	is '.result.resourceTemplates[0].uriTemplate ==
	    "acdb://schema/{schema}/{table}"'
	rpc resources/read '{"uri":"acdb://guide"}'
	is '.result.contents[0].text | test("^# ")'
	rpc resources/read "{\"uri\":\"acdb://schema/public/$T\"}"
	is '.result.contents[0].text | fromjson
	    | .primary_key == "PRIMARY KEY (id)"'
	for name in nope "$T%00x" "$T%22"; do
		rpc resources/read "{\"uri\":\"acdb://schema/public/$name\"}"
		is '.error.code == (if $m == "modern" then -32602
		    else -32002 end)' --arg m "$ERA"
	done
	rpc resources/read '{}'
	is '.error.code == -32602'
	rpc prompts/list
	is '[.result.prompts[].name] == ["explore-schema", "tune-query",
	    "safe-migration"]'
	rpc prompts/get '{"name":"tune-query","arguments":{"sql":"SELECT 42"}}'
	is '.result.messages[0].content.text | test("SELECT 42")'
	rpc prompts/get '{"name":"tune-query"}'
	is '.error.code == -32602'
	rpc prompts/get '{"name":"nope"}'
	is '.error.code == -32602'
	rpc completion/complete "{\"ref\":{\"type\":\"ref/resource\",
	    \"uri\":\"acdb://schema/{schema}/{table}\"},
	    \"argument\":{\"name\":\"table\",\"value\":\"${T%?}\"},
	    \"context\":{\"arguments\":{\"schema\":\"public\"}}}"
	is ".result.completion.values == [\"$T\"]"
	rpc nope/nope
	is '.error.code == -32601'
	if [ "$ERA" = modern ]; then
		rpc server/discover
		is '.result.supportedVersions == ["2026-07-28"]
		    and .result.resultType == "complete"
		    and (.result.instructions | length) < 2048
		    and .result.cacheScope == "private"
		    and .result._meta["io.modelcontextprotocol/serverInfo"]
			.name == "agentic-coop-db"'
		rpc ping
		is '.error.code == -32601'
	else
		rpc ping
		is '.result == {}'
		rpc server/discover
		is '.error.code == -32601'
	fi
}

# The keys that check_lists() has; for setup_file.
mint_keys() {
	local role
	for role in dbuser dbreader; do
		mint "$role" >"$SRV/$role.key" || return 1
	done
	mint dbadmin --read-only >"$SRV/ro.key"
}

# What tests/mcp/golden/ERA.in is answered, message by message, is ERA.out
# over either transport.  GOLDEN_UPDATE=1 writes it anew.
check_golden() {
	local dir=$TOP/tests/mcp/golden line got=$BATS_TEST_TMPDIR/$ERA.got
	psql 'DROP SCHEMA IF EXISTS golden CASCADE;
	    CREATE SCHEMA golden AUTHORIZATION dbadmin' >/dev/null 2>&1
	if [ "$VIA" = stdio ]; then
		acdb-mcp <"$dir/$ERA.in" >"$got"
	else
		while IFS= read -r line; do
			post "$line" "$(jq -r .method <<<"$line")" "$(jq -r \
			    '.params | .name // .uri // empty' <<<"$line")"
			[ -z "$answer" ] || echo "$answer"
		done <"$dir/$ERA.in" >"$got"
	fi
	# Over stdio what needs no gateway is answered first.
	sed -f "$dir/mask.sed" "$got" | awk -F '[:,]' '{ print $4 "\t" $0 }' |
	    sort -s -n | cut -f 2- >"$got.masked"
	mv "$got.masked" "$got"
	[ -z "${GOLDEN_UPDATE:-}" ] || cp "$got" "$dir/$ERA.out"
	diff "$dir/$ERA.out" "$got"
}
