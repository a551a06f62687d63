# The audit row of every authenticated call, /v1/audit, and what the log does
# not say.

load helper
load http

setup_file() {
	server_start
	DBUSER=$(mint dbuser) READER=$(mint dbreader)
	export DBUSER READER
	sql "CREATE TABLE a (i int PRIMARY KEY)" && ok &&
	    sql "CREATE FUNCTION writes() RETURNS int LANGUAGE sql
		AS 'INSERT INTO a VALUES (900) RETURNING i'" && ok
}

teardown_file() {
	server_end
}

# row COLUMNS: of the row of the call that was just answered; it must stand
# by now, and alone.
row() {
	server_sql "SELECT $1 FROM acdb.audit_logs
	    WHERE request_id = '$(header x-request-id)'"
}

# recorded COMMAND STATUS ERROR [ENDPOINT [ROWS]]
recorded() {
	same "$(row "command, status, error_code, endpoint, key_id IS NOT NULL
	    AND workspace_id IS NOT NULL AND age(now(), created_at) < '1min'")" \
	    "$1|$2|$3|${4:-/v1/sql/execute}|t"
}

# completed ROWS: what a write's row is told behind the answer.
completed() {
	[ "$(row "rows_affected IS NOT DISTINCT FROM $1 AND duration_us > 0")" \
	    = t ]
}

@test "every statement has its row before its answer" {
	sql "SELECT 1" && ok && recorded SELECT 200 ''
	completed 1
	KEY=$READER sql "SELECT 1 WHERE false" && ok && recorded SELECT 200 ''
	completed 0
	sql "INSERT INTO a VALUES (1), (2)" && ok && recorded INSERT 200 ''
	until_true completed 2
	sql "INSERT INTO a VALUES (3) RETURNING i" && ok &&
	    recorded INSERT 200 ''
	until_true completed 1
	sql "SELECT writes()" && ok && recorded SELECT 200 ''
	until_true completed 1
	sql "CREATE TABLE b ()" && ok && recorded "CREATE TABLE" 200 ''
	sql "DROP TABLE b" && ok && recorded "DROP TABLE" 200 ''
	sql "DO 'BEGIN END'" && ok && recorded DO 200 ''
	sql "VACUUM a" && ok && recorded VACUUM 200 ''
	sql "DELETE FROM a WHERE i = 1" '' '"dry_run":true' && ok &&
	    recorded DELETE 200 ''
	sql "SELECT 1" '' '"read_only":true' && ok && recorded SELECT 200 ''
	sql "SELECT 1" '' '' -H "Idempotency-Key: a" && ok &&
	    recorded SELECT 200 ''
	sql "SELECT 1" '' '' -H "Idempotency-Key: a" && ok &&
	    recorded SELECT 200 ''
	KEY=$DBUSER sql "INSERT INTO a VALUES (4)" '' '' \
	    -H "Idempotency-Key: b" && ok && recorded INSERT 200 ''
	KEY=$DBUSER sql "INSERT INTO a VALUES (4)" '' '' \
	    -H "Idempotency-Key: b" && ok && recorded INSERT 200 ''
}

@test "every refusal has its row before its answer" {
	sql "SELEC" && recorded UNKNOWN 400 42601
	sql "TABLE nope" && recorded SELECT 400 42P01
	sql "INSERT INTO a VALUES (6)" '' '' -H "Idempotency-Key: c" && ok
	sql "INSERT INTO a VALUES (6)" && recorded INSERT 409 23505
	KEY=$READER sql "DELETE FROM a" && recorded DELETE 403 42501
	KEY=$DBUSER sql "CREATE TABLE c ()" && recorded "CREATE TABLE" 403 42501
	sql "SELECT pg_sleep(9)" '' '"timeout_ms":20' &&
	    recorded SELECT 408 57014
	sql "DELETE FROM a" '' '"read_only":true' && recorded DELETE 403 25006
	sql "DELETE FROM a" '' '"max_affected":0' &&
	    recorded DELETE 409 max_affected_exceeded
	sql "INSERT INTO a SELECT i FROM generate_series(5000, 9999) i
	    RETURNING repeat('x', 2000)" && recorded INSERT 413 response_too_large
	sql 'SELECT $1::int' && recorded '' 400 params_mismatch
	sql "BEGIN" && recorded '' 400 unsupported_statement
	sql "SELECT 1; SELECT 2" && recorded '' 400 multiple_statements
	sql "" && recorded '' 400 empty_statement
	ask POST /v1/sql/execute nope && recorded '' 400 invalid_json
	head -c 2097152 /dev/zero >"$BATS_TEST_TMPDIR/2M"
	ask POST /v1/sql/execute '' --data-binary "@$BATS_TEST_TMPDIR/2M" &&
	    same "$status" 413 && recorded '' 413 body_too_large
	sql "INSERT INTO a VALUES (7)" '' '' -H "Idempotency-Key: c" &&
	    recorded INSERT 409 idempotency_conflict
	same "$(server_sql "SELECT count(*) FROM acdb.audit_logs a
	    WHERE status >= 400 AND sql_hash IS NOT NULL
	    AND command = ''")" 0
}

@test "the calls about keys have their rows, and none holds a token" {
	ask GET /v1/me && recorded '' 200 '' /v1/me
	ask POST /v1/auth/keys '{"pg_role":"dbuser"}' &&
	    recorded '' 201 '' /v1/auth/keys
	token=$(jq -r .token <<<"$body")
	ask POST /v1/auth/keys '{"pg_role":"nope"}' &&
	    recorded '' 400 invalid_role /v1/auth/keys
	KEY=$token ask POST /v1/auth/keys/rotate &&
	    recorded '' 200 '' /v1/auth/keys/rotate
	ask GET /v1/auth/keys && recorded '' 200 '' /v1/auth/keys
	ask DELETE "/v1/auth/keys/${token:8:16}" && ok
	recorded '' 200 '' "/v1/auth/keys/{key_id}"
	ask GET /v1/audit && recorded '' 200 '' /v1/audit
	KEY=$DBUSER ask GET /v1/audit &&
	    recorded '' 403 permission_denied /v1/audit
	same "$(server_sql "SELECT count(*) FROM acdb.audit_logs a
	    WHERE a::text LIKE '%${token:25}%'")" 0
}

@test "who has no key, or goes nowhere, leaves no row" {
	before=$(server_sql "SELECT count(*) FROM acdb.audit_logs")
	KEY='' sql "SELECT 1" && same "$status" 401
	KEY=acd_dev_AAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
	    sql "SELECT 1" && same "$status" 401
	KEY='' ask GET /healthz && ok
	KEY='' ask GET /nowhere && same "$status" 404
	same "$(server_sql "SELECT count(*) FROM acdb.audit_logs")" "$before"
}

@test "a row says who, from where and which statement" {
	sql 'SELECT $1::text' '["a parameter"]' '' -H "X-Request-Id: row-1"
	value '"a parameter"'
	same "$(row "host(client_ip) IN ('127.0.0.1', '::1'),
	    sql IS NULL, encode(sql_hash, 'hex'), request_id")" \
	    "t|t|$(printf 'SELECT $1::text' | sha256sum | cut -d' ' -f1)|row-1"
	same "$(server_sql "SELECT k.key_id, w.name FROM acdb.audit_logs a
	    JOIN acdb.api_keys k ON k.id = a.key_id
	    JOIN acdb.workspaces w ON w.id = a.workspace_id
	    WHERE a.request_id = 'row-1'")" \
	    "$(cut -c9-24 "$SRV/admin.key")|default"
}

@test "the trace that a call is part of stands in its row" {
	trace=0af7651916cd43dd8448eb211c80319c
	for text in "SELECT 1" "INSERT INTO a VALUES (71)" "SELECT writes()" \
	    "DELETE FROM a WHERE i >= 71" "SELEC" "BEGIN" "VACUUM a"; do
		sql "$text" '' '' -H "traceparent: 00-$trace-b7ad6b7169203331-01"
		same "$(row trace_id)" "$trace"
	done
	ask GET /v1/me '' -H "traceparent: 00-$trace-b7ad6b7169203331-01" && ok
	same "$(row trace_id)" "$trace"
	sql "SELECT 2" '' '' -H "traceparent: 00-$trace-b7ad6b7169203331-01" \
	    -H "Idempotency-Key: traced" && same "$(row trace_id)" "$trace"
	for text in "SELECT 1" "INSERT INTO a VALUES (72)"; do
		sql "$text" '' '' -H "traceparent: 00-${trace}x-1" && ok
		same "$(row "trace_id IS NULL")" t
	done
	ask GET "/v1/audit?limit=20" && ok
	same "$(jq -c '[.items[]|.trace_id]|unique' <<<"$body")" \
	    "[null,\"$trace\"]"
	run -0 --separate-stderr database acdb-keys audit
	[[ $output == *" trace=$trace"* ]]
	run -0 --separate-stderr database acdb-keys audit --json
	[[ $output == *"\"trace_id\" : \"$trace\""* ]]
}

@test "calls over the rate limit are one row a second, with their number" {
	key=$(database acdb-keys mint --role dbuser --rate 0.01 --burst 1)
	KEY=$key ask GET /v1/me && ok
	for _ in 1 2 3 4; do
		KEY=$key ask GET /v1/me && refused 429 rate_limited
	done
	counted() {
		[ "$(server_sql "SELECT sum(rows_affected)
		    FROM acdb.audit_logs a JOIN acdb.api_keys k
		    ON k.id = a.key_id WHERE k.key_id = '${key:8:16}'
		    AND status = 429 AND error_code = 'rate_limited'")" = 4 ]
	}
	until_true counted
}

@test "many at once: a row for each" {
	key=$(<"$SRV/admin.key")
	for i in {1..100}; do
		[ "$i" = 1 ] || echo next
		printf 'url = "%s/v1/sql/execute"\noutput = /dev/null\n' "$URL"
		printf 'cacert = "%s/tls/cert.pem"\n' "$SRV"
		printf 'header = "Authorization: Bearer %s"\n' "$key"
		printf 'header = "X-Request-Id: many-%d"\n' "$i"
		case $((i % 3)) in
		0) echo 'data = "{\"sql\":\"SELECT 1\"}"' ;;
		1) echo 'data = "{\"sql\":\"UPDATE a SET i = i\"}"' ;;
		2) echo 'data = "{\"sql\":\"SELECT 1/0\"}"' ;;
		esac
	done >"$BATS_TEST_TMPDIR/config"
	curl -sSZ -K "$BATS_TEST_TMPDIR/config"
	same "$(server_sql "SELECT count(*), count(DISTINCT request_id)
	    FROM acdb.audit_logs WHERE request_id LIKE 'many-%'")" "100|100"
}

@test "GET /v1/audit shows a workspace's rows, filtered, page by page" {
	admin=$(mint dbadmin --workspace seen)
	user=$(mint dbuser --workspace seen)
	since=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
	for i in 1 2 3 4 5; do
		KEY=$user sql "SELECT $i" '' '' -H "X-Request-Id: seen-$i"
	done
	KEY=$user sql "SELECT 1/0" '' '' -H "X-Request-Id: seen-6"
	KEY=$admin
	ask GET "/v1/audit?key_id=${user:8:16}" && ok
	is '[.items[].request_id]' \
	    '["seen-6","seen-5","seen-4","seen-3","seen-2","seen-1"]'
	is '.items[0]|keys' '["client_ip","command","created_at","duration_us","endpoint","error_code","id","key_id","request_id","rows_affected","sql","sql_hash","status","trace_id"]'
	is '.items[0]|[.status,.error_code,.command,.key_id,.sql]' \
	    "[400,\"22012\",\"SELECT\",\"${user:8:16}\",null]"
	ask GET "/v1/audit?status=400" && is '[.items[].request_id]' '["seen-6"]'
	ask GET "/v1/audit?since=$since&status=200&key_id=${user:8:16}" &&
	    is '.items|length' 5
	ask GET "/v1/audit?until=$since" && is '.items|length' 0
	ask GET "/v1/audit?since=2999-01-01" && is '.items' '[]'
	seen=() cursor=
	for _ in 1 2 3; do
		ask GET "/v1/audit?key_id=${user:8:16}&limit=2${cursor:+&cursor=$cursor}"
		cursor=$(jq -r .next_cursor <<<"$body")
		mapfile -t -O ${#seen[@]} seen < <(jq -r \
		    '.items[].request_id' <<<"$body")
	done
	same "${seen[*]} $cursor" \
	    "seen-6 seen-5 seen-4 seen-3 seen-2 seen-1 null"
	for query in limit=0 limit=x status=99 status=x cursor=x since=never \
	    cursor=01234567-89ab-7def-8123-456789abcdef \
	    until=%00 since=%zz; do
		ask GET "/v1/audit?$query" && refused 400 invalid_input
	done
	unset KEY
	ask GET "/v1/audit?key_id=${user:8:16}" && is '.items' '[]'
}

@test "the log has a line a request, without SQL, values or secrets" {
	sql "SELECT 'in-the-sql', \$1" '["in-the-params"]' '' \
	    -H "X-Request-Id: log-1" && ok
	sql "SELECT 'in-the-sql' 'x' in-the-error" '' '' \
	    -H "X-Request-Id: log-2" && same "$status" 400
	sql "DO \$\$BEGIN RAISE EXCEPTION 'in-the-raise'; END\$\$" && same \
	    "$status" 500
	ask GET "/v1/me?key=in-the-query" && ok
	grep -q 'id=log-1 .*status=200' "$SRV/acdbd.log"
	grep -q 'id=log-2 .*status=400' "$SRV/acdbd.log"
	same "$(grep -c 'id=log-1 ' "$SRV/acdbd.log")" 1
	run ! grep -E 'in-the-(sql|params|error|raise|query)' "$SRV/acdbd.log"
	key=$(<"$SRV/admin.key")
	run ! grep -F -e "${key:25}" -e "$(<"$SRV/db/secret")" "$SRV/acdbd.log"
	# Nor has PostgreSQL's.
	[ -s "$SRV/db/log" ]
	run ! grep -E 'in-the-(sql|params)' "$SRV/db/log"
}

@test "AUDIT_INCLUDE_SQL keeps the text, AUDIT_DISABLED every row" {
	again() {
		kill "$(server_pid)"
		until_true [ ! -d "/proc/$(server_pid)" ]
		server_up
	}
	AGENTCOOPDB_AUDIT_INCLUDE_SQL=true again
	for text in "SELECT 'kept'" "INSERT INTO a VALUES (7777)" \
	    "SELECT 'kept'/0" "TABLE nope"; do
		sql "$text"
		same "$(row sql)" "$text"
	done
	ask GET "/v1/audit?limit=1" && is '.items[0].sql' '"TABLE nope"'
	AGENTCOOPDB_AUDIT_DISABLED=true again
	before=$(server_sql "SELECT count(*) FROM acdb.audit_logs")
	sql "SELECT 1" && value 1
	sql "INSERT INTO a VALUES (7778)" && ok
	sql "SELEC" && same "$status" 400
	ask GET /v1/me && ok
	same "$(server_sql "SELECT count(*) FROM acdb.audit_logs")" "$before"
}
