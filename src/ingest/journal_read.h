/* SPDX-License-Identifier: Apache-2.0 */
/* libsystemd's reader of journals, as much of it as is needed. It is loaded when first asked for, so that the daemon runs,
 * and is built, where there is none. */
#ifndef TV_INGEST_JOURNAL_READ_H
#define TV_INGEST_JOURNAL_READ_H

#include "event/batch.h"

struct tv_journal_reader;

/* Opens the host's journals, or those of a directory, and stands behind the place; without one before the first entry or
 * (from_start false) behind the last. Owned by the caller. Worker threads too, one at a time. */
TV_CHECKED enum tv_status tv_journal_reader_open(const char *directory, const char *cursor,
        bool from_start, struct tv_journal_reader **out, struct tv_error *err);
void tv_journal_reader_close(struct tv_journal_reader *reader);
/* Goes back to the place (NULL: the first entry): what was read since is read again. */
void tv_journal_reader_seek(struct tv_journal_reader *reader, const char *cursor);
/* Appends entries to the batch, but for those of this process, and looks at `max` at most: then there may be more, and it
 * returns true. */
bool tv_journal_reader_take(struct tv_journal_reader *reader, uint32_t max, struct tv_batch *batch);
/* The place behind the last entry looked at, owned by the caller (free); NULL where there is none. */
char *tv_journal_reader_cursor(struct tv_journal_reader *reader);

#endif
