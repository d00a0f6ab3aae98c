/* SPDX-License-Identifier: Apache-2.0 */
/* A scan's questions to the prints: each id or value is looked up once, in all prints of the
 * snapshot, and the answer kept while the scan goes from segment to segment. */
#ifndef TV_STORE_PROBE_H
#define TV_STORE_PROBE_H

#include "store/prints_list.h"

struct tv_probe {
    enum tv_prints_kind kind;
    uint64_t key;
    uint64_t *members; /* by item of the list: a bit for each member that may hold it */
};

/* What was looked up: a hash table, since a list of ids may be long. Zero-initialised is empty. */
struct tv_probes {
    struct tv_probe *slots; /* without members: free */
    size_t count, cap;
};

/* What prints say of a segment. */
enum tv_probe_answer {
    TV_PROBE_UNKNOWN, /* they do not cover it, or cannot be read */
    TV_PROBE_NO,      /* no row of it has the key */
    TV_PROBE_MAYBE
};

/* Asks for the kind and key of `question`. */
enum tv_probe_answer tv_probe(struct tv_probes *probes, const struct tv_prints_list *list,
        const struct tv_db *db, const struct tv_probe *question, int64_t segment);
void tv_probes_release(struct tv_probes *probes);

#endif
