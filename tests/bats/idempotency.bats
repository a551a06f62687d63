# Exactly once: calls with an Idempotency-Key.

load helper
load http

setup_file() {
	# A duplicate waits as long as a statement may run.
	export AGENTCOOPDB_STATEMENT_TIMEOUT=2s
	server_start
	DBUSER=$(mint dbuser) READER=$(mint dbreader)
	OTHER=$(mint dbuser --workspace other)
	export DBUSER READER OTHER
	sql "CREATE TABLE once (i int, t text)" && ok &&
	    sql "CREATE TABLE mood (state text)" && ok &&
	    sql "CREATE FUNCTION fickle() RETURNS int LANGUAGE plpgsql AS \$\$
		DECLARE s text := (SELECT state FROM mood);
		BEGIN INSERT INTO once VALUES (0, 'fickle');
		IF s <> '' THEN RAISE EXCEPTION 'in mood %', s
		    USING ERRCODE = s; END IF;
		RETURN 7; END\$\$" && ok
	sql "GRANT EXECUTE ON FUNCTION fickle() TO dbuser" && ok
}

teardown_file() {
	server_end
}

# once KEY SQL [PARAMS [MEMBERS]]
once() {
	sql "$2" "${3:-}" "${4:-}" -H "Idempotency-Key: $1"
}

replayed() {
	same "$(header x-idempotent-replayed)" "${1-true}"
}

# How often a row is there.
times() {
	same "$(server_sql "SELECT count(*) FROM public.once WHERE i = $1")" \
	    "$2"
}

# again KEY SQL ...: the same call twice: the second answer is the first, to
# the byte, and says so.
again() {
	local first_body first_status first_type
	once "$@"
	replayed ''
	first_body=$body first_status=$status
	first_type=$(header content-type)
	once "$@"
	replayed
	same "$status $body" "$first_status $first_body"
	same "$(header content-type)" "$first_type"
	[[ $(header x-request-id) == ?* ]]
}

@test "a write happens once and is answered twice" {
	hits=$(metric agentcoopdb_idempotency_hits_total)
	misses=$(metric agentcoopdb_idempotency_misses_total)
	again a1 'INSERT INTO once VALUES ($1, $2)' '[1,"x"]'
	has '"rows_affected":1'
	again a2 'INSERT INTO once VALUES ($1, $2) RETURNING *, now()' \
	    '[2,"é\"\n"]'
	times 1 1
	times 2 1
	same "$(metric agentcoopdb_idempotency_hits_total)" $((hits + 2))
	same "$(metric agentcoopdb_idempotency_misses_total)" $((misses + 2))
	KEY=$DBUSER again a3 'INSERT INTO once VALUES (3)'
	times 3 1
}

@test "the same key with another request is a conflict" {
	once b1 'INSERT INTO once VALUES (11)' && ok
	for text in 'INSERT INTO once VALUES (12)' \
	    'INSERT INTO once VALUES (11) '; do
		once b1 "$text" && refused 409 idempotency_conflict
		replayed ''
	done
	once b1 'INSERT INTO once VALUES (11)' '' '"dry_run":true' &&
	    refused 409 idempotency_conflict
	KEY=$DBUSER once b1 'INSERT INTO once VALUES (11)'
	refused 409 idempotency_conflict
	times 11 1
	times 12 0
}

@test "keys of different workspaces have nothing to do with each other" {
	sql "CREATE TABLE ours (i int)" && ok
	KEY=$DBUSER once c1 'INSERT INTO ours VALUES (1)' && ok
	KEY=$OTHER once c1 'INSERT INTO ours VALUES (1)' && ok && replayed ''
	KEY=$OTHER once c1 'INSERT INTO ours VALUES (1)' && ok && replayed
	sql "SELECT count(*) FROM ours" && value 2
}

# all_at_once KEY: the request in $D/body eight times; one is not replayed,
# and the answers are the same.
all_at_once() {
	local i
	for i in {1..8}; do
		[ "$i" = 1 ] || echo next
		printf 'url = "%s/v1/sql/execute"\noutput = "%s/%d"\n' \
		    "$URL" "$D" "$i"
		printf 'data = "@%s/body"\nmax-time = 30\n' "$D"
		printf 'dump-header = "%s/head%d"\n' "$D" "$i"
		printf 'header = "Authorization: Bearer %s"\n' \
		    "$(<"$SRV/admin.key")"
		printf 'header = "Idempotency-Key: %s"\n' "$1"
		printf 'cacert = "%s"\n' "$SRV/tls/cert.pem"
	done >"$D/config"
	curl -sSZ --parallel-immediate -K "$D/config"
	same "$(cat "$D"/head? | grep -c '^HTTP/1.1 200')" 8
	same "$(cat "$D"/head? | grep -ci '^x-idempotent-replayed: true')" 7
	for i in {2..8}; do
		cmp "$D/1" "$D/$i"
	done
}

@test "duplicates at the same time: one does it, all are answered" {
	D=$BATS_TEST_TMPDIR
	request "INSERT INTO once SELECT 21, clock_timestamp()::text
	    FROM pg_sleep(0.3) RETURNING *" >"$D/body"
	all_at_once d1
	times 21 1
}

@test "duplicates of a read at the same time have one answer, too" {
	D=$BATS_TEST_TMPDIR
	request "SELECT clock_timestamp() FROM pg_sleep(0.3)" '' \
	    '"read_only":true' >"$D/body"
	all_at_once d2
}

@test "a duplicate that waits too long is told to come again" {
	api POST /v1/sql/execute "" '{"sql":"SELECT 1"}' >/dev/null
	server_sql "BEGIN; INSERT INTO acdb.idempotency_keys (workspace_id,
	    key, request_hash, state, expires_at) SELECT id, 'e1', '', 'pending',
	    now() + '1h' FROM acdb.workspaces; SELECT pg_sleep(30)" \
	    >/dev/null 2>&1 3>&- &
	local held=$!
	holder() {
		server_sql "SELECT pid FROM pg_stat_activity
		    WHERE wait_event = 'PgSleep' AND query LIKE '%''e1''%'" |
		    grep .
	}
	until_true holder
	once e1 'INSERT INTO once VALUES (31)'
	refused 503 idempotency_in_progress
	[[ $(header retry-after) =~ ^[1-9][0-9]*$ ]]
	has '"retryable":true'
	server_sql "SELECT pg_terminate_backend($(holder))" >/dev/null
	wait "$held" || true	# not for bats' own countdown
	once e1 'INSERT INTO once VALUES (31)' && ok && replayed ''
	times 31 1
}

@test "failures that would be the same again are kept" {
	sql "CREATE TABLE u (i int PRIMARY KEY)" && ok
	sql "INSERT INTO u VALUES (1)" && ok
	again f1 "INSERT INTO u VALUES (1)" && same "$status" 409
	has '"title":"unique_violation"'
	again f2 "INSERT INTO later VALUES (1)" && has undefined_object
	again f3 "INSERT INTO u VALUES (1/0)" && has invalid_input
	KEY=$DBUSER again f4 "TRUNCATE u" && has permission_denied
	again f5 "DO \$\$BEGIN RAISE EXCEPTION 'no'; END\$\$" && has P0001
	again f6 "INSERT INTO u VALUES (2)" '' '"max_affected":0' &&
	    has max_affected_exceeded
	# Even if it would go well by now.
	sql "DELETE FROM u" && ok
	sql "CREATE TABLE later (i int)" && ok
	once f1 "INSERT INTO u VALUES (1)" && same "$status" 409 && replayed
	once f2 "INSERT INTO later VALUES (1)" && same "$status" 400 && replayed
	sql "SELECT count(*) FROM u" && value 0
}

@test "a failure that cannot be kept is not told as one" {
	store=$(server_sql "SELECT pg_get_functiondef(p.oid) FROM pg_proc p
	    WHERE proname = 'idempotency_store'")
	server_sql "$(sed "s/^BEGIN\$/BEGIN RAISE query_canceled;/" \
	    <<<"$store")" >/dev/null
	for members in '' '"max_affected":0'; do
		once unkept "INSERT INTO once VALUES (1/${#members})" '' \
		    "$members"
		refused 503 database_unavailable '*Idempotency-Key*'
		has '"retryable":true' && has '"tx":"rolled_back"'
		[ -n "$(header retry-after)" ]
	done
	server_sql "$store" >/dev/null
	again unkept "INSERT INTO once VALUES (1/0)" && has invalid_input
}

@test "failures that may pass are not kept" {
	sql "DELETE FROM once WHERE i = 0" && ok
	n=0
	for state in 40001 40P01 55P03 57014 57P01 57P03 53100 53200 53300; do
		echo "$state"
		server_sql "DELETE FROM public.mood; INSERT INTO public.mood
		    VALUES ('$state')"
		once "g$state" "SELECT fickle()"
		has "\"sqlstate\":\"$state\""
		replayed ''
		server_sql "UPDATE public.mood SET state = ''"
		again "g$state" "SELECT fickle()"
		value 7
		times 0 $((n += 1))
	done
	once g1 "SELECT pg_sleep(5)" '' '"timeout_ms":20'
	refused 408 statement_timeout
	same "$(server_sql "SELECT count(*) FROM acdb.idempotency_keys
	    WHERE key = 'g1'")" 0
}

@test "what never reached a statement keeps nothing" {
	once h1 "SELECT 1; SELECT 2" && refused 400 multiple_statements
	once h1 "SELEC" && same "$status" 400
	key=$(database acdb-keys mint --role dbuser --rate 1 --burst 1)
	KEY=$key ask GET /v1/me && ok
	KEY=$key once h2 "SELECT 1" && refused 429 rate_limited
	same "$(server_sql "SELECT count(*) FROM acdb.idempotency_keys
	    WHERE key = 'h2'")" 0
}

@test "reads are kept, too" {
	again i1 "SELECT count(*), now() FROM once"
	sql "INSERT INTO once VALUES (91)" && ok
	first=$body
	once i1 "SELECT count(*), now() FROM once" && replayed
	# The parameter's type has to be asked for.
	again i2 'SELECT $1::int[], now()' '[[1,2]]'
}

@test "read-only calls are kept behind them" {
	again j1 "SELECT now()" '' '"read_only":true'
	KEY=$READER again j2 "SELECT now()"
	key=$(mint dbuser --read-only)
	KEY=$key again j3 "SELECT now()"
	once j1 "SELECT 2" '' '"read_only":true' &&
	    refused 409 idempotency_conflict
	once j4 "INSERT INTO once VALUES (41)" '' '"read_only":true' &&
	    refused 403 permission_denied
	# Refusals that would be the same again, too; others are not.
	again j5 "SELECT 1/0" '' '"read_only":true' && same "$status" 400
	sql "CREATE TABLE grows (i int)" && ok
	sql "GRANT SELECT ON grows TO dbreader" && ok
	KEY=$READER again j6 "SELECT j FROM grows" && same "$status" 400
	sql "ALTER TABLE grows ADD j int" && ok
	KEY=$READER once j6 "SELECT j FROM grows" && replayed &&
	    same "$status" 400
	KEY=$READER once j7 "SELECT pg_sleep(9)" '' '"timeout_ms":20' &&
	    refused 408 statement_timeout
	KEY=$READER once j7 "SELECT pg_sleep(9)" '' '"timeout_ms":20' &&
	    replayed ''
}

@test "a dry run is kept as that" {
	again k1 "INSERT INTO once VALUES (51) RETURNING i" '' '"dry_run":true'
	has '"dry_run":true'
	times 51 0
}

@test "what runs outside of a transaction is claimed and completed" {
	again l1 "VACUUM once"
	has '"command":"VACUUM"'
	server_sql "UPDATE acdb.idempotency_keys SET state = 'pending'
	    WHERE key = 'l1'"
	once l1 "VACUUM once" && refused 409 outcome_unknown
}

@test "a claim without its end is outcome_unknown" {
	once m1 "INSERT INTO once VALUES (61)" && ok
	server_sql "UPDATE acdb.idempotency_keys SET state = 'pending'
	    WHERE key = 'm1'"
	once m1 "INSERT INTO once VALUES (61)" && refused 409 outcome_unknown
	replayed ''
	times 61 1
}

@test "a record ends with its time" {
	once n1 "INSERT INTO once VALUES (71)" && ok
	same "$(server_sql "SELECT round(extract(epoch FROM expires_at - created_at)
	    / 3600) FROM acdb.idempotency_keys WHERE key = 'n1'")" 24
	server_sql "UPDATE acdb.idempotency_keys SET expires_at = now()
	    WHERE key = 'n1'"
	again n1 "INSERT INTO once VALUES (71)"
	times 71 2
	again n2 "SELECT now()" '' '"read_only":true'
	server_sql "UPDATE acdb.idempotency_keys SET expires_at = now()
	    WHERE key = 'n2'"
	again n2 "SELECT now()" '' '"read_only":true'
}

@test "an Idempotency-Key has a form" {
	long=$(printf 'x%.0s' {1..300})
	for key in '' 'a b' "$long" $'\xc3\xa9'; do
		sql "INSERT INTO once VALUES (81)" '' '' \
		    -H "Idempotency-Key;" -H "Idempotency-Key: $key"
		refused 400 invalid_input '*Idempotency-Key*'
	done
	sql "INSERT INTO once VALUES (81)" '' '' \
	    -H "Idempotency-Key: a" -H "Idempotency-Key: b"
	refused 400 invalid_input
	times 81 0
	again "8e03978e-40d5-43e8-bc93-6894a57f9324" "SELECT now()"
	again "$(printf '!%.0s' {1..64})~\"'%" "SELECT now()"
}

@test "a large answer is kept whole" {
	again o1 "SELECT repeat(md5(i::text), 100000) FROM
	    generate_series(1, 2) i"
	[ ${#body} -gt 6400000 ]
}

@test "a token is never kept" {
	for _ in 1 2; do
		ask POST /v1/auth/keys '{"pg_role":"dbuser"}' \
		    -H "Idempotency-Key: p1"
		same "$status" 201
		replayed ''
		token=$(jq -r .token <<<"$body")
		[ "$token" != "${last:-}" ]
		last=$token
	done
	same "$(server_sql "SELECT count(*) FROM acdb.idempotency_keys
	    WHERE key = 'p1'")" 0
}
