#!/usr/bin/env bats
# HTTP and TLS as clients speak them, against a real server.

load helper

setup_file() {
	server_start
}

teardown_file() {
	server_end
}

# curl with the server's certificate and the administrator's key.
ask() {
	printf 'header = "Authorization: Bearer %s"\n' \
	    "$(cat "$SRV/admin.key")" |
	    curl -sS -K - --max-time 60 --cacert "$SRV/tls/cert.pem" "$@"
}

tls() {
	openssl s_client -quiet -verify_return_error \
	    -CAfile "$SRV/tls/cert.pem" -connect "localhost:$PORT" "$@"
}

@test "a body over the limit is a 413, also to who sends it all first" {
	head -c 2097152 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/body"
	run -0 ask -o /dev/null -w '%{http_code}' \
	    --data-binary "@$BATS_TEST_TMPDIR/body" "$URL/v1/sql/execute"
	[ "$output" = 413 ]
	run -0 ask -o /dev/null -w '%{http_code}' -H Expect: \
	    --data-binary "@$BATS_TEST_TMPDIR/body" "$URL/v1/sql/execute"
	[ "$output" = 413 ]
	run -0 ask -o /dev/null -w '%{http_code}' \
	    -H 'Transfer-Encoding: chunked' \
	    --data-binary "@$BATS_TEST_TMPDIR/body" "$URL/v1/sql/execute"
	[ "$output" = 413 ]
	run -0 python3 - "$PORT" "$SRV/tls/cert.pem" "$SRV/admin.key" <<-'EOF'
	import http.client, ssl, sys
	c = http.client.HTTPSConnection("localhost", int(sys.argv[1]),
	    context=ssl.create_default_context(cafile=sys.argv[2]))
	c.request("POST", "/v1/sql/execute", body=b"x" * (2 << 20),
	    headers={"Authorization": open(sys.argv[3]).read().strip()})
	print(c.getresponse().status)
	EOF
	[ "$output" = 413 ]
}

@test "a body may come in chunks, and after 100 Continue" {
	local sql='{"sql":"SELECT $1::text","params":["x"]}'
	run -0 ask -H 'Transfer-Encoding: chunked' -d "$sql" \
	    "$URL/v1/sql/execute"
	[[ $output == *'"rows":[["x"]]'* ]]
	run -0 ask -v -H 'Expect: 100-continue' -d "$sql" \
	    "$URL/v1/sql/execute"
	[[ $output == *'HTTP/1.1 100 Continue'* ]]
	[[ $output == *'"rows":[["x"]]'* ]]
}

@test "a connection is kept from call to call" {
	local sql='{"sql":"SELECT 1"}'
	run -0 ask -o /dev/null -o /dev/null -o /dev/null \
	    -w '%{http_code} %{num_connects}\n' -d "$sql" \
	    "$URL/v1/sql/execute" "$URL/v1/sql/execute" "$URL/v1/sql/execute"
	[ "$output" = $'200 1\n200 0\n200 0' ]
}

@test "pipelined calls are answered in order" {
	local key sql one request=
	key=$(cat "$SRV/admin.key")
	for n in 1 2 3; do
		sql="{\"sql\":\"SELECT $n FROM pg_sleep(0.$((4 - n)))\"}"
		printf -v one '%s\r\n' 'POST /v1/sql/execute HTTP/1.1' \
		    'Host: localhost' "Authorization: $key" \
		    "Content-Length: ${#sql}" ''
		request+=$one$sql
	done
	request+=$'GET /healthz HTTP/1.0\r\n\r'	# and <<< adds LF
	run -0 --separate-stderr tls <<<"$request"
	[ "$(grep -o '"rows":\[\[[0-9]\]\]\|"status":"ok"' <<<"$output" |
	    tr '\n' ' ')" = \
	    '"rows":[[1]] "rows":[[2]] "rows":[[3]] "status":"ok" ' ]
}

@test "a client that goes away has its statement cancelled" {
	local sql='{"sql":"SELECT pg_sleep(59.25)","timeout_ms":60000}' running=1
	local find="SELECT count(*) FROM pg_stat_activity
	    WHERE state = 'active' AND query LIKE '%59.25%'
	    AND pid <> pg_backend_pid()"
	sed 's/.*/header = "Authorization: &"/' "$SRV/admin.key" \
	    >"$BATS_TEST_TMPDIR/curlrc"
	curl -sS -K "$BATS_TEST_TMPDIR/curlrc" --cacert "$SRV/tls/cert.pem" \
	    -d "$sql" "$URL/v1/sql/execute" 3>&- >/dev/null 2>&1 &
	local client=$!
	for _ in {1..100}; do
		running=$(server_sql "$find")
		[ "$running" = 0 ] || break
	done
	[ "$running" = 1 ]
	kill $client
	wait $client || true
	ended() {
		[ "$(server_sql "$find")" = 0 ]
	}
	until_true ended		# long before the sleep is over
}

# No connection to the database is there yet when its one request is.
@test "inetd: the first request is served, not sent away" {
	local head="Host: x\r\nConnection: close\r\nAuthorization: Bearer $(
	    cat "$SRV/admin.key")\r\n" body='{"sql":"SELECT 6 * 7"}'
	run -0 --separate-stderr database timeout 20 acdbd --inetd < <(
	    printf "GET /v1/me HTTP/1.1\r\n$head\r\n")
	[[ $output == "HTTP/1.1 200"*'"role":"dbadmin"'* ]]
	run -0 --separate-stderr database timeout 20 acdbd --inetd < <(
	    printf "POST /v1/sql/execute HTTP/1.1\r\n${head}%s\r\n\r\n%s" \
	    "Content-Length: ${#body}" "$body")
	[[ $output == "HTTP/1.1 200"*'"rows":[[42]]'* ]]
}

@test "TLS 1.2 and 1.3 are spoken, older versions are not" {
	for version in 1.2 1.3; do
		run -0 ask --tlsv$version --tls-max $version -o /dev/null \
		    -w '%{http_code}' "$URL/healthz"
		[ "$output" = 200 ]
	done
	run -35 ask --tlsv1.0 --tls-max 1.1 --ciphers ALL:@SECLEVEL=0 \
	    "$URL/healthz"
}

@test "HTTP on the TLS port is told to use https" {
	run -0 curl -sS -w '\n%{http_code}' "http://localhost:$PORT/healthz"
	[[ $output == *'use https://'*400 ]]
}
