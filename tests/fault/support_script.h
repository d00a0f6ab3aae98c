/* SPDX-License-Identifier: Apache-2.0 */
/* A store's life in some forty steps, and beside it what must be true after each.
 *
 * The script opens a store, commits (late events, second deliveries, a request with a key), compacts,
 * merges, lets events expire, erases some, copies the file, closes and opens again, and asks all the
 * while. A step may fail, for the disk may; then the script goes on as a daemon and its clients would:
 * it tries again later. What it must never see is an event that was acknowledged and is gone, one that
 * is there twice, one that should be gone, or a failure that does not name the file.
 *
 *     struct script *script = script_new();
 *     script_run(script);        with a fault armed or not
 *     vfs_arm(NULL);
 *     script_verify(script);     opens again, finishes what is due, looks at everything
 *     script_free(script);
 */
#ifndef TV_TESTS_FAULT_SUPPORT_SCRIPT_H
#define TV_TESTS_FAULT_SUPPORT_SCRIPT_H

#include "store/erase.h"
#include "store/store.h"

enum { SCRIPT_EVENTS_MAX = 2048 };

/* What the client knows of an event. */
enum script_state {
    SCRIPT_UNKNOWN, /* refused, so perhaps there, once */
    SCRIPT_THERE,   /* acknowledged */
    SCRIPT_PERHAPS, /* acknowledged, and past its age or being erased */
    SCRIPT_GONE     /* erased, and told so */
};

struct script {
    char dir[64];
    struct tv_store *store; /* NULL: could not be opened */
    enum script_state states[SCRIPT_EVENTS_MAX];
    bool again[SCRIPT_EVENTS_MAX]; /* sent while they were being erased, or after it */
    uint32_t count;
    uint64_t failures; /* steps that failed, as they may */
    bool erase_asked;
    struct tv_condition *condition; /* of the erasure */
    bool faulty;                    /* whether a failure is allowed at all */
    bool zeroed; /* whether reads give zeros, so that data may be thought damaged and be missing */
};

/* Owned by the caller. The folder lies in memory where there is such a file system. */
struct script *script_new(void);
void script_free(struct script *script);
void script_run(struct script *script);
/* One step of it: events first … first + rows, again or for the first time; `request` names one, whose
 * events have no ids. Whether they were acknowledged. */
bool script_commit(struct script *script, uint32_t first, uint32_t rows, uint8_t request);
/* What is due, up to `most` jobs; a failure is tried again a few times. */
void script_work(struct script *script, int most);
/* Closes the store, without what may wait. */
void script_close(struct script *script);
void script_verify(struct script *script);

/* What the program says when an expectation fails; `script_blame` comes with it. Aborts. */
extern char script_blame[160];
_Noreturn void script_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
