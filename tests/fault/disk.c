/* SPDX-License-Identifier: Apache-2.0 */
/* Every call to the disk fails once, and from every call on, in every way that it can.
 *
 *     fault_disk [STRIDE [CALL]]
 *
 * The script is run without a fault to count its calls, then once for each of them (each STRIDE-th; 1
 * takes minutes under a sanitizer). A run that breaks the promise of the store aborts and says which
 * fault it was. */
#include "support_script.h"
#include "support_vfs.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS_MIN = 4 }; /* of a rare call, whatever the stride */

struct tally {
    uint64_t runs, injected, failures;
};

static void run(const struct vfs_plan *plan, struct tally *tally)
{
    struct script *script = script_new();
    (void)snprintf(script_blame, sizeof(script_blame), "%s %s at %" PRIu64 "%s",
            vfs_effect_name(plan->effect), vfs_call_name(plan->call), plan->at,
            plan->lasting ? " and on" : "");
    script->faulty = true;
    script->zeroed = plan->call == VFS_READ && plan->effect == VFS_TORN;
    vfs_arm(plan);
    script_run(script);
    tally->runs++;
    tally->injected += vfs_hits();
    tally->failures += script->failures;
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
    script_verify(script);
    script_free(script);
}

static void sweep(enum vfs_call call, uint64_t calls, uint64_t stride)
{
    for (int effect = 0; effect < VFS_POWER; effect++) {
        struct tally tally = {0};
        struct vfs_plan plan = {.call = call, .effect = (enum vfs_effect)effect};
        if (!vfs_applies(call, plan.effect))
            continue;
        uint64_t step = calls / stride >= RUNS_MIN ? stride : 1 + calls / RUNS_MIN;
        step = stride < step ? stride : step;
        for (int lasting = 0; lasting < 2; lasting++)
            for (plan.at = 1; plan.at <= calls; plan.at += step) {
                plan.lasting = lasting;
                run(&plan, &tally);
            }
        (void)printf("%-8s %-6s  %4" PRIu64 " calls, %4" PRIu64 " runs, %6" PRIu64
                     " calls failed, %5" PRIu64 " errors told, 0 events lost\n",
                vfs_call_name(call), vfs_effect_name(plan.effect), calls, tally.runs,
                tally.injected, tally.failures);
        (void)fflush(stdout);
    }
}

static int find_call(const char *name)
{
    for (int call = 0; call < VFS_CALL_COUNT; call++)
        if (strcmp(name, vfs_call_name((enum vfs_call)call)) == 0)
            return call;
    return VFS_CALL_COUNT;
}

int main(int argc, char **argv)
{
    uint64_t stride = 41, calls[VFS_CALL_COUNT];
    int only = argc > 2 ? find_call(argv[2]) : -1;
    if ((argc > 1 && (!tv_str_to_u64(tv_str_of(argv[1]), &stride) || stride == 0)) ||
            only == VFS_CALL_COUNT) {
        (void)fprintf(stderr, "usage: %s [STRIDE [CALL]]\n", argv[0]);
        return 2;
    }
    vfs_install();
    count_calls(calls);
    for (int call = 0; call < VFS_CALL_COUNT; call++)
        if (only < 0 || only == call)
            sweep((enum vfs_call)call, calls[call], stride);
    return 0;
}
