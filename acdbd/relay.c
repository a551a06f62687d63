/*
 * relay.c - see relay.h.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.h"

/* More than anybody has, with room to count on. */
#define ABSENT	(INT_MAX / 2)

/* Both ends stay open in the master, so that what was given to a worker
 * that crashed waits for the next one. */
struct relay {
	unsigned	 n;
	_Atomic int	*load;		/* shared; connections of each */
	int		(*pair)[2];	/* 0: giving, 1: taking */
};

struct relay *
relay_new(unsigned workers)
{
	struct relay *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->pair = calloc(workers, sizeof(*r->pair));
	r->load = mmap(NULL, workers * sizeof(*r->load),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->pair == NULL || r->load == MAP_FAILED)
		goto fail;
	for (; r->n < workers; r->n++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK |
		    SOCK_CLOEXEC, 0, r->pair[r->n]) == -1)
			goto fail;
		relay_leave(r, r->n);
	}
	return r;
fail:
	relay_free(r);
	return NULL;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n; i++) {
		close(r->pair[i][0]);
		close(r->pair[i][1]);
	}
	if (r->load != NULL && r->load != MAP_FAILED)
		munmap(r->load, r->n * sizeof(*r->load));
	free(r->pair);
	free(r);
}

unsigned
relay_choose(struct relay *r, unsigned self)
{
	int load, least = atomic_load(&r->load[self]);
	unsigned worker = self;

	for (unsigned i = 0; i < r->n; i++)
		if ((load = atomic_load(&r->load[i])) < least) {
			least = load;
			worker = i;
		}
	atomic_fetch_add(&r->load[worker], 1);
	return worker;
}

void
relay_ended(struct relay *r, unsigned worker)
{
	atomic_fetch_sub(&r->load[worker], 1);
}

void
relay_join(struct relay *r, unsigned self)
{
	atomic_store(&r->load[self], 0);
}

void
relay_leave(struct relay *r, unsigned worker)
{
	atomic_store(&r->load[worker], ABSENT);
}

/* Room for one descriptor beside the message. */
union control {
	struct cmsghdr	header;
	char		room[CMSG_SPACE(sizeof(int))];
};

int
relay_give(struct relay *r, unsigned self, unsigned worker, int fd,
    unsigned listener)
{
	union control control;
	struct iovec iov = { &listener, sizeof(listener) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(r->pair[worker][0], &msg, MSG_NOSIGNAL) != -1)
		return 0;
	atomic_fetch_sub(&r->load[worker], 1);
	atomic_fetch_add(&r->load[self], 1);
	return -1;
}

int
relay_fd(const struct relay *r, unsigned self)
{
	return r->pair[self][1];
}

int
relay_take(struct relay *r, unsigned self, unsigned *listener)
{
	union control control;
	struct iovec iov = { listener, sizeof(*listener) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	int fd;

	for (;;) {
		msg.msg_controllen = sizeof(control.room);
		if (recvmsg(r->pair[self][1], &msg, MSG_CMSG_CLOEXEC) !=
		    (ssize_t)sizeof(*listener))
			return -1;
		if ((c = CMSG_FIRSTHDR(&msg)) != NULL &&
		    c->cmsg_type == SCM_RIGHTS)
			break;
		/* We had no descriptor left to put it in: it is lost. */
		relay_ended(r, self);
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}
