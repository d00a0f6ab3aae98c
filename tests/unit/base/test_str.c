/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text: comparing, cutting, hex, the nearest word. */
#include "support.h"

static void compare__orders_bytes_then_length(void **state)
{
    (void)state;
    assert_true(tv_str_compare(TV_STR("a"), TV_STR("b")) < 0);
    assert_true(tv_str_compare(TV_STR("b"), TV_STR("ab")) > 0);
    assert_true(tv_str_compare(TV_STR("a"), TV_STR("ab")) < 0);
    assert_true(tv_str_compare(TV_STR("ab"), TV_STR("a")) > 0);
    assert_int_equal(tv_str_compare(TV_STR("ab"), TV_STR("ab")), 0);
    assert_int_equal(tv_str_compare((struct tv_str){NULL, 0}, TV_STR("")), 0);
    assert_true(tv_str_compare(TV_STR("\x7f"), TV_STR("\x80")) < 0);
}

static void equal__compares_content(void **state)
{
    (void)state;
    assert_true(tv_str_equal(TV_STR("x\0y"), TV_STR("x\0y")));
    assert_false(tv_str_equal(TV_STR("x\0y"), TV_STR("x\0z")));
    assert_true(tv_str_equal((struct tv_str){NULL, 0}, tv_str_of("")));
    assert_true(tv_str_equal(tv_str_of(NULL), tv_str_of("")));
}

static void equal_nocase__folds_ascii_only(void **state)
{
    (void)state;
    assert_true(tv_str_equal_nocase(TV_STR("GZip"), TV_STR("gzIP")));
    assert_false(tv_str_equal_nocase(TV_STR("gzip"), TV_STR("gzi")));
    assert_false(tv_str_equal_nocase(TV_STR("\xc3\x84"), TV_STR("\xc3\xa4")));
    assert_false(tv_str_equal_nocase(TV_STR("@"), TV_STR("`")));
    assert_false(tv_str_equal_nocase(TV_STR("["), TV_STR("{")));
}

static void search__handles_empty_parts(void **state)
{
    (void)state;
    struct tv_str none = {NULL, 0};
    assert_true(tv_str_starts_with(TV_STR("abc"), TV_STR("ab")));
    assert_false(tv_str_starts_with(TV_STR("a"), TV_STR("ab")));
    assert_true(tv_str_starts_with(none, none));
    assert_true(tv_str_contains(TV_STR("abc"), TV_STR("bc")));
    assert_false(tv_str_contains(TV_STR("abc"), TV_STR("cb")));
    assert_false(tv_str_contains(none, TV_STR("a")));
    assert_true(tv_str_contains(none, none));
}

static void trim__takes_blanks_at_both_ends(void **state)
{
    (void)state;
    assert_text(tv_str_trim(TV_STR(" \t\r\n\v\f a b \n")), "a b");
    assert_int_equal(tv_str_trim(TV_STR("   ")).len, 0);
    assert_int_equal(tv_str_trim((struct tv_str){NULL, 0}).len, 0);
}

static void cut__splits_at_the_first_separator(void **state)
{
    (void)state;
    struct tv_str rest;
    assert_text(tv_str_cut(TV_STR("a=b=c"), '=', &rest), "a");
    assert_text(rest, "b=c");
    assert_text(tv_str_cut(TV_STR("a="), '=', &rest), "a");
    assert_int_equal(rest.len, 0);
    assert_non_null(rest.ptr);
    assert_text(tv_str_cut(TV_STR("abc"), '=', &rest), "abc");
    assert_null(rest.ptr);
    assert_int_equal(tv_str_cut((struct tv_str){NULL, 0}, '=', &rest).len, 0);
    assert_null(rest.ptr);
}

static void hex__round_trips(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t back[256];
    char text[512];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    tv_hex_encode(bytes, sizeof(bytes), text);
    assert_memory_equal(text, "000102", 6);
    assert_memory_equal(text + 506, "fdfeff", 6);
    assert_true(tv_hex_decode((struct tv_str){text, sizeof(text)}, back, sizeof(back)));
    assert_memory_equal(bytes, back, sizeof(bytes));
    assert_true(tv_hex_decode(TV_STR("DeAdBeEf"), back, 4));
    assert_memory_equal(back, "\xde\xad\xbe\xef", 4);
}

/* Eight digits go at once: every byte at every one of their places. */
static void hex__knows_every_byte_at_every_place(void **state)
{
    (void)state;
    for (int place = 0; place < 8; place++) {
        for (int c = 0; c < 256; c++) {
            char text[8];
            uint8_t out[4] = {0};
            memset(text, '0', sizeof(text));
            text[place] = (char)c;
            const char *found = c ? strchr("0123456789abcdefABCDEF", c) : NULL;
            assert_int_equal(tv_hex_decode((struct tv_str){text, 8}, out, 4), found != NULL);
            if (!found)
                continue;
            int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
            assert_int_equal(out[place / 2], place % 2 ? value : value << 4);
        }
    }
}

static void hex__refuses_other_characters_and_lengths(void **state)
{
    (void)state;
    uint8_t out[4];
    static const char wrong[] = {'/', ':', '@', 'G', '`', 'g', ' ', '\0', (char)0xc3};
    for (size_t i = 0; i < sizeof(wrong); i++) {
        char text[2] = {'0', wrong[i]};
        assert_false(tv_hex_decode((struct tv_str){text, 2}, out, 1));
        char swapped[2] = {wrong[i], '0'};
        assert_false(tv_hex_decode((struct tv_str){swapped, 2}, out, 1));
    }
    assert_false(tv_hex_decode(TV_STR("abc"), out, 1));
    assert_false(tv_hex_decode(TV_STR("abcd"), out, 1));
    assert_false(tv_hex_decode(TV_STR("abcd"), out, 3));
    assert_true(tv_hex_decode((struct tv_str){NULL, 0}, out, 0));
}

static const struct tv_str words[] = {
        {"service", 7}, {"severity", 8}, {"status", 6}, {"duration", 8}, {"id", 2}};

static int nearest(const char *text)
{
    return tv_str_nearest(tv_str_of(text), words, sizeof(words) / sizeof(words[0]));
}

static void nearest__finds_each_kind_of_slip(void **state)
{
    (void)state;
    assert_int_equal(nearest("service"), 0);
    assert_int_equal(nearest("servce"), 0);   /* one too few */
    assert_int_equal(nearest("servvice"), 0); /* one too many */
    assert_int_equal(nearest("sarvice"), 0);  /* one wrong */
    assert_int_equal(nearest("sevrice"), 0);  /* two swapped */
    assert_int_equal(nearest("SEVERITY"), 1); /* another case */
    assert_int_equal(nearest("statsu"), 2);
    assert_int_equal(nearest("durration"), 3);
}

static void nearest__keeps_to_a_third(void **state)
{
    (void)state;
    assert_int_equal(nearest("ix"), -1);
    assert_int_equal(nearest("ID"), 4);
    assert_int_equal(nearest("idx"), 4);
    assert_int_equal(nearest("svc"), -1);
    assert_int_equal(nearest("banana"), -1);
    assert_int_equal(nearest(""), -1);
    assert_int_equal(tv_str_nearest(TV_STR("a"), NULL, 0), -1);
}

/* A swap counts once: three errors of a nine-letter text are a third, four are not. */
static void nearest__counts_a_swap_as_one(void **state)
{
    (void)state;
    struct tv_str candidate = TV_STR("abcdefghi");
    assert_int_equal(tv_str_nearest(TV_STR("bacdfeghX"), &candidate, 1), 0);
    assert_int_equal(tv_str_nearest(TV_STR("bacdfeXhX"), &candidate, 1), -1);
}

static void nearest__skips_long_texts(void **state)
{
    (void)state;
    char text[65];
    memset(text, 'a', sizeof(text));
    struct tv_str candidates[] = {{text, 65}, {text, 64}};
    assert_int_equal(tv_str_nearest(candidates[0], candidates, 2), -1);
    assert_int_equal(tv_str_nearest(candidates[1], candidates, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(compare__orders_bytes_then_length),
            cmocka_unit_test(equal__compares_content),
            cmocka_unit_test(equal_nocase__folds_ascii_only),
            cmocka_unit_test(search__handles_empty_parts),
            cmocka_unit_test(trim__takes_blanks_at_both_ends),
            cmocka_unit_test(cut__splits_at_the_first_separator),
            cmocka_unit_test(hex__round_trips),
            cmocka_unit_test(hex__knows_every_byte_at_every_place),
            cmocka_unit_test(hex__refuses_other_characters_and_lengths),
            cmocka_unit_test(nearest__finds_each_kind_of_slip),
            cmocka_unit_test(nearest__keeps_to_a_third),
            cmocka_unit_test(nearest__counts_a_swap_as_one),
            cmocka_unit_test(nearest__skips_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
