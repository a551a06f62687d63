/*
 * loop.c - waiting, over epoll; see loop.h.  Knows descriptors and clocks,
 * and nothing of what is read from them or why somebody waits.
 *
 * One turn: wait, run the callbacks of what is ready, then of the timers
 * that are due, then the work that these put off.  Timers are kept in a
 * binary heap, each knowing its slot, so that moving a deadline costs a few
 * swaps.  What epoll has reported but the loop has not yet passed on stands
 * in ev[]; a watch disarmed meanwhile is struck out there, which is why a
 * callback may free any other watch.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "loop.h"

#define EVENTS_MAX	64	/* a turn; the rest is reported by the next */
#define SIGNALS_MAX	65

struct handler {
	void	(*fn)(void *arg, int signo);
	void	 *arg;
};

struct loop {
	int		 epoll;
	bool		 stopped;
	int64_t		 now;		/* milliseconds */

	struct epoll_event ev[EVENTS_MAX];
	int		 nev, at;	/* ev[at ..] are to be passed on */

	struct watch	*files;		/* always ready */
	struct watch	*next_file;	/* the one after that running now */

	struct timer   **heap;
	size_t		 ntimers, cap;

	struct task	*first, *last;

	struct watch	 signals;
	sigset_t	 mask;
	struct handler	 handler[SIGNALS_MAX];
};

int64_t
loop_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
loop_now(const struct loop *l)
{
	return l->now;
}

struct loop *
loop_new(void)
{
	struct loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	if ((l->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1) {
		free(l);
		return NULL;
	}
	sigemptyset(&l->mask);
	watch_init(&l->signals, -1, NULL, NULL);
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL);
	l->now = loop_now_us() / 1000;
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	if (l->signals.fd != -1)
		close(l->signals.fd);
	close(l->epoll);
	free(l->heap);
	free(l);
}

/* Watches. */

void
watch_init(struct watch *w, int fd, void (*fn)(void *, unsigned), void *arg)
{
	*w = (struct watch){ .fd = fd, .fn = fn, .arg = arg };
}

static void
file_link(struct loop *l, struct watch *w)
{
	w->always_ready = true;
	w->prev = NULL;
	if ((w->next = l->files) != NULL)
		w->next->prev = w;
	l->files = w;
}

static void
file_unlink(struct loop *l, struct watch *w)
{
	if (l->next_file == w)
		l->next_file = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		l->files = w->next;
	w->always_ready = false;
}

static uint32_t
epoll_bits(unsigned want)
{
	uint32_t bits = 0;

	if (want & LOOP_READ)
		bits |= EPOLLIN;
	if (want & LOOP_WRITE)
		bits |= EPOLLOUT;
	if (want & LOOP_HUP)
		bits |= EPOLLRDHUP;
	return bits;
}

static int
disarm(struct loop *l, struct watch *w)
{
	int rc = 0;

	if (w->want == 0)
		return 0;
	if (w->always_ready)
		file_unlink(l, w);
	else
		rc = epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	w->want = 0;
	for (int i = l->at; i < l->nev; i++)
		if (l->ev[i].data.ptr == w)
			l->ev[i].data.ptr = NULL;
	return rc;
}

int
loop_watch(struct loop *l, struct watch *w, unsigned want)
{
	struct epoll_event ev = { .events = epoll_bits(want),
	    .data.ptr = w };

	if (want == w->want)
		return 0;
	if (want == 0)
		return disarm(l, w);
	if (w->want != 0) {
		if (!w->always_ready && epoll_ctl(l->epoll, EPOLL_CTL_MOD,
		    w->fd, &ev) == -1)
			return -1;
	} else if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &ev) == -1) {
		if (errno != EPERM)
			return -1;
		file_link(l, w);
	}
	w->want = want;
	return 0;
}

int
loop_watch_shared(struct loop *l, struct watch *w)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE,
	    .data.ptr = w };

	if (w->want != 0)
		return 0;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &ev) == -1)
		return -1;
	w->want = LOOP_READ;
	return 0;
}

/* What of that which a watch waits for has come.  After an error or a full
 * hang-up everything is ready: trying it will tell. */
static unsigned
ready_bits(const struct watch *w, uint32_t events)
{
	unsigned ready = 0;

	if (events & (EPOLLERR | EPOLLHUP))
		return w->want | LOOP_HUP;
	if (events & EPOLLIN)
		ready |= LOOP_READ;
	if (events & EPOLLOUT)
		ready |= LOOP_WRITE;
	if (events & EPOLLRDHUP)
		ready |= LOOP_HUP;
	return ready & w->want;
}

static void
run_watches(struct loop *l)
{
	struct watch *w;
	unsigned ready;

	for (l->at = 0; l->at < l->nev;) {
		w = l->ev[l->at].data.ptr;
		l->at++;
		if (w == NULL)
			continue;
		if ((ready = ready_bits(w, l->ev[l->at - 1].events)) != 0)
			w->fn(w->arg, ready);
	}
	l->at = l->nev = 0;
	for (w = l->files; w != NULL; w = l->next_file) {
		l->next_file = w->next;
		if ((ready = w->want & (LOOP_READ | LOOP_WRITE)) != 0)
			w->fn(w->arg, ready);
	}
}

/* Timers. */

void
timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .slot = SIZE_MAX };
}

static void
heap_put(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->slot = i;
}

static void
heap_up(struct loop *l, size_t i)
{
	struct timer *t = l->heap[i];

	while (i > 0 && l->heap[(i - 1) / 2]->due > t->due) {
		heap_put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(l, i, t);
}

static void
heap_down(struct loop *l, size_t i)
{
	struct timer *t = l->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < l->ntimers) {
		if (child + 1 < l->ntimers &&
		    l->heap[child + 1]->due < l->heap[child]->due)
			child++;
		if (l->heap[child]->due >= t->due)
			break;
		heap_put(l, i, l->heap[child]);
		i = child;
	}
	heap_put(l, i, t);
}

/*
 * A deadline that cannot be kept would let a wait last for ever, and there
 * is nobody to tell: end the process, which its parent replaces.
 */
static void
heap_grow(struct loop *l)
{
	size_t cap = l->cap == 0 ? 64 : l->cap * 2;
	struct timer **heap = reallocarray(l->heap, cap, sizeof(*heap));

	if (heap == NULL) {
		log_errno("cannot keep a deadline", NULL);
		abort();
	}
	l->heap = heap;
	l->cap = cap;
}

void
loop_timer(struct loop *l, struct timer *t, int64_t ms)
{
	t->due = l->now + (ms > 0 ? ms : 0);
	if (t->slot == SIZE_MAX) {
		if (l->ntimers == l->cap)
			heap_grow(l);
		heap_put(l, l->ntimers++, t);
	}
	heap_up(l, t->slot);
	heap_down(l, t->slot);
}

void
loop_timer_stop(struct loop *l, struct timer *t)
{
	size_t i = t->slot;
	struct timer *moved;

	if (i == SIZE_MAX)
		return;
	t->slot = SIZE_MAX;
	moved = l->heap[--l->ntimers];
	if (moved == t)
		return;
	heap_put(l, i, moved);
	heap_up(l, moved->slot);
	heap_down(l, moved->slot);
}

/* Those due when the turn began; one that is armed again by its own
 * callback for "at once" comes with the next turn. */
static void
run_timers(struct loop *l)
{
	struct timer *t;
	size_t most = l->ntimers;

	while (most-- > 0 && l->ntimers > 0 && l->heap[0]->due <= l->now) {
		t = l->heap[0];
		loop_timer_stop(l, t);
		t->fn(t->arg);
	}
}

/* Tasks. */

void
task_init(struct task *t, void (*fn)(void *), void *arg)
{
	*t = (struct task){ .fn = fn, .arg = arg };
}

void
loop_post(struct loop *l, struct task *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	if ((t->prev = l->last) != NULL)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

void
loop_unpost(struct loop *l, struct task *t)
{
	if (!t->queued)
		return;
	t->queued = false;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		l->first = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	else
		l->last = t->prev;
}

/* A task may post others, itself included: they run in the same turn, but
 * not without end, or descriptors would starve. */
static void
run_tasks(struct loop *l)
{
	struct task *t;

	for (int most = 1024; most > 0 && (t = l->first) != NULL; most--) {
		loop_unpost(l, t);
		t->fn(t->arg);
	}
}

/* Signals. */

static void
on_signals(void *arg, unsigned ready UNUSED)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;
	struct handler *h;

	while (read(l->signals.fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		h = &l->handler[si.ssi_signo];
		if (h->fn != NULL)
			h->fn(h->arg, (int)si.ssi_signo);
	}
}

int
loop_signal(struct loop *l, int signo, void (*fn)(void *arg, int), void *arg)
{
	sigset_t one;
	int fd;

	if (signo < 1 || signo >= SIGNALS_MAX) {
		errno = EINVAL;
		return -1;
	}
	sigemptyset(&one);
	sigaddset(&one, signo);
	sigaddset(&l->mask, signo);
	if (sigprocmask(SIG_BLOCK, &one, NULL) == -1)
		return -1;
	fd = signalfd(l->signals.fd, &l->mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		return -1;
	l->handler[signo] = (struct handler){ fn, arg };
	if (l->signals.fd == -1)
		watch_init(&l->signals, fd, on_signals, l);
	return loop_watch(l, &l->signals, LOOP_READ);
}

/* The loop. */

static int
patience(const struct loop *l)
{
	int64_t ms;

	if (l->first != NULL)
		return 0;
	for (const struct watch *w = l->files; w != NULL; w = w->next)
		if (w->want & (LOOP_READ | LOOP_WRITE))
			return 0;
	if (l->ntimers == 0)
		return -1;
	ms = l->heap[0]->due - l->now;
	if (ms > INT_MAX)
		return INT_MAX;
	return ms > 0 ? (int)ms : 0;
}

int
loop_run(struct loop *l)
{
	int n;

	l->stopped = false;
	log_hold();
	while (!l->stopped) {
		/* The clock is read behind the work of the last turn too,
		 * lest that be added to how long a timer waits. */
		l->now = loop_now_us() / 1000;
		log_flush();
		n = epoll_wait(l->epoll, l->ev, EVENTS_MAX, patience(l));
		if (n == -1 && errno != EINTR) {
			log_errno("cannot wait for events", NULL);
			return -1;
		}
		l->now = loop_now_us() / 1000;
		l->nev = n > 0 ? n : 0;
		run_watches(l);
		run_timers(l);
		run_tasks(l);
	}
	log_flush();
	return 0;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}
