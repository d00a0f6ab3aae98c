/* SPDX-License-Identifier: Apache-2.0 */
/* Events into kinds and their occurrences (insight/kinds.h). Private to this room.
 *
 * Without WHERE only what is worth noticing is a kind: deploys, configuration changes, alerts, errors,
 * warnings, failed requests, events of own types; traffic, metrics and logs below WARN are the
 * background. With WHERE it is what WHERE says. */
#ifndef TV_TIMEQL_OCCURRENCES_H
#define TV_TIMEQL_OCCURRENCES_H

#include "insight/kinds.h"
#include "timeql/exec.h"

void tv_plan_occurrences(struct tv_exec *exec, struct tv_planned_scan *scan);
/* Reads and settles. Kinds without a name are called after their messages' template. */
TV_CHECKED enum tv_status tv_occurrences_read(
        struct tv_exec *exec, const struct tv_planned_scan *scan, struct tv_kinds *kinds);
/* "deploy payments", "error checkout 'timeout after *'". */
struct tv_str tv_kind_text(const struct tv_kind *kind, struct tv_arena *arena);

#endif
