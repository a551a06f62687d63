/*
 * test_listen.c - listening sockets: opened, refused, handed over; and who
 * may have how many connections.
 */
#include <arpa/inet.h>
#include <fcntl.h>

#include "acdbd/listen.h"
#include "acdbd/peers.h"
#include "lib/exitcode.h"
#include "tap.h"

static struct buf err;
static struct listeners l;

static int
opens(const char *addr, const char *metrics, bool insecure, bool tls)
{
	static char cert[] = "c", http_text[128], metrics_text[128];
	struct conf c = { .http_addr = http_text, .insecure_http = insecure,
	    .tls_cert = tls ? cert : NULL, .metrics_enabled = true };

	snprintf(http_text, sizeof(http_text), "%s", addr);
	if (metrics != NULL) {
		snprintf(metrics_text, sizeof(metrics_text), "%s", metrics);
		c.metrics_addr = metrics_text;
	}
	buf_clear(&err);
	return listen_open(&l, &c, &err);
}

static void
test_plain(void)
{
	char text[ADDR_TEXT], line[ADDR_TEXT + 64];

	ok(opens("127.0.0.1:0,127.0.0.1:0", NULL, false, false) == EXIT_OK &&
	    l.n == 2, "two addresses");
	ok(strncmp(l.v[0].text, "127.0.0.1:", 10) == 0 &&
	    strcmp(l.v[0].text, "127.0.0.1:0") != 0, "a port of its own: %s",
	    l.v[0].text);
	ok(!l.v[0].tls && !l.v[0].metrics, "plaintext");
	snprintf(text, sizeof(text), "%s", l.v[0].text);
	for (size_t i = 0; i < l.n; i++)
		ok((fcntl(l.v[i].fd, F_GETFL) & O_NONBLOCK) != 0 &&
		    (fcntl(l.v[i].fd, F_GETFD) & FD_CLOEXEC) != 0,
		    "not blocking, not inherited");
	{
		struct listeners first = l;

		snprintf(line, sizeof(line), "cannot listen on %s: Address "
		    "already in use", text);
		ok(opens(text, NULL, false, false) == EXIT_LOCAL && l.n == 0,
		    "a port in use");
		is_str(buf_cstr(&err), line, "is named");
		listen_close(&first);
		ok(first.n == 0, "closed");
	}
}

static void
test_refused(void)
{
	ok(opens("0.0.0.0:0", NULL, false, false) == EXIT_CONFIG,
	    "plaintext on every address is refused");
	is_str(buf_cstr(&err), "AGENTCOOPDB_HTTP_ADDR: plaintext on "
	    "0.0.0.0:0 is refused: it accepts loopback addresses, any with "
	    "AGENTCOOPDB_TLS_CERT and AGENTCOOPDB_TLS_KEY, or any with "
	    "AGENTCOOPDB_INSECURE_HTTP=true", "and how to allow it");
	ok(opens(":0", NULL, false, false) == EXIT_CONFIG, "so is :0");
	ok(opens(":0", NULL, true, false) == EXIT_OK && l.n == 1,
	    "allowed, as one socket");
	listen_close(&l);
	ok(opens(":0", NULL, false, true) == EXIT_OK && l.v[0].tls,
	    "TLS anywhere");
	listen_close(&l);
	ok(opens(":0", "127.0.0.1:0", false, true) == EXIT_OK && l.n == 2 &&
	    l.v[1].metrics && !l.v[1].tls, "metrics in plaintext beside it");
	listen_close(&l);
	ok(opens(":0", ":0", false, true) == EXIT_CONFIG && l.n == 0,
	    "but not everywhere");
	ok(strstr(buf_cstr(&err), "AGENTCOOPDB_METRICS_ADDR") != NULL,
	    "which names the variable");
	ok(opens("no-such-host.invalid:0", NULL, false, false) ==
	    EXIT_CONFIG, "a host that does not exist");
}

/* A socket at descriptor 3, as systemd hands it over. */
static void
hand_over(const char *names, const char *pid, bool listening)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    (listening && listen(fd, 1) == -1))
		abort();
	if (fd != 3) {
		if (dup2(fd, 3) == -1)
			abort();
		close(fd);
	}
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

static void
test_systemd(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	hand_over(NULL, pid, true);
	ok(opens("127.0.0.1:0", NULL, false, false) == EXIT_OK && l.n == 1 &&
	    l.v[0].fd == 3, "the socket of systemd takes the place");
	ok(getenv("LISTEN_FDS") == NULL, "and is not handed on");
	listen_close(&l);
	hand_over("metrics", pid, true);
	ok(opens("127.0.0.1:0", NULL, false, false) == EXIT_OK && l.n == 2 &&
	    l.v[0].metrics && !l.v[1].metrics, "one for metrics");
	listen_close(&l);
	hand_over("metricsx:y", pid, true);
	ok(opens("127.0.0.1:0", NULL, false, false) == EXIT_OK && l.n == 1 &&
	    !l.v[0].metrics, "another name is not");
	listen_close(&l);
	hand_over(NULL, "1", true);
	ok(opens("127.0.0.1:0", NULL, false, false) == EXIT_OK && l.n == 1 &&
	    l.v[0].fd != 3, "another process' socket is left alone");
	listen_close(&l);
	close(3);
	hand_over(NULL, pid, false);
	ok(opens("127.0.0.1:0", NULL, false, false) == EXIT_CONFIG,
	    "a socket that does not listen is refused");
	close(3);
}

static int
enter(struct peers *p, const char *ip, bool trusted)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
		memcpy(&ss, &in, sizeof(in));
	else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		memcpy(&ss, &in6, sizeof(in6));
	return peers_enter(p, (struct sockaddr *)&ss, trusted);
}

static void
test_peers(void)
{
	struct board *board = board_new(2);
	struct peers *p = peers_new(board, 6, 2);
	int a = enter(p, "192.0.2.1", false);
	int b = enter(p, "::ffff:192.0.2.1", false);
	int c = enter(p, "fd00::1:2", false);
	int d = enter(p, "fd00::3:4", false);

	ok(a != -1 && a == b && c != -1 && c == d, "two of each");
	ok(enter(p, "192.0.2.1", false) == -1, "no third, as IPv4");
	ok(enter(p, "fd00::5", false) == -1, "nor of the same /64");
	ok(enter(p, "192.0.2.1", true) == a, "unless trusted");
	ok(enter(p, "fd00:0:0:1::1", false) != -1, "another /64");
	ok(enter(p, "192.0.2.2", true) == -1, "no seventh at all");
	ok(peers_count(p) == 6, "six are here");
	peers_leave(p, c);
	ok(enter(p, "fd00::5", false) != -1, "who leaves makes room");
	peers_leave(p, a);
	peers_leave(p, a);
	peers_leave(p, a);
	ok(peers_count(p) == 3, "three have left");
	ok(enter(p, "192.0.2.1", false) != -1, "and may come back");
	peers_free(p);
	board_free(board);
}

static void
test_peers_of_all(void)
{
	struct board *board = board_new(2);
	struct peers *one = peers_new(board, 6, 2);
	struct peers *two = peers_new(board, 6, 2);
	int at;

	board_join(board, 0);
	ok((at = enter(one, "192.0.2.1", false)) != -1, "one worker's first");
	board_join(board, 1);
	ok(enter(two, "192.0.2.1", false) == at, "another one's");
	ok(enter(two, "192.0.2.1", false) == -1 && peers_count(two) == 1,
	    "two over all workers are enough");
	board_leave(board, 0);
	ok(enter(two, "192.0.2.1", false) == at,
	    "a worker that is gone has none");
	peers_free(one);
	peers_free(two);
	board_free(board);
}

int
main(void)
{
	close(3);
	buf_init(&err, 1000);
	test_systemd();
	test_plain();
	test_refused();
	test_peers();
	test_peers_of_all();
	buf_fini(&err);
	return done();
}
