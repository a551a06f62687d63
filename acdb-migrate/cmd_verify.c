/*
 * cmd_verify.c - acdb-migrate verify: prove the boundary on the live database.
 */
#include <string.h>

#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/pgverify.h"

static void
text_line(void *arg, const struct pgverify_line *l)
{
	(void)arg;
	printf("%s  %-21s  %s\n", pgverify_verdict_name(l->verdict), l->name,
	    l->property);
	if (l->detail[0] != '\0')
		printf("%29s%s\n", "", l->detail);
}

static void
json_line(void *arg, const struct pgverify_line *l)
{
	int *n = arg;

	printf("%s{\"verdict\":\"%s\",\"name\":\"%s\",\"property\":",
	    (*n)++ > 0 ? "," : "", pgverify_verdict_name(l->verdict), l->name);
	cmd_json_str(l->property);
	fputs(",\"detail\":", stdout);
	cmd_json_str(l->detail);
	fputs("}", stdout);
}

int
cmd_verify(struct cmd_call *c)
{
	int n = 0, fails;
	struct pgverify v = { .url = c->url, .password = c->password,
	    .gateway_password = c->gateway_password,
	    .hardening = c->hardening,
	    .line = c->json ? json_line : text_line, .arg = &n };
	struct pg_error e;
	int code = EXIT_OK;

	if (c->url == NULL) {
		cmd_say(NULL, CMD_NO_URL);
		return EXIT_CONFIG;
	}
	pg_error_init(&e);
	if (c->json)
		fputs("{\"properties\":[", stdout);
	fails = pgverify(&v, &e);
	if (c->json)
		printf("],\"ok\":%s}\n", fails == 0 ? "true" : "false");
	if (fails == -1)
		code = cmd_fail(&e);
	else if (fails > 0)
		code = EXIT_CHECK;
	pg_error_fini(&e);
	return code;
}
