# POST /v1/sql/execute: what goes right, member by member.

load helper
load http

setup_file() {
	server_start
	DBUSER=$(mint dbuser) READER=$(mint dbreader)
	export DBUSER READER
	sql "CREATE TABLE docs (id int PRIMARY KEY, body text)" && ok &&
	    sql "CREATE TABLE n (i int)" && ok
}

teardown_file() {
	server_end
}

# A statement, its command, rows_affected and rows; each on its own.
kind() {
	sql "$1"
	rows "${4:-[]}"
	has "{\"command\":\"$2\",\"columns\":["
	has "],\"column_types\":["
	has "],\"rows_affected\":$3,\"duration_ms\":"
}

@test "an answer is what the contract says, to the letter" {
	sql "SELECT 1 AS a, 'x' AS \"B c\"" && ok
	found=$(sed 's/"duration_ms":[0-9]*/"duration_ms":N/' <<<"$body")
	same "$found" '{"command":"SELECT","columns":["a","B c"],"column_types":["int4","text"],"rows":[[1,"x"]],"rows_affected":1,"duration_ms":N}'
	same "$(header content-type)" application/json
	same "$(header cache-control)" no-store
}

@test "params may be there, be empty, be null or be missing" {
	for params in '' ',"params":[]' ',"params":null'; do
		ask POST /v1/sql/execute "{\"sql\":\"SELECT 1\"$params}"
		value 1
	done
	sql 'SELECT $2::text || $1' '["a","b"]' && value '"ba"'
	sql 'SELECT $1::int + $1' '[4]' && value 8
}

@test "queries: SELECT counts the rows that came" {
	kind "SELECT 1 UNION ALL SELECT 2" SELECT 2 '[[1],[2]]'
	kind "SELECT 1 WHERE false" SELECT 0
	kind "VALUES (1),(2),(3)" SELECT 3 '[[1],[2],[3]]'
	kind "TABLE n" SELECT 0
	kind "(SELECT 1)" SELECT 1 '[[1]]'
	kind "WITH a AS (SELECT 5) TABLE a" SELECT 1 '[[5]]'
	kind "SELECT" SELECT 1 '[[]]'
	kind "SHOW server_encoding" SHOW 1 '[["UTF8"]]'
	sql "EXPLAIN (COSTS off) SELECT 1" && rows '[["Result"]]'
	is .command '"EXPLAIN"'
}

@test "changes: INSERT, UPDATE, DELETE and MERGE count the rows changed" {
	kind "INSERT INTO n VALUES (1),(2),(3)" INSERT 3
	kind "INSERT INTO n VALUES (4) RETURNING i, i * 2 AS d" INSERT 1 \
	    '[[4,8]]'
	kind "UPDATE n SET i = i + 10 WHERE i > 2" UPDATE 2
	kind "UPDATE n SET i = 0 WHERE i < 0 RETURNING *" UPDATE 0
	kind "WITH d AS (DELETE FROM n WHERE i > 10 RETURNING i)
	    SELECT count(*) FROM d" SELECT 1 '[[2]]'
	kind "MERGE INTO n USING (VALUES (1)) v(x) ON i = x
	    WHEN MATCHED THEN DELETE" MERGE 1
	kind "DELETE FROM n" DELETE 1
	kind "INSERT INTO n SELECT 1 WHERE false" INSERT 0
	kind "SELECT count(*) FROM n" SELECT 1 '[[0]]'
}

@test "definitions and the rest have their command's name" {
	while IFS='|' read -r text command affected; do
		echo "$text"
		kind "$text" "$command" "${affected:-0}"
	done <<-'EOT'
	CREATE TABLE k (i int PRIMARY KEY, t text)|CREATE TABLE
	CREATE TABLE k2 AS SELECT 1 AS a|SELECT|1
	SELECT 1 AS a INTO k3|SELECT|1
	ALTER TABLE k ADD u text|ALTER TABLE
	CREATE INDEX ki ON k (t)|CREATE INDEX
	CREATE VIEW kv AS SELECT * FROM k|CREATE VIEW
	CREATE MATERIALIZED VIEW km AS SELECT 1 AS a|SELECT|1
	REFRESH MATERIALIZED VIEW km|REFRESH MATERIALIZED VIEW
	CREATE SEQUENCE ks|CREATE SEQUENCE
	CREATE TYPE ke AS ENUM ('a', 'b')|CREATE TYPE
	CREATE DOMAIN kd AS int CHECK (VALUE > 0)|CREATE DOMAIN
	CREATE SCHEMA kn|CREATE SCHEMA
	CREATE FUNCTION kf() RETURNS int LANGUAGE sql RETURN 1|CREATE FUNCTION
	CREATE PROCEDURE kp() LANGUAGE sql AS ''|CREATE PROCEDURE
	CALL kp()|CALL
	COMMENT ON TABLE k IS 'c'|COMMENT
	GRANT SELECT ON k TO dbuser|GRANT
	REVOKE SELECT ON k FROM dbuser|REVOKE
	ANALYZE k|ANALYZE
	TRUNCATE k|TRUNCATE TABLE
	DO 'BEGIN END'|DO
	NOTIFY k|NOTIFY
	DROP VIEW kv|DROP VIEW
	DROP TABLE k, k2, k3|DROP TABLE
	EOT
}

@test "a semicolon at the end, comments and blank lines change nothing" {
	kind "SELECT 1;" SELECT 1 '[[1]]'
	kind "  SELECT 1 ;; " SELECT 1 '[[1]]'
	kind $'-- a\n/* ; /* nested */ */ SELECT\n1 -- b' SELECT 1 '[[1]]'
	kind "SELECT ';', \$\$;\$\$" SELECT 1 '[[";",";"]]'
}

@test "dbadmin creates, dbuser changes, dbreader reads" {
	KEY=$DBUSER sql "INSERT INTO docs VALUES (1, 'one')" && ok
	KEY=$DBUSER sql "TABLE docs" && rows '[[1,"one"]]'
	KEY=$READER sql "TABLE docs" && rows '[[1,"one"]]'
	KEY=$READER sql "DELETE FROM docs" &&
	    refused 403 permission_denied "permission denied for table docs"
	is .sqlstate '"42501"'
	KEY=$DBUSER sql "CREATE TABLE x ()" && refused 403 permission_denied
	KEY=$READER sql "SELECT current_user" && value '"dbreader"'
}

@test "the key comes with Bearer, in any case, or bare" {
	key=$(cat "$SRV/admin.key")
	for value in "Bearer $key" "bearer $key" "$key"; do
		KEY='' ask GET /v1/me '' -H "Authorization: $value"
		ok
	done
}

@test "a statement knows its workspace" {
	ask GET /v1/me && workspace=$(jq -c .workspace_id <<<"$body")
	sql "SELECT acdb_api.workspace_id(), current_setting('app.workspace_id')"
	rows "[[$workspace,$workspace]]"
	other=$(mint dbuser --workspace other)
	KEY=$other sql 'SELECT acdb_api.workspace_id() = $1' "[$workspace]"
	value false
}

@test "JSON types and a form's type are read as JSON, others are 415" {
	for type in '' application/json 'Application/JSON; charset=utf-8' \
	    text/json application/vnd.x+json \
	    application/x-www-form-urlencoded; do
		sql "SELECT 1" '' '' -H "Content-Type: $type" && value 1
	done
	# curl -H 'Content-Type:' sends none at all.
	sql "SELECT 1" '' '' -H "Content-Type:" && value 1
	for type in text/plain application/xml application/jsonx \
	    'multipart/form-data; boundary=x'; do
		sql "SELECT 1" '' '' -H "Content-Type: $type" &&
		    refused 415 unsupported_media_type
	done
}

@test "who cannot take JSON is told, 406" {
	for accept in '*/*' application/json 'application/*;q=0.1' \
	    'text/html, application/json;q=0.9' 'APPLICATION/JSON' ''; do
		sql "SELECT 1" '' '' -H "Accept: $accept" && value 1
	done
	for accept in text/html 'application/json;q=0' 'image/*, text/*'; do
		sql "INSERT INTO n VALUES (406)" '' '' -H "Accept: $accept" &&
		    refused 406 not_acceptable '*application/json*'
	done
	sql "SELECT count(*) FROM n WHERE i = 406" && value 0
}

@test "a sane X-Request-Id comes back, another is replaced" {
	for id in a 0123456789 A-b_c.d "$(printf 'x%.0s' {1..64})"; do
		ask GET /v1/me '' -H "X-Request-Id: $id" && ok
		same "$(header x-request-id)" "$id"
	done
	for id in 'a b' "$(printf 'x%.0s' {1..65})" 'a"b' ''; do
		ask GET /v1/me '' -H "X-Request-Id;" -H "X-Request-Id: $id"
		[[ $(header x-request-id) =~ ^[0-9a-f]{8}-[0-9a-f-]{27}$ ]]
	done
}

@test "timeout_ms ends a statement; the role has a maximum" {
	before=$EPOCHREALTIME
	sql "SELECT pg_sleep(20)" '' '"timeout_ms":50' &&
	    refused 408 statement_timeout '*statement timeout'
	is '[.sqlstate,.retryable]' '["57014",false]'
	[ $((${EPOCHREALTIME/./} - ${before/./})) -lt 5000000 ]
	sql "SELECT current_setting('statement_timeout')" '' \
	    '"timeout_ms":60000' && value '"1min"'
	sql "SELECT current_setting('statement_timeout')" && value '"5s"'
	KEY=$DBUSER sql "SELECT 1" '' '"timeout_ms":60001' &&
	    refused 400 invalid_json '*timeout_ms*60000'
	for bad in 0 -1 5.5 '"5"' null true 1e99; do
		sql "SELECT 1" '' "\"timeout_ms\":$bad" &&
		    refused 400 invalid_json '*timeout_ms*'
	done
}

@test "max_rows cuts the rows and says so" {
	sql "SELECT generate_series(1, 9)" '' '"max_rows":2' &&
	    rows '[[1],[2]]'
	is '[.rows_affected,.truncated]' '[2,true]'
	sql "SELECT generate_series(1, 2)" '' '"max_rows":2' &&
	    rows '[[1],[2]]'
	is '.truncated // false' false
	sql "SELECT 1" '' '"max_rows":0' && rows '[]'
	is .truncated true
	# A change is whole all the same.
	sql "INSERT INTO n SELECT generate_series(71, 79) RETURNING i" '' \
	    '"max_rows":1' && rows '[[71]]'
	is '[.rows_affected,.truncated]' '[9,true]'
	sql "SELECT count(*) FROM n WHERE i BETWEEN 71 AND 79" && value 9
}

@test "read_only refuses what writes, also hidden in a function" {
	sql "CREATE FUNCTION hidden() RETURNS void LANGUAGE sql
	    AS 'INSERT INTO n VALUES (80)'" && ok
	sql "SELECT 1" '' '"read_only":true' && value 1
	for text in "INSERT INTO n VALUES (80)" "SELECT hidden()" \
	    "CREATE TABLE no ()" "DO 'BEGIN PERFORM hidden(); END'"; do
		sql "$text" '' '"read_only":true' &&
		    refused 403 permission_denied '*read-only transaction'
		is .sqlstate '"25006"'
	done
	sql "SELECT hidden()" '' '"read_only":false' && ok
	sql "SELECT count(*) FROM n WHERE i = 80" && value 1
	key=$(mint dbuser --read-only)
	KEY=$key sql "SELECT hidden()" '' '"read_only":false' &&
	    refused 403 permission_denied
}

@test "dry_run runs and rolls back" {
	sql "INSERT INTO n VALUES (90) RETURNING i" '' '"dry_run":true'
	rows '[[90]]'
	is '[.rows_affected,.dry_run]' '[1,true]'
	sql "CREATE TABLE dry ()" '' '"dry_run":true' && ok
	sql "SELECT count(*), to_regclass('dry') FROM n WHERE i = 90" &&
	    rows '[[0,null]]'
	sql "INSERT INTO docs VALUES (1, 'again')" '' '"dry_run":true' &&
	    refused 409 unique_violation
}

@test "row_format object names each value" {
	sql "SELECT 1 AS a, NULL AS \"b\"\"\"" '' '"row_format":"object"' &&
	    rows '[{"a":1,"b\"":null}]'
	sql "SELECT 1 AS a" '' '"row_format":"array"' && value 1
	sql "SELECT 1 WHERE false" '' '"row_format":"object"' && rows '[]'
	sql "SELECT 1 AS a, 2 AS a" '' '"row_format":"object"' &&
	    refused 400 invalid_input '*"a"*'
	# Refused means that it has not happened.
	sql "INSERT INTO n VALUES (100) RETURNING i AS a, i AS a" '' \
	    '"row_format":"object"' && refused 400 invalid_input
	sql "SELECT count(*) FROM n WHERE i = 100" && value 0
	sql "SELECT 1" '' '"row_format":"x"' && refused 400 invalid_json
}

@test "settings hold for the one statement" {
	sql "SELECT current_setting('work_mem'), current_setting('TimeZone'),
	    current_setting('app.x')" '' \
	    '"settings":{"work_mem":"8MB","timezone":"Asia/Tokyo","app.x":1}'
	rows '[["8MB","Asia/Tokyo","1"]]'
	sql "SELECT current_setting('work_mem'), current_setting('TimeZone'),
	    coalesce(current_setting('app.x', true), '')"
	rows '[["4MB","UTC",""]]'
	sql "SELECT current_setting('hnsw.ef_search')" '' \
	    '"settings":{"hnsw.ef_search":77}' && value '"77"'
	sql "SELECT current_setting('jit')" '' '"settings":{"jit":true}' &&
	    value '"on"'
	for name in role session_authorization app.workspace_id acdb.ctx \
	    statement_timeout bytea_output DateStyle transaction_read_only; do
		sql "SELECT 1" '' "\"settings\":{\"$name\":\"x\"}" &&
		    refused 400 invalid_input "*$name*"
	done
	sql "SELECT 1" '' '"settings":{"work_mem":"1GB"}' &&
	    refused 400 invalid_input
	sql "SELECT 1" '' '"settings":{"timezone":"No/Where"}' &&
	    refused 400 invalid_input
	for bad in '[]' 1 '{"jit":[]}' '{"jit":null}'; do
		sql "SELECT 1" '' "\"settings\":$bad" &&
		    refused 400 invalid_json
	done
}

@test "numbers string spares the digits of int8 and numeric alone" {
	sql "SELECT 9007199254740993, 1.50, 2::int4, 2.5::float8,
	    ARRAY[3::int8, NULL], ARRAY[1.10]" '' '"numbers":"string"'
	rows '[["9007199254740993","1.50",2,2.5,["3",null],["1.10"]]]'
	sql "SELECT 9007199254740993" '' '"numbers":"number"' &&
	    value 9007199254740993
	sql "SELECT 1" '' '"numbers":"float"' && refused 400 invalid_json
}

@test "json text gives json as strings" {
	sql "SELECT '{\"a\": [1]}'::jsonb, '\"x\"'::json, 'null'::jsonb, NULL::json,
	    ARRAY['{}'::jsonb]" '' '"json":"text"'
	rows '[["{\"a\": [1]}","\"x\"","null",null,["{}"]]]'
	sql "SELECT '\"x\"'::json, 'null'::jsonb" '' '"json":"value"' &&
	    rows '[["x",null]]'
	sql "SELECT 1" '' '"json":true' && refused 400 invalid_json
}

@test "max_affected rolls back what changes more" {
	sql "INSERT INTO n SELECT generate_series(111, 113)" && ok
	sql "DELETE FROM n WHERE i BETWEEN 111 AND 113" '' \
	    '"max_affected":2' && refused 409 max_affected_exceeded '*3*2'
	sql "DELETE FROM n WHERE i BETWEEN 111 AND 113" '' \
	    '"max_affected":3' && is .rows_affected 3
	sql "INSERT INTO n VALUES (1) RETURNING i" '' '"max_affected":0' &&
	    refused 409 max_affected_exceeded
	sql "SELECT generate_series(1, 5)" '' '"max_affected":1' && ok
	sql "CREATE TABLE n2 AS SELECT generate_series(1, 5)" '' \
	    '"max_affected":4' && refused 409 max_affected_exceeded '*5*4'
	sql "CREATE TABLE n2 AS SELECT generate_series(1, 5)" && ok
	sql "SELECT * FROM n2 FOR UPDATE" '' '"max_affected":1' && ok
}

# Their tags count something else: the rows of the outer query, the lines of
# the plan, nothing.
@test "max_affected refuses what no tag counts" {
	local statement
	sql "DELETE FROM n" && sql "INSERT INTO n VALUES (1), (2)" && ok
	while read -r statement; do
		sql "$statement" '' '"max_affected":1' &&
		    refused 400 unsupported_statement '*max_affected*' ||
		    return 1
	done <<-'EOT'
	WITH d AS (DELETE FROM n RETURNING i) SELECT count(*) FROM d
	WITH d AS (DELETE FROM n) INSERT INTO docs VALUES (1, 'x')
	EXPLAIN ANALYZE DELETE FROM n
	EXPLAIN (ANALYZE) UPDATE n SET i = 0
	TRUNCATE n
	DO $$BEGIN DELETE FROM n; END$$
	EOT
	sql "SELECT i FROM n ORDER BY 1" && rows '[[1],[2]]'
	sql "EXPLAIN DELETE FROM n" '' '"max_affected":0' && ok
	sql "WITH d AS (SELECT 1) UPDATE n SET i = 3" '' '"max_affected":1' &&
	    refused 409 max_affected_exceeded
}

@test "notices say what PostgreSQL said" {
	sql "DO \$\$BEGIN RAISE NOTICE 'n %', 1 USING HINT = 'h';
	    RAISE WARNING 'w'; RAISE DEBUG 'd'; END\$\$" && ok
	is .notices '[{"severity":"NOTICE","message":"n 1","hint":"h","sqlstate":"00000"},{"severity":"WARNING","message":"w","sqlstate":"01000"}]'
	sql "DROP TABLE IF EXISTS never" && is '.notices[0].message' \
	    '"table \"never\" does not exist, skipping"'
	sql "SELECT 1" && is 'has("notices")' false
}

@test "column_types names every column's type" {
	sql "SELECT 1::int2 AS a, now(), NULL AS b, ARRAY['x'] AS c,
	    '[1]'::vector AS d, ROW(1) AS e, 'a'::name AS f, '{}'::jsonb AS g,
	    ARRAY['[1,2]'::vector] AS h, 1::oid AS i, 'x'::char(3) AS j" && ok
	is .column_types '["int2","timestamptz","text","text[]","vector","record","name","jsonb","vector[]","oid","bpchar"]'
	sql "CREATE TYPE mood AS ENUM ('sad', 'ok')" && ok
	sql "CREATE DOMAIN posint AS int CHECK (VALUE > 0)" && ok
	sql "SELECT 'ok'::mood AS a, ARRAY['sad'::mood, NULL] AS b,
	    5::posint AS c"
	is '[.column_types,.rows[0]]' \
	    '[["mood","mood[]","int4"],["ok",["sad",null],5]]'
}

# A cursor of the call before would be in the way.
@test "what a statement sets does not reach the next" {
	sql "CREATE FUNCTION soil() RETURNS void LANGUAGE plpgsql AS \$\$
	    BEGIN PERFORM set_config('work_mem', '77MB', false);
	    PERFORM set_config('app.soil', 'x', false);
	    EXECUTE 'DECLARE soil CURSOR WITH HOLD FOR SELECT 1'; END\$\$" && ok
	sql "CREATE SEQUENCE soils" && ok
	for _ in 1 2 3; do
		for text in "SELECT soil(), nextval('soils')" \
		    "DO 'BEGIN PERFORM soil(); END'"; do
			sql "$text"
			ok
			sql "SELECT current_setting('work_mem'),
			    coalesce(current_setting('app.soil', true), ''),
			    current_user, session_user"
			rows '[["4MB","","dbadmin","acdb_dp_dbadmin"]]'
		done
	done
	sql "SELECT lastval()" && is .sqlstate '"55000"'
}

@test "a result that DDL changed is read anew" {
	sql "CREATE TABLE changing (a int)" && ok
	for _ in 1 2 3; do
		sql "SELECT * FROM changing" && is .columns '["a"]'
	done
	sql "ALTER TABLE changing ADD b text" && ok
	for _ in 1 2 3; do
		sql "SELECT * FROM changing" && is .columns '["a","b"]'
	done
	sql "ALTER TABLE changing ALTER a TYPE text" && ok
	sql 'INSERT INTO changing VALUES ($1, $2)' '["x",1]' && ok
	sql "SELECT * FROM changing" && rows '[["x","1"]]'
}

@test "HEAD and OPTIONS are answered" {
	ask HEAD /v1/me '' -I && ok
	[ "$(header content-length)" -gt 100 ]
	KEY='' ask OPTIONS /v1/sql/execute && same "$status" 204
	same "$(header allow)" "POST, OPTIONS"
	KEY='' ask OPTIONS /v1/auth/keys &&
	    same "$(header allow)" "GET, HEAD, POST, OPTIONS"
}

@test "the documented example: a table, a row, a vector search" {
	sql "CREATE TABLE items (id bigint PRIMARY KEY, tags text[],
	    price numeric, embedding vector(3))" && ok
	KEY=$DBUSER sql 'INSERT INTO items VALUES ($1, $2, $3, $4)' \
	    '[9007199254740993,["a","b\"c"],12345678901234567890.123456789,[1,2,3]]'
	ok
	KEY=$DBUSER sql 'INSERT INTO items VALUES ($1, NULL, NULL, $2)' \
	    '[2,"[3,2,1]"]' && ok
	KEY=$DBUSER sql 'SELECT * FROM items ORDER BY embedding <=> $1 LIMIT 1' \
	    '[[1,2,3]]' '"settings":{"hnsw.ef_search":100}'
	rows '[[9007199254740993,["a","b\"c"],12345678901234567890.123456789,[1,2,3]]]'
}
