/*
 * stop.c - see stop.h.  The handler writes to a pipe, which poll(2) and the
 * HTTP connection wait on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stop.h"

static int stop_pipe[2] = { -1, -1 };

static void
on_sigint(int sig)
{
	int saved = errno;

	(void)sig;
	/* Full means that it has been said often enough. */
	if (write(stop_pipe[1], "", 1) == -1)
		errno = saved;
	errno = saved;
}

/* No SA_RESTART: a write to a full pipe must come back. */
int
stop_init(void)
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	/* A parent may have left it ignored; "| head" is to end us. */
	sa.sa_handler = SIG_DFL;
	if (sigaction(SIGPIPE, &sa, NULL) == -1)
		return -1;
	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	/* Started in the background, it is to stay ignored. */
	if (sigaction(SIGINT, NULL, &old) == -1 || old.sa_handler == SIG_IGN)
		return 0;
	sa.sa_handler = on_sigint;
	return sigaction(SIGINT, &sa, NULL);
}

int
stop_fd(void)
{
	return stop_pipe[0];
}

bool
stop_wanted(void)
{
	struct pollfd p = { .fd = stop_pipe[0], .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

void
stop_clear(void)
{
	char byte[16];

	while (read(stop_pipe[0], byte, sizeof(byte)) > 0)
		continue;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
stop_sleep(int64_t ms)
{
	struct pollfd p = { .fd = stop_pipe[0], .events = POLLIN };
	int64_t end = now_ms() + ms, left;

	while ((left = end - now_ms()) > 0)
		if (poll(&p, 1, left > 60000 ? 60000 : (int)left) > 0)
			return -1;
	return stop_wanted() ? -1 : 0;
}

int
stop_await(int fd)
{
	struct pollfd p[2] = { { .fd = stop_pipe[0], .events = POLLIN },
	    { .fd = fd, .events = POLLIN } };

	while (poll(p, 2, -1) == -1 && errno == EINTR)
		continue;
	return p[0].revents != 0 ? -1 : 0;
}

void
stop_die(int sig)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
	raise(sig);
	/* Blocked from outside: say it as a shell would. */
	_exit(128 + sig);
}
