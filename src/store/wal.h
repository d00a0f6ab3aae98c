/* SPDX-License-Identifier: Apache-2.0 */
/* The write-ahead log, where SQLite's own care for it ends. */
#ifndef TV_STORE_WAL_H
#define TV_STORE_WAL_H

#include "store/db.h"

/* Writes the log's bytes once more, in place, and syncs them, so that all of it is durable whatever
 * became of earlier syncs. Inside a write transaction, before its first frame. Failures name the
 * file. */
TV_CHECKED enum tv_status tv_wal_renew(const struct tv_db *db, struct tv_error *err);

#endif
