/* SPDX-License-Identifier: Apache-2.0 */
/* Events as items of an answer. Private to this room. */
#ifndef TV_TIMEQL_EVENTS_H
#define TV_TIMEQL_EVENTS_H

#include "timeql/answer.h"

enum tv_event_list_kind {
    TV_EVENTS_TIMED, /* with relativeMs */
    TV_EVENTS_WALKED /* with depth and confidence */
};

struct tv_event_item {
    const struct tv_batch *batch;
    uint32_t row;
    enum tv_event_list_kind kind;
    double relative_ms;
    int64_t depth;
    double confidence;
};

/* The list of events of an answer, as the format wants it: JSON forms show every member, CSV every
 * field, the table what fits a line. */
const struct tv_answer_list *tv_event_list(
        enum tv_event_list_kind kind, enum tv_query_format format);
/* One event as an object, as part of a JSON answer. */
void tv_event_object(struct tv_json_out *json, const struct tv_batch *batch, uint32_t row);

#endif
