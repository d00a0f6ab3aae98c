/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map, and the hashes that the store keeps. */
#include "base/hash.h"
#include "base/map.h"
#include "support.h"

#include <stdio.h>

enum { MANY = 100000 };

static void map__empty_has_nothing(void **state)
{
    (void)state;
    struct tv_map map = {0};
    assert_null(tv_map_get(&map, TV_STR("a")));
    assert_null(tv_map_get(&map, (struct tv_str){NULL, 0}));
    tv_map_release(&map);
}

static void map__tells_new_from_known(void **state)
{
    (void)state;
    struct tv_map map = {0};
    bool added = false;
    uint64_t *value = tv_map_put(&map, TV_STR("a"), &added);
    assert_true(added);
    assert_true(*value == 0);
    *value = 7;
    assert_true(*tv_map_put(&map, TV_STR("a"), &added) == 7);
    assert_false(added);
    *tv_map_put(&map, (struct tv_str){NULL, 0}, NULL) = 8;
    assert_true(*tv_map_get(&map, TV_STR("")) == 8);
    assert_true(*tv_map_get(&map, TV_STR("a")) == 7);
    assert_null(tv_map_get(&map, TV_STR("b")));
    *tv_map_put(&map, TV_STR("a\0b"), NULL) = 9;
    assert_true(*tv_map_get(&map, TV_STR("a\0b")) == 9);
    assert_int_equal(map.count, 3);
    tv_map_release(&map);
    assert_null(tv_map_get(&map, TV_STR("a")));
}

static void map__holds_many_in_order(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_map map = {0};
    for (int i = 0; i < MANY; i++) {
        char key[32];
        bool added = false;
        size_t length = (size_t)snprintf(key, sizeof(key), "key-%d", i);
        *tv_map_put_copy(&map, &arena, (struct tv_str){key, length}, &added) = (uint64_t)i;
        assert_true(added);
    }
    assert_int_equal(map.count, MANY);
    assert_true(map.slot_count >= 2 * MANY);
    for (int i = 0; i < MANY; i++) {
        char key[32];
        size_t length = (size_t)snprintf(key, sizeof(key), "key-%d", i);
        uint64_t *value = tv_map_get(&map, (struct tv_str){key, length});
        assert_non_null(value);
        assert_true(*value == (uint64_t)i);
        assert_true(map.entries[i].value == (uint64_t)i);
        assert_text(map.entries[i].key, key);
        key[0] = 'K';
        assert_null(tv_map_get(&map, (struct tv_str){key, length}));
    }
    tv_map_release(&map);
    tv_arena_release(&arena);
}

static void map__borrows_or_copies_keys(void **state)
{
    (void)state;
    struct tv_arena arena = {0};
    struct tv_map map = {0};
    char text[] = "one";
    (void)tv_map_put(&map, (struct tv_str){text, 3}, NULL);
    assert_ptr_equal(map.entries[0].key.ptr, text);
    char other[] = "two";
    (void)tv_map_put_copy(&map, &arena, (struct tv_str){other, 3}, NULL);
    memset(other, 'x', 3);
    assert_non_null(tv_map_get(&map, TV_STR("two")));
    size_t bytes = arena.bytes;
    char *mark = arena.next;
    (void)tv_map_put_copy(&map, &arena, TV_STR("two"), NULL);
    assert_ptr_equal(arena.next, mark); /* a known key is not copied again */
    assert_int_equal(arena.bytes, bytes);
    tv_map_release(&map);
    tv_arena_release(&arena);
}

/* Test vectors of XXH3 for the empty input (xxHash's own sanity check), and stability: the store
 * keeps these numbers. */
static void hash__is_xxh3(void **state)
{
    (void)state;
    assert_true(tv_hash64(NULL, 0) == 0x2d06800538d394c2ULL);
    assert_true(tv_hash64_seeded("", 0, 0) == tv_hash64("", 0));
    assert_true(tv_hash64_seeded("abc", 3, 1) != tv_hash64("abc", 3));
    uint8_t wide[16];
    tv_hash128("", 0, wide);
    assert_memory_equal(
            wide, "\x99\xaa\x06\xd3\x01\x47\x98\xd8\x60\x01\xc3\x24\x46\x8d\x49\x7f", 16);
}

static void hash__reads_every_byte_once(void **state)
{
    (void)state;
    uint8_t bytes[600] = {0};
    for (size_t length = 1; length < sizeof(bytes); length += 7) {
        uint64_t before = tv_hash64(bytes, length);
        bytes[length - 1] ^= 1;
        assert_true(tv_hash64(bytes, length) != before);
        bytes[length - 1] ^= 1;
        bytes[length] ^= 1;
        assert_true(tv_hash64(bytes, length) == before);
        bytes[length] ^= 1;
    }
}

static void mix__is_a_bijection_on_samples(void **state)
{
    (void)state;
    assert_true(tv_mix64(0) == 0);
    for (uint64_t i = 1; i < 1000; i++)
        assert_true(tv_mix64(i) != tv_mix64(i - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(map__empty_has_nothing),
            cmocka_unit_test(map__tells_new_from_known),
            cmocka_unit_test(map__holds_many_in_order),
            cmocka_unit_test(map__borrows_or_copies_keys),
            cmocka_unit_test(hash__is_xxh3),
            cmocka_unit_test(hash__reads_every_byte_once),
            cmocka_unit_test(mix__is_a_bijection_on_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
