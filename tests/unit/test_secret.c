/*
 * Known answers: HMAC (RFC 4231), derivations (computed by another HKDF),
 * SCRAM (the exchange of RFC 7677 section 3).
 */
#include <time.h>

#include "lib/cdefs.h"
#include "lib/enc.h"
#include "lib/secret.h"
#include "tap.h"

static const char *
hex(const uint8_t *p)
{
	static char text[65];

	enc_hex(text, p, 32);
	return text;
}

static void
digest(void)
{
	uint8_t out[32];

	secret_sha256(out, "abc", 3);
	is_str(hex(out), "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc");
	secret_sha256(out, "", 0);
	is_str(hex(out), "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855", "SHA-256 of nothing");
}

static const struct {
	int		 key;		/* this byte, nkey times; 0: 1, 2 ... */
	size_t		 nkey;
	const char	*text;
	const char	*want;
} hmacs[] = {
	{ 0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b"
	    "881dc200c9833da726e9376c2e32cff7" },
	{ 0xaa, 20, "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
	    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd",
	    "773ea91e36800e46854db8ebd09181a7"
	    "2959098b3ef8c122d9635514ced565fe" },
	{ 0, 25, "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd",
	    "82558a389a443c0ea4cc819899f2083a"
	    "85f0faa3e578f8077a2e3ff46729665b" },
	{ 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54" },
	{ 0xaa, 131, "This is a test using a larger than block-size key and a "
	    "larger than block-size data. The key needs to be hashed before "
	    "being used by the HMAC algorithm.",
	    "9b09ffa71b942fcb27635fbcd5b0e944"
	    "bfdc63644f0713938a7f51535c3a35e2" },
};

static void
hmac(void)
{
	struct secret_mac *m;
	uint8_t key[131], out[32];

	for (size_t i = 0; i < NELEM(hmacs); i++) {
		for (size_t k = 0; k < hmacs[i].nkey; k++)
			key[k] = (uint8_t)(hmacs[i].key ? hmacs[i].key :
			    (int)k + 1);
		secret_hmac(out, key, hmacs[i].nkey, hmacs[i].text,
		    strlen(hmacs[i].text));
		is_str(hex(out), hmacs[i].want, "RFC 4231, vector %zu", i);
		m = secret_mac_new(key, hmacs[i].nkey);
		secret_mac(m, out, "something else", 14);
		secret_mac(m, out, hmacs[i].text, strlen(hmacs[i].text));
		is_str(hex(out), hmacs[i].want, "by a prepared key, again");
		secret_mac_free(m);
	}
	secret_hmac(out, "Jefe", 4, "what do ya want for nothing?", 28);
	is_str(hex(out), "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843", "RFC 4231, a short key");
	secret_hmac(out, "", 0, "", 0);
	is_str(hex(out), "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad", "no key, no message");
	secret_mac_free(NULL);
}

static void
derivations(void)
{
	uint8_t key[32];
	char pw[SECRET_LOGIN_PW];

	/* openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt
	 * salt:agentcoopdb -kdfopt info:... -kdfopt key:... HKDF */
	secret_context_key(key, "sixteen characters");
	is_str(hex(key), "53914bd711b2014169a2d5ad0dfb3937"
	    "38acdd0eccafd4642c325936518f8551", "the context key");
	secret_login_password(pw, "sixteen characters", "acdb_dp_dbuser");
	is_str(pw, "8gZpealaUtb1cZyCiOQjuRF3ThrmyzARNY_TlMX_zmk",
	    "a login's password");
	secret_login_password(pw, "sixteen characters", "acdb_dp_dbreader");
	ok(strcmp(pw, "8gZpealaUtb1cZyCiOQjuRF3ThrmyzARNY_TlMX_zmk") != 0,
	    "another login's is another");
}

/*
 * The client's proof and the server's signature of the RFC's exchange are
 * checked with the two keys of the verifier, as a server does.
 */
static void
scram(void)
{
	static const uint8_t salt[SECRET_SCRAM_SALT] = { 0x5b, 0x6d, 0x99,
	    0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36,
	    0xfa, 0x81 };
	static const char auth[] = "n=user,r=rOprNGfwEbeRWgbNEkqO,"
	    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
	    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
	char text[SECRET_SCRAM], other[SECRET_SCRAM], b64[45];
	uint8_t stored[33], server[33], proof[33], out[32];
	size_t n;

	secret_scram_salted(text, "pencil", salt);
	is_str(text, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	    "a verifier for the RFC's salt");
	/* The two keys have no + and no / in them: base64url will do. */
	ok(enc_unbase64url(stored, &n, text + 44, 43) == 0 && n == 32,
	    "it holds a stored key");
	ok(enc_unbase64url(server, &n, text + 89, 43) == 0 && n == 32,
	    "and a server key");
	secret_hmac(out, server, 32, auth, sizeof(auth) - 1);
	enc_base64(b64, out, 32);
	is_str(b64, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	    "the server's signature");
	ok(enc_unbase64url(proof, &n,
	    "dHzbZapWIk4jUhN-Ute9ytag9zjfMHgsqmmiz7AndVQ", 43) == 0,
	    "the client's proof");
	secret_hmac(out, stored, 32, auth, sizeof(auth) - 1);
	for (size_t i = 0; i < 32; i++)
		out[i] ^= proof[i];
	secret_sha256(out, out, 32);
	ok(secret_equal(out, stored, 32), "proves the password");
	secret_scram(text, "pencil");
	secret_scram(other, "pencil");
	ok(strcmp(text, other) != 0, "salts are random");
	ok(strlen(text) == 133, "a verifier is 133 characters");
}

static void
small_things(void)
{
	uint8_t a[600] = { 0 }, b[600] = { 0 };
	size_t zero = 0;

	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	ok(!secret_equal(a, b, sizeof(a)), "random bytes differ");
	for (size_t i = 0; i + 4 <= sizeof(a); i++)
		zero += memcmp(a + i, "\0\0\0\0", 4) == 0;
	ok(zero == 0, "and reach to the end");
	memcpy(b, a, sizeof(a));
	ok(secret_equal(a, b, sizeof(a)), "equal is equal");
	b[599] ^= 1;
	ok(!secret_equal(a, b, sizeof(a)), "the last bit counts");
	ok(secret_equal(a, b, 0), "nothing equals nothing");
	secret_wipe(b, sizeof(b));
	memset(a, 0, sizeof(a));
	ok(memcmp(a, b, sizeof(a)) == 0, "wiped is zero");
}

int
main(void)
{
	digest();
	hmac();
	derivations();
	scram();
	small_things();
	return done();
}
