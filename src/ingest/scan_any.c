/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are kept as they were sent, or passed over: arrays, and what is nested too deep.
 *
 * The walk is a loop over three states, so that nesting costs a bit and not a stack frame. An array
 * keeps its bytes; only where a member inside names a secret is the text written anew: everything up
 * to the secret's value is copied, the mask put in its place, and copying goes on behind it. */
#include "event/redact.h"
#include "ingest/scan.h"

enum {
    LEVELS_MAX = 4096
};

enum expected {
    EXPECT_VALUE,
    EXPECT_NAME,
    EXPECT_NEXT,
    EXPECT_NOTHING
};

struct walk {
    struct tv_scan *scan;
    const struct tv_scan_skip *skip;
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

/* A value has ended. */
static enum expected leave(struct walk *walk)
{
    if (walk->masking && walk->depth == walk->masking_depth) {
        walk->masking = false;
        walk->copied = walk->scan->at;
    }
    return walk->depth == 0 ? EXPECT_NOTHING : EXPECT_NEXT;
}

static bool enter(struct walk *walk, bool object, enum expected *next)
{
    struct tv_scan *scan = walk->scan;
    if (walk->depth == LEVELS_MAX)
        return tv_scan_fault(scan, scan->at, "nested deeper than 4096 levels");
    uint64_t bit = UINT64_C(1) << (walk->depth % 64);
    uint64_t *word = &walk->objects[walk->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    walk->depth++;
    if (walk->depth > walk->skip->depth_max)
        tv_scan_flaw(scan, "nested deeper than 32 levels");
    scan->at++;
    tv_scan_blanks(scan);
    if (tv_scan_peek(scan) == (object ? '}' : ']')) {
        scan->at++;
        walk->depth--;
        *next = leave(walk);
    } else {
        *next = object ? EXPECT_NAME : EXPECT_VALUE;
    }
    return true;
}

static bool read_value(struct walk *walk, enum expected *next)
{
    struct tv_scan *scan = walk->scan;
    struct tv_str text;
    struct tv_value value;
    char c = tv_scan_peek(scan);
    bool good = false;
    if (c == '{' || c == '[')
        return enter(walk, c == '{', next);
    if (c == '"') {
        scan->at++;
        good = tv_scan_string(scan, &text);
    } else if (c == '-' || tv_is_digit(c)) {
        good = tv_scan_number(scan, &value);
    } else {
        good = tv_scan_literal(scan, &value);
    }
    if (good)
        *next = leave(walk);
    return good;
}

/* Puts the mask where the value that begins at the cursor would stand. */
static void mask_value(struct walk *walk)
{
    struct tv_buf *out = walk->skip->masked;
    tv_buf_append(out, walk->copied, (size_t)(walk->scan->at - walk->copied));
    tv_buf_append_char(out, '"');
    tv_buf_append_str(out, tv_redact_mask());
    tv_buf_append_char(out, '"');
    walk->masking = true;
    walk->masking_depth = walk->depth;
}

static bool read_name(struct walk *walk, enum expected *next)
{
    struct tv_scan *scan = walk->scan;
    struct tv_str name;
    if (tv_scan_peek(scan) != '"')
        return tv_scan_fault(scan, scan->at, "expected a member's name in quotes");
    scan->at++;
    if (!tv_scan_string(scan, &name))
        return false;
    tv_scan_blanks(scan);
    if (tv_scan_peek(scan) != ':')
        return tv_scan_fault(scan, scan->at, "expected ':' behind a member's name");
    scan->at++;
    tv_scan_blanks(scan);
    if (walk->skip->keep && !walk->masking && tv_redact_is_secret(name))
        mask_value(walk);
    *next = EXPECT_VALUE;
    return true;
}

static bool read_next(struct walk *walk, enum expected *next)
{
    struct tv_scan *scan = walk->scan;
    bool object = in_object(walk);
    char c = tv_scan_peek(scan);
    if (c == ',') {
        *next = object ? EXPECT_NAME : EXPECT_VALUE;
        scan->at++;
        return true;
    }
    if (c == (object ? '}' : ']')) {
        scan->at++;
        walk->depth--;
        *next = leave(walk);
        return true;
    }
    if (scan->at == scan->end)
        return tv_scan_fault(scan, scan->at, "the body ends inside an event");
    return tv_scan_fault(scan, scan->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
}

bool tv_scan_any(struct tv_scan *scan, const struct tv_scan_skip *skip, struct tv_str *out)
{
    struct walk walk; /* `objects` is written level by level before it is read */
    walk.scan = scan;
    walk.skip = skip;
    walk.depth = 0;
    walk.masking = false;
    walk.masking_depth = 0;
    walk.copied = scan->at;
    const char *start = scan->at;
    size_t masked_before = skip->keep ? skip->masked->len : 0;
    enum expected next = EXPECT_VALUE;
    bool good = true;
    while (good && next != EXPECT_NOTHING) {
        tv_scan_blanks(scan);
        if (next == EXPECT_VALUE)
            good = read_value(&walk, &next);
        else if (next == EXPECT_NAME)
            good = read_name(&walk, &next);
        else
            good = read_next(&walk, &next);
    }
    *out = (struct tv_str){start, (size_t)(scan->at - start)};
    if (good && walk.copied != start) {
        struct tv_buf *masked = skip->masked;
        tv_buf_append(masked, walk.copied, (size_t)(scan->at - walk.copied));
        *out = (struct tv_str){masked->data + masked_before, masked->len - masked_before};
    }
    return good;
}
