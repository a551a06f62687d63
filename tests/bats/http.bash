# For the bats files that speak HTTP to a server of helper.bash: a call
# leaves what came back in $status, $body and the file $HEAD.
# shellcheck shell=bash

HEAD=${BATS_FILE_TMPDIR:-/tmp}/head

# ask METHOD PATH [BODY [CURL OPTION...]]: with the key in $KEY, with none
# where it is "", with server_start's where it is not set.
ask() {
	local answer data=()
	[ -z "${3:-}" ] || data=(--data-raw "$3")
	answer=$(curl -sS --max-time 60 -X "$1" --cacert "$SRV/tls/cert.pem" \
	    -D "$HEAD" -w '\n%{http_code}' -K <(key_header) "${data[@]}" \
	    "${@:4}" "$URL$2") || return
	status=${answer##*$'\n'}
	body=${answer%$'\n'*}
}

key_header() {
	local key
	[ -n "${KEY-none}" ] || return 0
	key=${KEY:-$(<"$SRV/admin.key")}
	printf 'header = "Authorization: Bearer %s"\n' "$key"
}

# sql TEXT [PARAMS [MEMBERS [CURL OPTION...]]]: PARAMS is a JSON array,
# MEMBERS what else stands in the request's object.
sql() {
	ask POST /v1/sql/execute "$(request "$@")" "${@:4}"
}

request() {
	printf '{"sql":%s%s%s}' "$(json_string "$1")" \
	    "${2:+,\"params\":$2}" "${3:+,$3}"
}

json_string() {
	local s=${1//\\/\\\\}
	s=${s//\"/\\\"}
	s=${s//$'\n'/\\n} s=${s//$'\r'/\\r}
	printf '"%s"' "${s//$'\t'/\\t}"
}

# Each of these tells what it found instead and fails.
same() {
	[ "$1" = "$2" ] || {
		printf 'found:  %s\nwanted: %s\n' "$1" "$2"
		return 1
	}
}

# ok: the call was answered with 200.
ok() {
	same "$status" 200 || {
		echo "$body"
		return 1
	}
}

# has TEXT: the body holds it to the letter.
has() {
	[[ $body == *"$1"* ]] || {
		printf 'wanted: %s\nin: %s\n' "$1" "$body"
		return 1
	}
}

# is FILTER JSON: of the body, by jq (which rounds numbers; see rows).
is() {
	same "$(jq -c "$1" <<<"$body")" "$2" || {
		echo "$1 of: $body"
		return 1
	}
}

# rows JSON: the rows of a 200 to the letter.
rows() {
	local found=${body#*\"rows\":}
	ok && same "${found%,\"rows_affected\"*}" "$1"
}

# value JSON: the one value of a 200 to the letter.
value() {
	rows "[[$1]]"
}

# refused STATUS TITLE [PATTERN]: by a problem document whose detail is like
# the glob pattern.
refused() {
	local detail='"detail":"(([^"\]|\\.)*)"'
	local id="\"request_id\":\"$(header x-request-id)\"}"
	same "$status ${body%%,\"detail\"*}" "$1 {$(
	    printf '"type":"urn:agentcoopdb:problem:%s","title":"%s",' \
		"$2" "$2")\"status\":$1" || {
		echo "$body"
		return 1
	}
	same "$(header content-type)" application/problem+json || return 1
	[[ $body =~ $detail ]]
	detail=${BASH_REMATCH[1]//\\\"/\"}
	# shellcheck disable=SC2053 # a pattern
	[[ $detail == ${3:-?*} && $body == *"$id" ]] || {
		printf 'wanted: %s ... %s\n' "$3" "$id"
		echo "$body"
		return 1
	}
}

# header NAME (in lower case): its value, or nothing.
header() {
	local line
	while IFS= read -r line; do
		line=${line%$'\r'}
		if [[ ${line,,} == "$1: "* ]]; then
			echo "${line#*: }"
		fi
	done <"$HEAD"
}

metric() {
	curl -sS --cacert "$SRV/tls/cert.pem" "$URL/metrics" |
	    awk -v name="$1" '$1 == name { print $2 }'
}

# The function meet(N) for statements that must overlap: it returns when it
# has been called N times.  (A sequence is seen at once by everybody.)
meeting_place() {
	sql "CREATE SEQUENCE arrivals" && ok &&
	    sql "CREATE FUNCTION meet(n int) RETURNS void LANGUAGE plpgsql
	    AS \$\$BEGIN
	    PERFORM nextval('arrivals');
	    WHILE (SELECT last_value < n FROM arrivals) LOOP
		PERFORM pg_sleep(0.01);
	    END LOOP; END\$\$" && ok
}
