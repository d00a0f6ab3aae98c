/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails on demand: SQLite's own VFS, wrapped.
 *
 * Every call of the program to its files, by whichever connection, is counted by kind; the n-th of a
 * kind, or all from the n-th on, fails as the plan says. Installed as the default, so that the store
 * under test is opened as it always is. Beside that it keeps what of each file is durable, so that
 * the power can be cut: what was not synced is lost then, write by write, as chance has it.
 *
 *     vfs_install();
 *     vfs_arm(&(struct vfs_plan){.call = VFS_WRITE, .effect = VFS_ENOSPC, .at = 17});
 *     …                                     the 17th write fails
 *     vfs_arm(NULL);                        healed
 *
 * One thread at a time. */
#ifndef TV_TESTS_FAULT_SUPPORT_VFS_H
#define TV_TESTS_FAULT_SUPPORT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum vfs_call {
    VFS_OPEN,
    VFS_READ,
    VFS_WRITE,
    VFS_SYNC,
    VFS_TRUNCATE,
    VFS_SIZE,
    VFS_LOCK,
    VFS_MAP, /* of the log's shared memory */
    VFS_DELETE,
    VFS_ACCESS,
    VFS_CALL_COUNT
};

enum vfs_effect {
    VFS_EIO,
    VFS_ENOSPC,
    VFS_TORN,  /* a write gets half way and fails; a read by who only reads gives half, zeros behind
                  it, and no error (a writer would write back what it took for the truth) */
    VFS_POWER, /* the power fails: nothing works from here on (vfs_power_return) */
    VFS_EFFECT_COUNT
};

struct vfs_plan {
    enum vfs_call call;
    enum vfs_effect effect;
    uint64_t at;          /* counted from 1; 0: never */
    bool lasting;         /* all from there on, instead of the one */
    uint64_t power_after; /* the power fails at this sync after the fault; 0: it does not */
};

void vfs_install(void);
/* Counts from 0 again. NULL: nothing fails. */
void vfs_arm(const struct vfs_plan *plan);
/* Calls since vfs_arm, and those that were made to fail. */
uint64_t vfs_calls(enum vfs_call call);
uint64_t vfs_hits(void);
/* Whether the effect makes sense for the call. */
bool vfs_applies(enum vfs_call call, enum vfs_effect effect);
/* "write", "ENOSPC". Static. */
const char *vfs_call_name(enum vfs_call call);
const char *vfs_effect_name(enum vfs_effect effect);

/* From here on what is durable of each file is kept (of all files that are opened from now on). A
 * sync that was made to fail leaves what it should have written as it leaves it on Linux: thought
 * clean, so that the next sync does not write it either. */
void vfs_power_watch(void);
/* The power fails now, whatever the plan. */
void vfs_power_off(void);
/* After everything was closed: writes to the files what the disk has of them, picking by `seed` which
 * of the writes since the last sync got there, whole or in part. Ends the watch. */
void vfs_power_return(uint64_t seed);

#endif
