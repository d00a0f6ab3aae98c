/* SPDX-License-Identifier: Apache-2.0 */
/* What a store that was opened still knows of events delivered before. */
#ifndef TV_STORE_REMEMBER_H
#define TV_STORE_REMEMBER_H

#include "store/store_internal.h"

/* Fills the table of duplicates from what is loaded; within a second. */
TV_CHECKED enum tv_status tv_remember(
        struct tv_store *store, const struct tv_db *db, struct tv_error *err);

#endif
