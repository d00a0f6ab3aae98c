/* SPDX-License-Identifier: Apache-2.0 */
/* The host's systemd journal as log events: unit, severity, message, process, boot.
 *
 * Entries are read in order, at most a batch at a time, and the next batch is read when the last one is committed; then
 * the place is written to a file, so that a restart goes on behind the last entry that is stored. An entry read twice
 * (the daemon was killed between the two) has the same eventId and is stored once. */
#ifndef TV_INGEST_JOURNAL_H
#define TV_INGEST_JOURNAL_H

#include "event/redactor.h"
#include "event/sink.h"
#include "net/loop.h"

struct tv_journal;

struct tv_journal_config {
    struct tv_loop *loop;
    struct tv_lane *lane;
    struct tv_sink sink;
    struct tv_redactor *redactor; /* NULL: none */
    const char *directory;        /* of journal files; NULL: the host's own */
    const char *cursor_path;      /* where the place is kept; outlives the collector */
    bool from_start;     /* without a place: all there is, instead of what comes from now on */
    int64_t interval_ns; /* how often new entries are looked for */
};

/* TV_NOT_FOUND with a hint where libsystemd is not installed. */
TV_CHECKED enum tv_status tv_journal_open(
        const struct tv_journal_config *config, struct tv_journal **out, struct tv_error *err);
/* Waits for a read or commit under way. */
void tv_journal_close(struct tv_journal *journal);

#endif
