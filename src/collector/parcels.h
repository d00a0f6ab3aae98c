/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that wait for the daemon, oldest first: in memory up to a bound, then in a folder up to another.
 *
 * A parcel is a request's body with its Idempotency-Key. On disk it is a file named after the key, so that a
 * process that finds it later sends it under the same key and the daemon stores it once, also if two
 * processes send it. One thread uses them. */
#ifndef TV_COLLECTOR_PARCELS_H
#define TV_COLLECTOR_PARCELS_H

#include "collector/text.h"

enum { TVC_KEY_BYTES = 33 }; /* 32 hex digits and the NUL */

struct tvc_parcel {
    char key[TVC_KEY_BYTES];
    char *data; /* NULL: on disk only */
    bool on_disk;
    size_t len;
    uint64_t events; /* 0: not known, of an earlier process */
    uint64_t number; /* ascending */
    struct tvc_parcel *next;
};

struct tvc_parcels;

struct tvc_parcels_config {
    uint64_t memory_bytes;
    const char *spill_dir; /* copied; NULL: none */
    uint64_t spill_bytes;
};

/* Makes the folder and takes up what lies in it. NULL, and *folder_failed tells whether the folder or memory was not to
 * be had. Owned by the caller. */
struct tvc_parcels *tvc_parcels_new(const struct tvc_parcels_config *config, bool *folder_failed);
/* What is in memory is lost; what is on disk stays. */
void tvc_parcels_free(struct tvc_parcels *parcels);

/* Takes the text, which is empty afterwards, as the youngest parcel. False where there is no room for it: it is
 * gone. */
bool tvc_parcels_add(struct tvc_parcels *parcels, struct tvc_text *text, uint64_t events);
/* The oldest with its bytes in memory, or NULL. Borrowed until tvc_parcels_done. What cannot be
 * read from disk is passed over; its events are added to *lost. */
struct tvc_parcel *tvc_parcels_first(struct tvc_parcels *parcels, uint64_t *lost);
/* Forgets the oldest, and its file. */
void tvc_parcels_done(struct tvc_parcels *parcels);
/* At the end: writes what is in memory to disk; returns the events for which there is no room. */
uint64_t tvc_parcels_save(struct tvc_parcels *parcels);

/* The number of the youngest so far, of the oldest still there (0: none); events and bytes waiting. */
uint64_t tvc_parcels_youngest(const struct tvc_parcels *parcels);
uint64_t tvc_parcels_oldest(const struct tvc_parcels *parcels);
uint64_t tvc_parcels_events(const struct tvc_parcels *parcels);
uint64_t tvc_parcels_bytes(const struct tvc_parcels *parcels);

#endif
