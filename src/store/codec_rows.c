/* SPDX-License-Identifier: Apache-2.0 */
/* Row numbers: all, a bitmap, or for few of many rows a list. */
#include "store/codec.h"

#include "base/mem.h"

#include <stdlib.h>

enum rows_method { ROWS_ALL, ROWS_BITMAP, ROWS_LIST };

enum {
    LIST_BELOW = 32 /* a list where fewer than one row in so many is present */
};

void tv_rows_put(struct tv_buf *out, const uint32_t *at, uint32_t count, uint32_t rows)
{
    if (count == rows) {
        tv_buf_append_char(out, ROWS_ALL);
        return;
    }
    if (count < rows / LIST_BELOW) {
        int64_t *list = tv_malloc(count * sizeof(*list) + 1);
        for (uint32_t i = 0; i < count; i++)
            list[i] = at[i];
        tv_buf_append_char(out, ROWS_LIST);
        tv_ints_put(out, list, count);
        free(list);
        return;
    }
    size_t bytes = ((size_t)rows + 7) / 8;
    uint8_t *bitmap = tv_calloc(bytes, 1);
    for (uint32_t i = 0; i < count; i++)
        bitmap[at[i] / 8] = (uint8_t)(bitmap[at[i] / 8] | 1u << (at[i] % 8));
    tv_buf_append_char(out, ROWS_BITMAP);
    tv_bytes_put(out, bitmap, bytes);
    free(bitmap);
}

static bool get_list(struct tv_reader *in, uint32_t count, uint32_t rows, uint32_t *out)
{
    int64_t *list = tv_malloc(count * sizeof(*list) + 1);
    bool good = tv_ints_get(in, count, list);
    int64_t last = -1;
    for (uint32_t i = 0; good && i < count; i++) {
        good = list[i] > last && list[i] < rows;
        last = list[i];
        out[i] = (uint32_t)last;
    }
    free(list);
    return good;
}

static bool get_bitmap(struct tv_reader *in, uint32_t count, uint32_t rows, uint32_t *out)
{
    size_t bytes = ((size_t)rows + 7) / 8;
    uint8_t *bitmap = tv_malloc(bytes);
    uint32_t found = 0;
    bool good = tv_bytes_get(in, bytes, bitmap);
    for (size_t byte = 0; good && byte < bytes; byte++)
        for (unsigned left = bitmap[byte]; left && good; left &= left - 1) {
            uint32_t row = (uint32_t)(byte * 8) + (uint32_t)__builtin_ctz(left);
            good = found < count && row < rows;
            if (good)
                out[found++] = row;
        }
    free(bitmap);
    return good && found == count;
}

bool tv_rows_get(struct tv_reader *in, uint32_t count, uint32_t rows, uint32_t *out)
{
    const uint8_t *method = NULL;
    if (!tv_get_bytes(in, 1, &method) || count > rows)
        return false;
    if (*method == ROWS_LIST && out)
        return get_list(in, count, rows, out);
    if (*method == ROWS_BITMAP && out)
        return get_bitmap(in, count, rows, out);
    for (uint32_t i = 0; out && i < count; i++)
        out[i] = i;
    return *method == ROWS_ALL && count == rows;
}
