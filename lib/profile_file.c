/*
 * profile_file.c - reads the file of profiles and the files of keys.
 *
 * It knows files and lines.  It must not know the environment, nor which
 * setting wins over which: that is profile.c.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"
#include "profile_file.h"
#include "secret.h"
#include "units.h"
#include "utf8.h"

#define CONFIG_MAX	(64 * 1024)
#define SECRET_MAX	4096
#define READ_SIZE	512

struct parser {
	struct profile_entry *e;
	const char	*path;
	const char	*want;		/* the profile's name; NULL: default */
	char		*fallback;	/* owned: "default = NAME" */
	char		*seen[64];	/* sections, slices of the text */
	int		 nseen;
	int		 line;
	bool		 section;	/* inside one */
	bool		 here;		/* inside the wanted one */
	struct buf	*why;
};

static int PRINTF(2, 3)
complain(struct parser *ps, const char *fmt, ...)
{
	va_list ap;

	buf_addf(ps->why, "%s:%d: ", ps->path, ps->line);
	va_start(ap, fmt);
	buf_addv(ps->why, fmt, ap);
	va_end(ap);
	return -1;
}

static int
out_of_memory(struct buf *why)
{
	buf_adds(why, "out of memory");
	return -1;
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		n--;
	s[n] = '\0';
	return s;
}

/* "~/x" is under the home; "x" is beside the configuration file. */
static char *
resolve(const char *path, const char *config)
{
	const char *home, *slash;
	char *out;
	int rc;

	if (path[0] == '/' || path[0] == '\0')
		return strdup(path);
	home = getenv("HOME");
	slash = strrchr(config, '/');
	if (path[0] == '~' && path[1] == '/' && home != NULL)
		rc = asprintf(&out, "%s%s", home, path + 1);
	else if (slash != NULL)
		rc = asprintf(&out, "%.*s/%s", (int)(slash - config), config,
		    path);
	else
		return strdup(path);
	return rc == -1 ? NULL : out;
}

/* owns value. */
static int
set_text(struct parser *ps, char **field, const char *name, char *value)
{
	if (value == NULL)
		return out_of_memory(ps->why);
	if (*field == NULL && value[0] != '\0') {
		*field = value;
		return 0;
	}
	free(value);
	return complain(ps, *field != NULL ? "\"%s\" stands twice in one "
	    "profile" : "\"%s\" has no value", name);
}

/* A setting inside the wanted profile. */
static int
set(struct parser *ps, const char *name, const char *value)
{
	struct profile_entry *e = ps->e;

	if (strcmp(name, "url") == 0)
		return set_text(ps, &e->url, name, strdup(value));
	if (strcmp(name, "key") == 0)
		return set_text(ps, &e->key, name, strdup(value));
	if (strcmp(name, "key_file") == 0)
		return set_text(ps, &e->key_file, name,
		    resolve(value, ps->path));
	if (strcmp(name, "ca_file") == 0)
		return set_text(ps, &e->ca_file, name,
		    resolve(value, ps->path));
	if (units_bool(value, &e->read_only) == -1)
		return complain(ps, "\"read_only\" takes true or false");
	return 0;
}

static int
take_setting(struct parser *ps, char *text)
{
	static const char *const known[] = { "url", "key", "key_file",
	    "ca_file", "read_only" };
	char *eq = strchr(text, '='), *value;
	size_t i;

	if (eq == NULL)
		return complain(ps, "neither \"[profile NAME]\" nor "
		    "\"name = value\"");
	*eq = '\0';
	text = trim(text);
	value = trim(eq + 1);
	utf8_quiet(text);		/* it may be told back */
	if (!ps->section) {
		if (strcmp(text, "default") != 0)
			return complain(ps, "\"%.100s\" stands before any "
			    "[profile NAME]", text);
		if (!profile_name_valid(value))
			return complain(ps, "\"default\" takes the name of a "
			    "profile");
		free(ps->fallback);
		ps->fallback = strdup(value);
		return ps->fallback == NULL ? out_of_memory(ps->why) : 0;
	}
	for (i = 0; i < NELEM(known); i++)
		if (strcmp(text, known[i]) == 0)
			return ps->here ? set(ps, text, value) : 0;
	return complain(ps, "unknown setting \"%.100s\" (known: url, key, "
	    "key_file, ca_file, read_only)", text);
}

static int
take_section(struct parser *ps, char *text)
{
	char *end = strchr(text, ']'), *name;
	const char *want;
	int i;

	if (end == NULL || trim(end + 1)[0] != '\0' ||
	    strncmp(text, "[profile", 8) != 0)
		return complain(ps, "a section is written [profile NAME]");
	*end = '\0';
	name = trim(text + 8);
	if (!profile_name_valid(name))
		return complain(ps, "a profile's name is letters, digits, "
		    "\"-\", \"_\" and \".\"");
	for (i = 0; i < ps->nseen; i++)
		if (strcmp(ps->seen[i], name) == 0)
			return complain(ps, "profile \"%s\" stands twice",
			    name);
	if (ps->nseen == (int)NELEM(ps->seen))
		return complain(ps, "more than %zu profiles", NELEM(ps->seen));
	ps->seen[ps->nseen++] = name;
	want = ps->want != NULL ? ps->want :
	    ps->fallback != NULL ? ps->fallback : "default";
	ps->section = true;
	ps->here = strcmp(name, want) == 0;
	if (!ps->here)
		return 0;
	ps->e->found = true;
	ps->e->name = strdup(name);
	return ps->e->name == NULL ? out_of_memory(ps->why) : 0;
}

int
profile_file_parse(struct profile_entry *e, const char *name, const char *path,
    char *text, struct buf *why)
{
	struct parser ps = { .e = e, .path = path, .want = name, .why = why };
	char *line, *next;
	int rc = 0;

	memset(e, 0, sizeof(*e));
	for (line = text; line != NULL && rc == 0; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		ps.line++;
		line = trim(line);
		if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
			continue;
		if (line[0] == '[')
			rc = take_section(&ps, line);
		else
			rc = take_setting(&ps, line);
	}
	if (rc == 0 && e->key != NULL && e->key_file != NULL) {
		buf_addf(why, "%s: profile \"%s\" has both key and key_file",
		    path, e->name);
		rc = -1;
	}
	free(ps.fallback);
	if (rc == -1)
		profile_file_fini(e);
	return rc;
}

/* What is at fd, less than max bytes, NUL-terminated; NULL with errno. */
static char *
read_all(int fd, size_t max)
{
	struct buf b;
	char *p;
	ssize_t n;

	buf_init(&b, max);
	for (;;) {
		if ((p = buf_reserve(&b, READ_SIZE)) == NULL)
			break;
		n = read(fd, p, READ_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		if (n == 0)
			return buf_take(&b, NULL);
		buf_commit(&b, (size_t)n);
	}
	buf_wipe(&b);
	return NULL;
}

/* As read_all(), up to the end of the first line that is not blank, and no
 * byte more: what follows on standard input is the program's own. */
static char *
read_line(int fd, size_t max)
{
	bool blank = true;
	struct buf b;
	ssize_t n;
	char c;

	buf_init(&b, max);
	for (;;) {
		n = read(fd, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || (n == 1 && buf_add(&b, &c, 1) == -1))
			break;
		if (n == 0 || (c == '\n' && !blank))
			return buf_take(&b, NULL);
		blank = blank && strchr(" \t\r\n", c) != NULL;
	}
	buf_wipe(&b);
	return NULL;
}

int
profile_file_read(struct profile_entry *e, const char *name, const char *path,
    struct buf *why)
{
	struct stat st;
	char *text;
	int fd, rc = -1;

	memset(e, 0, sizeof(*e));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		buf_addf(why, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1)
		buf_addf(why, "%s: %s", path, strerror(errno));
	else if ((st.st_mode & 077) != 0)
		buf_addf(why, "%s: others may read or write it (mode %04o), "
		    "and it holds keys: chmod 600 it", path,
		    (unsigned)st.st_mode & 07777);
	else if ((text = read_all(fd, CONFIG_MAX)) == NULL)
		buf_addf(why, "%s: %s", path, errno == EMSGSIZE ?
		    "larger than 64 KiB" : strerror(errno));
	else {
		rc = profile_file_parse(e, name, path, text, why);
		secret_wipe(text, strlen(text));
		free(text);
	}
	close(fd);
	return rc;
}

char *
profile_file_secret(const char *path, bool private_only, struct buf *why)
{
	bool in = strcmp(path, "-") == 0;
	char *text, *line, *out = NULL;
	struct stat st;
	size_t n;
	int fd;

	fd = in ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		buf_addf(why, "key file %s: %s", path, strerror(errno));
		goto close_fd;
	}
	if (private_only && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
		buf_addf(why, "key file %s: others may read or write it "
		    "(mode %04o): chmod 600 it", path,
		    (unsigned)st.st_mode & 07777);
		goto close_fd;
	}
	text = in ? read_line(fd, SECRET_MAX) : read_all(fd, SECRET_MAX);
	if (text == NULL) {
		buf_addf(why, "key file %s: %s", path, errno == EMSGSIZE ?
		    "larger than 4 KiB" : strerror(errno));
		goto close_fd;
	}
	n = strlen(text);
	line = text + strspn(text, " \t\r\n");
	line[strcspn(line, "\n")] = '\0';
	line = trim(line);
	if (line[0] == '\0')
		buf_addf(why, "key file %s: empty", path);
	else if ((out = strdup(line)) == NULL)
		(void)out_of_memory(why);
	secret_wipe(text, n);
	free(text);
close_fd:
	if (fd != -1)
		close(fd);
	return out;
}

void
profile_file_fini(struct profile_entry *e)
{
	if (e->key != NULL)
		secret_wipe(e->key, strlen(e->key));
	free(e->name);
	free(e->url);
	free(e->key);
	free(e->key_file);
	free(e->ca_file);
	memset(e, 0, sizeof(*e));
}
