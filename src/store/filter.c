/* SPDX-License-Identifier: Apache-2.0 */
/* The blocked Bloom filter. Bits are set in eight words of the block, one in each, so that adding
 * and asking are a few instructions without a branch. */
#include "store/filter.h"

#include "base/hash.h"

enum { BITS_PER_KEY = 8, WORDS = TV_FILTER_BLOCK_BYTES / 8 };

size_t tv_filter_bytes(size_t keys)
{
    size_t bits = keys * BITS_PER_KEY;
    return (bits / 8 / TV_FILTER_BLOCK_BYTES + 1) * TV_FILTER_BLOCK_BYTES;
}

size_t tv_filter_block(size_t bytes, uint64_t key)
{
    uint64_t blocks = bytes / TV_FILTER_BLOCK_BYTES;
    return (size_t)((key >> 32) * blocks >> 32) * TV_FILTER_BLOCK_BYTES;
}

/* The bit of word `w`: six bits of a multiple of the key's lower half. */
static inline unsigned bit_of(uint64_t key, unsigned w)
{
    static const uint32_t odd[WORDS] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
            0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
    return (uint32_t)((uint32_t)key * odd[w]) >> 26;
}

void tv_filter_add(uint8_t *filter, size_t bytes, uint64_t key)
{
    uint8_t *block = filter + tv_filter_block(bytes, key);
    for (unsigned w = 0; w < WORDS; w++) {
        unsigned bit = bit_of(key, w);
        block[w * 8 + bit / 8] = (uint8_t)(block[w * 8 + bit / 8] | 1u << (bit % 8));
    }
}

bool tv_filter_may_hold(const uint8_t block[TV_FILTER_BLOCK_BYTES], uint64_t key)
{
    unsigned all = 1;
    for (unsigned w = 0; w < WORDS; w++) {
        unsigned bit = bit_of(key, w);
        all &= (unsigned)block[w * 8 + bit / 8] >> (bit % 8);
    }
    return all & 1;
}

uint64_t tv_filter_event_key(struct tv_str event_id)
{
    return tv_hash64(event_id.ptr, event_id.len);
}

uint64_t tv_filter_trace_key(struct tv_id trace)
{
    return tv_mix64(trace.hi ^ tv_mix64(trace.lo + 0x9e3779b97f4a7c15ULL));
}

uint64_t tv_filter_span_key(uint64_t span)
{
    return tv_mix64(span);
}
