/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the fewest whole bytes, for level 0: least value, then each value's distance from it in
 * 0, 1, 2, 4 or 8 bytes. Encodes at the speed of a copy, which is what a commit can afford. */
#ifndef TV_STORE_NARROW_H
#define TV_STORE_NARROW_H

#include "base/buf.h"

void tv_narrow_put(struct tv_buf *out, const int64_t *values, uint32_t count);
void tv_narrow_put_u32(struct tv_buf *out, const uint32_t *values, uint32_t count);
/* Writes `count` values; false where the bytes end before. */
TV_CHECKED bool tv_narrow_get(struct tv_reader *in, uint32_t count, int64_t *out);
/* The same; false also where one is `limit` or above. */
TV_CHECKED bool tv_narrow_get_u32(
        struct tv_reader *in, uint32_t count, uint64_t limit, uint32_t *out);

#endif
