/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions by PCRE2.
 *
 * Patterns come from queries, so three things are bounded: the pattern's length, the steps of a
 * match (exponential ones like (a+)+b end there) and the memory it may take for backtracking.
 * Machine code is made where the system allows it and gives ten times the speed; where it does
 * not, PCRE2 interprets. Text that is not UTF-8 is searched between its broken places. The memory
 * of a match is made for each: a compiled pattern stays immutable, and many threads may use it. */
#include "base/regex.h"

#include "base/mem.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    PATTERN_BYTES_MAX = 4096,
    MATCH_STEPS_MAX = 250000,
    MATCH_HEAP_KIB_MAX = 8192,
};

struct tv_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    size_t pattern_bytes;
    char pattern[];
};

static enum tv_status bad_pattern(struct tv_error *err, int code, size_t offset)
{
    char reason[128];
    (void)pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof(reason));
    enum tv_status status = tv_fail(err, TV_BAD_INPUT, "invalid regular expression: %s", reason);
    if (err)
        err->offset = (uint32_t)offset;
    return status;
}

enum tv_status tv_regex_new(struct tv_str pattern, struct tv_regex **out, struct tv_error *err)
{
    if (pattern.len > PATTERN_BYTES_MAX)
        return tv_fail(
                err, TV_BAD_INPUT, "regular expression longer than %d bytes", PATTERN_BYTES_MAX);
    PCRE2_SPTR text = (PCRE2_SPTR)(pattern.ptr ? pattern.ptr : "");
    int code = 0;
    size_t offset = 0;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *compiled = pcre2_compile(text, pattern.len, options, &code, &offset, NULL);
    if (!compiled)
        return bad_pattern(err, code, offset);
    (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
    struct tv_regex *regex = tv_malloc(sizeof(*regex) + pattern.len);
    regex->code = compiled;
    regex->limits = pcre2_match_context_create(NULL);
    TV_ASSERT(regex->limits);
    regex->pattern_bytes = pattern.len;
    memcpy(regex->pattern, text, pattern.len);
    (void)pcre2_set_match_limit(regex->limits, MATCH_STEPS_MAX);
    (void)pcre2_set_heap_limit(regex->limits, MATCH_HEAP_KIB_MAX);
    *out = regex;
    return TV_OK;
}

void tv_regex_free(struct tv_regex *regex)
{
    if (!regex)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

struct tv_str tv_regex_pattern(const struct tv_regex *regex)
{
    return (struct tv_str){regex->pattern, regex->pattern_bytes};
}

bool tv_regex_found(const struct tv_regex *regex, struct tv_str text, bool *gave_up)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    TV_ASSERT(match);
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr ? text.ptr : "");
    int result = pcre2_match(regex->code, subject, text.len, 0, 0, match, regex->limits);
    /* The machine code's stack is small; the interpreter's grows on the heap, within the limit. */
    if (result == PCRE2_ERROR_JIT_STACKLIMIT)
        result = pcre2_match(regex->code, subject, text.len, 0, PCRE2_NO_JIT, match, regex->limits);
    pcre2_match_data_free(match);
    if (gave_up)
        *gave_up = result < 0 && result != PCRE2_ERROR_NOMATCH;
    return result >= 0;
}
