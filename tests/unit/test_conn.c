/*
 * Connections: requests in order, bodies, expectations, limits, deadlines,
 * clients that go away, and draining.
 */
#include "conn_rig.h"

#define GET(path)	"GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, more) "POST " path " HTTP/1.1\r\nHost: a\r\n" more "\r\n"

static struct client c;

static void
test_simple(void)
{
	const char *s;

	client_open(&c);
	client_send(&c, GET("/hello"));
	ok(client_sees(&c, "\r\n\r\nhello"), "an answer");
	s = buf_cstr(&c.got);
	ok(strncmp(s, "HTTP/1.1 200 OK\r\nDate: ", 23) == 0, "status");
	ok(strstr(s, "\r\nContent-Type: text/plain\r\n") != NULL &&
	    strstr(s, "\r\nContent-Length: 5\r\n") != NULL &&
	    strstr(s, "\r\nX-Request-Id: ") != NULL &&
	    strstr(s, "\r\nX-Peer: 192.0.2.7\r\n") != NULL &&
	    strstr(s, "\r\nCache-Control: no-store\r\n") != NULL &&
	    strstr(s, "\r\nX-Content-Type-Options: nosniff\r\n") != NULL,
	    "headers");
	ok(strstr(s, "Connection:") == NULL && strstr(s, "Strict") == NULL,
	    "none that do not belong");
	client_forget(&c);
	client_send(&c, "HEAD /hello HTTP/1.1\r\nHost: a\r\n"
	    "X-Request-Id: my.ID_0-9\r\n\r\n" GET("/nowhere"));
	ok(client_sees(&c, "nothing there"), "and another");
	s = buf_cstr(&c.got);
	ok(strstr(s, "X-Request-Id: my.ID_0-9\r\n") != NULL, "my id");
	ok(strstr(s, "Content-Length: 5\r\n") != NULL &&
	    strstr(s, "hello") == NULL, "HEAD has a length and no body");
	ok(strstr(s, "HTTP/1.1 404 Not Found\r\n") != NULL &&
	    strstr(s, "application/problem+json\r\n") != NULL, "404");
	client_forget(&c);
	client_send(&c, "PUT /hello HTTP/1.1\r\nHost: a\r\n"
	    "X-Request-Id: a b\r\n\r\n");
	ok(client_sees(&c, "}") && strstr(buf_cstr(&c.got),
	    "\r\nAllow: GET\r\n") != NULL, "405 has Allow");
	ok(strstr(buf_cstr(&c.got), "a b") == NULL, "not that id");
	client_forget(&c);
	client_send(&c, GET("/silent"));
	ok(client_sees(&c, "internal_error"), "a story without an answer");
	client_close(&c);
}

static void
test_pipeline(void)
{
	const char *s, *wait;

	client_open(&c);
	client_send(&c, GET("/nowhere") GET("/wait") GET("/hello") "GET ");
	ok(client_sees(&c, "404"), "the first of a pipeline");
	settle();
	ok(waiting != NULL && count(buf_cstr(&c.got), "HTTP/1.1") == 1,
	    "the second waits, so does the third");
	client_send(&c, "/hello HTTP/1.1\r\nHost: a\r\n\r\n");
	settle();
	if (waiting != NULL)
		req_wake(waiting);
	ok(client_sees(&c, "hello"), "until it is woken");
	settle();
	s = buf_cstr(&c.got);
	wait = strstr(s, "HTTP/1.1 200");
	ok(wait != NULL && strstr(s, "HTTP/1.1 404") < wait &&
	    count(s, "\r\n\r\nhello") == 3, "all in order");
	client_forget(&c);
	for (int i = 0; i < 200; i++)
		client_send(&c, GET("/hello"));
	c.until_bytes = 200 * 200;
	for (int i = 0; i < 20 && count(buf_cstr(&c.got), "hello") < 200; i++)
		run_for(50);
	c.until_bytes = 0;
	ok(count(buf_cstr(&c.got), "\r\n\r\nhello") == 200, "200 at once");
	client_close(&c);
}

static void
test_bodies(void)
{
	static const char chunked[] =
	    POST("/echo", "Transfer-Encoding: chunked\r\n")
	    "5;x\r\nhello\r\n3\r\n, y\r\n0\r\nT: r\r\n\r\n";
	char big[50000 + 1];

	client_open(&c);
	client_send(&c, POST("/echo", "Content-Length: 3\r\n") "abc"
	    POST("/echo", "Content-Length: 0\r\n") POST("/echo", ""));
	ok(client_sees(&c, "\r\n\r\n3:abcHTTP/1.1 200"), "a body");
	ok(client_sees(&c, "\r\n\r\n0:HTTP/1.1 200"), "an empty one");
	client_forget(&c);
	for (size_t i = 0; i < sizeof(chunked) - 1; i++) {
		char one[2] = { chunked[i], '\0' };

		client_send(&c, one);
		settle();
	}
	ok(client_sees(&c, "\r\n\r\n8:hello, y"), "chunks, byte by byte");
	client_forget(&c);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	client_send(&c, POST("/echo", "Content-Length: 50002\r\n"));
	client_send(&c, "<");
	settle();
	client_send(&c, big);
	settle();
	client_send(&c, ">" GET("/hello"));
	ok(client_sees(&c, "hello"), "what follows a large body");
	ok(strstr(buf_cstr(&c.got), "\r\n\r\n50002:<xx") != NULL &&
	    strstr(buf_cstr(&c.got), "xx>HTTP/1.1 200") != NULL,
	    "is not part of it");
	client_close(&c);
}

static void
test_expect(void)
{
	const char *s;

	client_open(&c);
	client_send(&c, POST("/echo", "Expect: 100-continue\r\n"
	    "Content-Length: 3\r\n"));
	ok(client_sees(&c, "HTTP/1.1 100 Continue\r\n\r\n"), "100 Continue");
	settle();
	ok(count(buf_cstr(&c.got), "HTTP") == 1, "and nothing yet");
	client_send(&c, "abc");
	ok(client_sees(&c, "3:abc") && count(buf_cstr(&c.got), " 100 ") == 1,
	    "then the answer");
	client_forget(&c);
	client_send(&c, POST("/echo", "Expect: 100-continue\r\n"
	    "Content-Length: 3\r\n") "abc");
	ok(client_sees(&c, "3:abc") && strstr(buf_cstr(&c.got), " 100 ") ==
	    NULL, "no 100 when the body is there");
	client_forget(&c);
	client_send(&c, POST("/refuse", "Expect: 100-continue\r\n"
	    "Content-Length: 3\r\n"));
	ok(client_ends(&c), "a refusal is final");
	s = buf_cstr(&c.got);
	ok(strncmp(s, "HTTP/1.1 401 ", 13) == 0 &&
	    strstr(s, "\r\nConnection: close\r\n") != NULL &&
	    strstr(s, "\r\nWWW-Authenticate: Bearer realm=\"agentcoopdb\""
	    "\r\n") != NULL, "and closes, for the body may come or not");
	client_close(&c);

	client_open(&c);
	client_send(&c, POST("/echo", "Expect: 100-continue\r\n"
	    "Content-Length: 100001\r\n"));
	ok(client_ends(&c) && strncmp(buf_cstr(&c.got), "HTTP/1.1 413 ",
	    13) == 0, "too large is refused before it is sent");
	client_close(&c);
}

static void
test_refused_body(void)
{
	char big[100001];

	client_open(&c);
	client_send(&c, POST("/refuse", "Content-Length: 10\r\n") "12345");
	ok(client_sees(&c, "no key"), "refused with half its body unread");
	settle();
	client_send(&c, "67890" GET("/hello"));
	ok(client_sees(&c, "hello"), "the rest is skipped, the next answered");
	client_forget(&c);
	client_send(&c, POST("/refuse", "Transfer-Encoding: chunked\r\n")
	    "1\r\na\r\n0\r\n\r\n" GET("/hello"));
	ok(client_sees(&c, "hello"), "a chunked body that has come too");
	client_forget(&c);
	client_send(&c, POST("/refuse", "Content-Length: 200000\r\n"));
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	client_send(&c, big);
	ok(client_ends(&c) && strstr(buf_cstr(&c.got),
	    "Connection: close\r\n") != NULL && c.conn != NULL,
	    "with a large one it closes, and lingers");
	client_send(&c, big);
	settle();
	ok(c.conn != NULL, "while the client sends");
	client_close(&c);

	client_open(&c);
	client_send(&c, POST("/echo", "Transfer-Encoding: chunked\r\n")
	    "fffff\r\n");
	client_send(&c, big);
	client_send(&c, "x");
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "413 Content Too "
	    "Large\r\n") != NULL, "too many chunks");
	client_close(&c);

	client_open(&c);
	client_send(&c, POST("/echo", "Transfer-Encoding: chunked\r\n")
	    "xyz\r\n");
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "HTTP/1.1 400 ") !=
	    NULL, "bad chunks");
	client_close(&c);
	client_open(&c);
	client_send(&c, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" GET("/hello"));
	ok(client_ends(&c) && count(buf_cstr(&c.got), "HTTP/1.1") == 1 &&
	    strstr(buf_cstr(&c.got), "HTTP/1.1 400 ") != NULL,
	    "nothing behind a bad head is answered");
	client_close(&c);
}

static void
test_versions(void)
{
	client_open(&c);
	client_send(&c, "GET /hello HTTP/1.0\r\n\r\n");
	ok(client_ends(&c) && strstr(buf_cstr(&c.got),
	    "\r\nConnection: close\r\n") != NULL, "HTTP/1.0 closes");
	client_close(&c);
	client_open(&c);
	client_send(&c, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n"
	    "\r\n");
	ok(client_sees(&c, "hello") && strstr(buf_cstr(&c.got),
	    "\r\nConnection: keep-alive\r\n") != NULL,
	    "unless asked to stay");
	client_send(&c, "GET /hello HTTP/1.1\r\nHost: a\r\n"
	    "Connection: close\r\n\r\n" GET("/hello"));
	ok(client_ends(&c) && count(buf_cstr(&c.got), "\r\n\r\nhello") == 2,
	    "close is the last");
	client_close(&c);
}

static void
test_deadlines(void)
{
	int64_t t0;

	conf.read_header_timeout = conf.read_timeout = 40;
	conf.idle_timeout = 80;
	client_open(&c);
	ok(client_ends(&c) && buf_len(&c.got) == 0, "silence is not answered");
	client_close(&c);
	client_open(&c);
	client_send(&c, "\r\n");
	ok(client_ends(&c) && buf_len(&c.got) == 0, "nor are empty lines");
	client_close(&c);
	client_open(&c);
	client_send(&c, "GET / HT");
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "HTTP/1.1 408 ") !=
	    NULL && strstr(buf_cstr(&c.got), "Connection: close\r\n") !=
	    NULL, "half a head is answered 408");
	client_close(&c);
	client_open(&c);
	client_send(&c, GET("/hello"));
	client_sees(&c, "hello");
	client_forget(&c);
	t0 = loop_now_us();
	ok(client_ends(&c) && buf_len(&c.got) == 0 &&
	    loop_now_us() - t0 > 75000, "idle ends without a word");
	client_close(&c);
	client_open(&c);
	client_send(&c, POST("/echo", "Content-Length: 3\r\n") "a");
	ended = 0;
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "HTTP/1.1 408 ") !=
	    NULL && ended == 1, "half a body is answered 408");
	client_close(&c);

	conf.read_timeout = 60;
	client_open(&c);
	client_send(&c, POST("/echo", "Content-Length: 1000\r\n"));
	t0 = loop_now_us();
	for (int i = 0; i < 50 && !c.eof; i++) {
		if (write(c.fd, "x", 1) != 1)
			break;
		run_for(20);
	}
	ok(c.eof && loop_now_us() - t0 < 500000,
	    "a trickle is not endless progress");
	client_close(&c);
	conf.read_header_timeout = conf.read_timeout = 5000;
	conf.idle_timeout = 5000;
}

static void
test_gone(void)
{
	char fill[8192];

	abandoned = ended = 0;
	client_open(&c);
	client_send(&c, GET("/wait"));
	settle();
	ok(waiting != NULL, "a request waits");
	client_close(&c);
	ok(abandoned == 1 && ended == 1, "and is abandoned, once");

	client_open(&c);
	client_send(&c, GET("/wait"));
	memset(fill, 'x', sizeof(fill));
	settle();
	for (int i = 0; i < 8; i++)
		if (write(c.fd, fill, sizeof(fill)) < 1)
			break;
	settle();
	ok(waiting != NULL, "one waits with a full buffer");
	shutdown(c.fd, SHUT_WR);
	settle();
	ok(waiting == NULL && abandoned == 2 && c.conn == NULL,
	    "its hang-up is noticed too");
	client_close(&c);

	client_open(&c);
	client_send(&c, GET("/wait"));
	settle();
	if (waiting != NULL)
		req_wake(waiting);
	close(c.fd);
	for (int i = 0; i < 20 && c.conn != NULL; i++)
		settle();
	ok(abandoned == 2 && ended == 3 && c.conn == NULL,
	    "woken and gone in the same turn");
	ok(waiting == NULL, "its step has taken what it waited for");
	c.fd = open("/dev/null", O_RDONLY);
	client_close(&c);

	client_open(&c);
	client_send(&c, POST("/echo", "Content-Length: 9\r\n") "abc");
	settle();
	ended = 0;
	client_close(&c);
	ok(ended == 1, "gone in the middle of a body");
}

static void
test_big(void)
{
	const char *p;
	char few[100];
	size_t n, good = 0;

	client_open(&c);
	loop_watch(worker.loop, &c.watch, 0);
	client_send(&c, GET("/big") GET("/hello"));
	settle();
	ok(c.conn != NULL, "a large answer waits for its reader");
	loop_watch(worker.loop, &c.watch, LOOP_READ);
	c.until_bytes = BIG + 400;
	run_for(10000);
	c.until_bytes = 0;
	p = strstr(buf_cstr(&c.got), "\r\n\r\n") + 4;
	for (n = 0; n < BIG; n++)
		good += p[n] == (char)('a' + n % 26);
	ok(good == BIG, "and arrives whole");
	ok(client_sees(&c, "\r\n\r\nhello"), "then the next");
	client_close(&c);

	conf.write_timeout = 50;
	client_open(&c);
	loop_watch(worker.loop, &c.watch, 0);
	client_send(&c, GET("/big"));
	for (int i = 0; i < 100 && c.conn != NULL; i++)
		run_for(20);
	ok(c.conn == NULL, "a reader that stalls is given up");
	client_close(&c);

	/* What the kernel holds is freed some kilobytes at a time. */
	conf.write_timeout = 1200;
	client_open(&c);
	setsockopt(c.theirs, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 },
	    sizeof(int));
	loop_watch(worker.loop, &c.watch, 0);
	client_send(&c, GET("/big"));
	for (int i = 0; i < 200 && c.conn != NULL; i++) {
		if (read(c.fd, few, sizeof(few)) == 0)
			break;
		run_for(20);
	}
	ok(c.conn == NULL, "and so is one that trickles");
	client_close(&c);
	conf.write_timeout = 5000;
}

static void
test_drain(void)
{
	client_open(&c);
	client_send(&c, GET("/hello"));
	client_sees(&c, "hello");
	conn_drain(c.conn);
	ok(c.conn == NULL && client_ends(&c), "an idle one closes at once");
	client_close(&c);

	client_open(&c);
	client_send(&c, GET("/wait"));
	settle();
	conn_drain(c.conn);
	ok(c.conn != NULL && waiting != NULL, "a busy one does not");
	if (waiting != NULL)
		req_wake(waiting);
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "\r\n\r\nhello") !=
	    NULL && strstr(buf_cstr(&c.got), "Connection: close\r\n") !=
	    NULL, "but answers, and then does");
	client_close(&c);

	client_open(&c);
	client_send(&c, GET("/hello"));
	conn_drain(c.conn);
	ok(client_ends(&c) && strstr(buf_cstr(&c.got), "\r\n\r\nhello") !=
	    NULL, "what has arrived is still answered");
	client_close(&c);
}

static void
test_forwarded(void)
{
	static char any[] = "", nets[] = "192.0.2.0/24, 10.0.0.0/8",
	    others[] = "10.0.0.0/8";
	static const struct {
		char *trust;
		const char *lines, *want;
	} t[] = {
		{ NULL, "X-Forwarded-For: 1.2.3.4\r\n", "192.0.2.7" },
		{ others, "X-Forwarded-For: 1.2.3.4\r\n", "192.0.2.7" },
		{ any, "", "192.0.2.7" },
		{ any, "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n", "1.2.3.4" },
		{ any, "X-Forwarded-For: 1.2.3.4:99\r\n", "1.2.3.4" },
		{ any, "X-Forwarded-For: [2001:db8::1]:9\r\n",
		    "2001:db8::1" },
		{ any, "X-Forwarded-For: unknown\r\n", "192.0.2.7" },
		{ any, "X-Forwarded-For: 1.2.3.4,\r\n", "192.0.2.7" },
		{ any, "X-Real-Ip: 5.6.7.8\r\n", "5.6.7.8" },
		{ any, "X-Real-Ip: 5.6.7.8\r\nX-Forwarded-For: 1.2.3.4\r\n",
		    "1.2.3.4" },
		{ nets, "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.1.1\r\n",
		    "1.2.3.4" },
		{ nets, "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n"
		    "X-Forwarded-For: 10.1.1.1, 192.0.2.9\r\n", "1.2.3.4" },
		{ nets, "X-Forwarded-For: 10.1.1.1\r\n", "10.1.1.1" },
	};
	char text[512], want[64];

	client_open(&c);
	for (size_t i = 0; i < NELEM(t); i++) {
		conf.trust_proxy = t[i].trust;
		snprintf(text, sizeof(text), "GET /hello HTTP/1.1\r\n"
		    "Host: a\r\n%s\r\n", t[i].lines);
		snprintf(want, sizeof(want), "X-Peer: %s\r\n", t[i].want);
		client_forget(&c);
		client_send(&c, text);
		client_sees(&c, "hello");
		ok(strstr(buf_cstr(&c.got), want) != NULL, "peer %zu: %s", i,
		    t[i].want);
	}
	conf.trust_proxy = NULL;
	client_close(&c);
}

int
main(void)
{
	rig_start();
	test_simple();
	test_pipeline();
	test_bodies();
	test_expect();
	test_refused_body();
	test_versions();
	test_deadlines();
	test_gone();
	test_big();
	test_drain();
	test_forwarded();
	rig_stop();
	return done();
}
