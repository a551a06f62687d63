# Values through HTTPS and back, to the letter; tests/property/values.py does
# the same with values at random.

load helper
load http

setup_file() {
	server_start
	sql "CREATE TYPE pair AS (a int, b text)" && ok &&
	    sql "CREATE TYPE mood AS ENUM ('sad', 'so so')" && ok
}

teardown_file() {
	server_end
}

# Lines of "EXPRESSION | JSON": what PostgreSQL has becomes that JSON.
reads() {
	local text json
	while IFS='|' read -r text json; do
		echo "$text"
		sql "SELECT $text" && value "${json# }"
	done
}

# Lines of "TYPE | JSON | JSON": the first, sent as a parameter of that
# type, comes back as the second (without one: as it is), and that, sent
# again, is the same value.
travels() {
	local type sent back
	while IFS='|' read -r type sent back; do
		sent=${sent# } back=${back# }
		back=${back:-${sent% }}
		echo "$type: $sent"
		sql "SELECT \$1::$type" "[$sent]" && value "$back"
		sql "SELECT (\$1::$type)::text IS NOT DISTINCT
		    FROM (\$2::$type)::text" "[$sent,$back]" && value true
	done
}

@test "booleans and numbers" {
	travels <<-'EOT'
	bool | true
	bool | "yes" | true
	bool | false
	bool | null
	int2 | -32768
	int4 | 2147483647
	int4 | "12" | 12
	int4 | 5.0 | 5
	int4 | 1e3 | 1000
	int8 | 12.50e1 | 125
	int8 | 9007199254740993
	int8 | -9223372036854775808
	int8 | 0.0 | 0
	oid | 4294967295
	float8 | 0.1
	float8 | 1e308 | 1e+308
	float8 | 5e-324
	float8 | -0.0 | -0
	float8 | "NaN"
	float8 | "-Infinity"
	float4 | 3.4028235e+38
	numeric | 9007199254740993
	numeric | 12345678901234567890.123456789
	numeric | 1234567890123456789012345678901234567890
	numeric | 1.10
	numeric | 0.000000000000000000000000000001
	numeric | -0 | 0
	numeric | "NaN"
	numeric | "Infinity"
	numeric(6,2) | 1.2 | 1.20
	EOT
	sql 'SELECT length($1::numeric::text), $1 = 10::numeric ^ 400' '[1e400]'
	rows '[[401,true]]'
	sql 'SELECT $1::numeric' "[1$(printf '0%.0s' {1..5000})]" && ok
	has "[[1$(printf '0%.0s' {1..5000})]]"
}

@test "numbers that do not fit are refused, never rounded" {
	for bad in 'int4:2147483648:22003' 'int4:1.5:22P02' \
	    'int8:1e400:22P02' 'int8:9223372036854775808:22003' \
	    'int2:1e99999999999:22P02' 'float8:1e999:22003' \
	    'int4:true:22P02' 'bool:1.5:22P02' 'int4:[1]:22P02'; do
		IFS=: read -r type sent state <<<"$bad"
		echo "$bad"
		sql "SELECT \$1::$type" "[$sent]" &&
		    refused 400 invalid_input
		is .sqlstate "\"$state\""
	done
}

@test "text, with every kind of character" {
	travels <<-'EOT'
	text | ""
	text | "a\"b\\c/d" | "a\"b\\c/d"
	text | "\u00e9\u20ac\ud83d\ude00" | "é€😀"
	text | "\u0001\u001f\n\r\t\b\f" | "\u0001\u001f\n\r\t\b\f"
	text | "null"
	text | "{}"
	text | 12.50 | "12.50"
	text | 1E5 | "1E5"
	text | true | "true"
	text | {"a": [1, "x"]} | "{\"a\": [1, \"x\"]}"
	text | [1, "x"] | "[1, \"x\"]"
	varchar(3) | "abc"
	char(5) | "ab" | "ab   "
	name | "n"
	"char" | "x"
	text | null
	EOT
	for sent in '"a\u0000b"' '{"a":["\u0000"]}'; do
		sql 'SELECT $1::jsonb' "[$sent]"
		same "$status" 400
	done
	sql 'SELECT $1::text' '["a\u0000b"]' &&
	    refused 400 invalid_input '*$1*NUL*'
	sql 'SELECT $1::text[]' '[["\u0000"]]' &&
	    refused 400 invalid_input '*$1*NUL*'
	sql $'SELECT \'a\tb\nc\'' && value '"a\tb\nc"'
}

@test "json and jsonb: themselves, or their text" {
	travels <<-'EOT'
	jsonb | {"a": [1, null, {"b": "x"}], "c": 1.50}
	jsonb | [] | []
	jsonb | [1, [2]]
	jsonb | 5 | 5
	jsonb | 1e2 | 100
	jsonb | true
	json | {"a":1,"a":2}
	json | {"b" :  [ ] }
	json | 1e400
	json | "{\"x\":9007199254740993}" | {"x":9007199254740993}
	jsonb | {"n":12345678901234567890.123456789} | {"n": 12345678901234567890.123456789}
	jsonb[] | [{"a": 1}, [2], null] | [{"a": 1},[2],null]
	EOT
	sql 'SELECT $1::jsonb, $2::jsonb' '["\"x\"","null"]' &&
	    rows '[["x",null]]'
	for text in '"\"x\""' '"null"' '"{\"a\": 1}"' '"[1, 2]"' '"5"'; do
		sql 'SELECT $1::jsonb, $1::json' "[$text]" '"json":"text"' &&
		    rows "[[$text,$text]]"
	done
	sql $'SELECT \'{"a":\n\t1,\r\n"b":"\\\\n"}\'::json' &&
	    value $'{"a": \t1,  "b":"\\\\n"}'
	# A document as deep as a request may be.
	deep=$(printf '[%.0s' {1..200})$(printf ']%.0s' {1..200})
	sql 'SELECT $1::jsonb' "[$deep]" && value "$deep"
}

@test "arrays, of anything, in any depth" {
	travels <<-'EOT'
	int[] | [1, 2, null] | [1,2,null]
	int[] | [] | []
	int[] | "{1,2}" | [1,2]
	int[] | [[1,2],[3,4]]
	int8[] | [9007199254740993, 1e3] | [9007199254740993,1000]
	int[][] | [[[1]]]
	bool[] | [true,false,null]
	float8[] | [1.5,"NaN",-0.0] | [1.5,"NaN",-0]
	numeric[] | [1.10,12345678901234567890]
	text[] | ["", "NULL", "null", null, "a\"b", "c\\d", "e,f", "{g}", " h "] | ["","NULL","null",null,"a\"b","c\\d","e,f","{g}"," h "]
	text[] | ["é😀","\n\t"] | ["é😀","\n\t"]
	text[] | [1, true, {"a": "b"}] | ["1","true","{\"a\": \"b\"}"]
	text[] | [["a"],["b"]]
	uuid[] | ["00000000-0000-0000-0000-000000000001"]
	box[] | ["(1,1),(0,0)","(2,2),(0,0)"]
	bytea[] | ["\\x00ff","\\x"]
	timestamptz[] | ["2020-01-02T03:04:05+00:00","infinity",null]
	vector[] | [[1,2],[3,4.5]]
	vector[] | [[[1,2],[3,4]],[[5,6],[7,8]]]
	json[] | [{"a":"b"},[1],null]
	jsonb[] | [[1],[[2]],"5"] | [[1],[[2]],5]
	jsonb[] | "{{1,2},{3,4}}"
	mood[] | ["sad","so so"]
	int4range[] | ["[1,5)","empty"]
	EOT
	sql "SELECT '[2:3]={1,2}'::int[]" && value '"[2:3]={1,2}"'
	sql 'SELECT $1::int[]' '["[2:3]={1,2}"]' && value '"[2:3]={1,2}"'
	sql 'SELECT $1::int[]' '[[[1],[2,3]]]' && refused 400 invalid_input
	sql 'SELECT $1::int[]' '[[[[[[[[1]]]]]]]]' && same "$status" 400 ||
	    refused 500 database_error
	sql 'SELECT unnest($1::text[])' '[["a",null]]' && rows '[["a"],[null]]'
	sql 'SELECT 2 = ANY ($1)' '[[1,2]]' && value true
}

@test "vectors" {
	travels <<-'EOT'
	vector | [1,2.5,-3]
	vector | "[1,2.5,-3]" | [1,2.5,-3]
	vector(2) | [0.1,1e-20] | [0.1,1e-20]
	EOT
	sql 'SELECT $1::vector <-> $2' '[[1,2],[1,4]]' && value 2
	sql 'SELECT $1::vector(3)' '[[1,2]]' && same "$status" 400
}

@test "half and sparse vectors" {
	[ "$(server_sql "SELECT to_regtype('ext.halfvec')")" ] ||
	    skip "pgvector before 0.7"
	travels <<-'EOT'
	halfvec | [1,0.5]
	sparsevec | "{1:1.5,3:2}/5"
	EOT
}

@test "a parameter that does not fit is named, with its type" {
	local sql params want
	while IFS='|' read -r sql params want; do
		sql "$sql" "$params" && refused 400 invalid_input '?*' ||
		    return 1
		is '[.parameter,.parameter_type]' "$want" || return 1
	done <<-'EOT'
	SELECT $1::text, $2::timestamptz|["a","x"]|[2,"timestamptz"]
	SELECT $1::text, $2::timestamptz|["a","x"]|[2,"timestamptz"]
	SELECT $1::int|[99999999999]|[1,"int4"]
	SELECT $1::int|[1.5]|[1,"int4"]
	SELECT $1::int[]|[["a"]]|[1,"int4[]"]
	SELECT $1::int[]|[[[1],[2,3]]]|[1,"int4[]"]
	SELECT $1::int|[[1]]|[1,"int4"]
	SELECT $1::uuid|[true]|[1,"uuid"]
	SELECT $1::int4range|["[5,1]"]|[1,"int4range"]
	SELECT $1::vector|[["a"]]|[1,"vector"]
	SELECT $1::mood|["merry"]|[1,"mood"]
	SELECT $1::jsonb, $2::json|[{},"{"]|[2,"json"]
	SELECT $1::jsonb|["text"]|[1,"jsonb"]
	SELECT $1::jsonb|[{"a":"\u0000"}]|[1,"jsonb"]
	SELECT $1::jsonb[]|[["text"]]|[1,"jsonb[]"]
	SELECT $1::text|["\u0000"]|[1,null]
	SELECT $1::text[]|[["\u0000"]]|[1,"text[]"]
	SELECT 1/$1::int|[0]|[null,null]
	EOT
	# In a batch something may have run before: only what was asked anyway.
	ask POST /v1/sql/batch '{"statements":[{"sql":"SELECT 1"},
	    {"sql":"SELECT $1::int[]","params":[["x"]]}]}' &&
	    is '[.statement,.parameter,.parameter_type]' '[1,1,"int4[]"]'
	ask POST /v1/sql/batch '{"statements":[{"sql":"SELECT 1"},
	    {"sql":"SELECT $1::date","params":["x"]}]}' &&
	    is '[.statement,.parameter,.parameter_type]' '[1,1,null]'
	# What is stored tells it, too.
	sql 'CREATE TABLE fits (a int)' && ok
	for _ in first replayed; do
		sql 'INSERT INTO fits VALUES ($1)' '["x"]' '' \
		    -H 'Idempotency-Key: misfit' &&
		    refused 400 invalid_input '*integer*' &&
		    is '[.parameter,.parameter_type]' '[1,"int4"]'
	done
	same "$(header x-idempotent-replayed)" true
}

@test "dates and times are ISO 8601" {
	travels <<-'EOT'
	date | "2024-02-29"
	date | "infinity"
	date | "0044-03-15 BC"
	date | "5874897-12-31"
	time | "23:59:59.999999"
	time | "24:00:00"
	timetz | "01:02:03+00" | "01:02:03+00:00"
	timetz | "01:02:03.5-05:30"
	timestamp | "2024-01-02T03:04:05.123456"
	timestamp | "2024-01-02 03:04:05" | "2024-01-02T03:04:05"
	timestamp | "-infinity"
	timestamp | "0001-01-01T00:00:00 BC"
	timestamp | "294276-12-31T23:59:59.999999"
	timestamptz | "2024-01-02T03:04:05Z" | "2024-01-02T03:04:05+00:00"
	timestamptz | "2024-01-02T03:04:05+02:00" | "2024-01-02T01:04:05+00:00"
	timestamptz | "4713-01-01T00:00:00+00:00 BC"
	timestamptz | "infinity"
	interval | "1 year 2 mons -3 days +04:05:06.7"
	interval | "00:00:00"
	EOT
	# Before the railways an offset had seconds.
	sql "SELECT '1890-01-01 00:00:00Z'::timestamptz" '' \
	    '"settings":{"timezone":"Asia/Kolkata"}' && ok
	[[ $body =~ \[\[(\"1890-01-01T05:([0-9]{2}:[0-9]{2})\+05:([0-9:]*)\")\]\] ]]
	same "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
	sql 'SELECT $1::timestamptz' "[${BASH_REMATCH[1]}]" &&
	    value '"1890-01-01T00:00:00+00:00"'
	sql 'SELECT $1::timestamptz' '["2024-07-01T00:00:00Z"]' \
	    '"settings":{"timezone":"America/St_Johns"}' &&
	    value '"2024-06-30T21:30:00-02:30"'
	sql "SELECT ARRAY['2024-01-02 03:04:05'::timestamp]" &&
	    value '["2024-01-02T03:04:05"]'
}

@test "everything else is its text" {
	travels <<-'EOT'
	bytea | "\\xdeadBEEF" | "\\xdeadbeef"
	bytea | "\\x"
	bytea | "abc" | "\\x616263"
	uuid | "6BA7B810-9DAD-11D1-80B4-00C04FD430C8" | "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	inet | "10.0.0.1/8"
	cidr | "10.0.0.0/8"
	macaddr | "08:00:2b:01:02:03"
	int4range | "[1,5)"
	tstzrange | "empty"
	numrange | "(,1.5]"
	int4multirange | "{[1,2),[5,7)}"
	point | "(1.5,2)"
	box | "(1,1),(0,0)"
	bit(3) | "101"
	varbit | ""
	money | "$1,234.50"
	tsvector | "'a':1 'b':2"
	tsquery | "'a' & 'b'"
	pair | "(1,\"x y\")"
	mood | "so so"
	regclass | "pg_class"
	pg_lsn | "16/B374D848"
	xid8 | "18446744073709551615"
	jsonpath | "$.\"a\"[*]" | "$.\"a\"[*]"
	EOT
	reads <<-'EOT'
	ROW(1, 'a,b', NULL) | "(1,\"a,b\",)"
	ARRAY[ROW(1, 'x')::pair] | ["(1,x)"]
	pg_sleep(0) | ""
	NULL | null
	'1 2'::int2vector | "1 2"
	EOT
}

@test "a domain is what it is made of, in arrays, too" {
	sql "CREATE DOMAIN posint AS int CHECK (VALUE > 0)" && ok
	sql "CREATE DOMAIN ids AS posint[]" && ok
	sql "CREATE DOMAIN ids2 AS ids" && ok
	sql "CREATE DOMAIN vec AS vector(2)" && ok
	sql "CREATE DOMAIN doc AS jsonb" && ok
	sql "CREATE DOMAIN at AS timestamptz" && ok
	sql "CREATE TABLE domains (a posint, b ids, c ids2, d vec, e doc,
	    f posint[], g vec[], h doc[], i at[])" && ok
	row='[5,[1,null],[2],[1,2],{"a": 1},[3,4],[[1,2],[3,4]],[[1],{"a": 2}],["2024-01-02T03:04:05+00:00"]]'
	for _ in 1 2; do
		sql 'INSERT INTO domains VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)' 		    "$row" && ok
	done
	sql "TABLE domains LIMIT 1" && rows "[$row]"
	sql 'SELECT $1::ids[]' '[[[1],[2,3]]]' && value '[[1],[2,3]]'
	sql 'UPDATE domains SET a = $1, f = $2' '[5.0,[1e1]]' && ok
	sql 'UPDATE domains SET a = $1' '[-1]' &&
	    refused 409 integrity_violation
}

@test "a parameter without a type of its own takes the column's" {
	sql "CREATE TABLE kinds (i int8, n numeric, t text, a int[], j jsonb,
	    v vector(2), b bool, d timestamptz, y bytea)" && ok
	row='[9007199254740993,1.10,"x",[1,null],{"a": 1},[1,2],true,"2024-01-02T03:04:05+00:00","\\x00ff"]'
	sql 'INSERT INTO kinds VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)' "$row" && ok
	sql "TABLE kinds" && rows "[$row]"
	sql 'UPDATE kinds SET i=$1,n=$2,t=$3,a=$4,j=$5,v=$6,b=$7,d=$8,y=$9' \
	    "$row" && ok
	sql "TABLE kinds" && rows "[$row]"
	sql 'UPDATE kinds SET (i,n,t,a,j,v,b,d,y) = ($1,$2,$3,$4,$5,$6,$7,$8,$9)' \
	    '[null,null,null,null,null,null,null,null,null]' && ok
	sql "TABLE kinds" &&
	    rows '[[null,null,null,null,null,null,null,null,null]]'
	server_sql "TABLE kinds" >/dev/null
}

@test "what was read is what psql reads" {
	sql "CREATE TABLE seen (n int, t text)" && ok
	sql 'INSERT INTO seen VALUES (1, $1), (2, $2::numeric::text),
	    (3, $3::jsonb::text), (4, $4::text[]::text)' \
	    '["a\"\\\u00e9\n",0.10,{"b":1,"a":[1e2]},["x y",null,""]]' && ok
	same "$(server_sql "SELECT t FROM public.seen ORDER BY n")" \
	    $'a"\\é\n\n0.10\n{"a": [100], "b": 1}\n{"x y",NULL,""}'
}

@test "types learned meanwhile do not change a result that is on its way" {
	local all i long=()
	sql "DO 'BEGIN FOR i IN 1..70 LOOP EXECUTE format(
	    ''CREATE TYPE low%s AS ENUM (''''a'''')'', i); END LOOP; END'" && ok
	sql "CREATE TYPE high AS ENUM ('x')" && ok
	all=$(for i in {1..70}; do printf "ARRAY['a']::low%d[]," "$i"; done)
	for i in 1 2; do		# one on each worker
		api POST /v1/sql/execute "" "$(request "SELECT 'x'::high,
		    repeat('y', 9000), pg_sleep(0.02)
		    FROM generate_series(1, 100)")" \
		    >"$BATS_TEST_TMPDIR/long$i" 3>&- &
		long+=($!)
	done
	arrive() {
		[ "$(server_sql "SELECT count(*) FROM pg_stat_activity
		    WHERE state = 'active' AND query LIKE '%::high,%'
		    AND pid <> pg_backend_pid()")" = 2 ]
	}
	until_true arrive
	for i in {1..6}; do
		sql "SELECT ${all%,}" && ok
	done
	arrive
	wait "${long[@]}"
	for i in 1 2; do
		head -n 1 "$BATS_TEST_TMPDIR/long$i" |
		    jq -e '[.rows[][0]] | length == 100 and unique == ["x"]'
	done
}
