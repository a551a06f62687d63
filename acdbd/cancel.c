/*
 * cancel.c - see cancel.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel.h"

#define CANCEL_SECONDS	5	/* for the child; then it gives up */

struct cancel {
	struct loop	*loop;
	struct watch	 watch;		/* a pipe the child holds open */
	pid_t		 child;
	void	       (*done)(void *arg, bool delivered); /* NULL: forgotten */
	void		*arg;
	struct cancel	**list, *next;
};

/* In the child: nothing but the request, no clean-up of the parent's. */
static void NORETURN
send_request(PGconn *conn)
{
	char why[256];

	struct sigaction by_default = { .sa_handler = SIG_DFL };

	sigaction(SIGALRM, &by_default, NULL);
	sigaction(SIGTERM, &by_default, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(CANCEL_SECONDS);
#ifdef LIBPQ_HAS_ASYNC_CANCEL
	/* PostgreSQL 17's: encrypted where the connection is. */
	PGcancelConn *cancel = PQcancelCreate(conn);

	_exit(cancel != NULL && PQcancelBlocking(cancel) ? 0 : 1);
	(void)why;
#else
	PGcancel *cancel = PQgetCancel(conn);

	_exit(cancel != NULL && PQcancel(cancel, why, sizeof(why)) ? 0 : 1);
#endif
}

static void
drop(struct cancel *c)
{
	struct cancel **p = c->list;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	loop_watch(c->loop, &c->watch, 0);
	close(c->watch.fd);
	free(c);
}

static void
on_child_end(void *arg, unsigned ready)
{
	struct cancel *c = arg;
	void (*done)(void *, bool) = c->done;
	int status = -1;

	(void)ready;
	/* Its end of the pipe is closed, so it is exiting. */
	while (waitpid(c->child, &status, 0) == -1 && errno == EINTR)
		continue;
	arg = c->arg;
	drop(c);
	if (done != NULL)
		done(arg, status == 0);
}

struct cancel *
cancel_start(struct cancel **list, struct loop *loop, PGconn *conn,
    void (*done)(void *, bool), void *arg)
{
	struct cancel *c;
	int fd[2];

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	if (pipe2(fd, O_CLOEXEC) == -1)
		goto free_cancel;
	c->loop = loop;
	c->done = done;
	c->arg = arg;
	if ((c->child = fork()) == -1)
		goto close_pipe;
	if (c->child == 0) {
		/* Nothing else of the parent's may stay open through us: its
		 * clients would not see it close them. */
		if (dup2(fd[1], 3) == -1 || close_range(4, ~0U, 0) == -1)
			_exit(1);
		send_request(conn);
	}
	close(fd[1]);
	watch_init(&c->watch, fd[0], on_child_end, c);
	if (loop_watch(loop, &c->watch, LOOP_READ) == 0) {
		c->list = list;
		c->next = *list;
		*list = c;
		return c;
	}
	/* Not to be watched: wait here, it is bounded by the child's alarm. */
	while (waitpid(c->child, NULL, 0) == -1 && errno == EINTR)
		continue;
	close(fd[0]);
	free(c);
	return NULL;
 close_pipe:
	close(fd[0]);
	close(fd[1]);
 free_cancel:
	free(c);
	return NULL;
}

void
cancel_forget(struct cancel *c)
{
	if (c != NULL)
		c->done = NULL;
}

void
cancel_free_all(struct cancel **list)
{
	while (*list != NULL)
		drop(*list);
}
