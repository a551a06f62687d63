# What an agent meets at work: over both transports, with one server.
load helper
load mcp

setup_file() {
	server_start && mint_keys
}

teardown_file() {
	server_stop
}

setup() {
	ERA=legacy T=t$BATS_TEST_NUMBER
}

# The same over either transport.
both_ways() {
	for VIA in stdio http; do
		echo "over $VIA:"
		"$@"
	done
}

# text of the last tool's answer
text() {
	jq -r '.result.content[0].text' <<<"$answer"
}

@test "no table is lost between the pages of list_tables" {
	local cursor=0 seen=0 pages=0
	psql "DO \$\$ BEGIN FOR i IN 1..200 LOOP
	    EXECUTE format('CREATE TABLE page_%s (id int)', i);
	    EXECUTE format('COMMENT ON TABLE page_%s IS %L', i,
		repeat('c', 190));
	    EXECUTE format('ALTER TABLE page_%s OWNER TO dbadmin', i);
	    END LOOP; END \$\$"
	VIA=http
	while [ "$cursor" != null ]; do
		good list_tables "{\"pattern\":\"page_\",\"limit\":180,
		    \"cursor\":$cursor}" '(.next_cursor == null) ==
		    (.truncated | not) and (.notice // "" |
		    test("max_rows|max_bytes") | not)'
		cursor=$(jq .result.structuredContent.next_cursor <<<"$answer")
		seen=$((seen + $(jq '.result.structuredContent.rows | length' \
		    <<<"$answer")))
		pages=$((pages + 1))
	done
	[ "$seen" = 200 ] && [ "$pages" -gt 1 ]
	good search_schema '{"pattern":"page_","limit":1000}' '.truncated and
	    (.notice | test("pattern.*limit") and (test("max_") | not))'
	good advise '{"checks":["no_primary_key"]}' '.truncated and
	    (.findings | length) == 100 and (.notice | test("INCOMPLETE"))'
	psql "DO \$\$ BEGIN FOR i IN 1..200 LOOP
	    EXECUTE format('DROP TABLE page_%s', i); END LOOP; END \$\$"
}

check_notices() {
	good sql_transaction '{"statements":["SELECT generate_series(1, 200)"]}' \
	    '.results[0] | .truncated and (.notice | test("max_") | not)'
	psql "DROP TABLE IF EXISTS $T; CREATE TABLE $T (id int, v ext.vector(3),
	    body text); INSERT INTO $T SELECT i, '[1,0,0]', repeat('x', 700)
	    FROM generate_series(1, 90) i; ALTER TABLE $T OWNER TO dbadmin"
	good vector_search "{\"table\":\"$T\",\"vector_column\":\"v\",
	    \"query_embedding\":[1,0,0],\"k\":90}" '.truncated and
	    (.notice | test("columns") and (test("max_") | not))'
}

@test "a notice names what the tool has" { both_ways check_notices; }

check_plans() {
	psql "DROP TABLE IF EXISTS $T; CREATE TABLE $T (id int, body text);
	    INSERT INTO $T SELECT i, 'x' FROM generate_series(1, 20000) i;
	    ANALYZE $T; ALTER TABLE $T OWNER TO dbadmin"
	good explain "{\"sql\":$(jq -cn --arg t "$T" '[range(400) |
	    "SELECT id FROM \($t) WHERE body <> \u0027v\(.)\u0027"]
	    | join(" UNION ALL ")')}" '.truncated and
	    (.findings | length) == 20 and (.plan | length) > 30000
	    and (.notice | test("front of the plan.*findings"))'
	bad explain '{"sql":" explain SELECT 1"}' 'without EXPLAIN'
}

@test "of a plan that is too long its front is told" { both_ways check_plans; }

check_meant() {
	psql "CREATE SCHEMA IF NOT EXISTS shop;
	    GRANT USAGE ON SCHEMA shop TO dbadmin;
	    CREATE TABLE IF NOT EXISTS shop.\"OrderLines\" (id int);
	    CREATE TABLE IF NOT EXISTS \"userData\" (id int);
	    CREATE TABLE IF NOT EXISTS \"order\" (id int);
	    ALTER TABLE shop.\"OrderLines\" OWNER TO dbadmin;
	    ALTER TABLE \"userData\" OWNER TO dbadmin;
	    ALTER TABLE \"order\" OWNER TO dbadmin" 2>/dev/null
	for tool in sql_query sql_execute; do
		bad $tool '{"sql":"SELECT * FROM OrderLines"}' \
		    'Did you mean shop\."OrderLines"\?'
		bad $tool '{"sql":"SELECT * FROM \"OrderLines\""}' \
		    'Did you mean shop\."OrderLines"\?'
		bad $tool '{"sql":"SELECT * FROM userData"}' \
		    'Did you mean "userData"\?'
		bad $tool '{"sql":"SELECT * FROM wrong.userData"}' \
		    'Did you mean "userData"\?'
		bad $tool '{"sql":"SELECT * FROM orders"}' \
		    'Did you mean "order"\?'
	done
	bad sql_execute '{"sql":"UPDATE userdata SET id = $1 WHERE id = 2","params":[1]}' \
	    'Did you mean "userData"\?'
	bad sql_transaction '{"statements":[{"sql":"INSERT INTO \"order\"
	    VALUES (1)"},{"sql":"INSERT INTO orders VALUES (1)"}]}' \
	    'Statement 1 ' 'Did you mean "order"\?' 'Nothing was committed'
	[ "$(psql 'SELECT count(*) FROM "order"')" = 0 ]
	bad describe_table '{"table":"\"OrderLines\""}' 'shop\."OrderLines"'
	psql 'DROP TABLE shop."OrderLines"'
	# The key may not see the other schema.
	export AGENTCOOPDB_API_KEY_FILE=$SRV/dbuser.key
	psql 'CREATE TABLE IF NOT EXISTS shop.secrets (id int)'
	bad sql_execute '{"sql":"SELECT * FROM secrets"}' 42P01
	! text | grep -q 'shop'
	export AGENTCOOPDB_API_KEY_FILE=$SRV/admin.key
}

@test "a name in capitals, reserved or of another schema is told as it is to be written" {
	both_ways check_meant
}

check_values() {
	bad list_tables '{"kinds":["tables"]}' 'table, view, matview'
	bad list_tables '{"detail":"all"}' 'names, summary'
	bad search_schema '{"pattern":"a","kinds":["col"]}' 'column, function'
	bad advise '{"checks":["everything"]}' 'missing_fk_index'
	bad describe_table '{"table":"t","detail":"some"}' 'columns, full'
	good list_tables '{"schema":"","pattern":"","kinds":[],"detail":""}' \
	    '.columns[1] == "approx_rows"' || return 1
	bad sql_execute '{"sql":"SELECT 1","idempotency_key":""}' 'ASCII'
	bad sql_query '{"sql":"SELECT 1 \u0000"}' 'NUL'
}

@test "a value that there is not is refused, not taken for another" {
	both_ways check_values
}

check_upsert() {
	psql "DROP TABLE IF EXISTS $T; CREATE TABLE $T (id int PRIMARY KEY,
	    title text, v ext.vector(3), metadata jsonb);
	    ALTER TABLE $T OWNER TO dbadmin"
	bad vector_upsert "{\"table\":\"$T\",\"id_column\":\"id\",
	    \"vector_column\":\"v\",\"rows\":[{\"id\":1,\"vector\":[1,0,0],
	    \"title\":\"lost\"}]}" 'row 1 has "title"' 'not written'
	bad vector_upsert "{\"table\":\"$T\",\"id_column\":\"id\",
	    \"vector_column\":\"v\",\"rows\":[[1]]}" 'row 1 is no object'
	bad vector_upsert "{\"table\":\"$T\",\"id_column\":\"title\",
	    \"vector_column\":\"v\",\"rows\":[{\"id\":1,\"vector\":[1,0,0]}]}" \
	    42P10 'unique index'
	[ "$(psql "SELECT count(*) FROM $T")" = 0 ]
}

@test "what vector_upsert would not write it refuses" { both_ways check_upsert; }

check_hybrid() {
	psql "DROP TABLE IF EXISTS w CASCADE; CREATE TABLE w (id int PRIMARY KEY,
	    q text, d text, v ext.vector(3)); CREATE VIEW all_w AS TABLE w;
	    INSERT INTO w VALUES (1, 'cat', 'x', '[1,0,0]'), (2, 'cat', 'y', NULL),
	    (3, 'dog', 'z', NULL);
	    ALTER TABLE w OWNER TO dbadmin; ALTER VIEW all_w OWNER TO dbadmin"
	at='"vector_column":"v","query_embedding":[1,0,0],
	    "text_columns":["q","d"],"query_text":"cat","columns":["id"]'
	good vector_hybrid_search "{\"table\":\"w\",$at}" \
	    '.rows == [[1, 0.032522, 1, 2], [2, 0.016393, null, 1]] or
	    .rows == [[1, 0.032787, 1, 1], [2, 0.016129, null, 2]]'
	bad vector_hybrid_search "{\"table\":\"all_w\",$at}" 'is a view'
	psql 'DROP TABLE w CASCADE' 2>/dev/null
}

@test "vector_hybrid_search: any names, no rank without a vector" {
	both_ways check_hybrid
}

check_outside() {
	psql "DROP TABLE IF EXISTS $T; CREATE TABLE $T AS SELECT 1 AS a FROM
	    generate_series(1, 2); ALTER TABLE $T OWNER TO dbadmin"
	bad sql_execute "{\"sql\":\"CREATE UNIQUE INDEX CONCURRENTLY ${T}_u
	    ON $T (a)\"}" 23505 'STAYS' 'INVALID'
	! text | grep -q 'Nothing was committed'
	[ "$(psql "SELECT indisvalid FROM pg_index
	    WHERE indexrelid = '${T}_u'::regclass")" = f ]
	bad sql_execute '{"sql":"SELECT order FROM x"}' 42601 '"order"' \
	    'Nothing was committed'
	for sql in BEGIN 'SET work_mem = 1' 'SAVEPOINT a'; do
		bad sql_execute "{\"sql\":\"$sql\"}" sql_transaction set_config
	done
	good sql_transaction '{"statements":["SELECT set_config('"'work_mem',
	    '77MB'"', true)","SELECT current_setting('"'work_mem'"')"]}' \
	    '.results[1].rows == [["77MB"]]'
	bad sql_query "{\"sql\":\"SELECT '$(printf '%0270000d' 0)'\"}" \
	    statement_too_large params
}

@test "an error tells what stays, and the way in these tools" {
	both_ways check_outside
}

check_long() {
	bad sql_execute '{"sql":"DO $$ BEGIN RAISE EXCEPTION USING message =
	    '"'a' || repeat('ä', 3001), detail = 'b' || repeat('é', 3001),
	    hint = 'c' || repeat('ü', 3001)"'; END $$"}' \
	    P0001 'Hint: cü' 'Nothing was committed'
	! text | grep -q $'\uFFFD'
}

@test "of long words the outcome is told all the same" { both_ways check_long; }

check_kinds() {
	psql "DROP TABLE IF EXISTS $T; CREATE TABLE $T (id serial PRIMARY KEY);
	    ALTER TABLE $T OWNER TO dbadmin"
	bad describe_table "{\"table\":\"${T}_pkey\"}" .
	bad describe_table "{\"table\":\"${T}_id_seq\"}" 'sequence'
}

@test "an index or a sequence is not described as a table" {
	both_ways check_kinds
}

check_held() {
	good sql_transaction '{"statements":["{\"sql\":\"SELECT $1::int\",
	    \"params\":[7]}",{"sql":"SELECT $1::int","params":"[8]"}]}' \
	    '[.results[].rows] == [[[7]], [[8]]]'
}

@test "statements and their params may be JSON in a string" {
	both_ways check_held
}

@test "a message that is no JSON is answered by its id, where that can be seen" {
	local params='"params":{"name":"sql_query","arguments":{"sql":"\ud800"}}'
	local call='"jsonrpc":"2.0","method":"tools/call"'
	VIA=http
	for id in 7 '"seven"'; do
		for message in "{$call,$params,\"id\":$id}" \
		    "{\"id\" : $id,$call,$params}" \
		    "{\"id\":$id,$call,\"a\":1,\"a\":2}"; do
			post "$message" tools/call
			[ "$status" = 400 ]
			is '.id == $id and .error.code == -32700' \
			    --argjson id "$id"
			answer=$({ handshake; echo "$message"; } | acdb-mcp |
			    jq -c 'select(.error)')
			is '.id == $id and .error.code == -32700' \
			    --argjson id "$id"
		done
	done
	for message in "{$call,\"params\":{\"id\":7},\"x\":}" "[{\"id\":7]" \
	    '{"id":' '{"id":"a' '{"id":{}x}' '{"id":tru}' 'x"id":7'; do
		post "$message" tools/call
		is 'has("id") and .id == null and .error.code == -32700'
	done
}
