/* SPDX-License-Identifier: Apache-2.0 */
/* How long events are kept: an age for all, and others for some services.
 *
 * Services whose events are kept equally long are a class. Compaction keeps classes apart, so that
 * whole segments come of age; a segment's class follows from the services in it, and is written
 * nowhere: rules that change hold from the next start on for what is stored already.
 *
 *     tv_retention_parse(TV_STR("payments,ledger-*=365d; load-*=2d"), &retention)
 */
#ifndef TV_STORE_RETENTION_H
#define TV_STORE_RETENTION_H

#include "store/encode.h"

enum {
    TV_RETENTION_RULES_MAX = 32,
    TV_RETENTION_CLASSES_MAX = TV_RETENTION_RULES_MAX + 1, /* 0: of all the others */
    TV_RETENTION_MIXED = TV_RETENTION_CLASSES_MAX /* a segment of several, or of who knows */
};

struct tv_retention_rule {
    struct tv_str services; /* names with commas between; one that ends in '*' is a beginning */
    int64_t age_ns;
};

/* Plain value; the texts are the parsed one's. Zero-initialised keeps all for ever. */
struct tv_retention {
    int64_t age_ns; /* of all others; 0: for ever */
    struct tv_retention_rule rules[TV_RETENTION_RULES_MAX];
    unsigned count;
};

/* Rules "services=age", semicolons between; the first that names a service counts. Adds them to *out;
 * false where the text is something else. `text` is borrowed as long as *out. */
TV_CHECKED bool tv_retention_parse(struct tv_str text, struct tv_retention *out);
unsigned tv_retention_class(const struct tv_retention *retention, struct tv_str service);

/* Gives the segment its class and age, from its directory of services; those of several classes are
 * kept as long as the longest. */
void tv_retention_place(const struct tv_retention *retention, struct tv_segment *segment);
/* When the segment comes of age, as a time of the wall clock; INT64_MAX for never. */
int64_t tv_retention_end(const struct tv_segment *segment);
/* Rows that are compacted together. */
struct tv_retention_rows {
    struct tv_batch *const *batches;
    size_t batch_count;
    struct tv_build_row *rows;
    size_t count;
};
/* Sorts rows by class, those of one class as they were; `ends` says where each class ends. */
void tv_retention_split(const struct tv_retention *retention, const struct tv_retention_rows *rows,
        size_t ends[TV_RETENTION_CLASSES_MAX]);

#endif
