/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be guessed: random bytes and the hash of a token (libsodium behind this file;
 * BLAKE2b, RFC 7693). */
#ifndef TV_BASE_SECRET_H
#define TV_BASE_SECRET_H

#include "base/str.h"

enum { TV_SECRET_HASH_BYTES = 32, TV_SECRET_KEY_BYTES = 32 };

/* Random bytes of the system's generator. */
void tv_secret_random(uint8_t *out, size_t bytes);
/* BLAKE2b-256 of the bytes. */
void tv_secret_hash(struct tv_str in, uint8_t out[TV_SECRET_HASH_BYTES]);
/* BLAKE2b of the bytes under a key of TV_SECRET_KEY_BYTES, `bytes` (16 … 64) long: who lacks the key
 * cannot tell which text it is of by hashing guesses. */
void tv_secret_keyed_hash(
        const uint8_t key[TV_SECRET_KEY_BYTES], struct tv_str in, uint8_t *out, size_t bytes);
/* Comparison in constant time. */
bool tv_secret_equal(const uint8_t *a, const uint8_t *b, size_t bytes);

#endif
