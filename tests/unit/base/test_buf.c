/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer and the encodings of the store. */
#include "base/buf.h"
#include "support.h"

static void buf__grows_and_is_reused(void **state)
{
    (void)state;
    struct tv_buf buf = {0};
    assert_int_equal(tv_buf_str(&buf).len, 0);
    tv_buf_append(&buf, NULL, 0);
    tv_buf_append_str(&buf, (struct tv_str){NULL, 0});
    for (int i = 0; i < 1000; i++)
        tv_buf_append_char(&buf, (char)('a' + i % 26));
    tv_buf_append(&buf, "xyz", 3);
    assert_int_equal(buf.len, 1003);
    assert_memory_equal(buf.data + 1000, "xyz", 3);
    assert_int_equal(buf.data[999], 'a' + 999 % 26);
    size_t cap = buf.cap;
    tv_buf_clear(&buf);
    tv_buf_append_str(&buf, TV_STR("again"));
    assert_int_equal(buf.cap, cap);
    assert_text(tv_buf_str(&buf), "again");
    tv_buf_release(&buf);
    assert_null(buf.data);
    tv_buf_append_str(&buf, TV_STR("usable"));
    assert_text(tv_buf_str(&buf), "usable");
    tv_buf_release(&buf);
    tv_buf_release(&buf);
}

static void buf__reserve_keeps_the_length(void **state)
{
    (void)state;
    struct tv_buf buf = {0};
    assert_non_null(tv_buf_reserve(&buf, 0));
    char *room = tv_buf_reserve(&buf, 5000);
    memset(room, 1, 5000);
    assert_int_equal(buf.len, 0);
    assert_true(buf.cap >= 5000);
    tv_buf_release(&buf);
}

static void buf__prints_short_and_long(void **state)
{
    (void)state;
    struct tv_buf buf = {0};
    tv_buf_printf(&buf, "%s", "");
    assert_int_equal(buf.len, 0);
    size_t expected = 0;
    for (int width = 0; width < 300; width++) {
        tv_buf_printf(&buf, "%*d|", width, 7);
        expected += (size_t)(width < 1 ? 1 : width) + 1;
        assert_int_equal(buf.len, expected);
        assert_memory_equal(buf.data + buf.len - 2, "7|", 2);
    }
    tv_buf_release(&buf);
}

static void reserve_too_much(void)
{
    struct tv_buf buf = {0};
    tv_buf_append_char(&buf, 'a');
    (void)tv_buf_reserve(&buf, SIZE_MAX);
}

static void buf__overflowing_length_aborts(void **state)
{
    (void)state;
    assert_true(dies(reserve_too_much));
}

static void integers__are_little_endian(void **state)
{
    (void)state;
    struct tv_buf buf = {0};
    tv_buf_put_u32(&buf, 0x01020384);
    tv_buf_put_u64(&buf, 0x1112131415161798);
    assert_int_equal(buf.len, 12);
    assert_memory_equal(buf.data, "\x84\x03\x02\x01\x98\x17\x16\x15\x14\x13\x12\x11", 12);
    struct tv_reader in = {(uint8_t *)buf.data, (uint8_t *)buf.data + buf.len};
    uint32_t small = 0;
    uint64_t large = 0;
    assert_true(tv_get_u32(&in, &small) && small == 0x01020384);
    assert_true(tv_get_u64(&in, &large) && large == 0x1112131415161798);
    assert_ptr_equal(in.at, in.end);
    tv_buf_release(&buf);
}

static void varint__round_trips_every_width(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (int less = 0; less < 2; less++) {
            uint64_t value = (bits < 64 ? UINT64_C(1) << bits : 0) - (uint64_t)less;
            struct tv_buf buf = {0};
            tv_buf_put_varint(&buf, value);
            struct tv_reader in = {(uint8_t *)buf.data, (uint8_t *)buf.data + buf.len};
            uint64_t back = 0;
            assert_true(tv_get_varint(&in, &back));
            assert_true(back == value);
            assert_ptr_equal(in.at, in.end);
            struct tv_reader cut = {(uint8_t *)buf.data, (uint8_t *)buf.data + buf.len - 1};
            assert_false(tv_get_varint(&cut, &back));
            assert_ptr_equal(cut.at, buf.data);
            tv_buf_release(&buf);
        }
    }
}

static void varint__refuses_more_than_64_bits(void **state)
{
    (void)state;
    uint8_t bytes[11];
    uint64_t value = 7;
    memset(bytes, 0xff, sizeof(bytes));
    struct tv_reader in = {bytes, bytes + sizeof(bytes)};
    assert_false(tv_get_varint(&in, &value));
    bytes[9] = 0x02; /* the 65th bit */
    assert_false(tv_get_varint(&in, &value));
    assert_ptr_equal(in.at, bytes);
    assert_int_equal(value, 7);
    bytes[9] = 0x01;
    assert_true(tv_get_varint(&in, &value) && value == UINT64_MAX);
    assert_ptr_equal(in.at, bytes + 10);
}

static void reader__stops_at_the_end(void **state)
{
    (void)state;
    uint8_t bytes[7] = {1, 2, 3, 4, 5, 6, 7};
    struct tv_reader in = {bytes, bytes + sizeof(bytes)};
    uint64_t large = 0;
    uint32_t small = 0;
    const uint8_t *run = NULL;
    assert_false(tv_get_u64(&in, &large));
    assert_false(tv_get_bytes(&in, 8, &run));
    assert_false(tv_get_bytes(&in, SIZE_MAX, &run));
    assert_true(tv_get_bytes(&in, 4, &run) && run == bytes);
    assert_false(tv_get_u32(&in, &small));
    assert_ptr_equal(in.at, bytes + 4);
    assert_true(tv_get_bytes(&in, 3, &run));
    assert_true(tv_get_bytes(&in, 0, &run));
    struct tv_reader empty = {NULL, NULL};
    assert_false(tv_get_varint(&empty, &large));
    assert_false(tv_get_u32(&empty, &small));
    assert_true(tv_get_bytes(&empty, 0, &run));
}

static void zigzag__keeps_small_numbers_small(void **state)
{
    (void)state;
    assert_true(tv_zigzag(0) == 0);
    assert_true(tv_zigzag(-1) == 1);
    assert_true(tv_zigzag(1) == 2);
    assert_true(tv_zigzag(INT64_MIN) == UINT64_MAX);
    static const int64_t values[] = {0, 1, -1, 63, -64, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(tv_unzigzag(tv_zigzag(values[i])) == values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(buf__grows_and_is_reused),
            cmocka_unit_test(buf__reserve_keeps_the_length),
            cmocka_unit_test(buf__prints_short_and_long),
            cmocka_unit_test(buf__overflowing_length_aborts),
            cmocka_unit_test(integers__are_little_endian),
            cmocka_unit_test(varint__round_trips_every_width),
            cmocka_unit_test(varint__refuses_more_than_64_bits),
            cmocka_unit_test(reader__stops_at_the_end),
            cmocka_unit_test(zigzag__keeps_small_numbers_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
