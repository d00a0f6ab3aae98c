/* SPDX-License-Identifier: Apache-2.0 */
/* One small function for each family of fields; the family is chosen by the field's column. */
#include "timeql/literal.h"

#include "base/time.h"

typedef enum tv_status rule_fn(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_value *out);

static const char *literal_noun(const struct tv_literal *literal)
{
    static const char *const nouns[] = {
            "text", "a number", "a percentage", "a duration", "a size", "a boolean"};
    return nouns[literal->kind];
}

static enum tv_status wrong_type(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, const char *is, const char *hint)
{
    tv_compiler_fail(compiler, TV_SYNTAX, literal->offset,
            "'%.*s' is %s and cannot be compared with %s",
            TV_STR_ARG(tv_utf8_prefix(place->written.name, 64)), is, literal_noun(literal));
    tv_error_hint(compiler->err, "%s", hint);
    return TV_SYNTAX;
}

static enum tv_status time_rule(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_value *out)
{
    if (literal->kind != TV_LITERAL_STRING && literal->kind != TV_LITERAL_NUMBER)
        return wrong_type(compiler, place, literal, "a time",
                "write a time in quotes: '2024-01-15 15:47:23' or '10 minutes ago'");
    struct tv_ast_time time = {.text = literal->text, .offset = literal->offset};
    int64_t ns = 0;
    enum tv_status status = tv_compile_time(compiler, &time, &ns);
    *out = tv_value_i64(ns);
    return status;
}

static bool is_milliseconds(struct tv_str name)
{
    return tv_str_equal(name, TV_STR("durationMs")) || tv_str_equal(name, TV_STR("duration_ms"));
}

static enum tv_status duration_number(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    *out = literal->value;
    double number = 0;
    if (is_milliseconds(place->written.name)) {
        if (tv_value_number(literal->value, &number))
            *out = tv_value_f64(number * (double)TV_NS_PER_MS);
    } else if (tv_str_equal(place->written.name, TV_STR("duration"))) {
        tv_compiler_warn(compiler,
                TV_STR("a duration compared with a number without a unit is taken as nanoseconds; "
                       "write 250ms"));
    }
    return TV_OK;
}

static enum tv_status duration_rule(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    static const char hint[] = "write a number and a unit: duration > 250ms";
    int64_t ns;
    *out = literal->value;
    if (literal->kind == TV_LITERAL_DURATION)
        return TV_OK;
    if (literal->kind == TV_LITERAL_NUMBER)
        return duration_number(compiler, place, literal, out);
    if (literal->kind == TV_LITERAL_STRING && tv_duration_parse(literal->text, &ns)) {
        *out = tv_value_i64(ns);
        return TV_OK;
    }
    return wrong_type(compiler, place, literal, "a duration", hint);
}

static enum tv_status arrival_rule(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    uint64_t arrival;
    *out = literal->value;
    if (literal->kind == TV_LITERAL_NUMBER && literal->value.type == TV_TYPE_I64)
        return TV_OK;
    if (literal->kind == TV_LITERAL_STRING && tv_arrival_parse(literal->text, &arrival) &&
            arrival <= INT64_MAX) {
        *out = tv_value_i64((int64_t)arrival);
        return TV_OK;
    }
    return wrong_type(compiler, place, literal, "an arrival number",
            "write it as answers show it: '@0000000000001'");
}

/* The words of an enumeration, for a message. */
static struct tv_str enum_words(struct tv_arena *arena, enum tv_field field)
{
    struct tv_str list = TV_STR("");
    for (unsigned value = 1; value < 32; value++) {
        struct tv_str word = tv_enum_text(field, (uint8_t)value);
        bool step = field != TV_FIELD_SEVERITY || value % 4 == 1;
        if (word.len > 0 && step)
            list = tv_arena_printf(
                    arena, "%.*s%s%.*s", TV_STR_ARG(list), list.len ? ", " : "", TV_STR_ARG(word));
    }
    return list;
}

static enum tv_status unknown_word(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal)
{
    struct tv_str words[32];
    size_t count = 0;
    for (unsigned value = 1; value < 32; value++) {
        struct tv_str word = tv_enum_text(place->ref.field, (uint8_t)value);
        if (word.len > 0)
            words[count++] = word;
    }
    int nearest = tv_str_nearest(literal->text, words, count);
    tv_compiler_fail(compiler, TV_SYNTAX, literal->offset, "'%.*s' is no %s",
            TV_STR_ARG(tv_utf8_prefix(literal->text, 64)), tv_field_name(place->ref.field));
    if (nearest >= 0)
        tv_error_hint(compiler->err, "did you mean '%.*s'?", TV_STR_ARG(words[nearest]));
    else
        tv_error_hint(compiler->err, "it is one of %.*s",
                TV_STR_ARG(enum_words(compiler->arena, place->ref.field)));
    return TV_SYNTAX;
}

static enum tv_status enum_rule(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_value *out)
{
    uint8_t value;
    bool number = literal->kind == TV_LITERAL_NUMBER && place->ref.field == TV_FIELD_SEVERITY;
    if (literal->kind != TV_LITERAL_STRING && !number)
        return wrong_type(compiler, place, literal, "a word", "write it in quotes, as 'error'");
    if (!tv_enum_from_text(place->ref.field, literal->text, &value))
        return unknown_word(compiler, place, literal);
    /* A severity's number is exact, its name may cover four: that is the predicate's to know. */
    *out = place->ref.field == TV_FIELD_SEVERITY
            ? literal->value
            : tv_value_str(tv_enum_text(place->ref.field, value));
    return TV_OK;
}

static struct tv_str hex_of(struct tv_arena *arena, const uint64_t *words, size_t count)
{
    char *out = tv_arena_bytes(arena, count * 16);
    for (size_t i = 0; i < count; i++) {
        uint64_t big = __builtin_bswap64(words[i]);
        tv_hex_encode((const uint8_t *)&big, sizeof(big), out + 16 * i);
    }
    return (struct tv_str){out, count * 16};
}

/* An id as it is stored: hex, or the hash of another text. */
static struct tv_str id_text(struct tv_arena *arena, enum tv_field field, struct tv_str text)
{
    struct tv_id trace;
    uint64_t span;
    if (field == TV_FIELD_TRACE_ID) {
        (void)tv_trace_id_from_text(text, &trace);
        return hex_of(arena, (const uint64_t[]){trace.hi, trace.lo}, 2);
    }
    (void)tv_span_id_from_text(text, &span);
    return hex_of(arena, &span, 1);
}

static enum tv_status text_rule(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_value *out)
{
    if (literal->kind != TV_LITERAL_STRING)
        return wrong_type(compiler, place, literal, "text", "put the value in quotes");
    enum tv_column_type column = tv_field_column(place->ref.field);
    *out = literal->value;
    if (column == TV_COLUMN_ID || column == TV_COLUMN_U64)
        *out = tv_value_str(id_text(compiler->arena, place->ref.field, literal->text));
    if (place->ref.field == TV_FIELD_CAUSED_BY)
        *out = tv_value_str(
                tv_arena_printf(compiler->arena, "\"%.*s\"", TV_STR_ARG(literal->text)));
    return TV_OK;
}

/* CONTAINS, STARTS WITH and =~ look at text, whatever the field. */
static enum tv_status pattern_rule(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    enum tv_column_type column =
            place->ref.class == TV_FIELD_FIXED ? tv_field_column(place->ref.field) : TV_COLUMN_CODE;
    bool number = column == TV_COLUMN_I64 || place->ref.field == TV_FIELD_ARRIVAL ||
            place->ref.class == TV_FIELD_VIRTUAL;
    if (number) {
        tv_compiler_fail(compiler, TV_SYNTAX, place->written.offset,
                "'%.*s' is no text to look for text in",
                TV_STR_ARG(tv_utf8_prefix(place->written.name, 64)));
        tv_error_hint(compiler->err, "compare it with =, <, >, IN or BETWEEN");
        return TV_SYNTAX;
    }
    if (literal->kind != TV_LITERAL_STRING) {
        tv_compiler_fail(compiler, TV_SYNTAX, literal->offset, "text is looked for, not %s",
                literal_noun(literal));
        tv_error_hint(compiler->err, "put the value in quotes: '%.*s'",
                TV_STR_ARG(tv_utf8_prefix(literal->text, 64)));
        return TV_SYNTAX;
    }
    *out = literal->value;
    return TV_OK;
}

static enum tv_status virtual_rule(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    *out = literal->value;
    if (place->ref.virtual_field == TV_VIRTUAL_ERROR_OCCURRED) {
        bool equality = place->op == TV_OP_EQ || place->op == TV_OP_NE;
        if (literal->kind == TV_LITERAL_BOOL && equality)
            return TV_OK;
        return wrong_type(compiler, place, literal, "true or false",
                "write error_occurred = true or error_occurred = false");
    }
    double number;
    if (literal->kind == TV_LITERAL_STRING && tv_value_number(literal->value, &number)) {
        *out = tv_value_f64(number);
        return TV_OK;
    }
    if (literal->kind == TV_LITERAL_STRING || literal->kind == TV_LITERAL_BOOL ||
            literal->kind == TV_LITERAL_DURATION)
        return wrong_type(compiler, place, literal, "a number", "write cpu > 80% or cpu > 80");
    return TV_OK;
}

/* ns in the unit that an attribute's name ends with; 1 if it tells none. */
static int64_t unit_of_name(struct tv_str name)
{
    static const struct {
        const char *suffix;
        int64_t ns;
    } suffixes[] = {{"Ms", TV_NS_PER_MS}, {"_ms", TV_NS_PER_MS}, {".ms", TV_NS_PER_MS},
            {"Millis", TV_NS_PER_MS}, {"_millis", TV_NS_PER_MS}, {"Us", TV_NS_PER_US},
            {"_us", TV_NS_PER_US}, {"_micros", TV_NS_PER_US}, {"_s", TV_NS_PER_S},
            {"Seconds", TV_NS_PER_S}, {"_seconds", TV_NS_PER_S}, {".seconds", TV_NS_PER_S}};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t len = strlen(suffixes[i].suffix);
        if (name.len > len && memcmp(name.ptr + name.len - len, suffixes[i].suffix, len) == 0)
            return suffixes[i].ns;
    }
    return 1;
}

static enum tv_status attribute_rule(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out)
{
    (void)compiler;
    *out = literal->value;
    int64_t unit = unit_of_name(place->ref.name);
    if (literal->kind == TV_LITERAL_DURATION && unit > 1)
        *out = tv_value_f64((double)literal->value.i / (double)unit);
    return TV_OK;
}

static rule_fn *fixed_rule(enum tv_field field)
{
    if (field == TV_FIELD_TIME || field == TV_FIELD_RECEIVED)
        return time_rule;
    if (field == TV_FIELD_DURATION)
        return duration_rule;
    if (field == TV_FIELD_ARRIVAL)
        return arrival_rule;
    return tv_field_column(field) == TV_COLUMN_U8 ? enum_rule : text_rule;
}

enum tv_status tv_literal_value(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_value *out)
{
    rule_fn *rule = attribute_rule;
    if (place->op == TV_OP_CONTAINS || place->op == TV_OP_STARTS_WITH)
        rule = pattern_rule;
    else if (place->ref.class == TV_FIELD_VIRTUAL)
        rule = virtual_rule;
    else if (place->ref.class == TV_FIELD_FIXED)
        rule = fixed_rule(place->ref.field);
    return rule(compiler, place, literal, out);
}
