# Wrong things and their answers: every row of the contract's table of errors
# that a request alone can bring about.  Those of a database that is away or
# busy are in outage.bats, of the rate in ratelimit.bats, of an
# Idempotency-Key in idempotency.bats.

load helper
load http

setup_file() {
	server_start
	DBUSER=$(mint dbuser) READER=$(mint dbreader)
	export DBUSER READER
	sql "CREATE TABLE p (i int PRIMARY KEY, n text NOT NULL,
	    c int CHECK (c > 0))" && ok &&
	    sql "CREATE TABLE f (i int REFERENCES p)" && ok &&
	    sql "CREATE TABLE x (r int4range, EXCLUDE USING gist (r WITH &&))" &&
	    ok && sql "INSERT INTO p VALUES (1, 'a', 1)" && ok
}

teardown_file() {
	server_end
}

# post FILE: its content as the body.
post() {
	ask POST /v1/sql/execute '' --data-binary "@$1" "${@:2}"
}

# Lines of "SQL | STATUS TITLE SQLSTATE | DETAIL": errors of PostgreSQL.
errors() {
	local text wanted detail status_ title state
	while IFS='|' read -r text wanted detail; do
		echo "$text"
		read -r status_ title state <<<"$wanted"
		sql "$text"
		refused "$status_" "$title" "${detail# }"
		has ",\"sqlstate\":\"$state\",\"severity\":\"ERROR\""
		has ",\"retryable\":false,\"tx\":\"rolled_back\""
	done
}

# raise SQLSTATE: what a statement that fails so is answered.
raise() {
	sql "DO \$\$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '$1'; END\$\$"
	has ",\"sqlstate\":\"$1\","
}

@test "a key that is missing, malformed, unknown, wrong or of another env" {
	key=$(<"$SRV/admin.key")
	id=${key:8:16} secret=${key:25}
	for token in '' nonsense "acd_dev_$id" "${key%?}" "${key}x" \
	    "acd_prod_${id}_$secret" "acd_dev_$id-$secret" \
	    "acd_dev_${id/?/+}_$secret" "ACD_dev_${id}_$secret"; do
		echo "$token"
		KEY=$token ask GET /v1/me
		refused 401 missing_or_invalid_api_key '*Authorization: Bearer*'
		[[ $(header www-authenticate) == Bearer* ]]
		same "$(header x-ratelimit-limit)" ''
	done
	last=A
	[ "${key: -1}" != A ] || last=B
	for token in "acd_dev_AAAAAAAAAAAAAAAA_$secret" "${key%?}$last" \
	    "acd_live_${id}_$secret"; do
		echo "$token"
		KEY=$token ask GET /v1/me
		refused 401 invalid_api_key
		[[ $(header www-authenticate) == Bearer* ]]
		detail=$(jq -r .detail <<<"$body")
		same "$detail" "${first:=$detail}"
	done
	KEY='' ask GET /v1/me '' -H "Authorization: Basic $key"
	refused 401 missing_or_invalid_api_key
	KEY='' ask GET /v1/me '' -H "Authorization: $key" \
	    -H "Authorization: $key"
	refused 401 missing_or_invalid_api_key
}

@test "a key that was revoked or has expired" {
	key=$(mint dbuser)
	KEY=$key ask GET /v1/me && ok
	database acdb-keys revoke "${key:8:16}"
	key_gone() {
		KEY=$key ask GET /v1/me
		[ "$status" != 200 ]
	}
	until_true key_gone
	refused 401 key_inactive
	# Only who holds the secret is told.
	KEY=${key%????}AAAA ask GET /v1/me && refused 401 invalid_api_key
	key=$(mint dbuser --expires 1s)
	until_true key_gone
	refused 401 key_inactive
}

@test "a body that is not the JSON asked for" {
	printf '\xef\xbb\xbf{"sql":"SELECT 1"}' >"$BATS_TEST_TMPDIR/bom"
	printf '{"sql":"SELECT \xff"}' >"$BATS_TEST_TMPDIR/latin"
	for file in bom latin; do
		post "$BATS_TEST_TMPDIR/$file" && refused 400 invalid_json
	done
	while IFS='|' read -r text detail; do
		echo "$text"
		ask POST /v1/sql/execute "$text"
		refused 400 invalid_json "${detail:-*not valid JSON*}"
	done <<-'EOT'
	nope
	{
	{"sql":"SELECT 1"
	{"sql":"SELECT 1"} x|*line 1, column 20
	{'sql':'SELECT 1'}
	{"sql":"SELECT 1",}
	{"sql":"SELECT 1","params":[NaN]}
	{"sql":"SELECT 1","params":[01]}
	{"sql":"SELECT 1","params":["\ud800"]}
	{"sql":"SELECT 1","sql":"SELECT 2"}|*duplicate member*
	{"sql":"SELECT 1","settings":{"jit":1,"jit":2}}|*duplicate member*
	[]|*must be a JSON object
	"SELECT 1"|*must be a JSON object
	null|*must be a JSON object
	{}|*"sql" is missing
	{"SQL":"SELECT 1"}|*unknown member "SQL": known are sql, params, max_affected, timeout_ms, *
	{"sql":null}|*"sql" must be a string
	{"sql":["SELECT 1"]}|*"sql" must be a string
	{"sql":"SELECT 1","params":{}}|*"params" must be an array
	{"sql":"SELECT 1","params":"x"}|*"params" must be an array
	{"sql":"SELECT 1","parameters":[]}|*unknown member "parameters": known are sql, params, *
	{"sql":"SELECT 1","a\"b":1}|*unknown member*
	{"sql":"SELECT 1","read_only":1}|*"read_only" must be true or false
	{"sql":"SELECT 1","dry_run":"yes"}|*"dry_run" must be true or false
	{"sql":"SELECT 1","max_rows":-1}|*"max_rows"*
	{"sql":"SELECT 1","max_affected":1.5}|*"max_affected"*
	EOT
	ask POST /v1/sql/execute && refused 400 invalid_json
	printf '%0.s[' {1..300} >"$BATS_TEST_TMPDIR/deep"
	post "$BATS_TEST_TMPDIR/deep" &&
	    refused 400 invalid_json '*nested too deeply*'
}

@test "the members that are said to be known are, and no other" {
	local path name said taken
	for path in execute batch; do
		ask POST /v1/sql/$path '{"":1}'
		refused 400 invalid_json '*known are*'
		said=$(jq -r .detail <<<"$body" | sed 's/.*known are //')
		taken=
		for name in $(grep -oE 'json_is\(j, i, "[a-z_]+"\)' \
		    "$TOP"/acdbd/sql{req,opts}.c | grep -oE '[a-z_]+"' |
		    tr -d '"' | sort -u); do
			ask POST /v1/sql/$path "{\"$name\":[]}"
			[[ $(jq -r .detail <<<"$body") == "unknown member"* ]] ||
			    taken+="$name "
		done
		same "$(tr -d , <<<"$said" | tr ' ' '\n' | sort)" \
		    "$(tr ' ' '\n' <<<"${taken% }" | sort)"
	done
}

@test "statements that are none, too many or out of place" {
	for text in '' ' ' ';' '-- x' '/* x */ ; -- y'; do
		sql "$text" && refused 400 empty_statement
	done
	for text in "SELECT 1; SELECT 2" "SELECT 1;;SELECT 2;" \
	    "SELECT 1; DROP TABLE p --"; do
		sql "$text" && refused 400 multiple_statements '*2*batch*'
	done
	while read -r text; do
		echo "$text"
		sql "$text"
		refused 400 unsupported_statement
	done <<-'EOT'
	BEGIN
	START TRANSACTION
	COMMIT
	ROLLBACK
	SAVEPOINT a
	PREPARE TRANSACTION 'x'
	PREPARE a AS SELECT 1
	EXECUTE a
	DEALLOCATE ALL
	DISCARD ALL
	SET work_mem = 1
	SET ROLE dbuser
	RESET ALL
	LISTEN a
	UNLISTEN a
	DECLARE a CURSOR FOR SELECT 1
	FETCH a
	CLOSE a
	COPY p FROM STDIN
	COPY p TO STDOUT
	LOCK TABLE p
	EOT
	sql "DO 'BEGIN COMMIT; END'" && same "$status" 500 && has 2D000
	sql "SELECT '\\u0000'" && ok
	ask POST /v1/sql/execute '{"sql":"SELECT \u0000"}' &&
	    refused 400 invalid_input '*NUL*'
}

@test "parameters that do not fit the placeholders" {
	while IFS='|' read -r text params detail; do
		echo "$text $params"
		sql "$text" "$params" && refused 400 params_mismatch "$detail"
	done <<-'EOT'
	SELECT 1|[1]|*0 placeholders*1 parameter was supplied
	SELECT $1::int||*1 placeholder *0 parameters were supplied
	SELECT $1::int, $2::int|[1]|*2 placeholders*1 parameter was supplied
	SELECT $1::int|[1,2]|*1 placeholder *2 parameters were supplied
	SELECT $3::int|[1]|*3 placeholders*1 parameter was supplied
	CREATE TABLE y (i int DEFAULT $1)|[1]|*
	EOT
	sql "SELECT '\$1', \$\$ \$2 \$\$, \"a\$3\" FROM (SELECT 1 AS \"a\$3\") s /* \$4 */"
	ok
}

@test "what is larger than it may be" {
	many=$(printf '1,%.0s' {1..999})1
	sql "SELECT 1" "[$many,1]" &&
	    refused 400 too_many_params '1001 *1000'
	sql "SELECT cardinality(ARRAY[$(printf '$%d,' {1..999})\$1000::int])" \
	    "[$many]" && value 1000
	D=$BATS_TEST_TMPDIR
	pad=$(printf '%02040d' {1..128})	# 261120 characters
	printf '{"sql":"SELECT 1 --%s%01013d"}' "$pad" 0 >"$D/fits"
	post "$D/fits" && value 1
	printf '{"sql":"SELECT 1 --%s%01014d"}' "$pad" 0 >"$D/257K"
	post "$D/257K" && refused 400 statement_too_large '*262145*262144'
	head -c 1048536 /dev/zero | tr '\0' x |
	    sed 's/.*/{"sql":"SELECT length($1)","params":["&"]}/' >"$D/1M"
	truncate -s 1048576 "$D/1M"
	post "$D/1M"
	refused 400 invalid_json
	head -c 1048500 /dev/zero | tr '\0' x |
	    sed 's/.*/{"sql":"SELECT length($1)","params":["&"]}/' >"$D/1M"
	post "$D/1M" && value 1048500
	head -c 2097152 /dev/zero | tr '\0' x |
	    sed 's/.*/{"sql":"SELECT length($1)","params":["&"]}/' >"$D/2M"
	post "$D/2M" && refused 413 body_too_large '*1048576*'
	post "$D/2M" -H "Transfer-Encoding: chunked" -H "Expect:" &&
	    refused 413 body_too_large
	KEY=nonsense post "$D/2M" && refused 401 missing_or_invalid_api_key
	ask GET "/$(printf '%09000d' 0)" &&
	    same "$status $(jq -r .title <<<"$body")" "414 uri_too_long"
	ask GET /v1/me '' -H "X-Large: $(printf '%020000d' 0)" &&
	    same "$status $(jq -r .title <<<"$body")" \
		"431 headers_too_large"
}

REST='"duration_ms":0}'

# sized N: the status, and the bytes, of an answer with a text of so many.
sized() {
	curl -sS --max-time 60 --cacert "$SRV/tls/cert.pem" -K <(key_header) \
	    -o /dev/null -w '%{http_code} %{size_download}\n' \
	    --data "$(request "SELECT repeat('x', $1)")" \
	    "$URL/v1/sql/execute"
}

@test "an answer over the limit is refused, and a write then undone" {
	sql "SELECT repeat('x', 1000000) FROM generate_series(1, 8)" && ok
	sql "SELECT repeat('x', 1000000) FROM generate_series(1, 9)" &&
	    refused 413 response_too_large '*8388608*'
	sql "SELECT repeat('x', 9000000)" && refused 413 response_too_large
	# To the byte, but for the digits of duration_ms.
	sql "SELECT repeat('x', 1)" && ok
	body=${body%\"duration_ms*}
	room=$((8388608 + 1 - ${#body} - ${#REST}))
	[[ $(sized $((room + 1))) == "413 "* ]]
	read -r status size < <(sized $((room - 5)))
	[ "$status" = 200 ] && [ "$size" -gt 8388600 ]
	[ "$size" -le 8388608 ]
	sql "INSERT INTO p SELECT i, repeat('x', 1000000), 1
	    FROM generate_series(101, 109) i RETURNING n" &&
	    refused 413 response_too_large && has '"tx":"rolled_back"'
	sql "SELECT count(*) FROM p WHERE i > 100" && value 0
	# With max_rows it fits.
	sql "SELECT repeat('x', 1000000) FROM generate_series(1, 99)" '' \
	    '"max_rows":2' && ok
}

@test "what PostgreSQL refuses" {
	errors <<-'EOT'
	SELEC 1|400 parse_error 42601| syntax error at or near "SELEC"
	TABLE nope|400 undefined_object 42P01| relation "nope" does not exist
	SELECT nope()|400 undefined_object 42883| function nope() does not exist
	SELECT nope FROM p|400 undefined_object 42703| column "nope" does not exist
	SELECT 1::nope|400 undefined_object 42704| type "nope" does not exist
	CREATE TABLE nope.t ()|400 undefined_object 3F000| schema "nope" does not exist
	SELECT 'x'::int|400 invalid_input 22P02| invalid input syntax for type integer: "x"
	SELECT 1/0|400 invalid_input 22012| division by zero
	SELECT 'abc'::varchar(2)::char(1)::int|400 invalid_input 22P02
	SELECT 99999999999::int|400 invalid_input 22003
	SELECT '2024-02-30'::date|400 invalid_input 22008
	INSERT INTO p VALUES (repeat('9', 20)::int, 'a')|400 invalid_input 22003
	INSERT INTO p VALUES (1, 'b', 1)|409 unique_violation 23505| duplicate key value violates unique constraint "p_pkey"
	INSERT INTO p VALUES (2, NULL, 1)|409 integrity_violation 23502
	INSERT INTO f VALUES (99)|409 integrity_violation 23503
	INSERT INTO p VALUES (2, 'a', 0)|409 integrity_violation 23514
	INSERT INTO x VALUES ('[1,3)'), ('[2,4)')|409 integrity_violation 23P01
	DROP TABLE p|500 database_error 2BP01
	SELECT 1 GROUP BY 2|500 database_error 42P10
	EOT
	# These two do not come as far as PostgreSQL.
	sql "SELECT 'a" && refused 400 parse_error "unterminated*" &&
	    has '"sqlstate":"42601","position":8'
	sql 'SELECT "a' && refused 400 parse_error
	KEY=$READER sql "DELETE FROM p" && refused 403 permission_denied
	KEY=$DBUSER sql "DROP TABLE p" && refused 403 permission_denied
	KEY=$DBUSER sql "ALTER TABLE p ADD y int" && refused 403 permission_denied
	sql "CREATE ROLE r SUPERUSER" && refused 403 permission_denied
}

@test "what a function raises" {
	raise P0001 && refused 500 database_error no
	raise 42501 && refused 403 permission_denied no
	raise 40001 && refused 409 serialization_failure no
	has '"retryable":true'
	raise 40P01 && refused 409 deadlock_detected no
	has '"retryable":true'
	raise 55P03 && refused 500 database_error && has '"retryable":true'
	raise 53300 && refused 503 too_many_connections no
	[[ $(header retry-after) =~ ^[0-9]+$ ]]
	raise XX000 && refused 500 database_error no
	# Back in use at once, whatever was raised.
	sql "SELECT 1" && value 1
}

@test "an error tells where and what" {
	sql $'SELECT 1,\n  nope\nFROM p' && refused 400 undefined_object
	is '[.position,.line,.line_column,.excerpt]' \
	    '[13,2,3,"  nope\n  ^"]'
	# Characters, not bytes.
	sql "SELECT 'é€😀', nope FROM p" && is .position 15
	sql "INSERT INTO p VALUES (1, 'b')"
	is '[.pg_detail,.schema,.table,.constraint]' \
	    '["Key (i)=(1) already exists.","public","p","p_pkey"]'
	sql "INSERT INTO p (i) VALUES (3)"
	is '[.column,.table]' '["n","p"]'
	sql "DO \$\$BEGIN RAISE EXCEPTION 'a' USING HINT = 'b', DETAIL = 'c';
	    END\$\$"
	is '[.detail,.hint,.pg_detail,.context]' '["a","b","c","PL/pgSQL function inline_code_block line 1 at RAISE"]'
	sql 'SELECT $1::int' '["secret-value"]' && refused 400 invalid_input
	sql "DO \$\$BEGIN RAISE EXCEPTION E'\"\\\\\\n\\x01é'; END\$\$"
	is .detail '"\"\\\n\u0001é"'
}

@test "two that wait for each other: one is told, deadlock_detected" {
	sql "INSERT INTO p VALUES (11, 'a', 1), (12, 'b', 1)" && ok
	meeting_place
	sql "CREATE FUNCTION cross_over(a int, b int) RETURNS void
	    LANGUAGE plpgsql AS \$\$BEGIN
	    UPDATE p SET c = c + 1 WHERE i = a;
	    PERFORM meet(2);
	    UPDATE p SET c = c + 1 WHERE i = b; END\$\$" && ok
	local asked=()
	for pair in "11,12" "12,11"; do
		api POST /v1/sql/execute "" \
		    "{\"sql\":\"SELECT cross_over($pair)\"}" \
		    >"$BATS_TEST_TMPDIR/$pair" 3>&- &
		asked+=($!)
	done
	wait "${asked[@]}"	# not for bats' own countdown
	found=$(tail -qn 1 "$BATS_TEST_TMPDIR"/1* | sort | xargs)
	same "$found" "200 409"
	grep -q '"title":"deadlock_detected".*"retryable":true' \
	    "$BATS_TEST_TMPDIR"/1*
}

@test "no such path, no such method" {
	for path in / /v1 /v1/sql /v1/sql/execute/ /v1/SQL/execute //v1/me \
	    /v1/me/x /v1/auth/keys/ /healthz/../v1/me /favicon.ico; do
		KEY='' ask GET "$path" '' --path-as-is
		refused 404 not_found
	done
	for try in "GET /v1/sql/execute|POST, OPTIONS" \
	    "PUT /v1/sql/execute|POST, OPTIONS" \
	    "POST /v1/me|GET, HEAD, OPTIONS" \
	    "DELETE /v1/auth/keys|GET, HEAD, POST, OPTIONS" \
	    "PATCH /v1/auth/keys/rotate|POST, OPTIONS" \
	    "POST /v1/audit|GET, HEAD, OPTIONS" \
	    "POST /healthz|GET, HEAD, OPTIONS" \
	    "BREW /v1/me|GET, HEAD, OPTIONS"; do
		echo "$try"
		# shellcheck disable=SC2086 # method and path
		KEY='' ask ${try%|*}
		refused 405 method_not_allowed
		same "$(header allow)" "${try#*|}"
	done
}

@test "every refusal leaves the connection good for the next request" {
	D=$BATS_TEST_TMPDIR
	key=$(<"$SRV/admin.key")
	cat >"$D/config" <<-EOT
	cacert = "$SRV/tls/cert.pem"
	write-out = "%{http_code} %{num_connects}\n"
	output = /dev/null
	header = "Authorization: Bearer $key"
	EOT
	for text in nope '{\"sql\":\"SELEC\"}' '{\"sql\":\"SELECT 1\"}' \
	    '{\"sql\":\"SELECT 1/0\"}' '{\"sql\":\"SELECT 1\"}'; do
		printf 'url = "%s/v1/sql/execute"\ndata = "%s"\nnext\n' \
		    "$URL" "$text"
		cat "$D/config"
	done >"$D/calls"
	same "$(cat "$D/config" "$D/calls" | curl -sS -K - | xargs)" \
	    "400 1 400 0 200 0 400 0 200 0"
}
