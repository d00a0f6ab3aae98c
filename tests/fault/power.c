/* SPDX-License-Identifier: Apache-2.0 */
/* The power fails at every sync, write and truncation of the script's life, and after every sync that
 * failed.
 *
 *     fault_power [STRIDE [SEEDS]]
 *
 * What was written since the last sync gets to the disk as chance has it, by sectors and in any order,
 * for SEEDS chances each. Then the store is opened again: what was acknowledged is there, once. */
#include "support_script.h"
#include "support_vfs.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void run(const struct vfs_plan *plan, uint64_t seed)
{
    struct script *script = script_new();
    (void)snprintf(script_blame, sizeof(script_blame),
            "%s %s at %" PRIu64 ", power %" PRIu64 " later, seed %" PRIu64,
            vfs_effect_name(plan->effect), vfs_call_name(plan->call), plan->at, plan->power_after,
            seed);
    script->faulty = true;
    vfs_power_watch();
    vfs_arm(plan);
    script_run(script);
    vfs_power_off();
    script_close(script);
    vfs_power_return(seed);
    vfs_arm(NULL);
    script_verify(script);
    script_free(script);
}

static void count_calls(uint64_t calls[VFS_CALL_COUNT])
{
    struct script *script = script_new();
    (void)snprintf(script_blame, sizeof(script_blame), "without a fault");
    vfs_arm(NULL);
    script_run(script);
    for (int call = 0; call < VFS_CALL_COUNT; call++)
        calls[call] = vfs_calls((enum vfs_call)call);
    script_free(script);
}

/* Returns how many runs there were. */
static uint64_t sweep(struct vfs_plan plan, uint64_t calls, uint64_t stride, uint64_t seeds)
{
    uint64_t runs = 0;
    for (plan.at = 1; plan.at <= calls; plan.at += stride)
        for (uint64_t seed = 1; seed <= seeds; seed++, runs++)
            run(&plan, seed * 1000 + plan.at);
    return runs;
}

int main(int argc, char **argv)
{
    static const enum vfs_call calls[] = {VFS_SYNC, VFS_WRITE, VFS_TRUNCATE, VFS_DELETE};
    uint64_t stride = 11, seeds = 1, counts[VFS_CALL_COUNT];
    if ((argc > 1 && (!tv_str_to_u64(tv_str_of(argv[1]), &stride) || stride == 0)) ||
            (argc > 2 && !tv_str_to_u64(tv_str_of(argv[2]), &seeds))) {
        (void)fprintf(stderr, "usage: %s [STRIDE [SEEDS]]\n", argv[0]);
        return 2;
    }
    vfs_install();
    count_calls(counts);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        uint64_t step = counts[calls[i]] < stride * 4 ? 1 + stride / 4 : stride;
        struct vfs_plan plan = {.call = calls[i], .effect = VFS_POWER};
        (void)printf("power cut at %s: %4" PRIu64 " calls, %5" PRIu64 " runs, 0 events lost\n",
                vfs_call_name(calls[i]), counts[calls[i]],
                sweep(plan, counts[calls[i]], step, seeds));
    }
    for (uint64_t after = 1; after <= 3; after++) {
        struct vfs_plan failed = {.call = VFS_SYNC, .effect = VFS_EIO, .power_after = after};
        (void)printf("power cut %" PRIu64 " syncs after a failed one: %5" PRIu64
                     " runs, 0 events lost\n",
                after, sweep(failed, counts[VFS_SYNC], 1 + stride / 4, seeds));
    }
    return 0;
}
