/*
 * Which gateway, key and certificate a client uses, from real files.
 */
#include <sys/stat.h>

#include <fcntl.h>

#include "lib/profile.h"
#include "lib/profile_file.h"
#include "tap.h"

static char dir[] = "/tmp/acdb-profile-XXXXXX";
static struct buf why;
static const struct profile_choice nothing;

static const char two[] =
    "# two gateways\n"
    "default = b\n"
    "\n"
    "  ; and a blank line\n"
    "[profile a]\n"
    "url = https://a.example:8443/\n"
    "key = key-a\n"
    "[ profile c ]\n";

static const char good[] =
    "default = b\r\n"
    "[profile a]\n"
    "url = https://a.example:8443/\n"
    "key=key-a\n"
    "\n"
    "[profile b]\n"
    "url = https://b.example\n"
    "key_file = b.key\n"
    "ca_file = ~/b.pem\n"
    "read_only = TRUE\n";

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, text, strlen(text)) == -1 ||
	    fchmod(fd, mode) == -1)
		abort();
	close(fd);
}

static int
load(struct profile *p, const struct profile_choice *c)
{
	buf_clear(&why);
	return profile_load(p, c, &why);
}

static int
said(const char *part)
{
	int found = strstr(buf_cstr(&why), part) != NULL;

	if (!found)
		printf("# said: %s\n", buf_cstr(&why));
	return found;
}

static void
clear_environment(void)
{
	unsetenv("AGENTCOOPDB_GATEWAY_URL");
	unsetenv("AGENTCOOPDB_API_KEY");
	unsetenv("AGENTCOOPDB_API_KEY_FILE");
	unsetenv("AGENTCOOPDB_PROFILE");
	unsetenv("AGENTCOOPDB_CA_FILE");
}

static void
test_file(void)
{
	struct profile_choice a = { .name = "a" }, x = { .name = "x" };
	struct profile p;
	char path[256];

	ok(load(&p, &nothing) == 0 && p.url == NULL && p.key == NULL,
	    "no file is no error");
	ok(profile_require(&p, &why) == -1 && said("no gateway is known"),
	    "but not enough either");
	ok(load(&p, &x) == -1 && said("no profile \"x\""),
	    "a profile asked for by name must exist");

	write_file("acdb/config", good, 0600);
	write_file("acdb/b.key", "  key-b \n", 0600);
	ok(load(&p, &nothing) == 0, "the default profile");
	is_str(p.name, "b", "is the one that default names");
	is_str(p.url, "https://b.example", "url");
	is_str(p.key, "key-b", "key from a file beside the configuration");
	snprintf(path, sizeof(path), "%s/b.pem", dir);
	is_str(p.ca_file, path, "~ is the home");
	ok(p.read_only, "read_only");
	ok(profile_require(&p, &why) == 0, "is enough");
	profile_fini(&p);

	ok(load(&p, &a) == 0, "a profile by option");
	is_str(p.url, "https://a.example:8443", "url without its last slash");
	is_str(p.key, "key-a", "key in the file itself");
	ok(!p.read_only && p.ca_file == NULL, "nothing of another profile");
	profile_fini(&p);

	write_file("acdb/b.key", "key-b\n", 0640);
	ok(load(&p, &nothing) == -1 && said("chmod 600"),
	    "a key file that others may read is refused");
	write_file("acdb/config", good, 0604);
	ok(load(&p, &a) == -1 && said("chmod 600") && said("config"),
	    "so is the configuration");
	write_file("acdb/config", good, 0600);
	write_file("acdb/b.key", "\n", 0600);
	ok(load(&p, &nothing) == -1 && said("empty"), "an empty key file");
}

static void
test_precedence(void)
{
	struct profile_choice c = { .url = "https://a.example:8443" };
	struct profile_choice a = { .name = "a" };
	struct profile_choice f = { .key_file = "" };
	struct profile p;
	char path[256];

	write_file("acdb/b.key", "key-b\n", 0600);
	setenv("AGENTCOOPDB_GATEWAY_URL", "https://env.example/", 1);
	ok(load(&p, &nothing) == 0, "a url from the environment");
	is_str(p.url, "https://env.example", "wins over the profile's");
	ok(p.key == NULL && p.ca_file == NULL,
	    "and is not sent the profile's key");
	ok(profile_require(&p, &why) == -1 && said("https://env.example"),
	    "which is said");
	profile_fini(&p);

	setenv("AGENTCOOPDB_API_KEY", "key-env", 1);
	ok(load(&p, &nothing) == 0, "both from the environment");
	is_str(p.key, "key-env", "key");
	is_str(p.key_from, "AGENTCOOPDB_API_KEY", "and where it came from");
	profile_fini(&p);

	ok(load(&p, &a) == 0, "a profile named by an option");
	is_str(p.url, "https://a.example:8443", "wins over the environment");
	is_str(p.key, "key-a", "with its key");
	profile_fini(&p);

	snprintf(path, sizeof(path), "%s/acdb/b.key", dir);
	f.key_file = path;
	ok(load(&p, &f) == 0, "a key file by option");
	is_str(p.key, "key-b", "wins over the environment's key");
	profile_fini(&p);

	clear_environment();
	setenv("AGENTCOOPDB_PROFILE", "a", 1);
	ok(load(&p, &c) == 0, "an option's url equal to the profile's");
	is_str(p.key, "key-a", "is sent its key");
	profile_fini(&p);

	clear_environment();
	write_file("loose.key", "key-loose", 0644);
	snprintf(path, sizeof(path), "%s/loose.key", dir);
	setenv("AGENTCOOPDB_API_KEY_FILE", path, 1);
	ok(load(&p, &nothing) == 0, "a mounted secret");
	is_str(p.key, "key-loose", "may be readable by others");
	profile_fini(&p);
	clear_environment();
}

static void
test_refused(void)
{
	static const struct { const char *text, *says; } bad[] = {
		{ two, NULL },
		{ "[profile a]\nurl = x\nurl = y\n", ":3: \"url\" stands" },
		{ "[profile a]\nurl =\n", ":2: \"url\" has no value" },
		{ "[profile a]\nca_file =\n", ":2: \"ca_file\" has no" },
		{ "[profile a]\ncolour = red\n", ":2: unknown setting" },
		{ "[profile b]\ncolour = red\n", ":2: unknown setting" },
		{ "[profile a]\nurl\n", ":2: neither" },
		{ "url = x\n", ":1: \"url\" stands before" },
		{ "default = a b\n", ":1: \"default\" takes" },
		{ "[profile a\n", ":1: a section is written" },
		{ "[profile a] x\n", ":1: a section is written" },
		{ "[server]\n", ":1: a section is written" },
		{ "[profile ]\n", ":1: a profile's name" },
		{ "[profile a]\n[profile a]\n", ":2: profile \"a\" stands" },
		{ "[profile a]\nread_only = maybe\n", ":2: \"read_only\"" },
		{ "[profile a]\nkey = x\nkey_file = y\n", "both key and" },
	};
	struct profile_entry e;
	char *text;

	for (size_t i = 0; i < NELEM(bad); i++) {
		text = strdup(bad[i].text);
		buf_clear(&why);
		ok(profile_file_parse(&e, "a", "config", text, &why) == -1 &&
		    said(bad[i].says == NULL ? ":8:" : bad[i].says),
		    "refused: %.30s", bad[i].says == NULL ? "two" :
		    bad[i].says);
		free(text);
	}
}

/* Every prefix, where a byte behind the text must not be read. */
static void
test_prefixes(void)
{
	struct profile_entry e;
	char copy[sizeof(good)], *text;

	for (size_t n = 0; n < sizeof(good); n++) {
		memcpy(copy, good, n);
		copy[n] = '\0';
		text = tap_guarded(copy, n + 1);
		buf_clear(&why);
		if (profile_file_parse(&e, NULL, "config", text, &why) == 0)
			profile_file_fini(&e);
	}
	ok(1, "every prefix is read or refused");
	ok(!profile_name_valid("") && !profile_name_valid("a b") &&
	    profile_name_valid("a-B_9."), "names");
}

static void
remove_files(void)
{
	static const char *const names[] = { "loose.key", "acdb/config",
	    "acdb/b.key", "acdb" };
	char path[256];

	for (size_t i = 0; i < NELEM(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	rmdir(dir);
}

int
main(void)
{
	char path[256];

	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/acdb", dir);
	mkdir(path, 0700);
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("HOME", dir, 1);
	clear_environment();
	buf_init(&why, PROFILE_WHY_MAX);
	test_file();
	test_precedence();
	test_refused();
	test_prefixes();
	buf_fini(&why);
	remove_files();
	return done();
}
