#!/bin/bash
# What a client that is tested here takes from PyPI.
#
# usage: python.sh REQUIREMENTS
#
# Prints the directory of a virtual environment that has it, as bin/python.
# That is made once for each state of the file, which pins every package by
# version and digests.
set -u
[ $# -eq 1 ] || { echo "usage: python.sh REQUIREMENTS" >&2; exit 64; }
list=$1 name=${1##*/} name=${name%.txt}
export LC_ALL=C
umask 022

cache=$("${0%/*}/../../deploy/local/cache-dir.sh") || exit 1

say() {
	printf 'clients/python.sh: %s\n' "$*" >&2
}

# Only its python is called, so that it does not matter that it is moved.
make() {
	python3 -m venv "$new" && "$new/bin/python" -m pip install -q \
	    --disable-pip-version-check --require-hashes --only-binary :all: \
	    -r "$list" && "$new/bin/python" -m pip check
}

# Of another python3 the packages are others.
sum=$({ cat "$list" && python3 --version; } | sha256sum) || exit 1
dir=$cache/$name-python-${sum:0:16}
mkdir -p "$cache" || exit 1
# Two runs wait for one another.
exec 9>"$cache/.$name-python.lock" || exit 1
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
