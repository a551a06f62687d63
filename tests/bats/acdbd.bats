# acdbd from outside: options, refusals, sockets, signals.
#
# No database is needed for any of this: acdbd starts without one and says
# so on /readyz.  What runs through to PostgreSQL is in drain.bats.

load helper

setup() {
	D=$BATS_TEST_TMPDIR
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT
	export AGENTCOOPDB_DATABASE_URL=postgres://agentcoopdb_gateway@127.0.0.1:1/x
	export AGENTCOOPDB_GATEWAY_PASSWORD=not-used-in-any-database
	export AGENTCOOPDB_MIGRATE_ON_START=false
	export AGENTCOOPDB_HTTP_ADDR=127.0.0.1:$PORT
	export AGENTCOOPDB_LOG_FORMAT=text
	export AGENTCOOPDB_WORKERS=2
	PID=
}

teardown() {
	if [ -n "$PID" ] && [ -d "/proc/$PID" ]; then
		kill -KILL "$PID" || true
		wait "$PID" || true
	fi
}

# Start acdbd and wait until it answers.
start() {
	"$@" acdbd 2>"$D/log" 3>&- &
	PID=$!
	until_answers
}

until_answers() {
	for _ in {1..1000}; do
		fetch /healthz >"$D/out" 2>/dev/null && return
		[ -d "/proc/$PID" ] || break
		sleep 0.02
	done
	cat "$D/log"
	return 1
}

fetch() {
	curl -sS --fail --max-time 5 --noproxy '*' \
	    ${CA:+--cacert "$CA"} "$URL$1"
}

workers() {
	pgrep -P "$PID"
}

# The server's certificate's common name, as a client sees it.
served_name() {
	openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null |
	    openssl x509 -noout -subject 2>/dev/null
}

serves_name() {
	# Version 3.2 of openssl leaves out the blanks.
	[[ $(served_name) =~ CN\ ?=\ ?$1$ ]]
}

make_cert() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -config /dev/null -subj "/CN=$1" \
	    -addext subjectAltName=IP:127.0.0.1 \
	    -keyout "$D/$1.key" -out "$D/$1.pem" 2>/dev/null
}

use_cert() {
	cp "$D/$1.key" "$D/key.pem.new" && mv "$D/key.pem.new" "$D/key.pem"
	cp "$D/$1.pem" "$D/cert.pem.new" && mv "$D/cert.pem.new" "$D/cert.pem"
}

with_tls() {
	make_cert one
	use_cert one
	chmod 600 "$D"/*.key "$D/key.pem"
	export AGENTCOOPDB_TLS_CERT=$D/cert.pem AGENTCOOPDB_TLS_KEY=$D/key.pem
	URL=https://127.0.0.1:$PORT
	CA=$D/cert.pem
}

@test "--help goes to standard output" {
	run --separate-stderr -0 acdbd --help
	[[ $output == "usage: acdbd"* ]]
	[ -z "$stderr" ]
}

@test "--version names the program and its version" {
	run --separate-stderr -0 acdbd --version
	[[ $output == "acdbd "[0-9]* ]]
}

@test "a bad option is a usage error on standard error" {
	run --separate-stderr -64 acdbd --no-such-option
	[ -z "$output" ]
	[[ $stderr == *"Try acdbd --help."* ]]
	run --separate-stderr -64 acdbd argument
	run --separate-stderr -64 acdbd --inetd --embedded
}

@test "--help-env has every variable, also without an environment" {
	run --separate-stderr -0 env -i "$BIN/acdbd" --help-env
	for name in DATABASE_URL GATEWAY_PASSWORD HTTP_ADDR IDEMPOTENCY_TTL \
	    USER; do
		[[ $output == *"AGENTCOOPDB_$name"* ]]
	done
}

@test "every variable of --help-env is in the manual page, and no other" {
	acdbd --help-env | grep -o '^AGENTCOOPDB_[A-Z_]*' | sort >"$D/a"
	grep -o '^\.It Ev AGENTCOOPDB_[A-Z_]*' "$TOP/doc/man/acdbd.8" |
	    cut -d' ' -f3 | sort >"$D/b"
	diff "$D/a" "$D/b"
}

@test "an invalid value is one line that names it and what it accepts" {
	AGENTCOOPDB_READ_TIMEOUT=soon run --separate-stderr -78 acdbd
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "acdbd: AGENTCOOPDB_READ_TIMEOUT is \"soon\", but"* ]]
	AGENTCOOPDB_NO_SUCH=1 run --separate-stderr -78 acdbd
	[[ $stderr == *AGENTCOOPDB_NO_SUCH* ]]
	AGENTCOOPDB_DB_HOST=x AGENTCOOPDB_READ_TIMEOUT=soon \
	    run --separate-stderr -78 acdbd
	[[ ${stderr_lines[0]} == *warn*DB_HOST* ]]
}

@test "an unreadable key file stops the start" {
	with_tls
	rm "$D/key.pem"
	run --separate-stderr -78 acdbd
	[[ $stderr == "acdbd: AGENTCOOPDB_TLS_KEY: cannot read $D/key.pem: "* ]]
	echo garbage >"$D/key.pem"
	run --separate-stderr -78 acdbd
	AGENTCOOPDB_GATEWAY_PASSWORD='' \
	    AGENTCOOPDB_GATEWAY_PASSWORD_FILE=/nonexistent \
	    run --separate-stderr -78 acdbd
	[[ $stderr == *AGENTCOOPDB_GATEWAY_PASSWORD_FILE*/nonexistent* ]]
}

@test "a port in use is named" {
	start
	run --separate-stderr -1 acdbd
	[[ $stderr == *"cannot listen on 127.0.0.1:$PORT: Address already"* ]]
}

@test "plaintext away from loopback is refused" {
	AGENTCOOPDB_HTTP_ADDR=0.0.0.0:$PORT run --separate-stderr -78 acdbd
	[[ $stderr == *AGENTCOOPDB_INSECURE_HTTP* ]]
	AGENTCOOPDB_METRICS_ADDR=:0 run --separate-stderr -78 acdbd
	[[ $stderr == *AGENTCOOPDB_METRICS_ADDR* ]]
	AGENTCOOPDB_HTTP_ADDR=0.0.0.0:$PORT start \
	    env AGENTCOOPDB_INSECURE_HTTP=true
}

@test "--check looks at the settings, then at the database" {
	run --separate-stderr -2 acdbd --check
	[[ $output == *"ok	settings"* ]]
	[[ $stderr == *database* ]]
	# The URL is not what --embedded would serve.
	run --separate-stderr -0 acdbd --check --embedded="$D/none"
	[[ $output == *"ok	database: its own"* ]]
	run -64 acdbd --check --inetd </dev/null
	run -64 acdbd --inetd --check </dev/null
	AGENTCOOPDB_HTTP_ADDR=0.0.0.0:1 run --separate-stderr -78 acdbd --check
}

@test "it starts without its database and says so" {
	start
	[[ $(fetch /healthz) == '{"status":"ok","version":{"version":"'* ]]
	run -22 fetch /readyz
	[[ $(curl -s "$URL/readyz") == '{"status":"starting","reason":"'* ]]
}

@test "SIGTERM ends it, and the port is free" {
	start
	pids=$(workers)
	kill -TERM "$PID"
	wait "$PID"
	for pid in $pids; do
		[ ! -d "/proc/$pid" ]
	done
	run ! fetch /healthz
	grep -q "info: stopped" "$D/log"
}

@test "a worker that crashes is started again" {
	start
	victim=$(workers | head -n 1)
	kill -KILL "$victim"
	replaced() {
		! workers | grep -qx "$victim" && [ "$(workers | wc -l)" -eq 2 ]
	}
	until_true replaced
	grep -q 'worker ended unexpectedly.*by="signal 9"' "$D/log"
	until_true eval "fetch /metrics |
	    grep -qx 'agentcoopdb_worker_restarts_total 1'"
	until_true eval \
	    'fetch /metrics | grep -qx "agentcoopdb_workers 2"'
}

@test "workers do not outlive a master that is killed" {
	start
	pids=$(workers)
	kill -KILL "$PID"
	wait "$PID" || true
	for pid in $pids; do
		until_true [ ! -d "/proc/$pid" ]
	done
}

@test "workers have no privileges, and the password is out of sight" {
	start
	for pid in $(workers); do
		grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
		if [ "$(id -u)" -eq 0 ]; then
			run ! grep -q '^Uid:.0' "/proc/$pid/status"
			grep -q '^CapEff:.0*$' "/proc/$pid/status"
		fi
	done
	run ! grep -aq not-used-in-any-database "/proc/$PID/environ"
}

@test "SIGHUP and a change of the files bring a new certificate" {
	with_tls
	start
	serves_name one
	make_cert two
	use_cert two
	kill -HUP "$PID"
	until_true serves_name two
	make_cert three
	use_cert three
	until_true serves_name three
	fetch /healthz
}

@test "a bad new certificate is logged, and the old one stays" {
	with_tls
	start
	echo garbage >"$D/cert.pem"
	kill -HUP "$PID"
	until_true grep -q "the certificate in use stays" "$D/log"
	serves_name one
	use_cert one
	kill -HUP "$PID"
	CA=$D/one.pem fetch /healthz
}

@test "SIGHUP brings a new log level" {
	echo info >"$D/level"
	AGENTCOOPDB_LOG_LEVEL_FILE=$D/level start
	echo error >"$D/level"
	kill -HUP "$PID"
	quiet() {
		: >"$D/log"
		fetch /healthz >/dev/null
		fetch /healthz >/dev/null
		! grep -q "route=/healthz" "$D/log"
	}
	until_true quiet
}

@test "metrics on an address of their own are nowhere else" {
	local port
	port=$(free_port)
	AGENTCOOPDB_METRICS_ADDR=127.0.0.1:$port start
	run -22 fetch /metrics
	curl -sS --fail "http://127.0.0.1:$port/metrics" | grep -q build_info
	run -22 curl -sS --fail "http://127.0.0.1:$port/healthz"
	run -22 curl -sS --fail -d '{"sql":"SELECT 1"}' \
	    "http://127.0.0.1:$port/v1/sql/execute"
}

@test "metrics can be turned off" {
	AGENTCOOPDB_METRICS_ENABLED=false start
	run -22 fetch /metrics
}

@test "it takes the sockets of systemd and tells it when it is ready" {
	cat >"$D/activate.py" <<-'EOP'
	import os, socket, sys
	path, port = sys.argv[1], int(sys.argv[2])
	note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	note.bind(path)
	note.settimeout(10)
	s = socket.socket()
	s.bind(("127.0.0.1", port))
	s.listen()
	if (pid := os.fork()) == 0:
	    os.dup2(s.fileno(), 3)
	    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()),
	        NOTIFY_SOCKET=path)
	    os.execvp(sys.argv[3], sys.argv[3:])
	s.close()
	print(pid, flush=True)
	while True:
	    text = note.recv(4096).decode()
	    print(text.split("\n")[0], flush=True)
	    if text.startswith("STOPPING=1"):
	        break
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOP
	AGENTCOOPDB_HTTP_ADDR=127.0.0.1:1 python3 "$D/activate.py" \
	    "$D/notify" "$PORT" acdbd >"$D/notes" 2>"$D/log" 3>&- &
	helper=$!
	until_true grep -q READY=1 "$D/notes"
	fetch /healthz
	kill -TERM "$(head -n 1 "$D/notes")"
	wait "$helper"
	grep -q STOPPING=1 "$D/notes"
}

@test "--inetd serves one connection on its standard input and output" {
	printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
	    acdbd --inetd >"$D/out" 2>"$D/log"
	head -n 1 "$D/out" | grep -q '^HTTP/1.1 200 OK'
	grep -q '"status":"ok"' "$D/out"
}

# Until one is let in: what start() asked by may still be counted.
hold() {
	local line
	exec {held}<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' >&"$held"
	read -r line <&"$held"
	[[ $line == *" 200 "* ]]
}

@test "too many connections are told so" {
	AGENTCOOPDB_MAX_CONNECTIONS_PER_ADDRESS=2 start
	until_true hold && one=$held
	until_true hold && two=$held
	turned_away() {
		[ "$(curl -s -o "$D/out" -w '%{http_code}' "$URL/healthz")" \
		    = 503 ]
	}
	until_true turned_away
	grep -q too_many_connections "$D/out"
	exec {one}>&- {two}>&-
	until_true fetch /healthz
	fetch /metrics | grep -q '^agentcoopdb_connections_refused_total [1-9]'
}

@test "out of descriptors it pauses and goes on" {
	AGENTCOOPDB_WORKERS=1 start prlimit --nofile=24:24
	for i in {1..30}; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT" && fds[i]=$fd
	done
	until_true grep -q "cannot accept connections, pausing" "$D/log"
	for i in "${!fds[@]}"; do
		fd=${fds[i]}
		exec {fd}>&-
	done
	until_true fetch /healthz
	[ "$(grep -c pausing "$D/log")" -lt 200 ]
}
