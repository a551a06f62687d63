/*
 * test_relay.c - connections spread over workers that are processes.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "acdbd/relay.h"
#include "tap.h"

static void
test_choice(void)
{
	struct relay *r = relay_new(3);
	unsigned got[3] = { 0 };

	relay_join(r, 1);
	ok(relay_choose(r, 1) == 1 && relay_choose(r, 1) == 1,
	    "alone: who is not there gets nothing");
	relay_leave(r, 1);
	for (unsigned i = 0; i < 3; i++)
		relay_join(r, i);
	for (unsigned i = 0; i < 30; i++)
		got[relay_choose(r, 2)]++;
	ok(got[0] == 10 && got[1] == 10 && got[2] == 10, "ten each");
	ok(relay_choose(r, 1) == 1, "self among equals");
	relay_ended(r, 0);
	ok(relay_choose(r, 1) == 0, "who has fewer");
	relay_leave(r, 0);
	relay_ended(r, 1);
	relay_ended(r, 1);
	ok(relay_choose(r, 2) == 1, "who has left gets nothing");
	relay_free(r);
	relay_free(NULL);
}

static void
test_giving(void)
{
	struct relay *r = relay_new(2);
	unsigned listener = 0, n = 0;
	int p[2], fd, status;

	relay_join(r, 0);
	relay_join(r, 1);
	ok(relay_take(r, 1, &listener) == -1 && errno == EAGAIN, "nothing");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		abort();
	ok(relay_give(r, 0, relay_choose(r, 0), p[1], 7) == 0, "to oneself");
	ok((fd = relay_take(r, 0, &listener)) >= 0 && listener == 7,
	    "and back");
	close(fd);
	relay_ended(r, 0);
	if (fork() == 0) {
		fd = relay_take(r, 1, &listener);
		while (fd == -1)
			fd = relay_take(r, 1, &listener);
		_exit(listener == 9 && write(fd, "x", 1) == 1 ? 0 : 1);
	}
	ok(relay_give(r, 0, 1, p[1], 9) == 0, "to another process");
	close(p[1]);
	ok(read(p[0], &status, 1) == 1, "which has it");
	ok(wait(&status) > 0 && status == 0, "with the listener's number");
	while (relay_give(r, 0, 1, p[0], 0) == 0)
		n++;
	ok(n > 0 && n < 100000, "%u fit", n);
	relay_join(r, 0);
	(void)relay_choose(r, 0);
	ok(relay_take(r, 1, &listener) >= 0, "what was given is not lost");
	relay_free(r);
}

int
main(void)
{
	test_choice();
	test_giving();
	return done();
}
