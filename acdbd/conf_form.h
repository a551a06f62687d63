/*
 * conf_form.h - the forms a setting's value may have: reading one, storing
 * it, and saying what is accepted.  For conf.c alone.
 */
#ifndef CONF_FORM_H
#define CONF_FORM_H

#include <stdbool.h>

#include "conf.h"
#include "conf_table.h"

bool	conf_form_is_secret(enum conf_form form);
bool	conf_form_is_string(enum conf_form form);

/* Whether NAME_FILE may stand for NAME. */
bool	conf_form_in_file(enum conf_form form);

/* Where the setting, of a form that is a string, lies in c. */
char	**conf_form_string(const struct conf_setting *s, struct conf *c);

/* Check value and store it in c.  The value is handed over (kept by c, or
 * wiped and freed) in any case.  Returns 0, or -1 with a line in err. */
int	conf_form_store(const struct conf_setting *s, struct conf *c,
	    char *value, struct buf *err) MUST_CHECK;

/* The content of the file that the setting called name (with prefix) names,
 * without one line end at its end; NULL where it is empty.  Returns 0 with
 * *value handed over, or -1 with a line in err and *value NULL. */
int	conf_form_file(const char *name, const char *path, char **value,
	    struct buf *err) MUST_CHECK;

/* Append what the setting accepts: "a duration from 1ms to 1h". */
void	conf_form_accepts(const struct conf_setting *s, struct buf *out);

#endif
