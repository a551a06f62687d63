/*
 * loop.h - waiting: descriptors, timers, signals and work put off, in one
 * thread.  The only file that knows epoll is loop.c.
 *
 * Watches, timers and tasks are embedded in their owners and borrowed by
 * the loop while they are armed; each callback may disarm or free anything,
 * its own watch included.  Level-triggered.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cdefs.h"

struct loop;

/* LOOP_HUP is the peer's hang-up, also of its sending half alone (a socket's
 * RDHUP).  An error or a full hang-up is reported whatever is waited for,
 * as all the bits waited for and LOOP_HUP. */
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HUP = 4 };

struct watch {
	int	  fd;
	unsigned  want;		/* LOOP_* bits; 0: not armed */
	void	(*fn)(void *arg, unsigned ready);
	void	 *arg;
	/* the loop's own */
	bool	  always_ready;	/* a regular file: epoll refuses those */
	struct watch *next, *prev;
};

struct timer {
	int64_t	  due;		/* loop_now() at which it fires */
	void	(*fn)(void *arg);
	void	 *arg;
	size_t	  slot;		/* the loop's own; SIZE_MAX: not armed */
};

struct task {
	void	(*fn)(void *arg);
	void	 *arg;
	bool	  queued;	/* the loop's own, as is next */
	struct task *next, *prev;
};

/* Also has the process ignore SIGPIPE: that a reader has gone is told by
 * write().  NULL with errno when it cannot be had. */
struct loop *loop_new(void) MUST_CHECK;
void	 loop_free(struct loop *l);

void	 watch_init(struct watch *w, int fd, void (*fn)(void *, unsigned),
	    void *arg);
/* Wait for want from now on; 0 stops waiting (and must come before the
 * descriptor is closed).  Returns 0, or -1 with errno. */
int	 loop_watch(struct loop *l, struct watch *w, unsigned want);
/* The same, with EPOLLEXCLUSIVE: one of several processes is woken for a
 * listening descriptor. */
int	 loop_watch_shared(struct loop *l, struct watch *w);

void	 timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* Fire once, ms from now (again, if it was armed). */
void	 loop_timer(struct loop *l, struct timer *t, int64_t ms);
void	 loop_timer_stop(struct loop *l, struct timer *t);

void	 task_init(struct task *t, void (*fn)(void *), void *arg);
/* Run t once, after the callback that is running now has returned: at the
 * end of this turn of the loop, behind all callbacks. */
void	 loop_post(struct loop *l, struct task *t);
void	 loop_unpost(struct loop *l, struct task *t);

/* Block the signal for the process and have fn called from the loop.  What
 * is executed by the process inherits the block and has to undo it. */
int	 loop_signal(struct loop *l, int signo, void (*fn)(void *arg, int),
	    void *arg);

/* Milliseconds of the monotonic clock, read once per turn of the loop;
 * loop_now_us() reads the clock now. */
int64_t	 loop_now(const struct loop *l);
int64_t	 loop_now_us(void);

/* Until loop_stop().  Returns 0, or -1 when waiting itself failed. */
int	 loop_run(struct loop *l);
void	 loop_stop(struct loop *l);

#endif
