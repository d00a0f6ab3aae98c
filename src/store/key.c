/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of duplicates. Services and types repeat, so their hashes are remembered by code in a small
 * direct-mapped table; an event's cost is one hash of its id. */
#include "store/key.h"

#include "base/hash.h"

enum { MEMO = 256 };

struct memo {
    uint32_t codes[MEMO];
    uint64_t hashes[MEMO];
};

static uint64_t text_hash(struct memo *memo, const struct tv_strings *strings, uint32_t code)
{
    uint32_t at = code % MEMO;
    if (code == 0)
        return 0;
    if (memo->codes[at] != code) {
        struct tv_str text = tv_strings_get(strings, code);
        memo->codes[at] = code;
        memo->hashes[at] = tv_hash64(text.ptr, text.len);
    }
    return memo->hashes[at];
}

static uint64_t mix(uint64_t sum, uint64_t part)
{
    return tv_mix64(sum + 0x9e3779b97f4a7c15ULL) ^ tv_mix64(part);
}

static bool is_span(struct tv_str type)
{
    return tv_str_equal(type, TV_STR("span")) || tv_str_starts_with(type, TV_STR("span:"));
}

static bool has_span_key(const struct tv_batch *batch, uint32_t row)
{
    const struct tv_id *traces = tv_batch_ids(batch, TV_FIELD_TRACE_ID);
    const uint64_t *spans = tv_batch_u64(batch, TV_FIELD_SPAN_ID);
    if (!traces || !spans || spans[row] == 0 || (traces[row].hi | traces[row].lo) == 0)
        return false;
    return is_span(tv_batch_text(batch, TV_FIELD_TYPE, row));
}

static int64_t duration_of(const struct tv_batch *batch, uint32_t row)
{
    const int64_t *durations = tv_batch_i64(batch, TV_FIELD_DURATION);
    return durations ? durations[row] : TV_ABSENT_I64;
}

static uint64_t span_key(const struct tv_batch *batch, uint32_t row, uint64_t service)
{
    struct tv_str type = tv_batch_text(batch, TV_FIELD_TYPE, row);
    struct tv_id trace = tv_batch_ids(batch, TV_FIELD_TRACE_ID)[row];
    uint64_t key = mix(mix(service, trace.hi), trace.lo);
    key = mix(key, tv_batch_u64(batch, TV_FIELD_SPAN_ID)[row]);
    key = mix(key, (uint64_t)tv_batch_i64(batch, TV_FIELD_TIME)[row]);
    key = mix(key, (uint64_t)duration_of(batch, row));
    return mix(key, tv_hash64(type.ptr, type.len));
}

void tv_keys_of(const struct tv_batch *batch, uint64_t *keys)
{
    struct memo memo = {{0}, {0}};
    const uint32_t *ids = tv_batch_codes(batch, TV_FIELD_EVENT_ID);
    const uint32_t *services = tv_batch_codes(batch, TV_FIELD_SERVICE);
    for (uint32_t row = 0; row < batch->rows; row++) {
        uint64_t service = services ? text_hash(&memo, &batch->strings, services[row]) : 0;
        keys[row] = 0;
        if (ids && ids[row]) {
            struct tv_str id = tv_strings_get(&batch->strings, ids[row]);
            keys[row] = mix(service, tv_hash64(id.ptr, id.len)) | 1;
        } else if (has_span_key(batch, row)) {
            keys[row] = span_key(batch, row, service) | 1;
        }
    }
}

bool tv_key_equal(
        const struct tv_batch *a, uint32_t a_row, const struct tv_batch *b, uint32_t b_row)
{
    struct tv_str a_id = tv_batch_text(a, TV_FIELD_EVENT_ID, a_row);
    struct tv_str b_id = tv_batch_text(b, TV_FIELD_EVENT_ID, b_row);
    if (!tv_str_equal(tv_batch_text(a, TV_FIELD_SERVICE, a_row),
                tv_batch_text(b, TV_FIELD_SERVICE, b_row)))
        return false;
    if (a_id.ptr || b_id.ptr)
        return a_id.ptr && b_id.ptr && tv_str_equal(a_id, b_id);
    if (!has_span_key(a, a_row) || !has_span_key(b, b_row))
        return false;
    return tv_id_equal(tv_batch_ids(a, TV_FIELD_TRACE_ID)[a_row],
                   tv_batch_ids(b, TV_FIELD_TRACE_ID)[b_row]) &&
            tv_batch_u64(a, TV_FIELD_SPAN_ID)[a_row] == tv_batch_u64(b, TV_FIELD_SPAN_ID)[b_row] &&
            tv_batch_i64(a, TV_FIELD_TIME)[a_row] == tv_batch_i64(b, TV_FIELD_TIME)[b_row] &&
            duration_of(a, a_row) == duration_of(b, b_row) &&
            tv_str_equal(
                    tv_batch_text(a, TV_FIELD_TYPE, a_row), tv_batch_text(b, TV_FIELD_TYPE, b_row));
}

uint32_t tv_key_fields(void)
{
    return 1u << TV_FIELD_EVENT_ID | 1u << TV_FIELD_SERVICE | 1u << TV_FIELD_TRACE_ID |
            1u << TV_FIELD_SPAN_ID | 1u << TV_FIELD_TIME | 1u << TV_FIELD_DURATION |
            1u << TV_FIELD_TYPE;
}
