/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of records from one thread (the writer) to another (the reader), without locks.
 *
 * Records lie whole and 8 bytes aligned; one that would cross the end begins again at the start. Positions
 * only grow; the place in the ring is their remainder. The writer owns `head`, the reader `tail`. */
#ifndef TV_COLLECTOR_RING_H
#define TV_COLLECTOR_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct tvc_ring {
    _Alignas(64) _Atomic uint64_t head; /* behind the last record */
    _Atomic uint64_t recorded, dropped; /* by the writer alone */
    uint64_t tail_seen; /* the writer's copy, so that it seldom reads the reader's line */
    uint64_t random[2]; /* the writer's: state of its generator of ids */
    uint32_t bytes;     /* a power of two */
    _Alignas(64) _Atomic uint64_t tail; /* behind the last record read */
    _Atomic bool ended;                 /* the writer's thread is gone */
    struct tvc_ring *next;              /* of the owner's; guarded by the registry's mutex */
    _Alignas(64) uint8_t data[];
};

/* `bytes` is a power of two. NULL without memory. Owned by the caller: free(). */
struct tvc_ring *tvc_ring_new(uint32_t bytes);

/* Writer: room for a record of that many bytes, a multiple of 8, or NULL where the ring is full. Filled
 * in by the caller and then committed with the same number. */
uint8_t *tvc_ring_reserve(struct tvc_ring *ring, uint32_t bytes);
/* Returns whether the ring has just become more than half full: the reader should be told. */
bool tvc_ring_commit(struct tvc_ring *ring, uint32_t bytes);

/* Reader: the oldest record, which begins with its length (32 bits), or NULL; and past it. */
const uint8_t *tvc_ring_peek(struct tvc_ring *ring);
void tvc_ring_consume(struct tvc_ring *ring);

#endif
