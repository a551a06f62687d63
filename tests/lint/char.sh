#!/bin/sh
# char is signed on x86-64 and unsigned on arm64: everything compiles without
# a warning as the other kind of machine would compile it (but the fuzz
# targets, which are clang's).
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-cc}
flag=-funsigned-char
if "$cc" -dM -E -x c /dev/null | grep -q __CHAR_UNSIGNED__; then
	flag=-fsigned-char
fi
git ls-files '*.c' ':!tests/fuzz' | xargs "$cc" -std=c11 -D_GNU_SOURCE \
    $flag -fsyntax-only -Wall -Wextra -Wconversion -Wsign-conversion \
    -Werror -I. -Ilib -isystem "$(pg_config --includedir)"
