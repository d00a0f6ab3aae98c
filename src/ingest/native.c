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

/* Counts lines and columns up to the fault; only where someone will read them. */
static void locate(const struct tv_scan *scan, struct tv_error *err)
{
    const char *line = scan->start;
    err->line = 1;
    for (const char *at = scan->start; at < scan->fault_at; at++) {
        if (*at == '\n') {
            err->line++;
            line = at + 1;
        }
    }
    err->column = 1;
    for (const char *at = line; at < scan->fault_at; at++)
        err->column += ((uint8_t)*at & 0xc0) != 0x80;
    err->offset = (uint32_t)(scan->fault_at - scan->start);
}

static void report_fault(struct tv_decoder *decoder)
{
    char reason[sizeof(decoder->report->errors[0].reason)];
    const struct tv_scan *scan = &decoder->scan;
    (void)snprintf(reason, sizeof(reason), "%s, at byte %zu", scan->fault,
            (size_t)(scan->fault_at - scan->start));
    report_error(decoder->report, decoder->index++, (struct tv_str){NULL, 0}, reason);
}

static void end_event(struct tv_decoder *decoder)
{
    if (decoder->reason) {
        tv_batch_drop_last_row(decoder->batch);
        report_error(
                decoder->report, decoder->index, tv_str_of(decoder->reason_field), decoder->reason);
    } else {
        decoder->report->accepted++;
        decoder->report->future += decoder->future;
    }
    decoder->index++;
}

/* Reads the event whose '{' the cursor stands on. On a fault the row is taken back. */
static bool read_event(struct tv_decoder *decoder)
{
    if (decoder->batch->rows == TV_BATCH_ROWS_MAX)
        return tv_scan_fault(&decoder->scan, decoder->scan.at,
                "a body holds at most 1048576 events; the rest was not read");
    decoder->row = tv_batch_add_row(decoder->batch);
    decoder->scan.at++;
    if (tv_decoder_event(decoder))
        return true;
    tv_batch_drop_last_row(decoder->batch);
    /* What was noted before the fault. */
    decoder->fields = 0;
    memset(decoder->ranks, 0, sizeof(decoder->ranks));
    return false;
}

/* An element of the array. */
static bool read_element(struct tv_decoder *decoder)
{
    struct tv_scan *scan = &decoder->scan;
    if (tv_scan_peek(scan) == '{') {
        if (!read_event(decoder))
            return false;
        end_event(decoder);
        return true;
    }
    struct tv_scan_skip skip = {.depth_max = TV_DECODE_DEPTH_MAX};
    struct tv_str text;
    tv_scan_forget(scan);
    if (!tv_scan_any(scan, &skip, &text))
        return false;
    report_error(decoder->report, decoder->index++, (struct tv_str){NULL, 0},
            "an event must be an object");
    return true;
}

static bool walk_array(struct tv_decoder *decoder)
{
    struct tv_scan *scan = &decoder->scan;
    scan->at++;
    tv_scan_blanks(scan);
    if (tv_scan_peek(scan) == ']') {
        scan->at++;
    } else {
        for (;;) {
            if (!read_element(decoder))
                return false;
            tv_scan_blanks(scan);
            if (tv_scan_peek(scan) != ',')
                break;
            scan->at++;
            tv_scan_blanks(scan);
        }
        if (tv_scan_peek(scan) != ']')
            return tv_scan_fault(scan, scan->at,
                    scan->at == scan->end ? "the body ends inside the array"
                                          : "expected ',' or ']'");
        scan->at++;
    }
    tv_scan_blanks(scan);
    if (scan->at < scan->end)
        return tv_scan_fault(scan, scan->at, "nothing may stand behind the array");
    return true;
}

/* Reads the line at the cursor, which is not blank, up to its line break. */
static bool read_line(struct tv_decoder *decoder)
{
    struct tv_scan *scan = &decoder->scan;
    if (tv_scan_peek(scan) != '{')
        return tv_scan_fault(scan, scan->at, "a line of events must begin with '{'");
    if (!read_event(decoder))
        return false;
    while (tv_scan_peek(scan) == ' ' || tv_scan_peek(scan) == '\t' || tv_scan_peek(scan) == '\r')
        scan->at++;
    if (scan->at < scan->end && *scan->at != '\n') {
        tv_batch_drop_last_row(decoder->batch);
        return tv_scan_fault(scan, scan->at, "expected a line break behind the event");
    }
    end_event(decoder);
    return true;
}

/* Moves the cursor from a broken line, which begins at `line`, to where reading goes on. */
static void skip_line(struct tv_scan *scan, const char *line)
{
    bool object = *line == '{';
    const char *at = line;
    while (at < scan->end) {
        at = memchr(at, '\n', (size_t)(scan->end - at));
        at = at ? at + 1 : scan->end;
        if (!object || at == scan->end || *at == '{')
            break;
    }
    scan->at = at;
}

static void walk_lines(struct tv_decoder *decoder, struct tv_error *first)
{
    struct tv_scan *scan = &decoder->scan;
    for (;;) {
        tv_scan_blanks(scan);
        if (scan->at == scan->end)
            return;
        const char *line = scan->at;
        if (read_line(decoder))
            continue;
        if (first && first->line == 0) {
            (void)tv_fail(first, TV_BAD_INPUT, "%s", scan->fault);
            locate(scan, first);
        }
        report_fault(decoder);
        scan->fault = NULL;
        if (decoder->batch->rows == TV_BATCH_ROWS_MAX)
            return;
        skip_line(scan, line);
    }
}

static void decoder_init(struct tv_decoder *decoder, struct tv_str body)
{
    decoder->scan = (struct tv_scan){.at = body.ptr, .start = body.ptr, .end = body.ptr + body.len};
    tv_members_init(&decoder->members);
    decoder->masked = (struct tv_buf){0};
    decoder->index = 0;
    decoder->fields = 0;
    memset(decoder->ranks, 0, sizeof(decoder->ranks));
}

static void decoder_release(struct tv_decoder *decoder)
{
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

static enum tv_status refuse_body(const struct tv_scan *scan, struct tv_error *err)
{
    if (scan->at == scan->end) {
        enum tv_status status = tv_fail(err, TV_BAD_INPUT, "the body is empty");
        tv_error_hint(err, "send a JSON object, an array of objects, or one object a line");
        return status;
    }
    enum tv_status status = tv_fail(err, TV_BAD_INPUT, "the body is no JSON object or array");
    tv_error_hint(err, "it must begin with '{' or '['");
    return status;
}

enum tv_status tv_native_decode(struct tv_str body, const struct tv_decode_options *options,
        struct tv_batch *batch, struct tv_decode_report *report, struct tv_error *err)
{
    struct tv_decoder decoder; /* large: its notes are written before they are read */
    struct tv_error fault = {0};
    report_init(report);
    decoder_init(&decoder, body.ptr ? body : TV_STR(""));
    decoder.batch = batch;
    decoder.options = options;
    decoder.report = report;
    struct tv_scan *scan = &decoder.scan;
    if (tv_str_starts_with(body, TV_STR("\xef\xbb\xbf")))
        scan->at += 3;
    tv_scan_blanks(scan);
    enum tv_status status = TV_OK;
    if (tv_scan_peek(scan) == '[') {
        if (!walk_array(&decoder)) {
            (void)tv_fail(&fault, TV_BAD_INPUT, "%s", scan->fault);
            locate(scan, &fault);
            report_fault(&decoder);
        }
    } else if (tv_scan_peek(scan) == '{') {
        walk_lines(&decoder, &fault);
    } else {
        status = refuse_body(scan, err);
        if (err) {
            scan->fault_at = scan->at;
            locate(scan, err);
        }
    }
    if (status == TV_OK && report->accepted == 0 && fault.line > 0) {
        status = TV_BAD_INPUT;
        if (err)
            *err = fault;
    }
    decoder_release(&decoder);
    return status;
}
