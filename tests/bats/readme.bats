# The commands of README.md do what it shows.
load helper

setup_file() {
	server_start
}

teardown_file() {
	server_end
}

teardown() {
	postgres_stop
}

# blocks KIND SCRIPT WANT: README's blocks of that kind as one script, which
# prints "@@ N" in front of the Nth; and what is expected, in the same form.
blocks() {
	awk -v kind="$1" -v script="$2" -v want="$3" '
	/^```/ && !open {
		open = substr($0, 4)
		if (open == kind) {
			n++
			print "echo @@ " n > script
			print "@@ " n > want
		}
		next
	}
	/^```$/ { open = ""; next }
	open == kind { print > script }
	open == "text" { print > want }' "$TOP/README.md"
}

@test "each block prints what stands below it" {
	cd "$BATS_TEST_TMPDIR"
	blocks sh script want
	# The same server, and the programs of the variant under test.
	sed -i "s|^\. build/up.env|. '$SRV.config/up.env'|; /^PATH=/d" script
	run -0 bash -u script
	# Only blocks with an answer below them promise one.
	awk 'NR == FNR { if (/^@@/) n = $2; else shown[n] = 1; next }
	    /^@@/ { n = $2 } shown[n]' want - <<<"$output" |
	    sed '/^acdb-keys: made /d; s/ *$//' >got
	awk 'NR == FNR { if (/^@@/) n = $2; else shown[n] = 1; next }
	    /^@@/ { n = $2 } shown[n]' want want >promised
	diff -u promised got
	[ "$(grep -c '^@@' promised)" -ge 6 ]
}

@test "a key of the README's is revoked at its end" {
	run -0 acdb-keys list --all --json
	[ "$(jq '[.[] | select(.name == "app" and .revoked_at != null)]
	    | length' <<<"$output")" -eq 1 ]
}

@test "an existing PostgreSQL is migrated, verified and served" {
	postgres_start "$(free_port)"
	postgres_sql 'CREATE DATABASE app'
	cd "$BATS_TEST_TMPDIR"
	blocks 'sh existing' script want
	cp "$SRV/tls/cert.pem" "$SRV/tls/key.pem" .
	sed -i "s|db.example.com:5432|127.0.0.1:$PGT_PORT|
	    s|the-superusers-password|$PGT_PASSWORD|
	    s|key.pem acdbd|key.pem acdbd --check|" script
	unset AGENTCOOPDB_GATEWAY_URL AGENTCOOPDB_API_KEY_FILE \
	    AGENTCOOPDB_CA_FILE
	run -0 bash -eu script
	[[ $(cat admin.key) =~ ^acd_dev_.{49}$ ]]
}
