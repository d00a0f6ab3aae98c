/* SPDX-License-Identifier: Apache-2.0 */
/* The hot path: lengths, room in the ring, copies. JSON is made on the other side, where nobody waits: to
 * format here would cost a microsecond instead of some tens of nanoseconds. */
#include "collector/record.h"
#include "collector/collector_internal.h"

#include <math.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tvc_ticks(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* One clock is read for each event instead of two: the distance between them changes when the time is set, and the background
 * thread looks at it each time it wakes. */
int64_t tvc_time_of(const struct traversion *t, int64_t ticks)
{
    return ticks + atomic_load_explicit(&t->clock_offset, memory_order_relaxed);
}

void tvc_set_clock(struct traversion *t)
{
    int64_t offset = clock_ns(CLOCK_REALTIME) - tvc_ticks();
    atomic_store_explicit(&t->clock_offset, offset, memory_order_relaxed);
}

/* Vigna's xorshift128+ ("Further scramblings of Marsaglia's xorshift generators", 2014): ids must differ,
 * not be secret. */
static uint64_t next_random(uint64_t state[2])
{
    uint64_t a = state[0], b = state[1];
    state[0] = b;
    a ^= a << 23;
    state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return state[1] + b;
}

void tvc_new_id(struct tvc_ring *ring, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word;
        do
            word = next_random(ring->random);
        while (word == 0);
        memcpy(out + i, &word, 8);
    }
}

void tvc_draft_in(struct tvc_draft *draft, const struct traversion_context *context)
{
    if (!context)
        return;
    uint8_t any = 0;
    for (size_t i = 0; i < sizeof(context->trace_id); i++)
        any |= context->trace_id[i];
    if (any == 0)
        return;
    draft->head.has_trace = 1;
    memcpy(draft->head.trace_id, context->trace_id, sizeof(context->trace_id));
    memcpy(draft->head.span_id, context->span_id, sizeof(context->span_id));
}

/* The bytes of a text up to `max`, cut before a character that would not fit whole. */
static uint16_t bounded(const char *text, size_t max)
{
    if (!text)
        return 0;
    size_t len = strnlen(text, max + 1);
    if (len > max)
        for (len = max; len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80;)
            len--;
    return (uint16_t)len;
}

static bool is_kept(const struct traversion_attribute *attribute)
{
    if (!attribute->key || (attribute->type == TRAVERSION_TEXT && !attribute->value.text))
        return false;
    return attribute->type != TRAVERSION_NUMBER || isfinite(attribute->value.number);
}

struct prepared {
    const struct traversion_attribute *attribute;
    uint16_t key_bytes, text_bytes;
};

/* Appends those that are kept; returns the bytes they take in the record. */
static size_t prepare(const struct traversion_attribute *attributes, size_t count,
        struct prepared *out, uint16_t *filled)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count && *filled < TVC_ATTRIBUTES_MAX; i++) {
        const struct traversion_attribute *attribute = &attributes[i];
        if (!is_kept(attribute))
            continue;
        struct prepared *one = &out[(*filled)++];
        one->attribute = attribute;
        one->key_bytes = bounded(attribute->key, TVC_NAME_BYTES_MAX);
        one->text_bytes = attribute->type == TRAVERSION_TEXT
                ? bounded(attribute->value.text, TVC_VALUE_BYTES_MAX)
                : 0;
        bytes += sizeof(struct tvc_attribute_head) + one->key_bytes + one->text_bytes;
    }
    return bytes;
}

static uint8_t *copy(uint8_t *at, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(at, from, bytes);
    return at + bytes;
}

static uint8_t *copy_attribute(uint8_t *at, const struct prepared *one)
{
    const struct traversion_attribute *attribute = one->attribute;
    struct tvc_attribute_head head = {.type = (uint8_t)attribute->type,
            .key_bytes = one->key_bytes,
            .text_bytes = one->text_bytes};
    switch (attribute->type) {
    case TRAVERSION_TEXT:
        break;
    case TRAVERSION_NUMBER:
        head.value.number = attribute->value.number;
        break;
    case TRAVERSION_INTEGER:
        head.value.integer = attribute->value.integer;
        break;
    case TRAVERSION_BOOL:
        head.value.truth = attribute->value.truth;
        break;
    }
    at = copy(at, &head, sizeof(head));
    at = copy(at, attribute->key, one->key_bytes);
    return copy(at, attribute->value.text, one->text_bytes);
}

static void count(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

void tvc_record_put(struct traversion *t, struct tvc_draft *draft)
{
    static const size_t max[TVC_TEXTS] = {
            TVC_NAME_BYTES_MAX, TVC_NAME_BYTES_MAX, TVC_MESSAGE_BYTES_MAX, TVC_NAME_BYTES_MAX};
    struct prepared attributes[TVC_ATTRIBUTES_MAX];
    struct tvc_head *head = &draft->head;
    struct tvc_ring *ring = tvc_thread_ring(t);
    if (!ring) {
        tvc_note_ringless(t);
        return;
    }
    size_t stack_bytes = head->frames * sizeof(*draft->stack);
    size_t bytes = sizeof(*head) + stack_bytes;
    for (size_t i = 0; i < TVC_TEXTS; i++) {
        head->text_bytes[i] = bounded(draft->texts[i], max[i]);
        bytes += head->text_bytes[i];
    }
    bytes += prepare(draft->own, draft->own_count, attributes, &head->attributes);
    bytes += prepare(draft->given, draft->given_count, attributes, &head->attributes);
    head->bytes = (uint32_t)(bytes + 7) & ~7U;

    count(&ring->recorded);
    uint8_t *at = tvc_ring_reserve(ring, head->bytes);
    if (!at) {
        count(&ring->dropped);
        tvc_wake(t);
        return;
    }
    at = copy(at, head, sizeof(*head));
    for (size_t i = 0; i < TVC_TEXTS; i++)
        at = copy(at, draft->texts[i], head->text_bytes[i]);
    for (size_t i = 0; i < head->attributes; i++)
        at = copy_attribute(at, &attributes[i]);
    (void)copy(at, draft->stack, stack_bytes);
    if (tvc_ring_commit(ring, head->bytes))
        tvc_wake(t);
}

void tvc_record_open(const uint8_t *bytes, struct tvc_record *out)
{
    memcpy(&out->head, bytes, sizeof(out->head));
    out->rest = bytes + sizeof(out->head);
    for (size_t i = 0; i < TVC_TEXTS; i++) {
        out->texts[i] = (const char *)out->rest;
        out->rest += out->head.text_bytes[i];
    }
}

void tvc_record_attribute(struct tvc_record *record, struct tvc_attribute_head *out,
        const char **key, const char **text)
{
    memcpy(out, record->rest, sizeof(*out));
    *key = (const char *)record->rest + sizeof(*out);
    *text = *key + out->key_bytes;
    record->rest += sizeof(*out) + out->key_bytes + out->text_bytes;
}

void tvc_record_stack(const struct tvc_record *record, void **out)
{
    memcpy(out, record->rest, record->head.frames * sizeof(*out));
}
