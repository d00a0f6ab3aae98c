/* SPDX-License-Identifier: Apache-2.0 */
/* The table of texts: codes mean texts, whatever the number and length of them. */
#include "support.h"

static void strings__starts_empty(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    assert_int_equal(tv_strings_find(&strings, TV_STR("a")), 0);
    assert_null(tv_strings_get(&strings, 0).ptr);
}

static void strings__interns_equal_text_to_one_code(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    uint32_t a = tv_strings_intern(&strings, &arena, TV_STR("checkout"));
    uint32_t b = tv_strings_intern(&strings, &arena, TV_STR("cart"));
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    assert_int_equal(tv_strings_intern(&strings, &arena, TV_STR("checkout")), a);
    assert_int_equal(tv_strings_find(&strings, TV_STR("cart")), b);
    assert_int_equal(tv_strings_find(&strings, TV_STR("car")), 0);
    assert_int_equal(strings.count, 3);
    assert_int_equal(strings.text_bytes, 12);
    assert_text(tv_strings_get(&strings, a), "checkout");
    tv_arena_release(&arena);
}

static void strings__gives_the_empty_text_a_code(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    uint32_t code = tv_strings_intern(&strings, &arena, (struct tv_str){NULL, 0});
    assert_int_not_equal(code, 0);
    assert_int_equal(tv_strings_intern(&strings, &arena, TV_STR("")), code);
    assert_non_null(tv_strings_get(&strings, code).ptr);
    assert_int_equal(tv_strings_get(&strings, code).len, 0);
    tv_arena_release(&arena);
}

static void strings__appends_without_looking(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    uint32_t a = tv_strings_append(&strings, &arena, TV_STR("timeout"));
    uint32_t b = tv_strings_append(&strings, &arena, TV_STR("timeout"));
    assert_int_not_equal(a, b);
    assert_int_equal(tv_strings_find(&strings, TV_STR("timeout")), 0);
    uint32_t c = tv_strings_intern(&strings, &arena, TV_STR("timeout"));
    assert_int_not_equal(c, a);
    assert_int_not_equal(c, b);
    tv_arena_release(&arena);
}

static void strings__borrows_the_bytes(void **state)
{
    (void)state;
    static const char text[] = "borrowed";
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    uint32_t code = tv_strings_borrow(&strings, &arena, (struct tv_str){text, 8});
    assert_ptr_equal(tv_strings_get(&strings, code).ptr, text);
    tv_arena_release(&arena);
}

/* Texts of every length up to 40 that differ in one byte, at every place of it. */
static void strings__tells_texts_apart_by_any_byte(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    uint32_t made = 0;
    for (size_t len = 0; len <= 40; len++) {
        for (size_t place = 0; place <= len; place++) {
            char text[41];
            memset(text, 'x', sizeof(text));
            if (place < len)
                text[place] = 'y';
            uint32_t code = tv_strings_intern(&strings, &arena, (struct tv_str){text, len});
            assert_int_equal(code, ++made);
            assert_int_equal(tv_strings_find(&strings, (struct tv_str){text, len}), code);
        }
    }
    tv_arena_release(&arena);
}

static void strings__keeps_every_code_while_growing(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    tv_strings_expect(&strings, &arena, 10, 10);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct tv_str text = tv_arena_printf(&arena, "u%u", i);
        assert_int_equal(tv_strings_intern(&strings, &arena, text), i + 1);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        struct tv_str text = tv_arena_printf(&arena, "u%u", i);
        assert_int_equal(tv_strings_intern(&strings, &arena, text), i + 1);
        assert_true(tv_str_equal(tv_strings_get(&strings, i + 1), text));
    }
    assert_int_equal(strings.count, COUNT + 1);
    tv_arena_release(&arena);
}

static void strings__expects_room_without_growing(void **state)
{
    (void)state;
    struct tv_strings strings = {0};
    struct tv_arena arena = {0};
    tv_strings_expect(&strings, &arena, 1000, 500);
    uint32_t cap = strings.cap, slots = strings.slot_count;
    for (uint32_t i = 0; i < 1000; i++)
        (void)tv_strings_intern(&strings, &arena, tv_arena_printf(&arena, "t%u", i));
    for (uint32_t i = 0; i < 500; i++)
        (void)tv_strings_append(&strings, &arena, TV_STR("again"));
    assert_int_equal(strings.cap, cap);
    assert_int_equal(strings.slot_count, slots);
    tv_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(strings__starts_empty),
            cmocka_unit_test(strings__interns_equal_text_to_one_code),
            cmocka_unit_test(strings__gives_the_empty_text_a_code),
            cmocka_unit_test(strings__appends_without_looking),
            cmocka_unit_test(strings__borrows_the_bytes),
            cmocka_unit_test(strings__tells_texts_apart_by_any_byte),
            cmocka_unit_test(strings__keeps_every_code_while_growing),
            cmocka_unit_test(strings__expects_room_without_growing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
