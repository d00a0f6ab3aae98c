/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: whether an id may be in a segment, at a cost of one cache line.
 *
 * A blocked Bloom filter (Putze, Sanders, Singler, 2007): the key chooses one block of 64 bytes and
 * eight bits in it. At eight bits a key about three look-ups in a hundred are false alarms, and a
 * look-up reads the one block and not the filter. */
#ifndef TV_STORE_FILTER_H
#define TV_STORE_FILTER_H

#include "base/buf.h"
#include "event/field.h"

enum { TV_FILTER_BLOCK_BYTES = 64 };

/* Bytes of a filter for so many keys. */
size_t tv_filter_bytes(size_t keys);
void tv_filter_add(uint8_t *filter, size_t bytes, uint64_t key);
/* Where the key's block begins. */
size_t tv_filter_block(size_t bytes, uint64_t key);
/* Whether the key may be among those of its block. */
bool tv_filter_may_hold(const uint8_t block[TV_FILTER_BLOCK_BYTES], uint64_t key);

/* What stands for an id in its filter. */
uint64_t tv_filter_event_key(struct tv_str event_id);
uint64_t tv_filter_trace_key(struct tv_id trace);
uint64_t tv_filter_span_key(uint64_t span);

#endif
