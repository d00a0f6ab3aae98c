/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes and the hash of a token. */
#include "base/secret.h"
#include "support.h"

static void hash__is_blake2b_256(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
            {"", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
            {"abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t hash[TV_SECRET_HASH_BYTES];
        char hex[2 * TV_SECRET_HASH_BYTES];
        tv_secret_hash(tv_str_of(cases[i].text), hash);
        tv_hex_encode(hash, sizeof(hash), hex);
        assert_text((struct tv_str){hex, sizeof(hex)}, cases[i].hex);
    }
    uint8_t none[TV_SECRET_HASH_BYTES];
    tv_secret_hash((struct tv_str){NULL, 0}, none);
    assert_int_equal(none[0], 0x0e);
}

static void random__differs_and_fills(void **state)
{
    (void)state;
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    tv_secret_random(a, sizeof(a));
    tv_secret_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    uint8_t seen = 0;
    for (size_t i = 48; i < sizeof(a); i++)
        seen |= a[i];
    assert_true(seen != 0); /* sixteen zero bytes in a row: once in 2^128 */
    tv_secret_random(a, 0);
}

static void equal__compares_all_bytes(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    assert_true(tv_secret_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] = 1;
        assert_false(tv_secret_equal(a, b, sizeof(a)));
        b[i] = 0;
    }
    assert_true(tv_secret_equal(a, b, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(hash__is_blake2b_256),
            cmocka_unit_test(random__differs_and_fills),
            cmocka_unit_test(equal__compares_all_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
