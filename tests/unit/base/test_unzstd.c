/* SPDX-License-Identifier: Apache-2.0 */
/* zstd files in pieces: any cut gives the same content, damage and a missing end are told. */
#include "base/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Two frames behind each other, of what compresses well and what is larger than a step. */
static void make(struct tv_buf *plain, struct tv_buf *packed)
{
    for (int i = 0; i < 300000; i++)
        tv_buf_printf(plain, "%d,", i * 71);
    size_t half = plain->len / 2;
    tv_zstd_compress((struct tv_str){plain->data, half}, 3, packed);
    tv_zstd_compress((struct tv_str){plain->data + half, plain->len - half}, 3, packed);
}

static void unzstd__gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 4096, 1 << 20, 64 << 20};
    struct tv_buf plain = {0}, packed = {0};
    make(&plain, &packed);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct tv_unzstd *unzstd = tv_unzstd_new();
        struct tv_buf out = {0};
        for (size_t at = 0; at < packed.len; at += pieces[i]) {
            size_t left = packed.len - at;
            struct tv_str piece = {packed.data + at, left < pieces[i] ? left : pieces[i]};
            assert_int_equal(tv_unzstd_add(unzstd, piece, &out, NULL), TV_OK);
        }
        assert_true(tv_unzstd_ended(unzstd));
        assert_int_equal(out.len, plain.len);
        assert_memory_equal(out.data, plain.data, plain.len);
        tv_buf_release(&out);
        tv_unzstd_free(unzstd);
    }
    tv_buf_release(&plain);
    tv_buf_release(&packed);
}

static void unzstd__tells_damage_and_a_missing_end(void **state)
{
    (void)state;
    struct tv_buf plain = {0}, packed = {0}, out = {0};
    struct tv_error err;
    make(&plain, &packed);
    struct tv_unzstd *unzstd = tv_unzstd_new();
    struct tv_str cut = {packed.data, packed.len - 10};
    assert_int_equal(tv_unzstd_add(unzstd, cut, &out, &err), TV_OK);
    assert_false(tv_unzstd_ended(unzstd));
    tv_unzstd_free(unzstd);
    packed.data[0] ^= 1;
    unzstd = tv_unzstd_new();
    assert_int_equal(tv_unzstd_add(unzstd, tv_buf_str(&packed), &out, &err), TV_BAD_INPUT);
    tv_unzstd_free(unzstd);
    tv_buf_release(&out);
    tv_buf_release(&plain);
    tv_buf_release(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(unzstd__gives_the_same_however_it_is_cut),
            cmocka_unit_test(unzstd__tells_damage_and_a_missing_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
