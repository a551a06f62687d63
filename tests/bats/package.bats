# What "make deb" and "make dist" make.
load helper

setup() {
	[[ $O != *asan* ]] || skip "a package is of the release"
}

# made TARGET: the file that it names
made() {
	make -s --no-print-directory -C "$TOP" "$@" | tail -n 1
}

@test "the package has what make install puts below /usr, and no more" {
	local deb tree=$BATS_TEST_TMPDIR/tree other=$BATS_TEST_TMPDIR/other name
	deb=$(made deb)
	dpkg-deb -x "$deb" "$tree"
	made install PREFIX=/usr DESTDIR="$other"
	# As there, but for the place of the settings and packed pages.
	[ "$(cd "$tree" && find . -type f | sed 's/\.gz$//' | sort)" = \
	    "$(cd "$other" && find . -type f | sort)" ]
	[ "$(stat -c %a "$tree/etc/agentcoopdb")" = 750 ]
	[ -z "$(dpkg-deb -c "$deb" | grep -v ' root/root ')" ]
	for name in acdbd acdb acdb-mcp acdb-keys acdb-migrate; do
		run -0 "$tree/usr/bin/$name" --version
		[[ $output == "$name $(cat "$TOP/VERSION")"* ]]
	done
	[ "$(dpkg-deb -f "$deb" Version)" = "$(cat "$TOP/VERSION")" ]
	[[ $(dpkg-deb -f "$deb" Depends) == *libpq5* ]]
	for name in postinst prerm postrm; do
		dpkg-deb -I "$deb" $name | sh -n
	done
	cp "$deb" "$BATS_TEST_TMPDIR/first.deb"
	cmp "$(umask 077; made deb)" "$BATS_TEST_TMPDIR/first.deb"
}

@test "the archive has the last commit's files, and builds as that commit" {
	local archive
	git -C "$TOP" rev-parse -q --verify HEAD || skip "not under git"
	archive=$TOP/$(made dist)
	cd "$BATS_TEST_TMPDIR"
	tar xzf "$archive"
	cd agentcoopdb-*
	[ "$(find . -type f | sort)" = "$({ git -C "$TOP" ls-tree -r \
	    --name-only HEAD | sed 's|^|./|'; echo ./COMMIT; } | sort)" ]
	make -s VERSION=9.9.9 build/release/lib/version.o
	grep -q "$(git -C "$TOP" rev-parse --short=12 HEAD)" \
	    build/release/lib/version.o
}
