/*
 * test_unread.c - what waits to be read is counted for whom it waits.
 */
#include "acdbd/unread.h"
#include "tap.h"

static const uint8_t a[UUID_LEN] = { 1, [15] = 7 };
static const uint8_t b[UUID_LEN] = { 2, [15] = 7 };	/* in a's bucket */
static const uint8_t c[UUID_LEN] = { 1, [15] = 8 };

static void
test_shares(void)
{
	struct unread *u = unread_new(100);
	struct unread_answer *first, *second, *third, *other;

	ok(u != NULL && !unread_full(u, a), "nothing waits");
	first = unread_add(u, a, 60);
	ok(first != NULL && !unread_full(u, a), "60 of 100");
	other = unread_add(u, b, 100);
	second = unread_add(u, a, 39);
	ok(!unread_full(u, a), "99 of 100");
	third = unread_add(u, a, 1);
	ok(unread_full(u, a), "100 of 100 is full");
	ok(unread_full(u, b) && !unread_full(u, c), "others have their own");
	unread_end(second);
	ok(!unread_full(u, a), "there is room again");
	unread_end(first);
	unread_end(third);
	ok(!unread_full(u, a) && unread_full(u, b), "a's end is not b's");
	unread_end(other);
	ok(!unread_full(u, b), "nothing waits again");
	unread_end(NULL);
	unread_free(u);
}

static void
test_none(void)
{
	ok(unread_add(NULL, a, 1) == NULL && !unread_full(NULL, a),
	    "nobody counts");
	unread_free(NULL);
}

int
main(void)
{
	test_shares();
	test_none();
	return done();
}
