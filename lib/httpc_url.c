/*
 * httpc_url.c - which URLs a client may send its key to.
 *
 * It only reads text, by libcurl's parser, so that what is judged here is
 * what libcurl will connect to.
 */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "httpc_url.h"

bool
httpc_url_loopback(const char *host)
{
	size_t n = strlen(host);

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    strcmp(host, "[::1]") == 0)
		return true;
	return n > 4 && strncmp(host, "127.", 4) == 0 &&
	    strspn(host, "0123456789.") == n;
}

/* A part of a URL to be freed by curl_free(), NULL where there is none. */
static char *
part(CURLU *u, CURLUPart what)
{
	char *s;

	return curl_url_get(u, what, &s, 0) == CURLUE_OK ? s : NULL;
}

static int
judge(CURLU *u, const char *url, bool insecure_http, bool *loopback,
    struct buf *why)
{
	char *scheme = part(u, CURLUPART_SCHEME);
	char *host = part(u, CURLUPART_HOST);
	char *user = part(u, CURLUPART_USER);
	char *query = part(u, CURLUPART_QUERY);
	char *fragment = part(u, CURLUPART_FRAGMENT);
	int rc = -1;

	*loopback = host != NULL && httpc_url_loopback(host);
	if (scheme == NULL || host == NULL)
		buf_addf(why, "\"%s\" is not a URL", url);
	else if (user != NULL)
		buf_adds(why, "the gateway's URL must not hold a user name "
		    "or a password");
	else if (query != NULL || fragment != NULL)
		buf_addf(why, "\"%s\": a gateway's URL has no ? or #", url);
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		buf_addf(why, "\"%s\" is neither https:// nor http://", url);
	else if (strcmp(scheme, "http") == 0 && !*loopback &&
	    !insecure_http)
		buf_addf(why, "%s would send the API key in the clear: use "
		    "https:// (plain http is for this machine only)", url);
	else
		rc = 0;
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(query);
	curl_free(fragment);
	return rc;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return true;
	return false;
}

int
httpc_url_check(const char *url, bool insecure_http, bool *loopback,
    struct buf *why)
{
	CURLU *u = curl_url();
	int rc = -1;

	if (u == NULL)
		buf_adds(why, "out of memory");
	else if (has_control(url))
		buf_adds(why, "the gateway's URL holds a blank, a line end or "
		    "another control character");
	else if (strstr(url, "://") == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) !=
	    CURLUE_OK)
		buf_addf(why, "\"%s\" is not a URL: a gateway is named like "
		    "https://host:8443", url);
	else
		rc = judge(u, url, insecure_http, loopback, why);
	curl_url_cleanup(u);
	return rc;
}
