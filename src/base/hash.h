/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes that are not secrets (XXH3; xxHash's specification). The same on every machine and in
 * every release: the store keeps them. */
#ifndef TV_BASE_HASH_H
#define TV_BASE_HASH_H

#include "base/str.h"

uint64_t tv_hash64(const void *bytes, size_t count);
uint64_t tv_hash64_seeded(const void *bytes, size_t count, uint64_t seed);
/* 16 bytes into `out`. */
void tv_hash128(const void *bytes, size_t count, uint8_t out[16]);

/* A bijective mixer of 64 bits (the finaliser of MurmurHash3, Appleby). */
static inline uint64_t tv_mix64(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

#endif
