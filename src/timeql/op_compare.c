/* SPDX-License-Identifier: Apache-2.0 */
/* COMPARE: what two moments, or two spans, have that differs.
 *
 * Each side is computed as STATE computes it, so a figure of COMPARE is the figure that STATE shows; a
 * span is a STATE at its end whose rates reach back to its beginning. Beside it stand two scans: numbers
 * by service, errors by what they say. Sides are read one after the other and held in memory by name,
 * which is bounded; a single pass over both windows was turned down, since they may lie weeks apart. */
#include "timeql/compare.h"

#include <stdlib.h>

struct tv_frame_range tv_compare_range(
        const struct tv_query *query, const struct tv_compare_side *side)
{
    struct tv_frame_range range = {side->from, side->to};
    if (side->moment)
        range.from = tv_frame_window(side->to, query->over);
    return range;
}

static enum tv_status read_half(struct tv_compare_half *half, const struct tv_planned_scan *scans)
{
    enum tv_status status = tv_state_read(&half->state, scans);
    if (status == TV_OK)
        status = tv_exec_scan(
                half->exec, &scans[TV_COMPARE_MEASURES], tv_compare_read_measures, half);
    if (status == TV_OK)
        status = tv_exec_scan(half->exec, &scans[TV_COMPARE_ERRORS], tv_compare_read_errors, half);
    if (status == TV_OK)
        tv_state_shown(&half->state, &half->shown);
    return status;
}

static void init_half(
        struct tv_compare_half *half, struct tv_exec *exec, const struct tv_compare_side *side)
{
    *half = (struct tv_compare_half){.exec = exec, .side = side};
    struct tv_frame_range range = tv_compare_range(exec->query, side);
    tv_state_init(&half->state, exec, range.from, range.to);
}

static void release_half(struct tv_compare_half *half)
{
    tv_state_release(&half->state);
    tv_map_release(&half->measured_by);
    tv_map_release(&half->kind_by);
    free(half->measured);
    free(half->kinds);
    tv_arena_release(&half->scratch);
}

enum tv_status tv_op_compare(struct tv_exec *exec)
{
    struct tv_compare_half before, after;
    init_half(&before, exec, &exec->query->before);
    init_half(&after, exec, &exec->query->after);
    enum tv_status status = read_half(&before, exec->plan.scans);
    if (status == TV_OK)
        status = read_half(&after, exec->plan.scans + TV_COMPARE_SCANS);
    if (status == TV_OK)
        status = tv_compare_write(&before, &after);
    release_half(&before);
    release_half(&after);
    return status;
}
