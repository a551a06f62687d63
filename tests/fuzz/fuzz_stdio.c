/*
 * fuzz_stdio.c - acdb-mcp's standard input, in pieces, with no gateway that
 * answers.
 *
 * The first byte says how it is cut and configured.  Whatever comes in, what
 * goes out is one JSON message a line, and ends when the input does; no
 * request is answered twice.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdb-mcp/serve.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "fuzz.h"

#define PACKETS_MAX	100	/* what a socket holds without a reader */

static int out_fd = -1;

static void
start(void)
{
	log_init("fuzz", LOG_ERROR, LOG_TEXT);
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("AGENTCOOPDB_PROFILE");
	setenv("AGENTCOOPDB_API_KEY", "acd_dev_AAAAAAAAAAAAAAAA_"
	    "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", 1);
	out_fd = memfd_create("stdout", MFD_CLOEXEC);
	must(out_fd != -1 && dup2(out_fd, STDOUT_FILENO) != -1);
}

/* Each read() of standard input gets one piece. */
static void
put_input(struct input in, size_t step)
{
	int s[2];
	size_t n;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == 0);
	if (step < in.n / PACKETS_MAX + 1)
		step = in.n / PACKETS_MAX + 1;
	for (; in.n > 0; in.p += n, in.n -= n) {
		n = in.n < step ? in.n : step;
		must(write(s[1], in.p, n) == (ssize_t)n);
	}
	close(s[1]);
	must(dup2(s[0], STDIN_FILENO) == STDIN_FILENO);
	close(s[0]);
}

/* Whether the message answers the request of that id. */
static bool
answers(const struct json *j, const struct json *id)
{
	uint32_t v = json_member(j, 0, "id");
	int64_t work = 10000;

	return v != 0 && json_member(j, 0, "method") == 0 &&
	    json_same(j, v, id, 0, &work);
}

static void
check_message(const struct json *j)
{
	bool result = json_member(j, 0, "result") != 0;
	bool error = json_member(j, 0, "error") != 0;

	if (j->tok[0].type == JSON_ARRAY) {
		must(j->tok[0].n > 0);
		return;
	}
	must(j->tok[0].type == JSON_OBJECT);
	must(json_is(j, json_member(j, 0, "jsonrpc"), "2.0"));
	must((json_member(j, 0, "method") != 0) + result + error == 1);
	must(!result || json_member(j, 0, "id") != 0);
}

/* The lines that went out; of those with the id 7, how many. */
static unsigned
check_output(const char *p, size_t n)
{
	static const char id[] = "7";
	struct json j, seven;
	const char *end;
	unsigned count = 0;

	must(json_read(&seven, id, 1, NULL) == 0);
	for (; n > 0; n -= (size_t)(end + 1 - p), p = end + 1) {
		must((end = memchr(p, '\n', n)) != NULL);
		must(json_read(&j, p, (size_t)(end - p), NULL) == 0);
		check_message(&j);
		count += answers(&j, &seven);
		json_fini(&j);
	}
	json_fini(&seven);
	return count;
}

/* How often a 7 stands there: more answers than that are too many. */
static unsigned
count_sevens(struct input in)
{
	unsigned n = 0;

	for (size_t i = 0; i < in.n; i++)
		n += in.p[i] == '7';
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data, n };
	unsigned how = next_byte(&in);
	struct opts o = { .read_only = how & 1, .tools = how & 2 ?
	    "whoami,sql_query" : NULL, .choice.url = how & 4 ?
	    "http://127.0.0.1:1" : NULL };
	off_t size;
	char *p;

	if (out_fd == -1)
		start();
	must(ftruncate(out_fd, 0) == 0 && lseek(out_fd, 0, SEEK_SET) == 0);
	put_input(in, how & 8 ? 1 + (how >> 4) * 7 : SIZE_MAX);
	must(serve_stdio(&o) == EXIT_OK);
	must((size = lseek(out_fd, 0, SEEK_END)) >= 0);
	p = malloc((size_t)size + 1);
	must(p != NULL && pread(out_fd, p, (size_t)size, 0) == size);
	must(check_output(p, (size_t)size) <= count_sevens(in));
	free(p);
	return 0;
}
