/* SPDX-License-Identifier: Apache-2.0 */
/* The native decoder against cJSON.
 *
 *   oracle_decode [DOCUMENTS [SEED]]
 *
 * Valid documents, many to a body, as lines and as arrays: each row must hold what the model works
 * out from cJSON's tree, and an event is refused exactly where the model refuses it. The same with
 * bytes changed at random: what the strict checker refuses must not be taken. */
#include "base/mem.h"
#include "ingest/native.h"
#include "support_json.h"
#include "support_model.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOCUMENTS = 50000, BODY_DOCUMENTS_MAX = 150 };

#define RECEIVED_NS INT64_C(1705333643000000000)

struct run {
    struct dice dice;
    uint64_t documents, accepted, mutated, taken, unread;
};

static _Noreturn void fail(const char *why, const char *what, struct tv_str document)
{
    printf("FAILED: %s: %s\n%.*s\n", why, what, TV_STR_ARG(document));
    (void)fflush(stdout);
    _Exit(1); /* what is allocated now is no leak */
}

static struct model *build(struct tv_str document)
{
    cJSON *tree = cJSON_ParseWithLength(document.ptr, document.len);
    if (!tree)
        return NULL;
    struct model *model = tv_calloc(1, sizeof(*model));
    model->received_ns = RECEIVED_NS;
    model->tree = tree;
    model_build(model, document, tree);
    return model;
}

static void drop(struct model *model)
{
    cJSON_Delete(model->tree);
    model_release(model);
    free(model);
}

/* A body's documents: where each lies, so that it can be looked at alone. */
struct body {
    struct tv_buf bytes;
    size_t starts[BODY_DOCUMENTS_MAX], ends[BODY_DOCUMENTS_MAX];
    uint32_t count;
};

static struct tv_str document_of(const struct body *body, uint32_t index)
{
    return (struct tv_str){
            body->bytes.data + body->starts[index], body->ends[index] - body->starts[index]};
}

static void write_body(struct dice *dice, struct body *body)
{
    struct shape shape;
    bool array = dice_one_in(dice, 2);
    shape_roll(dice, &shape);
    body->count = 1 + dice_below(dice, dice_one_in(dice, 3) ? 3 : BODY_DOCUMENTS_MAX);
    tv_buf_clear(&body->bytes);
    if (array)
        tv_buf_append_char(&body->bytes, '[');
    for (uint32_t i = 0; i < body->count; i++) {
        if (i > 0)
            tv_buf_append_char(&body->bytes, array ? ',' : '\n');
        body->starts[i] = body->bytes.len;
        write_document(dice, &shape, true, &body->bytes);
        body->ends[i] = body->bytes.len;
    }
    if (array)
        tv_buf_append_char(&body->bytes, ']');
}

static enum tv_status decode(
        struct tv_str text, struct tv_batch *batch, struct tv_decode_report *report)
{
    struct tv_decode_options options = {.received_ns = RECEIVED_NS};
    /* A block of the text's own size: reading past it is found. */
    char *copy = tv_malloc(text.len);
    memcpy(copy, text.ptr, text.len);
    enum tv_status status =
            tv_native_decode((struct tv_str){copy, text.len}, &options, batch, report, NULL);
    free(copy);
    return status;
}

static size_t entries_of(const struct tv_batch *batch)
{
    size_t count = 0;
    for (uint32_t i = 0; i < batch->attr_count; i++)
        count += batch->attrs[i].count;
    return count;
}

static void check_body(struct run *run, struct body *body)
{
    static struct tv_decode_report report;
    struct tv_batch *batch = tv_batch_new();
    uint32_t row = 0;
    size_t attributes = 0;
    struct tv_str text = tv_buf_str(&body->bytes);
    if (decode(text, batch, &report) != TV_OK)
        fail("a valid body is refused", report.errors[0].reason, text);
    for (uint32_t i = 0; i < body->count; i++) {
        struct tv_str document = document_of(body, i);
        struct model *model = build(document);
        if (!json_is_strict(document) || !model)
            fail("the generator wrote bad JSON", "", document);
        if (!model->refused) {
            if (row >= batch->rows)
                fail("refused", report.errors[0].reason, document);
            const char *differs = model_compare(model, batch, row++);
            if (differs)
                fail("differs", differs, document);
            attributes += model_count(model);
        }
        drop(model);
    }
    if (row != batch->rows || report.accepted != row || report.rejected != body->count - row)
        fail("another number of events is taken", "", text);
    if (entries_of(batch) != attributes)
        fail("there are attributes that nobody sent", "", text);
    run->accepted += row;
    run->documents += body->count;
    tv_batch_unref(batch);
}

/* One document with some bytes changed, on one line. */
static void check_mutated(struct run *run, struct tv_buf *text)
{
    static struct tv_decode_report report;
    struct shape shape;
    shape_roll(&run->dice, &shape);
    tv_buf_clear(text);
    write_document(&run->dice, &shape, false, text);
    mutate(&run->dice, text);
    struct tv_str document = tv_buf_str(text);
    struct tv_batch *batch = tv_batch_new();
    enum tv_status status = decode(document, batch, &report);
    bool one_line = !memchr(document.ptr, '\n', document.len);
    bool object = tv_str_trim(document).len > 0 && *tv_str_trim(document).ptr == '{';
    run->mutated++;
    if (object && one_line && !json_is_strict(document)) {
        if (report.accepted != 0 || (status == TV_OK && report.rejected == 0))
            fail("bad JSON is taken", "", document);
    } else if (object && json_is_strict(document) &&
            !memmem(document.ptr, document.len, "\\u0000", 6)) {
        struct model *model = build(document);
        if (!model) {
            run->unread++; /* cJSON's own bounds: numbers over 63 bytes */
        } else {
            if (report.accepted != !model->refused)
                fail("changed JSON is judged otherwise", report.errors[0].reason, document);
            if (!model->refused && model_compare(model, batch, 0))
                fail("changed JSON differs", model_compare(model, batch, 0), document);
            run->taken += report.accepted;
            drop(model);
        }
    }
    tv_batch_unref(batch);
}

/* What cJSON takes and RFC 8259 does not; docs/json.md tells it to users. */
static void check_laxities(void)
{
    static struct tv_decode_report report;
    static const struct tv_str lax[] = {{"{\"service\":\"a\",\"x\":01}", 22},
            {"{\"service\":\"a\",\"x\":-01}", 23}, {"{\"service\":\"a\",\"x\":1.}", 22},
            {"{\"service\":\"a\",\"x\":1.e5}", 24}, {"{\"service\":\"a\",\"x\":1e400}", 25},
            {"{\"service\":\"a\tb\"}", 17}, {"{\"service\":\"a\nb\"}", 17},
            {"{\"service\":\"\xff\"}", 15}, {"{\"service\":\"\xc0\xaf\"}", 16},
            {"{\"service\":\"\xed\xa0\x80\"}", 17}, {"{\"service\":\"a\"}\0", 16},
            {"{\"service\":\"a\0\"}", 16}, {"{\"service\":\"a\"} junk", 20},
            {"{\"service\":\x01\"a\"}", 16}, {"{\"service\"\x0b:\"a\"}", 16}};
    for (size_t i = 0; i < sizeof(lax) / sizeof(lax[0]); i++) {
        struct tv_batch *batch = tv_batch_new();
        cJSON *tree = cJSON_ParseWithLength(lax[i].ptr, lax[i].len);
        if (!tree)
            fail("cJSON is stricter than docs/json.md says", "", lax[i]);
        (void)decode(lax[i], batch, &report);
        if (report.accepted != 0 || batch->rows != 0)
            fail("lax JSON is taken", "", lax[i]);
        cJSON_Delete(tree);
        tv_batch_unref(batch);
    }
}

int main(int argc, char **argv)
{
    uint64_t total = argc > 1 ? strtoull(argv[1], NULL, 10) : DOCUMENTS;
    struct run run = {.dice = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1}};
    struct body body = {.count = 0};
    struct tv_buf text = {0};
    check_laxities();
    while (run.documents < total) {
        write_body(&run.dice, &body);
        check_body(&run, &body);
        for (uint32_t i = 0; i < body.count; i++)
            check_mutated(&run, &text);
    }
    printf("%llu documents, %llu of them good events; %llu changed, %llu of them still good; "
           "%llu that cJSON cannot read\n",
            (unsigned long long)run.documents, (unsigned long long)run.accepted,
            (unsigned long long)run.mutated, (unsigned long long)run.taken,
            (unsigned long long)run.unread);
    tv_buf_release(&body.bytes);
    tv_buf_release(&text);
    return 0;
}
