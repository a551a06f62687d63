/*
 * drive.c - see drive.h.  Must not know what a call consists of.
 */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "hist.h"
#include "trail.h"

struct drive {
	int		 ep;
	unsigned	 n;
	struct call	*calls;
	struct call	**idle;		/* connections without a call */
	unsigned	 n_idle;
	struct trail	*trail;		/* NULL: reads are not audited */
	/* of the run */
	struct fleet_result *res;
	const struct fleet_time *time;
	unsigned	 clients;	/* that still make calls */
	unsigned	 waiting;	/* of them, without a connection: */
	unsigned	 first;
	int64_t		 since[DRIVE_CLIENTS];	/* a ring */
};

static int
listen_to(struct drive *d, int fd, void *to)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = to };

	return epoll_ctl(d->ep, EPOLL_CTL_ADD, fd, &ev);
}

struct drive *
drive_open(const struct call_plan *plan, unsigned n, bool audited,
    uint32_t seed)
{
	struct drive *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->calls = calloc(n, sizeof(*d->calls));
	d->idle = calloc(n, sizeof(*d->idle));
	if (d->calls == NULL || d->idle == NULL ||
	    (d->ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return NULL;
	for (; d->n < n; d->n++) {
		struct call *c = &d->calls[d->n];

		if (call_open(c, plan, seed + d->n) != 0 ||
		    listen_to(d, PQsocket(c->c.pg.conn), c) == -1)
			return NULL;
		d->idle[d->n_idle++] = c;
	}
	if (audited && ((d->trail = trail_open(plan)) == NULL ||
	    listen_to(d, trail_socket(d->trail), NULL) == -1))
		return NULL;
	return d;
}

void
drive_close(struct drive *d)
{
	for (unsigned i = 0; i < d->n; i++)
		call_close(&d->calls[i]);
	trail_close(d->trail);
	close(d->ep);
	free(d->calls);
	free(d->idle);
	free(d);
}

static double
backend_seconds(int pid)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return (double)ns / 1e9;
}

double
drive_backends(const struct drive *d)
{
	double sum = d->trail == NULL ? 0 :
	    backend_seconds(trail_pid(d->trail));

	for (unsigned i = 0; i < d->n; i++)
		sum += backend_seconds(d->calls[i].c.pid);
	return sum;
}

static void
wants_connection(struct drive *d, int64_t now)
{
	d->since[(d->first + d->waiting++) % DRIVE_CLIENTS] = now;
}

/* Give connections to the clients that wait for one, in order. */
static int
begin_calls(struct drive *d)
{
	for (; d->waiting > 0 && d->n_idle > 0; d->waiting--) {
		struct call *c = d->idle[--d->n_idle];

		if (call_send(c) != 0)
			return -1;
		c->began_ns = d->since[d->first];
		d->first = (d->first + 1) % DRIVE_CLIENTS;
	}
	return 0;
}

/* A client has what it asked for, and asks again. */
static void
answered(struct drive *d, int64_t began_ns)
{
	int64_t now = hist_now();

	d->res->calls++;
	if (began_ns >= d->time->from && now <= d->time->until)
		hist_record(&d->res->hist, now - began_ns);
	if (fleet_more(d->time, now, d->res->calls))
		wants_connection(d, now);
	else
		d->clients--;
}

static int
on_result(struct drive *d, struct call *c)
{
	int end = call_read(c);

	if (end <= 0)
		return end;
	d->idle[d->n_idle++] = c;
	if (d->trail != NULL)
		return trail_add(d->trail, c->began_ns);
	answered(d, c->began_ns);
	return 0;
}

static int
on_durable(struct drive *d)
{
	const int64_t *began;
	int n = trail_read(d->trail, &began);

	for (int i = 0; i < n; i++)
		answered(d, began[i]);
	return n < 0 ? -1 : 0;
}

int
drive_run(struct drive *d, unsigned clients, struct fleet_result *res,
    const struct fleet_time *t)
{
	struct epoll_event ev[64];

	d->res = res;
	d->time = t;
	for (d->clients = 0; d->clients < clients; d->clients++)
		wants_connection(d, hist_now());
	while (d->clients > 0) {
		int got;

		if (begin_calls(d) != 0)
			return -1;
		if (d->trail != NULL && trail_flush(d->trail) != 0)
			return -1;
		got = epoll_wait(d->ep, ev, NELEM(ev), -1);
		for (int i = 0; i < got; i++)
			if ((ev[i].data.ptr == NULL ? on_durable(d) :
			    on_result(d, ev[i].data.ptr)) != 0)
				return -1;
	}
	return 0;
}
