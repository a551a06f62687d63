# The rate limit of a key, which all workers share.

load helper
load http

setup_file() {
	export AGENTCOOPDB_WORKERS=2
	server_start
	sql "CREATE TABLE hits (i int)" && ok
	same "$(metric agentcoopdb_workers)" 2
}

teardown_file() {
	server_end
}

limited() {
	database acdb-keys mint --role dbuser "$@"
}

remaining() {
	same "$(header x-ratelimit-limit) $(header x-ratelimit-remaining)" "$1"
}

@test "the default: 60 a second, 120 at once" {
	KEY=$(limited)
	ask GET /v1/me && ok && remaining "60 119"
	# Of every authenticated answer, whatever it says.
	sql "SELECT 1" && value 1
	[[ $(header x-ratelimit-limit) == 60 ]]
	[[ $(header x-ratelimit-remaining) =~ ^1[01][0-9]$ ]]
	sql "SELEC" && refused 400 parse_error
	[[ $(header x-ratelimit-remaining) =~ ^1[01][0-9]$ ]]
	ask GET /v1/audit && refused 403 permission_denied
	[[ $(header x-ratelimit-remaining) =~ ^1[01][0-9]$ ]]
	ask POST /v1/sql/execute nope && refused 400 invalid_json
	[[ $(header x-ratelimit-remaining) =~ ^1[01][0-9]$ ]]
	KEY='' ask GET /v1/me && refused 401 missing_or_invalid_api_key
	remaining " "
	KEY='' ask GET /healthz && ok && remaining " "
}

@test "an empty bucket is 429, with the seconds to wait, and nothing done" {
	KEY=$(limited --rate 0.05 --burst 3)
	before=$(metric agentcoopdb_rate_limited_total)
	for left in 2 1 0; do
		sql "INSERT INTO hits VALUES (1)" && ok && remaining "1 $left"
	done
	for _ in 1 2; do
		sql "INSERT INTO hits VALUES (1)"
		refused 429 rate_limited '*0.05*'
		remaining "1 0"
		has '"retryable":true'
		[[ $(header retry-after) =~ ^(19|20)$ ]]
	done
	ask GET /v1/me && refused 429 rate_limited
	[ "$(metric agentcoopdb_rate_limited_total)" = $((before + 3)) ]
	same "$(server_sql "SELECT count(*) FROM public.hits WHERE i = 1")" 3
	# Another key is not concerned.
	unset KEY
	sql "SELECT 1" && ok
}

@test "the bucket fills again, and Retry-After says when" {
	KEY=$(limited --rate 2 --burst 1)
	ask GET /v1/me && ok && remaining "2 0"
	ask GET /v1/me && refused 429 rate_limited
	same "$(header retry-after)" 1
	served() {
		ask GET /v1/me && [ "$status" = 200 ]
	}
	began=${EPOCHREALTIME/./}
	until_true served
	[ $((${EPOCHREALTIME/./} - began)) -lt 3000000 ]
}

@test "the workers share a key's bucket" {
	key=$(limited --rate 0.01 --burst 20)
	for i in {1..60}; do
		[ "$i" = 1 ] || echo next
		printf 'url = "%s/v1/me"\noutput = /dev/null\n' "$URL"
		printf 'cacert = "%s/tls/cert.pem"\n' "$SRV"
		printf 'write-out = "%%{http_code} %%{num_connects}\\n"\n'
		printf 'header = "Authorization: Bearer %s"\n' "$key"
		# One connection each, so that both workers get some.
		printf 'header = "Connection: close"\n'
	done >"$BATS_TEST_TMPDIR/config"
	curl -sSZ --parallel-immediate --parallel-max 60 \
	    -K "$BATS_TEST_TMPDIR/config" | sort | uniq -c |
	    awk '{ print $1, $2, $3 }' >"$BATS_TEST_TMPDIR/found"
	cat "$BATS_TEST_TMPDIR/found"
	same "$(cat "$BATS_TEST_TMPDIR/found")" $'20 200 1\n40 429 1'
}

@test "no limit, no headers" {
	KEY=$(limited --rate 0)
	for _ in {1..5}; do
		ask GET /v1/me && ok && remaining " "
	done
}

@test "a limit of its own is a key's; a larger one is served" {
	KEY=$(limited --rate 1000 --burst 1000)
	ask GET /v1/me && ok && remaining "1000 999"
	KEY=$(limited --rate 10)
	ask GET /v1/me && ok && remaining "10 19"
	KEY=$(limited --rate 4294967296 --burst 8000000000)
	ask GET /v1/me && ok && remaining "4294967295 4294967295"
}

@test "a key that replaces itself gains no rate by it" {
	local taken=0
	KEY=$(limited --rate 0.01 --burst 6)
	# Each is fresh, and each one before is still good.
	for _ in {1..6}; do
		ask POST /v1/auth/keys/rotate
		[ "$status" = 200 ] || break
		KEY=$(jq -r .token <<<"$body")
		taken=$((taken + 1))
	done
	same "$taken" 6
	ask POST /v1/auth/keys/rotate && refused 429 rate_limited
	ask GET /v1/me && refused 429 rate_limited
	# Nor does one that was replaced a while ago.
	server_sql "UPDATE acdb.api_keys SET revoked_at = now()
	    WHERE rate_of IS NULL AND rate_burst = 6"
	ask GET /v1/me && refused 429 rate_limited
}
