#!/bin/sh
# A C file has at most 500 lines and a function at most 80: longer ones have
# a second subject.  usage: size.sh
cd "$(dirname "$0")/../.." || exit 1
git ls-files '*.c' | xargs awk '
FNR == 1 {
	name = start = 0
}
FNR == 501 {
	print FILENAME ":501: longer than 500 lines"
	bad = 1
}
/^[a-z_A-Z].*\(/ {
	name = $0
	sub(/\(.*/, "", name)
}
/^{/ {
	start = FNR
}
/^}/ {
	if (start && FNR - start > 81) {
		print FILENAME ":" start ": " name "() has " \
		    FNR - start - 1 " lines, more than 80"
		bad = 1
	}
	start = 0
}
END { exit bad }'
