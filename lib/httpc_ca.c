/*
 * httpc_ca.c - see httpc_ca.h.  It must not know what a certificate is:
 * libcurl's TLS library reads them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpc_ca.h"

int
httpc_ca_check(const char *path, struct buf *why)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (f == NULL) {
		buf_addf(why, "cannot read the certificates to trust from %s: "
		    "%s", path, strerror(errno));
		return -1;
	}
	while (!found && getline(&line, &size, f) != -1)
		found = strstr(line, "-----BEGIN ") != NULL;
	if (!found)
		buf_addf(why, "cannot read the certificates to trust from %s: "
		    "%s", path, ferror(f) ? strerror(errno) :
		    "it holds none in PEM");
	free(line);
	fclose(f);
	return found ? 0 : -1;
}
