/*
 * conf_table.h - the rows of the table of settings, between conf_table.c
 * (which has them) and conf.c (which reads the environment by them).
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"

enum conf_form {
	FORM_TEXT,
	FORM_SECRET,		/* wiped, never shown, also NAME_FILE */
	FORM_PASSWORD,		/* FORM_SECRET, printable, of a least length */
	FORM_URL,		/* FORM_SECRET, postgres:// */
	FORM_BOOL,
	FORM_DURATION,
	FORM_SIZE,
	FORM_COUNT,
	FORM_NUMBER,
	FORM_ADDRESSES,
	FORM_PROXIES,		/* a boolean, or networks */
	FORM_LEVEL,
	FORM_FORMAT,
	FORM_HARDENING,
};

struct conf_setting {
	const char	*name;		/* without CONF_PREFIX */
	enum conf_form	 form;
	size_t		 at;		/* offset in struct conf */
	const char	*def;		/* as an operator would write it;
					 * NULL: not set, or conf.c decides */
	int64_t		 min, max;	/* of durations, sizes, counts */
	const char	*help;
};

#define CONF_PREFIX	"AGENTCOOPDB_"

/* Ended by a row whose name is NULL. */
extern const struct conf_setting conf_table[];

#endif
