# POST /v1/sql/batch, and what runs outside of a transaction.

load helper
load http

setup_file() {
	export AGENTCOOPDB_MAX_STATEMENT_BYTES=2000
	server_start
	DBUSER=$(mint dbuser)
	export DBUSER
	sql "CREATE TABLE n (i int PRIMARY KEY)" && ok
	sql "CREATE TABLE r (name text PRIMARY KEY, n int NOT NULL)" && ok
	sql "INSERT INTO r VALUES ('a', 0), ('b', 0)" && ok
}

teardown_file() {
	server_end
}

# batch STATEMENTS [MEMBERS [CURL OPTION...]]: a JSON array, and what else
# stands in the request's object.
batch() {
	ask POST /v1/sql/batch "{\"statements\":$1${2:+,$2}}" "${@:3}"
}

# count: the rows of n.
count() {
	server_sql "SELECT count(*) FROM n"
}

@test "a batch is one transaction, and its results have the single shape" {
	batch '[{"sql":"INSERT INTO n VALUES ($1), ($2) RETURNING i","params":[1,2]},
	    {"sql":"SELECT i, $1::text AS t FROM n","params":["x"]},
	    {"sql":"UPDATE n SET i = i WHERE i < 0"},
	    {"sql":"SELECT txid_current() = txid_current(), now() = now()"}]'
	ok
	is '[.results[] | [.command,.columns,.column_types,.rows,.rows_affected]]' \
	    '[["INSERT",["i"],["int4"],[[1],[2]],2],["SELECT",["i","t"],["int4","text"],[[1,"x"],[2,"x"]],2],["UPDATE",[],[],[],0],["SELECT",["?column?","?column?"],["bool","bool"],[[true,true]],1]]'
	is '.duration_ms | type' '"number"'
	batch '[{"sql":"SELECT txid_current()"},{"sql":"SELECT txid_current()"}]'
	is '.results[0].rows == .results[1].rows' true
}

@test "the failing one is named by its index, and nothing is done" {
	before=$(count)
	batch '[{"sql":"INSERT INTO n VALUES (10)"},
	    {"sql":"INSERT INTO n VALUES (1)"},{"sql":"SELECT 1"}]'
	refused 409 unique_violation
	is '[.statement,.tx,.constraint]' '[1,"rolled_back","n_pkey"]'
	batch '[{"sql":"INSERT INTO n VALUES (10)"},{"sql":"SELECT nope"}]'
	refused 400 undefined_object
	is '[.statement,.line_column]' '[1,8]'
	batch '[{"sql":"INSERT INTO n VALUES (10)"},{"sql":"SELEC"}]'
	refused 400 parse_error && is .statement 1
	batch '[{"sql":"INSERT INTO n VALUES (10)"},{"sql":"SELECT $1::int[]","params":[["x"]]}]'
	refused 400 invalid_input && is .statement 1
	batch '[{"sql":"INSERT INTO n VALUES (10)"},{"sql":"SELECT pg_sleep(9)"}]' \
	    '"timeout_ms":50'
	refused 408 statement_timeout && is '[.statement,.tx]' '[1,"rolled_back"]'
	same "$(count)" "$before"
}

# Statements that do not stand in a batch.
@test "what is wrong with a batch is told before anything is done" {
	local before at
	before=$(count)
	batch '[]' && refused 400 empty_statement
	ask POST /v1/sql/batch '{}' && refused 400 invalid_json '*statements*'
	batch '{}' && refused 400 invalid_json
	batch '7' && refused 400 invalid_json
	for at in '7' '[]' '"SELECT 1"' '{}' '{"params":[]}' '{"sql":7}' \
	    '{"sql":"SELECT 1","params":{}}' '{"sql":"SELECT 1","more":1}' \
	    '{"sql":"SELECT 1","timeout_ms":5}'; do
		batch "[{\"sql\":\"INSERT INTO n VALUES (20)\"},$at]"
		refused 400 invalid_json && is .statement 1
	done
	batch '[{"sql":"INSERT INTO n VALUES (20)"},{"sql":"SELECT $1"}]'
	refused 400 params_mismatch && is .statement 1
	batch '[{"sql":"INSERT INTO n VALUES (20)"},{"sql":"SELECT 1; SELECT 2"}]'
	refused 400 multiple_statements && is .statement 1
	batch '[{"sql":"INSERT INTO n VALUES (20)"},{"sql":" -- "}]'
	refused 400 empty_statement && is .statement 1
	for at in '"max_affected":1' '"what":1' '"sql":"SELECT 1"' \
	    '"isolation":"read uncommitted"' '"isolation":7' '"retry":11' \
	    '"retry":-1' '"retry":true' '"read_only":1' '"deferrable":"yes"'; do
		batch '[{"sql":"INSERT INTO n VALUES (20)"}]' "$at"
		refused 400 invalid_json || { echo "$at"; return 1; }
	done
	same "$(count)" "$before"
}

@test "there are limits on statements and bytes" {
	local many
	many=$(printf '{"sql":"SELECT 1"},%.0s' {1..100})
	batch "[${many%,}]" && ok && is '.results | length' 100
	batch "[$many{\"sql\":\"SELECT 1\"}]"
	refused 400 statement_too_large '*101*100'
	many=$(printf '+1%.0s' {1..1100})
	batch "[{\"sql\":\"SELECT 1\"},{\"sql\":\"SELECT 1$many\"}]"
	refused 400 statement_too_large '*2000' && is .statement 1
}

@test "isolation, read_only and deferrable are the transaction's" {
	local show='[{"sql":"SHOW transaction_isolation"},
	    {"sql":"SHOW transaction_read_only"},
	    {"sql":"SHOW transaction_deferrable"}]'
	modes() { is '[.results[].rows[0][0]]' "$1"; }
	batch "$show" && modes '["read committed","off","off"]'
	batch "$show" '"isolation":"repeatable read"' &&
	    modes '["repeatable read","off","off"]'
	batch "$show" '"isolation":"serializable","read_only":true,"deferrable":true' &&
	    modes '["serializable","on","on"]'
	batch "$show" && modes '["read committed","off","off"]'
	batch '[{"sql":"INSERT INTO n VALUES (30)"}]' '"read_only":true'
	refused 403 permission_denied && is '[.statement,.sqlstate]' '[0,"25006"]'
}

@test "a batch cannot loosen its mode, change whose it is, or end early" {
	local before text
	before=$(count)
	for text in COMMIT END ROLLBACK ABORT BEGIN "START TRANSACTION" \
	    "PREPARE TRANSACTION 'x'" "SAVEPOINT s" "RELEASE s" \
	    "ROLLBACK TO s" "SET TRANSACTION READ WRITE" \
	    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE" \
	    "SET ROLE dbadmin" "RESET ROLE" "SET SESSION AUTHORIZATION dbadmin" \
	    "DISCARD ALL" "RESET ALL"; do
		batch "[{\"sql\":\"INSERT INTO n VALUES (40)\"},{\"sql\":\"$text\"},
		    {\"sql\":\"INSERT INTO n VALUES (41)\"}]"
		refused 400 unsupported_statement && is .statement 1 ||
		    { echo "$text"; return 1; }
	done
	for text in "set_config('transaction_read_only', 'off', false)" \
	    "set_config('transaction_read_only', 'off', true)"; do
		batch "[{\"sql\":\"SELECT 1\"},{\"sql\":\"SELECT $text\"},
		    {\"sql\":\"INSERT INTO n VALUES (42)\"}]" '"read_only":true'
		[ "$status" != 200 ]
	done
	for text in "set_config('role', 'dbadmin', false)" \
	    "set_config('session_authorization', 'dbadmin', false)" \
	    "set_config('app.workspace_id', 'x', false)" \
	    "set_config('acdb.ctx', '', false)"; do
		KEY=$DBUSER batch "[{\"sql\":\"SELECT $text\"},
		    {\"sql\":\"SELECT current_user, acdb_api.workspace_id() IS NULL\"}]"
		[ "$status" != 200 ] ||
		    is '.results[1].rows[0][0]' '"dbuser"'
	done
	# Whatever it set, the next call has its own again.
	KEY=$DBUSER sql "SELECT current_user, acdb_api.workspace_id() IS NULL,
	    current_setting('transaction_read_only')"
	rows '[["dbuser",false,"off"]]'
	same "$(count)" "$before"
}

@test "a serialization failure is told, or tried again on request" {
	local d=$BATS_TEST_TMPDIR body
	meeting_place
	# conflict ARRIVALS OPTION: each has read when as many have arrived
	conflict() {
		local pid=() i body
		body='[{"sql":"SELECT n FROM r WHERE name = $1","params":["a"]},
		    {"sql":"SELECT meet($1)","params":['$1']},
		    {"sql":"UPDATE r SET n = n + 1 WHERE name = $1",
		    "params":["a"]}]'
		for i in 1 2; do
			( HEAD=$d/head$i
			batch "$body" '"isolation":"repeatable read"'"$2"
			echo "$body" >"$d/$i" ) 3>&- &
			pid+=($!)
		done
		wait "${pid[@]}"
	}
	server_sql "UPDATE r SET n = 0"
	conflict 2 ''
	same "$(jq -sc '[.[].title] | sort' "$d"/[12])" \
	    '[null,"serialization_failure"]'
	body=$(jq -c 'select(.title)' "$d"/[12])
	is '[.status,.sqlstate,.retryable,.statement,.tx]' \
	    '[409,"40001",true,2,"rolled_back"]'
	same "$(server_sql "SELECT n FROM r WHERE name = 'a'")" 1
	conflict 4 ',"retry":3'
	same "$(jq -sc 'map(.retries // 0) | sort' "$d"/[12])" '[0,1]'
	same "$(server_sql "SELECT n FROM r WHERE name = 'a'")" 3
}

@test "options hold for each statement of a batch" {
	batch '[{"sql":"SELECT 9007199254740993::int8 AS a"},
	    {"sql":"SELECT $1::jsonb AS j, current_setting($2) AS s","params":[{"a":1},"work_mem"]}]' \
	    '"row_format":"object","numbers":"string","json":"text","settings":{"work_mem":"8MB"}'
	is '[.results[].rows[0]]' \
	    '[{"a":"9007199254740993"},{"j":"{\"a\": 1}","s":"8MB"}]'
	batch '[{"sql":"SELECT generate_series(1, 5)"},{"sql":"SELECT 1"}]' \
	    '"max_rows":2'
	is '[.results[] | [.rows,.truncated]]' '[[[[1],[2]],true],[[[1]],null]]'
	batch '[{"sql":"INSERT INTO n VALUES (50)"}]' '"dry_run":true'
	is '[.dry_run,.results[0].rows_affected]' '[true,1]'
	same "$(server_sql "SELECT count(*) FROM n WHERE i = 50")" 0
	batch '[{"sql":"CREATE TABLE IF NOT EXISTS n ()"},{"sql":"SELECT 1"}]'
	is '.notices[0].sqlstate' '"42P07"'
}

@test "an Idempotency-Key covers the whole batch" {
	local one
	batch '[{"sql":"INSERT INTO n VALUES (60) RETURNING now()"},{"sql":"SELECT random()"}]' \
	    '' -H 'Idempotency-Key: batch-1' && ok
	one=$body
	batch '[{"sql":"INSERT INTO n VALUES (60) RETURNING now()"},{"sql":"SELECT random()"}]' \
	    '' -H 'Idempotency-Key: batch-1' && ok
	same "$body" "$one"
	same "$(header x-idempotent-replayed)" true
	batch '[{"sql":"SELECT 1"}]' '' -H 'Idempotency-Key: batch-1'
	refused 409 idempotency_conflict
}

@test "the batch's row of the audit is one" {
	batch '[{"sql":"INSERT INTO n VALUES (70)"},{"sql":"SELECT 1"}]' '' \
	    -H 'X-Request-Id: batch-row' && ok
	same "$(server_sql "SELECT endpoint, status FROM acdb.audit_logs
	    WHERE request_id = 'batch-row'")" '/v1/sql/batch|200'
}

@test "what cannot run in a transaction runs outside, with role and context" {
	local text
	sql "CREATE TABLE big (workspace_id uuid NOT NULL, i int)" && ok
	for text in "VACUUM big" "VACUUM (FULL, ANALYZE) big" \
	    "CREATE INDEX CONCURRENTLY big_i ON big (i)" \
	    "REINDEX INDEX CONCURRENTLY big_i" \
	    "REINDEX TABLE CONCURRENTLY big" \
	    "DROP INDEX CONCURRENTLY big_i"; do
		sql "$text" && ok || { echo "$text"; return 1; }
	done
	is .command '"DROP INDEX"'
	# As the key's role: dbuser owns nothing here.
	KEY=$DBUSER sql "CREATE INDEX CONCURRENTLY big_i ON big (i)" &&
	    refused 403 permission_denied
	# An index's expression sees whose call it is.
	sql "CREATE FUNCTION whose(int) RETURNS text LANGUAGE plpgsql IMMUTABLE
	    AS 'BEGIN RAISE NOTICE ''% %'', current_user,
	    acdb_api.workspace_id() IS NOT NULL; RETURN 1; END'" && ok
	sql "INSERT INTO big (i) VALUES (1)" && ok
	sql "CREATE INDEX CONCURRENTLY big_w ON big (whose(i))" && ok
	has '"message":"dbadmin t"'
	sql "SELECT current_user" && value '"dbadmin"'
}

@test "outside: wrong input, a failure, no batch, no transaction's option" {
	sql "VACUUM nope" && refused 400 undefined_object
	sql "CREATE INDEX CONCURRENTLY ON n (nope)" && refused 400 undefined_object
	sql 'VACUUM $1' '[1]' && [ "$status" = 400 ]
	for option in '"dry_run":true' '"read_only":true' '"max_affected":1' \
	    '"settings":{"work_mem":"8MB"}' '"isolation":"serializable"'; do
		sql "VACUUM n" '' "$option" &&
		    refused 400 unsupported_statement '*cannot run in a transaction*'
	done
	batch '[{"sql":"SELECT 1"},{"sql":"VACUUM n"}]' &&
	    refused 400 unsupported_statement '*/v1/sql/execute*'
	is .statement 1
	# Uniqueness fails in the second scan; the index is left, invalid.
	sql "INSERT INTO big (i) VALUES (1)" && ok
	sql "CREATE UNIQUE INDEX CONCURRENTLY big_u ON big (i)" &&
	    refused 409 unique_violation
	sql "DROP INDEX CONCURRENTLY big_u" && ok
	key=$(mint dbadmin --read-only)
	KEY=$key sql "VACUUM n" && [ "$status" != 200 ]
	sql "VACUUM n" '' '"timeout_ms":5000' && ok
}

@test "what means nothing over HTTP says what to use instead" {
	while IFS='|' read -r text use; do
		text=${text% }
		sql "$text" && refused 400 unsupported_statement "*${use# }*" ||
		    { echo "$text"; return 1; }
	done <<-'EOF'
	BEGIN | /v1/sql/batch
	COMMIT | /v1/sql/batch
	ROLLBACK | dry_run
	SAVEPOINT s | separate calls
	PREPARE p AS SELECT 1 | params
	EXECUTE p | params
	DEALLOCATE p | 
	LISTEN x | table
	UNLISTEN x | 
	DECLARE c CURSOR FOR SELECT 1 | LIMIT
	FETCH c | LIMIT
	COPY n FROM STDIN | INSERT
	COPY n TO STDOUT | SELECT
	SET work_mem = '1MB' | settings
	SET ROLE dbuser | key
	LOCK TABLE n | FOR UPDATE
	DISCARD ALL | 
	EOF
}

@test "a client that leaves a batch leaves nothing of it" {
	local found
	ask POST /v1/sql/batch '{"statements":[{"sql":"INSERT INTO n VALUES (80)"},
	    {"sql":"SELECT pg_sleep(30)"}],"timeout_ms":40000}' --max-time 0.5 &&
	    return 1
	idle() {
		[ "$(server_sql "SELECT count(*) FROM pg_stat_activity WHERE
		    query LIKE '%pg_sleep(30)%' AND state <> 'idle'
		    AND pid <> pg_backend_pid()")" = 0 ]
	}
	until_true idle
	same "$(server_sql "SELECT count(*) FROM n WHERE i = 80")" 0
	batch '[{"sql":"SELECT 1"}]' && ok
}
