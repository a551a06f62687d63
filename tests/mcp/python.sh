#!/bin/bash
# The official Python SDK of MCP, for tests/mcp/sdk.py.
#
# Prints the directory of a virtual environment that has it, as bin/python.
# That is made once for each requirements.txt, which pins every package by
# version and digests.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C
umask 022

if [ "$(id -u)" -eq 0 ]; then
	cache=/var/cache/agentcoopdb
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/agentcoopdb
fi

say() {
	printf 'mcp/python.sh: %s\n' "$*" >&2
}

# Only its python is called, so that it does not matter that it is moved.
make() {
	python3 -m venv "$new" && "$new/bin/python" -m pip install -q \
	    --disable-pip-version-check --require-hashes --only-binary :all: \
	    -r "$here/requirements.txt" && "$new/bin/python" -c 'import mcp'
}

# Of another python3 the packages are others.
sum=$({ cat "$here/requirements.txt" && python3 --version; } |
    sha256sum) || exit 1
dir=$cache/mcp-python-${sum:0:16}
mkdir -p "$cache" || exit 1
# Two runs wait for one another.
exec 9>"$cache/.mcp-python.lock" || exit 1
flock 9
if [ ! -d "$dir" ]; then
	new=$dir.new
	rm -rf "$new"
	say "pip install into $dir"
	if ! make >"$new.log" 2>&1; then
		tail -n 15 "$new.log" >&2
		rm -rf "$new" "$new.log"
		say "that failed. Is there a network that leads to PyPI, and" \
		    "the package python3-venv?"
		exit 1
	fi
	rm -f "$new.log"
	mv "$new" "$dir" || exit 1
fi
echo "$dir"
