/* SPDX-License-Identifier: Apache-2.0 */
/* zstd and gzip, of the store's blocks and of bodies from outside. */
#include "base/compress.h"
#include "support.h"

#include <pthread.h>

/* Text that compresses as telemetry does: repeated words and a changing number. */
static void sample(struct tv_buf *text, int lines)
{
    for (int i = 0; i < lines; i++)
        tv_buf_printf(text, "{\"service\":\"orders\",\"durationMs\":%d}\n", i * 7919 % 1000);
}

static void zstd__round_trips_exactly(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    struct tv_buf packed = {0};
    struct tv_buf back = {0};
    for (int lines = 0; lines < 3000; lines = lines * 3 + 1) {
        tv_buf_clear(&text);
        tv_buf_clear(&packed);
        tv_buf_clear(&back);
        sample(&text, lines);
        tv_buf_append_str(&packed, TV_STR("head"));
        tv_zstd_compress(tv_buf_str(&text), lines % 2 ? 1 : 9, &packed);
        assert_memory_equal(packed.data, "head", 4);
        struct tv_str frame = {packed.data + 4, packed.len - 4};
        tv_buf_append_str(&back, TV_STR("before"));
        assert_int_equal(tv_zstd_decompress_exact(frame, text.len, &back), TV_OK);
        assert_int_equal(back.len, text.len + 6);
        if (text.len > 0)
            assert_memory_equal(back.data + 6, text.data, text.len);
    }
    tv_buf_release(&text);
    tv_buf_release(&packed);
    tv_buf_release(&back);
}

static void zstd__damage_is_corrupt(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    struct tv_buf packed = {0};
    struct tv_buf back = {0};
    sample(&text, 100);
    tv_zstd_compress(tv_buf_str(&text), 1, &packed);
    struct tv_str frame = tv_buf_str(&packed);
    assert_int_equal(tv_zstd_decompress_exact(frame, text.len + 1, &back), TV_CORRUPT);
    assert_int_equal(tv_zstd_decompress_exact(frame, text.len - 1, &back), TV_CORRUPT);
    assert_int_equal(tv_zstd_decompress_exact(frame, SIZE_MAX, &back), TV_CORRUPT);
    assert_int_equal(tv_zstd_decompress_exact(TV_STR("no frame"), 8, &back), TV_CORRUPT);
    assert_int_equal(tv_zstd_decompress_exact((struct tv_str){NULL, 0}, 0, &back), TV_CORRUPT);
    for (size_t length = 0; length < frame.len; length++) {
        struct tv_str cut = {frame.ptr, length};
        assert_int_equal(tv_zstd_decompress_exact(cut, text.len, &back), TV_CORRUPT);
    }
    assert_int_equal(back.len, 0);
    assert_int_equal(tv_zstd_decompress_exact(frame, text.len, &back), TV_OK);
    tv_buf_release(&text);
    tv_buf_release(&packed);
    tv_buf_release(&back);
}

static void coding__has_names(void **state)
{
    (void)state;
    enum tv_coding coding = TV_CODING_ZSTD;
    assert_true(tv_coding_from_name(TV_STR(""), &coding) && coding == TV_CODING_IDENTITY);
    assert_true(tv_coding_from_name(TV_STR("GZIP"), &coding) && coding == TV_CODING_GZIP);
    assert_true(tv_coding_from_name(TV_STR("identity"), &coding) && coding == TV_CODING_IDENTITY);
    assert_true(tv_coding_from_name(TV_STR("X-gzip"), &coding) && coding == TV_CODING_GZIP);
    assert_true(tv_coding_from_name(TV_STR(" zstd "), &coding) && coding == TV_CODING_ZSTD);
    assert_false(tv_coding_from_name(TV_STR("deflate"), &coding));
    assert_false(tv_coding_from_name(TV_STR("br"), &coding));
    assert_false(tv_coding_from_name(TV_STR("gzip, zstd"), &coding));
    assert_int_equal(coding, TV_CODING_ZSTD);
}

static void pack(enum tv_coding coding, struct tv_str text, struct tv_buf *packed)
{
    if (coding == TV_CODING_GZIP)
        tv_gzip_compress(text, packed);
    else if (coding == TV_CODING_ZSTD)
        tv_zstd_compress(text, 3, packed);
    else
        tv_buf_append_str(packed, text);
}

static const enum tv_coding codings[] = {TV_CODING_IDENTITY, TV_CODING_GZIP, TV_CODING_ZSTD};
enum { CODINGS = 3 };

static void body__round_trips_up_to_its_limit(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    sample(&text, 20000);
    for (int i = 0; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        struct tv_error err = {0};
        pack(codings[i], tv_buf_str(&text), &packed);
        struct tv_str body = tv_buf_str(&packed);
        tv_buf_append_str(&back, TV_STR("before"));
        assert_int_equal(tv_body_decompress(codings[i], body, text.len, &back, &err), TV_OK);
        assert_int_equal(back.len, text.len + 6);
        assert_memory_equal(back.data, "before", 6);
        assert_memory_equal(back.data + 6, text.data, text.len);
        tv_buf_clear(&back);
        assert_int_equal(
                tv_body_decompress(codings[i], body, text.len - 1, &back, &err), TV_TOO_LARGE);
        assert_int_equal(err.status, TV_TOO_LARGE);
        assert_int_equal(tv_body_decompress(codings[i], body, 0, &back, NULL), TV_TOO_LARGE);
        assert_int_equal(back.len, 0);
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
    tv_buf_release(&text);
}

static void body__reads_members_that_follow(void **state)
{
    (void)state;
    for (int i = 1; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        pack(codings[i], TV_STR("one "), &packed);
        pack(codings[i], TV_STR(""), &packed);
        pack(codings[i], TV_STR("two"), &packed);
        struct tv_str body = tv_buf_str(&packed);
        assert_int_equal(tv_body_decompress(codings[i], body, 7, &back, NULL), TV_OK);
        assert_text(tv_buf_str(&back), "one two");
        tv_buf_clear(&back);
        assert_int_equal(tv_body_decompress(codings[i], body, 6, &back, NULL), TV_TOO_LARGE);
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
}

static void body__empty_content_is_fine(void **state)
{
    (void)state;
    for (int i = 0; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        pack(codings[i], TV_STR(""), &packed);
        assert_int_equal(
                tv_body_decompress(codings[i], tv_buf_str(&packed), 0, &back, NULL), TV_OK);
        assert_int_equal(back.len, 0);
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
}

static void body__cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    sample(&text, 200);
    for (int i = 1; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        struct tv_error err = {0};
        pack(codings[i], tv_buf_str(&text), &packed);
        for (size_t length = 0; length < packed.len; length++) {
            struct tv_str cut = {packed.data, length};
            assert_int_equal(
                    tv_body_decompress(codings[i], cut, text.len * 2, &back, &err), TV_BAD_INPUT);
            assert_int_equal(back.len, 0);
            assert_true(err.message[0] != '\0');
        }
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
    tv_buf_release(&text);
}

static void body__garbage_is_refused(void **state)
{
    (void)state;
    for (int i = 1; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        assert_int_equal(tv_body_decompress(codings[i], TV_STR("{\"a\":1}"), 100, &back, NULL),
                TV_BAD_INPUT);
        pack(codings[i], TV_STR("content"), &packed);
        tv_buf_append_str(&packed, TV_STR("garbage"));
        assert_int_equal(tv_body_decompress(codings[i], tv_buf_str(&packed), 100, &back, NULL),
                TV_BAD_INPUT);
        tv_buf_clear(&packed);
        pack(codings[i], TV_STR("content"), &packed);
        tv_buf_append_char(&packed, '\0');
        assert_int_equal(tv_body_decompress(codings[i], tv_buf_str(&packed), 100, &back, NULL),
                TV_BAD_INPUT);
        assert_int_equal(back.len, 0);
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
}

/* gzip guards its content by a checksum; our zstd frames have none, so only gzip must notice. */
static void gzip__every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct tv_buf text = {0};
    struct tv_buf packed = {0};
    struct tv_buf back = {0};
    sample(&text, 50);
    tv_gzip_compress(tv_buf_str(&text), &packed);
    for (size_t i = 10; i < packed.len; i++) { /* behind the header, whose times are free */
        packed.data[i] ^= 0x10;
        assert_int_equal(
                tv_body_decompress(TV_CODING_GZIP, tv_buf_str(&packed), 100000, &back, NULL),
                TV_BAD_INPUT);
        packed.data[i] ^= 0x10;
    }
    tv_buf_release(&text);
    tv_buf_release(&packed);
    tv_buf_release(&back);
}

/* 64 MiB of zeros in some kilobytes: the memory taken follows the limit, not the claim. */
static void body__bomb_costs_what_is_allowed(void **state)
{
    (void)state;
    struct tv_buf zeros = {0};
    size_t bytes = 64 << 20;
    memset(tv_buf_reserve(&zeros, bytes), 0, bytes);
    zeros.len = bytes;
    for (int i = 1; i < CODINGS; i++) {
        struct tv_buf packed = {0};
        struct tv_buf back = {0};
        pack(codings[i], tv_buf_str(&zeros), &packed);
        assert_true(packed.len < 100000);
        assert_int_equal(tv_body_decompress(codings[i], tv_buf_str(&packed), 1 << 20, &back, NULL),
                TV_TOO_LARGE);
        assert_true(back.cap <= 2 << 20);
        tv_buf_release(&packed);
        tv_buf_release(&back);
    }
    tv_buf_release(&zeros);
}

/* A frame header that asks for a window of 2^31 bytes (RFC 8878 section 3.1.1.1.2). */
static void zstd__huge_window_is_refused(void **state)
{
    (void)state;
    struct tv_buf back = {0};
    struct tv_error err = {0};
    struct tv_str frame = TV_STR("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00");
    assert_int_equal(tv_body_decompress(TV_CODING_ZSTD, frame, 100, &back, &err), TV_BAD_INPUT);
    assert_non_null(strstr(err.message, "too much memory"));
    tv_buf_release(&back);
}

static void *compress_in_thread(void *argument)
{
    struct tv_buf text = {0};
    struct tv_buf packed = {0};
    struct tv_buf back = {0};
    sample(&text, 500);
    bool *good = argument;
    *good = true;
    for (int i = 0; i < 20 && *good; i++) {
        tv_buf_clear(&packed);
        tv_buf_clear(&back);
        tv_zstd_compress(tv_buf_str(&text), 1, &packed);
        *good = tv_zstd_decompress_exact(tv_buf_str(&packed), text.len, &back) == TV_OK &&
                tv_str_equal(tv_buf_str(&back), tv_buf_str(&text));
    }
    tv_buf_release(&text);
    tv_buf_release(&packed);
    tv_buf_release(&back);
    return NULL;
}

static void zstd__threads_have_their_own_contexts(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bool good[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compress_in_thread, &good[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(good[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(zstd__round_trips_exactly),
            cmocka_unit_test(zstd__damage_is_corrupt),
            cmocka_unit_test(coding__has_names),
            cmocka_unit_test(body__round_trips_up_to_its_limit),
            cmocka_unit_test(body__reads_members_that_follow),
            cmocka_unit_test(body__empty_content_is_fine),
            cmocka_unit_test(body__cut_off_anywhere_is_refused),
            cmocka_unit_test(body__garbage_is_refused),
            cmocka_unit_test(gzip__every_changed_byte_is_noticed),
            cmocka_unit_test(body__bomb_costs_what_is_allowed),
            cmocka_unit_test(zstd__huge_window_is_refused),
            cmocka_unit_test(zstd__threads_have_their_own_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
