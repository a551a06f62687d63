s/"duration_ms\(\\*\)":[0-9.]*/"duration_ms\1":0/g
s/"latency_ms\(\\*\)":[0-9]*/"latency_ms\1":0/g
s/[0-9a-f]\{8\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{4\}-[0-9a-f]\{12\}/UUID/g
s/\(key_id[\\]*":[\\]*"\)[^"\\]*/\1KEY/g
s/\(confirm_token [\\]*"\)[^"\\]*/\1TOKEN/g
s/\("requestState":"\)[^"]*/\1STATE/g
s/\("version[\\]*":[\\]*"\)[0-9][0-9.]*[0-9a-z-]*/\1VERSION/g
s/\("commit[\\]*":[\\]*"\)[^"\\]*/\1COMMIT/g
s/\("build_date[\\]*":[\\]*"\)[^"\\]*/\1DATE/g
s/\("postgresql[\\]*":[\\]*"\)[^"\\]*/\1VERSION/g
s/\("pgvector[\\]*":[\\]*"\)[^"\\]*/\1VERSION/g
