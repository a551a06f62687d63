/*
 * profile_file.h - the file of profiles (its format is in profile.h).
 */
#ifndef PROFILE_FILE_H
#define PROFILE_FILE_H

#include <stdbool.h>

#include "buf.h"
#include "cdefs.h"

/* One section.  All char * are owned; NULL: not in the file.  Paths are
 * made absolute already. */
struct profile_entry {
	char	*name;
	char	*url;
	char	*key;
	char	*key_file;
	char	*ca_file;
	bool	 read_only;
	bool	 found;
};

/* Read the text of a configuration file and keep the profile called name,
 * or, where name is NULL, the file's default.  path is for messages and as
 * the base of relative paths.  text is NUL-terminated and changed.  Not to
 * find a profile is no error.  Returns 0; or -1 with a line in why. */
int	profile_file_parse(struct profile_entry *e, const char *name,
	    const char *path, char *text, struct buf *why) MUST_CHECK;

/* The same from the file itself.  A file that does not exist has no
 * profiles; one that others may read or write is refused. */
int	profile_file_read(struct profile_entry *e, const char *name,
	    const char *path, struct buf *why) MUST_CHECK;

/* A secret from a file ("-": standard input): its first line, blanks around
 * it cut.  private_only refuses a regular file that others may read.
 * Returns the text, to be wiped and freed; or NULL with a line in why. */
char	*profile_file_secret(const char *path, bool private_only,
	    struct buf *why) MUST_CHECK;

void	profile_file_fini(struct profile_entry *e);

#endif
