/*
 * io.c - plain descriptors, see io.h.  Knows no TLS and no HTTP.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "loop.h"

struct plain {
	struct io	io;
	bool		keep;		/* leave the descriptors open */
	int		flags[2];	/* and as they were; -1: not known */
};

static int
plain_handshake(struct io *io)
{
	(void)io;
	return 1;
}

static int
failed(void)
{
	return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_ERROR;
}

static ssize_t
plain_read(struct io *io, void *p, size_t n)
{
	ssize_t got = read(io->in, p, n);

	return got >= 0 ? got : failed();
}

static ssize_t
plain_write(struct io *io, const struct iovec *v, int n)
{
	ssize_t put = writev(io->out, v, n);

	return put >= 0 ? put : failed();
}

static void
plain_close(struct io *io, bool linger)
{
	struct plain *p = (struct plain *)io;

	if (linger) {
		shutdown(io->out, SHUT_WR);
		return;
	}
	if (p->keep) {
		for (int fd = 0; fd < 2; fd++)
			if (p->flags[fd] != -1)
				fcntl(fd, F_SETFL, p->flags[fd]);
	} else
		close(io->in);
	free(p);
}

static const struct io_ops plain_ops = {
	plain_handshake, plain_read, plain_write, plain_close
};

static struct plain *
plain_new(int in, int out)
{
	struct plain *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->io.ops = &plain_ops;
	p->io.in = in;
	p->io.out = out;
	p->io.handshake_wants = p->io.read_wants = LOOP_READ;
	p->io.write_wants = LOOP_WRITE;
	return p;
}

struct io *
io_socket(int fd)
{
	struct plain *p;

	if ((p = plain_new(fd, fd)) == NULL)
		return NULL;
	p->io.socket = p->io.hangs_up = true;
	/* An answer is written at once and whole: nothing is gained by
	 * holding its last segment back.  Fails where it is not TCP. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return &p->io;
}

struct io *
io_inetd(void)
{
	struct plain *p;
	struct stat st;

	if ((p = plain_new(STDIN_FILENO, STDOUT_FILENO)) == NULL)
		return NULL;
	p->keep = true;
	p->io.socket = fstat(STDOUT_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
	for (int fd = 0; fd < 2; fd++) {
		p->flags[fd] = fcntl(fd, F_GETFL);
		if (p->flags[fd] != -1)
			fcntl(fd, F_SETFL, p->flags[fd] | O_NONBLOCK);
	}
	return &p->io;
}
