#!/bin/bash
# Build PostgreSQL 17 and pgvector, once, from their original source
# archives, into the cache that pg-bindir.sh looks in.
#
# The archives come from Debian 13's source packages where Debian's archive
# is this machine's own (apt checks signatures and sums), else from the
# projects' own sites with checked sums.  Root's build runs as an
# unprivileged user.  What appears in the cache is complete: it is made
# beside it and renamed; two runs wait for one another.
set -u
# PostgreSQL makes its generated headers only where no other make calls it,
# and takes the caller's options.
unset MAKELEVEL MAKEFLAGS MFLAGS MAKEOVERRIDES
export LC_ALL=C
umask 022

debian_suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
pg_site=https://ftp.postgresql.org/pub/source
pgvector_site=https://github.com/pgvector/pgvector/archive/refs/tags
pgvector_version=0.8.0
pgvector_sha256=867a2c328d4928a5a9d6f052cd3bc78c7d60228a9b914ad32aa3db88e9de27b0
# What a dbadmin may install, and what the tests see refused.
contrib="pg_trgm btree_gin btree_gist citext fuzzystrmatch hstore intarray
    ltree pgcrypto unaccent uuid-ossp pg_stat_statements dblink file_fdw
    postgres_fdw tablefunc"

cache=$("${0%/*}/cache-dir.sh") || exit 1

say() {
	printf 'pg-build: %s\n' "$*" >&2
}

fail() {
	say "$*"
	exit 1
}

# Run as the unprivileged user that builds.
as_builder() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=nobody --regid=nogroup --clear-groups \
		    env HOME="$work" "$@"
	else
		"$@"
	fi
}

# Where this machine's own apt takes Debian from.
debian_mirrors() {
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
	    'Identifier: Packages' 2>/dev/null | sed -n 's/^Debian //p' |
	    sort -u
	# Without an index there is no label: Debian's own path then tells.
	apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' \
	    2>/dev/null | grep '/debian/*$' | sort -u
}

# apt with a state of its own: the machine's lists are left alone.
private_apt() {
	local apt=$work/apt
	as_builder "$1" -o Dir::State="$apt/state" \
	    -o Dir::State::Lists="$apt/lists" \
	    -o Dir::State::status=/var/lib/dpkg/status \
	    -o Dir::Cache="$apt/cache" \
	    -o Dir::Etc::SourceList="$apt/sources.list" \
	    -o Dir::Etc::SourceParts=- -qq "${@:2}" >>"$work/apt/log" 2>&1
}

from_debian() {
	local mirror
	command -v apt-get >/dev/null && [ -r "$keyring" ] || return 1
	as_builder mkdir -p "$work/apt/lists/partial" \
	    "$work/apt/cache/archives/partial" "$work/apt/state" || return 1
	for mirror in $(debian_mirrors); do
		echo "deb-src [signed-by=$keyring] $mirror $debian_suite main" \
		    >"$work/apt/sources.list"
		say "fetching Debian $debian_suite's source archives"
		private_apt apt-get update &&
		    (cd "$work/src" && private_apt apt-get source \
			--download-only postgresql-17 pgvector) && return 0
		tail -n 5 "$work/apt/log" >&2
	done
	return 1
}

# fetch URL FILE
fetch() {
	as_builder curl -fsSL --proto '=https' --retry 3 -o "$2" "$1"
}

from_projects() {
	local v sum
	rm -f "$work"/src/*		# half of what apt brought, maybe
	say "fetching PostgreSQL from $pg_site"
	v=$(curl -fsSL --proto '=https' "$pg_site/" |
	    grep -o 'v17\.[0-9]*/' | tr -d v/ | sort -uV | tail -n 1)
	[ -n "$v" ] || return 1
	(cd "$work/src" &&
	    fetch "$pg_site/v$v/postgresql-$v.tar.bz2" \
		"postgresql-17_$v.orig.tar.bz2" &&
	    fetch "$pg_site/v$v/postgresql-$v.tar.bz2.sha256" sum &&
	    sum=$(cut -d' ' -f1 sum) &&
	    echo "$sum  postgresql-17_$v.orig.tar.bz2" | sha256sum -c --quiet &&
	    fetch "$pgvector_site/v$pgvector_version.tar.gz" \
		"pgvector_$pgvector_version.orig.tar.gz" &&
	    echo "$pgvector_sha256  pgvector_$pgvector_version.orig.tar.gz" |
	    sha256sum -c --quiet)
}

# The options of configure that this machine's headers allow.
options() {
	echo "--with-ssl=openssl --with-zlib"
	pkg-config --exists liblz4 && echo --with-lz4
	pkg-config --exists libzstd && echo --with-zstd
	pkg-config --exists icu-uc icu-i18n && echo --with-icu ||
	    echo --without-icu
	pkg-config --exists uuid && echo --with-uuid=e2fs
	[ -e /usr/include/readline/readline.h ] || echo --without-readline
}

# Build in $work/pg and $work/vector, install below $work/stage.
build() {
	local m jobs
	jobs=$(nproc)
	cd "$work" && mkdir pg vector stage &&
	    tar -xf src/postgresql-17_*.orig.tar.* -C pg --strip-components=1 &&
	    tar -xf src/pgvector_*.orig.tar.* -C vector \
		--strip-components=1 || return 1
	cd pg || return 1
	# shellcheck disable=SC2046 # a list of words
	./configure --prefix="$prefix" $(options) || return 1
	make -s -j"$jobs" && make -s install DESTDIR="$work/stage" || return 1
	for m in $contrib; do
		make -s -j"$jobs" -C "contrib/$m" &&
		    make -s -C "contrib/$m" install DESTDIR="$work/stage" ||
		    return 1
	done
	cd ../vector || return 1
	# The staged pg_config finds its own directories beside itself.
	make -s -j"$jobs" PG_CONFIG="$work/stage$prefix/bin/pg_config" \
	    OPTFLAGS="" &&
	    make -s install PG_CONFIG="$work/stage$prefix/bin/pg_config"
}

mkdir -p "$cache" || exit 1
exec 9>"$cache/.lock" || exit 1
flock -n 9 || { say "waiting for another build"; flock 9; }
bindir=$("$(dirname "$0")/pg-bindir.sh") &&
    { say "PostgreSQL is in $bindir"; exit 0; }

rm -rf "$cache"/.build-*		# of a run that was killed
work=$(mktemp -d "$cache/.build-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$work/src" || exit 1
chmod 755 "$work"
[ "$(id -u)" -ne 0 ] || chown -R nobody:nogroup "$work"

from_debian || from_projects ||
    fail "no source of PostgreSQL 17 could be reached"
version=$(echo "$work"/src/postgresql-17_*.orig.tar.*)
version=${version##*/postgresql-17_}
version=${version%%.orig.tar.*}
prefix=$cache/postgresql-$version

say "building PostgreSQL $version with pgvector: some minutes, once"
export work prefix contrib
export -f build options
if ! as_builder bash -c build >"$cache/build.log" 2>&1 9>&-; then
	tail -n 25 "$cache/build.log" >&2
	fail "the build failed; all of it is in $cache/build.log"
fi
[ "$(id -u)" -ne 0 ] || chown -R 0:0 "$work/stage$prefix"
rm -rf "$prefix"
mv "$work/stage$prefix" "$prefix" || exit 1
say "PostgreSQL is in $prefix/bin"
