/* SPDX-License-Identifier: Apache-2.0 */
/* Read, commit, note the place, again.
 *
 *     timer → lane: note the place of what is stored, read → loop: sink → committed → timer
 *
 * One batch is under way at a time: the journal itself is the queue. A commit that fails takes the reader back to the last
 * place that is stored. */
#include "ingest/journal.h"
#include "base/mem.h"
#include "ingest/journal_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ROWS = 4096, CURSOR_BYTES_MAX = 4096 };

struct tv_journal {
    struct tv_journal_config config;
    struct tv_timer *timer;
    struct tv_journal_reader *reader;
    bool busy; /* on the lane, or waiting for the commit */
    struct tv_batch *batch;
    char *cursor;       /* behind the batch at hand */
    char *stored;       /* behind what is committed; NULL: nothing yet */
    bool note, go_back; /* for the next turn on the lane */
    bool full;          /* there may be more at once */
};

static void save(const struct tv_journal *journal)
{
    char part[CURSOR_BYTES_MAX];
    int len = snprintf(part, sizeof(part), "%s.part", journal->config.cursor_path);
    if (len < 0 || (size_t)len >= sizeof(part))
        return;
    FILE *file = fopen(part, "we");
    if (!file)
        return;
    bool ok = fputs(journal->stored, file) >= 0;
    ok = fclose(file) == 0 && ok;
    if (!ok || rename(part, journal->config.cursor_path) != 0)
        (void)remove(part);
}

static void read_run(void *ctx)
{
    struct tv_journal *journal = ctx;
    if (journal->note)
        save(journal);
    if (journal->go_back)
        tv_journal_reader_seek(journal->reader, journal->stored);
    journal->note = journal->go_back = false;
    journal->full = tv_journal_reader_take(journal->reader, BATCH_ROWS, journal->batch);
    journal->cursor = tv_journal_reader_cursor(journal->reader);
    if (journal->config.redactor)
        tv_redactor_apply(journal->config.redactor, journal->batch, (struct tv_redact_mark){0});
}

static void end_turn(struct tv_journal *journal, bool stored)
{
    bool moved =
            journal->cursor && (!journal->stored || strcmp(journal->cursor, journal->stored) != 0);
    if (stored && moved) {
        char *before = journal->stored;
        journal->stored = journal->cursor;
        journal->cursor = before;
        journal->note = true;
    }
    journal->go_back = !stored;
    free(journal->cursor);
    journal->cursor = NULL;
    journal->busy = false;
    tv_timer_start(journal->timer, stored && journal->full ? 0 : journal->config.interval_ns, 0);
}

static void committed(void *ctx, enum tv_status status)
{
    end_turn(ctx, status == TV_OK);
}

static void read_done(void *ctx)
{
    struct tv_journal *journal = ctx;
    struct tv_batch *batch = journal->batch;
    journal->batch = NULL;
    if (batch->rows == 0)
        end_turn(journal, true);
    else if (tv_sink_accept(&journal->config.sink, batch, committed, journal) != TV_OK)
        end_turn(journal, false);
    tv_batch_unref(batch);
}

static void turn(void *ctx)
{
    struct tv_journal *journal = ctx;
    journal->busy = true;
    journal->batch = tv_batch_new();
    if (tv_lane_submit(journal->config.lane, read_run, read_done, journal) == TV_OK)
        return;
    journal->busy = false;
    tv_batch_unref(journal->batch);
    journal->batch = NULL;
    tv_timer_start(journal->timer, journal->config.interval_ns, 0);
}

/* The place that an earlier run noted; NULL where there is none. Owned by the caller (free). */
static char *saved_cursor(const char *path)
{
    char *text = tv_calloc(1, CURSOR_BYTES_MAX);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, CURSOR_BYTES_MAX - 1, file) : 0;
    if (file)
        (void)fclose(file);
    if (len > 0)
        return text;
    free(text);
    return NULL;
}

enum tv_status tv_journal_open(
        const struct tv_journal_config *config, struct tv_journal **out, struct tv_error *err)
{
    struct tv_journal *journal = tv_calloc(1, sizeof(*journal));
    journal->config = *config;
    journal->stored = saved_cursor(config->cursor_path);
    enum tv_status status = tv_journal_reader_open(
            config->directory, journal->stored, config->from_start, &journal->reader, err);
    if (status != TV_OK) {
        free(journal->stored);
        free(journal);
        return status;
    }
    if (!journal->stored)
        journal->stored = tv_journal_reader_cursor(journal->reader);
    journal->timer = tv_timer_new(config->loop, turn, journal);
    tv_timer_start(journal->timer, 0, 0);
    *out = journal;
    return TV_OK;
}

void tv_journal_close(struct tv_journal *journal)
{
    if (!journal)
        return;
    while (journal->busy)
        tv_loop_run_once(journal->config.loop);
    if (journal->note)
        save(journal);
    tv_timer_stop(journal->timer);
    tv_timer_free(journal->timer);
    tv_journal_reader_close(journal->reader);
    free(journal->stored);
    free(journal);
}
