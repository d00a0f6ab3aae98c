/* SPDX-License-Identifier: Apache-2.0 */
/* What the failing VFS tells the keeper of durable bytes. */
#ifndef TV_TESTS_FAULT_SUPPORT_VFS_INTERNAL_H
#define TV_TESTS_FAULT_SUPPORT_VFS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file's durable bytes and what was written since. */
struct vfs_disk;

/* The file's, NULL while nobody watches. Its content now counts as durable when first asked for. */
struct vfs_disk *vfs_disk_of(const char *path);
void vfs_disk_write(struct vfs_disk *disk, int64_t offset, const void *bytes, size_t count);
void vfs_disk_truncate(struct vfs_disk *disk, int64_t size);
/* All that was written is durable, or, where the sync failed, on no way to it any more. */
void vfs_disk_sync(struct vfs_disk *disk, bool failed);
void vfs_disk_delete(const char *path);

#endif
