#!/bin/sh
# Functions that cannot be used safely, or that say less than their
# successors.  usage: banned.sh
cd "$(dirname "$0")/../.." || exit 1
no='strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atof'
no="$no|sscanf|system|popen|alloca|tmpnam|mktemp|bcopy|bzero|rand|srand"
no="$no|ctime|asctime|gmtime|localtime|gethostbyname"
# "system(3)" in a comment is a manual page, not a call.
if git ls-files '*.c' '*.h' |
    xargs grep -nE "(^|[^A-Za-z0-9_.>])($no)[[:space:]]*\\([^0-9]"; then
	echo 'banned.sh: use snprintf, strtol, memcpy, sigaction ...'
	exit 1
fi
# No variable decides a printf format.
if git ls-files '*.c' |
    xargs grep -nE '(printf|die)\((stderr, |stdout, )?[a-z_]+\);'; then
	echo 'banned.sh: a format is a string literal'
	exit 1
fi
