/*
 * fuzz_remote.c - answers as they come from a socket: libcurl's reading of
 * them (lib/httpc), and what acdb-keys makes of lists of keys and of tokens.
 *
 * The first byte says who asks; behind it, divided by 0x1e, are the answers,
 * one a connection as they are, or as bodies with a head of ours.  Whatever
 * they are, what is said is harmless for a terminal, JSON is JSON, and
 * whoever gets no key is told so by the exit code.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdb-keys/fresh.h"
#include "acdb-keys/keylist.h"
#include "acdb-keys/remote.h"
#include "lib/apikey.h"
#include "lib/exitcode.h"
#include "lib/httpc.h"
#include "fuzz.h"

#define KEY	"acd_dev_AAAAAAAAAAAAAAAA_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define MEMBERS	18		/* of a key, in JSON */

unsigned sleep(unsigned seconds);

/* A gateway that is busy is asked again at once. */
unsigned
sleep(unsigned seconds)
{
	(void)seconds;
	return 0;
}

/* The peer, a thread. */

static struct {
	pthread_mutex_t	 lock;
	struct input	 left;		/* answers still to be given */
	bool		 framed;	/* a head is put before each */
	int		 fd;		/* listening */
	char		 url[64];
} peer = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The next answer, to be freed; NULL: there is none. */
static char *
next_answer(size_t *n, bool *framed)
{
	char *answer = NULL;
	struct input part;

	pthread_mutex_lock(&peer.lock);
	if (peer.left.n > 0) {
		part = next_part(&peer.left);
		*framed = peer.framed;
		*n = part.n;
		answer = malloc(part.n + 1);
		must(answer != NULL);
		memcpy(answer, part.p, part.n);
	}
	pthread_mutex_unlock(&peer.lock);
	return answer;
}

static bool
give(int fd, const char *p, size_t n)
{
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done)
		if ((done = send(fd, p, n, MSG_NOSIGNAL)) == -1)
			return false;
	return true;
}

/* A request, which has no body, is read to its end.  Returns whether it has
 * one. */
static bool
read_request(int fd)
{
	char piece[4096 + 4];
	size_t have = 0;
	ssize_t n;

	while ((n = recv(fd, piece + have, 4096, 0)) > 0) {
		have += (size_t)n;
		if (memmem(piece, have, "\r\n\r\n", 4) != NULL)
			return true;
		if (have > 4) {
			memmove(piece, piece + have - 4, 4);
			have = 4;
		}
	}
	return false;
}

static void
serve(int fd)
{
	char head[128], *answer;
	bool framed = true, good = true;
	size_t n;
	int len;

	while (good && framed && read_request(fd)) {
		if ((answer = next_answer(&n, &framed)) == NULL)
			return;
		if (framed) {
			len = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
			    "Content-Type: application/json\r\n"
			    "Content-Length: %zu\r\n\r\n", n);
			good = give(fd, head, (size_t)len);
		}
		good = good && give(fd, answer, n);
		free(answer);
	}
}

static void *
serve_all(void *arg)
{
	int fd;

	while ((fd = accept4(peer.fd, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		serve(fd);
		close(fd);
	}
	return arg;
}

static void
start(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sa);
	pthread_t thread;

	peer.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(peer.fd != -1);
	must(bind(peer.fd, (struct sockaddr *)&sa, n) == 0);
	must(listen(peer.fd, 100) == 0);
	must(getsockname(peer.fd, (struct sockaddr *)&sa, &n) == 0);
	snprintf(peer.url, sizeof(peer.url), "http://127.0.0.1:%d",
	    ntohs(sa.sin_port));
	must(pthread_create(&thread, NULL, serve_all, NULL) == 0);
	setenv("AGENTCOOPDB_GATEWAY_URL", peer.url, 1);
	setenv("AGENTCOOPDB_API_KEY", KEY, 1);
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("AGENTCOOPDB_PROFILE");
}

static void
offer(struct input answers, bool framed)
{
	pthread_mutex_lock(&peer.lock);
	peer.left = answers;
	peer.framed = framed;
	pthread_mutex_unlock(&peer.lock);
}

/* Who asks. */

static void
ask_plainly(void)
{
	struct httpc_config c = { .url = peer.url, .key = KEY,
	    .agent = "fuzz", .total_ms = 60000, .answer_max = 2000,
	    .wake_fd = -1 };
	struct httpc_request r = { .method = "GET", .path = "/v1/me" };
	struct httpc_answer a;
	struct httpc *h;
	struct buf why;

	buf_init(&why, HTTPC_WHY_MAX);
	httpc_answer_init(&a);
	must((h = httpc_new(&c, &why)) != NULL);
	if (httpc_ask(h, &r, &a) == HTTPC_ANSWER) {
		must(a.status >= 200 && a.status <= 999 && a.sent);
		must(a.retry_after >= -1 && buf_len(&a.body) <= c.answer_max);
		for (const char *s = a.request_id; *s != '\0'; s++)
			must(*s > ' ' && *s <= '~');
	} else {
		must_say(&a.why);
		must_be_harmless(buf_cstr(&a.why), buf_len(&a.why));
		must(a.status == 0 && a.sent);
	}
	httpc_free(h);
	httpc_answer_fini(&a);
	buf_fini(&why);
}

static void
check_keys(const char *p, size_t n, bool list)
{
	struct json j;
	uint32_t i = 0;

	must(json_read(&j, p, n, NULL) == 0);
	must(j.tok[0].type == (list ? JSON_ARRAY : JSON_OBJECT));
	if (list)
		i = json_first(&j, 0);
	for (; list ? i != 0 : i < 1; i = list ? json_next(&j, 0, i) : 1)
		must(j.tok[i].type == JSON_OBJECT && j.tok[i].n == MEMBERS);
	json_fini(&j);
}

/* As "list" and "show" do, with or without --json. */
static int
print_keys(struct remote *gw, bool json, bool one, FILE *out)
{
	struct keylist l;
	FILE *true_stdout = stdout;
	int rc;

	keylist_init(&l);
	rc = keylist_ask(&l, gw, !one);
	stdout = out;
	if (one)
		l.key_id = "CCCCCCCCCCCCCCCC";
	if (rc == EXIT_OK)
		rc = one ? keylist_show(&l, json) : keylist_print(&l, json);
	stdout = true_stdout;
	keylist_fini(&l);
	return rc;
}

static int
find_key(struct remote *gw)
{
	int rc = -1;
	char *id = remote_key(gw, "CC", &rc);

	must((id != NULL) == (rc == EXIT_OK));
	must(id == NULL || (strlen(id) == APIKEY_ID && strspn(id,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~") == APIKEY_ID));
	free(id);
	return rc;
}

static int
take_token(struct remote *gw)
{
	struct buf answer;
	struct fresh f = { .json = false };
	struct apikey k;
	int rc;

	buf_init(&answer, (size_t)1 << 20);
	rc = remote_ask(gw, "GET", "/v1/auth/keys", NULL, &answer);
	if (rc == EXIT_OK)
		rc = fresh_take(&f, buf_peek(&answer, NULL),
		    buf_len(&answer));
	must(rc != EXIT_OK || (apikey_parse(&k, f.token, strlen(f.token)) ==
	    0 && strcmp(k.id, f.key_id) == 0));
	buf_fini(&answer);
	return rc;
}

static void
ask_for_keys(unsigned how)
{
	struct cmd_common common = { .json = how & 4 };
	char *p = NULL, *said = NULL;
	size_t n, m;
	FILE *out = open_memstream(&p, &n), *true_stderr = stderr;
	struct remote *gw;
	int rc;

	must(out != NULL);
	must((gw = remote_open(&common, &rc)) != NULL);
	must((stderr = open_memstream(&said, &m)) != NULL);
	switch (how >> 3 & 3) {
	case 0:
	case 1:
		rc = print_keys(gw, common.json, how & 8, out);
		break;
	case 2:
		rc = find_key(gw);
		break;
	default:
		rc = take_token(gw);
	}
	fclose(stderr);
	stderr = true_stderr;
	fclose(out);
	remote_close(gw);
	must((rc != EXIT_OK) == (m > 0));
	must_be_harmless(said, m);
	if (!common.json)
		must_be_harmless(p, n);
	else if (n > 0)
		check_keys(p, n, (how >> 3 & 3) == 0);
	free(p);
	free(said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data, n };
	unsigned how = next_byte(&in);

	if (peer.fd == 0)
		start();
	offer(in, how & 2);
	if (how & 1)
		ask_plainly();
	else
		ask_for_keys(how);
	offer((struct input){ NULL, 0 }, false);
	return 0;
}
