/* SPDX-License-Identifier: Apache-2.0 */
/* The folder in which batches wait that memory has no room for: KEY.ndjson each, written as KEY.part and renamed. */
#ifndef TV_COLLECTOR_SPILL_H
#define TV_COLLECTOR_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the folder (0700) where it is absent and tries whether it can be written. */
bool tvc_spill_open(const char *folder);
/* Calls for each whole batch, in the order of time. False where the folder cannot be read. Removes parts that a
 * process left an hour ago or more. */
bool tvc_spill_list(
        const char *folder, void (*each)(void *ctx, const char *key, uint64_t bytes), void *ctx);
bool tvc_spill_write(const char *folder, const char *key, const char *data, size_t len);
/* The file's bytes, owned by the caller (free); NULL where it is gone, longer than `len`, or without memory. */
char *tvc_spill_read(const char *folder, const char *key, size_t len);
void tvc_spill_remove(const char *folder, const char *key);

#endif
