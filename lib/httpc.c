/*
 * httpc.c - see httpc.h: with httpc_url.c the only file that knows libcurl.
 *
 * It must not know SQL, profiles, or when to try again.  The multi
 * interface is used for a single transfer, because it can be woken by a
 * descriptor.
 */
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "httpc.h"
#include "httpc_ca.h"
#include "httpc_url.h"
#include "secret.h"
#include "utf8.h"

#define CONNECT_MS	10000
#define KEEPALIVE_S	30L

struct httpc {
	CURL		*easy;
	CURLM		*multi;
	char		*url;		/* without '/' at its end */
	char		*authorization;	/* the header line, or NULL */
	char		*agent;
	char		*ca_file;
	size_t		 answer_max;
	int		 wake_fd;
	int	       (*woken)(void *arg);
	void		*woken_arg;
	void	       (*idle)(void *arg);
	char		 error[CURL_ERROR_SIZE];

	/* of the request under way */
	const struct httpc_request *request;
	size_t		 taken;		/* of its body */
	struct httpc_answer *answer;
	bool		 too_large;
};

static size_t
give_body(char *to, size_t size, size_t count, void *arg)
{
	struct httpc *h = arg;
	size_t n = size * count, left = h->request->nbody - h->taken;

	if (n > left)
		n = left;
	if (n > 0)
		memcpy(to, (const char *)h->request->body + h->taken, n);
	h->taken += n;
	h->answer->sent = true;
	return n;
}

/* libcurl sends a body again by itself where a connection that was kept turns
 * out to be dead.  Whether that may happen twice is the caller's to know. */
static int
rewind_body(void *arg, curl_off_t offset, int origin)
{
	struct httpc *h = arg;

	return offset == 0 && origin == SEEK_SET && h->taken == 0 ?
	    CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t
keep_body(char *p, size_t size, size_t count, void *arg)
{
	struct httpc *h = arg;

	if (buf_add(&h->answer->body, p, size * count) == 0)
		return size * count;
	h->too_large = errno == EMSGSIZE;
	return 0;
}

/*
 * Who is trusted: the file that was named and nothing else; or what
 * OpenSSL's own variables name; or what libcurl was built with.
 */
static void
set_trust(struct httpc *h)
{
	const char *file = getenv("SSL_CERT_FILE");
	const char *dir = getenv("SSL_CERT_DIR");

	if (h->ca_file != NULL) {
		curl_easy_setopt(h->easy, CURLOPT_CAINFO, h->ca_file);
		curl_easy_setopt(h->easy, CURLOPT_CAPATH, NULL);
		return;
	}
	if (file != NULL && file[0] != '\0')
		curl_easy_setopt(h->easy, CURLOPT_CAINFO, file);
	if (dir != NULL && dir[0] != '\0')
		curl_easy_setopt(h->easy, CURLOPT_CAPATH, dir);
}

/*
 * The body is given by a callback that cannot be rewound: so libcurl cannot
 * send a request again by itself on a fresh connection, which it otherwise
 * does when a kept-alive one breaks before the first byte of the answer.
 */
static void
set_options(struct httpc *h, const struct httpc_config *c, bool loopback)
{
	CURL *e = h->easy;

	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, h->agent);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(e, CURLOPT_READDATA, h);
	curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, rewind_body);
	curl_easy_setopt(e, CURLOPT_SEEKDATA, h);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, keep_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(c->connect_ms > 0 ? c->connect_ms : CONNECT_MS));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->total_ms);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
	if (loopback)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	set_trust(h);
}

/* A header's value: no line end and no other control may hide in it. */
static bool
header_safe(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static int
take_config(struct httpc *h, const struct httpc_config *c)
{
	size_t n = strlen(c->url);

	while (n > 0 && c->url[n - 1] == '/')
		n--;
	if ((h->url = strndup(c->url, n)) == NULL ||
	    (h->agent = strdup(c->agent)) == NULL)
		return -1;
	if (c->ca_file != NULL && (h->ca_file = strdup(c->ca_file)) == NULL)
		return -1;
	if (c->key != NULL && asprintf(&h->authorization,
	    "Authorization: Bearer %s", c->key) == -1) {
		h->authorization = NULL;
		return -1;
	}
	h->answer_max = c->answer_max > 0 ? c->answer_max :
	    HTTPC_ANSWER_MAX;
	h->wake_fd = c->wake_fd;
	h->woken = c->woken;
	h->woken_arg = c->woken_arg;
	h->idle = c->idle;
	return 0;
}

struct httpc *
httpc_new(const struct httpc_config *c, struct buf *why)
{
	struct httpc *h;
	bool loopback;

	if (c->key != NULL && !header_safe(c->key)) {
		buf_adds(why, "the API key holds blanks or characters that "
		    "no key has");
		return NULL;
	}
	if (c->ca_file != NULL && httpc_ca_check(c->ca_file, why) == -1)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		buf_adds(why, "libcurl cannot be initialised");
		return NULL;
	}
	if (httpc_url_check(c->url, c->insecure_http, &loopback, why) == -1 ||
	    (h = calloc(1, sizeof(*h))) == NULL) {
		if (buf_len(why) == 0)
			buf_adds(why, "out of memory");
		curl_global_cleanup();
		return NULL;
	}
	if (take_config(h, c) == -1 ||
	    (h->easy = curl_easy_init()) == NULL ||
	    (h->multi = curl_multi_init()) == NULL) {
		buf_adds(why, "out of memory");
		httpc_free(h);
		return NULL;
	}
	set_options(h, c, loopback);
	return h;
}

void
httpc_free(struct httpc *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	if (h->authorization != NULL)
		secret_wipe(h->authorization, strlen(h->authorization));
	free(h->authorization);
	free(h->url);
	free(h->agent);
	free(h->ca_file);
	free(h);
	curl_global_cleanup();
}

void
httpc_set_timeout(struct httpc *h, int64_t total_ms)
{
	curl_easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, (long)total_ms);
}

static int
add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *l = curl_slist_append(*list, line);

	if (l == NULL)
		return -1;
	*list = l;
	return 0;
}

static void
free_headers(struct curl_slist *list)
{
	struct curl_slist *l;

	for (l = list; l != NULL; l = l->next)
		secret_wipe(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

/* "Expect:" keeps libcurl from waiting for a 100 before a large body. */
static struct curl_slist *
make_headers(const struct httpc *h, const struct httpc_request *r)
{
	struct curl_slist *list = NULL;
	const char *const *line = r->headers;

	if (add_header(&list, "Expect:") == -1 ||
	    (h->authorization != NULL &&
	    add_header(&list, h->authorization) == -1))
		goto free_list;
	for (; line != NULL && *line != NULL; line++)
		if (add_header(&list, *line) == -1)
			goto free_list;
	return list;
free_list:
	free_headers(list);
	return NULL;
}

static void
set_request(struct httpc *h, const struct httpc_request *r, const char *url,
    struct curl_slist *headers)
{
	CURL *e = h->easy;
	bool body = strcmp(r->method, "GET") != 0 &&
	    strcmp(r->method, "DELETE") != 0;

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	if (body) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->nbody);
	} else
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

/* What a header of the last answer says, or NULL. */
static const char *
header(const struct httpc *h, const char *name)
{
	struct curl_header *found;

	if (curl_easy_header(h->easy, name, 0, CURLH_HEADER, -1, &found) !=
	    CURLHE_OK)
		return NULL;
	return found->value;
}

static void
read_head(struct httpc *h, struct httpc_answer *a)
{
	const char *id = header(h, "X-Request-Id");
	const char *replayed = header(h, "X-Idempotent-Replayed");
	const char *type = header(h, "Content-Type");
	curl_off_t after = 0;
	long status = 0;

	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	a->status = (int)status;
	if (header(h, "Retry-After") != NULL &&
	    curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &after) ==
	    CURLE_OK)
		a->retry_after = after;
	a->replayed = replayed != NULL && strcasecmp(replayed, "true") == 0;
	a->json = type != NULL &&
	    (strncasecmp(type, "application/json", 16) == 0 ||
	    strncasecmp(type, "application/problem+json", 24) == 0);
	if (id != NULL && header_safe(id))
		snprintf(a->request_id, sizeof(a->request_id), "%s", id);
}

/* What libcurl, or the system below it, says of the failure. */
static const char *
cause(struct httpc *h, CURLcode code)
{
	long err = 0;

	utf8_quiet(h->error);		/* a certificate's names, for one */
	if (code == CURLE_COULDNT_CONNECT &&
	    curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &err) == CURLE_OK &&
	    err != 0)
		return strerror((int)err);
	return h->error[0] != '\0' ? h->error : curl_easy_strerror(code);
}

static enum httpc_result
untrusted(struct httpc *h, CURLcode code, struct buf *why)
{
	if (code == CURLE_SSL_CACERT_BADFILE)
		buf_addf(why, "cannot read the certificates to trust%s%s: %s",
		    h->ca_file != NULL ? " from " : "",
		    h->ca_file != NULL ? h->ca_file : "", cause(h, code));
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		buf_addf(why, "the certificate of %s is not trusted: %s; to "
		    "trust it, name its PEM file by --ca-file, "
		    "AGENTCOOPDB_CA_FILE or the profile's ca_file%s%s%s",
		    h->url, cause(h, code),
		    h->ca_file != NULL ? " (now " : "",
		    h->ca_file != NULL ? h->ca_file : "",
		    h->ca_file != NULL ? ")" : "");
	else
		buf_addf(why, "no TLS with %s: %s", h->url, cause(h, code));
	return HTTPC_UNTRUSTED;
}

static enum httpc_result
classify(struct httpc *h, CURLcode code, struct httpc_answer *a)
{
	long sent = 0;

	curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &sent);
	if (h->request->nbody == 0 && sent > 0)
		a->sent = true;
	if (code == CURLE_OK) {
		read_head(h, a);
		if (a->status >= 200)
			return HTTPC_ANSWER;
		/* libcurl takes an interim answer and an end for one. */
		httpc_answer_clear(a, h->answer_max);
		a->sent = true;
		buf_addf(&a->why, "%s broke off before its answer", h->url);
		return HTTPC_LOST;
	}
	if (code == CURLE_OUT_OF_MEMORY && !a->sent) {
		buf_adds(&a->why, "out of memory");
		return HTTPC_FAILED;
	}
	if (h->too_large) {
		buf_addf(&a->why, "the answer is larger than %zu bytes",
		    h->answer_max);
		return HTTPC_TOO_LARGE;
	}
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_SSL_CONNECT_ERROR)
		return untrusted(h, code, &a->why);
	if (!a->sent) {
		buf_addf(&a->why, "cannot reach %s: %s", h->url,
		    cause(h, code));
		return HTTPC_UNREACHABLE;
	}
	buf_addf(&a->why, "%s %s: %s", h->url, code ==
	    CURLE_OPERATION_TIMEDOUT ? "did not answer in time" :
	    "broke off", cause(h, code));
	return code == CURLE_OPERATION_TIMEDOUT ? HTTPC_TIMEOUT : HTTPC_LOST;
}

/* Run the one transfer to its end.  Returns 0; or -1 when woken. */
static int
run(struct httpc *h, CURLcode *code)
{
	struct curl_waitfd wake = { .fd = h->wake_fd,
	    .events = CURL_WAIT_POLLIN };
	unsigned extra = h->wake_fd == -1 ? 0 : 1;
	CURLMcode mc = CURLM_OK;
	CURLMsg *msg;
	int running = 1, left, rc;

	*code = CURLE_OUT_OF_MEMORY;
	while (mc == CURLM_OK && running > 0) {
		mc = curl_multi_perform(h->multi, &running);
		if (mc != CURLM_OK || running == 0)
			break;
		/* Await the socket, a timer of libcurl's, or the caller. */
		mc = curl_multi_poll(h->multi, &wake, extra, 1000, NULL);
		if (h->idle != NULL)
			h->idle(h->woken_arg);
		if (wake.revents == 0)
			continue;
		rc = h->woken == NULL ? 1 : h->woken(h->woken_arg);
		if (rc == 1)
			return -1;
		if (rc == -1)
			extra = 0;
		wake.revents = 0;
	}
	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			*code = msg->data.result;
	return 0;
}

enum httpc_result
httpc_ask(struct httpc *h, const struct httpc_request *r,
    struct httpc_answer *a)
{
	enum httpc_result result = HTTPC_FAILED;
	struct curl_slist *headers;
	CURLcode code;
	char *url;

	httpc_answer_clear(a, h->answer_max);
	h->request = r;
	h->answer = a;
	h->taken = 0;
	h->too_large = false;
	h->error[0] = '\0';
	if ((headers = make_headers(h, r)) == NULL ||
	    asprintf(&url, "%s%s", h->url, r->path) == -1) {
		buf_adds(&a->why, "out of memory");
		goto free_headers;
	}
	set_request(h, r, url, headers);
	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK) {
		buf_adds(&a->why, "libcurl refuses the request");
		goto free_url;
	}
	if (run(h, &code) == -1) {
		buf_adds(&a->why, "interrupted");
		a->sent |= r->nbody == 0;
		result = HTTPC_INTERRUPTED;
	} else
		result = classify(h, code, a);
	curl_multi_remove_handle(h->multi, h->easy);
free_url:
	curl_easy_setopt(h->easy, CURLOPT_URL, NULL);
	free(url);
free_headers:
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	free_headers(headers);
	return result;
}
