# acdb-mcp: MCP on standard input and output, over a real gateway.
load helper
load mcp

setup_file() {
	server_start && mint_keys
}

teardown_file() {
	server_stop
}

teardown() {
	[ -z "${WAY:-}" ] || kill "$WAY"
	other_end
}

setup() {
	VIA=stdio
	cd "$BATS_TEST_TMPDIR"
}

@test "sql_query"			{ both_eras check_query; }
@test "names that are not there"	{ both_eras check_names; }
@test "exact values"			{ both_eras check_exact; }
@test "arguments"			{ both_eras check_arguments; }
@test "sql_execute"			{ both_eras check_execute; }
@test "sql_transaction"			{ both_eras check_transaction; }
@test "destruction is confirmed first"	{ both_eras check_gate; }
@test "the schema's tools"		{ both_eras check_schema; }
@test "explain"				{ both_eras check_explain; }
@test "vectors"				{ both_eras check_vectors; }
@test "rpc_call, advise, whoami, health" { both_eras check_rest; }
@test "what a key is offered"		{ both_eras check_lists; }
@test "resources, prompts, completion"	{ both_eras check_rest_of_protocol; }
@test "the transcripts are as they were"	{ both_eras check_golden; }

# Keep one running: open [OPTION...], say LINE, hear (into $answer), shut.
open() {
	ERR=$BATS_TEST_TMPDIR/stderr
	coproc MCP { exec acdb-mcp "$@" 2>"$ERR" 3>&-; }
	# shellcheck disable=SC2153	# coproc sets it
	PID=$MCP_PID
}

say() {
	printf '%s\n' "$1" >&"${MCP[1]}"
}

hear() {
	read -r -t 30 answer <&"${MCP[0]}"
}

# Its input ends: it goes by itself, with success.
shut() {
	eval "exec ${MCP[1]}>&-"
	wait "$PID"
}

meet() {
	open
	say "$(handshake)"
	hear
	is '.id == "hello" and .result.protocolVersion == "2025-11-25"'
}

call() {
	say "$(request "$1" tools/call "{\"name\":\"$2\",\"arguments\":${3//[$'\n\t']/ }}")"
}

# That an error is the tool's, says so, and that it goes on living.
says() {
	local re text
	hear
	is '.result.isError'
	text=$(jq -r '.result.content[0].text' <<<"$answer")
	for re; do
		grep -qE -e "$re" <<<"$text" || { echo "no $re in: $text"; return 1; }
	done
	say '{"jsonrpc":"2.0","id":"alive","method":"ping"}'
	hear
	is '.id == "alive" and .result == {}'
}

until_active() {
	until [ "$(psql "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%$1%' AND pid <> pg_backend_pid()
	    AND state = 'active'")" -ge 1 ]; do kill -0 "$PID"; done
}

until_idle() {
	until [ "$(psql "SELECT count(*) FROM pg_stat_activity
	    WHERE query LIKE '%$1%' AND pid <> pg_backend_pid()
	    AND state = 'active'")" = 0 ]; do kill -0 "$PID"; done
}

@test "--help and --version go to standard output" {
	run -0 --separate-stderr acdb-mcp --help
	[[ ${lines[0]} == usage:* && -z $stderr ]]
	run -0 --separate-stderr acdb-mcp --version
	[[ $output == "acdb-mcp $(cat "$TOP/VERSION")"* && -z $stderr ]]
	run -64 --separate-stderr acdb-mcp --nope
	[[ -z $output && $stderr == *--help* ]]
	run -64 --separate-stderr acdb-mcp nope
	[[ -z $output && $stderr == *nope* ]]
}

@test "it asks nothing before it is asked, and ends with its input" {
	run -0 --separate-stderr acdb-mcp </dev/null
	[ -z "$output$stderr" ]
	printf '{"jsonrpc":"2.0","method":"notifications/initialized"}\n\n' \
	    >notes
	run -0 --separate-stderr acdb-mcp <notes
	[ -z "$output$stderr" ]
}

@test "versions: its own for one that it does not know" {
	local v
	for v in 2024-11-05 2025-03-26 2025-06-18 2025-11-25 2024-10-07 \
	    2026-07-28 nonsense; do
		answer=$(echo '{"jsonrpc":"2.0","id":1,"method":"initialize",' \
		    '"params":{"protocolVersion":"'$v'","capabilities":{}}}' |
		    acdb-mcp)
		case $v in
		2024-11-05|2025-*)
			is ".result.protocolVersion == \"$v\"" ;;
		*)	is '.result.protocolVersion == "2025-11-25"' ;;
		esac
	done
	# What a version does not have is not in its answers.
	answer=$(printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"initialize",
	    "params":{"protocolVersion":"2024-11-05","capabilities":{}}}' |
	    tr -d '\n'; echo; request 2 tools/list '{}'
	    request 3 tools/call '{"name":"whoami"}')
	answer=$(acdb-mcp <<<"$answer" | jq -cs .)
	is 'length == 3
	    and ([.[1].result.tools[] | has("outputSchema")] | any | not)
	    and (.[2].result | has("structuredContent") | not)
	    and (.[2].result.content[0].text | fromjson | .role) == "dbadmin"'
}

@test "lines that are no messages are answered as far as they can be" {
	local line
	ERA=legacy meet
	say '' # nothing is said to a blank one
	for line in '{' '}' 'nonsense' '{"jsonrpc":"2.0"' '"a' '{"a":1}}'; do
		say "$line"
		hear
		is '.error.code == -32700 and .id == null'
	done
	say $'{"jsonrpc":"2.0","id":1,"method":"ping\xff"}'
	hear
	is '.error.code == -32700 and .id == 1'
	for line in '{}' '[]' 'null' '5' '{"id":1,"method":"ping"}' \
	    '{"jsonrpc":"1.0","id":1,"method":"ping"}' \
	    '{"jsonrpc":"2.0","id":null,"method":"ping"}' \
	    '{"jsonrpc":"2.0","id":{},"method":"ping"}' \
	    '{"jsonrpc":"2.0","id":1,"method":5}' \
	    '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}' \
	    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'; do
		say "$line"
		hear
		is '.error.code == -32600'
	done
	# Responses and notifications that nobody waits for.
	say '{"jsonrpc":"2.0","id":"s9","result":{}}'
	say '{"jsonrpc":"2.0","method":"notifications/nope"}'
	say '{"jsonrpc":"2.0","method":"notifications/cancelled"}'
	say '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}'
	say $'{"jsonrpc":"2.0","id":"\\u0041","method":"ping"}\r'
	hear
	is '.id == "A" and .result == {}'
	[[ $answer == *'"id":"\u0041"'* ]]
	# Text behind a NUL.
	head -c 3000000 /dev/zero >&"${MCP[1]}" && say x
	hear
	is '.error.code == -32700'
	# Longer than any message may be.
	say "$(head -c 5000000 /dev/zero | tr '\0' x)"
	hear
	is '.error.code == -32700'
	say '{"jsonrpc":"2.0","id":2.5e1,"method":"ping"}'
	hear
	[[ $answer == *'"id":2.5e1'* ]]
	shut
	[ ! -s "$ERR" ]
}

@test "a batch of 2025-03-26" {
	{
		echo '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{}}}'
		echo '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},5,{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"sql_query","arguments":{"sql":"SELECT 42"}}}]'
		echo '[{"jsonrpc":"2.0","method":"notifications/initialized"}]'
	} >in
	answer=$(acdb-mcp <in | jq -cs .)
	is 'length == 2 and (.[1] | length) == 3 and .[1][0].result == {}
	    and .[1][1].error.code == -32600 and .[1][2].id == 2
	    and (.[1][2].result.content[0].text | fromjson | .rows)
		== [[42]]'
}

@test "a cancelled call ends in PostgreSQL, and nothing more is said of it" {
	cancelled() {
		meet_any
		call 7 sql_query '{"sql":"SELECT pg_sleep(25), 1001","timeout_ms":30000}'
		until_active 1001
		# What stands in line is cancelled there.
		call 8 sql_query '{"sql":"SELECT 1002"}'
		say '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}'
		call 9 sql_query '{"sql":"SELECT 1003"}'
		say '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"no"}}'
		hear
		is '.id == 9 and .result.structuredContent.rows == [[1003]]'
		until_idle 1001
		shut
	}
	meet_any() {
		[ "$ERA" = modern ] && open || meet
	}
	both_eras cancelled
}

@test "the input's end does not lose what was asked" {
	ERA=modern
	request 1 tools/call '{"name":"sql_query","arguments":{"sql":"SELECT pg_sleep(0.2), 5"}}' >in
	request 2 tools/call '{"name":"sql_query","arguments":{"sql":"SELECT 6"}}' >>in
	answer=$(acdb-mcp <in | jq -cs .)
	is '[.[].id] == [1, 2]'
}

@test "what needs no gateway is answered while a statement runs" {
	ERA=legacy meet
	call 1 sql_query '{"sql":"SELECT pg_sleep(3), 1004"}'
	until_active 1004
	say '{"jsonrpc":"2.0","id":2,"method":"ping"}'
	hear
	is '.id == 2'
	hear
	is '.id == 1 and .result.structuredContent.rows == [["", 1004]]'
	shut
}

@test "progress is told to whoever gave a token" {
	ERA=legacy meet
	say '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sql_query","arguments":{"sql":"SELECT pg_sleep(2.5)"},"_meta":{"progressToken":"p"}}}'
	hear
	is '.method == "notifications/progress" and .params.progressToken == "p"
	    and .params.progress == 1'
	hear
	is '.params.progress == 2'
	hear
	is '.id == 1 and (.result.isError | not)'
	shut
}

@test "a gateway that is not there, one that is not trusted, a key that is no good: told as the tool's error" {
	ERA=legacy
	AGENTCOOPDB_GATEWAY_URL=https://localhost:1 meet
	call 1 sql_execute '{"sql":"SELECT 1"}'
	says 'onnect' 'localhost' 'Nothing was done' AGENTCOOPDB_GATEWAY_URL
	local name args vector='"table":"t","vector_column":"v"'
	while read -r name args; do
		call 1 "$name" "$args"
		says 'onnect' 'Nothing was done'
	done <<-EOF
	sql_query {"sql":"SELECT 1"}
	sql_transaction {"statements":["SELECT 1"]}
	list_tables {}
	describe_table {"table":"t"}
	search_schema {"pattern":"t"}
	explain {"sql":"SELECT 1"}
	vector_search {$vector,"query_embedding":[1]}
	vector_hybrid_search {$vector,"query_embedding":[1],"text_columns":["t"],"query_text":"x"}
	vector_upsert {$vector,"id_column":"i","rows":[{"id":1,"vector":[1]}]}
	rpc_call {"procedure":""}
	rpc_call {"procedure":"upsert_document"}
	advise {}
	whoami {}
	health {}
	EOF
	say "$(request 2 tools/list '{}')"
	hear
	is '.result.tools | length == 14'
	say "$(request 3 resources/read '{"uri":"acdb://schema/public/t"}')"
	hear
	is '.error.code == -32603'
	shut

	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout other.key -out other.pem -subj /CN=localhost \
	    -days 2 2>/dev/null
	AGENTCOOPDB_CA_FILE=$PWD/other.pem meet
	call 1 sql_execute '{"sql":"SELECT 1"}'
	says 'certificate' 'Nothing was done' 'will not help'
	shut

	printf 'acd_dev_%s_%s\n' AAAAAAAAAAAAAAAA \
	    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA >unknown.key
	AGENTCOOPDB_API_KEY_FILE=$PWD/unknown.key meet
	call 1 whoami '{}'
	says 'API key' 'user has to set another'
	shut

	echo nonsense >bad.key
	AGENTCOOPDB_API_KEY_FILE=$PWD/bad.key meet
	call 1 whoami '{}'
	says 'not an API key' 'user has to'
	shut
	! grep -q nonsense "$ERR"

	mint dbuser >revoked.key
	AGENTCOOPDB_API_KEY_FILE=$PWD/revoked.key meet
	call 1 whoami '{}'
	hear
	is '.result.structuredContent.role == "dbuser"'
	database acdb-keys revoke "$(jq -r \
	    .result.structuredContent.key_id <<<"$answer")"
	until call 2 whoami '{}' && hear && is '.result.isError'; do :; done
	call 3 whoami '{}'
	says 'API key' 'revoked'
	shut
}

@test "nothing configured: it says what is missing, and lives" {
	unset AGENTCOOPDB_GATEWAY_URL AGENTCOOPDB_API_KEY_FILE
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	ERA=legacy meet
	call 1 health '{}'
	says 'AGENTCOOPDB_GATEWAY_URL' 'user has to'
	shut
}

@test "a gateway that went away and came back is found again" {
	ERA=legacy meet
	call 1 sql_execute '{"sql":"CREATE TABLE again (a int)"}'
	hear
	UP_DIR=$SRV UP_ENV=$SRV.config/up.env "$TOP/deploy/local/down.sh" 3>&-
	call 2 sql_execute '{"sql":"INSERT INTO again VALUES (1)"}'
	says 'Nothing was done|UNKNOWN'
	server_up
	call 3 sql_execute '{"sql":"INSERT INTO again VALUES (1)"}'
	hear
	is '.result.structuredContent.rows_affected == 1'
	shut
	[ "$(psql 'SELECT count(*) FROM again')" = 1 ]
}

# Meet by a way that can be cut.
the_long_way() {
	rm -f port
	python3 "$TOP/tests/bats/cut.py" "$PORT" cut >port 3>&- &
	WAY=$!
	until [ -s port ]; do kill -0 $WAY; done
	ERA=legacy AGENTCOOPDB_GATEWAY_URL=https://localhost:$(cat port) meet
}

@test "a write whose answer is lost is made once, and told" {
	psql 'CREATE TABLE lost (a int); ALTER TABLE lost OWNER TO dbadmin' \
	    >/dev/null
	the_long_way
	call 1 health '{}'
	hear
	is '.result.structuredContent.healthy'
	: >cut
	call 2 sql_execute '{"sql":"INSERT INTO lost VALUES (1)"}'
	hear
	is '.id == 2 and .result.structuredContent.rows_affected == 1'
	[ ! -e cut ]	# the first answer was lost
	[ "$(psql 'SELECT count(*) FROM lost')" = 1 ]
	# The way is gone with the answer: what was sent may have been done.
	echo last >cut
	call 3 sql_execute '{"sql":"INSERT INTO lost VALUES (2)"}'
	wait "$WAY"
	WAY=
	says UNKNOWN
	[ "$(psql 'SELECT count(*) FROM lost')" = 2 ]
	shut
}

@test "what another server says is told for what it is" {
	other_server 200
	ERA=legacy AGENTCOOPDB_GATEWAY_URL=$OTHER_URL meet
	call 1 sql_query '{"sql":"SELECT 1"}'
	says "status 200, is not a gateway's" 'Nothing was changed'
	call 2 sql_execute '{"sql":"INSERT INTO t VALUES (1)"}'
	says UNKNOWN
	shut
	other_server 404
	ERA=legacy AGENTCOOPDB_GATEWAY_URL=$OTHER_URL meet
	call 3 sql_execute '{"sql":"INSERT INTO t VALUES (1)"}'
	says 'Nothing was changed'
	shut
}

@test "a write of which the gateway does not know is told to be unknown" {
	local pid
	psql 'CREATE TABLE doubtful (a int);
	    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql
	    AS $$BEGIN PERFORM pg_sleep(20); RETURN NULL; END$$;
	    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON doubtful
	    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	    EXECUTE FUNCTION slowly();
	    ALTER TABLE doubtful OWNER TO dbadmin' >/dev/null
	the_long_way
	call 1 health '{}'
	hear
	call 2 sql_execute '{"sql":"INSERT INTO doubtful VALUES (1)"}'
	until pid=$(psql "SELECT pid FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep'") && [ -n "$pid" ]; do :; done
	echo behind >cut
	kill -9 "$pid"
	# Trying again finds nobody, but the first try may have committed.
	wait "$WAY"
	WAY=
	says UNKNOWN
	shut
	until acdb -q -c 'SELECT 1'; do :; done
}

@test "elicitation: the user is asked, and is heard" {
	local yes
	ERA=legacy
	psql 'CREATE TABLE e (a int); INSERT INTO e VALUES (1), (2);
	    ALTER TABLE e OWNER TO dbadmin' >/dev/null
	CAPS='{"elicitation":{}}' meet
	for yes in '"result":{"action":"decline"}' \
	    '"result":{"action":"cancel"}' \
	    '"result":{"action":"accept","content":{"confirm":false}}' \
	    '"result":{"action":"accept"}' \
	    '"error":{"code":-32603,"message":"no"}'; do
		call 1 sql_execute '{"sql":"DELETE FROM e"}'
		hear
		is '.method == "elicitation/create"
		    and (.params.message | test("e has 2 rows now"))
		    and .params.requestedSchema.properties.confirm.type ==
			"boolean"'
		say "{\"jsonrpc\":\"2.0\",\"id\":$(jq .id <<<"$answer"),$yes}"
		hear
		is '.id == 1 and .result.isError
		    and (.result.content[0].text | test("declined"))'
	done
	[ "$(psql 'SELECT count(*) FROM e')" = 2 ]
	call 2 sql_execute '{"sql":"DELETE FROM e"}'
	hear
	say "{\"jsonrpc\":\"2.0\",\"id\":$(jq .id <<<"$answer"),\"result\":{\"action\":\"accept\",\"content\":{\"confirm\":true}}}"
	hear
	is '.id == 2 and .result.structuredContent.rows_affected == 2'
	shut
}

@test "input_required: the user is asked, and is heard" {
	CAPS='{"elicitation":{}}' check_input_required
}

@test "--read-only and --tools narrow what is offered and done" {
	ERA=legacy
	names() {
		{ handshake; request 1 tools/list '{}'; } | acdb-mcp "$@" |
		    jq -r 'select(.id == 1).result.tools[].name' | sort | xargs
	}
	[ "$(names --tools whoami,sql_query)" = "sql_query whoami" ]
	[ "$(AGENTCOOPDB_MCP_TOOLS=health names)" = health ]
	[ "$(names --read-only)" = "${READS/rpc_call /}" ]
	open --read-only
	say "$(handshake)"
	hear
	call 1 sql_execute '{"sql":"CREATE TABLE no (a int)"}'
	says 25006 'Nothing was committed'
	call 2 vector_upsert '{"table":"t"}'
	hear
	is '.error.code == -32602 or .result.isError'
	shut
}

@test "small and quick" {
	[[ $O != *asan* ]] || skip "the sanitizer is neither"
	local i took rss
	ERA=legacy
	handshake >in
	# Of the processor's time, and of the best of ten: what the wall's
	# clock and a cold cache show is everybody's here.
	TIMEFORMAT='%3U %3S'
	took=$(for _ in {1..10}; do
		{ time for i in {1..10}; do acdb-mcp <in >out; done; } 2>&1
	done | awk '{ t = int(($1 + $2) * 1000000 / 10) }
	    NR == 1 || t < min { min = t } END { print min }')
	echo "starts, answers and ends in $took us"
	[ "$took" -lt 10000 ]
	meet
	call 1 sql_query '{"sql":"SELECT i, md5(i::text) FROM generate_series(1, 50) i"}'
	hear
	rss=$(awk '/^RssAnon/ { print $2 }' "/proc/$PID/status")
	echo "RssAnon after its first call: $rss kB"
	[ "$rss" -lt 4096 ]
	for i in {1..200}; do
		call "$i" sql_query '{"sql":"SELECT repeat(md5($1::text), 200)","params":[1]}'
		hear
	done
	rss=$(awk '/^RssAnon/ { print $2 }' "/proc/$PID/status")
	echo "and after 200 more: $rss kB"
	[ "$rss" -lt 4096 ]
	shut
}

# Those to the gateway that are open, by their own addresses; whose they are
# is not told of a process that hides from its user.
connections() {
	cat /proc/net/tcp /proc/net/tcp6 |
	    awk -v port="$(printf ':%04X$' "$PORT")" \
		'$3 ~ port && $4 == "01" { print $2 }'
}

@test "one connection is kept for all calls" {
	ERA=legacy meet
	local i sockets now
	for i in {1..5}; do
		call "$i" health '{}'
		hear
		now=$(connections)
		[ -n "$now" ]
		[ "${sockets:=$now}" = "$now" ]
	done
	shut
}

# With nothing but its own environment, what a configuration starts or leads
# to knows who it is.
serves() {
	answer=$(request 1 tools/call '{"name":"whoami"}' |
	    env -i "$@" 2>&1) || return 1
	is '.result.content[0].text | fromjson | .role == "dbadmin"'
}

leads() {	# URL AUTHORIZATION
	[ "$1" = "$URL/v1/mcp" ]
	answer=$(curl -sS --cacert "$SRV/tls/cert.pem" "$1" -H "Authorization: $2" \
	    -H 'Content-Type: application/json' \
	    -d "$(request 1 tools/call '{"name":"whoami"}')")
	is '.result.content[0].text | fromjson | .role == "dbadmin"'
}

# A JSON object of command, args and env, to serve.
starts() {
	local words=()
	mapfile -t words < <(jq -r '(.env | to_entries[] | .key + "=" + .value),
	    .command, .args[]' <<<"$1")
	serves "${words[@]}"
}

@test "--print-config writes what each client reads" {
	local c key one
	ERA=legacy key=$(cat "$AGENTCOOPDB_API_KEY_FILE")
	for c in claude-desktop cursor windsurf jetbrains; do
		run -0 --separate-stderr acdb-mcp --print-config $c
		[ -n "$stderr" ]
		one=$(jq '.mcpServers | select(length == 1)["agentic-coop-db"]' \
		    <<<"$output")
		starts "$one"
	done
	run -0 --separate-stderr acdb-mcp --print-config vscode
	one=$(jq '.servers["agentic-coop-db"]' <<<"$output")
	[ "$(jq -r .type <<<"$one")" = stdio ]
	starts "$one"
	toml() {
		python3 -c 'import json, sys, tomllib
print(json.dumps(tomllib.loads(sys.stdin.read())))' <<<"$1" |
		    jq '.mcp_servers["agentic-coop-db"]'
	}
	run -0 --separate-stderr acdb-mcp --print-config codex
	starts "$(toml "$output")"
	# Claude Code's command, as its shell would read it.
	claude() { printf '%s\n' "$@" >argv; }
	run -0 --separate-stderr acdb-mcp --print-config claude-code
	eval "$output"
	[ "$(head -n 3 argv | xargs)" = "mcp add agentic-coop-db" ]
	mapfile -t one < <(sed '1,3d; /^-e$/d; /^--$/d' argv)
	serves "${one[@]}"

	for c in cursor jetbrains; do
		run -0 --separate-stderr acdb-mcp --print-config $c --remote
		[[ $stderr == *"$AGENTCOOPDB_CA_FILE"* ]]
		one=$(jq '.mcpServers["agentic-coop-db"]' <<<"$output")
		answer=$(jq -r .headers.Authorization <<<"$one")
		answer=${answer/'${env:AGENTCOOPDB_API_KEY}'/$key}
		leads "$(jq -r .url <<<"$one")" "${answer/acd_.../$key}"
	done
	run -0 --separate-stderr acdb-mcp --print-config windsurf --remote
	one=$(jq '.mcpServers["agentic-coop-db"]' <<<"$output")
	answer=$(jq -r .headers.Authorization <<<"$one")
	leads "$(jq -r .serverUrl <<<"$one")" \
	    "${answer/'${env:AGENTCOOPDB_API_KEY}'/$key}"
	run -0 --separate-stderr acdb-mcp --print-config vscode --remote
	jq -e '.servers["agentic-coop-db"].type == "http" and
	    (.inputs | length) == 1 and .inputs[0].password' <<<"$output"
	c=$(jq -r '.inputs[0].id' <<<"$output")
	one=$(jq '.servers["agentic-coop-db"]' <<<"$output")
	answer=$(jq -r .headers.Authorization <<<"$one")
	leads "$(jq -r .url <<<"$one")" "${answer/"\${input:$c}"/$key}"
	run -0 --separate-stderr acdb-mcp --print-config codex --remote
	one=$(toml "$output")
	[ "$(jq -r .bearer_token_env_var <<<"$one")" = AGENTCOOPDB_API_KEY ]
	leads "$(jq -r .url <<<"$one")" "Bearer $key"
	run -0 --separate-stderr acdb-mcp --print-config claude-code --remote
	eval "$output"
	[ "$(head -n 5 argv | xargs)" = \
	    "mcp add --transport http agentic-coop-db" ]
	answer=$(sed -n 's/^Authorization: //p' argv)
	leads "$(sed -n 6p argv)" "${answer/'${AGENTCOOPDB_API_KEY}'/$key}"
	# The key itself is in none of them.
	run -64 --separate-stderr acdb-mcp --print-config nope
	[[ $stderr == *claude-code*codex* ]]
}

@test "--print-config passes on what narrows, and quotes it" {
	local dir="$BATS_TEST_TMPDIR/it's \"here\" \$HOME"
	ERA=legacy
	mkdir "$dir"
	cp "$AGENTCOOPDB_API_KEY_FILE" "$dir/key"
	export AGENTCOOPDB_API_KEY_FILE=$dir/key
	claude() { printf '%s\n' "$@" >argv; }
	eval "$(acdb-mcp --print-config claude-code --read-only \
	    --tools whoami,health)"
	[ "$(tail -n 3 argv | xargs)" = "--read-only --tools whoami,health" ]
	grep -qxF "AGENTCOOPDB_API_KEY_FILE=$dir/key" argv
	for c in cursor vscode; do
		starts "$(acdb-mcp --print-config $c --read-only \
		    --tools whoami | jq '.[] | .["agentic-coop-db"]')"
	done
	acdb-mcp --print-config codex --tools 'a"b\c' >codex.toml
	python3 - <<-'EOF'
	import tomllib
	c = tomllib.load(open("codex.toml", "rb"))
	c = c["mcp_servers"]["agentic-coop-db"]
	assert c["args"] == ["--tools", 'a"b\\c'], c
	assert c["env"]["AGENTCOOPDB_API_KEY_FILE"].endswith("$HOME/key"), c
	EOF
	# A profile leads there by its name.
	unset AGENTCOOPDB_GATEWAY_URL AGENTCOOPDB_API_KEY_FILE \
	    AGENTCOOPDB_CA_FILE
	acdb-mcp -p local --print-config cursor |
	    jq -e '.[][].env == {AGENTCOOPDB_PROFILE: "local"}'
}

@test "doc/mcp.md shows what --print-config writes" {
	local me words n=0
	cp "$AGENTCOOPDB_API_KEY_FILE" agent.key
	me=$(readlink -f "$(command -v acdb-mcp)")
	export AGENTCOOPDB_GATEWAY_URL=https://db.example.com:8443
	export AGENTCOOPDB_API_KEY_FILE=$PWD/agent.key
	unset AGENTCOOPDB_CA_FILE
	# Each block stands below the command that writes it.
	while IFS= read -r words; do
		awk -v c="\`$words\`:" '$0 == c { on = 1; next }
		    on && /^```/ { if (++n == 2) exit; next }
		    on && n' "$TOP/doc/mcp.md" >shown
		# shellcheck disable=SC2086
		$words 2>err | sed "s|$me|/usr/local/bin/acdb-mcp|
		    s|$PWD/agent.key|/etc/agentcoopdb/agent.key|" >written
		diff shown written
		n=$((n + 1))
	done < <(sed -n 's/^`\(acdb-mcp --print-config .*\)`:$/\1/p' \
	    "$TOP/doc/mcp.md")
	[ $n -eq 13 ]
}

@test "the manual page has every option of --help, and no other" {
	acdb-mcp --help | grep -oE -- '--[a-z][a-z-]+' | sort -u >help
	{ grep -oE '^\.It Fl .*' "$TOP/doc/man/acdb-mcp.1"
	} | grep -oE -- ' -[a-z-]+' | sed 's/^ /-/' | sort -u >man
	diff man help
	acdb-mcp --help | grep -oE 'AGENTCOOPDB_[A-Z_]+' | sort -u >help
	sed -n '/^.Sh ENVIRONMENT/,/^.Sh FILES/p' "$TOP/doc/man/acdb-mcp.1" |
	    grep -oE 'AGENTCOOPDB_[A-Z_]+' | grep -v PROFILE | sort -u >man
	diff man help
	# And doc/mcp.md every tool with its arguments.
	ERA=legacy rpc tools/list
	jq -r '.result.tools[] | .name as $t | .inputSchema.properties // {}
	    | keys_unsorted[] | $t + " " + .' <<<"$answer" | sort >offered
	awk -F '|' '/^\| `[a-z_]+` \|/ { gsub(/[` ]/, "", $2)
	    same = $3 ~ /the same/
	    gsub(/[^a-z_`]/, " ", $3); n = split($3, w, " ")
	    for (i = 1; i <= n; i++) if (w[i] ~ /^`.*`$/) {
		gsub(/`/, "", w[i]); print $2, w[i] }
	    if (same) { print $2, "params"; print $2, "max_rows"
		print $2, "max_bytes"; print $2, "timeout_ms" } }' \
	    "$TOP/doc/mcp.md" | sort >told
	diff offered told
}
