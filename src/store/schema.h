/* SPDX-License-Identifier: Apache-2.0 */
/* The file's tables and the migrations that lead to them (FORMAT.md draws them). */
#ifndef TV_STORE_SCHEMA_H
#define TV_STORE_SCHEMA_H

#include "store/db.h"

enum {
    TV_SCHEMA_VERSION = 5,
    TV_SCHEMA_APPLICATION = 0x54565331 /* "TVS1" */
};

/* Brings the file to this version, one transaction a step. TV_NEWER for a later one, TV_CORRUPT for
 * an SQLite file that is not a store. */
TV_CHECKED enum tv_status tv_schema_migrate(const struct tv_db *db, struct tv_error *err);
/* Only looks: TV_CONFLICT where a migration would be needed first. */
TV_CHECKED enum tv_status tv_schema_check(const struct tv_db *db, struct tv_error *err);

#endif
