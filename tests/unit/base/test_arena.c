/* SPDX-License-Identifier: Apache-2.0 */
/* The arena. */
#include "base/arena.h"
#include "support.h"

#include <stdalign.h>

static void arena__aligns_pieces(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    for (size_t bytes = 0; bytes < 200; bytes++) {
        assert_int_equal((uintptr_t)tv_arena_alloc(&arena, bytes) % alignof(max_align_t), 0);
        char *text = tv_arena_bytes(&arena, bytes % 7);
        memset(text, 'x', bytes % 7);
    }
    tv_arena_release(&arena);
}

static void arena__pieces_do_not_overlap(void **state)
{
    (void)state;
    enum { PIECES = 2000 };
    struct tv_arena arena = {0};
    static char *pieces[PIECES];
    static size_t sizes[PIECES];
    uint64_t seed = 4;
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = next_random(&seed) % (i % 50 == 0 ? 20000 : 300);
        pieces[i] = i % 2 ? tv_arena_bytes(&arena, sizes[i]) : tv_arena_alloc(&arena, sizes[i]);
        memset(pieces[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal((unsigned char)pieces[i][at], i % 251);
    }
    tv_arena_release(&arena);
}

static void arena__large_pieces_leave_the_chunk_in_use(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    char *first = tv_arena_bytes(&arena, 10);
    (void)tv_arena_alloc(&arena, 5 << 20);
    char *second = tv_arena_bytes(&arena, 10);
    assert_ptr_equal(second, first + 10);
    assert_true(arena.bytes >= (5 << 20) + 4096);
    tv_arena_release(&arena);
    (void)tv_arena_alloc(&arena, 5 << 20); /* as the first piece of all */
    (void)tv_arena_alloc(&arena, 10);
    tv_arena_release(&arena);
}

static void arena__wastes_little(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    size_t asked = 0;
    for (int i = 0; i < 100000; i++, asked += 112)
        (void)tv_arena_alloc(&arena, 112);
    assert_true(arena.bytes >= asked);
    assert_true(arena.bytes - asked <= (1 << 20) + asked / 100);
    tv_arena_release(&arena);
    assert_int_equal(arena.bytes, 0);
    assert_null(arena.chunks);
}

static void arena__is_usable_after_release(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    tv_arena_release(&arena);
    (void)tv_arena_alloc(&arena, 0);
    tv_arena_release(&arena);
    assert_text(tv_arena_str(&arena, TV_STR("again")), "again");
    tv_arena_release(&arena);
}

static void calloc__is_zeroed(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    for (int i = 0; i < 100; i++) {
        uint64_t *numbers = tv_arena_calloc(&arena, 20, sizeof(*numbers));
        for (int at = 0; at < 20; at++)
            assert_true(numbers[at] == 0);
        memset(numbers, 0xff, 20 * sizeof(*numbers));
    }
    tv_arena_release(&arena);
}

static void overflow_calloc(void)
{
    struct tv_arena arena = {0};
    (void)tv_arena_calloc(&arena, SIZE_MAX / 4, 5);
}

static void overflow_grow(void)
{
    struct tv_arena arena = {0};
    (void)tv_arena_grow(&arena, NULL, 0, SIZE_MAX / 4, 5);
}

static void ask_for_everything(void)
{
    struct tv_arena arena = {0};
    (void)tv_arena_alloc(&arena, SIZE_MAX);
}

static void arena__overflow_aborts(void **state)
{
    (void)state;
    assert_true(dies(overflow_calloc));
    assert_true(dies(overflow_grow));
    assert_true(dies(ask_for_everything));
}

static void str__is_copied_with_a_nul(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    char text[] = "abc\0d";
    struct tv_str copy = tv_arena_str(&arena, (struct tv_str){text, 5});
    memset(text, 'z', sizeof(text));
    assert_int_equal(copy.len, 5);
    assert_memory_equal(copy.ptr, "abc\0d\0", 6);
    struct tv_str empty = tv_arena_str(&arena, (struct tv_str){NULL, 0});
    assert_non_null(empty.ptr);
    assert_int_equal(empty.ptr[0], '\0');
    tv_arena_release(&arena);
}

static void printf__formats_any_length(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    assert_text(tv_arena_printf(&arena, "%d %s", 42, "spans"), "42 spans");
    struct tv_str wide = tv_arena_printf(&arena, "%9000d", 7);
    assert_int_equal(wide.len, 9000);
    assert_int_equal(wide.ptr[8999], '7');
    assert_int_equal(wide.ptr[9000], '\0');
    tv_arena_release(&arena);
}

static void grow__copies_what_there_was(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    int *items = tv_arena_grow(&arena, NULL, 0, 4, sizeof(*items));
    size_t cap = 4;
    for (int i = 0; i < 1000; i++) {
        if ((size_t)i == cap) {
            items = tv_arena_grow(&arena, items, cap, cap * 2, sizeof(*items));
            cap *= 2;
        }
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    tv_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(arena__aligns_pieces),
            cmocka_unit_test(arena__pieces_do_not_overlap),
            cmocka_unit_test(arena__large_pieces_leave_the_chunk_in_use),
            cmocka_unit_test(arena__wastes_little),
            cmocka_unit_test(arena__is_usable_after_release),
            cmocka_unit_test(calloc__is_zeroed),
            cmocka_unit_test(arena__overflow_aborts),
            cmocka_unit_test(str__is_copied_with_a_nul),
            cmocka_unit_test(printf__formats_any_length),
            cmocka_unit_test(grow__copies_what_there_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
