/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of retention, and the classes that they make.
 *
 * A class is the number of a rule. Its number is not stored with a segment, as it would mean another
 * rule after the next change of the settings; the segment's directory already says which services
 * are in it. A segment that is older than its rules may mix classes: it stays for the longest of
 * their ages, and a merge takes it apart. */
#include "store/retention.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>

enum { CLASS_UNKNOWN = UINT8_MAX };

/* Cuts the text at the first `end`; what lies behind it is the rest. */
static struct tv_str cut(struct tv_str *rest, char end)
{
    const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    struct tv_str piece = {rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len};
    size_t taken = piece.len + (at != NULL);
    *rest = (struct tv_str){rest->ptr + taken, rest->len - taken};
    return tv_str_trim(piece);
}

static bool names_services(struct tv_str services)
{
    do {
        struct tv_str name = cut(&services, ',');
        const char *star = name.len ? memchr(name.ptr, '*', name.len) : NULL;
        if (name.len == 0 || (star && star + 1 != name.ptr + name.len))
            return false;
    } while (services.len);
    return true;
}

bool tv_retention_parse(struct tv_str text, struct tv_retention *out)
{
    for (struct tv_str rest = text; rest.len;) {
        struct tv_str age = cut(&rest, ';');
        struct tv_retention_rule rule = {.age_ns = 0};
        if (age.len == 0 && rest.len == 0)
            break;
        rule.services = cut(&age, '=');
        if (!names_services(rule.services) || !tv_duration_parse(tv_str_trim(age), &rule.age_ns) ||
                rule.age_ns <= 0 || out->count == TV_RETENTION_RULES_MAX)
            return false;
        out->rules[out->count++] = rule;
    }
    return true;
}

static bool names(struct tv_str services, struct tv_str service)
{
    while (services.len) {
        struct tv_str name = cut(&services, ',');
        bool beginning = name.len && name.ptr[name.len - 1] == '*';
        name.len -= beginning;
        if (beginning ? tv_str_starts_with(service, name) : tv_str_equal(service, name))
            return true;
    }
    return false;
}

unsigned tv_retention_class(const struct tv_retention *retention, struct tv_str service)
{
    for (unsigned i = 0; i < retention->count; i++)
        if (names(retention->rules[i].services, service))
            return i + 1;
    return 0;
}

static int64_t age_of(const struct tv_retention *retention, unsigned class)
{
    int64_t age_ns = class ? retention->rules[class - 1].age_ns : retention->age_ns;
    return age_ns > 0 ? age_ns : INT64_MAX;
}

static void add_class(const struct tv_retention *retention, struct tv_segment *segment,
        unsigned class, bool first)
{
    int64_t age_ns = age_of(retention, class);
    if (first)
        segment->class = class;
    else if (segment->class != class)
        segment->class = TV_RETENTION_MIXED;
    segment->age_ns = age_ns > segment->age_ns ? age_ns : segment->age_ns;
}

void tv_retention_place(const struct tv_retention *retention, struct tv_segment *segment)
{
    segment->age_ns = 0;
    if (!segment->services_known) {
        for (unsigned class = 0; class <= retention->count; class ++)
            add_class(retention, segment, class, class == 0);
        return;
    }
    for (uint32_t i = 0; i < segment->service_count; i++)
        add_class(retention, segment, tv_retention_class(retention, segment->services[i].service),
                i == 0);
}

int64_t tv_retention_end(const struct tv_segment *segment)
{
    int64_t end_ns = 0;
    bool never = segment->age_ns == INT64_MAX ||
            __builtin_add_overflow(tv_extent_newest(&segment->extent), segment->age_ns, &end_ns);
    return never ? INT64_MAX : end_ns;
}

/* Services repeat, so a batch's classes are remembered by code. */
static uint8_t class_of(const struct tv_retention *retention, const struct tv_batch *batch,
        uint8_t *known, uint32_t row)
{
    const uint32_t *codes = tv_batch_codes(batch, TV_FIELD_SERVICE);
    uint32_t code = codes ? codes[row] : 0;
    if (known[code] == CLASS_UNKNOWN)
        known[code] = (uint8_t)tv_retention_class(retention, tv_strings_get(&batch->strings, code));
    return known[code];
}

/* The class of each row, owned by the caller. */
static uint8_t *classes_of(
        const struct tv_retention *retention, const struct tv_retention_rows *rows)
{
    uint8_t *classes = tv_malloc(rows->count + 1);
    uint8_t **known = tv_calloc(rows->batch_count, sizeof(*known));
    for (size_t b = 0; b < rows->batch_count; b++) {
        known[b] = tv_malloc((size_t)rows->batches[b]->strings.count + 1);
        memset(known[b], CLASS_UNKNOWN, (size_t)rows->batches[b]->strings.count + 1);
    }
    for (size_t i = 0; i < rows->count; i++) {
        const struct tv_build_row *row = &rows->rows[i];
        classes[i] = class_of(retention, rows->batches[row->batch], known[row->batch], row->row);
    }
    for (size_t b = 0; b < rows->batch_count; b++)
        free(known[b]);
    free(known);
    return classes;
}

void tv_retention_split(const struct tv_retention *retention, const struct tv_retention_rows *rows,
        size_t ends[TV_RETENTION_CLASSES_MAX])
{
    if (retention->count == 0) {
        for (int class = 0; class < TV_RETENTION_CLASSES_MAX; class ++)
            ends[class] = rows->count;
        return;
    }
    uint8_t *classes = classes_of(retention, rows);
    struct tv_build_row *sorted = tv_calloc(rows->count + 1, sizeof(*sorted));
    size_t at = 0;
    for (unsigned class = 0; class < TV_RETENTION_CLASSES_MAX; class ++) {
        for (size_t i = 0; i < rows->count && class <= retention->count; i++)
            if (classes[i] == class)
                sorted[at++] = rows->rows[i];
        ends[class] = at;
    }
    memcpy(rows->rows, sorted, at * sizeof(*sorted));
    free(sorted);
    free(classes);
}
