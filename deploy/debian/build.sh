#!/bin/sh
# Make a package for dpkg of what is built: for "make deb", which says where
# the version and the date come from.
#
# usage: build.sh DIR VERSION EPOCH
#
# DIR/debian/agentcoopdb holds the tree of "make install PREFIX=/usr" and
# nothing else; the package is put into DIR.  The same tree gives the same
# bytes.
set -eu
version=$2
SOURCE_DATE_EPOCH=$3
export SOURCE_DATE_EPOCH
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
tree=debian/agentcoopdb
arch=$(dpkg --print-architecture)
deb=agentcoopdb_${version}_$arch.deb

for tool in dpkg-deb dpkg-shlibdeps strip; do
	command -v $tool >/dev/null || {
		echo "make deb needs $tool: apt-get install dpkg-dev" >&2
		exit 1
	}
done

umask 022
find "$tree" -type d -exec chmod 755 {} +
strip --strip-unneeded "$tree"/usr/bin/*
find "$tree/usr/share/man" -type f -exec gzip -9n {} +
# Who may read the settings is the administrator's choice: root, at first.
install -d -m 750 "$tree/etc/agentcoopdb"

install -d -m 755 "$tree/DEBIAN"
echo 'Source: agentcoopdb' >debian/control
libraries=$(dpkg-shlibdeps -O "$tree"/usr/bin/* |
    sed -n 's/^shlibs:Depends=//p')
sed -e "s|@VERSION@|$version|" -e "s|@ARCH@|$arch|" \
    -e "s|@LIBRARIES@|$libraries|" \
    -e "s|@MAINTAINER@|${DEBFULLNAME:-Agentic Coop DB} <${DEBEMAIL:-root@localhost}>|" \
    -e "s|@SIZE@|$(du -sk --apparent-size "$tree" | cut -f 1)|" \
    "$here/control.in" >"$tree/DEBIAN/control"
for script in postinst prerm postrm; do
	install -m 755 "$here/$script.sh" "$tree/DEBIAN/$script"
done
dpkg-deb --root-owner-group -Zxz --build "$tree" "$deb" >/dev/null
echo "$PWD/$deb"
