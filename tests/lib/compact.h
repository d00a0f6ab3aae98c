/* SPDX-License-Identifier: Apache-2.0 */
/* Compaction on demand. Level 0 is flushed by age, and a test does not sleep: it makes level 0 older,
 * for which it must look inside the store. */
#ifndef TV_TESTS_LIB_COMPACT_H
#define TV_TESTS_LIB_COMPACT_H

#include "../unit/timeql/fixture.h"
#include "store/store_internal.h"

/* Runs every job that is due once level 0 has aged, so that all of it becomes segments. */
static inline void fixture_compact(struct fixture *fixture)
{
    struct tv_error err;
    for (size_t i = 0; i < fixture->store->level0_count; i++)
        fixture->store->level0[i]->born_ns -= TV_NS_PER_MIN;
    for (;;) {
        struct tv_store_job *job =
                tv_store_job_next(fixture->store, tv_time_now() + TV_NS_PER_HOUR);
        if (!job)
            return;
        tv_store_job_run(job);
        if (tv_store_job_needs_writer(job))
            tv_store_job_commit(job);
        if (tv_store_job_finish(job, &err) != TV_OK)
            fixture_fail("job", &err);
    }
}

#endif
