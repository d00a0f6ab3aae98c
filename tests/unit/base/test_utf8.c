/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: the boundaries of every range, and what lies just outside them. */
#include "support.h"

static const char *const valid[] = {
        "",
        "plain ASCII that is longer than eight bytes",
        "\x7f",
        "\xc2\x80",         /* U+0080 */
        "\xdf\xbf",         /* U+07FF */
        "\xe0\xa0\x80",     /* U+0800 */
        "\xed\x9f\xbf",     /* U+D7FF */
        "\xee\x80\x80",     /* U+E000 */
        "\xef\xbf\xbf",     /* U+FFFF */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
        "1234567\xe2\x82\xacz12345678",
};

static const char *const invalid[] = {
        "\x80", /* a tail alone */
        "\xbf",
        "\xc0\x80", /* overlong NUL */
        "\xc1\xbf", /* overlong U+007F */
        "\xc2",     /* cut off */
        "\xc2\x7f",
        "\xc2\xc0",
        "\xe0\x9f\xbf", /* overlong U+07FF */
        "\xe1\x80",     /* cut off */
        "\xe1\x80\xc0",
        "\xed\xa0\x80",     /* U+D800 */
        "\xed\xbf\xbf",     /* U+DFFF */
        "\xf0\x8f\xbf\xbf", /* overlong U+FFFF */
        "\xf1\x80\x80",     /* cut off */
        "\xf1\x80\x80\x7f",
        "\xf4\x90\x80\x80", /* U+110000 */
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "12345678\xff",
        "1234567890123456789\xe2\x82",
};

static void valid__takes_every_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
        assert_true(tv_utf8_valid(tv_str_of(valid[i])));
    assert_true(tv_utf8_valid((struct tv_str){NULL, 0}));
    assert_true(tv_utf8_valid(TV_STR("a\0b")));
}

/* At every place within and across the eight bytes that are tested at once. */
static void valid__refuses_each_fault_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 10; after++) {
                char text[80];
                size_t length = strlen(invalid[i]);
                memset(text, 'x', sizeof(text));
                memcpy(text + before, invalid[i], length);
                assert_false(tv_utf8_valid((struct tv_str){text, before + length + after}));
            }
        }
    }
}

/* The decoder of RFC 3629's grammar, written the slow way. */
static bool slow_valid(const uint8_t *at, size_t left)
{
    while (left > 0) {
        size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
        uint32_t point = length == 1 ? at[0] : at[0] & (0xffu >> (length + 1));
        if (length > left || (at[0] >= 0x80 && at[0] < 0xc0) || at[0] >= 0xf8)
            return false;
        for (size_t i = 1; i < length; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (at[i] & 0x3f);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
        at += length;
        left -= length;
    }
    return true;
}

static void valid__agrees_with_the_definition(void **state)
{
    (void)state;
    for (uint32_t four = 0; four < UINT32_C(1) << 16; four++) {
        /* All first and second bytes, with the interesting third and fourth ones. */
        static const uint8_t tails[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0};
        for (size_t i = 0; i < sizeof(tails) * sizeof(tails); i++) {
            uint8_t text[4] = {(uint8_t)(four >> 8), (uint8_t)four, tails[i / 5], tails[i % 5]};
            bool expected = slow_valid(text, 4);
            assert_int_equal(tv_utf8_valid((struct tv_str){(char *)text, 4}), expected);
        }
    }
}

static void sequence__tells_the_length(void **state)
{
    (void)state;
    assert_int_equal(tv_utf8_sequence(TV_STR("ab")), 1);
    assert_int_equal(tv_utf8_sequence(TV_STR("\xc3\xa4x")), 2);
    assert_int_equal(tv_utf8_sequence(TV_STR("\xe2\x82\xac")), 3);
    assert_int_equal(tv_utf8_sequence(TV_STR("\xf0\x9f\x98\x80")), 4);
    assert_int_equal(tv_utf8_sequence(TV_STR("\xf0\x9f\x98")), 0);
    assert_int_equal(tv_utf8_sequence(TV_STR("")), 0);
}

static void prefix__never_cuts_a_code_point(void **state)
{
    (void)state;
    struct tv_str text = TV_STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++) {
        struct tv_str cut = tv_utf8_prefix(text, max);
        assert_int_equal(cut.len, expected[max]);
        assert_true(tv_utf8_valid(cut));
    }
}

static void prefix__ends_on_malformed_text(void **state)
{
    (void)state;
    struct tv_str tails = TV_STR("\x80\x80\x80\x80\x80\x80\x80\x80");
    assert_true(tv_utf8_prefix(tails, 6).len <= 6);
    assert_int_equal(tv_utf8_prefix(tails, 0).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(valid__takes_every_range),
            cmocka_unit_test(valid__refuses_each_fault_anywhere),
            cmocka_unit_test(valid__agrees_with_the_definition),
            cmocka_unit_test(sequence__tells_the_length),
            cmocka_unit_test(prefix__never_cuts_a_code_point),
            cmocka_unit_test(prefix__ends_on_malformed_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
