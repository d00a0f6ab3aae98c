/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, compiled.
 *
 * What a literal may be depends on the field: a time takes times, a duration durations, an
 * enumeration its own words, text takes text. An attribute takes anything, since nobody declared its
 * type. Percent depends on the unit that an event says: 80% is 0.8 where the unit is 1 and 80
 * elsewhere, so it compiles to both cases joined by the unit's test. literal.c holds the rules for
 * single values, this file the shape of conditions. */
#include "timeql/compile.h"

#include "base/mem.h"
#include "timeql/literal.h"
#include "timeql/parser.h"

#include <stdarg.h>
#include <stdio.h>

enum tv_status tv_compiler_fail(struct tv_compiler *compiler, enum tv_status status,
        uint32_t offset, const char *format, ...)
{
    char message[TV_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    tv_fail(compiler->err, status, "%s", message);
    tv_error_place(compiler->err, compiler->text, offset);
    return status;
}

void tv_compiler_release(struct tv_compiler *compiler)
{
    for (size_t i = 0; i < compiler->regex_count; i++)
        tv_regex_free(compiler->regexes[i]);
    compiler->regex_count = 0;
}

/* Adds a text to a list without repeats. */
static void add_once(struct tv_arena *arena, struct tv_str **items, size_t *count, size_t *cap,
        struct tv_str text)
{
    for (size_t i = 0; i < *count; i++)
        if (tv_str_equal((*items)[i], text))
            return;
    if (*count == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        *items = tv_arena_grow(arena, *items, *count, *cap, sizeof(**items));
    }
    (*items)[(*count)++] = text;
}

void tv_compiler_warn(struct tv_compiler *compiler, struct tv_str text)
{
    add_once(compiler->arena, &compiler->warnings, &compiler->warning_count, &compiler->warning_cap,
            text);
}

const struct tv_derived_name *tv_derived_names(size_t *count)
{
    static const struct tv_derived_name names[] = {{{"errorRate", 9}, TV_DERIVED_ERROR_RATE, false},
            {{"requestRate", 11}, TV_DERIVED_REQUEST_RATE, false},
            {{"latency_p50", 11}, TV_DERIVED_LATENCY_P50, false},
            {{"latency_p95", 11}, TV_DERIVED_LATENCY_P95, false},
            {{"latency_p99", 11}, TV_DERIVED_LATENCY_P99, false},
            {{"activeRequests", 14}, TV_DERIVED_ACTIVE_REQUESTS, false},
            {{"latency", 7}, TV_DERIVED_LATENCY_P50, true}};
    *count = sizeof(names) / sizeof(names[0]);
    return names;
}

enum tv_derived tv_derived_of(struct tv_str name)
{
    size_t count;
    const struct tv_derived_name *names = tv_derived_names(&count);
    for (size_t i = 0; i < count; i++)
        if (tv_str_equal(name, names[i].name))
            return names[i].derived;
    return TV_DERIVED_NONE;
}

bool tv_is_derived(struct tv_str name)
{
    return tv_derived_of(name) != TV_DERIVED_NONE;
}

bool tv_asks_derived(const struct tv_cond *cond)
{
    if (cond->kind != TV_COND_AND && cond->kind != TV_COND_OR && cond->kind != TV_COND_NOT)
        return tv_is_derived(cond->field.name);
    for (size_t i = 0; i < cond->count; i++)
        if (tv_asks_derived(cond->children[i]))
            return true;
    return false;
}

enum { NAMES_MAX = 256 };

/* Beside derived fields stands only the service that they are of. */
static enum tv_status field_of_service(
        struct tv_compiler *compiler, const struct tv_ast_field *field, struct tv_field_ref *out)
{
    if (tv_is_derived(field->name)) {
        *out = tv_field_ref_attribute(field->name);
        return TV_OK;
    }
    *out = tv_field_resolve(field->name);
    if (out->class == TV_FIELD_FIXED && out->field == TV_FIELD_SERVICE)
        return TV_OK;
    tv_compiler_fail(compiler, TV_SYNTAX, field->offset,
            "'%.*s' is an event's, and stands here beside a service's",
            TV_STR_ARG(tv_utf8_prefix(field->name, 64)));
    tv_error_hint(compiler->err, "join conditions on events and on services by AND only");
    return TV_SYNTAX;
}

enum tv_status tv_compile_field(
        struct tv_compiler *compiler, const struct tv_ast_field *field, struct tv_field_ref *out)
{
    if (compiler->of_services)
        return field_of_service(compiler, field, out);
    if (tv_is_derived(field->name)) {
        tv_compiler_fail(compiler, TV_SYNTAX, field->offset,
                "'%.*s' is a service's, not an event's", TV_STR_ARG(field->name));
        tv_error_hint(compiler->err,
                "it stands in STATE AT, COMPARE, PREDICT, ANOMALIES, WHAT IF and MATCH; an attribute "
                "of that name is written attributes.%.*s",
                TV_STR_ARG(field->name));
        return TV_SYNTAX;
    }
    *out = tv_field_resolve(field->name);
    if (out->class == TV_FIELD_ATTRIBUTE && compiler->name_count < NAMES_MAX)
        add_once(compiler->arena, &compiler->names, &compiler->name_count, &compiler->name_cap,
                out->name);
    return TV_OK;
}

enum tv_status tv_compile_measure(
        struct tv_compiler *compiler, const struct tv_ast_field *field, struct tv_measure *out)
{
    *out = (struct tv_measure){.written = *field, .derived = tv_derived_of(field->name)};
    if (out->derived != TV_DERIVED_NONE)
        return TV_OK;
    return tv_compile_field(compiler, field, &out->ref);
}

enum tv_status tv_compile_time(
        struct tv_compiler *compiler, const struct tv_ast_time *time, int64_t *out)
{
    if (tv_when(&compiler->clock, time->text, out))
        return TV_OK;
    tv_compiler_fail(compiler, TV_SYNTAX, time->offset, "'%.*s' is no time",
            TV_STR_ARG(tv_utf8_prefix(time->text, 64)));
    tv_error_hint(compiler->err,
            "write '2024-01-15 15:47:23', an RFC 3339 time, 'now', "
            "'now - 5 minutes', '10 minutes ago', 'yesterday 14:00' or an epoch");
    return TV_SYNTAX;
}

typedef struct tv_pred *join_fn(struct tv_arena *arena, struct tv_pred *a, struct tv_pred *b);

static struct tv_pred *balanced(
        struct tv_arena *arena, join_fn *join, struct tv_pred **parts, size_t count)
{
    while (count > 1) {
        size_t kept = 0;
        for (size_t i = 0; i + 1 < count; i += 2)
            parts[kept++] = join(arena, parts[i], parts[i + 1]);
        if (count % 2)
            parts[kept++] = parts[count - 1];
        count = kept;
    }
    return parts[0];
}

struct tv_pred *tv_pred_all(struct tv_arena *arena, struct tv_pred **parts, size_t count)
{
    return balanced(arena, tv_pred_and, parts, count);
}

struct tv_pred *tv_pred_any(struct tv_arena *arena, struct tv_pred **parts, size_t count)
{
    return balanced(arena, tv_pred_or, parts, count);
}

static struct tv_field_ref unit_ref(void)
{
    return tv_field_resolve(TV_STR("unit"));
}

/* op with 0.8 where the unit is "1", with 80 elsewhere. */
static struct tv_pred *percent(
        struct tv_compiler *compiler, const struct tv_field_ref *ref, enum tv_op op, double value)
{
    struct tv_arena *arena = compiler->arena;
    struct tv_pred *is_ratio = tv_pred_and(arena, tv_pred_exists(arena, unit_ref()),
            tv_pred_compare(arena, unit_ref(), TV_OP_EQ, tv_value_str(TV_STR("1"))));
    struct tv_pred *ratio = tv_pred_compare(arena, *ref, op, tv_value_f64(value / 100));
    struct tv_pred *plain = tv_pred_compare(arena, *ref, op, tv_value_f64(value));
    return tv_pred_or(arena, tv_pred_and(arena, is_ratio, ratio),
            tv_pred_and(arena, tv_pred_not(arena, is_ratio), plain));
}

/* causedBy is a list of ids: to equal it is to be among them. */
static bool is_cause(const struct tv_field_ref *ref)
{
    return ref->class == TV_FIELD_FIXED && ref->field == TV_FIELD_CAUSED_BY;
}

static enum tv_status compare(struct tv_compiler *compiler, const struct tv_literal_place *place,
        const struct tv_literal *literal, struct tv_pred **out)
{
    struct tv_value value;
    enum tv_status status = tv_literal_value(compiler, place, literal, &value);
    if (status != TV_OK)
        return status;
    if (is_cause(&place->ref) && (place->op == TV_OP_EQ || place->op == TV_OP_NE)) {
        *out = tv_pred_compare(compiler->arena, place->ref, TV_OP_CONTAINS, value);
        if (place->op == TV_OP_NE)
            *out = tv_pred_not(compiler->arena, *out);
        return TV_OK;
    }
    *out = literal->kind == TV_LITERAL_PERCENT
            ? percent(compiler, &place->ref, place->op, value.f)
            : tv_pred_compare(compiler->arena, place->ref, place->op, value);
    return TV_OK;
}

static enum tv_status between(struct tv_compiler *compiler, const struct tv_cond *cond,
        struct tv_literal_place *place, struct tv_pred **out)
{
    struct tv_pred *least = NULL;
    struct tv_pred *most = NULL;
    place->op = TV_OP_GE;
    enum tv_status status = compare(compiler, place, &cond->values[0], &least);
    if (status != TV_OK)
        return status;
    place->op = TV_OP_LE;
    status = compare(compiler, place, &cond->values[1], &most);
    if (status == TV_OK)
        *out = tv_pred_and(compiler->arena, least, most);
    return status;
}

/* Percentages and causes mean more than one value each: those lists become OR. */
static bool needs_or(const struct tv_cond *cond, const struct tv_field_ref *ref)
{
    if (is_cause(ref))
        return true;
    for (size_t i = 0; i < cond->count; i++)
        if (cond->values[i].kind == TV_LITERAL_PERCENT)
            return true;
    return false;
}

static enum tv_status in_list(struct tv_compiler *compiler, const struct tv_cond *cond,
        struct tv_literal_place *place, struct tv_pred **out)
{
    struct tv_arena *arena = compiler->arena;
    bool any = needs_or(cond, &place->ref);
    struct tv_value *values = tv_arena_calloc(arena, cond->count, sizeof(*values));
    struct tv_pred **parts = tv_arena_calloc(arena, cond->count, sizeof(struct tv_pred *));
    place->op = TV_OP_EQ;
    for (size_t i = 0; i < cond->count; i++) {
        enum tv_status status = any
                ? compare(compiler, place, &cond->values[i], &parts[i])
                : tv_literal_value(compiler, place, &cond->values[i], &values[i]);
        if (status != TV_OK)
            return status;
    }
    *out = any ? tv_pred_any(arena, parts, cond->count)
               : tv_pred_in(arena, place->ref, values, cond->count);
    return TV_OK;
}

static void keep_regex(struct tv_compiler *compiler, struct tv_regex *regex)
{
    if (compiler->regex_count == compiler->regex_cap) {
        compiler->regex_cap = compiler->regex_cap ? compiler->regex_cap * 2 : 4;
        compiler->regexes = tv_arena_grow(compiler->arena, compiler->regexes, compiler->regex_count,
                compiler->regex_cap, sizeof(struct tv_regex *));
    }
    compiler->regexes[compiler->regex_count++] = regex;
}

static enum tv_status match(struct tv_compiler *compiler, const struct tv_cond *cond,
        struct tv_literal_place *place, struct tv_pred **out)
{
    const struct tv_literal *literal = &cond->values[0];
    struct tv_value value;
    struct tv_regex *regex;
    place->op = TV_OP_CONTAINS;
    enum tv_status status = tv_literal_value(compiler, place, literal, &value);
    if (status != TV_OK)
        return status;
    if (tv_regex_new(literal->text, &regex, compiler->err) != TV_OK) {
        if (compiler->err) {
            compiler->err->status = TV_SYNTAX;
            tv_error_place(compiler->err, compiler->text, literal->offset);
        }
        return TV_SYNTAX;
    }
    keep_regex(compiler, regex);
    *out = tv_pred_match(compiler->arena, place->ref, regex);
    return TV_OK;
}

static enum tv_status test(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct tv_pred **out)
{
    struct tv_literal_place place = {.written = cond->field, .op = cond->op};
    enum tv_status status = tv_compile_field(compiler, &cond->field, &place.ref);
    if (status != TV_OK)
        return status;
    switch (cond->kind) {
    case TV_COND_COMPARE:
        return compare(compiler, &place, &cond->values[0], out);
    case TV_COND_BETWEEN:
        return between(compiler, cond, &place, out);
    case TV_COND_IN:
        return in_list(compiler, cond, &place, out);
    case TV_COND_MATCH:
        return match(compiler, cond, &place, out);
    case TV_COND_EXISTS:
    case TV_COND_IS_NULL:
        *out = tv_pred_exists(compiler->arena, place.ref);
        if (cond->kind == TV_COND_IS_NULL)
            *out = tv_pred_not(compiler->arena, *out);
        return TV_OK;
    case TV_COND_AND:
    case TV_COND_OR:
    case TV_COND_NOT:
        break;
    }
    return tv_compiler_fail(compiler, TV_INTERNAL, cond->offset, "this condition is no test");
}

enum tv_status tv_compile_cond(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct tv_pred **out)
{
    *out = NULL;
    if (!cond)
        return TV_OK;
    if (cond->kind != TV_COND_AND && cond->kind != TV_COND_OR && cond->kind != TV_COND_NOT)
        return test(compiler, cond, out);
    struct tv_pred **parts =
            tv_arena_calloc(compiler->arena, cond->count, sizeof(struct tv_pred *));
    for (size_t i = 0; i < cond->count; i++) {
        enum tv_status status = tv_compile_cond(compiler, cond->children[i], &parts[i]);
        if (status != TV_OK)
            return status;
    }
    if (cond->kind == TV_COND_NOT)
        *out = tv_pred_not(compiler->arena, parts[0]);
    else if (cond->kind == TV_COND_AND)
        *out = tv_pred_all(compiler->arena, parts, cond->count);
    else
        *out = tv_pred_any(compiler->arena, parts, cond->count);
    return TV_OK;
}

enum tv_status tv_compile_service_cond(
        struct tv_compiler *compiler, const struct tv_cond *cond, struct tv_pred **out)
{
    compiler->of_services = true;
    enum tv_status status = tv_compile_cond(compiler, cond, out);
    compiler->of_services = false;
    return status;
}
