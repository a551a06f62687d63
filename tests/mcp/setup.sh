#!/bin/bash
# What the tests of MCP take from npm: the public conformance suite, clients,
# and a Node 22 to run them, since distributions have older ones.
#
# Prints the directory that has it: node (the program), and node_modules.
# That is made once for each package-lock.json, which pins every package by
# version and digest; scripts of packages are not run.  All that must be
# there before is npm, of any age ("make deps" or tests/check.sh see to it).
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C
umask 022

cache=$("$here/../../deploy/local/cache-dir.sh") || exit 1

fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

sum=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum) ||
    exit 1
dir=$cache/mcp-${sum:0:16}
mkdir -p "$cache" || exit 1
# Two runs wait for one another.
exec 9>"$cache/.mcp.lock" || exit 1
flock 9
if [ ! -d "$dir" ]; then
	command -v npm >/dev/null || "$here/../../deploy/local/deps.sh" \
	    --check >&2 || exit 1
	command -v npm >/dev/null || fail "npm is not installed"
	printf 'setup: npm ci into %s\n' "$dir" >&2
	rm -rf "$dir.new"
	mkdir "$dir.new" || exit 1
	cp "$here/package.json" "$here/package-lock.json" "$dir.new" || exit 1
	npm ci --prefix "$dir.new" --ignore-scripts --no-audit --no-fund \
	    --loglevel=error >&2 || fail "npm ci failed:" \
	    "is there a network that leads to npm's registry?"
	for node in "$dir.new"/node_modules/node-linux-*/bin/node; do
		ln -s "${node#"$dir.new"/}" "$dir.new/node"
	done
	"$dir.new/node" --version >/dev/null ||
	    fail "there is no Node for this machine"
	mv "$dir.new" "$dir" || exit 1
fi
echo "$dir"
