# Which PostgreSQL is taken, and that nothing is done when nothing is to do.
bats_require_minimum_version 1.5.0
load helper

# fake DIR VERSION: what looks like an installation of that version.
fake() {
	mkdir -p "$1/bin" "$1/share/extension"
	printf '#!/bin/sh\necho "postgres (PostgreSQL) %s"\n' "$2" \
	    >"$1/bin/postgres"
	cp "$1/bin/postgres" "$1/bin/initdb"
	chmod 755 "$1"/bin/*
	: >"$1/share/extension/vector.control"
}

@test "an installation that is named is taken first" {
	fake "$BATS_TEST_TMPDIR/pg" "16.3 (Debian 16.3-1)"
	AGENTCOOPDB_PG_BINDIR=$BATS_TEST_TMPDIR/pg/bin \
	    run -0 "$TOP/deploy/local/pg-bindir.sh"
	[ "$output" = "$BATS_TEST_TMPDIR/pg/bin" ]
}

@test "a server older than 16 is not taken" {
	fake "$BATS_TEST_TMPDIR/pg" 15.20
	AGENTCOOPDB_PG_BINDIR=$BATS_TEST_TMPDIR/pg/bin \
	    run -0 "$TOP/deploy/local/pg-bindir.sh"
	[ "$output" != "$BATS_TEST_TMPDIR/pg/bin" ]
}

@test "a server without pgvector is not taken" {
	fake "$BATS_TEST_TMPDIR/pg" 99beta1
	rm "$BATS_TEST_TMPDIR/pg/share/extension/vector.control"
	AGENTCOOPDB_PG_BINDIR=$BATS_TEST_TMPDIR/pg/bin \
	    run -0 "$TOP/deploy/local/pg-bindir.sh"
	[ "$output" != "$BATS_TEST_TMPDIR/pg/bin" ]
}

@test "deps does nothing and says nothing when all is there" {
	run -0 "$TOP/deploy/local/deps.sh"
	[ -z "$output" ]
	run -0 "$TOP/deploy/local/deps.sh" --print-bindir
	[ -x "$output/postgres" ]
}

@test "an option that deps does not know is refused" {
	run -64 "$TOP/deploy/local/deps.sh" --what
}
