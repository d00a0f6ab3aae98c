/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, values, times, durations, counts and references: the leaves of the grammar.
 *
 * A parameter may stand wherever a value, time, duration or count does; it is replaced here by the
 * literal that its JSON value amounts to, so no later stage knows of parameters. */
#include "base/json_out.h"
#include "base/time.h"
#include "timeql/keyword.h"
#include "timeql/parser_internal.h"

#include <math.h>
#include <stdio.h>

bool tv_parse_field(struct tv_parser *parser, struct tv_ast_field *out)
{
    const struct tv_lexeme *token = &parser->token;
    tv_parser_expect(parser, "field");
    bool word = token->kind == TV_LEX_WORD && !tv_keyword_is_reserved(token->text);
    if (!word && token->kind != TV_LEX_NAME) {
        bool keyword = token->kind == TV_LEX_WORD;
        struct tv_str text = token->text;
        (void)tv_parser_unexpected(parser);
        if (keyword)
            tv_parser_hint(parser, "as the name of a field it stands in back quotes: `%.*s`",
                    TV_STR_ARG(text));
        return false;
    }
    *out = (struct tv_ast_field){.name = token->text, .offset = token->offset};
    tv_parser_advance(parser);
    return true;
}

/* A number that JSON gave, as the digits that a statement would have. */
static struct tv_str number_text(struct tv_arena *arena, double number)
{
    if (floor(number) == number && fabs(number) < 9e18)
        return tv_arena_printf(arena, "%lld", (long long)number);
    char text[32];
    size_t len = tv_f64_format(number, text);
    return tv_arena_str(arena, (struct tv_str){text, len});
}

static const struct tv_json *find_param(struct tv_parser *parser)
{
    const struct tv_json *child = parser->params ? tv_json_first(parser->params) : NULL;
    const struct tv_json *found = NULL;
    for (; child; child = tv_json_next(child))
        if (tv_str_equal(tv_json_name(child), parser->token.text))
            found = child;
    if (!found) {
        tv_parser_fail(parser, TV_SYNTAX, parser->token.offset, "there is no parameter '%.*s'",
                TV_STR_ARG(tv_utf8_prefix(parser->token.text, 64)));
        tv_parser_hint(parser, "send it as a member of \"params\" beside \"query\"");
    }
    return found;
}

/* The lexeme that a scalar parameter stands for; false (failed) for null, arrays and objects. */
static bool param_lexeme(
        struct tv_parser *parser, const struct tv_json *value, struct tv_lexeme *out)
{
    *out = parser->token;
    out->unit = (struct tv_str){NULL, 0};
    switch (tv_json_type(value)) {
    case TV_JSON_STRING:
        out->kind = TV_LEX_STRING;
        out->text = tv_arena_str(parser->arena, tv_json_string(value));
        return true;
    case TV_JSON_NUMBER:
        out->kind = TV_LEX_NUMBER;
        out->text = number_text(parser->arena, tv_json_number(value));
        return true;
    case TV_JSON_BOOL:
        out->kind = TV_LEX_WORD;
        out->text = tv_json_boolean(value) ? TV_STR("true") : TV_STR("false");
        return true;
    case TV_JSON_NULL:
    case TV_JSON_ARRAY:
    case TV_JSON_OBJECT:
        break;
    }
    return tv_parser_fail(parser, TV_SYNTAX, parser->token.offset,
            "the parameter '%.*s' is no text, number or boolean",
            TV_STR_ARG(tv_utf8_prefix(parser->token.text, 64)));
}

/* What parameters are taken for while the statement is being written. */
static const struct tv_lexeme any_text = {.kind = TV_LEX_STRING, .text = {"now", 3}};
static const struct tv_lexeme any_count = {.kind = TV_LEX_NUMBER, .text = {"1", 1}};
static const struct tv_lexeme any_duration = {
        .kind = TV_LEX_NUMBER, .text = {"1", 1}, .unit = {"s", 1}};

static bool stand_in(struct tv_parser *parser, const struct tv_lexeme *any)
{
    struct tv_lexeme *token = &parser->token;
    token->kind = any->kind;
    token->text = any->text;
    token->unit = any->unit;
    return true;
}

/* Puts a parameter's value in the current lexeme's place; `any` while there is none yet. */
static bool resolve_param(struct tv_parser *parser, const struct tv_lexeme *any)
{
    if (parser->token.kind != TV_LEX_PARAM)
        return true;
    if (parser->open)
        return stand_in(parser, any);
    const struct tv_json *value = find_param(parser);
    return value && param_lexeme(parser, value, &parser->token);
}

static bool is_duration_unit(struct tv_str unit)
{
    char text[32];
    int64_t ns;
    if (unit.len == 0 || unit.len > 16)
        return false;
    int len = snprintf(text, sizeof(text), "1%.*s", TV_STR_ARG(unit));
    return tv_duration_parse((struct tv_str){text, (size_t)len}, &ns);
}

static bool is_size_unit(struct tv_str unit)
{
    char text[32];
    uint64_t bytes;
    if (unit.len == 0 || unit.len > 16)
        return false;
    int len = snprintf(text, sizeof(text), "1%.*s", TV_STR_ARG(unit));
    return tv_size_parse((struct tv_str){text, (size_t)len}, &bytes);
}

/* Takes the current NUMBER, and the unit that stands behind it with or without a blank. */
static struct tv_lexeme take_number(struct tv_parser *parser)
{
    struct tv_lexeme number = parser->token;
    bool written =
            number.offset < parser->lexer.text.len && parser->lexer.text.ptr[number.offset] != '$';
    tv_parser_advance(parser);
    const struct tv_lexeme *next = &parser->token;
    if (parser->open && number.unit.len == 0)
        tv_parser_expect(parser, "unit");
    if (!written || number.unit.len > 0 || next->kind != TV_LEX_WORD)
        return number;
    if (is_duration_unit(next->text) || is_size_unit(next->text)) {
        number.unit = next->text;
        tv_parser_advance(parser);
    }
    return number;
}

static struct tv_value number_value(struct tv_str text)
{
    int64_t whole;
    double number = 0;
    if (tv_str_to_i64(text, &whole))
        return tv_value_i64(whole);
    if (tv_str_to_f64(text, &number))
        return tv_value_f64(number);
    return tv_value_null();
}

static bool scaled_literal(
        struct tv_parser *parser, const struct tv_lexeme *number, struct tv_literal *out)
{
    int64_t ns;
    uint64_t bytes;
    bool negative = out->text.ptr[0] == '-';
    struct tv_str amount = {out->text.ptr + negative, out->text.len - negative};
    if (is_duration_unit(number->unit) && tv_duration_parse(amount, &ns)) {
        out->kind = TV_LITERAL_DURATION;
        out->value = tv_value_i64(negative ? -ns : ns);
        return true;
    }
    if (is_size_unit(number->unit) && tv_size_parse(amount, &bytes) && bytes <= INT64_MAX) {
        out->kind = TV_LITERAL_SIZE;
        out->value = tv_value_i64(negative ? -(int64_t)bytes : (int64_t)bytes);
        return true;
    }
    if (is_duration_unit(number->unit) || is_size_unit(number->unit))
        return tv_parser_fail(parser, TV_SYNTAX, number->offset, "'%.*s' is out of range",
                TV_STR_ARG(tv_utf8_prefix(out->text, 64)));
    tv_parser_fail(parser, TV_SYNTAX, number->offset, "'%.*s' is no unit",
            TV_STR_ARG(tv_utf8_prefix(number->unit, 64)));
    tv_parser_hint(parser,
            "units are %%, ns us ms s m h d w, and B kB MB GB TB KiB MiB GiB TiB; "
            "text stands in quotes");
    return false;
}

static bool number_literal(struct tv_parser *parser, struct tv_literal *out)
{
    struct tv_lexeme number = take_number(parser);
    out->kind = TV_LITERAL_NUMBER;
    out->text = number.text;
    out->value = number_value(number.text);
    if (number.unit.len > 0)
        out->text = tv_arena_printf(
                parser->arena, "%.*s%.*s", TV_STR_ARG(number.text), TV_STR_ARG(number.unit));
    if (out->value.type == TV_TYPE_NULL)
        return tv_parser_fail(parser, TV_SYNTAX, number.offset, "'%.*s' is out of range",
                TV_STR_ARG(tv_utf8_prefix(out->text, 64)));
    if (number.unit.len == 0)
        return true;
    if (tv_str_equal(number.unit, TV_STR("%"))) {
        double value = 0;
        out->kind = TV_LITERAL_PERCENT;
        if (!tv_value_number(out->value, &value))
            return tv_parser_unexpected(parser);
        out->value = tv_value_f64(value);
        return true;
    }
    return scaled_literal(parser, &number, out);
}

static bool word_literal(struct tv_parser *parser, struct tv_literal *out)
{
    bool is_true = tv_str_equal_nocase(parser->token.text, TV_STR("true"));
    if (is_true || tv_str_equal_nocase(parser->token.text, TV_STR("false"))) {
        out->kind = TV_LITERAL_BOOL;
        out->value = tv_value_bool(is_true);
        tv_parser_advance(parser);
        return true;
    }
    struct tv_str text = tv_utf8_prefix(parser->token.text, 64);
    bool null = tv_str_equal_nocase(text, TV_STR("null"));
    (void)tv_parser_unexpected(parser);
    if (null)
        tv_parser_hint(parser, "absence is asked for with IS NULL or IS NOT NULL");
    else
        tv_parser_hint(parser, "text stands in quotes: '%.*s'", TV_STR_ARG(text));
    return false;
}

bool tv_parse_literal(struct tv_parser *parser, struct tv_literal *out)
{
    tv_parser_expect(parser, "value");
    if (!resolve_param(parser, &any_text))
        return false;
    *out = (struct tv_literal){.offset = parser->token.offset, .text = parser->token.text};
    if (parser->token.kind == TV_LEX_NUMBER)
        return number_literal(parser, out);
    if (parser->token.kind == TV_LEX_WORD)
        return word_literal(parser, out);
    if (parser->token.kind != TV_LEX_STRING)
        return tv_parser_unexpected(parser);
    out->kind = TV_LITERAL_STRING;
    out->value = tv_value_str(out->text);
    tv_parser_advance(parser);
    return true;
}

/* The items of an array parameter, all but the last with the lexeme kept in place. */
static bool array_items(
        struct tv_parser *parser, const struct tv_json *array, struct tv_parser_list *out)
{
    struct tv_parser saved = *parser;
    const struct tv_json *child = tv_json_first(array);
    for (; child; child = tv_json_next(child)) {
        struct tv_literal *item = tv_parser_list_add(parser, out);
        if (!item || !param_lexeme(parser, child, &parser->token) ||
                !tv_parse_literal(parser, item))
            return false;
        parser->token = saved.token;
        parser->lexer = saved.lexer;
    }
    tv_parser_advance(parser);
    return true;
}

static bool list_item(struct tv_parser *parser, struct tv_parser_list *out)
{
    if (parser->token.kind == TV_LEX_PARAM && !parser->open) {
        const struct tv_json *value = find_param(parser);
        if (!value)
            return false;
        if (tv_json_type(value) == TV_JSON_ARRAY)
            return array_items(parser, value, out);
    }
    struct tv_literal *item = tv_parser_list_add(parser, out);
    return item && tv_parse_literal(parser, item);
}

bool tv_parse_literal_list(struct tv_parser *parser, struct tv_parser_list *out)
{
    if (!tv_parser_need_symbol(parser, "("))
        return false;
    do {
        if (!list_item(parser, out))
            return false;
    } while (tv_parser_take_symbol(parser, ","));
    return tv_parser_need_symbol(parser, ")");
}

bool tv_parse_time(struct tv_parser *parser, struct tv_ast_time *out)
{
    tv_parser_expect(parser, "time");
    if (!resolve_param(parser, &any_text))
        return false;
    const struct tv_lexeme *token = &parser->token;
    bool quoted = token->kind == TV_LEX_STRING;
    if (!quoted && (token->kind != TV_LEX_NUMBER || token->unit.len > 0)) {
        (void)tv_parser_unexpected(parser);
        if (token->kind != TV_LEX_END && token->kind != TV_LEX_BAD)
            tv_parser_hint(parser,
                    "a time stands in quotes: '2024-01-15 15:47:23', 'now', '10 minutes ago'");
        return false;
    }
    *out = (struct tv_ast_time){
            .present = true, .quoted = quoted, .offset = token->offset, .text = token->text};
    tv_parser_advance(parser);
    return true;
}

static bool bad_duration(struct tv_parser *parser, uint32_t offset, struct tv_str text)
{
    tv_parser_fail(parser, TV_SYNTAX, offset, "'%.*s' is no duration",
            TV_STR_ARG(tv_utf8_prefix(text, 64)));
    if (parser->err)
        (void)snprintf(
                parser->err->expected, sizeof(parser->err->expected), "ns, us, ms, s, m, h, d, w");
    tv_parser_hint(parser, "write a number above 0 and a unit: 250ms, 10s, 5 minutes, 30 days");
    return false;
}

bool tv_parse_duration(struct tv_parser *parser, struct tv_ast_duration *out)
{
    tv_parser_expect(parser, "duration");
    if (!resolve_param(parser, &any_duration))
        return false;
    uint32_t offset = parser->token.offset;
    struct tv_str text = parser->token.text;
    if (parser->token.kind == TV_LEX_NUMBER) {
        struct tv_lexeme number = take_number(parser);
        text = tv_arena_printf(
                parser->arena, "%.*s%.*s", TV_STR_ARG(number.text), TV_STR_ARG(number.unit));
    } else if (parser->token.kind == TV_LEX_STRING) {
        tv_parser_advance(parser);
    } else {
        return tv_parser_unexpected(parser);
    }
    int64_t ns;
    if (!tv_duration_parse(text, &ns) || ns <= 0)
        return bad_duration(parser, offset, text);
    *out = (struct tv_ast_duration){.present = true, .offset = offset, .ns = ns};
    return true;
}

bool tv_parse_count(struct tv_parser *parser, struct tv_ast_count *out)
{
    tv_parser_expect(parser, "count");
    if (!resolve_param(parser, &any_count))
        return false;
    const struct tv_lexeme *token = &parser->token;
    uint64_t value;
    if (token->kind != TV_LEX_NUMBER)
        return tv_parser_unexpected(parser);
    if (token->unit.len > 0 || !tv_str_to_u64(token->text, &value))
        return tv_parser_fail(parser, TV_SYNTAX, token->offset,
                "'%.*s%.*s' is no count: a whole number without a unit is needed",
                TV_STR_ARG(tv_utf8_prefix(token->text, 32)),
                TV_STR_ARG(tv_utf8_prefix(token->unit, 32)));
    *out = (struct tv_ast_count){.present = true, .offset = token->offset, .value = value};
    tv_parser_advance(parser);
    return true;
}

/* event_id = '…' or trace_id = '…' at the current word; false without taking anything if it is not
 * that form. */
static bool named_ref(struct tv_parser *parser, struct tv_ast_ref *out)
{
    static const struct {
        struct tv_str name;
        enum tv_ref_kind kind;
    } names[] = {{{"event_id", 8}, TV_REF_EVENT}, {{"eventId", 7}, TV_REF_EVENT},
            {{"trace_id", 8}, TV_REF_TRACE}, {{"traceId", 7}, TV_REF_TRACE}};
    struct tv_parser saved = *parser;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (parser->token.kind != TV_LEX_WORD ||
                !tv_str_equal_nocase(parser->token.text, names[i].name))
            continue;
        tv_parser_advance(parser);
        if (tv_parser_take_symbol(parser, "=") || tv_parser_take_symbol(parser, "==")) {
            out->kind = names[i].kind;
            return true;
        }
        *parser = saved;
    }
    return false;
}

/* Reads the current lexeme's place as a bare reference. A keyword there means that the reference was
 * forgotten. */
static bool bare_ref(struct tv_parser *parser)
{
    uint32_t offset = parser->token.offset;
    struct tv_lexeme ref = tv_lexer_reference(&parser->lexer, offset);
    if (tv_keyword_is_known(ref.text)) {
        parser->token = ref;
        (void)tv_parser_unexpected(parser);
        tv_parser_hint(parser, "an event id that is a keyword stands in quotes: '%.*s'",
                TV_STR_ARG(ref.text));
        return false;
    }
    parser->token = ref;
    return true;
}

bool tv_parse_ref(struct tv_parser *parser, struct tv_ast_ref *out)
{
    tv_parser_expect(parser, "event id");
    tv_parser_expect(parser, "trace_id =");
    *out = (struct tv_ast_ref){.kind = TV_REF_BARE, .offset = parser->token.offset};
    bool named = named_ref(parser, out);
    if (!resolve_param(parser, &any_text))
        return false;
    if (parser->token.kind == TV_LEX_END) {
        if (named)
            tv_parser_expect(parser, "text");
        return tv_parser_unexpected(parser);
    }
    bool bare = parser->token.kind != TV_LEX_STRING;
    char first = parser->lexer.text.ptr[parser->token.offset];
    if (bare && (named || first == '\'' || first == '"')) {
        tv_parser_expect(parser, "text");
        return tv_parser_unexpected(parser);
    }
    if (bare && first != '$' && !bare_ref(parser))
        return false;
    out->text = parser->token.text;
    if (out->text.len == 0)
        return tv_parser_fail(parser, TV_SYNTAX, out->offset, "a reference cannot be empty");
    tv_parser_advance(parser);
    return true;
}
