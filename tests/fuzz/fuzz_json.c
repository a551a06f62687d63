/*
 * fuzz_json.c - the JSON reader on any bytes.  What it accepts must hold
 * together: tokens nest, strings unescape and survive being written and
 * read again, raw pieces are JSON themselves.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(int good)
{
	if (!good)
		abort();
}

/* A string, written and read again, is the same string. */
static void
check_string(const struct json *j, uint32_t i)
{
	struct buf text, back, again;
	struct json copy;
	const char *p, *q;
	size_t n, m;

	buf_init(&text, j->len);
	buf_init(&back, 6 * j->len + 2);
	buf_init(&again, j->len);
	if (json_str(j, i, &text) == 0) {
		p = buf_peek(&text, &n);
		must(json_utf8_valid(p, n));
		json_put_str(&back, p, n);
		must(!buf_failed(&back));
		q = buf_peek(&back, &m);
		must(json_read(&copy, q, m, NULL) == 0);
		must(json_str(&copy, 0, &again) == 0);
		q = buf_peek(&again, &m);
		must(n == m && memcmp(p, q, n) == 0);
		must(json_is(j, i, buf_cstr(&text)));
		json_fini(&copy);
	}
	buf_fini(&text);
	buf_fini(&back);
	buf_fini(&again);
}

static void
check_token(const struct json *j, uint32_t i)
{
	const struct json_tok *t = &j->tok[i];
	const char *raw;
	struct json part;
	uint32_t n = 0;
	size_t len;
	int64_t v;

	must(t->start <= t->end && t->end <= j->len);
	must(t->next > i && t->next <= j->ntok);
	raw = json_raw(j, i, &len);
	must(raw >= j->text && raw + len <= j->text + j->len);
	if (i < 8) {		/* all would be quadratic */
		must(json_read(&part, raw, len, NULL) == 0);
		must(part.ntok == t->next - i);
		json_fini(&part);
	}
	if (t->type == JSON_NUMBER && json_int(j, i, -9, 9, &v) == 0)
		must(v >= -9 && v <= 9);
	if (t->type == JSON_STRING)
		check_string(j, i);
	for (uint32_t c = json_first(j, i); c != 0; c = json_next(j, i, c))
		n++;
	must(n == (t->type == JSON_OBJECT ? 2 * t->n : t->n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	struct json_error err;
	struct json j;

	if (json_read(&j, text, n, &err) == -1) {
		must(err.offset <= n);
		must(err.what != NULL && err.what[0] != '\0');
		must(err.line >= 1 && err.column >= 1);
		return 0;
	}
	must(json_utf8_valid(text, n));
	must(j.tok[0].next == j.ntok);
	for (uint32_t i = 0; i < j.ntok; i++)
		check_token(&j, i);
	json_fini(&j);
	return 0;
}
