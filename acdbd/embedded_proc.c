/*
 * embedded_proc.c - see embedded_proc.h.
 *
 * It knows processes and users, and nothing about clusters.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "embedded_proc.h"
#include "lib/log.h"

/* Another one than the workers' where there is one (confine.c): whoever gets
 * out of a worker must not be able to read the data files. */
static const char *const default_users[] = { "postgres", "agentcoopdb",
    "nobody" };

int
embedded_proc_user(struct embedded_user *u)
{
	const struct passwd *pw = NULL;

	memset(u, 0, sizeof(*u));
	u->uid = getuid();
	u->gid = getgid();
	if (getuid() != 0)
		return 0;
	for (size_t i = 0; pw == NULL && i < NELEM(default_users); i++)
		pw = getpwnam(default_users[i]);
	if (pw == NULL || pw->pw_uid == 0) {
		log_error("PostgreSQL needs an unprivileged user to run as: "
		    "postgres, agentcoopdb or nobody", NULL);
		return -1;
	}
	u->drop = true;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
	return 0;
}

int
embedded_proc_become(const struct embedded_user *u)
{
	if (!u->drop)
		return 0;
	if (setgroups(0, NULL) == -1 || setegid(u->gid) == -1 ||
	    seteuid(u->uid) == -1) {
		log_errno("cannot act as another user", "user", u->name, NULL);
		return -1;
	}
	return 0;
}

int
embedded_proc_return(const struct embedded_user *u)
{
	if (!u->drop)
		return 0;
	if (seteuid(0) == -1 || setegid(0) == -1) {
		log_errno("cannot act as root again", NULL);
		return -1;
	}
	return 0;
}

static int
drop_for_good(const struct embedded_user *u)
{
	if (!u->drop)
		return 0;
	if (geteuid() != 0 && seteuid(0) == -1)
		return -1;
	if (setgroups(0, NULL) == -1 || setgid(u->gid) == -1 ||
	    setuid(u->uid) == -1)
		return -1;
	return setuid(0) == -1 ? 0 : -1;
}

/*
 * Between fork and exec.  Signals are as at the start of a program, since
 * a master's mask would be inherited and PostgreSQL's first children run
 * with it.
 */
static void
become(const struct embedded_user *u, const char *const argv[], int in,
    int out, int death_signal, pid_t parent)
{
	/* The words of initdb and of the log do not depend on who started
	 * us, and no PG... or secret of ours is handed on. */
	char path[4096], *env[] = { path, (char[]){ "LC_ALL=C" },
	    (char[]){ "TZ=UTC" }, NULL };
	const char *p = getenv("PATH");
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	snprintf(path, sizeof(path), "PATH=%s", p != NULL ? p :
	    "/usr/bin:/bin");
	sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		sigaction(s, &sa, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 || dup2(out, 2) == -1)
		_exit(126);
	close_range(3, ~0U, 0);
	if (drop_for_good(u) == -1 || chdir("/") == -1)
		_exit(126);
	umask(077);
	/* A change of ids clears it, so it is set last; and the parent may
	 * be gone already. */
	prctl(PR_SET_PDEATHSIG, death_signal);
	if (getppid() != parent)
		_exit(126);
	execve(argv[0], (char *const *)(uintptr_t)argv, env);
	_exit(127);
}

pid_t
embedded_proc_spawn(const struct embedded_user *u, const char *const argv[],
    int in, int out, int death_signal)
{
	pid_t parent = getpid(), pid;

	if ((pid = fork()) == -1) {
		log_errno("cannot fork", NULL);
		return -1;
	}
	if (pid == 0)
		become(u, argv, in, out, death_signal, parent);
	return pid;
}

/* Read to the end; what does not fit is dropped. */
static void
drain(int fd, char *out, size_t size)
{
	char rest[512];
	size_t used = 0;
	ssize_t n;

	for (;;) {
		if (used + 1 < size)
			n = read(fd, out + used, size - used - 1);
		else
			n = read(fd, rest, sizeof(rest));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (used + 1 < size)
			used += (size_t)n;
	}
	out[used] = '\0';
}

/* A descriptor to read the text from. */
static int
input_fd(const char *text)
{
	int p[2];

	if (text == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	if (write(p[1], text, strlen(text)) != (ssize_t)strlen(text)) {
		close(p[0]);
		p[0] = -1;
	}
	close(p[1]);
	return p[0];
}

int
embedded_proc_run(const struct embedded_user *u, const char *const argv[],
    const char *input, char *out, size_t size)
{
	int in, p[2], status;
	pid_t pid;

	out[0] = '\0';
	if ((in = input_fd(input)) == -1 || pipe2(p, O_CLOEXEC) == -1) {
		log_errno("cannot make a pipe", NULL);
		if (in != -1)
			close(in);
		return -1;
	}
	pid = embedded_proc_spawn(u, argv, in, p[1], SIGKILL);
	close(in);
	close(p[1]);
	if (pid != -1)
		drain(p[0], out, size);
	close(p[0]);
	if (pid == -1)
		return -1;
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR) {
			log_errno("cannot wait for a program", "program",
			    argv[0], NULL);
			return -1;
		}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

void
embedded_proc_nap(int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

bool
embedded_proc_wait(pid_t pid, int ms)
{
	for (int waited = 0;; waited += 10) {
		pid_t r = waitpid(pid, NULL, WNOHANG);

		if (r == pid || (r == -1 && errno == ECHILD))
			return true;
		if (waited >= ms)
			return false;
		embedded_proc_nap(10);
	}
}

/* Where the link /proc/pid/name leads; false where it cannot be read. */
static bool
proc_link(const char *pid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	if ((n = readlink(path, to, size - 1)) <= 0)
		return false;
	to[n] = '\0';
	return true;
}

/* One that is just ending has no program any more, but may still hold the
 * shared memory that keeps the next postmaster out. */
static bool
is_postgres_in(const char *pid, const char *dir)
{
	static const char name[] = "postgres";
	char to[4096], *base;

	if (!proc_link(pid, "cwd", to, sizeof(to)) || strcmp(to, dir) != 0)
		return false;
	if (!proc_link(pid, "exe", to, sizeof(to)))
		return errno == ENOENT;
	/* "postgres (deleted)" after an upgrade is one, too. */
	base = strrchr(to, '/');
	return base != NULL && strncmp(base + 1, name, strlen(name)) == 0;
}

int
embedded_proc_leftover(const char *dir, int sig)
{
	const struct dirent *e;
	DIR *proc;
	int n = 0;

	if ((proc = opendir("/proc")) == NULL)
		return 0;
	while ((e = readdir(proc)) != NULL) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 1 || !is_postgres_in(e->d_name, dir))
			continue;
		n++;
		if (sig != 0)
			kill((pid_t)pid, sig);
	}
	closedir(proc);
	return n;
}
