/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3, taken into this file whole so that short keys cost no call into another library. The
 * 128-bit form is stored in xxHash's canonical (big-endian) order. */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t tv_hash64(const void *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}

uint64_t tv_hash64_seeded(const void *bytes, size_t count, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, count, seed);
}

void tv_hash128(const void *bytes, size_t count, uint8_t out[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, count));
    memcpy(out, canonical.digest, sizeof(canonical.digest));
}
