/*
 * Which URLs a client may send its key to.
 */
#include "lib/httpc_url.h"
#include "tap.h"

int
main(void)
{
	static const struct { const char *url; int rc, loopback; } t[] = {
		{ "https://db.example", 0, 0 },
		{ "https://db.example:8443/prefix", 0, 0 },
		{ "https://localhost:8443", 0, 1 },
		{ "https://[::1]:8443", 0, 1 },
		{ "http://localhost:8080", 0, 1 },
		{ "http://LOCALHOST:8080", 0, 1 },
		{ "http://127.0.0.1:8080", 0, 1 },
		{ "http://127.9.9.9", 0, 1 },
		{ "http://[::1]:8080", 0, 1 },
		{ "http://db.example", -1, 0 },
		{ "http://127.0.0.1.example", -1, 0 },
		{ "http://localhost.example", -1, 0 },
		{ "http://10.0.0.1", -1, 0 },
		{ "http://[::2]", -1, 0 },
		{ "db.example:8443", -1, 0 },
		{ "", -1, 0 },
		{ "https://", -1, 0 },
		{ "ftp://db.example", -1, 0 },
		{ "https://me:pw@db.example", -1, 0 },
		{ "http://localhost@db.example", -1, 0 },
		{ "https://db.example/?a=b", -1, 0 },
		{ "https://db.example/#a", -1, 0 },
	};
	struct buf why;
	bool loopback;
	int rc;

	buf_init(&why, 1024);
	for (size_t i = 0; i < NELEM(t); i++) {
		buf_clear(&why);
		loopback = false;
		rc = httpc_url_check(t[i].url, false, &loopback, &why);
		ok(rc == t[i].rc && (rc == -1 || loopback == t[i].loopback) &&
		    (rc == 0) == (buf_len(&why) == 0), "%s%s%s", t[i].url,
		    rc == -1 ? ": " : "", buf_cstr(&why));
	}
	ok(httpc_url_check("http://db.example", true, &loopback, &why) == 0,
	    "plain http where it was asked for");
	buf_fini(&why);
	return done();
}
