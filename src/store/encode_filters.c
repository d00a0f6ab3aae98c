/* SPDX-License-Identifier: Apache-2.0 */
/* The filters of a segment. They stand at the front of the payload, so that a look-up of one block
 * does not walk the chain of pages behind it. Traces repeat, so neighbours of one trace count once
 * and the filter is sized by what is distinct. */
#include "store/encode_internal.h"
#include "store/filter.h"

#include "base/mem.h"

#include <stdlib.h>

static uint32_t event_keys(const struct tv_encoder *encoder, uint64_t *keys)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const struct tv_build_row *at = &encoder->build->rows[i];
        struct tv_str id =
                tv_batch_text(encoder->build->batches[at->batch], TV_FIELD_EVENT_ID, at->row);
        if (id.ptr)
            keys[found++] = tv_filter_event_key(id);
    }
    return found;
}

static uint32_t trace_keys(const struct tv_encoder *encoder, uint64_t *keys)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const struct tv_build_row *at = &encoder->build->rows[i];
        const struct tv_id *ids =
                tv_batch_ids(encoder->build->batches[at->batch], TV_FIELD_TRACE_ID);
        if (ids && (ids[at->row].hi | ids[at->row].lo))
            keys[found++] = tv_filter_trace_key(ids[at->row]);
    }
    return found;
}

static uint32_t span_keys(const struct tv_encoder *encoder, uint64_t *keys)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < encoder->count; i++) {
        const struct tv_build_row *at = &encoder->build->rows[i];
        const uint64_t *ids = tv_batch_u64(encoder->build->batches[at->batch], TV_FIELD_SPAN_ID);
        if (ids && ids[at->row])
            keys[found++] = tv_filter_span_key(ids[at->row]);
    }
    return found;
}

/* Leaves out keys seen before; `slots` are at least twice as many, zeroed, a power of two. Returns
 * how many are left. */
static uint32_t keep_distinct(uint64_t *keys, uint32_t count, uint64_t *slots, uint32_t slot_count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key = keys[i] ? keys[i] : 1;
        uint32_t at = (uint32_t)(key >> 7) & (slot_count - 1);
        while (slots[at] && slots[at] != key)
            at = (at + 1) & (slot_count - 1);
        if (slots[at])
            continue;
        slots[at] = key;
        keys[kept++] = keys[i];
    }
    return kept;
}

static void put_filter(
        struct tv_encoder *encoder, enum tv_filter_kind kind, uint64_t *keys, uint32_t count)
{
    uint32_t slot_count = 64;
    if (count == 0)
        return;
    while (slot_count < count * 2)
        slot_count *= 2;
    uint64_t *slots = tv_calloc(slot_count, sizeof(*slots));
    uint32_t distinct = keep_distinct(keys, count, slots, slot_count);
    free(slots);
    size_t begin = tv_encoder_block_begin(encoder);
    size_t bytes = tv_filter_bytes(distinct);
    uint8_t *filter = (uint8_t *)tv_buf_reserve(encoder->payload, bytes);
    memset(filter, 0, bytes);
    for (uint32_t i = 0; i < distinct; i++)
        tv_filter_add(filter, bytes, keys[i]);
    encoder->payload->len += bytes;
    encoder->segment->filters[kind] = tv_encoder_block_end(encoder, begin);
}

void tv_encoder_filters(struct tv_encoder *encoder)
{
    uint64_t *keys = tv_malloc(encoder->count * sizeof(*keys));
    put_filter(encoder, TV_FILTER_TRACE, keys, trace_keys(encoder, keys));
    put_filter(encoder, TV_FILTER_EVENT, keys, event_keys(encoder, keys));
    put_filter(encoder, TV_FILTER_SPAN, keys, span_keys(encoder, keys));
    free(keys);
}
