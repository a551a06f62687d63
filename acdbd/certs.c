/*
 * certs.c - see certs.h.
 *
 * The mapping has two slots: the next pair is written to the one that is
 * not in use, then the generation is raised.  A reader that finds the
 * generation changed behind its copying copies again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "tls.h"

#define CERT_MAX	65536	/* a chain of a dozen certificates */
#define KEY_MAX		32768	/* RSA of 16384 bits is a third of it */

struct pair {
	size_t	ncert, nkey;
	char	cert[CERT_MAX];
	char	key[KEY_MAX];
};

struct shared {
	_Atomic unsigned generation;
	struct pair	 slot[2];
};

/* What changes when a file is replaced or rewritten. */
struct mark {
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 mtime, ctime;
};

struct certs {
	const char	*cert_path, *key_path;
	struct shared	*shared;
	struct mark	 cert_mark, key_mark;
	bool		 marked;
};

struct certs *
certs_new(const char *cert_path, const char *key_path)
{
	struct certs *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->cert_path = cert_path;
	c->key_path = key_path;
	c->shared = mmap(NULL, sizeof(*c->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->shared == MAP_FAILED) {
		free(c);
		return NULL;
	}
	(void)madvise(c->shared, sizeof(*c->shared), MADV_DONTDUMP);
	return c;
}

void
certs_free(struct certs *c)
{
	if (c == NULL)
		return;
	munmap(c->shared, sizeof(*c->shared));
	free(c);
}

void
certs_seal(struct certs *c)
{
	(void)mprotect(c->shared, sizeof(*c->shared), PROT_READ);
}

unsigned
certs_generation(const struct certs *c)
{
	return atomic_load(&c->shared->generation);
}

/* The file's first bytes; -1 with a line in err where there are more. */
static int
slurp(const char *name, const char *path, char *p, size_t size, size_t *n,
    struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t r = 0;

	*n = 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		goto fail;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto fail;
	}
	while (*n < size && (r = read(fd, p + *n, size - *n)) > 0)
		*n += (size_t)r;
	if (r == -1)
		goto fail;
	if (*n == size) {
		errno = EFBIG;
		goto fail;
	}
	close(fd);
	return 0;
fail:
	buf_addf(err, "%s: cannot read %s: %s", name, path, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

static int
read_pair(const struct certs *c, struct pair *pair, struct buf *err)
{
	if (slurp("AGENTCOOPDB_TLS_CERT", c->cert_path, pair->cert, CERT_MAX,
	    &pair->ncert, err) == -1)
		return -1;
	return slurp("AGENTCOOPDB_TLS_KEY", c->key_path, pair->key, KEY_MAX,
	    &pair->nkey, err);
}

static void
warn_of_open_key(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		log_warn("the private key's file is open to everybody",
		    "file", path, NULL);
}

int
certs_load(struct certs *c, struct buf *err)
{
	unsigned generation = certs_generation(c);
	const struct pair *used = &c->shared->slot[generation % 2];
	struct pair *next = &c->shared->slot[(generation + 1) % 2];
	struct tls *tls;
	int r = -1;

	/* A reader that sees what is written from here on must see that its
	 * slot is the next one, too. */
	atomic_thread_fence(memory_order_release);
	if (read_pair(c, next, err) == -1)
		goto wipe;
	if (generation > 0 && next->ncert == used->ncert &&
	    next->nkey == used->nkey &&
	    memcmp(next->cert, used->cert, used->ncert) == 0 &&
	    memcmp(next->key, used->key, used->nkey) == 0) {
		r = 0;
		goto wipe;
	}
	tls = tls_new(next->cert, next->ncert, next->key, next->nkey, err);
	if (tls == NULL)
		goto wipe;
	tls_free(tls);
	warn_of_open_key(c->key_path);
	atomic_store(&c->shared->generation, generation + 1);
	return 1;
wipe:
	secret_wipe(next, sizeof(*next));
	return r;
}

static struct mark
look(const char *path)
{
	struct mark m = { .ino = 0 };
	struct stat st;

	if (stat(path, &st) == 0) {
		m.dev = st.st_dev;
		m.ino = st.st_ino;
		m.size = st.st_size;
		m.mtime = st.st_mtim;
		m.ctime = st.st_ctim;
	}
	return m;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same(const struct mark *a, const struct mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

bool
certs_touched(struct certs *c)
{
	struct mark cert = look(c->cert_path), key = look(c->key_path);
	bool touched = c->marked && (!same(&cert, &c->cert_mark) ||
	    !same(&key, &c->key_mark));

	c->cert_mark = cert;
	c->key_mark = key;
	c->marked = true;
	return touched;
}

struct tls *
certs_tls(const struct certs *c, struct buf *err)
{
	struct tls *tls = NULL;
	struct pair *copy;
	unsigned before;

	if ((copy = malloc(sizeof(*copy))) == NULL) {
		buf_adds(err, "out of memory");
		return NULL;
	}
	do {
		before = certs_generation(c);
		memcpy(copy, &c->shared->slot[before % 2], sizeof(*copy));
		atomic_thread_fence(memory_order_acquire);
	} while (certs_generation(c) != before);
	if (copy->ncert > CERT_MAX || copy->nkey > KEY_MAX)
		buf_adds(err, "the certificate changes too fast");
	else
		tls = tls_new(copy->cert, copy->ncert, copy->key, copy->nkey,
		    err);
	secret_wipe(copy, sizeof(*copy));
	free(copy);
	return tls;
}
