/*
 * keyarg.c - see keyarg.h.  Must not look anything up.
 */
#include "keyarg.h"

#include <err.h>
#include <string.h>

#include "lib/apikey.h"

const char *
keyarg(const char *arg)
{
	const char *id = arg;
	size_t env;

	if (strncmp(arg, "acd_", 4) == 0) {
		env = strcspn(arg + 4, "_");
		if (arg[4 + env] == '_' && env >= 3 && env <= 4)
			id = arg + 4 + env + 1;
	}
	if (id != arg && strlen(id) > APIKEY_ID) {
		warnx("that is a whole token: name a key by its id, the 16 "
		    "characters behind its env (and revoke it if others may "
		    "have seen it here)");
		return NULL;
	}
	if (*id == '\0') {
		warnx("the name of a key is empty");
		return NULL;
	}
	return id;
}
