/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that once broke a promise, each by itself. */
#include "support_script.h"
#include "support_vfs.h"

#include "base/time.h"
#include "store/store_internal.h"
#include "timeql/timeql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct script *begin(const char *name)
{
    (void)snprintf(script_blame, sizeof(script_blame), "%s", name);
    vfs_arm(NULL);
    return script_new();
}

/* Whether the request is known cannot be read: it is refused, not taken a second time. */
static void request__that_cannot_be_looked_up_is_refused(void **state)
{
    (void)state;
    struct script *script = begin(__func__);
    assert_true(script_commit(script, 65, 40, 7));
    script->faulty = true;
    /* The look-up's is the first lock, the transaction's the next. */
    vfs_arm(&(struct vfs_plan){.call = VFS_LOCK, .effect = VFS_EIO, .at = 1});
    assert_false(script_commit(script, 65, 40, 7));
    assert_int_equal(vfs_hits(), 1);
    vfs_arm(NULL);
    assert_true(script_commit(script, 65, 40, 7));
    script_verify(script);
    script_free(script);
}

/* Opens until no call fails; returns how often one did. */
static uint64_t fail_each_call_of_opening(struct script *script, enum vfs_call call)
{
    for (uint64_t at = 1;; at++) {
        vfs_arm(NULL);
        script_work(script, 0); /* opens, and with that begins the log anew at the close */
        script_close(script);
        vfs_arm(&(struct vfs_plan){.call = call, .at = at, .lasting = true});
        script_work(script, 0);
        if (vfs_hits() == 0)
            return at - 1;
    }
}

/* Segments that cannot be read when the table of duplicates is filled: the message says so. */
static void opening__names_the_file_whatever_fails(void **state)
{
    (void)state;
    struct script *script = begin(__func__);
    assert_true(script_commit(script, 0, 60, 0));
    script_work(script, 100);
    assert_true(script_commit(script, 105, 60, 0));
    uint64_t failures = 0;
    script->faulty = true;
    for (int call = 0; call < VFS_CALL_COUNT; call++)
        failures += fail_each_call_of_opening(script, (enum vfs_call)call);
    assert_true(failures > 40);
    vfs_arm(NULL);
    script_verify(script);
    script_free(script);
}

/* A compaction waits in the log for the next commit's sync, which fails; the one after it succeeds
 * and must have carried the compaction too. */
static void commit__after_a_failed_sync_does_not_rest_on_a_hole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct script *script = begin(__func__);
        vfs_power_watch();
        assert_true(script_commit(script, 105, 150, 0));
        script_work(script, 1);
        script->faulty = true;
        vfs_arm(&(struct vfs_plan){.call = VFS_SYNC, .effect = VFS_EIO, .at = 1});
        assert_false(script_commit(script, 260, 10, 0));
        assert_true(script_commit(script, 270, 10, 0));
        assert_int_equal(vfs_hits(), 1);
        vfs_power_off();
        script_close(script);
        vfs_power_return(seed);
        vfs_arm(NULL);
        script_verify(script);
        script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(request__that_cannot_be_looked_up_is_refused),
            cmocka_unit_test(opening__names_the_file_whatever_fails),
            cmocka_unit_test(commit__after_a_failed_sync_does_not_rest_on_a_hole),
    };
    vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
