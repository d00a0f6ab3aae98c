/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an encoded sketch: refused, or a sketch that answers, merges and is written again. */
#include "stats/sketch.h"

#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answers(const struct tv_sketch *sketch)
{
    double before = sketch->min;
    for (unsigned per_cent = 0; per_cent <= 100 && sketch->count > 0; per_cent++) {
        double number = tv_sketch_at(sketch, tv_nearest_rank(sketch->count, per_cent));
        TV_ASSERT(number >= before && number <= sketch->max);
        before = number;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tv_sketch sketch;
    struct tv_sketch again;
    struct tv_buf bytes = {0};
    uint8_t *copy = tv_malloc(size); /* of its own size, so that reading past it is found */
    if (size > 0)
        memcpy(copy, data, size);
    struct tv_reader in = {copy, copy + size};
    if (tv_sketch_decode(&in, &sketch)) {
        check_answers(&sketch);
        tv_sketch_encode(&sketch, &bytes);
        struct tv_reader written = {(uint8_t *)bytes.data, (uint8_t *)bytes.data + bytes.len};
        bool read = tv_sketch_decode(&written, &again);
        TV_ASSERT(read && written.at == written.end && again.count == sketch.count);
        tv_sketch_merge(&again, &sketch);
        TV_ASSERT(again.count == 2 * sketch.count);
        check_answers(&again);
        tv_sketch_release(&again);
        tv_sketch_release(&sketch);
    } else {
        TV_ASSERT(in.at == copy);
    }
    tv_buf_release(&bytes);
    free(copy);
    return 0;
}
