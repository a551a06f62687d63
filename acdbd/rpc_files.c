/*
 * rpc_files.c - the procedures that the operator ships: all files of a
 * directory; see rpc.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "rpc.h"
#include "stmt.h"

#define DEFAULT_DIR	"share/rpc"
#define FILES_MAX	1000
#define FILE_MAX	(1 << 20)
#define JSON_MAX	(64 << 20)

struct rpc_files {
	struct rpc	**rpc;		/* owned; by name */
	size_t		 n;
	char		*json;		/* owned */
};

/* Where the program is installed, or built; else as it stands. */
static void
find_dir(const char *setting, char *dir, size_t size)
{
	static const char *const places[] = { "../share/agentcoopdb/rpc",
	    "../../../" DEFAULT_DIR };
	char exe[2048];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct stat st;
	char *slash;

	snprintf(dir, size, "%s", setting);
	if (strcmp(setting, DEFAULT_DIR) != 0 || n <= 0)
		return;
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')) == NULL)
		return;
	slash[1] = '\0';
	for (size_t i = 0; i < NELEM(places); i++) {
		snprintf(dir, size, "%s%s", exe, places[i]);
		if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
			return;
	}
	snprintf(dir, size, "%s", setting);
}

/* The content of a file; NULL with errno. */
static char *
slurp(int dirfd_, const char *name, size_t *n)
{
	int fd = openat(dirfd_, name, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	struct stat st;
	char *p = NULL;
	ssize_t r = 0;

	*n = 0;
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if ((p = malloc(FILE_MAX + 1)) != NULL) {
		while (*n <= FILE_MAX &&
		    (r = read(fd, p + *n, FILE_MAX + 1 - *n)) > 0)
			*n += (size_t)r;
		if (*n > FILE_MAX)
			errno = EFBIG;
		if (r == -1 || *n > FILE_MAX) {
			free(p);
			p = NULL;
		}
	}
	close(fd);
	return p;
}

static int
add(struct rpc_files *f, int dirfd_, const char *file, struct stmts *stmts,
    struct buf *err)
{
	char name[256];
	struct rpc *p;
	char *text;
	size_t n;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 4), file);
	if (f->n == FILES_MAX) {
		buf_addf(err, "more than %d files", FILES_MAX);
		return -1;
	}
	if ((text = slurp(dirfd_, file, &n)) == NULL) {
		buf_addf(err, "%s: %s", file, strerror(errno));
		return -1;
	}
	buf_addf(err, "%s:", file);
	p = rpc_file_read(name, text, n, stmts, err);
	free(text);
	if (p == NULL)
		return -1;
	buf_clear(err);
	f->rpc[f->n++] = p;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct rpc *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int
write_json(struct rpc_files *f)
{
	struct buf out;

	buf_init(&out, JSON_MAX);
	buf_addc(&out, '[');
	for (size_t i = 0; i < f->n; i++) {
		const struct rpc *p = f->rpc[i];

		buf_adds(&out, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_put_cstr(&out, p->name);
		buf_addf(&out, ",\"version\":%d,\"description\":",
		    p->version);
		json_put_cstr(&out, p->description);
		buf_adds(&out, ",\"role\":");
		json_put_cstr(&out, p->role);
		buf_addf(&out, ",\"args_schema\":%s,\"sql\":", p->schema);
		json_put_cstr(&out, p->sql);
		buf_addc(&out, '}');
	}
	buf_addc(&out, ']');
	f->json = buf_failed(&out) ? NULL : buf_take(&out, NULL);
	buf_fini(&out);
	return f->json == NULL ? -1 : 0;
}

static bool
is_ours(const char *file)
{
	size_t n = strlen(file);

	return n > 4 && file[0] != '.' && strcmp(file + n - 4, ".sql") == 0;
}

static int
read_dir(struct rpc_files *f, DIR *d, struct buf *err)
{
	struct stmts *stmts = stmts_new(1);
	const struct dirent *e;
	int rc = 0;

	if (stmts == NULL) {
		buf_adds(err, "out of memory");
		return -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (is_ours(e->d_name))
			rc = add(f, dirfd(d), e->d_name, stmts, err);
	stmts_free(stmts);
	return rc;
}

struct rpc_files *
rpc_files_load(const struct conf *c, struct buf *err)
{
	char dir[4096];
	struct rpc_files *f;
	struct buf why;
	DIR *d;

	find_dir(c->rpc_dir, dir, sizeof(dir));
	if ((f = calloc(1, sizeof(*f))) == NULL || (f->rpc = calloc(FILES_MAX,
	    sizeof(struct rpc *))) == NULL) {
		buf_adds(err, "out of memory");
		goto drop;
	}
	buf_init(&why, LOG_LINE_MAX);
	if ((d = opendir(dir)) == NULL &&
	    strcmp(c->rpc_dir, DEFAULT_DIR) != 0) {
		buf_addf(err, "AGENTCOOPDB_RPC_DIR: %s: %s", dir,
		    strerror(errno));
		goto drop_why;
	} else if (d == NULL)
		log_warn("no procedures from files", "dir", dir, "reason",
		    strerror(errno), NULL);
	else if (read_dir(f, d, &why) == -1) {
		buf_addf(err, "AGENTCOOPDB_RPC_DIR: %s/%s", dir,
		    buf_cstr(&why));
		goto close_dir;
	} else
		closedir(d);
	buf_fini(&why);
	qsort(f->rpc, f->n, sizeof(struct rpc *), by_name);
	if (write_json(f) == -1) {
		buf_adds(err, "AGENTCOOPDB_RPC_DIR: too much in all");
		goto drop;
	}
	return f;
 close_dir:
	closedir(d);
 drop_why:
	buf_fini(&why);
 drop:
	rpc_files_free(f);
	return NULL;
}

void
rpc_files_free(struct rpc_files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		rpc_unref(f->rpc[i]);
	free(f->rpc);
	free(f->json);
	free(f);
}

size_t
rpc_files_count(const struct rpc_files *f)
{
	return f->n;
}

struct rpc *
rpc_files_find(const struct rpc_files *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->rpc[i]->name, name) == 0)
			return f->rpc[i];
	return NULL;
}

const char *
rpc_files_json(const struct rpc_files *f)
{
	return f->json;
}
