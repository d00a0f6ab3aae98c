/* SPDX-License-Identifier: Apache-2.0 */
/* A row of a batch against the model of its document. */
#include "event/redact.h"
#include "support_model.h"

#include <stdio.h>
#include <stdlib.h>

/* Same structure, names, texts and numbers in the same order; where `mask` is set, the values of
 * secrets are masked in `got`. */
static bool same_json(const cJSON *want, const cJSON *got, bool mask)
{
    if (mask && want->string && tv_redact_is_secret(tv_str_of(want->string)))
        return cJSON_IsString(got) && tv_str_equal(tv_str_of(got->valuestring), tv_redact_mask());
    if ((want->type & 0xff) != (got->type & 0xff))
        return false;
    if (cJSON_IsString(want))
        return strcmp(want->valuestring, got->valuestring) == 0;
    if (cJSON_IsNumber(want))
        return memcmp(&want->valuedouble, &got->valuedouble, sizeof(double)) == 0;
    const cJSON *b = got->child;
    for (const cJSON *a = want->child; a; a = a->next, b = b->next) {
        if (!b || (a->string && strcmp(a->string, b->string) != 0) || !same_json(a, b, mask))
            return false;
    }
    return b == NULL;
}

static bool same_array(const cJSON *want, struct tv_str text)
{
    cJSON *got = cJSON_ParseWithLength(text.ptr, text.len);
    bool same = got != NULL;
    if (same) {
        const cJSON *b = got->child;
        for (const cJSON *a = want->child; same && a; a = a->next, b = b->next)
            same = b && same_json(a, b, true);
        same = same && b == NULL && cJSON_IsArray(got);
    }
    cJSON_Delete(got);
    return same;
}

static bool same_number(const struct model_leaf *leaf, struct tv_value got)
{
    int64_t whole = 0;
    bool integer = true;
    for (size_t i = 0; i < leaf->number.len; i++)
        integer = integer && !strchr(".eE", leaf->number.ptr[i]);
    if (integer && tv_str_to_i64(leaf->number, &whole))
        return got.type == TV_TYPE_I64 && got.i == whole;
    return got.type == TV_TYPE_F64 && memcmp(&got.f, &leaf->node->valuedouble, sizeof(double)) == 0;
}

static bool same_value(const struct model_attr *want, struct tv_value got)
{
    const cJSON *node = want->leaf.node;
    if (tv_redact_is_secret(want->name))
        return got.type == TV_TYPE_STR && tv_str_equal(got.s, tv_redact_mask());
    if (!node)
        return got.type == TV_TYPE_STR && tv_str_equal(got.s, want->text);
    if (cJSON_IsString(node))
        return got.type == TV_TYPE_STR && tv_str_equal(got.s, tv_str_of(node->valuestring));
    if (cJSON_IsNumber(node))
        return same_number(&want->leaf, got);
    if (cJSON_IsBool(node))
        return got.type == TV_TYPE_BOOL && got.b == (bool)cJSON_IsTrue(node);
    return got.type == TV_TYPE_JSON && same_array(node, got.s);
}

/* The batch has event ids as texts: want is a string, a number or an array of them. */
static bool same_causes(const struct model *model, struct tv_str text)
{
    const cJSON *want = model->causes;
    const cJSON *a = cJSON_IsArray(want) ? want->child : want;
    bool array = cJSON_IsArray(want);
    cJSON *got = text.len ? cJSON_ParseWithLength(text.ptr, text.len) : NULL;
    const cJSON *b = got ? got->child : NULL;
    bool same = true;
    for (; same && a; a = array ? a->next : NULL) {
        if (cJSON_IsString(a) && !a->valuestring[0])
            continue;
        same = cJSON_IsString(b);
        if (same && cJSON_IsString(a))
            same = strcmp(a->valuestring, b->valuestring) == 0;
        else if (same && !array)
            same = tv_str_equal(model->causes_number, tv_str_of(b->valuestring));
        else if (same)
            same = a->valuedouble == strtod(b->valuestring, NULL);
        b = b ? b->next : NULL;
    }
    same = same && b == NULL;
    cJSON_Delete(got);
    return same;
}

static bool same_field(
        const struct model *model, const struct tv_batch *batch, enum tv_field field, uint32_t row)
{
    const void *cells = batch->columns[field];
    if (field == TV_FIELD_ARRIVAL)
        return cells == NULL;
    if (field == TV_FIELD_RECEIVED)
        return tv_batch_i64(batch, field)[row] == model->received_ns;
    if (field == TV_FIELD_CAUSED_BY)
        return same_causes(model, cells ? tv_batch_text(batch, field, row) : TV_STR(""));
    switch (tv_field_column(field)) {
    case TV_COLUMN_U64:
        return (cells ? tv_batch_u64(batch, field)[row] : 0) == model->span[field];
    case TV_COLUMN_I64:
        return (cells ? tv_batch_i64(batch, field)[row] : TV_ABSENT_I64) == model->i64[field];
    case TV_COLUMN_ID:
        return tv_id_equal(
                cells ? tv_batch_ids(batch, field)[row] : (struct tv_id){0, 0}, model->trace);
    case TV_COLUMN_CODE:
        return tv_str_equal(
                cells ? tv_batch_text(batch, field, row) : TV_STR(""), model->text[field]);
    case TV_COLUMN_U8:
        return (cells ? tv_batch_u8(batch, field)[row] : 0) == model->small[field];
    }
    return false;
}

const char *model_compare(const struct model *model, const struct tv_batch *batch, uint32_t row)
{
    static char what[256];
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        if (!same_field(model, batch, (enum tv_field)i, row))
            return tv_field_name((enum tv_field)i);
    for (size_t i = 0; i < model->attr_count; i++) {
        const struct model_attr *want = &model->attrs[i];
        uint32_t attr = tv_batch_find_attr(batch, want->name);
        struct tv_value got = {.type = TV_TYPE_NULL};
        if (attr != UINT32_MAX)
            got = tv_batch_attr_value(batch, attr, row);
        if (want->present ? !same_value(want, got) : got.type != TV_TYPE_NULL) {
            (void)snprintf(what, sizeof(what), "attribute '%.*s'", TV_STR_ARG(want->name));
            return what;
        }
    }
    return NULL;
}
