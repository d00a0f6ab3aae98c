/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of the keys of recent events, by which a second delivery is noticed.
 *
 * A table of keys seen: asking it gives false (never seen within the horizon) or maybe. Two
 * generations of at most four million keys each; when the younger is full or ten minutes old the
 * elder is forgotten. Bounded memory, which grows with use. Owned by the writer lane. */
#ifndef TV_STORE_DEDUPE_H
#define TV_STORE_DEDUPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tv_dedupe;

struct tv_dedupe *tv_dedupe_new(void);
void tv_dedupe_free(struct tv_dedupe *dedupe);
/* Whether the key may have been seen; remembers it. `now_ns` is monotonic. */
bool tv_dedupe_seen(struct tv_dedupe *dedupe, uint64_t key, int64_t now_ns);
/* Starts loading the key's cache line. */
void tv_dedupe_prefetch(const struct tv_dedupe *dedupe, uint64_t key);
size_t tv_dedupe_keys(const struct tv_dedupe *dedupe);
size_t tv_dedupe_bytes(const struct tv_dedupe *dedupe);

#endif
