/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of a body: an array of events, one event, or lines of events.
 *
 * Each event is decoded into a row of the batch that is taken back if the event is refused. Where
 * the JSON itself breaks, an array cannot be read further. Lines go on behind the broken one: at the
 * next line that begins with '{', so that the inner lines of one broken event that was printed over
 * several are not taken for events. */
#include "ingest/native.h"

#include "ingest/decoder.h"

#include <stdio.h>

enum { SAMPLE_ROWS = 64 };

static void report_error(
        struct tv_decode_report *report, uint32_t index, struct tv_str field, const char *reason)
{
    report->rejected++;
    if (report->error_count == TV_DECODE_ERRORS_MAX)
        return;
    struct tv_decode_error *error = &report->errors[report->error_count++];
    error->index = index;
    struct tv_str shown = tv_utf8_prefix(field, sizeof(error->field) - 1);
    if (shown.len > 0)
        memcpy(error->field, shown.ptr, shown.len);
    error->field[shown.len] = '\0';
    (void)snprintf(error->reason, sizeof(error->reason), "%s", reason);
}

void tv_decoder_refuse(struct tv_decoder *decoder, struct tv_str field, const char *reason)
{
    if (decoder->reason)
        return;
    decoder->reason = reason;
    field = tv_utf8_prefix(field, sizeof(decoder->reason_field) - 1);
    if (field.len > 0)
        memcpy(decoder->reason_field, field.ptr, field.len);
    decoder->reason_field[field.len] = '\0';
}

/* Reports the fault as one rejection and clears it; the first of a body also goes to *first. */
static void report_fault(struct tv_decoder *decoder, struct tv_error *first)
{
    char reason[sizeof(decoder->report->errors[0].reason)];
    struct tv_scan *scan = &decoder->scan;
    (void)snprintf(reason, sizeof(reason), "%s, at byte %zu", scan->fault,
            (size_t)(scan->fault_at - scan->start));
    report_error(decoder->report, decoder->index++, (struct tv_str){NULL, 0}, reason);
    if (first->line == 0) {
        (void)tv_fail(first, TV_BAD_INPUT, "%s", scan->fault);
        tv_scan_locate(scan, scan->fault_at, first);
    }
    scan->fault = NULL;
}

/* Once some events were read, the rest of the body is taken to be like them, and room is made for it
 * at once: growing by doubling would copy every column a dozen times. What is reserved is in
 * proportion to the body, as what it really holds would be. */
static void make_room(struct tv_decoder *decoder, const char *at)
{
    struct tv_batch *batch = decoder->batch;
    const struct tv_scan *scan = &decoder->scan;
    decoder->texts = tv_texts_new();
    tv_members_expect_more(&decoder->members);
    uint64_t left = (uint64_t)(scan->end - at);
    uint64_t rows = left * SAMPLE_ROWS / (uint64_t)(at - scan->start) + SAMPLE_ROWS;
    if (rows <= SAMPLE_ROWS * 2 || batch->rows != SAMPLE_ROWS)
        return;
    if (rows > TV_BATCH_ROWS_MAX - SAMPLE_ROWS)
        rows = TV_BATCH_ROWS_MAX - SAMPLE_ROWS;
    tv_batch_reserve(batch, (uint32_t)rows);
    uint64_t texts = batch->strings.count * rows / SAMPLE_ROWS;
    tv_strings_reserve(&batch->strings, &batch->arena, (uint32_t)texts);
    for (uint32_t i = 0; i < batch->attr_count; i++)
        tv_batch_attr_reserve(batch, i, (uint32_t)(batch->attrs[i].count * rows / SAMPLE_ROWS));
}

/* Counts the event that ended before `at`, or takes its row back. */
static void end_event(struct tv_decoder *decoder, const char *at)
{
    if (decoder->reason) {
        tv_batch_drop_last_row(decoder->batch);
        report_error(
                decoder->report, decoder->index, tv_str_of(decoder->reason_field), decoder->reason);
    } else {
        decoder->report->accepted++;
        decoder->report->future += decoder->future;
    }
    if (++decoder->index == SAMPLE_ROWS)
        make_room(decoder, at);
}

/* Reads the event whose '{' is at `at`. On a fault the row is taken back. */
static const char *read_event(struct tv_decoder *decoder, const char *at)
{
    if (decoder->batch->rows == TV_BATCH_ROWS_MAX)
        return tv_scan_fault(
                &decoder->scan, at, "a body holds at most 1048576 events; the rest was not read");
    decoder->row = tv_batch_add_row(decoder->batch);
    at = tv_decoder_event(decoder, at + 1);
    if (at)
        return at;
    tv_batch_drop_last_row(decoder->batch);
    /* What was noted before the fault. */
    decoder->fields = 0;
    memset(decoder->ranks, 0, sizeof(decoder->ranks));
    return NULL;
}

/* An element of the array. */
static const char *read_element(struct tv_decoder *decoder, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    if (tv_scan_peek(scan, at) == '{') {
        at = read_event(decoder, at);
        if (at)
            end_event(decoder, at);
        return at;
    }
    struct tv_scan_skip skip = {.depth_max = TV_DECODE_DEPTH_MAX};
    struct tv_str text;
    tv_scan_forget(scan);
    at = tv_scan_any(scan, at, &skip, &text);
    if (at)
        report_error(decoder->report, decoder->index++, (struct tv_str){NULL, 0},
                "an event must be an object");
    return at;
}

/* Reads elements and the closing ']' from behind the opening one. */
static const char *read_array(struct tv_decoder *decoder, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    at = tv_scan_blanks(scan, at);
    if (tv_scan_peek(scan, at) == ']')
        return at + 1;
    for (;;) {
        at = read_element(decoder, at);
        if (!at)
            return NULL;
        at = tv_scan_blanks(scan, at);
        if (tv_scan_peek(scan, at) != ',')
            break;
        at = tv_scan_blanks(scan, at + 1);
    }
    if (at == scan->end)
        return tv_scan_fault(scan, at, "the body ends inside the array");
    if (*at != ']')
        return tv_scan_fault(scan, at, "expected ',' or ']'");
    return at + 1;
}

static void walk_array(struct tv_decoder *decoder, const char *at, struct tv_error *fault)
{
    struct tv_scan *scan = &decoder->scan;
    at = read_array(decoder, at + 1);
    if (at)
        at = tv_scan_blanks(scan, at);
    if (at && at < scan->end)
        (void)tv_scan_fault(scan, at, "nothing may stand behind the array");
    if (scan->fault)
        report_fault(decoder, fault);
}

/* Reads the line at `at`, which is not blank, up to its line break. */
static const char *read_line(struct tv_decoder *decoder, const char *at)
{
    struct tv_scan *scan = &decoder->scan;
    if (*at != '{')
        return tv_scan_fault(scan, at, "a line of events must begin with '{'");
    at = read_event(decoder, at);
    if (!at)
        return NULL;
    char c = tv_scan_peek(scan, at);
    while (c == ' ' || c == '\t' || c == '\r')
        c = tv_scan_peek(scan, ++at);
    if (at < scan->end && c != '\n') {
        tv_batch_drop_last_row(decoder->batch);
        return tv_scan_fault(scan, at, "expected a line break behind the event");
    }
    end_event(decoder, at);
    return at;
}

/* Where reading goes on behind a broken line that begins at `at`. */
static const char *skip_line(const struct tv_scan *scan, const char *at)
{
    bool object = *at == '{';
    while (at < scan->end) {
        at = memchr(at, '\n', (size_t)(scan->end - at));
        at = at ? at + 1 : scan->end;
        if (!object || at == scan->end || *at == '{')
            break;
    }
    return at;
}

static void walk_lines(struct tv_decoder *decoder, const char *at, struct tv_error *fault)
{
    struct tv_scan *scan = &decoder->scan;
    for (at = tv_scan_blanks(scan, at); at < scan->end; at = tv_scan_blanks(scan, at)) {
        const char *line = at;
        at = read_line(decoder, line);
        if (at)
            continue;
        report_fault(decoder, fault);
        if (decoder->batch->rows == TV_BATCH_ROWS_MAX)
            return;
        at = skip_line(scan, line);
    }
}

static void decoder_init(struct tv_decoder *decoder, struct tv_str body)
{
    decoder->scan = (struct tv_scan){.start = body.ptr, .end = body.ptr + body.len};
    tv_members_init(&decoder->members);
    decoder->masked = (struct tv_buf){0};
    decoder->texts = NULL;
    decoder->index = 0;
    decoder->fields = 0;
    memset(decoder->ranks, 0, sizeof(decoder->ranks));
}

static void decoder_release(struct tv_decoder *decoder)
{
    tv_texts_free(decoder->texts);
    tv_buf_release(&decoder->masked);
    tv_members_release(&decoder->members);
    tv_scan_release(&decoder->scan);
}

static void report_init(struct tv_decode_report *report)
{
    report->accepted = 0;
    report->rejected = 0;
    report->future = 0;
    report->error_count = 0; /* the errors themselves are written before they are read */
}

static enum tv_status refuse_body(const struct tv_scan *scan, const char *at, struct tv_error *err)
{
    if (at == scan->end) {
        (void)tv_fail(err, TV_BAD_INPUT, "the body is empty");
        tv_error_hint(err, "send a JSON object, an array of objects, or one object a line");
    } else {
        (void)tv_fail(err, TV_BAD_INPUT, "the body is no JSON object or array");
        tv_error_hint(err, "it must begin with '{' or '['");
    }
    if (err)
        tv_scan_locate(scan, at, err);
    return TV_BAD_INPUT;
}

enum tv_status tv_native_decode(struct tv_str body, const struct tv_decode_options *options,
        struct tv_batch *batch, struct tv_decode_report *report, struct tv_error *err)
{
    struct tv_decoder decoder; /* large: its notes are written before they are read */
    struct tv_error fault = {.line = 0};
    enum tv_status status = TV_OK;
    report_init(report);
    decoder_init(&decoder, body.ptr ? body : TV_STR(""));
    decoder.batch = batch;
    decoder.options = options;
    decoder.report = report;
    struct tv_scan *scan = &decoder.scan;
    const char *at = scan->start + (tv_str_starts_with(body, TV_STR("\xef\xbb\xbf")) ? 3 : 0);
    at = tv_scan_blanks(scan, at);
    if (tv_scan_peek(scan, at) == '[')
        walk_array(&decoder, at, &fault);
    else if (tv_scan_peek(scan, at) == '{')
        walk_lines(&decoder, at, &fault);
    else
        status = refuse_body(scan, at, err);
    if (status == TV_OK && report->accepted == 0 && fault.line > 0) {
        status = TV_BAD_INPUT;
        if (err)
            *err = fault;
    }
    decoder_release(&decoder);
    return status;
}
