/*
 * fleet.c - see fleet.h.  Must not know what is measured.
 */
#include "fleet.h"

#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct shared {
	int			go;
	unsigned		n;
	struct fleet_result	proc[FLEET_MAX];
} *shared;

void
fleet_go(struct fleet_result *res, struct fleet_time *t)
{
	__atomic_store_n(&res->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		usleep(1000);
	t->from = hist_now() + (int64_t)(t->warmup_s * 1e9);
	t->until = t->from + (int64_t)(t->measure_s * 1e9);
}

static unsigned
count_ready(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < shared->n; i++)
		n += (unsigned)__atomic_load_n(&shared->proc[i].ready,
		    __ATOMIC_ACQUIRE);
	return n;
}

int
fleet_run(unsigned n, int (*work)(void *, unsigned, struct fleet_result *),
    void *arg)
{
	int status, rc = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	shared->n = n;
	for (unsigned i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == -1)
			err(1, "fork");
		if (pid == 0)
			_exit(work(arg, i, &shared->proc[i]) == 0 ? 0 : 1);
	}
	while (rc == 0 && count_ready() < n) {
		usleep(1000);
		if (waitpid(-1, &status, WNOHANG) > 0)
			rc = -1;	/* none may end before the start */
	}
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	while (wait(&status) > 0)
		if (status != 0)
			rc = -1;
	return rc;
}

bool
fleet_more(const struct fleet_time *t, int64_t now, uint64_t calls)
{
	return now < t->until && (t->calls_max == 0 || calls < t->calls_max);
}

unsigned
fleet_share(unsigned total, unsigned n, unsigned index)
{
	return total / n + (index < total % n);
}

double
fleet_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void
fleet_report(const struct fleet_time *t)
{
	static struct hist all;
	double cpu = 0, backend = 0, calls = 0, per;

	for (unsigned i = 0; i < shared->n; i++) {
		const struct fleet_result *r = &shared->proc[i];

		hist_merge(&all, &r->hist);
		cpu += r->cpu_s;
		backend += r->backend_s;
		calls += (double)r->calls;
	}
	per = calls > 0 ? 1e6 / calls : 0;
	printf("calls=%.0f rate=%.0f p50=%.1f p99=%.1f cpu=%.2f "
	    "backend_cpu=%.2f\n", calls, (double)all.n / t->measure_s,
	    hist_quantile(&all, .5), hist_quantile(&all, .99), cpu * per,
	    backend * per);
}
