/* SPDX-License-Identifier: Apache-2.0 */
/* What one literal means beside one field. Private to this room. */
#ifndef TV_TIMEQL_LITERAL_H
#define TV_TIMEQL_LITERAL_H

#include "timeql/compile.h"

struct tv_literal_place {
    struct tv_field_ref ref;
    struct tv_ast_field written;
    enum tv_op op;
};

/* The value that a column is compared with: times and durations as ns, ids as hex, enumerations as
 * their names, a percentage as F64. Errors say which literals the field takes. */
TV_CHECKED enum tv_status tv_literal_value(struct tv_compiler *compiler,
        const struct tv_literal_place *place, const struct tv_literal *literal,
        struct tv_value *out);

#endif
