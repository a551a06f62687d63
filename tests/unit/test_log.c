/*
 * The log: one whole line an event, whatever a client puts into a field.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>

#include "lib/json.h"
#include "lib/log.h"
#include "tap.h"

static int ends[2];
static char line[8192];

/* What was written to standard error since the last call. */
static const char *
logged(void)
{
	ssize_t n = read(ends[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void
text(void)
{
	log_init("test[1]", LOG_INFO, LOG_TEXT);
	log_info("listening", "addr", "127.0.0.1:80", "n", "2", NULL);
	is_str(logged(), "test[1]: info: listening addr=127.0.0.1:80 n=2\n",
	    "a line of fields");
	log_warn("odd", "a", "two words", "b", "", "c", NULL, "d", "x=y",
	    NULL);
	is_str(logged(), "test[1]: warn: odd a=\"two words\" b=\"\" "
	    "d=\"x=y\"\n", "quoted where needed, left out where NULL");
	log_error("hostile", "a", "x\ny", "b", "\x1b[2J", "c", "q\"\\",
	    "d", "\xff", "e", "\xc3\xa9", NULL);
	is_str(logged(), "test[1]: error: hostile a=\"x\\ny\" "
	    "b=\"\\u001b[2J\" c=\"q\\\"\\\\\" d=\"\xef\xbf\xbd\" "
	    "e=\"\xc3\xa9\"\n", "no control character gets through");
	errno = ENOENT;
	log_errno("cannot open", "file", "/x", NULL);
	is_str(logged(), "test[1]: error: cannot open file=/x "
	    "error=\"No such file or directory\"\n", "an errno is told");
	ok(errno == ENOENT, "and kept");
}

static void
levels(void)
{
	enum log_level level;

	log_debug("no", NULL);
	is_str(logged(), "", "debug is below info");
	log_set_level(LOG_ERROR);
	log_warn("no", NULL);
	is_str(logged(), "", "warn is below error");
	ok(log_get_level() == LOG_ERROR, "the level can be asked for");
	log_error("yes", NULL);
	is_str(logged(), "test[1]: error: yes\n", "error is not");
	log_set_level(LOG_DEBUG);
	log_debug("yes", NULL);
	is_str(logged(), "test[1]: debug: yes\n", "debug when asked for");
	ok(log_parse_level("warn", &level) == 0 && level == LOG_WARN &&
	    log_parse_level("DEBUG", &level) == 0 && level == LOG_DEBUG,
	    "levels by name");
	ok(log_parse_level("", &level) == -1 &&
	    log_parse_level("warning", &level) == -1, "and no others");
}

/* The line just logged is JSON and its member name says want (NULL: is not
 * there). */
static void
member_is(const char *name, const char *want)
{
	size_t n = strlen(line);
	uint32_t i;
	struct json j;

	if (!ok(n > 0 && line[n - 1] == '\n' && memchr(line, '\n', n - 1) ==
	    NULL && json_read(&j, line, n, NULL) == 0, "one line of JSON")) {
		printf("# %s\n", line);
		return;
	}
	i = json_member(&j, 0, name);
	ok(want == NULL ? i == 0 : i != 0 && json_is(&j, i, want),
	    "%s is %.40s", name, want == NULL ? "left out" : want);
	json_fini(&j);
}

static void
json(void)
{
	static char big[LOG_LINE_MAX + 100];

	log_init("test[2]", LOG_INFO, LOG_JSON);
	log_info("request", "id", "a\"\n\xff", "status", "200", "no", NULL,
	    NULL);
	logged();
	member_is("msg", "request");
	member_is("level", "info");
	member_is("process", "test[2]");
	member_is("id", "a\"\n\xef\xbf\xbd");
	member_is("no", NULL);
	ok(strlen(line) > 33 && line[32] == 'Z' && line[19] == 'T',
	    "the time in UTC, to the millisecond: %.33s", line);
	errno = EACCES;
	log_errno("cannot", NULL);
	logged();
	member_is("error", "Permission denied");
	/* Wherever the limit falls, the line is whole. */
	memset(big, 'x', sizeof(big) - 1);
	for (size_t n = LOG_LINE_MAX - 200; n < sizeof(big) - 1; n += 7) {
		big[n] = '\0';
		errno = EACCES;
		log_errno("long", "big", big, "small", "s", NULL);
		big[n] = 'x';
		logged();
		if (strlen(line) > LOG_LINE_MAX ||
		    strcmp(line + strlen(line) - 2, "}\n") != 0)
			ok(0, "a line of %zu", strlen(line));
	}
	member_is("big", NULL);
	member_is("small", "s");
	member_is("error", "Permission denied");
}

static void
dying(void)
{
	int status;
	pid_t child;

	log_init("test", LOG_INFO, LOG_TEXT);
	fflush(stdout);
	if ((child = fork()) == 0)
		die(78, "cannot %s", "go on");
	ok(child > 0 && waitpid(child, &status, 0) == child &&
	    WIFEXITED(status) && WEXITSTATUS(status) == 78, "die exits");
	is_str(logged(), "test: cannot go on\n", "and says why");
}

int
main(void)
{
	if (pipe(ends) == -1 || dup2(ends[1], STDERR_FILENO) == -1 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1)
		abort();
	text();
	levels();
	json();
	dying();
	return done();
}
