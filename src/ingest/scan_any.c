/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are kept as they were sent, or passed over: arrays, and what is nested too deep.
 *
 * The walk is a loop over three states, so that nesting costs a bit and not a stack frame. An array
 * keeps its bytes; only where a member inside names a secret is the text written anew: everything up
 * to the secret's value is copied, the mask put in its place, and copying goes on behind it. */
#include "event/redact.h"
#include "ingest/scan.h"

enum { LEVELS_MAX = 4096 };

enum expected { EXPECT_VALUE, EXPECT_NAME, EXPECT_NEXT, EXPECT_NOTHING };

struct walk {
    struct tv_scan *scan;
    const struct tv_scan_skip *skip;
    enum expected next;
    unsigned depth;
    bool masking;
    unsigned masking_depth;
    const char *copied;                /* what is before was copied to skip->masked, or masked */
    uint64_t objects[LEVELS_MAX / 64]; /* a bit for each level: object or array */
};

static bool in_object(const struct walk *walk)
{
    unsigned level = walk->depth - 1;
    return walk->objects[level / 64] >> (level % 64) & 1;
}

/* A value has ended before `at`. */
static const char *leave(struct walk *walk, const char *at)
{
    if (walk->masking && walk->depth == walk->masking_depth) {
        walk->masking = false;
        walk->copied = at;
    }
    walk->next = walk->depth == 0 ? EXPECT_NOTHING : EXPECT_NEXT;
    return at;
}

static const char *enter(struct walk *walk, const char *at)
{
    struct tv_scan *scan = walk->scan;
    bool object = *at == '{';
    if (walk->depth == LEVELS_MAX)
        return tv_scan_fault(scan, at, "nested deeper than 4096 levels");
    uint64_t bit = UINT64_C(1) << (walk->depth % 64);
    uint64_t *word = &walk->objects[walk->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    walk->depth++;
    if (walk->depth > walk->skip->depth_max)
        tv_scan_flaw(scan, "nested deeper than 32 levels");
    at = tv_scan_blanks(scan, at + 1);
    walk->next = object ? EXPECT_NAME : EXPECT_VALUE;
    if (tv_scan_peek(scan, at) != (object ? '}' : ']'))
        return at;
    walk->depth--;
    return leave(walk, at + 1);
}

static const char *read_value(struct walk *walk, const char *at)
{
    struct tv_scan *scan = walk->scan;
    struct tv_str text;
    struct tv_value value;
    char c = tv_scan_peek(scan, at);
    if (c == '{' || c == '[')
        return enter(walk, at);
    if (c == '"')
        at = tv_scan_string(scan, at + 1, &text);
    else if (c == '-' || tv_is_digit(c))
        at = tv_scan_number(scan, at, &value);
    else
        at = tv_scan_literal(scan, at, &value);
    return at ? leave(walk, at) : NULL;
}

/* Puts the mask where the value that begins at `at` would stand. */
static void mask_value(struct walk *walk, const char *at)
{
    struct tv_buf *out = walk->skip->masked;
    tv_buf_append(out, walk->copied, (size_t)(at - walk->copied));
    tv_buf_append_char(out, '"');
    tv_buf_append_str(out, tv_redact_mask());
    tv_buf_append_char(out, '"');
    walk->masking = true;
    walk->masking_depth = walk->depth;
}

static const char *read_name(struct walk *walk, const char *at)
{
    struct tv_scan *scan = walk->scan;
    struct tv_str name;
    if (tv_scan_peek(scan, at) != '"')
        return tv_scan_expected(scan, at, "expected a member's name in quotes");
    at = tv_scan_string(scan, at + 1, &name);
    if (!at)
        return NULL;
    at = tv_scan_blanks(scan, at);
    if (tv_scan_peek(scan, at) != ':')
        return tv_scan_expected(scan, at, "expected ':' behind a member's name");
    at = tv_scan_blanks(scan, at + 1);
    if (walk->skip->keep && !walk->masking && tv_redact_is_secret(name))
        mask_value(walk, at);
    walk->next = EXPECT_VALUE;
    return at;
}

static const char *read_next(struct walk *walk, const char *at)
{
    bool object = in_object(walk);
    char c = tv_scan_peek(walk->scan, at);
    if (c == ',') {
        walk->next = object ? EXPECT_NAME : EXPECT_VALUE;
        return at + 1;
    }
    if (c == (object ? '}' : ']')) {
        walk->depth--;
        return leave(walk, at + 1);
    }
    return tv_scan_expected(walk->scan, at, object ? "expected ',' or '}'" : "expected ',' or ']'");
}

const char *tv_scan_any(
        struct tv_scan *scan, const char *at, const struct tv_scan_skip *skip, struct tv_str *out)
{
    struct walk walk; /* `objects` is written level by level before it is read */
    walk.scan = scan;
    walk.skip = skip;
    walk.next = EXPECT_VALUE;
    walk.depth = 0;
    walk.masking = false;
    walk.masking_depth = 0;
    walk.copied = at;
    const char *start = at;
    size_t masked_before = skip->keep ? skip->masked->len : 0;
    while (at && walk.next != EXPECT_NOTHING) {
        at = tv_scan_blanks(scan, at);
        if (walk.next == EXPECT_VALUE)
            at = read_value(&walk, at);
        else if (walk.next == EXPECT_NAME)
            at = read_name(&walk, at);
        else
            at = read_next(&walk, at);
    }
    if (!at)
        return NULL;
    *out = (struct tv_str){start, (size_t)(at - start)};
    if (walk.copied != start) {
        struct tv_buf *masked = skip->masked;
        tv_buf_append(masked, walk.copied, (size_t)(at - walk.copied));
        *out = (struct tv_str){masked->data + masked_before, masked->len - masked_before};
    }
    return at;
}
