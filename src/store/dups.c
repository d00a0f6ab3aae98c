/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and removing second deliveries.
 *
 * Each row's key is asked of the table of fingerprints. A hit is only a suspicion (a commit that
 * failed leaves its fingerprints behind, and hashes collide), so the suspects of a group are
 * confirmed together: against the group's own earlier rows, against level 0, and last against
 * segments, those around the suspect's own time first. Only a row whose original was read and found
 * equal is dropped. A group without suspects, the usual one, costs two cache misses a row. */
#include "store/commit_internal.h"

#include "base/mem.h"
#include "base/time.h"
#include "store/key.h"
#include "store/suspects.h"

#include <stdlib.h>

enum { PREFETCH_AHEAD = 12 };

#define REQUEST_HORIZON_NS (10 * TV_NS_PER_MIN)

/* One batch's keys. */
struct keyed {
    const struct tv_batch *batch;
    uint64_t *keys;
};

/* Whether a request with this key is known. Not to be able to tell is a failure: a guess would take
 * the request's events twice. */
static enum tv_status find_request(
        struct tv_commit *commit, const uint8_t *key, int64_t since_ns, bool *found)
{
    struct tv_store *store = commit->store;
    sqlite3_stmt *find = store->request_find;
    (void)sqlite3_bind_blob(find, 1, key, sizeof(commit->batches[0]->request_key), SQLITE_STATIC);
    (void)sqlite3_bind_int64(find, 2, since_ns);
    int code = sqlite3_step(find);
    *found = code == SQLITE_ROW;
    enum tv_status status = code == SQLITE_ROW || code == SQLITE_DONE
            ? TV_OK
            : tv_db_fail(&store->writer, code, "read", &commit->err);
    (void)sqlite3_reset(find);
    return status;
}

static enum tv_status is_repeated_request(
        struct tv_commit *commit, size_t index, int64_t now_ns, bool *repeated)
{
    static const uint8_t none[16];
    const uint8_t *key = commit->batches[index]->request_key;
    *repeated = false;
    if (memcmp(key, none, sizeof(none)) == 0)
        return TV_OK;
    for (size_t i = 0; i < index && !*repeated; i++)
        *repeated = memcmp(commit->batches[i]->request_key, key, sizeof(none)) == 0;
    if (*repeated)
        return TV_OK;
    enum tv_status status = find_request(commit, key, now_ns - REQUEST_HORIZON_NS, repeated);
    commit->keys_new = commit->keys_new || !*repeated;
    return status;
}

static enum tv_status drop_repeated_requests(struct tv_commit *commit)
{
    int64_t now_ns = tv_time_now();
    for (size_t i = 0; i < commit->count; i++) {
        struct tv_batch *batch = commit->batches[i];
        bool repeated = false;
        enum tv_status status = is_repeated_request(commit, i, now_ns, &repeated);
        if (status != TV_OK)
            return status;
        if (!repeated)
            continue;
        commit->result.duplicates += batch->rows;
        tv_batch_keep(batch, NULL, 0);
    }
    return TV_OK;
}

/* Asks the table about a batch's rows; notes the suspects. */
static void ask_table(
        struct tv_commit *commit, size_t index, const uint64_t *keys, struct tv_suspects *suspects)
{
    struct tv_dedupe *dedupe = commit->store->dedupe;
    const struct tv_batch *batch = commit->batches[index];
    int64_t now_ns = tv_time_monotonic();
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (row + PREFETCH_AHEAD < batch->rows && keys[row + PREFETCH_AHEAD])
            tv_dedupe_prefetch(dedupe, keys[row + PREFETCH_AHEAD]);
        if (keys[row] && tv_dedupe_seen(dedupe, keys[row], now_ns))
            tv_suspects_add(suspects,
                    (struct tv_suspect){.key = keys[row], .batch = (uint32_t)index, .row = row});
    }
}

/* The first row of the group with a suspect's key is what later ones repeat. */
static void confirm_in_group(
        struct tv_commit *commit, const struct keyed *keyed, struct tv_suspects *suspects)
{
    for (size_t i = 0; i < commit->count; i++) {
        const struct tv_batch *batch = commit->batches[i];
        for (uint32_t row = 0; row < batch->rows; row++)
            if (keyed[i].keys[row])
                tv_suspects_meet_own(suspects, keyed[i].keys[row], (uint32_t)i, row);
    }
}

static void drop_confirmed(struct tv_commit *commit, struct tv_suspects *suspects)
{
    size_t at = 0;
    for (uint32_t i = 0; i < commit->count && at < suspects->count; i++) {
        struct tv_batch *batch = commit->batches[i];
        if (suspects->items[at].batch != i)
            continue;
        uint32_t *kept = tv_calloc(batch->rows, sizeof(*kept));
        uint32_t count = 0;
        for (uint32_t row = 0; row < batch->rows; row++) {
            bool suspect = at < suspects->count && suspects->items[at].batch == i &&
                    suspects->items[at].row == row;
            if (!suspect || !suspects->items[at].confirmed)
                kept[count++] = row;
            at += suspect;
        }
        commit->result.duplicates += batch->rows - count;
        tv_batch_keep(batch, kept, count);
        free(kept);
    }
}

enum tv_status tv_commit_drop_duplicates(struct tv_commit *commit)
{
    struct tv_arena arena = {0};
    struct tv_suspects suspects = {.batches = commit->batches};
    enum tv_status status = drop_repeated_requests(commit);
    if (status != TV_OK)
        return status;
    struct keyed *keyed = tv_arena_calloc(&arena, commit->count, sizeof(*keyed));
    for (size_t i = 0; i < commit->count; i++) {
        uint32_t rows = commit->batches[i]->rows;
        keyed[i].batch = commit->batches[i];
        keyed[i].keys = tv_arena_alloc(&arena, rows * sizeof(uint64_t));
        tv_keys_of(commit->batches[i], keyed[i].keys);
        ask_table(commit, i, keyed[i].keys, &suspects);
    }
    if (suspects.count) {
        tv_suspects_index(&suspects);
        confirm_in_group(commit, keyed, &suspects);
        status = tv_suspects_confirm(&suspects, commit->snapshot, &commit->err);
    }
    if (status == TV_OK && suspects.count)
        drop_confirmed(commit, &suspects);
    tv_suspects_release(&suspects);
    tv_arena_release(&arena);
    return status;
}
