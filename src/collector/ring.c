/* SPDX-License-Identifier: Apache-2.0 */
/* Lamport's queue of one writer and one reader ("Specifying Concurrent Program Modules", 1983), with
 * records of any length. The writer keeps a copy of the reader's position and asks for the real one only when
 * the ring seems full, so that the two cores seldom share a cache line. A length of 0 means that the
 * rest up to the ring's end is empty. Turned down: a queue that all threads share, which makes them wait for
 * each other; and a lock for each ring, which the reader would hold while it formats. */
#include "collector/ring.h"

#include <stdlib.h>
#include <string.h>

struct tvc_ring *tvc_ring_new(uint32_t bytes)
{
    struct tvc_ring *ring = aligned_alloc(_Alignof(struct tvc_ring), sizeof(*ring) + bytes);
    if (!ring)
        return NULL;
    memset(ring, 0, sizeof(*ring));
    ring->bytes = bytes;
    return ring;
}

static bool fits(struct tvc_ring *ring, uint64_t head, uint32_t bytes)
{
    if (head + bytes - ring->tail_seen <= ring->bytes)
        return true;
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head + bytes - ring->tail_seen <= ring->bytes;
}

uint8_t *tvc_ring_reserve(struct tvc_ring *ring, uint32_t bytes)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t at = (uint32_t)(head & (ring->bytes - 1));
    uint32_t rest = ring->bytes - at;
    if (bytes <= rest)
        return fits(ring, head, bytes) ? ring->data + at : NULL;
    if (bytes > ring->bytes || !fits(ring, head, rest + bytes))
        return NULL;
    memset(ring->data + at, 0, sizeof(uint32_t));
    atomic_store_explicit(&ring->head, head + rest, memory_order_release);
    return ring->data;
}

bool tvc_ring_commit(struct tvc_ring *ring, uint32_t bytes)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t used = head - ring->tail_seen;
    uint64_t half = ring->bytes / 2;
    atomic_store_explicit(&ring->head, head + bytes, memory_order_release);
    if (used + bytes < half || used >= half)
        return false;
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head + bytes - ring->tail_seen >= half;
}

const uint8_t *tvc_ring_peek(struct tvc_ring *ring)
{
    for (;;) {
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
            return NULL;
        uint32_t at = (uint32_t)(tail & (ring->bytes - 1));
        uint32_t bytes;
        memcpy(&bytes, ring->data + at, sizeof(bytes));
        if (bytes > 0)
            return ring->data + at;
        atomic_store_explicit(&ring->tail, tail + ring->bytes - at, memory_order_release);
    }
}

void tvc_ring_consume(struct tvc_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t bytes;
    memcpy(&bytes, ring->data + (tail & (ring->bytes - 1)), sizeof(bytes));
    atomic_store_explicit(&ring->tail, tail + bytes, memory_order_release);
}
