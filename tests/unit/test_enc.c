/*
 * Text forms: hexadecimal, base64url, base64, uuid.
 */
#include "lib/cdefs.h"
#include "lib/enc.h"
#include "tap.h"

static void
hex(void)
{
	char text[9];
	uint8_t bytes[4];

	enc_hex(text, "\x00\x1f\xab\xff", 4);
	is_str(text, "001fabff", "bytes as hexadecimal");
	enc_hex(text, "", 0);
	is_str(text, "", "no bytes as hexadecimal");
	ok(enc_unhex(bytes, tap_guarded("001fABff", 8), 4) == 0 &&
	    memcmp(bytes, "\x00\x1f\xab\xff", 4) == 0, "either case is read");
	ok(enc_unhex(bytes, "0g", 1) == -1, "g is no digit");
	ok(enc_unhex(bytes, tap_guarded("0", 2), 1) == -1,
	    "a text that ends in the middle of a byte");
	ok(enc_unhex(bytes, tap_guarded("", 1), 4) == -1,
	    "an empty text is not looked behind");
	ok(enc_unhex(bytes, ":0", 1) == -1 && enc_unhex(bytes, "/0", 1) == -1 &&
	    enc_unhex(bytes, "@0", 1) == -1 && enc_unhex(bytes, "`0", 1) == -1,
	    "neighbours of the digits");
}

/* RFC 4648 section 10. */
static const char *const vectors[][3] = {
	{ "", "", "" },
	{ "f", "Zg", "Zg==" },
	{ "fo", "Zm8", "Zm8=" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "-__-", "+//+" },
};

static void
base64(void)
{
	char text[16], bytes[16];
	size_t n, len;

	for (size_t i = 0; i < NELEM(vectors); i++) {
		n = strlen(vectors[i][0]);
		enc_base64url(text, vectors[i][0], n);
		is_str(text, vectors[i][1], "base64url of %zu bytes", n);
		enc_base64(text, vectors[i][0], n);
		is_str(text, vectors[i][2], "base64 of %zu bytes", n);
		n = strlen(vectors[i][1]);
		ok(enc_unbase64url(bytes, &len, tap_guarded(vectors[i][1], n),
		    n) == 0 && len == strlen(vectors[i][0]) &&
		    memcmp(bytes, vectors[i][0], len) == 0, "and back");
	}
	ok(enc_unbase64url(bytes, &len, "A", 1) == -1, "no byte in 6 bits");
	ok(enc_unbase64url(bytes, &len, "AAAAA", 5) == -1, "nor behind four");
	ok(enc_unbase64url(bytes, &len, "Zh", 2) == -1,
	    "four unused bits must be zero");
	ok(enc_unbase64url(bytes, &len, "Zm9", 3) == -1,
	    "two unused bits must be zero");
	ok(enc_unbase64url(bytes, &len, "Zg==", 4) == -1, "padding is refused");
	ok(enc_unbase64url(bytes, &len, "+/AA", 4) == -1, "base64 is refused");
	ok(enc_unbase64url(bytes, &len, "Zg\0A", 4) == -1, "a NUL is refused");
}

static void
every_length(void)
{
	uint8_t in[64], out[64];
	char text[96];
	size_t len, bad = 0;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof(in); n++) {
		enc_base64url(text, in, n);
		if (enc_unbase64url(out, &len, text, strlen(text)) == -1 ||
		    len != n || memcmp(in, out, n) != 0)
			bad++;
	}
	ok(bad == 0, "every length survives base64url");
}

static void
uuid(void)
{
	static const char text[] = "0191e7f2-8C3D-7abc-9def-0123456789ab";
	uint8_t u[UUID_LEN], v[UUID_LEN];
	char back[UUID_TEXT];
	size_t bad = 0;

	ok(uuid_parse(u, tap_guarded(text, 36), 36) == 0, "a uuid is read");
	uuid_text(back, u);
	is_str(back, "0191e7f2-8c3d-7abc-9def-0123456789ab", "and written");
	for (size_t n = 0; n < 36; n++)
		bad += uuid_parse(v, tap_guarded(text, n), n) == 0;
	ok(bad == 0, "no prefix of it is one");
	ok(uuid_parse(v, text, 37) == -1, "nor with one behind it");
	ok(uuid_parse(v, "0191e7f28-C3D-7abc-9def-0123456789ab", 36) == -1,
	    "a hyphen at the wrong place");
	ok(uuid_parse(v, "0191e7f2-8c3d-7abc-9def-0123456789ag", 36) == -1,
	    "a wrong last digit");
	ok(uuid_parse(v, "{191e7f2-8c3d-7abc-9def-0123456789a}", 36) == -1,
	    "braces");
}

static void
uuid7(void)
{
	uint8_t a[UUID_LEN], b[UUID_LEN];
	uint8_t ones[UUID_LEN] = { 0 }, zeros[UUID_LEN] = { 0 };
	size_t stuck = 0;

	uuid_v7(a);
	for (int i = 0; i < 200; i++) {
		uuid_v7(b);
		if (memcmp(a, b, 6) > 0 || memcmp(a, b, UUID_LEN) == 0 ||
		    (b[6] & 0xf0) != 0x70 || (b[8] & 0xc0) != 0x80)
			stuck++;
		for (size_t k = 0; k < UUID_LEN; k++) {
			ones[k] |= b[k];
			zeros[k] |= (uint8_t)~b[k];
		}
		memcpy(a, b, UUID_LEN);
	}
	ok(stuck == 0, "v7 grows, differs, and says what it is");
	/* One bit fails to take both values with probability 2^-199. */
	for (size_t k = 6; k < UUID_LEN; k++)
		if ((ones[k] & zeros[k]) != (k == 6 ? 0x0f : k == 8 ? 0x3f :
		    0xff))
			stuck++;
	ok(stuck == 0, "its 74 other bits are random");
}

int
main(void)
{
	hex();
	base64();
	every_length();
	uuid();
	uuid7();
	return done();
}
