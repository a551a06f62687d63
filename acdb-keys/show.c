/*
 * show.c - acdb-keys show: all that is known of a key.
 */
#include <getopt.h>
#include <stdlib.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "keylist.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "place.h"
#include "remote.h"

static int
fetch(const struct place *p, const char *arg, struct keylist *l, char **key)
{
	int rc;

	if (p->db != NULL)
		*key = db_key(p->db, arg, &rc);
	else
		*key = remote_key(p->gw, arg, &rc);
	if (*key == NULL)
		return rc;
	if (p->db != NULL)
		return db_keys(p->db, *key, NULL, true, &l->text);
	l->key_id = *key;
	return keylist_ask(l, p->gw, true);
}

int
show_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	int rc = cmd_options(c, NULL, 0, &common, argc, argv);
	struct keylist l;
	struct place p;
	char *key = NULL;

	if (rc != CMD_GO)
		return rc;
	if (optind + 1 != argc)
		return cmd_usage(c, "show takes one key");
	if ((rc = place_open(&p, &common, NULL)) != EXIT_OK)
		return rc;
	keylist_init(&l);
	rc = fetch(&p, argv[optind], &l, &key);
	if (rc == EXIT_OK)
		rc = keylist_show(&l, common.json);
	keylist_fini(&l);
	free(key);
	place_close(&p);
	return rc;
}
