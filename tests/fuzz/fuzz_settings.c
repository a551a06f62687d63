/*
 * fuzz_settings.c - what operators and users write into files and variables:
 * the server's settings, addresses, files of procedures, profiles, the
 * gateway's URL, scripts.
 *
 * The first byte chooses the reader, the second what it is told beside the
 * text.  Whatever the text is, it is taken and within bounds, or refused in
 * one line.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "acdb/script.h"
#include "acdbd/addr.h"
#include "acdbd/conf_form.h"
#include "acdbd/forwarded.h"
#include "acdbd/rpc.h"
#include "acdbd/stmt.h"
#include "lib/httpc.h"
#include "lib/httpc_url.h"
#include "lib/profile.h"
#include "lib/profile_file.h"
#include "fuzz.h"

/* One setting of the server. */
static void
read_setting(struct input in, unsigned which)
{
	const struct conf_setting *s = conf_table;
	struct conf c = { .workers = 0 };
	struct buf err;
	int64_t v;

	for (; which > 0 && s[1].name != NULL; which--)
		s++;
	buf_init(&err, 4096);
	if (conf_form_store(s, &c, own_text(in), &err) == 0) {
		memcpy(&v, (char *)&c + s->at, sizeof(v));
		if (s->form == FORM_DURATION || s->form == FORM_SIZE ||
		    s->form == FORM_COUNT)
			must(v >= s->min && v <= s->max);
	} else {
		must_say(&err);
		must_be_harmless(buf_cstr(&err), buf_len(&err));
		must(strstr(buf_cstr(&err), s->name) != NULL);
	}
	conf_fini(&c);
	buf_fini(&err);
}

/* Lists of addresses and networks, each to its end. */
static void
read_addresses(struct input in)
{
	char *text = own_text(in);
	const char *list = text, *before;
	struct addr_net net;
	struct addr a;

	while (before = list, addr_next(&list, &a) == 1) {
		must(list > before);
		must(strspn(a.port, "0123456789") == strlen(a.port));
		must(a.port[0] != '\0' && strtol(a.port, NULL, 10) <= 65535);
		for (const char *s = a.host; *s != '\0'; s++)
			must(*s > ' ' && *s <= '~' && *s != ',');
	}
	list = text;
	while (before = list, addr_next_net(&list, &net) == 1) {
		must(list > before && net.bits <= 128);
		for (unsigned i = net.bits; i < 128; i++)
			must((net.ip[i / 8] >> (7 - i % 8) & 1) == 0);
	}
	free(text);
}

/* Proxies in the first line, the headers of a request behind it. */
static void
follow_proxies(struct input in)
{
	static const char start[] = "GET / HTTP/1.1\r\nHost: x\r\n";
	const char *nl = in.n == 0 ? NULL : memchr(in.p, '\n', in.n);
	size_t len = nl == NULL ? in.n : (size_t)(nl - in.p);
	char *networks = own_text((struct input){ in.p, len });
	char *text = own_text((struct input){ in.p + len, in.n - len }), *req;
	struct conf c = { .trust_proxy = networks };
	char out[INET6_ADDRSTRLEN];
	struct http_head h;
	struct problem why;
	uint8_t ip[16];

	problem_init(&why);
	must(asprintf(&req, "%s%s\r\n\r\n", start, text + (nl != NULL)) > 0);
	if (http_head_parse(&h, req, strlen(req), &why) > 0) {
		forwarded_peer(&c, &h, "192.0.2.7", out);
		must(inet_pton(AF_INET, out, ip) == 1 ||
		    inet_pton(AF_INET6, out, ip) == 1);
		c.trust_proxy = NULL;
		forwarded_peer(&c, &h, "192.0.2.7", out);
		must(strcmp(out, "192.0.2.7") == 0);
	}
	problem_fini(&why);
	free(req);
	free(text);
	free(networks);
}

static void
read_procedure(struct input in)
{
	static struct stmts *stmts;
	struct buf err;
	struct rpc *p;
	char *end, *bytes = own_bytes(in);

	if (stmts == NULL)
		must((stmts = stmts_new(8)) != NULL);
	buf_init(&err, 8192);
	p = rpc_file_read("greet", bytes, in.n, stmts, &err);
	if (p != NULL) {
		must(p->version >= 1 && p->role[0] != '\0');
		must(p->nparams >= 0 && p->nparams <= 1);
		must(p->args != NULL && strlen(p->sql) == p->sql_len);
	} else {
		must(buf_cstr(&err)[0] >= '1' && buf_cstr(&err)[0] <= '9');
		must(strtol(buf_cstr(&err), &end, 10) >= 1 && *end == ':');
	}
	rpc_unref(p);
	buf_fini(&err);
	free(bytes);
}

static void
read_profiles(struct input in, unsigned how)
{
	static const char *const names[] = { NULL, "local", "b", "" };
	struct profile_entry e;
	char *text = own_text(in);
	struct buf why;

	buf_init(&why, PROFILE_WHY_MAX);
	if (profile_file_parse(&e, names[how & 3], "/etc/acdb/config", text,
	    &why) == 0) {
		must(buf_len(&why) == 0);
		must(e.found == (e.name != NULL));
		must(e.name == NULL || profile_name_valid(e.name));
		must(e.found || (e.url == NULL && e.key == NULL &&
		    e.key_file == NULL && e.ca_file == NULL));
		must(e.key_file == NULL || (e.key_file[0] == '/' &&
		    e.key == NULL));
		must(e.ca_file == NULL || e.ca_file[0] == '/');
		must(e.url == NULL || e.url[0] != '\0');
		profile_file_fini(&e);
	} else {
		must_say(&why);
		must(strncmp(buf_cstr(&why), "/etc/acdb/config:", 17) == 0);
	}
	buf_fini(&why);
	free(text);
}

/* A key goes in the clear to this machine only. */
static void
read_url(struct input in)
{
	char *url = own_text(in);
	bool loopback = false;
	struct buf why;

	buf_init(&why, HTTPC_WHY_MAX);
	if (httpc_url_check(url, false, &loopback, &why) == 0) {
		must(strncasecmp(url, "https://", 8) == 0 ||
		    (strncasecmp(url, "http://", 7) == 0 && loopback));
		must(strpbrk(url, "?#\r\n ") == NULL);
		url[8 + strcspn(url + 8, "/")] = '\0';
		must(strchr(url, '@') == NULL);
	} else
		must_say(&why);
	buf_fini(&why);
	free(url);
}

/* A script: what is found in it, and where, as one number. */

static enum script_verdict
add(void *arg, const struct statement *s, unsigned kind)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < s->n; i++)
		*sum = *sum * 31 + (unsigned char)s->sql[i];
	*sum = *sum * 31 + s->line * 1000 + s->column * 7 + kind;
	must(s->line >= 1 && s->column >= 1);
	return SCRIPT_GO;
}

static enum script_verdict
on_statement(void *arg, const struct statement *s)
{
	must(s->n > 0);
	return add(arg, s, 1);
}

static enum script_verdict
on_command(void *arg, const struct statement *s)
{
	(void)add(arg, s, 2);
	return s->n > 0 && s->sql[0] == 'g' ? SCRIPT_SEND :
	    s->n > 0 && s->sql[0] == 'r' ? SCRIPT_DROP :
	    s->n > 0 && s->sql[0] == 'q' ? SCRIPT_STOP : SCRIPT_GO;
}

static enum script_verdict
on_refusal(void *arg, const struct statement *s, const char *text)
{
	must(text[0] != '\0');
	return add(arg, s, 3);
}

static uint64_t
digest(struct input in, size_t step)
{
	uint64_t sum = 0;
	struct script_sink sink = { on_statement, on_command, on_refusal,
	    &sum };
	struct script *s = script_new(&sink, "x.sql");
	size_t n;
	int rc = 0;

	must(s != NULL);
	for (; in.n > 0 && rc == 0; in.p += n, in.n -= n) {
		n = in.n < step ? in.n : step;
		rc = script_feed(s, in.p, n);
	}
	if (rc == 0)
		rc = script_end(s);
	script_free(s);
	return sum * 2 + (rc == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { (const char *)data, n };
	unsigned reader = next_byte(&in), how = next_byte(&in);

	switch (reader % 7) {
	case 0:
		read_setting(in, how);
		break;
	case 1:
		read_addresses(in);
		break;
	case 2:
		follow_proxies(in);
		break;
	case 3:
		read_procedure(in);
		break;
	case 4:
		read_profiles(in, how);
		break;
	case 5:
		read_url(in);
		break;
	default:
		must(digest(in, SIZE_MAX) == digest(in, how + 1));
	}
	return 0;
}
