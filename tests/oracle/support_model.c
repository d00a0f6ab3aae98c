/* SPDX-License-Identifier: Apache-2.0 */
/* The model of an event: DESIGN's rules on cJSON's tree, without any thought of speed.
 *
 * cJSON keeps numbers as doubles only, so the texts of numbers are taken from the document: they
 * stand there in the order in which the tree is walked. Conversions use base's and event's general
 * functions, which the decoder's fast ways must agree with. */
#include "support_model.h"

#include "base/time.h"

#include <math.h>
#include <stdlib.h>

static bool is(struct tv_str text, const char *other)
{
    return tv_str_equal(text, tv_str_of(other));
}

static void refuse(struct model *model, const char *why)
{
    if (!model->refused)
        model->refused = why;
}

/* The text of the next number in the document. */
static struct tv_str next_number(struct model *model)
{
    const char *at = model->rest.ptr;
    bool quoted = false;
    while (quoted || !(*at == '-' || (*at >= '0' && *at <= '9'))) {
        if (quoted && *at == '\\')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        at++;
    }
    const char *end = at;
    while (*end && strchr("+-.eE0123456789", *end))
        end++;
    struct tv_str number = {at, (size_t)(end - at)};
    model->rest.len -= (size_t)(end - model->rest.ptr);
    model->rest.ptr = end;
    return number;
}

static bool is_integer(struct tv_str number, int64_t *out)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.ptr[i] == '.' || number.ptr[i] == 'e' || number.ptr[i] == 'E')
            return false;
    return tv_str_to_i64(number, out);
}

static struct model_attr *attr_of(struct model *model, struct tv_str name)
{
    for (size_t i = 0; i < model->attr_count; i++)
        if (tv_str_equal(model->attrs[i].name, name))
            return &model->attrs[i];
    TV_ASSERT(model->attr_count < MODEL_ATTRS_MAX);
    struct model_attr *attr = &model->attrs[model->attr_count++];
    *attr = (struct model_attr){.name = name};
    return attr;
}

static void set_attr(struct model *model, struct tv_str name, const struct model_leaf *leaf)
{
    struct model_attr *attr = attr_of(model, name);
    attr->leaf = *leaf;
    attr->text = (struct tv_str){NULL, 0};
    attr->present = !cJSON_IsNull(leaf->node);
}

static void set_attr_text(struct model *model, const char *name, struct tv_str text)
{
    struct model_attr *attr = attr_of(model, tv_str_of(name));
    attr->leaf.node = NULL;
    attr->text = text;
    attr->present = true;
}

/* Consumes the numbers inside of an array and checks them and the nesting. */
static void check_inside(struct model *model, const cJSON *node, unsigned depth)
{
    if (cJSON_IsNumber(node)) {
        (void)next_number(model);
        if (isinf(node->valuedouble))
            refuse(model, "number out of range");
    }
    if (!cJSON_IsArray(node) && !cJSON_IsObject(node))
        return;
    if (depth + 1 > 32)
        refuse(model, "too deep");
    for (const cJSON *child = node->child; child; child = child->next)
        check_inside(model, child, depth + 1);
}

static bool is_holder(struct tv_str name)
{
    return is(name, "attributes") || is(name, "attrs") || is(name, "data") || is(name, "metadata");
}

static bool takes_objects(enum tv_field field)
{
    return field == TV_FIELD_SERVICE || field == TV_FIELD_HOST || field == TV_FIELD_MESSAGE ||
            field == TV_FIELD_KIND || field == TV_FIELD_STATUS || field == TV_FIELD_SEVERITY ||
            field == TV_FIELD_METRIC_KIND || field == TV_FIELD_TEMPORALITY;
}

/* Where a walk over nested objects is. */
struct place {
    struct tv_str path, name; /* of the object: from the document's top, and as attribute */
    unsigned depth;           /* objects around its members */
};

static void walk(struct model *model, const cJSON *object, const struct place *place);

static void take_leaf(struct model *model, const cJSON *node, struct tv_str path,
        struct tv_str name, unsigned depth)
{
    struct model_leaf leaf = {.node = node, .path = path, .name = name};
    unsigned rank = 0;
    enum tv_field field = tv_field_by_alias(path, &rank);
    if (cJSON_IsNumber(node)) {
        leaf.number = next_number(model);
        if (isinf(node->valuedouble))
            refuse(model, "number out of range");
    } else if (cJSON_IsArray(node)) {
        check_inside(model, node, depth);
    }
    if (field == TV_FIELD_COUNT)
        set_attr(model, name, &leaf);
    else
        model->fields[field][rank] = cJSON_IsNull(node) ? (struct model_leaf){.node = NULL} : leaf;
}

static void take_member(struct model *model, const cJSON *node, const struct place *place)
{
    struct tv_str key = tv_str_of(node->string);
    struct tv_str path = key;
    struct tv_str name = key;
    if (place->depth > 1)
        path = tv_arena_printf(&model->arena, "%.*s.%s", TV_STR_ARG(place->path), node->string);
    if (place->depth > 1 && place->name.ptr)
        name = tv_arena_printf(&model->arena, "%.*s.%s", TV_STR_ARG(place->name), node->string);
    if (name.len > 512)
        refuse(model, "name too long");
    if (!cJSON_IsObject(node)) {
        take_leaf(model, node, path, name, place->depth);
        return;
    }
    unsigned rank = 0;
    enum tv_field field = tv_field_by_alias(path, &rank);
    if (field != TV_FIELD_COUNT) {
        model->fields[field][rank].node = NULL;
        if (!takes_objects(field))
            refuse(model, "object in place of a field");
    }
    bool holder = place->depth == 1 && is_holder(key);
    struct place inside = {path, holder ? (struct tv_str){NULL, 0} : name, place->depth + 1};
    walk(model, node, &inside);
}

static void walk(struct model *model, const cJSON *object, const struct place *place)
{
    if (place->depth > 32)
        refuse(model, "too deep");
    for (const cJSON *child = object->child; child; child = child->next)
        take_member(model, child, place);
}

/* A field's content as text; false if it has none. */
static bool text_of(const struct model_leaf *leaf, bool numbers, struct tv_str *out)
{
    if (cJSON_IsString(leaf->node))
        *out = tv_str_of(leaf->node->valuestring);
    else if (numbers && cJSON_IsNumber(leaf->node))
        *out = leaf->number;
    else
        return false;
    return true;
}

static void set_time(struct model *model, const struct model_leaf *leaf)
{
    struct tv_str text = {NULL, 0};
    int64_t time_ns = 0;
    bool good = text_of(leaf, true, &text) &&
            (is(text, "-0") ? cJSON_IsNumber(leaf->node)
                            : tv_time_parse_epoch(text, &time_ns) ||
                                    (cJSON_IsString(leaf->node) &&
                                            tv_time_parse_rfc3339(text, &time_ns)));
    if (!good)
        refuse(model, "no time");
    if (time_ns == 0)
        time_ns = model->received_ns;
    if (time_ns > model->received_ns + 10 * TV_NS_PER_MIN) {
        char claimed[TV_TIME_TEXT_BYTES];
        struct tv_str shown = {claimed, tv_time_format(time_ns, claimed)};
        set_attr_text(model, "timestamp.claimed", tv_arena_str(&model->arena, shown));
        time_ns = model->received_ns;
    }
    model->i64[TV_FIELD_TIME] = time_ns;
}

static void set_duration(struct model *model, const struct model_leaf *leaf)
{
    __extension__ typedef __int128 wide;
    struct tv_str text = {NULL, 0};
    int64_t whole = 0;
    double number = 0;
    bool ms = !is(leaf->path, "durationNs") && !is(leaf->path, "duration_ns");
    if (!text_of(leaf, true, &text)) {
        refuse(model, "no duration");
    } else if (is_integer(text, &whole)) {
        wide exact = (wide)whole * (ms ? 1000000 : 1);
        if (exact < 0 || exact > INT64_MAX)
            refuse(model, "duration out of range");
        model->i64[TV_FIELD_DURATION] = (int64_t)exact;
    } else if (tv_str_to_f64(text, &number)) {
        number = round(number * (ms ? 1e6 : 1));
        if (number < 0 || (number == 0 && text.ptr[0] == '-' && strtod(text.ptr, NULL) < 0) ||
                number >= 9223372036854775808.0)
            refuse(model, "duration out of range");
        else
            model->i64[TV_FIELD_DURATION] = (int64_t)number;
    } else {
        refuse(model, "no duration");
    }
}

static void set_text(struct model *model, enum tv_field field, const struct model_leaf *leaf)
{
    bool numbers = field == TV_FIELD_EVENT_ID || field == TV_FIELD_HOST ||
            field == TV_FIELD_INSTANCE || field == TV_FIELD_MESSAGE;
    struct tv_str text = {NULL, 0};
    if (field == TV_FIELD_MESSAGE && cJSON_IsBool(leaf->node))
        text = cJSON_IsTrue(leaf->node) ? TV_STR("true") : TV_STR("false");
    else if (!text_of(leaf, numbers, &text))
        refuse(model, "no text");
    if (text.len > 0)
        model->text[field] = text;
}

static void set_id(struct model *model, enum tv_field field, const struct model_leaf *leaf)
{
    struct tv_str text = {NULL, 0};
    if (!text_of(leaf, true, &text))
        refuse(model, "no id");
    if (text.len == 0)
        return;
    bool hex = field == TV_FIELD_TRACE_ID ? tv_trace_id_from_text(text, &model->trace)
                                          : tv_span_id_from_text(text, &model->span[field]);
    if (!hex)
        set_attr_text(model, tv_field_name(field), text);
}

static void set_small(struct model *model, enum tv_field field, const struct model_leaf *leaf)
{
    int64_t number = -1;
    bool known = false;
    if (cJSON_IsString(leaf->node)) {
        struct tv_str text = tv_str_of(leaf->node->valuestring);
        known = text.len == 0 || tv_enum_from_text(field, text, &model->small[field]);
    } else if (cJSON_IsNumber(leaf->node) && is_integer(leaf->number, &number)) {
        int64_t most = field == TV_FIELD_KIND ? 5
                : field == TV_FIELD_STATUS    ? 2
                : field == TV_FIELD_SEVERITY  ? 24
                                              : -1;
        known = number >= 0 && number <= most;
        if (known)
            model->small[field] = (uint8_t)(number + (field == TV_FIELD_STATUS));
    }
    if (!known)
        set_attr(model, leaf->name, leaf);
}

static void set_causes(struct model *model, const struct model_leaf *leaf)
{
    struct tv_str text = {NULL, 0};
    const cJSON *node = leaf->node;
    model->causes = node;
    model->causes_number = leaf->number;
    if (cJSON_IsArray(node)) {
        for (const cJSON *child = node->child; child; child = child->next)
            if (!cJSON_IsString(child) && !cJSON_IsNumber(child))
                refuse(model, "no cause");
    } else if (!text_of(leaf, true, &text)) {
        refuse(model, "no cause");
    }
}

static void set_field(struct model *model, enum tv_field field, const struct model_leaf *leaf)
{
    if (field == TV_FIELD_TIME)
        set_time(model, leaf);
    else if (field == TV_FIELD_DURATION)
        set_duration(model, leaf);
    else if (field == TV_FIELD_CAUSED_BY)
        set_causes(model, leaf);
    else if (field == TV_FIELD_TRACE_ID || field == TV_FIELD_SPAN_ID ||
            field == TV_FIELD_PARENT_SPAN_ID)
        set_id(model, field, leaf);
    else if (tv_field_column(field) == TV_COLUMN_U8)
        set_small(model, field, leaf);
    else
        set_text(model, field, leaf);
}

void model_build(struct model *model, struct tv_str document, const cJSON *tree)
{
    struct place top = {.depth = 1};
    model->rest = document;
    for (int i = 0; i < TV_FIELD_COUNT; i++)
        model->i64[i] = TV_ABSENT_I64;
    model->i64[TV_FIELD_TIME] = model->received_ns;
    walk(model, tree, &top);
    for (int i = 0; i < TV_FIELD_COUNT; i++) {
        bool won = false;
        for (int rank = 0; rank < MODEL_RANKS_MAX; rank++) {
            const struct model_leaf *leaf = &model->fields[i][rank];
            if (!leaf->node)
                continue;
            if (!won)
                set_field(model, (enum tv_field)i, leaf);
            else
                set_attr(model, leaf->name, leaf);
            won = true;
        }
    }
    if (model->text[TV_FIELD_SERVICE].len == 0)
        refuse(model, "no service");
    if (model->text[TV_FIELD_TYPE].len == 0)
        model->text[TV_FIELD_TYPE] = TV_STR("event");
}

void model_release(struct model *model)
{
    tv_arena_release(&model->arena);
}

size_t model_count(const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < model->attr_count; i++)
        count += model->attrs[i].present;
    return count;
}
