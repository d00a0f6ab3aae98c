/* SPDX-License-Identifier: Apache-2.0 */
/* The rules with their actions, and how one text is rewritten. */
#include "event/redactor_internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const action_names[] = {
        [TV_REDACT_OFF] = "off",
        [TV_REDACT_REPLACE] = "replace",
        [TV_REDACT_HASH] = "hash",
        [TV_REDACT_DROP] = "drop",
};

enum {
    ACTION_COUNT = sizeof(action_names) / sizeof(action_names[0]),
    HASH_BYTES = 16, /* the shortest that BLAKE2b makes here */
    HASH_SHOWN = 6,  /* 48 bits: a million values share one with a chance of 1 in 500 */
    VALUE_MAX = 512  /* what of a longer value is hashed: keys are long */
};

const char *tv_redact_action_name(enum tv_redact_action action)
{
    return action_names[action];
}

enum tv_redact_action tv_redactor_action(
        const struct tv_redactor *redactor, enum tv_redact_rule rule)
{
    return redactor->actions[rule];
}

uint64_t tv_redactor_count(const struct tv_redactor *redactor, enum tv_redact_rule rule)
{
    return atomic_load_explicit(&redactor->counts[rule], memory_order_relaxed);
}

const struct tv_redact_scanner *tv_redactor_scanner(const struct tv_redactor *redactor)
{
    return &redactor->scanner;
}

static enum tv_status unknown(struct tv_str name, const char *what, const char *const *names,
        size_t count, struct tv_error *err)
{
    struct tv_str known[TV_REDACT_RULE_COUNT];
    for (size_t i = 0; i < count; i++)
        known[i] = tv_str_of(names[i]);
    (void)tv_fail(err, TV_BAD_INPUT, "unknown %s '%.*s'", what, TV_STR_ARG(name));
    int near = tv_str_nearest(name, known, count);
    if (near >= 0)
        tv_error_hint(err, "did you mean '%s'?", names[near]);
    return TV_BAD_INPUT;
}

static int find(struct tv_str name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tv_str_equal_nocase(name, tv_str_of(names[i])))
            return (int)i;
    return -1;
}

/* One "rule=action". */
static enum tv_status read_rule(
        struct tv_redactor *redactor, struct tv_str item, struct tv_error *err)
{
    const char *rules[TV_REDACT_RULE_COUNT];
    for (int i = 0; i < TV_REDACT_RULE_COUNT; i++)
        rules[i] = tv_redact_rule_name((enum tv_redact_rule)i);
    struct tv_str action_name;
    struct tv_str rule_name = tv_str_trim(tv_str_cut(item, '=', &action_name));
    action_name = tv_str_trim(action_name);
    int rule = find(rule_name, rules, TV_REDACT_RULE_COUNT);
    int action = find(action_name, action_names, ACTION_COUNT);
    if (rule < 0)
        return unknown(rule_name, "redaction rule", rules, TV_REDACT_RULE_COUNT, err);
    if (action < 0) {
        enum tv_status status =
                unknown(action_name, "redaction action", action_names, ACTION_COUNT, err);
        if (action_name.len == 0)
            tv_error_hint(err, "write %s=replace, hash, drop or off", rules[rule]);
        return status;
    }
    redactor->actions[rule] = (enum tv_redact_action)action;
    return TV_OK;
}

static enum tv_status read_rules(
        struct tv_redactor *redactor, struct tv_str rules, struct tv_error *err)
{
    bool off = tv_str_equal_nocase(tv_str_trim(rules), TV_STR("off"));
    for (int i = 0; i < TV_REDACT_RULE_COUNT; i++)
        redactor->actions[i] = off || i == TV_REDACT_IP ? TV_REDACT_OFF : TV_REDACT_REPLACE;
    while (!off && rules.ptr) {
        struct tv_str item = tv_str_trim(tv_str_cut(rules, ',', &rules));
        enum tv_status status = item.len ? read_rule(redactor, item, err) : TV_OK;
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

enum tv_status tv_redactor_new(struct tv_str rules, const uint8_t key[TV_SECRET_KEY_BYTES],
        struct tv_redactor **out, struct tv_error *err)
{
    struct tv_redactor *redactor = tv_calloc(1, sizeof(*redactor));
    enum tv_status status = read_rules(redactor, rules, err);
    if (status != TV_OK) {
        free(redactor);
        return status;
    }
    unsigned wanted = 0;
    for (int i = 0; i < TV_REDACT_RULE_COUNT; i++)
        if (redactor->actions[i] != TV_REDACT_OFF)
            wanted |= 1U << i;
    tv_redact_scanner_init(&redactor->scanner, wanted);
    memcpy(redactor->key, key, TV_SECRET_KEY_BYTES);
    *out = redactor;
    return TV_OK;
}

void tv_redactor_free(struct tv_redactor *redactor)
{
    free(redactor);
}

/* The value as it is hashed: however it was written, "4111-1111…" or "4111 1111…", it is one. */
static size_t normalise(enum tv_redact_rule rule, struct tv_str value, char *out)
{
    bool number = rule == TV_REDACT_CARD || rule == TV_REDACT_IBAN || rule == TV_REDACT_SSN ||
            rule == TV_REDACT_PHONE;
    bool any_case = rule == TV_REDACT_EMAIL || rule == TV_REDACT_IBAN || rule == TV_REDACT_IP;
    size_t len = 0;
    for (size_t i = 0; i < value.len && len < VALUE_MAX; i++) {
        char c = value.ptr[i];
        if (number && !tv_redact_is_alnum(c))
            continue;
        if (rule == TV_REDACT_EMAIL && c == '%' && i + 2 < value.len && value.ptr[i + 1] == '4' &&
                value.ptr[i + 2] == '0') {
            c = '@';
            i += 2;
        }
        out[len++] = any_case && tv_redact_is_upper(c) ? (char)(c | 0x20) : c;
    }
    return len;
}

static void put_hash(const struct tv_redactor *redactor, enum tv_redact_rule rule,
        struct tv_str value, struct tv_buf *out)
{
    char plain[VALUE_MAX], hex[2 * HASH_SHOWN];
    uint8_t hash[HASH_BYTES];
    size_t len = normalise(rule, value, plain);
    tv_secret_keyed_hash(redactor->key, (struct tv_str){plain, len}, hash, sizeof(hash));
    tv_hex_encode(hash, HASH_SHOWN, hex);
    tv_buf_printf(out, "[%s:%.*s]", tv_redact_rule_name(rule), (int)sizeof(hex), hex);
}

/* Whether `at` lies between the quotes of a string of this JSON. */
static bool is_quoted(struct tv_str json, size_t at)
{
    bool quoted = false;
    for (size_t i = 0; i < at; i++) {
        if (json.ptr[i] == '\\')
            i++;
        else if (json.ptr[i] == '"')
            quoted = !quoted;
    }
    return quoted;
}

static void put_match(const struct tv_redactor *redactor, struct tv_str text,
        const struct tv_redact_match *match, unsigned form, struct tv_buf *out)
{
    struct tv_str value = {text.ptr + match->start, match->end - match->start};
    enum tv_redact_action action = redactor->actions[match->rule];
    bool bare = (form & TV_REDACT_FORM_JSON) && !is_quoted(text, match->start);
    if (bare)
        tv_buf_append_char(out, '"');
    if (action == TV_REDACT_HASH || (form & TV_REDACT_FORM_IDENTITY))
        put_hash(redactor, match->rule, value, out);
    else if (action == TV_REDACT_REPLACE)
        tv_buf_printf(out, "[%s]", tv_redact_rule_name(match->rule));
    if (bare)
        tv_buf_append_char(out, '"');
}

unsigned tv_redactor_rewrite_as(const struct tv_redactor *redactor, struct tv_str text,
        unsigned hints, unsigned form, struct tv_buf *out)
{
    struct tv_redact_search search;
    struct tv_redact_match match;
    size_t copied = 0;
    unsigned rules = 0;
    tv_redact_search_init(&search, &redactor->scanner, text, hints);
    while (tv_redact_next(&search, &match)) {
        tv_buf_append(out, text.ptr + copied, match.start - copied);
        put_match(redactor, text, &match, form, out);
        copied = match.end;
        rules |= 1U << match.rule;
    }
    tv_buf_append(out, text.ptr + copied, text.len - copied);
    return rules;
}

void tv_redactor_rewrite(
        const struct tv_redactor *redactor, struct tv_str text, unsigned hints, struct tv_buf *out)
{
    (void)tv_redactor_rewrite_as(redactor, text, hints, 0, out);
}
