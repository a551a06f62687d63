/*
 * confine.c - see confine.h.
 *
 * The place for further walls (a seccomp filter, say) is confine_self():
 * it is called when everything is open and nothing was read yet.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#define HAVE_LANDLOCK 1
#endif
#endif

#include "confine.h"
#include "lib/hide.h"
#include "lib/log.h"

static const char *const default_users[] = { "agentcoopdb", "nobody" };

int
confine_find(struct confine_user *u, const char *name, struct buf *err)
{
	const struct passwd *pw = NULL;

	memset(u, 0, sizeof(*u));
	if (geteuid() != 0)
		return 0;
	if (name != NULL)
		pw = getpwnam(name);
	for (size_t i = 0; name == NULL && pw == NULL &&
	    i < NELEM(default_users); i++)
		pw = getpwnam(default_users[i]);
	if (pw == NULL || pw->pw_uid == 0) {
		buf_addf(err, "AGENTCOOPDB_USER is \"%s\", but accepts the "
		    "name of a user of this system other than root",
		    name == NULL ? "" : name);
		return -1;
	}
	u->change = true;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
	return 0;
}

int
confine_become(const struct confine_user *u)
{
	if (!u->change)
		return 0;
	if (initgroups(u->name, u->gid) == -1 || setgid(u->gid) == -1 ||
	    setuid(u->uid) == -1) {
		log_errno("cannot become another user", "user", u->name,
		    NULL);
		return -1;
	}
	if (setuid(0) == 0 || geteuid() != u->uid || getegid() != u->gid) {
		log_error("root was not given up", "user", u->name, NULL);
		return -1;
	}
	return 0;
}

#ifdef HAVE_LANDLOCK
/*
 * Deny all that creates, changes, removes or executes a file, and leave
 * reading alone: a worker reads name service files, procedures and
 * certificate authorities, but has nothing to write but its descriptors.
 */
static void
landlock(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs =
	    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
	    LANDLOCK_ACCESS_FS_MAKE_SYM };
	long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
	    0U);

	if (fd == -1) {
		log_debug("no Landlock here", "reason", strerror(errno),
		    NULL);
		return;
	}
	if (syscall(SYS_landlock_restrict_self, (int)fd, 0U) == -1)
		log_errno("cannot confine by Landlock", NULL);
	close((int)fd);
}
#else
static void
landlock(void)
{
}
#endif

void
confine_self(pid_t parent)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	hide_process();		/* a change of user undoes it */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	landlock();
	/* A change of user clears it, so it comes last; and the parent may
	 * be gone already. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (parent != 0 && getppid() != parent)
		(void)raise(SIGTERM);
}

void
confine_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}
