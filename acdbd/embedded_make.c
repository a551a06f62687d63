/*
 * embedded_make.c - see embedded_make.h.
 *
 * A cluster is made in dir/data.new.XXXXXX and renamed when it is complete,
 * so that one in dir/data is always whole.
 */
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded_make.h"
#include "lib/enc.h"
#include "lib/log.h"
#include "lib/secret.h"

/* dir/name in out, which has room for PATH_MAX: checked once for all by
 * usable(). */
static const char *
below(char out[PATH_MAX], const char *dir, const char *name)
{
	snprintf(out, PATH_MAX, "%.*s/%.60s", PATH_MAX - 64, dir, name);
	return out;
}

/* Make what lies above dir, open to all as /var/lib is; errors show when
 * dir itself is made. */
static void
make_parents(const char *dir)
{
	char path[PATH_MAX], *p;

	snprintf(path, sizeof(path), "%s", dir);
	for (p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

static bool
is_empty(int dirfd)
{
	const struct dirent *e;
	bool empty = true;
	DIR *d;

	if ((d = fdopendir(dup(dirfd))) == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			empty = false;
	closedir(d);
	return empty;
}

/* Give the directory to u: only one that is ours to give. */
static int
give(int fd, const char *dir, const struct embedded_user *u)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		log_errno("cannot look at the directory", "dir", dir, NULL);
		return -1;
	}
	if (st.st_uid == u->uid)
		return 0;
	if (!u->drop || st.st_uid != 0 || !is_empty(fd)) {
		log_error("the directory belongs to another user", "dir", dir,
		    "wanted", u->drop ? u->name : "our own", NULL);
		return -1;
	}
	if (fchown(fd, u->uid, u->gid) == -1 || fchmod(fd, 0711) == -1) {
		log_errno("cannot give the directory to PostgreSQL's user",
		    "dir", dir, "user", u->name, NULL);
		return -1;
	}
	return 0;
}

/* What PostgreSQL's configuration and a socket's address can hold. */
static int
usable(const char *dir)
{
	struct sockaddr_un sun;
	size_t n = strlen(dir) + strlen("/run/.s.PGSQL." EMBEDDED_PORT);
	char digits[48];

	if (n >= sizeof(sun.sun_path)) {
		snprintf(digits, sizeof(digits), "%zu of at most %zu", n,
		    sizeof(sun.sun_path) - 1);
		log_error("the directory's path is too long for a unix socket "
		    "below it; choose a shorter one", "dir", dir, "bytes",
		    digits, NULL);
		return -1;
	}
	for (const char *p = dir; *p != '\0'; p++)
		if (strchr("'\"\\,", *p) != NULL || (unsigned char)*p < ' ') {
			log_error("the directory's path holds a character "
			    "that PostgreSQL's configuration cannot", "dir",
			    dir, NULL);
			return -1;
		}
	return 0;
}

int
embedded_make_dir(const char *dir, const struct embedded_user *u, char *full)
{
	char path[PATH_MAX];
	int fd, rc = -1;

	make_parents(dir);
	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		log_errno("cannot make the directory", "dir", dir, NULL);
		return -1;
	}
	if (realpath(dir, full) == NULL ||
	    (fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		log_errno("cannot open the directory", "dir", dir, NULL);
		return -1;
	}
	if (give(fd, full, u) == 0 && usable(full) == 0)
		rc = 0;
	close(fd);
	if (rc == -1 || embedded_proc_become(u) == -1)
		return -1;
	if (eaccess(full, R_OK | W_OK | X_OK) == -1 ||
	    (mkdir(below(path, full, "run"), 0700) == -1 && errno != EEXIST) ||
	    (mkdir(below(path, full, "log"), 0700) == -1 && errno != EEXIST)) {
		log_errno("PostgreSQL's user cannot work in the directory",
		    "dir", full, "user", u->drop ? u->name : NULL, NULL);
		rc = -1;
	}
	/* Workers are other users: they reach the socket, and see nothing. */
	if (rc == 0 && u->drop && (chmod(full, 0711) == -1 ||
	    chmod(below(path, full, "run"), 0711) == -1)) {
		log_errno("cannot open the way to the socket", "dir", full,
		    NULL);
		rc = -1;
	}
	if (embedded_proc_return(u) == -1)
		return -1;
	return rc;
}

/*
 * A lock of fcntl(2): it ends with the process that took it, however that
 * ends, and is not shared by the workers it forks.
 */
int
embedded_make_lock(const char *dir)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX], pid[24];
	int fd;

	below(path, dir, "lock");
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		log_errno("cannot open", "file", path, NULL);
		return -1;
	}
	if (fcntl(fd, F_SETLK, &l) == 0)
		return fd;
	if (errno == EACCES || errno == EAGAIN) {
		fcntl(fd, F_GETLK, &l);
		snprintf(pid, sizeof(pid), "%ld", (long)l.l_pid);
		log_error("another acdbd runs the PostgreSQL in this directory",
		    "dir", dir, "pid", pid, NULL);
	} else
		log_errno("cannot lock", "file", path, NULL);
	close(fd);
	return -1;
}

int
embedded_make_major(const char *dir)
{
	char path[PATH_MAX], text[16] = "";
	ssize_t n;
	int fd;

	fd = open(below(path, dir, "data/PG_VERSION"), O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n <= 0 ? 0 : (int)strtol(text, NULL, 10);
}

int
embedded_make_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX], temp[PATH_MAX + 8];
	size_t n = strlen(text);
	int fd;

	below(path, dir, name);
	snprintf(temp, sizeof(temp), "%s.new", path);
	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1) {
		log_errno("cannot make", "file", temp, NULL);
		return -1;
	}
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) == -1) {
		log_errno("cannot write", "file", temp, NULL);
		close(fd);
		return -1;
	}
	close(fd);
	if (rename(temp, path) == -1) {
		log_errno("cannot rename", "file", temp, NULL);
		return -1;
	}
	return 0;
}

static int
read_secret(int fd, const char *path, char out[EMBEDDED_SECRET])
{
	ssize_t n = read(fd, out, EMBEDDED_SECRET - 1);

	out[EMBEDDED_SECRET - 1] = '\0';
	if (n == EMBEDDED_SECRET - 1 &&
	    strspn(out, "0123456789abcdef") == EMBEDDED_SECRET - 1)
		return 0;
	secret_wipe(out, EMBEDDED_SECRET);
	log_error("the file must hold 64 hexadecimal digits", "file", path,
	    NULL);
	return -1;
}

int
embedded_make_secret(const char *dir, char out[EMBEDDED_SECRET])
{
	char path[PATH_MAX];
	uint8_t raw[32];
	int fd, rc;

	below(path, dir, "secret");
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) != -1) {
		rc = read_secret(fd, path, out);
		close(fd);
		return rc;
	}
	if (errno != ENOENT) {
		log_errno("cannot open", "file", path, NULL);
		return -1;
	}
	if (embedded_make_major(dir) != 0) {
		/* Every password of the cluster derives from it. */
		log_error("the cluster's secret is missing; put it back, or "
		    "remove the directory to start anew", "file", path, NULL);
		return -1;
	}
	secret_random(raw, sizeof(raw));
	enc_hex(out, raw, sizeof(raw));
	secret_wipe(raw, sizeof(raw));
	return embedded_make_file(dir, "secret", out);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int
run_initdb(const char *data, const struct embedded_pg *pg,
    const struct embedded_user *u)
{
	char initdb[PATH_MAX + 8], out[2048];
	/* Code point order and C's names: what a query answers does not
	 * depend on the machine.  The builtin provider came with 17. */
	const char *argv[] = { initdb, "-D", data, "-U", EMBEDDED_SUPER,
	    "--auth=reject", "--data-checksums", "--encoding=UTF8",
	    "--locale=C.UTF-8", "--lc-messages=C", "--no-instructions",
	    pg->major < 17 ? NULL : "--locale-provider=builtin",
	    "--builtin-locale=C.UTF-8", NULL };
	int rc;

	snprintf(initdb, sizeof(initdb), "%s/initdb", pg->bindir);
	if ((rc = embedded_proc_run(u, argv, NULL, out, sizeof(out))) == 0)
		return 0;
	if (rc > 0)
		log_error("initdb failed", "said", out, NULL);
	return -1;
}

/*
 * The database and the superuser's password, in single-user mode: nothing
 * listens yet.  Whoever gets a login in this cluster by CREATE ROLE shall
 * not find a second database that is open to PUBLIC.
 */
static int
run_single(const char *data, const struct embedded_pg *pg,
    const struct embedded_user *u, const char *secret)
{
	char postgres[PATH_MAX + 16], out[2048], sql[1024];
	char password[SECRET_LOGIN_PW], verifier[SECRET_SCRAM];
	const char *argv[] = { postgres, "--single", "-D", data,
	    "-c", "exit_on_error=on", "-c", "log_min_messages=warning",
	    "postgres", NULL };
	int rc;

	snprintf(postgres, sizeof(postgres), "%s/postgres", pg->bindir);
	secret_login_password(password, secret, EMBEDDED_SUPER);
	secret_scram(verifier, password);
	secret_wipe(password, sizeof(password));
	snprintf(sql, sizeof(sql),
	    "ALTER ROLE " EMBEDDED_SUPER " PASSWORD '%s'\n"
	    "CREATE DATABASE " EMBEDDED_DATABASE "\n"
	    "REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 "
	    "FROM PUBLIC\n", verifier);
	rc = embedded_proc_run(u, argv, sql, out, sizeof(out));
	if (rc == 0)
		return 0;
	if (rc > 0)
		log_error("the new cluster could not be set up", "said", out,
		    NULL);
	return -1;
}

/* What a start that was cut short left; its programs may still be at it, so
 * a name is never used twice. */
static void
remove_unfinished(const char *dir)
{
	char path[PATH_MAX];
	const struct dirent *e;
	DIR *d;

	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, "data.new.", 9) == 0)
			nftw(below(path, dir, e->d_name), remove_one, 16,
			    FTW_DEPTH | FTW_PHYS);
	closedir(d);
}

int
embedded_make_cluster(const char *dir, const struct embedded_pg *pg,
    const struct embedded_user *u, const char *secret)
{
	char fresh[PATH_MAX], data[PATH_MAX];

	below(data, dir, "data");
	log_info("making a cluster", "dir", data, "programs", pg->bindir,
	    NULL);
	remove_unfinished(dir);
	below(fresh, dir, "data.new.XXXXXX");
	if (mkdtemp(fresh) == NULL) {
		log_errno("cannot make", "file", fresh, NULL);
		return -1;
	}
	if (run_initdb(fresh, pg, u) == -1 ||
	    run_single(fresh, pg, u, secret) == -1)
		return -1;
	if (rename(fresh, data) == -1) {
		log_errno("cannot rename", "file", fresh, NULL);
		return -1;
	}
	return 0;
}
