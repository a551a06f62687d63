/*
 * problem_doc.c - see problem_doc.h.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "problem_doc.h"

#define FIELD(name)	{ #name, offsetof(struct problem_doc, name) }

static const struct {
	const char	*name;
	size_t		 at;
} fields[] = {
	FIELD(title), FIELD(detail), FIELD(sqlstate), FIELD(severity),
	FIELD(hint), FIELD(pg_detail), FIELD(schema), FIELD(table),
	FIELD(column), FIELD(constraint), FIELD(context), FIELD(tx),
};

static char **
field(struct problem_doc *d, size_t i)
{
	return (char **)(void *)((char *)d + fields[i].at);
}

static int
read_fields(struct problem_doc *d, const struct json *j)
{
	uint32_t i = json_member(j, 0, "position");

	if (i != 0 && j->tok[i].type == JSON_NUMBER &&
	    json_int(j, i, 0, INT32_MAX, &d->position) == -1)
		d->position = 0;
	for (size_t k = 0; k < NELEM(fields); k++) {
		i = json_member(j, 0, fields[k].name);
		if (i != 0 && j->tok[i].type == JSON_STRING)
			*field(d, k) = json_strdup(j, i);
		if (*field(d, k) == NULL &&
		    (*field(d, k) = strdup("")) == NULL)
			return -1;
	}
	return d->title[0] == '\0' ? -1 : 0;
}

int
problem_doc_read(struct problem_doc *d, const struct httpc_answer *a)
{
	struct json j;
	const char *text;
	size_t n;
	int rc;

	memset(d, 0, sizeof(*d));
	text = buf_peek(&a->body, &n);
	if (a->status < 300 || !a->json || json_read(&j, text, n, NULL) == -1)
		return -1;
	rc = read_fields(d, &j);
	json_fini(&j);
	if (rc == -1)
		problem_doc_fini(d);
	return rc;
}

void
problem_doc_fini(struct problem_doc *d)
{
	for (size_t k = 0; k < NELEM(fields); k++)
		free(*field(d, k));
	memset(d, 0, sizeof(*d));
}
