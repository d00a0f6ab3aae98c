/* SPDX-License-Identifier: Apache-2.0 */
/* An event on its way from the caller's thread to the background thread.
 *
 * A draft points to the caller's texts; tvc_record_put copies it into the thread's ring as one record: the head,
 * then the texts without their NULs, then the attributes. tvc_record_next walks them on the other side. */
#ifndef TV_COLLECTOR_RECORD_H
#define TV_COLLECTOR_RECORD_H

#include "collector/ring.h"
#include "traversion/collector.h"

enum {
    TVC_ATTRIBUTES_MAX = 64,
    TVC_NAME_BYTES_MAX = 512, /* as the daemon's */
    TVC_MESSAGE_BYTES_MAX = 16 << 10,
    TVC_VALUE_BYTES_MAX = 4 << 10,
    TVC_STACK_MAX = 32
};

enum tvc_text_of { TVC_TYPE, TVC_NAME, TVC_MESSAGE, TVC_UNIT, TVC_TEXTS };

/* What a record begins with; plain bytes, so that it is copied as a whole. */
struct tvc_head {
    uint32_t bytes; /* of the record, a multiple of 8 */
    uint16_t attributes;
    uint8_t kind;     /* 1 + enum traversion_kind; 0: none */
    uint8_t status;   /* enum traversion_status */
    uint8_t severity; /* 0: none */
    uint8_t metric;   /* 1 + enum traversion_metric_kind; 0: none */
    uint8_t frames;   /* of the stack: that many addresses lie behind the attributes */
    uint8_t has_trace, has_parent, has_duration;
    uint16_t text_bytes[TVC_TEXTS];
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    int64_t time_ns, duration_ns;
};

/* An attribute in a record: this, the key, the text if it is one. */
struct tvc_attribute_head {
    uint8_t type; /* enum traversion_type */
    uint8_t unused;
    uint16_t key_bytes, text_bytes;
    uint16_t unused_too;
    union {
        double number;
        int64_t integer;
        bool truth;
    } value;
};

struct tvc_draft {
    struct tvc_head head; /* `bytes`, `attributes` and `text_bytes` are filled in */
    const char *texts[TVC_TEXTS];
    const struct traversion_attribute *own; /* of the shorthand */
    size_t own_count;
    const struct traversion_attribute *given; /* by the caller */
    size_t given_count;
    void *const *stack; /* head.frames addresses */
};

/* Nanoseconds of the monotonic clock; and since 1970 at such a moment. */
int64_t tvc_ticks(void);
int64_t tvc_time_of(const struct traversion *t, int64_t ticks);
/* Learns how far the two clocks are apart now. */
void tvc_set_clock(struct traversion *t);

/* The calling thread's ring, made at its first call; NULL if it has none: no memory, too many threads, or a process
 * made by fork(). */
struct tvc_ring *tvc_thread_ring(struct traversion *t);

/* Random ids that are not 0, from the ring's generator. */
void tvc_new_id(struct tvc_ring *ring, uint8_t *out, size_t bytes);

/* Sets the draft's trace, and its span or (`inside`) its parent, from a context; NULL: none. */
void tvc_draft_in(struct tvc_draft *draft, const struct traversion_context *context);
/* Records it; counts it as dropped if there is no room. */
void tvc_record_put(struct traversion *t, struct tvc_draft *draft);

/* Reading a record. */
struct tvc_record {
    struct tvc_head head;
    const char *texts[TVC_TEXTS]; /* with head.text_bytes */
    const uint8_t *rest;          /* what is not walked yet */
};
void tvc_record_open(const uint8_t *bytes, struct tvc_record *out);
/* The next attribute; call head.attributes times. Texts are borrowed from the record. */
void tvc_record_attribute(struct tvc_record *record, struct tvc_attribute_head *out,
        const char **key, const char **text);
/* The stack's addresses, behind the last attribute; head.frames of them. */
void tvc_record_stack(const struct tvc_record *record, void **out);

#endif
