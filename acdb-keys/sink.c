/*
 * sink.c - see sink.h.  Must not know what a token looks like.
 */
#include "sink.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/exitcode.h"

int
sink_open(struct sink *s, const char *path)
{
	*s = (struct sink){ .fd = STDOUT_FILENO, .path = path };
	if (path == NULL)
		return EXIT_OK;
	s->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd != -1)
		return EXIT_OK;
	warn("%s", path);
	return EXIT_LOCAL;
}

static int
put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
sink_put(struct sink *s, const char *line)
{
	if (put(s->fd, line, strlen(line)) == 0 && put(s->fd, "\n", 1) == 0 &&
	    (s->path == NULL || fsync(s->fd) == 0))
		return EXIT_OK;
	warn("%s", s->path != NULL ? s->path : "standard output");
	return EXIT_LOCAL;
}

void
sink_close(struct sink *s, int keep)
{
	if (s->path == NULL)
		return;
	close(s->fd);
	if (!keep)
		(void)unlink(s->path);
}
