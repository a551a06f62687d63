# The files of procedures: AGENTCOOPDB_RPC_DIR, at start and on SIGHUP.
load helper

setup_file() {
	AGENTCOOPDB_RPC_DIR=$(mktemp -d /tmp/acdb-rpc.XXXXXX)
	export AGENTCOOPDB_RPC_DIR AGENTCOOPDB_WORKERS=2
	chmod 755 "$AGENTCOOPDB_RPC_DIR"
	file hello "SELECT 'hello'"
	server_start
	USER_KEY=$(mint dbuser)
	export USER_KEY
}

teardown_file() {
	server_end
	rm -rf "$AGENTCOOPDB_RPC_DIR"
}

# file NAME SQL
file() {
	printf -- '-- role: dbuser\n-- args: {}\n%s\n' "$2" \
	    >"$AGENTCOOPDB_RPC_DIR/$1.sql"
}

# answers PROCEDURE JQ-FILTER VALUE: by every worker, in a moment.
answers() {
	local end=$((SECONDS + 5)) good=0
	while [ $good -lt 6 ]; do
		run -0 api POST /v1/rpc/call "$USER_KEY" \
		    "{\"procedure\":\"$1\"}"
		if [ "$(jq -r "$2" <<<"$(sed '$d' <<<"$output")")" = "$3" ]
		then
			good=$((good + 1))
		else
			good=0
			[ $SECONDS -lt $end ] || return 1
		fi
	done
}

hup() {
	kill -HUP "$(server_pid)"
}

# check LINE TEXT: acdbd --check on one file of that text says LINE.
check() {
	local dir=$BATS_TEST_TMPDIR/check
	mkdir -p "$dir"
	printf '%s' "$2" >"$dir/bad.sql"
	run --separate-stderr -78 env -i "AGENTCOOPDB_RPC_DIR=$dir" \
	    AGENTCOOPDB_DATABASE_URL=postgres://a@127.0.0.1:1/x \
	    AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database \
	    AGENTCOOPDB_HTTP_ADDR=127.0.0.1:0 "$BIN/acdbd" --check
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2053
	[[ ${stderr_lines[0]} == *"RPC_DIR: $dir/bad.sql:"$1 ]] || {
		echo "$stderr"
		return 1
	}
}

@test "files are read at start" {
	answers hello .result hello
}

@test "SIGHUP reads them again" {
	file hello "SELECT 'again'"
	file another 'SELECT 2'
	echo 'not a procedure' >"$AGENTCOOPDB_RPC_DIR/README"
	hup
	answers hello .result again
	answers another .result 2
	rm "$AGENTCOOPDB_RPC_DIR/another.sql"
	hup
	answers another .title unknown_procedure
}

@test "a broken file leaves what is there in use, and is told" {
	file hello "SELECT 'newer'"
	file broken 'SELECT 1; SELECT 2'
	hup
	until_true grep -q 'procedures in use stay.*broken.sql:3: ' \
	    "$SRV/acdbd.log"
	answers hello .result again
	rm "$AGENTCOOPDB_RPC_DIR/broken.sql"
	hup
	answers hello .result newer
}

@test "a file that is none stops the start, with one line" {
	check '1: *no "role"' 'SELECT 1'
	check '1: *no "args"' '-- role: dbuser
SELECT 1'
	check '2: *"rolle" is not a field*' '-- role: dbuser
-- rolle: x
-- args: {}
SELECT 1'
	check '2: "role" stands there twice' '-- role: dbuser
-- role: dbuser
-- args: {}
SELECT 1'
	check '2: *at /properties/a: "typo" is not supported' '-- role: dbuser
-- args: { "properties":
--     { "a": { "typo": 1 } } }
SELECT 1'
	check '2: *not valid JSON*' '-- role: dbuser
-- args: { "type":
SELECT 1'
	check '3: "version" is a whole number*' '-- role: dbuser
-- args: {}
-- version: 0
SELECT 1'
	check '3: there is no statement*' '-- role: dbuser
-- args: {}
'
	check '4: *2 statements*' '-- role: dbuser
-- version: 7
-- args: {}
SELECT 1; SELECT 2'
	check '3: *uses $2' '-- role: dbuser
-- args: {}
SELECT $2'
	check '1: not UTF-8 text' $'-- role: \xff
-- args: {}
SELECT 1'
}

@test "a name that cannot be called stops the start" {
	mkdir "$BATS_TEST_TMPDIR/rpc"
	cp "$AGENTCOOPDB_RPC_DIR/hello.sql" "$BATS_TEST_TMPDIR/rpc/a b.sql"
	AGENTCOOPDB_RPC_DIR=$BATS_TEST_TMPDIR/rpc \
	AGENTCOOPDB_DATABASE_URL=postgres://a@127.0.0.1:1/x \
	AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database \
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$(free_port) \
	    run -78 "$BIN/acdbd"
	[[ $output == *"a b.sql:"*"is not a name"* ]]
}

@test "a directory that is missing stops the start, and no default is a warning" {
	export AGENTCOOPDB_RPC_DIR=$BATS_TEST_TMPDIR/none
	export AGENTCOOPDB_DATABASE_URL=postgres://a@127.0.0.1:1/x
	export AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database
	export AGENTCOOPDB_LOG_FORMAT=text
	run -78 --separate-stderr "$BIN/acdbd" --inetd </dev/null
	[[ $stderr == *"AGENTCOOPDB_RPC_DIR: $BATS_TEST_TMPDIR/none: "* ]]
	# Where neither the build's nor the installed one is beside it.
	cp "$BIN/acdbd" "$BATS_TEST_TMPDIR/alone"
	cd "$BATS_TEST_TMPDIR"
	unset AGENTCOOPDB_RPC_DIR
	run -0 --separate-stderr ./alone --inetd </dev/null
	[[ $stderr == *"no procedures from files"*share/rpc* ]]
}

@test "the default is where the program stands" {
	unset AGENTCOOPDB_RPC_DIR
	cd /
	AGENTCOOPDB_DATABASE_URL=postgres://a@127.0.0.1:1/x \
	AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database \
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:0 \
	    run "$BIN/acdbd" --check
	[[ $output == *$'ok\tprocedures: '[1-9]* ]]
}
