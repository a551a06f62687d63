#!/bin/bash
# What Agentic Coop DB needs to be built and run on this machine: compiler,
# libraries, and PostgreSQL 16 or newer with pgvector.
#
# usage: deps.sh [--check] [--print-bindir]
#	--check		also what "make check" uses
#	--print-bindir	print the directory of PostgreSQL's programs, last
#
# PostgreSQL is taken from where it is found (pg-bindir.sh), else from the
# distribution's packages, else it is built once (pg-build.sh).  Nothing is
# asked for and nothing is said when there is nothing to do.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C

need="gcc make libc6-dev pkg-config libpq-dev libpg-query-dev
    libcurl4-openssl-dev libssl-dev libreadline-dev zlib1g-dev libzstd-dev
    openssl curl ca-certificates"
need_check="git bats dpkg-dev procps jq python3 expect socat clang shellcheck
    mandoc"
need_source="bzip2 xz-utils tar bison flex perl liblz4-dev uuid-dev
    debian-archive-keyring"

check='' bindir=''
for arg; do
	case $arg in
	--check)	check=1 ;;
	--print-bindir)	bindir=1 ;;
	*)	echo "usage: deps.sh [--check] [--print-bindir]" >&2
		exit 64 ;;
	esac
done

say() {
	printf 'deps: %s\n' "$*" >&2
}

fail() {
	say "$*"
	exit 1
}

# Run as root: directly, or by sudo.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "not root and no sudo here; as root, run: $*"
	fi
}

# Those of the named packages that are not installed.
missing() {
	local p s
	for p; do
		s=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)
		[ "$s" = installed ] || printf '%s ' "$p"
	done
}

updated=''
update() {
	[ -n "$updated" ] && return
	updated=1
	say "apt-get update"
	# A third party's broken source must not stop us: whether what we
	# need can be had shows at the installation.
	as_root apt-get update -qq >&2 || say "apt-get update was not clean"
}

install() {
	say "apt-get install $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >&2 ||
	    fail "the packages could not be installed: $*"
}

# The newest pgvector package whose PostgreSQL is 16 or newer, as a version.
packaged() {
	apt-cache pkgnames postgresql- |
	    sed -n 's/^postgresql-\([0-9][0-9]*\)-pgvector$/\1/p' | sort -rn |
	    while read -r v; do
		[ "$v" -ge 16 ] || break
		if apt-cache policy "postgresql-$v" |
		    grep -q 'Candidate: [0-9]'; then
			echo "$v"
			break
		fi
	done
}

# Debian's packages make and start a cluster on port 5432 when they are
# installed; ours is not that one, so they are told not to.
install_packaged() {
	local conf=/etc/postgresql-common/createcluster.d/agentcoopdb.conf rc
	as_root mkdir -p "${conf%/*}"
	echo 'create_main_cluster = false' | as_root tee "$conf" >/dev/null
	(install "postgresql-$1" "postgresql-$1-pgvector")
	rc=$?
	as_root rm -f "$conf"
	return $rc
}

have_apt() {
	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

# clang's sanitizers and fuzzer are a package apart where clang is of
# version 15 or newer, named by that version.
clang_runtime() {
	local rt
	rt=libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev
	[ -z "$(missing "$rt")" ] || ! apt-cache show "$rt" >/dev/null 2>&1 ||
	    install "$rt"
}

packages() {
	local want
	if ! have_apt; then
		say "no apt here: the packages named in deploy/local/deps.sh are" \
		    "yours to install"
		return
	fi
	# shellcheck disable=SC2046,SC2086 # lists of words
	want=$(missing $need ${check:+$need_check})
	if [ -n "$want" ]; then
		update
		# shellcheck disable=SC2086
		install $want
	fi
	[ -z "$check" ] || clang_runtime
	# Any npm will do, and those from elsewhere conflict with Debian's.
	if [ -n "$check" ] && ! command -v npm >/dev/null; then
		update
		install npm
	fi
	# Debian's python3 comes without what makes a virtual environment.
	if [ -n "$check" ] && ! python3 -c 'import ensurepip' 2>/dev/null; then
		update
		install python3-venv
	fi
}

postgresql() {
	local v want
	"$here/pg-bindir.sh" >/dev/null && return
	if have_apt; then
		update
		v=$(packaged)
		if [ -n "$v" ]; then
			install_packaged "$v" || exit 1
			"$here/pg-bindir.sh" >/dev/null && return
		fi
		# shellcheck disable=SC2086
		want=$(missing $need_source)
		# shellcheck disable=SC2086
		[ -z "$want" ] || install $want
	fi
	"$here/pg-build.sh" || exit 1
	"$here/pg-bindir.sh" >/dev/null ||
	    fail "PostgreSQL was built, but pg-bindir.sh does not find it"
}

packages
postgresql
[ -z "$bindir" ] || "$here/pg-bindir.sh"
