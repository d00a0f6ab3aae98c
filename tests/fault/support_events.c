/* SPDX-License-Identifier: Apache-2.0 */
#include "support_events.h"

#include "base/buf.h"
#include "timeql/timeql.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 600 };

static uint64_t random_of(uint64_t state)
{
    uint64_t z = state * 0x9e3779b97f4a7c15ULL + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

bool script_event_is_old(uint32_t seq)
{
    return seq < 60 && seq % 3 == 0;
}

bool script_event_is_erased(uint32_t seq)
{
    return seq % 7 == 3;
}

/* Today, yesterday and the day before; some past their age. */
static int64_t time_of(uint32_t seq)
{
    if (script_event_is_old(seq))
        return SCRIPT_NOW - 20 * TV_NS_PER_DAY + seq;
    return SCRIPT_NOW - TV_NS_PER_HOUR - (seq % 3) * TV_NS_PER_DAY + seq * TV_NS_PER_S;
}

/* Texts that no codec makes small, so that a few hundred events fill some pages. */
static struct tv_str text_of(uint32_t seq, char room[TEXT_BYTES])
{
    static const char letters[] =
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
    for (uint32_t i = 0; i < TEXT_BYTES; i++)
        room[i] = letters[random_of((uint64_t)seq * TEXT_BYTES + i) & 63];
    return (struct tv_str){room, TEXT_BYTES};
}

struct tv_batch *script_events(uint32_t first, uint32_t rows, bool keyless)
{
    struct tv_batch *batch = tv_batch_new();
    char text[TEXT_BYTES], id[16];
    for (uint32_t seq = first; seq < first + rows; seq++) {
        uint32_t row = tv_batch_add_row(batch);
        tv_batch_set_time(batch, row, time_of(seq));
        tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, time_of(seq));
        tv_batch_set_text(batch, TV_FIELD_SERVICE, row, TV_STR("shop"));
        tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
        tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, text_of(seq, text));
        (void)snprintf(id, sizeof(id), "e%u", seq);
        if (!keyless)
            tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, tv_str_of(id));
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("seq")), row, tv_value_i64((int64_t)seq));
        (void)snprintf(id, sizeof(id), "u%u", seq % 7);
        tv_batch_set_attr(
                batch, tv_batch_attr(batch, TV_STR("user")), row, tv_value_str(tv_str_of(id)));
    }
    return batch;
}

static void meet(struct script *script, const struct tv_batch *batch, uint32_t row, bool *seen)
{
    char text[TEXT_BYTES];
    uint32_t attr = tv_batch_find_attr(batch, TV_STR("seq"));
    struct tv_value value = {.type = TV_TYPE_NULL};
    if (attr < batch->attr_count)
        value = tv_batch_attr_value(batch, attr, row);
    if (value.type != TV_TYPE_I64 || value.i < 0 || value.i >= script->count)
        script_fail("an event that nobody sent");
    uint32_t seq = (uint32_t)value.i;
    if (seen[seq])
        script_fail("event %u is there twice", seq);
    seen[seq] = true;
    if (script->states[seq] == SCRIPT_GONE)
        script_fail("event %u was erased and is there", seq);
    if (!tv_str_equal(tv_batch_text(batch, TV_FIELD_MESSAGE, row), text_of(seq, text)) ||
            tv_batch_i64(batch, TV_FIELD_TIME)[row] != time_of(seq))
        script_fail("event %u reads as another", seq);
}

static enum tv_status read_all(
        struct script *script, struct tv_snapshot *snapshot, bool *seen, struct tv_error *err)
{
    struct tv_scan *scan = NULL;
    struct tv_scan_batch found = {.count = 1};
    struct tv_scan_spec spec = {.from = INT64_MIN,
            .to = INT64_MAX,
            .arrival_to = UINT64_MAX,
            .columns = {.fields = (1u << TV_FIELD_COUNT) - 1, .all_attributes = true}};
    enum tv_status status = tv_scan_open(snapshot, &spec, NULL, &scan, err);
    while (status == TV_OK && found.count) {
        status = tv_scan_next(scan, &found, err);
        for (uint32_t i = 0; status == TV_OK && i < found.count; i++)
            meet(script, found.batch, found.rows[i], seen);
    }
    tv_scan_close(scan);
    return status;
}

static enum tv_status write_piece(void *ctx, struct tv_str piece)
{
    tv_buf_append_str(ctx, piece);
    return TV_OK;
}

/* The number that a statement which counts answers, in *out. */
static enum tv_status ask(
        struct tv_snapshot *snapshot, const char *statement, uint64_t *out, struct tv_error *err)
{
    struct tv_query *query = NULL;
    struct tv_buf answer = {0};
    struct tv_query_env env = {
            .text = tv_str_of(statement), .now_ns = SCRIPT_NOW, .format = TV_FORMAT_CSV};
    enum tv_status status = tv_query_prepare(&env, &query, err);
    if (status != TV_OK)
        script_fail("%s: %s", statement, err->message);
    struct tv_query_run run = {.snapshot = snapshot, .write = write_piece, .ctx = &answer};
    status = tv_query_run(query, &run, err);
    tv_query_free(query);
    tv_buf_append_char(&answer, '\0');
    const char *line = status == TV_OK ? strchr(answer.data, '\n') : NULL;
    *out = line ? strtoull(line + 1, NULL, 10) : 0;
    tv_buf_release(&answer);
    return status;
}

/* Counts, of which segments in the window tell their part without being read, and one event by id. */
static enum tv_status ask_counts(
        struct script *script, struct tv_snapshot *snapshot, uint64_t total, struct tv_error *err)
{
    uint64_t counted = 0, one = 0;
    enum tv_status status = ask(snapshot,
            "SELECT count(*) FROM '2024-07-01' TO '2024-09-01' WHERE service = 'shop'", &counted,
            err);
    if (status == TV_OK)
        status = ask(snapshot,
                "SELECT count(*) FROM '2024-07-01' TO '2024-09-01' WHERE eventId = 'e107'", &one,
                err);
    if (status != TV_OK || script->zeroed)
        return status;
    if (counted != total)
        script_fail("%llu events are counted, %llu read", (unsigned long long)counted,
                (unsigned long long)total);
    if (one > 1 || (one == 0 && script->states[107] == SCRIPT_THERE))
        script_fail("one event is found %llu times by its id", (unsigned long long)one);
    return TV_OK;
}

enum tv_status script_look(
        struct script *script, struct tv_snapshot *snapshot, struct tv_error *err)
{
    bool seen[SCRIPT_EVENTS_MAX] = {false};
    uint64_t total = 0;
    enum tv_status status = read_all(script, snapshot, seen, err);
    if (status != TV_OK)
        return status;
    bool may_lack = script->zeroed && tv_snapshot_damaged(snapshot) > 0;
    if (tv_snapshot_damaged(snapshot) && !script->zeroed)
        script_fail("a segment is set aside though it is whole");
    for (uint32_t seq = 0; seq < script->count; seq++) {
        total += seen[seq];
        if (!seen[seq] && script->states[seq] == SCRIPT_THERE && !may_lack)
            script_fail("event %u was acknowledged and is lost", seq);
    }
    return ask_counts(script, snapshot, total, err);
}
