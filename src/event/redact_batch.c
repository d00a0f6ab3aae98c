/* SPDX-License-Identifier: Apache-2.0 */
/* Redacting a batch.
 *
 * A batch names its texts by codes, so they are searched where they lie, once each, in whatever cell
 * they are: nothing a decoder does can get past, and a text that a thousand events share costs as
 * much as one. Only where something was found are the cells walked, and those with such a code get the
 * code of a new text; the old one is forgotten, since the table of texts is stored as a whole. To search
 * each value as it is decoded would look at the same service name a thousand times.
 *
 * Attributes whose names give their digits a meaning (`user.phone`, `card`) are looked at a second time
 * with that knowledge, their numbers too. */
#include "event/redactor_internal.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SHORTEST = 5,
    DIGIT_HINTS = TV_REDACT_HINT_PHONE | TV_REDACT_HINT_SSN | TV_REDACT_HINT_CARD
};

/* A text in which something was found. */
struct find {
    uint32_t code;
    unsigned hints;
    struct rewritten {
        bool made;
        uint32_t code; /* 0: nothing is left */
        unsigned rules;
    } as[TV_REDACT_FORMS];
};

struct pass {
    struct tv_redactor *redactor;
    struct tv_batch *batch;
    struct tv_redact_mark since;
    uint32_t text_count; /* of texts before anything is rewritten */
    uint32_t *by_code;   /* index + 1 into finds; NULL until something is found */
    struct find *finds;
    size_t count, cap;
    struct tv_buf scratch;
};

static bool finds_any(const struct pass *pass, struct tv_str text, unsigned hints)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    tv_redact_search_init(&search, &pass->redactor->scanner, text, hints);
    return text.len >= SHORTEST && tv_redact_next(&search, &match);
}

static void note(struct pass *pass, uint32_t code, unsigned hints)
{
    if (!pass->by_code)
        pass->by_code = tv_calloc(pass->text_count, sizeof(*pass->by_code));
    if (pass->by_code[code]) {
        pass->finds[pass->by_code[code] - 1].hints |= hints;
        return;
    }
    if (pass->count == pass->cap) {
        pass->cap = tv_grown(pass->cap, pass->count + 1, 16);
        pass->finds = tv_realloc_array(pass->finds, pass->cap, sizeof(*pass->finds));
    }
    pass->finds[pass->count++] = (struct find){.code = code, .hints = hints};
    pass->by_code[code] = (uint32_t)pass->count;
}

static void search_texts(struct pass *pass)
{
    const struct tv_strings *strings = &pass->batch->strings;
    for (uint32_t code = pass->since.strings ? pass->since.strings : 1; code < strings->count;
            code++)
        if (finds_any(pass, strings->items[code], 0))
            note(pass, code, 0);
}

static void add_counts(const struct pass *pass, unsigned rules)
{
    for (; rules; rules &= rules - 1)
        atomic_fetch_add_explicit(
                &pass->redactor->counts[__builtin_ctz(rules)], 1, memory_order_relaxed);
}

/* The code of the text as such a cell gets it. */
static uint32_t rewritten(struct pass *pass, struct find *find, unsigned form)
{
    struct rewritten *as = &find->as[form];
    struct tv_batch *batch = pass->batch;
    if (!as->made) {
        struct tv_str text = tv_strings_get(&batch->strings, find->code);
        tv_buf_clear(&pass->scratch);
        as->rules = tv_redactor_rewrite_as(pass->redactor, text, find->hints, form, &pass->scratch);
        as->code = pass->scratch.len ? tv_batch_attr_text(batch, tv_buf_str(&pass->scratch)) : 0;
        as->made = true;
    }
    add_counts(pass, as->rules);
    return as->code;
}

static struct find *find_of(const struct pass *pass, uint64_t code)
{
    bool known = pass->by_code && code < pass->text_count && pass->by_code[code];
    return known ? &pass->finds[pass->by_code[code] - 1] : NULL;
}

static bool is_text(uint8_t type)
{
    return type == TV_TYPE_STR || type == TV_TYPE_JSON;
}

/* A number that is more than one by its attribute's name: its digits become a text. False where
 * nothing is left of it. */
static bool search_number(struct pass *pass, struct tv_attr *attr, uint32_t entry)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, (int64_t)attr->bits[entry]);
    struct tv_str text = {digits, (size_t)len};
    tv_redact_search_init(&search, &pass->redactor->scanner, text, attr->hints);
    if (!tv_redact_next(&search, &match) || match.end - match.start != text.len)
        return true;
    tv_buf_clear(&pass->scratch);
    add_counts(pass, tv_redactor_rewrite_as(pass->redactor, text, attr->hints, 0, &pass->scratch));
    attr->types[entry] = TV_TYPE_STR;
    attr->bits[entry] = tv_batch_attr_text(pass->batch, tv_buf_str(&pass->scratch));
    return pass->scratch.len > 0;
}

static void move_entry(struct tv_attr *attr, uint32_t to, uint32_t from)
{
    attr->rows[to] = attr->rows[from];
    attr->types[to] = attr->types[from];
    attr->bits[to] = attr->bits[from];
}

static void search_hinted(struct pass *pass, struct tv_attr *attr)
{
    uint32_t kept = tv_attr_lower_bound(attr, pass->since.rows);
    for (uint32_t i = kept; i < attr->count; i++) {
        uint64_t code = attr->bits[i];
        if (attr->types[i] == TV_TYPE_I64 && !search_number(pass, attr, i))
            continue;
        if (is_text(attr->types[i]) && code < pass->text_count &&
                finds_any(pass, pass->batch->strings.items[code], attr->hints))
            note(pass, (uint32_t)code, attr->hints);
        move_entry(attr, kept++, i);
    }
    attr->count = kept;
}

static unsigned field_form(enum tv_field field)
{
    if (field == TV_FIELD_CAUSED_BY)
        return TV_REDACT_FORM_IDENTITY | TV_REDACT_FORM_JSON;
    bool identity = field == TV_FIELD_SERVICE || field == TV_FIELD_INSTANCE ||
            field == TV_FIELD_HOST || field == TV_FIELD_EVENT_ID || field == TV_FIELD_TYPE;
    return identity ? TV_REDACT_FORM_IDENTITY : 0;
}

static void rewrite_column(struct pass *pass, enum tv_field field)
{
    uint32_t *codes = pass->batch->columns[field];
    if (!codes || tv_field_column(field) != TV_COLUMN_CODE)
        return;
    for (uint32_t row = pass->since.rows; row < pass->batch->rows; row++) {
        struct find *find = find_of(pass, codes[row]);
        if (find)
            codes[row] = rewritten(pass, find, field_form(field));
    }
}

/* Rewrites the attribute's values and takes out those of which nothing is left. */
static void rewrite_values(struct pass *pass, struct tv_attr *attr)
{
    uint32_t kept = tv_attr_lower_bound(attr, pass->since.rows);
    for (uint32_t i = kept; i < attr->count; i++) {
        struct find *find = is_text(attr->types[i]) ? find_of(pass, attr->bits[i]) : NULL;
        uint64_t bits = attr->bits[i];
        if (find)
            bits = rewritten(pass, find, attr->types[i] == TV_TYPE_JSON ? TV_REDACT_FORM_JSON : 0);
        if (find && bits == 0)
            continue;
        attr->bits[i] = bits;
        move_entry(attr, kept++, i);
    }
    attr->count = kept;
}

/* Names stay different from each other, also from one that was sent looking like a rewritten one. */
static void rewrite_name(struct pass *pass, uint32_t index)
{
    struct tv_batch *batch = pass->batch;
    struct find *find = find_of(pass, batch->attrs[index].name);
    if (!find)
        return;
    uint32_t code = rewritten(pass, find, TV_REDACT_FORM_IDENTITY);
    struct tv_str name = tv_strings_get(&batch->strings, code);
    while (tv_batch_find_attr(batch, name) != UINT32_MAX)
        name = tv_arena_printf(&batch->arena, "%.*s'", TV_STR_ARG(name));
    code = tv_strings_intern(&batch->strings, &batch->arena, name);
    *tv_map_put(&batch->attr_by_name, tv_strings_get(&batch->strings, code), NULL) = index;
    batch->attrs[index].name = code;
}

static void rewrite_cells(struct pass *pass)
{
    struct tv_batch *batch = pass->batch;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        rewrite_column(pass, (enum tv_field)i);
    for (uint32_t i = 0; i < batch->attr_count; i++) {
        rewrite_values(pass, &batch->attrs[i]);
        rewrite_name(pass, i);
    }
    for (size_t i = 0; i < pass->count; i++)
        if (pass->finds[i].code >= pass->since.strings)
            tv_strings_forget(&batch->strings, pass->finds[i].code);
}

void tv_redactor_apply(
        struct tv_redactor *redactor, struct tv_batch *batch, struct tv_redact_mark since)
{
    if (redactor->scanner.rules == 0)
        return;
    struct pass pass = {.redactor = redactor,
            .batch = batch,
            .since = since,
            .text_count = batch->strings.count};
    search_texts(&pass);
    for (uint32_t i = 0; i < batch->attr_count; i++)
        if (batch->attrs[i].hints & DIGIT_HINTS)
            search_hinted(&pass, &batch->attrs[i]);
    if (pass.count > 0)
        rewrite_cells(&pass);
    free(pass.by_code);
    free(pass.finds);
    tv_buf_release(&pass.scratch);
}
