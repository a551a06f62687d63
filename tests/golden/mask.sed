# What differs from run to run.  The lengths stay: what is masked in problems
# always has the same.
s/^Date: [A-Z][a-z][a-z], [0-3][0-9] [A-Z][a-z][a-z] [0-9]* [0-9:]* GMT/Date: DATE/
s/^\(X-Request-Id: \)[0-9a-f]\{8\}-[0-9a-f-]\{27\}/\1ID/
s/\("request_id":"\)[0-9a-f]\{8\}-[0-9a-f-]\{27\}/\1ID/g
s/\("duration_ms":\)[0-9]*/\1MS/g
# The version's facts differ in length.
s/\("version":"\)[^"]*/\1VERSION/
s/\("commit":"\)[^"]*/\1COMMIT/
s/\("build_date":"\)[^"]*/\1DATE/
/^Content-Type: application\/json/{
n
s/^\(Content-Length: \)[0-9]*/\1N/
}
