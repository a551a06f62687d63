/*
 * ablate.c - loaded in front of libpq by ablation.py: a line of defence that
 * is a statement of acdbd's own is taken out of what it sends.
 *
 * ABLATE names a file of rules, "from\tto" each on a line: in a statement that
 * acdbd sends, or in the options that it connects with, every "from" becomes
 * "to".  What a caller sends is matched too, so a rule has to be no caller's
 * text.  The file is mapped before workers are confined, and what is written
 * to it takes effect at once.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_MAX_BYTES	16384
#define RULES_BYTES	4096

static const char *rules = "";

__attribute__((constructor)) static void
map_rules(void)
{
	const char *path = getenv("ABLATE");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	if (fd == -1)
		return;
	p = mmap(NULL, RULES_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		rules = p;
	close(fd);
}

/* The text with one rule applied, into out. */
static void
apply(char *out, const char *in, const char *from, size_t n, const char *to,
    size_t m)
{
	size_t used = 0;

	while (*in != '\0' && used + m + 1 < TEXT_MAX_BYTES) {
		if (strncmp(in, from, n) == 0) {
			memcpy(out + used, to, m);
			used += m;
			in += n;
		} else
			out[used++] = *in++;
	}
	out[used] = '\0';
}

static const char *
ablated(const char *text)
{
	static char a[TEXT_MAX_BYTES], b[TEXT_MAX_BYTES];
	const char *rule = rules;
	char *in = a, *out = b, *other;

	if (text == NULL || strlen(text) >= TEXT_MAX_BYTES)
		return text;
	memcpy(a, text, strlen(text) + 1);
	while (*rule != '\0') {
		const char *tab = strchr(rule, '\t');
		const char *end = strchr(rule, '\n');

		if (tab == NULL || end == NULL)
			break;
		apply(out, in, rule, (size_t)(tab - rule), tab + 1,
		    (size_t)(end - tab - 1));
		other = in;
		in = out;
		out = other;
		rule = end + 1;
	}
	return in;
}

#define NEXT(name)	((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int
PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types,
    const char *const *values, const int *lengths, const int *formats, int f)
{
	return NEXT(PQsendQueryParams)(c, ablated(sql), n, types, values,
	    lengths, formats, f);
}

int
PQsendPrepare(PGconn *c, const char *name, const char *sql, int n,
    const Oid *types)
{
	return NEXT(PQsendPrepare)(c, name, ablated(sql), n, types);
}

PGconn *
PQconnectStartParams(const char *const *keys, const char *const *values,
    int expand)
{
	const char *v[64];
	int n = 0;

	for (; keys[n] != NULL && n < 63; n++)
		v[n] = strcmp(keys[n], "options") == 0 && values[n] != NULL ?
		    ablated(values[n]) : values[n];
	v[n] = NULL;
	return NEXT(PQconnectStartParams)(keys, v, expand);
}
