/*
 * Patterns: what they find, what is refused, and that none is slow.
 */
#include <stdbool.h>

#include "lib/pattern.h"
#include "tap.h"

static struct pattern *
make(const char *source)
{
	const char *why;

	return pattern_new(tap_guarded(source, strlen(source)),
	    strlen(source), &why);
}

static int
match(const char *source, const char *text)
{
	struct pattern *p = make(source);
	int64_t work = 1000000;
	int rc;

	if (p == NULL)
		return -2;
	rc = pattern_match(p, tap_guarded(text, strlen(text)), strlen(text),
	    &work);
	pattern_free(p);
	return rc;
}

static void
finds(const char *source, const char *text)
{
	ok(match(source, text) == 1, "/%s/ finds %zu bytes", source,
	    strlen(text));
}

static void
passes(const char *source, const char *text)
{
	ok(match(source, text) == 0, "/%s/ does not find %zu bytes", source,
	    strlen(text));
}

static void
refused(const char *source, const char *because)
{
	const char *why = NULL;
	struct pattern *p = pattern_new(tap_guarded(source, strlen(source)),
	    strlen(source), &why);

	ok(p == NULL && why != NULL && strstr(why, because) != NULL,
	    "/%s/ is refused: %s", source, why == NULL ? "(not)" : why);
	pattern_free(p);
}

static void
test_found(void)
{
	finds("", "");
	finds("", "abc");
	finds("b", "abc");
	finds("^abc$", "abc");
	passes("^bc$", "abc");
	passes("^ab$", "abc");
	finds("a|b|cd", "xcd");
	passes("^(a|b|cd)$", "c");
	finds("^(a|b|)$", "");
	finds("^a*$", "aaaa");
	finds("^a*$", "");
	finds("^(ab)+$", "abab");
	passes("^(ab)+$", "aba");
	finds("^colou?r$", "color");
	finds("^colou?r$", "colour");
	finds("^a{2}$", "aa");
	passes("^a{2}$", "aaa");
	passes("^a{2,3}$", "a");
	finds("^a{2,3}$", "aaa");
	passes("^a{2,3}$", "aaaa");
	finds("^a{2,}$", "aaaaa");
	passes("^a{2,}$", "a");
	finds("^(a|bc){2}d$", "abcd");
	finds("^(a|bc){2}d$", "bcbcd");
	finds("^x{0}$", "");
	finds("^(?:ab|c){1,2}?$", "abc");
	finds("^(?<year>\\d{4})-\\d\\d$", "2024-05");
	finds("^{a}$", "{a}");
	finds("^a{,2}$", "a{,2}");
	finds("(a*)*b", "aaab");
	finds("^(a?){3}a{3}$", "aaa");
}

static void
test_classes(void)
{
	finds("^[a-c]+$", "abc");
	passes("^[a-c]+$", "abd");
	finds("^[^a-c]$", "d");
	passes("^[^a-c]$", "b");
	finds("^[a-]+$", "a-");
	finds("^[-a]+$", "-a");
	passes("^[]a]$", "a]");
	finds("^[\\]a]+$", "a]");
	passes("[]", "a");
	finds("^[^]$", "\n");
	finds("^[\\d_]+$", "1_2");
	finds("^[\\D]+$", "ab");
	passes("^[\\D]+$", "a1");
	finds("^\\w+$", "a_Z9");
	passes("^\\w$", "-");
	finds("^\\W$", "-");
	finds("^\\s$", "\xc2\xa0");
	passes("^\\S$", " ");
	finds("^.$", "\xe2\x82\xac");
	passes("^.$", "\n");
	finds("^[\xc3\xa0-\xc3\xbf]$", "\xc3\xa9");
	finds("^\\u00e9\\x41$", "\xc3\xa9" "A");
	finds("^\\ud83d\\ude00$", "\xf0\x9f\x98\x80");
	finds("^\\u{1F600}$", "\xf0\x9f\x98\x80");
	finds("^\\t\\n\\.\\/\\-$", "\t\n./-");
	finds("\\bcat\\b", "a cat!");
	passes("\\bcat\\b", "concat");
	finds("\\Bcat", "concat");
	finds("^[\\b]$", "\b");
}

static void
test_refused(void)
{
	refused("(?=a)", "lookahead");
	refused("(?!a)", "lookahead");
	refused("(?<=a)", "lookbehind");
	refused("(a)\\1", "references");
	refused("\\p{L}", "\\p");
	refused("*a", "nothing to repeat");
	refused("a**", "nothing to repeat");
	refused("^*", "nothing to repeat");
	refused("(a", "does not end");
	refused("a)", "ends no group");
	refused("[a", "does not end");
	refused("[b-a]", "range");
	refused("[\\d-z]", "range");
	refused("a{3,2}", "wrong way");
	refused("a{99999}", "too long");
	refused("((a{50}){50})", "too long");
	refused("\\", "backslash");
	refused("\\q", "escape");
	refused("\\x4", "not complete");
	refused("\\u{110000}", "not complete");
}

/* What takes others exponential time. */
static void
test_bounded(void)
{
	char text[50001], deep[1001];
	struct pattern *p = make("^(a+)+$");
	int64_t work = 5000000;

	memset(text, 'a', sizeof(text) - 2);
	text[sizeof(text) - 2] = 'b';
	text[sizeof(text) - 1] = '\0';
	ok(pattern_match(p, text, sizeof(text) - 1, &work) == 0 && work > 0,
	    "a long near miss takes its length, and no more");
	work = 1000;
	ok(pattern_match(p, text, sizeof(text) - 1, &work) == -1,
	    "the work is bounded");
	pattern_free(p);
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, "too deep");
	/* Every beginning of a good one is refused or matched, not followed
	 * beyond its end. */
	for (size_t n = 0; n < 41; n++) {
		const char *why, *source =
		    "^(?<y>a|[^\\d-]{2,3}?)\\u{1F600}\\x41\\b+.$|";

		p = pattern_new(tap_guarded(source, n), n, &why);
		work = 1000;
		if (p != NULL && pattern_match(p, "ab", 2, &work) == -1)
			ok(0, "prefix of %zu", n);
		pattern_free(p);
	}
}

int
main(void)
{
	test_found();
	test_classes();
	test_refused();
	test_bounded();
	return done();
}
