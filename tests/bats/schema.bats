# GET /v1/schema: what a role may see of the database.
load helper

setup_file() {
	# Thousands of tables take a moment with the sanitizers.
	export AGENTCOOPDB_STATEMENT_TIMEOUT=30s
	server_start
	USER_KEY=$(mint dbuser)
	READER_KEY=$(mint dbreader)
	export USER_KEY READER_KEY
	execute "CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy')"
	execute "CREATE TABLE authors (
	    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	    email text NOT NULL UNIQUE CHECK (email LIKE '%@%'),
	    mood mood DEFAULT 'happy', moods mood[])"
	execute "COMMENT ON TABLE authors IS 'Who writes'"
	execute "COMMENT ON COLUMN authors.mood IS 'How it goes'"
	execute "CREATE TABLE \"Odd Books\" (
	    a int, b int, PRIMARY KEY (a, b),
	    author bigint NOT NULL REFERENCES authors ON DELETE CASCADE,
	    price numeric(10,2), twice numeric GENERATED ALWAYS AS (price * 2)
	    STORED, data jsonb, embedding vector(3))"
	execute "CREATE INDEX books_near ON \"Odd Books\"
	    USING hnsw (embedding vector_cosine_ops)"
	execute "CREATE INDEX books_data ON \"Odd Books\" USING gin (data)"
	execute "CREATE INDEX books_price ON \"Odd Books\" (lower(price::text))
	    WHERE price > 0"
	execute "CREATE TABLE chapters (a int, b int, n int,
	    FOREIGN KEY (a, b) REFERENCES \"Odd Books\")"
	execute "CREATE TABLE notes (id uuid PRIMARY KEY, workspace_id uuid)"
	execute "CREATE VIEW cheap AS SELECT a, b FROM \"Odd Books\"
	    WHERE price < 10"
	execute "CREATE MATERIALIZED VIEW totals AS
	    SELECT author, count(*) FROM \"Odd Books\" GROUP BY 1"
	execute "CREATE TABLE events (at date, x int) PARTITION BY RANGE (at)"
	execute "CREATE TABLE events_2024 PARTITION OF events
	    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
	execute "CREATE TABLE secrets (x int)"
	execute "REVOKE ALL ON secrets FROM dbuser, dbreader"
	execute "CREATE TABLE half (seen int, hidden int)"
	execute "REVOKE ALL ON half FROM dbuser, dbreader"
	execute "GRANT SELECT (seen) ON half TO dbuser"
	execute "CREATE SCHEMA app"
	execute "GRANT USAGE ON SCHEMA app TO dbuser"
	execute "CREATE TABLE app.notes (x int)"
	execute "CREATE SCHEMA closed"
	execute "CREATE TABLE closed.t (x int)"
	execute "INSERT INTO authors (email)
	    SELECT 'a' || i || '@b' FROM generate_series(1, 500) i"
	server_sql "ANALYZE authors"
}

teardown_file() {
	server_end
}

execute() {
	api POST /v1/sql/execute "" "$(jq -nc --arg s "$1" '{sql: $s}')" |
	    tail -n 1 | grep -q 200
}

# schema QUERY [TOKEN]: $doc is the document.
schema() {
	run -0 api GET "/v1/schema$1" "${2:-$USER_KEY}"
	doc=$(sed '$d' <<<"$output")
	[ "${lines[-1]}" = 200 ] || {
		head -c 2000 <<<"$output"
		return 1
	}
}

# is JQ-FILTER VALUE
is() {
	local got
	got=$(jq -cr "$1" <<<"$doc")
	[ "$got" = "$2" ] || {
		echo "$1 is $got, not $2"
		return 1
	}
}

@test "names: what there is, and of what kind" {
	schema '?detail=names'
	is .role dbuser
	is '[.relations[] | "\(.kind) \(.name)"] | join("; ")' 'table app.notes; table public."Odd Books"; table public.authors; table public.chapters; view public.cheap; partitioned table public.events; table public.events_2024; table public.half; table public.notes; materialized view public.totals'
	is '.relations[0] | keys' '["kind","name"]'
	is .enums null
}

@test "a role sees what it may use, and nothing else" {
	schema '?detail=full'
	[[ $doc != *secrets* && $doc != *closed* && $doc != *acdb.* ]]
	is '.relations[] | select(.name == "public.half") | .columns' '[{"name":"seen","type":"integer"}]'
	is '.relations[] | select(.name == "public.half") | .privileges' null
	schema '?detail=full' "$READER_KEY"
	[[ $doc != *app.notes* ]]
	is '.relations[] | select(.name == "public.authors") | .privileges' '["SELECT"]'
	schema '?detail=names' "$(cat "$SRV/admin.key")"
	is '[.relations[].name | select(test("secrets|closed"))] | join(" ")' "closed.t public.secrets"
	[[ $doc != *api_keys* ]]
}

@test "summary: columns, keys and what they lead to" {
	schema ''
	is .detail summary
	is '.relations[] | select(.name == "public.authors") | del(.rows)' '{"name":"public.authors","kind":"table","comment":"Who writes","privileges":["SELECT","INSERT","UPDATE","DELETE"],"columns":[{"name":"id","type":"bigint","not_null":true,"identity":"always"},{"name":"email","type":"text","not_null":true},{"name":"mood","type":"mood","has_default":true,"comment":"How it goes"},{"name":"moods","type":"mood[]"}],"primary_key":["id"],"referenced_by":[{"table":"public.\"Odd Books\"","columns":["author"],"to":["id"]}]}'
	is '.relations[] | select(.name == "public.authors").rows' 500
	is '.relations[] | select(.name == "public.chapters").foreign_keys' '[{"columns":["a","b"],"references":"public.\"Odd Books\"","to":["a","b"]}]'
	is '.relations[] | select(.name == "public.notes").row_security' true
	is '.relations[] | select(.name == "public.events_2024") | [.partition_of, .columns]' '["public.events",null]'
	is '.relations[] | select(.name == "public.\"Odd Books\"") | .columns[-1]' '{"name":"embedding","type":"vector(3)","dimensions":3}'
	is .enums '[{"name":"public.mood","values":["sad","o'"'"'k","happy"]}]'
}

@test "full: defaults, checks, indexes, policies" {
	schema '?detail=full&pattern=*book*'
	is '.relations | length' 1
	doc=$(jq '.relations[0]' <<<"$doc")
	is .primary_key '["a","b"]'
	is '.foreign_keys' '[{"name":"Odd Books_author_fkey","columns":["author"],"references":"public.authors","to":["id"],"on_delete":"cascade"}]'
	is '.referenced_by' '[{"table":"public.chapters","columns":["a","b"],"to":["a","b"]}]'
	is '.columns[] | select(.name == "twice") | [.generated, .expression]' '[true,"(price * (2)::numeric)"]'
	is '.indexes[] | select(.name == "books_near") | [.method, .columns[0].class, .columns[0].operators]' '["hnsw","vector_cosine_ops",["<=>"]]'
	is '.indexes[] | select(.name == "books_data") | .columns[0].operators | index("@>") != null' true
	is '.indexes[] | select(.name == "books_price") | .columns[0].on' 'lower(price::text)'
	is '.indexes[] | select(.name == "books_price").definition | test("WHERE")' true
	is '.indexes[] | select(.primary) | .unique' true
	schema '?detail=full&pattern=authors'
	is '.relations[0].unique' '[["email"]]'
	is '.relations[0].checks[0].definition' "CHECK (email ~~ '%@%'::text)"
	is '.relations[0].columns[2].default' "'happy'::mood"
	is '.enums | length' 1
	schema '?detail=full&schema=public&pattern=notes'
	is '.relations | length' 1
	is '.relations[0].policies | map(.name)' '["acdb_guard","acdb_tenant"]'
	is '.relations[0].policies[0].restrictive' true
	is '.relations[0].row_security_forced' true
	is '.enums' null
	schema '?schema=app'
	is '[.relations[].name] | join(" ")' app.notes
	schema '?pattern=APP.n%25'
	is '[.relations[].name] | join(" ")' app.notes
	schema '?schema=nowhere'
	is '.relations' '[]'
}

@test "what stands behind a key is told of only where it can be used" {
	execute "CREATE TABLE closed.parent (id int PRIMARY KEY)"
	execute "GRANT SELECT ON closed.parent TO dbuser"
	execute "CREATE TABLE child (id int REFERENCES closed.parent)"
	execute "ALTER TABLE chapters ADD secret int UNIQUE"
	execute "ALTER TABLE secrets ADD c int REFERENCES chapters (secret)"
	schema '?detail=full&pattern=ch*'
	[[ $doc != *closed* && $doc != *secrets* ]]
	schema '?detail=full&pattern=ch*' "$(cat "$SRV/admin.key")"
	is '.relations[] | select(.name == "public.child").foreign_keys[0].references' closed.parent
	is '.relations[] | select(.name == "public.chapters").referenced_by' '[{"table":"public.secrets","columns":["c"],"to":["secret"]}]'
}

@test "names and comments of any kind are what they are" {
	local name long
	long=$(printf 'ü%.0s' {1..31})
	execute 'CREATE SCHEMA "a.b""c"'
	execute 'GRANT USAGE ON SCHEMA "a.b""c" TO dbuser'
	for name in 'x"; DROP TABLE authors; --' "it's \\ \"q\"" $'two\nlines\t' \
	    '%s $1 {}' 'null' 'SELECT' "$long" '<script>' ' '; do
		execute "CREATE TABLE \"a.b\"\"c\".\"${name//\"/\"\"}\"
		    (\"${name//\"/\"\"}\" int CHECK (\"${name//\"/\"\"}\" > 0))"
		execute "COMMENT ON TABLE \"a.b\"\"c\".\"${name//\"/\"\"}\"
		    IS '${name//\'/\'\'}'"
		schema '?detail=full&schema=a.b%22c'
		jq -e --arg n "$name" '.relations[] | select(.comment == $n) |
		    .columns[0].name == $n and (.checks | length) == 1 and
		    (.name | startswith("\"a.b\"\"c\"."))' <<<"$doc"
		# What it is called is what SQL takes.
		execute "SELECT * FROM $(jq -r --arg n "$name" '.relations[] |
		    select(.comment == $n).name' <<<"$doc")"
	done
	schema '?schema=a.b%22c'
	is '.relations | length' 9
	schema '?schema=a.b%22c&pattern=%25s*'
	is '.relations | length' 6
	schema '?schema=a.b%22c&pattern=%5C%25s*'
	is '[.relations[].comment]' '["%s $1 {}"]'
	schema "?schema=%27%3B%20DROP%20TABLE%20authors%3B--"
	is '.relations' '[]'
}

@test "HEAD has the headers alone" {
	run -0 curl -sS -I --cacert "$SRV/tls/cert.pem" \
	    -H "Authorization: Bearer $USER_KEY" "$URL/v1/schema"
	[[ $output == *"200 OK"* && $output == *ETag* ]]
}

@test "what is asked wrongly is refused" {
	for query in 'detail=all' 'detail=' 'schema=%00' 'pattern=%ff' \
	    'pattern=%5C' "schema=$(printf 'x%.0s' {1..300})"; do
		run -0 api GET "/v1/schema?$query" "$USER_KEY"
		[ "${lines[-1]}" = 400 ]
	done
	run -0 api POST /v1/schema "$USER_KEY" '{}'
	[ "${lines[-1]}" = 405 ]
	run -0 curl -sS --cacert "$SRV/tls/cert.pem" -o /dev/null \
	    -w '%{http_code}' "$URL/v1/schema"
	[ "$output" = 401 ]
}

@test "an ETag spares the second answer" {
	local etag
	run -0 api GET /v1/schema "$USER_KEY" '' -D "$BATS_TEST_TMPDIR/h"
	etag=$(tr -d '\r' <"$BATS_TEST_TMPDIR/h" | sed -n 's/^ETag: //p')
	[[ $etag == \"*\" ]]
	grep -q '^Cache-Control: private, no-cache' "$BATS_TEST_TMPDIR/h"
	run -0 api GET /v1/schema "$USER_KEY" '' -H "If-None-Match: $etag" \
	    -D "$BATS_TEST_TMPDIR/h"
	[ "${lines[-1]}" = 304 ] && [ "${#lines[@]}" -eq 1 ]
	grep -q "^ETag: $etag" "$BATS_TEST_TMPDIR/h"
	run ! grep -qi '^Content-' "$BATS_TEST_TMPDIR/h"
	run -0 api GET /v1/schema "$USER_KEY" '' \
	    -H "If-None-Match: \"x\", W/$etag"
	[ "${lines[-1]}" = 304 ] && [ "${#lines[@]}" -eq 1 ]
	execute "ALTER TABLE chapters ADD title text"
	run -0 api GET /v1/schema "$USER_KEY" '' -H "If-None-Match: $etag"
	[ "${lines[-1]}" = 200 ]
}

@test "it is in the audit log, as a read" {
	run -0 api GET '/v1/schema?detail=names' "$USER_KEY" '' \
	    -H 'X-Request-Id: schema-1'
	run -0 server_sql "SELECT endpoint, command, status
	    FROM acdb.audit_logs WHERE request_id = 'schema-1'"
	[ "$output" = "/v1/schema|SCHEMA|200" ]
}

# tables FROM TO: one transaction cannot hold the locks of thousands.
tables() {
	server_sql "DO \$\$ BEGIN SET LOCAL ROLE dbadmin;
	    FOR i IN $1..$2 LOOP EXECUTE format('CREATE TABLE app.t%s
	    (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, parent bigint %s,
	    at timestamptz DEFAULT now())', i, CASE WHEN i > 1 THEN
	    'REFERENCES app.t' || i - 1 END); END LOOP; END \$\$"
}

views() {
	server_sql "DO \$\$ BEGIN SET LOCAL ROLE dbadmin;
	    FOR i IN $1..$2 LOOP EXECUTE format('CREATE VIEW app.v%s AS
	    SELECT 1 AS one', i); END LOOP; END \$\$"
}

@test "two thousand tables are no trouble, and too much is said" {
	# A plan is kept, if at all, after a few.
	for at in {1..24}; do
		schema "?schema=app&detail=full"
	done
	for at in 1 501 1001 1501; do
		tables $at $((at + 499))
	done
	for detail in names summary full; do
		schema "?schema=app&detail=$detail"
		is '.relations | length' 2001
		is '.truncated' null
	done
	for at in 1 2001 4001 6001; do
		views $at $((at + 1999))
	done
	schema "?schema=app&detail=summary"
	is '.relations | length' 10000
	is '.truncated' true
	# What was cut is the end of the order, and the tables stand first.
	is '[.relations[0].name, .relations[1].name, .relations[-1].name]' \
	    '["app.notes","app.t1","app.v998"]'
	server_sql "DROP VIEW app.v1"
	schema "?schema=app&detail=names"
	is '[(.relations | length), .truncated, .relations[-1].name]' \
	    '[10000,null,"app.v999"]'
	kill "$(server_pid)"
	while [ -d "/proc/$(server_pid)" ]; do sleep 0.05; done
	AGENTCOOPDB_MAX_RESPONSE_BODY_BYTES=100000 \
	    AGENTCOOPDB_HARDENING=strict server_up
	run -0 api GET /v1/schema?schema=app "$USER_KEY"
	[ "${lines[-1]}" = 413 ]
	[[ $(jq -r .detail <<<"${lines[-2]}") == *"for less detail" ]]
}

@test "strict hardening: the same, but for what tells of volumes" {
	[ "$(server_sql "SELECT value FROM acdb.settings
	    WHERE name = 'hardening'")" = strict ]
	schema '?schema=public&detail=full'
	is '[.relations[].name] | length' 10
	is '.relations[] | select(.name == "public.authors").rows' null
	is '.relations[] | select(.name == "public.authors").indexes | length' 2
	schema '?schema=public&detail=full' "$(cat "$SRV/admin.key")"
	is '.relations[] | select(.name == "public.authors").rows' 500
}
