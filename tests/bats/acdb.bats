# acdb against a real server: what comes out, where errors stand, and exit
# codes that tell what is known.
load helper

setup_file() {
	server_start
}

teardown_file() {
	server_end
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	other_end
}

# as_psql OPTION... : the same script through both, the same text out.  The
# first psqls of version 16 end the head of a narrow record otherwise.
as_psql() {
	local psql heads='s/x/x/'
	psql=$("$TOP/deploy/local/pg-bindir.sh")/psql
	[[ $("$psql" --version) != *' 16.'* ]] ||
	    heads='s/^\(-\[ RECORD [0-9]* \]\)-*$/\1/'
	PGPASSWORD=$(server_password acdb_super) "$psql" -X \
	    -h "$SRV/db/run" -U acdb_super -d agentcoopdb "$@" -f same.sql \
	    2>/dev/null | sed "$heads" >psql.out
	acdb "$@" -f same.sql 2>/dev/null | sed "$heads" >acdb.out
	diff -u psql.out acdb.out
}

# until_active TEXT PID: until PostgreSQL runs a statement with that text
# (or the client, PID, has ended: then fail).
until_active() {
	until [ "$(server_sql "select count(*) from pg_stat_activity
	    where query like '%$1%' and pid <> pg_backend_pid()
	    and state = 'active'")" -ge 1 ]; do kill -0 "$2" || return; done
}

@test "--help and --version go to standard output" {
	run -0 --separate-stderr acdb --help
	[[ ${lines[0]} == usage:* && -z $stderr ]]
	run -0 --separate-stderr acdb --version
	[[ $output == "acdb $(cat "$TOP/VERSION")"* && -z $stderr ]]
}

@test "a bad option is usage, and nothing is run" {
	run -64 --separate-stderr acdb --bogus -c 'select 1'
	[[ -z $output && $stderr == *bogus* ]]
	run -64 acdb -c 'select 1' a b
	run -64 acdb 'select 1'
	run -64 acdb --timeout 5 -c 'select 1'
	run -64 acdb -1 -c 'select 1'
}

@test "results look as psql's" {
	cat >same.sql <<-'EOS'
	select 1 as id, 'abc' as body, null as n, true as t, 2.50 as num;
	select e'a\nbc' as "two lines", '日本' as wide union all select 'x', 'é';
	select i, i * 0.5 as half from generate_series(1, 12) i;
	select 1 as none where false;
	select array[1,2] as a, array['a b', null, '"'] as b, '{"k": [1]}'::jsonb;
	create table same (a int);
	insert into same values (1), (2) returning a;
	update same set a = 3;
	delete from same;
	drop table same;
	EOS
	as_psql
	as_psql -t
	as_psql -A
	as_psql -A -t -F ';'
	as_psql -x
	as_psql -x -t
	as_psql -x -A
	as_psql -q
}

@test "every digit survives, in every format" {
	local sql="select 9007199254740993::int8 as i, \
	    1234567890123456789012345678901234567890.12::numeric as n, \
	    '' as empty, null as nothing, '\\x00ff'::bytea as b"
	run -0 acdb --csv -c "$sql"
	[ "${lines[0]}" = 'i,n,empty,nothing,b' ]
	[ "${lines[1]}" = '9007199254740993,1234567890123456789012345678901234567890.12,"",,\x00ff' ]
	run -0 acdb --json -c "$sql"
	[ "$output" = '[{"i":9007199254740993,"n":1234567890123456789012345678901234567890.12,"empty":"","nothing":null,"b":"\\x00ff"}]' ]
	run -0 acdb --jsonl -c 'select n from generate_series(1, 2) n'
	[ "$output" = $'{"n":1}\n{"n":2}' ]
}

@test "for programs only rows go out" {
	run -0 acdb --csv -c 'create table rows_only (a int)' \
	    -c 'insert into rows_only values (1) returning a' \
	    -c 'drop table rows_only'
	[ "$output" = $'a\n1' ]
}

@test "-c and -f run in their order, standard input among them" {
	echo 'select 2' >two.sql
	run -0 acdb -At -c 'select 1' -f two.sql -c 'select 3; select 4' \
	    -f - -c 'select 6' <<<'select 5'
	[ "$output" = $'1\n2\n3\n4\n5\n6' ]
	run -0 acdb -At <<<'select 7; select 8'
	[ "$output" = $'7\n8' ]
}

@test "an error has file, line, column, the line and a caret" {
	printf 'select 1;\n\n  select é,\n   nope from pg_class;\nselect 2;\n' \
	    >x.sql
	run -3 --separate-stderr acdb -At -f x.sql
	[ "$output" = 1 ]
	[ "${stderr_lines[0]}" = 'x.sql:3:10: ERROR: column "é" does not exist' ]
	[ "${stderr_lines[1]}" = 'LINE 3: select é,' ]
	[ "${stderr_lines[2]}" = '               ^' ]
}

@test "a key on standard input leaves what follows it to be run" {
	install -m 600 "$SRV/admin.key" both
	echo "select 1; selec" >>both
	run -3 --separate-stderr acdb --key-file - -At <both
	[ "$output" = 1 ]
	[[ $stderr == "<stdin>:1:11: ERROR: syntax error"* ]]
	run -0 acdb --key-file - -Atc 'select 2' < <(printf '\n%s' \
	    "$(cat "$SRV/admin.key")")
	[ "$output" = 2 ]
	run -78 acdb --key-file - -c 'select 1' </dev/null
	run -78 acdb --key-file - -c 'select 1' < <(printf '%05000d' 1)
	[[ $output == *"larger than 4 KiB"* ]]
}

@test "a comment that never ends is an error, whatever it swallows" {
	run -3 --separate-stderr acdb -At <<<'select 1; /* two
	select 2;'
	[ "$output" = 1 ]
	[[ $stderr == "<stdin>:1:11: ERROR: unterminated /* comment"* ]]
	run -3 acdb -c '/* select 1'
	run -0 acdb -c '/* select 1 */ -- none'
}

@test "a byte that is no text is refused where it stands, never replaced" {
	printf "select 'é';\nselect 1,\n 'é\xff';\n" >latin1.sql
	run -3 --separate-stderr acdb -At -f latin1.sql
	[[ $output == é && $stderr == "latin1.sql:3:4: ERROR: byte 0xff "*UTF-8* ]]
	printf 'select 1;select \0 2;' >nul.sql
	run -3 --separate-stderr acdb -At -f nul.sql
	[[ $output == 1 && $stderr == "nul.sql:1:17: ERROR: byte 0x00 is not"* ]]
}

@test "the first error stops; -k goes on and still tells" {
	run -3 --separate-stderr acdb -At -c 'select 1; select 1/0; select 2'
	[[ $output == 1 && ${stderr_lines[0]} == "-c:1:11: ERROR: division by zero" ]]
	run -3 --separate-stderr acdb -k -At \
	    -c 'select 1; select 1/0; select 2' -c 'select 3'
	[ "$output" = $'1\n2\n3' ]
}

@test "details, and the request id with --verbose" {
	run -3 --separate-stderr acdb --verbose -c 'select nope()'
	[[ $stderr == *"HINT: No function matches"* ]]
	[[ $stderr == *"SQLSTATE: 42883"* && $stderr == *"REQUEST ID: "* ]]
}

@test "notices go to standard error with their place" {
	run -0 --separate-stderr acdb -q <<-'EOS'
	-- first a comment
	do $$ begin raise warning 'mind; this'; end $$;
	EOS
	[[ -z $output && $stderr == "<stdin>:1:1: WARNING: mind; this" ]]
}

@test "what pg_dump writes around its statements is understood" {
	run -3 --separate-stderr acdb -k -At <<-'EOS'
	\restrict word
	\x
	copy nope (a) from stdin;
	1	select 'x;
	\.
	select 'behind the data';
	\unrestrict word
	\x
	select 1 as one;
	EOS
	[ "${lines[0]}" = "behind the data" ]
	[ "${lines[2]}" = "one|1" ]
	[[ $stderr == *"<stdin>:2:1: ERROR: \\x: backslash commands are off"* ]]
	[[ $stderr == *"<stdin>:3:1: ERROR: COPY ... FROM STDIN"* ]]
}

@test "exit 1: a file that is not there, output that cannot be written" {
	run -1 acdb -f nowhere.sql
	[[ $output == *"nowhere.sql: No such file"* ]]
	run -1 acdb -o "$BATS_TEST_TMPDIR/no/where" -c 'select 1'
	[ -w /dev/full ] || skip "no /dev/full"
	run -1 --separate-stderr bash -c 'acdb -c "select 1" >/dev/full'
	[ "${#stderr_lines[@]}" -eq 1 ]
	for p in acdb acdbd acdb-keys acdb-migrate acdb-mcp; do
		run -1 bash -c "$p --help >/dev/full"
	done
	run -1 bash -c 'acdb doctor >/dev/full'
}

# What is opened later must not stand in for a stream that is closed.
@test "exit 1: standard input or output that is closed" {
	run -1 --separate-stderr timeout 20 bash -c 'exec acdb <&-'
	[ "$stderr" = "acdb: <stdin>: Bad file descriptor" ]
	run -1 --separate-stderr timeout 20 bash -c \
	    'exec acdb -c "select 1" <&- >&-'
	[[ $stderr == "acdb: cannot write: Bad file descriptor" ]]
	run -1 bash -c 'acdb doctor >&-'
	run -0 bash -c 'acdb -Atc "select 1" <&- 2>&-'
	[ "$output" = 1 ]
	run -3 bash -c 'acdb -Atc "selec 1" <&- 2>&-'
	[ -z "$output" ]
}

@test "exit 2: nobody there, tried again first" {
	run -2 acdb --url https://localhost:1 --key-file "$SRV/admin.key" \
	    --retries 1 --verbose -c 'select 1'
	[[ $output == *"trying again"*"Connection refused"* ]]
}

@test "exit 2: a certificate that is not trusted, and what to do" {
	run -2 env -u AGENTCOOPDB_CA_FILE acdb --url "https://127.0.0.1:$PORT" \
	    --key-file "$SRV/admin.key" -c 'select 1'
	[[ $output == *"not trusted"*"--ca-file"* ]]
	run -0 env -u AGENTCOOPDB_CA_FILE SSL_CERT_FILE="$SRV/tls/cert.pem" \
	    acdb --url "https://127.0.0.1:$PORT" \
	    --key-file "$SRV/admin.key" -c 'select 1'
}

@test "exit 4: a key that is none, one that is unknown" {
	run -4 env AGENTCOOPDB_API_KEY=nonsense acdb -c 'select 1'
	[[ $output == *AGENTCOOPDB_API_KEY* && $output != *nonsense* ]]
	run -4 env AGENTCOOPDB_API_KEY="acd_dev_$(printf 'x%.0s' {1..16})_$(
	    printf 'y%.0s' {1..32})" acdb -c 'select 1'
}

@test "blanks and line ends around a key are not of it" {
	local key
	key=$(cat "$SRV/admin.key")
	unset AGENTCOOPDB_API_KEY_FILE
	AGENTCOOPDB_API_KEY=$' \t'$key$'\r\n ' run -0 acdb -At -c 'select 1'
	[ "$output" = 1 ]
	printf '%s \r\n' "$key" >key && chmod 600 key
	run -0 acdb --key-file key -At -c 'select 1'
}

@test "exit 78: a configuration that others can read, or nobody" {
	cp -r "$XDG_CONFIG_HOME/acdb" . && chmod 644 acdb/config
	run -78 env XDG_CONFIG_HOME="$PWD" acdb local -c 'select 1'
	[[ $output == *"chmod 600"* ]]
	run -78 acdb --ca-file no.pem -c 'select 1'
	[[ $output == *"from no.pem: No such file"* ]]
	echo "no certificate" >text.pem
	run -78 acdb --ca-file text.pem -c 'select 1'
	[[ $output == *"from text.pem: it holds none in PEM"* ]]
	run -78 acdb --url http://192.0.2.1 --key-file "$SRV/admin.key" \
	    -c 'select 1'
	[[ $output == *"in the clear"* ]]
}

@test "permission denied is the SQL's, exit 3" {
	mint dbreader >reader.key && chmod 600 reader.key
	run -3 acdb --key-file reader.key -c 'table pg_authid'
	[[ $output == *"ERROR: permission denied for table pg_authid" ]]
}

@test "--read-only refuses to write" {
	run -0 acdb --read-only -At -c 'select 1'
	run -3 acdb --read-only -c 'create table no (a int)'
	[[ $output == *"read-only"* ]]
}

@test "--timeout is the statement's" {
	run -3 acdb --timeout 300ms -c 'select pg_sleep(20)'
	[[ $output == *"statement timeout"* ]]
	run -0 acdb --timeout 20s -q -c 'select pg_sleep(6)'
}

@test "a run again under its id does nothing twice" {
	acdb -q -c 'create table once (a int)'
	printf 'insert into once values (1);\ninsert into once values (1);\n' \
	    >twice.sql
	run -0 acdb --run-id "r-$$" -f twice.sql
	run -0 acdb --run-id "r-$$" -f twice.sql
	[ "$output" = $'INSERT 0 1\nINSERT 0 1' ]
	[ "$(acdb -At -c 'select count(*) from once')" = 2 ]
	run -0 acdb -f twice.sql
	[ "$(acdb -At -c 'select count(*) from once')" = 4 ]
}

@test "a rate limit is waited out" {
	mint dbuser --rate 5 --burst 2 >slow.key && chmod 600 slow.key
	for i in {1..8}; do echo "select $i;"; done >eight.sql
	run -0 --separate-stderr acdb --key-file slow.key --verbose -At \
	    -f eight.sql
	[ "${#lines[@]}" -eq 8 ]
	[[ $stderr == *"rate limited"* ]]
	run -6 acdb --key-file slow.key --retries 0 -f eight.sql
}

@test "statements run as they arrive; nothing is read ahead" {
	coproc SHELL_ { acdb -At; }
	local answer
	for i in 1 2 3; do
		echo "select $i;" >&"${SHELL_[1]}"
		read -r -t 20 answer <&"${SHELL_[0]}"
		[ "$answer" = "$i" ]
	done
	kill "$SHELL__PID"
}

@test "a hundred megabytes in constant memory" {
	[[ $O != *asan* ]] || skip "the sanitizer needs the addresses"
	awk 'BEGIN { for (i = 0; i < 200000; i++) s = s "x"
	    for (i = 0; i < 500; i++) print "select length(\047" s "\047);" }' |
	    (ulimit -v 150000 && acdb -qAt) | sort | uniq -c >counts
	[ "$(tr -s ' ' <counts)" = " 500 200000" ]
}

@test "a reader that leaves ends it by SIGPIPE, Ctrl-C by SIGINT" {
	run -0 bash -c 'acdb -At -c "select i from generate_series(1,99999) i" |
	    head -n 1; [ "${PIPESTATUS[0]}" -eq 141 ]'
	acdb -q -c 'create table stopped (a int)'
	# What a script starts in the background ignores SIGINT.
	env --default-signal=INT acdb \
	    -c 'insert into stopped select 1 from pg_sleep(4)' 2>err 3>&- &
	local acdb=$! code=0
	until_active 'into stopped' $acdb
	kill -INT $acdb
	wait $acdb || code=$?
	[ "$code" -eq 130 ]
	grep -q "OUTCOME: unknown" err && grep -q "IDEMPOTENCY KEY: " err
}

@test "exit 5: the answer lost for good; the same run finds out" {
	acdb -q -c 'create table lost (a int)'
	acdb --run-id "lost-$$" --retries 1 \
	    -c 'insert into lost select 1 from pg_sleep(3)' 2>err 3>&- &
	local acdb=$! code=0 pid workers
	until_active 'into lost' $acdb
	pid=$(server_pid)
	workers=$(pgrep -x acdbd -P "$pid")
	# None says what becomes of the others.
	kill -STOP $workers
	kill -9 "$pid" $workers
	wait $acdb || code=$?
	[ "$code" -eq 5 ]
	grep -q "IDEMPOTENCY KEY: lost-$$:1:" err
	server_up
	run -0 acdb --run-id "lost-$$" \
	    -c 'insert into lost select 1 from pg_sleep(3)'
	[ "$(acdb -At -c 'select count(*) from lost')" = 1 ]
}

@test "exit 5: the gateway does not know either" {
	acdb -q <<-'EOF'
	create table doubtful (a int);
	create function slowly() returns trigger language plpgsql
	    as $$begin perform pg_sleep(20); return null; end$$;
	create constraint trigger at_commit after insert on doubtful
	    deferrable initially deferred for each row
	    execute function slowly();
	EOF
	acdb --retries 0 -c 'insert into doubtful values (1)' 2>err 3>&- &
	local acdb=$! code=0 pid
	until pid=$(server_sql "select pid from pg_stat_activity
	    where wait_event = 'PgSleep'") && [ -n "$pid" ]; do
		kill -0 $acdb
	done
	kill -9 "$pid"
	wait $acdb || code=$?
	[ "$code" -eq 5 ]
	grep -q "OUTCOME: unknown" err
	until acdb -q -c 'select 1'; do :; done
}

@test "what another server says is told for what it is" {
	export AGENTCOOPDB_API_KEY
	AGENTCOOPDB_API_KEY=acd_dev_abcdefghijklmnop_$(printf 'A%.0s' {1..32})
	other_server 200
	run -2 acdb --url "$OTHER_URL" --retries 0 -c 'select 1'
	[[ $output == *"status 200, is not a gateway's"* ]]
	run -5 acdb --url "$OTHER_URL" --retries 0 -c 'insert into t values (1)'
	[[ $output == *"OUTCOME: unknown"* ]]
	run -7 acdb --url "$OTHER_URL" doctor
	[[ $output == *"not a gateway's"* ]]
	run -5 acdb-keys mint --name x --url "$OTHER_URL"
	run -2 acdb-keys list --url "$OTHER_URL"
	other_server 404
	run -2 acdb --url "$OTHER_URL" --retries 0 -c 'insert into t values (1)'
	[[ $output != *OUTCOME* ]]
	run -2 acdb-keys mint --name x --url "$OTHER_URL"
}

@test "doctor names what is wrong" {
	run -0 acdb doctor
	[[ ${lines[-1]} == "ok    key "*"role dbadmin"* ]]
	run -7 acdb doctor --url https://localhost:1 \
	    --key-file "$SRV/admin.key"
	[[ ${lines[-1]} == "FAIL  reach "* ]]
}

@test "at a terminal: a prompt that shows what is open, no secrets kept" {
	export XDG_STATE_HOME=$PWD
	run -0 expect -c '
	    set timeout 20
	    spawn acdb local
	    expect "local=> "  { send "select 6\r" }
	    expect "local-> "  { send "* 7 as n;\r" }
	    expect "42"
	    expect "local=> "  { send "select \x27acd_dev_secret\x27;\r" }
	    expect "local=> "  { send "select (\r" }
	    expect "local(> "  { send "\x03" }
	    expect "local=> "  { send "\\x\r" }
	    expect "Expanded display is on."
	    expect "local=> "  { send "\\q\r" }
	    expect eof
	    lassign [wait] pid id err code
	    exit $code'
	[ "$(stat -c %a acdb/history)" = 600 ]
	grep -q '7 as n' acdb/history
	run -1 grep acd_ acdb/history
}
