/*
 * profile.h - where a client finds its gateway and its key: the one
 * configuration of acdb, acdb-keys and acdb-mcp.
 *
 * Each setting comes from the first of these that has it:
 *
 *	1. its option (--url, --key-file, --ca-file)
 *	2. the profile named by an option (-p NAME)
 *	3. the environment: AGENTCOOPDB_GATEWAY_URL; AGENTCOOPDB_API_KEY, then
 *	   AGENTCOOPDB_API_KEY_FILE; AGENTCOOPDB_CA_FILE
 *	4. the profile named by AGENTCOOPDB_PROFILE, else the file's default
 *
 * A profile's key is only ever used with that profile's url: where the url
 * came from elsewhere and differs, the key has to come from elsewhere too.
 *
 * Profiles live in $XDG_CONFIG_HOME/acdb/config ($HOME/.config/acdb/config),
 * which is refused where anybody but its owner may read or write it:
 *
 *	# a comment, on a line of its own; so is a line that starts with ;
 *	default = local			before any section; "default" if absent
 *
 *	[profile local]
 *	url = https://localhost:8443
 *	key_file = local.key		or: key = acd_dev_...
 *	ca_file = /path/to/cert.pem	trust this and nothing else
 *	read_only = true		every statement as a reader
 *
 * A value runs to the end of its line, blanks around it cut, no quotes.
 * A path may start with ~/, and is relative to the file's directory.
 * Unknown names, sections and repeated profiles are refused with their line.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>

#include "buf.h"
#include "cdefs.h"

#define PROFILE_WHY_MAX	1024	/* enough for any refusal's text */
#define PROFILE_NAME_MAX 64

/* What the command line said; NULL: nothing.  key_file may be "-", standard
 * input. */
struct profile_choice {
	const char	*name;
	const char	*url;
	const char	*key_file;
	const char	*ca_file;
};

/* All char * are owned, NULL where unset. */
struct profile {
	char	*name;		/* the profile that was used */
	char	*url;		/* as written, not checked, no '/' at its end */
	char	*key;		/* the token, not checked */
	char	*ca_file;
	bool	 read_only;
	char	*url_from;	/* for people: "AGENTCOOPDB_GATEWAY_URL" ... */
	char	*key_from;
};

/* Find the settings.  Having none is not an error here.  Returns 0; or -1
 * (EXIT_CONFIG) with one line for people, without a newline, in why; p then
 * needs no profile_fini(). */
int	profile_load(struct profile *p, const struct profile_choice *c,
	    struct buf *why) MUST_CHECK;

/* Wipes the key. */
void	profile_fini(struct profile *p);

/* Whether there are both a url and a key.  Returns 0; or -1 with a line in
 * why that says what is missing and the ways to give it. */
int	profile_require(const struct profile *p, struct buf *why) MUST_CHECK;

/* The configuration file's path, to be freed; NULL where there is no home
 * (errno ENOENT) or no memory. */
char	*profile_path(void) MUST_CHECK;

/* Letters, digits, '-', '_' and '.', at most PROFILE_NAME_MAX of them. */
bool	 profile_name_valid(const char *name);

#endif
