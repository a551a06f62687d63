/*
 * test_addr.c - addresses and networks as operators write them.
 */
#include <arpa/inet.h>

#include "acdbd/addr.h"
#include "tap.h"

static struct sockaddr_storage
v4(const char *ip, unsigned port)
{
	struct sockaddr_storage ss;
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };

	memset(&ss, 0, sizeof(ss));
	inet_pton(AF_INET, ip, &in.sin_addr);
	memcpy(&ss, &in, sizeof(in));
	return ss;
}

static struct sockaddr_storage
v6(const char *ip, unsigned port)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 in = { .sin6_family = AF_INET6,
	    .sin6_port = htons((uint16_t)port) };

	memset(&ss, 0, sizeof(ss));
	inet_pton(AF_INET6, ip, &in.sin6_addr);
	memcpy(&ss, &in, sizeof(in));
	return ss;
}

static void
one(const char *text, const char *host, const char *port)
{
	const char *list = tap_guarded(text, strlen(text) + 1);
	struct addr a;

	ok(addr_next(&list, &a) == 1, "%s is taken", text);
	is_str(a.host, host, "host of %s", text);
	is_str(a.port, port, "port of %s", text);
	ok(addr_next(&list, &a) == 0, "%s is one", text);
}

static void
refused(const char *text)
{
	const char *list = tap_guarded(text, strlen(text) + 1);
	struct addr a;

	ok(addr_next(&list, &a) == -1, "\"%s\" is refused", text);
}

static bool
within(const char *net, struct sockaddr_storage ss)
{
	struct addr_net n;

	return addr_next_net(&net, &n) == 1 &&
	    addr_within(&n, (struct sockaddr *)&ss);
}

static void
net_refused(const char *text)
{
	const char *list = text;
	struct addr_net n;

	ok(addr_next_net(&list, &n) == -1, "network \"%s\" is refused", text);
}

static void
test_lists(void)
{
	const char *list = " 127.0.0.1:1 , [::1]:2,:3";
	struct addr a;

	ok(addr_next(&list, &a) == 1 && strcmp(a.port, "1") == 0, "first");
	ok(addr_next(&list, &a) == 1 && strcmp(a.host, "::1") == 0, "second");
	ok(addr_next(&list, &a) == 1 && a.host[0] == '\0', "third");
	ok(addr_next(&list, &a) == 0, "end");
	list = "a:1,,b:2";
	ok(addr_next(&list, &a) == 1 && addr_next(&list, &a) == -1,
	    "an empty element is refused");
}

static void
test_text(void)
{
	struct sockaddr_storage ss = v4("10.1.2.3", 80);
	char text[ADDR_TEXT];

	addr_text((struct sockaddr *)&ss, text);
	is_str(text, "10.1.2.3:80", "IPv4");
	ss = v6("fd00::1", 443);
	addr_text((struct sockaddr *)&ss, text);
	is_str(text, "[fd00::1]:443", "IPv6");
	ss = v6("::ffff:10.1.2.3", 80);
	addr_text((struct sockaddr *)&ss, text);
	is_str(text, "10.1.2.3:80", "IPv4 inside IPv6");
	addr_ip_text((struct sockaddr *)&ss, text);
	is_str(text, "10.1.2.3", "without the port");
}

static void
test_loopback(void)
{
	struct sockaddr_storage ss = v4("127.9.9.9", 1);

	ok(addr_is_loopback((struct sockaddr *)&ss), "127.9.9.9");
	ss = v6("::1", 1);
	ok(addr_is_loopback((struct sockaddr *)&ss), "::1");
	ss = v6("::ffff:127.0.0.1", 1);
	ok(addr_is_loopback((struct sockaddr *)&ss), "::ffff:127.0.0.1");
	ss = v4("128.0.0.1", 1);
	ok(!addr_is_loopback((struct sockaddr *)&ss), "not 128.0.0.1");
	ss = v4("0.0.0.0", 1);
	ok(!addr_is_loopback((struct sockaddr *)&ss), "not 0.0.0.0");
	ss = v6("::", 1);
	ok(!addr_is_loopback((struct sockaddr *)&ss), "not ::");
}

int
main(void)
{
	one("127.0.0.1:8080", "127.0.0.1", "8080");
	one(":8443", "", "8443");
	one("[::1]:0", "::1", "0");
	one("[::]:443,", "::", "443");
	one("db-1.example.org:65535", "db-1.example.org", "65535");
	refused("127.0.0.1");
	refused("127.0.0.1:");
	refused("127.0.0.1:65536");
	refused("127.0.0.1:http");
	refused("127.0.0.1:+80");
	refused("::1:80");
	refused("[::1:80");
	refused("[]:80");
	refused("[localhost]:80");
	refused("http://localhost:80");
	refused("a b:80");
	refused(",");
	test_lists();
	test_text();
	test_loopback();
	ok(within("10.0.0.0/8", v4("10.255.0.1", 1)), "10/8 holds");
	ok(!within("10.0.0.0/8", v4("11.0.0.1", 1)), "10/8 does not hold");
	ok(within("10.0.0.0/8", v6("::ffff:10.0.0.1", 1)), "IPv4 in IPv6");
	ok(within("192.0.2.7", v4("192.0.2.7", 1)), "a single address");
	ok(!within("192.0.2.7", v4("192.0.2.6", 1)), "and no other");
	ok(within("0.0.0.0/0", v4("1.2.3.4", 1)), "all of IPv4");
	ok(!within("0.0.0.0/0", v6("fd00::1", 1)), "is not IPv6");
	ok(within("fd00::/9", v6("fd7f::1", 1)), "fd00::/9 holds");
	ok(!within("fd00::/9", v6("fd80::1", 1)), "fd00::/9 ends");
	net_refused("10.0.0.1/8");
	net_refused("10.0.0.0/33");
	net_refused("10.0.0/8");
	net_refused("fd00::/129");
	net_refused("yes");
	net_refused("10.0.0.0/");
	return done();
}
