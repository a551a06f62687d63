/*
 * settings.c - see settings.h.  Knows names and files, not what a setting is
 * good for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"
#include "settings.h"

#define VALUE_MAX	4096

static void
forget(char **s)
{
	if (*s != NULL)
		secret_wipe(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

/* The first line of the file that name_FILE names. */
static int
from_file(const char *name, const char *path, char **out, struct buf *err)
{
	char line[VALUE_MAX];
	FILE *f = fopen(path, "re");
	int rc = -1;

	if (f == NULL || fgets(line, sizeof(line), f) == NULL) {
		(void)buf_addf(err, "%s_FILE: cannot read \"%s\": %s", name,
		    path, f == NULL || ferror(f) ? strerror(errno) : "empty");
	} else {
		line[strcspn(line, "\r\n")] = '\0';
		if ((*out = strdup(line)) != NULL)
			rc = 0;
	}
	secret_wipe(line, sizeof(line));
	if (f != NULL)
		(void)fclose(f);
	return rc;
}

static int
get(const char *name, char **out, struct buf *err)
{
	char file[64];
	const char *v = getenv(name), *path;

	(void)snprintf(file, sizeof(file), "%s_FILE", name);
	path = getenv(file);
	if (v != NULL && *v != '\0') {
		if (path != NULL && *path != '\0') {
			(void)buf_addf(err, "%s and %s: only one can be set",
			    name, file);
			return -1;
		}
		return (*out = strdup(v)) == NULL ? -1 : 0;
	}
	if (path == NULL || *path == '\0')
		return 0;
	return from_file(name, path, out, err);
}

int
settings_read(struct cmd_call *c, struct buf *err)
{
	char *hardening = NULL, *url = NULL;
	int rc = -1;

	if (get("AGENTCOOPDB_MIGRATIONS_DATABASE_URL", &c->url, err) == -1 ||
	    get("AGENTCOOPDB_DATABASE_URL", &url, err) == -1 ||
	    get("AGENTCOOPDB_OWNER_PASSWORD", &c->password, err) == -1 ||
	    get("AGENTCOOPDB_GATEWAY_PASSWORD", &c->gateway_password,
	    err) == -1 || get("AGENTCOOPDB_HARDENING", &hardening, err) == -1)
		goto done;
	if (c->url == NULL && url != NULL) {
		/* The control plane's login then, and its password. */
		c->url = url;
		url = NULL;
		if (c->password == NULL && c->gateway_password != NULL)
			c->password = strdup(c->gateway_password);
	}
	if (hardening != NULL &&
	    hardening_parse(hardening, &c->hardening) == -1) {
		(void)buf_addf(err, "AGENTCOOPDB_HARDENING: \"%s\" is not "
		    HARDENING_NAMES, hardening);
		goto done;
	}
	rc = 0;
done:
	free(hardening);
	forget(&url);
	return rc;
}

void
settings_fini(struct cmd_call *c)
{
	forget(&c->url);
	forget(&c->password);
	forget(&c->gateway_password);
}
