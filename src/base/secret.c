/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes, token hashes and comparison by libsodium, which is set up at first use.
 *
 * Tokens are 32 random bytes, not passwords: nothing can be guessed from a fast hash of them, so
 * BLAKE2b does and the deliberate slowness of Argon2 would only cost every request. */
#include "base/secret.h"

#include <pthread.h>
#include <sodium.h>

static void set_up(void)
{
    TV_ASSERT(sodium_init() >= 0);
}

static void ensure_set_up(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    TV_ASSERT(pthread_once(&once, set_up) == 0);
}

void tv_secret_random(uint8_t *out, size_t bytes)
{
    ensure_set_up();
    randombytes_buf(out, bytes);
}

void tv_secret_hash(struct tv_str in, uint8_t out[TV_SECRET_HASH_BYTES])
{
    ensure_set_up();
    int failed =
            crypto_generichash(out, TV_SECRET_HASH_BYTES, (const uint8_t *)in.ptr, in.len, NULL, 0);
    TV_ASSERT(failed == 0);
}

void tv_secret_keyed_hash(
        const uint8_t key[TV_SECRET_KEY_BYTES], struct tv_str in, uint8_t *out, size_t bytes)
{
    ensure_set_up();
    int failed = crypto_generichash(
            out, bytes, (const uint8_t *)in.ptr, in.len, key, TV_SECRET_KEY_BYTES);
    TV_ASSERT(failed == 0);
}

bool tv_secret_equal(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    return sodium_memcmp(a, b, bytes) == 0;
}
