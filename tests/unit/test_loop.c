/*
 * The loop: readiness, regular files, timers in order, tasks, signals, and
 * callbacks that disarm and free each other.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdbd/loop.h"
#include "tap.h"

static struct loop *loop;
static char trace[256];
static char a_[] = "a", b_[] = "b", c_[] = "c", none_[] = "", two_[] = "2";

static void
note(const char *s)
{
	size_t n = strlen(trace);

	snprintf(trace + n, sizeof(trace) - n, "%s", s);
}

static void
fresh(void)
{
	loop_free(loop);
	if ((loop = loop_new()) == NULL)
		abort();
	trace[0] = '\0';
}

static void
on_note(void *arg)
{
	note(arg);
}

static void
on_stop(void *arg UNUSED)
{
	loop_stop(loop);
}

static void
test_timers(void)
{
	struct timer a, b, c, stop, many[200];
	int64_t t0;
	int sorted = 1;

	t0 = loop_now_us();	/* before the loop reads its clock */
	fresh();
	timer_init(&a, on_note, a_);
	timer_init(&b, on_note, b_);
	timer_init(&c, on_note, c_);
	timer_init(&stop, on_stop, NULL);
	loop_timer(loop, &stop, 30);
	loop_timer(loop, &a, 20);
	loop_timer(loop, &b, 10);
	loop_timer(loop, &c, 5);
	loop_timer(loop, &c, 25);
	loop_run(loop);
	is_str(trace, "bac", "timers fire in order, moved ones where moved");
	ok(loop_now_us() - t0 >= 29000, "and not early");
	ok(a.slot == SIZE_MAX && stop.slot == SIZE_MAX, "then are not armed");

	fresh();
	for (unsigned i = 0; i < NELEM(many); i++) {
		timer_init(&many[i], on_note, none_);
		loop_timer(loop, &many[i], (int64_t)(i * 7919 % 1000));
	}
	for (unsigned i = 0; i < NELEM(many); i += 3)
		loop_timer_stop(loop, &many[i]);
	for (unsigned i = 0; i < NELEM(many); i++)
		if (i % 3 != 0 && many[i].slot == SIZE_MAX)
			sorted = 0;
	for (unsigned i = 0; i < NELEM(many); i++)
		if (i % 3 == 0 && many[i].slot != SIZE_MAX)
			sorted = 0;
	ok(sorted, "stopping some leaves the others");
	loop_timer_stop(loop, &many[0]);
	ok(many[0].slot == SIZE_MAX, "stopping twice is nothing");
}

static struct task t1, t2, t3;

static void
on_first(void *arg UNUSED)
{
	note("1");
	loop_post(loop, &t3);
	loop_post(loop, &t3);
	loop_unpost(loop, &t2);
}

static void
on_third(void *arg UNUSED)
{
	note("3");
	loop_stop(loop);
}

static void
test_tasks(void)
{
	fresh();
	task_init(&t1, on_first, NULL);
	task_init(&t2, on_note, two_);
	task_init(&t3, on_third, NULL);
	loop_post(loop, &t1);
	loop_post(loop, &t2);
	loop_run(loop);
	is_str(trace, "13", "tasks run once, in order, and can be undone");
}

/* Two descriptors are ready in one turn; the first callback disarms and
 * wipes the other watch, which must then not be called. */
static struct watch w1, w2;

static void
on_kill(void *arg, unsigned ready UNUSED)
{
	struct watch *other = arg;

	note("k");
	loop_watch(loop, &w1, 0);
	loop_watch(loop, &w2, 0);
	memset(other, 0x55, sizeof(*other));
	loop_stop(loop);
}

static void
test_disarm(void)
{
	int a[2], b[2];

	fresh();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) == -1)
		abort();
	watch_init(&w1, a[0], on_kill, &w2);
	watch_init(&w2, b[0], on_kill, &w1);
	loop_watch(loop, &w1, LOOP_READ);
	loop_watch(loop, &w2, LOOP_READ);
	if (write(a[1], "x", 1) != 1 || write(b[1], "x", 1) != 1)
		abort();
	loop_run(loop);
	is_str(trace, "k", "a watch disarmed in the same turn stays silent");
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static unsigned seen;

static void
on_seen(void *arg, unsigned ready)
{
	struct watch *w = arg;

	seen = ready;
	note("s");
	loop_watch(loop, w, 0);
	loop_stop(loop);
}

static unsigned
wait_for(int fd, unsigned want)
{
	struct watch w;

	seen = 0;
	watch_init(&w, fd, on_seen, &w);
	if (loop_watch(loop, &w, want) == -1)
		return 99;
	loop_run(loop);
	return seen;
}

static void
test_readiness(void)
{
	int s[2], file, p[2];

	fresh();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1 || pipe(p) == -1)
		abort();
	ok(wait_for(s[0], LOOP_READ | LOOP_WRITE) == LOOP_WRITE, "writable");
	if (write(s[1], "x", 1) != 1)
		abort();
	ok(wait_for(s[0], LOOP_READ | LOOP_HUP) == LOOP_READ, "readable");
	shutdown(s[1], SHUT_WR);
	ok(wait_for(s[0], LOOP_READ | LOOP_HUP) == (LOOP_READ | LOOP_HUP),
	    "half closed");
	ok(wait_for(s[0], LOOP_HUP) == LOOP_HUP, "hang-up alone");
	close(s[1]);
	ok(wait_for(s[0], LOOP_WRITE) == (LOOP_WRITE | LOOP_HUP),
	    "closed, whatever is waited for");
	close(s[0]);

	file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	ok(wait_for(file, LOOP_READ) == LOOP_READ,
	    "a regular file is always ready");
	ok(wait_for(file, LOOP_READ | LOOP_WRITE) ==
	    (LOOP_READ | LOOP_WRITE), "in both directions");
	close(file);
	close(p[1]);
	ok(wait_for(p[0], LOOP_READ) & LOOP_READ, "a pipe at its end");
	close(p[0]);
	ok(wait_for(file, LOOP_READ) == 99, "a closed descriptor is refused");
}

static int files_left;

static void
on_file(void *arg, unsigned ready UNUSED)
{
	loop_watch(loop, arg, 0);
	note("f");
	if (--files_left == 0)
		loop_stop(loop);
}

static void
test_files(void)
{
	struct watch w[3];
	int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	fresh();
	files_left = 3;
	for (int i = 0; i < 3; i++) {
		watch_init(&w[i], file, on_file, &w[i]);
		loop_watch(loop, &w[i], LOOP_READ);
	}
	loop_run(loop);
	is_str(trace, "fff", "files disarmed while they are gone through");
	close(file);
}

static void
on_signal(void *arg UNUSED, int signo)
{
	note(signo == SIGUSR1 ? "U" : signo == SIGHUP ? "H" : "?");
	if (signo == SIGHUP)
		loop_stop(loop);
}

static void
test_signals(void)
{
	fresh();
	ok(loop_signal(loop, SIGUSR1, on_signal, NULL) == 0 &&
	    loop_signal(loop, SIGHUP, on_signal, NULL) == 0, "signals");
	raise(SIGUSR1);
	raise(SIGHUP);
	loop_run(loop);
	ok(strlen(trace) == 2 && strchr(trace, 'U') && strchr(trace, 'H'),
	    "both are delivered by the loop");
	ok(loop_signal(loop, 0, on_signal, NULL) == -1, "not a signal");
}

int
main(void)
{
	test_timers();
	test_tasks();
	test_disarm();
	test_readiness();
	test_files();
	test_signals();
	loop_free(loop);
	return done();
}
