# The commands of doc/api.md do what it shows.
load helper

setup_file() {
	server_start
	database acdb-migrate example
}

teardown_file() {
	server_end
}

# What stands in blocks of sh becomes a script that prints "@@ N" in front of
# the Nth; what stands in blocks of text is expected, in the same form.
blocks() {
	awk '
	/^```/ && !open {
		open = substr($0, 4)
		if (open == "sh") {
			n++
			print "echo @@ " n > "script"
			print "@@ " n > "want"
		}
		next
	}
	/^```$/ { open = ""; next }
	open == "sh" { print > "script" }
	open == "text" { print > "want" }' "$TOP/doc/api.md"
}

@test "each block prints what stands below it" {
	cd "$BATS_TEST_TMPDIR"
	blocks
	# The same server, and the programs of the variant under test.
	sed -i "s|^\. build/up.env|. '$SRV.config/up.env'|; /^PATH=/d" script
	run --separate-stderr bash -u script
	diff -u want - <<<"$output"
	echo "$stderr"
	[ "$status" -eq 0 ] && [ -z "$stderr" ]
}
