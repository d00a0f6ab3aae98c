/* SPDX-License-Identifier: Apache-2.0 */
/* A list of all that waits, wherever its bytes are. The youngest goes to disk when memory is full, not the oldest: the oldest is
 * the next to be sent. Files over 64 MiB are none of ours and are left alone. */
#include "collector/parcels.h"
#include "collector/spill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FILE_BYTES_MAX ((uint64_t)64 << 20)

struct tvc_parcels {
    struct tvc_parcel *first, *last;
    uint64_t youngest, events;
    uint64_t memory_bytes, memory_max;
    uint64_t disk_bytes, disk_max;
    char *folder;
};

/* What a parcel takes beside its bytes counts too, or a million small ones would be free. */
static uint64_t weight(const struct tvc_parcel *parcel)
{
    return parcel->len + sizeof(*parcel);
}

static struct tvc_parcel *append(struct tvc_parcels *parcels, const char *key, size_t len)
{
    struct tvc_parcel *parcel = calloc(1, sizeof(*parcel));
    if (!parcel)
        return NULL;
    memcpy(parcel->key, key, TVC_KEY_BYTES);
    parcel->len = len;
    parcel->number = ++parcels->youngest;
    if (parcels->last)
        parcels->last->next = parcel;
    else
        parcels->first = parcel;
    parcels->last = parcel;
    return parcel;
}

static void take_up(void *ctx, const char *key, uint64_t bytes)
{
    struct tvc_parcels *parcels = ctx;
    if (bytes == 0 || bytes > FILE_BYTES_MAX)
        return;
    struct tvc_parcel *parcel = append(parcels, key, (size_t)bytes);
    if (!parcel)
        return;
    parcel->on_disk = true;
    parcels->disk_bytes += bytes;
}

struct tvc_parcels *tvc_parcels_new(const struct tvc_parcels_config *config, bool *folder_failed)
{
    *folder_failed = false;
    struct tvc_parcels *parcels = calloc(1, sizeof(*parcels));
    if (!parcels)
        return NULL;
    parcels->memory_max = config->memory_bytes;
    parcels->disk_max = config->spill_bytes;
    if (!config->spill_dir)
        return parcels;
    parcels->folder = strdup(config->spill_dir);
    *folder_failed = parcels->folder &&
            (!tvc_spill_open(parcels->folder) ||
                    !tvc_spill_list(parcels->folder, take_up, parcels));
    if (parcels->folder && !*folder_failed)
        return parcels;
    tvc_parcels_free(parcels);
    return NULL;
}

void tvc_parcels_free(struct tvc_parcels *parcels)
{
    if (!parcels)
        return;
    while (parcels->first) {
        struct tvc_parcel *parcel = parcels->first;
        parcels->first = parcel->next;
        free(parcel->data);
        free(parcel);
    }
    free(parcels->folder);
    free(parcels);
}

static bool new_key(char *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[(TVC_KEY_BYTES - 1) / 2];
    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
    return true;
}

/* Whether it lies on disk now. */
static bool write_out(struct tvc_parcels *parcels, const struct tvc_parcel *parcel)
{
    if (!parcels->folder || parcels->disk_bytes + parcel->len > parcels->disk_max ||
            !tvc_spill_write(parcels->folder, parcel->key, parcel->data, parcel->len))
        return false;
    parcels->disk_bytes += parcel->len;
    return true;
}

bool tvc_parcels_add(struct tvc_parcels *parcels, struct tvc_text *text, uint64_t events)
{
    struct tvc_parcel draft = {.data = text->data, .len = text->len};
    bool in_memory = parcels->memory_bytes + weight(&draft) <= parcels->memory_max;
    struct tvc_parcel *parcel = NULL;
    if (new_key(draft.key) && (in_memory || write_out(parcels, &draft)))
        parcel = append(parcels, draft.key, draft.len);
    if (!parcel) {
        tvc_text_release(text);
        return false;
    }
    parcel->events = events;
    parcels->events += events;
    if (!in_memory) {
        parcel->on_disk = true;
        tvc_text_release(text);
        return true;
    }
    parcel->data = text->data;
    parcels->memory_bytes += weight(parcel);
    *text = (struct tvc_text){0};
    return true;
}

/* Takes the oldest out of the list. */
static void drop_first(struct tvc_parcels *parcels)
{
    struct tvc_parcel *parcel = parcels->first;
    parcels->events -= parcel->events;
    parcels->first = parcel->next;
    if (!parcels->first)
        parcels->last = NULL;
    free(parcel->data);
    free(parcel);
}

struct tvc_parcel *tvc_parcels_first(struct tvc_parcels *parcels, uint64_t *lost)
{
    while (parcels->first && !parcels->first->data) {
        struct tvc_parcel *parcel = parcels->first;
        parcel->data = tvc_spill_read(parcels->folder, parcel->key, parcel->len);
        if (parcel->data)
            break;
        /* Another process was faster, or the disk fails. */
        *lost += parcel->events;
        parcels->disk_bytes -= parcel->len;
        drop_first(parcels);
    }
    return parcels->first;
}

void tvc_parcels_done(struct tvc_parcels *parcels)
{
    struct tvc_parcel *parcel = parcels->first;
    if (parcel->on_disk) {
        tvc_spill_remove(parcels->folder, parcel->key);
        parcels->disk_bytes -= parcel->len;
    } else {
        parcels->memory_bytes -= weight(parcel);
    }
    drop_first(parcels);
}

uint64_t tvc_parcels_save(struct tvc_parcels *parcels)
{
    uint64_t lost = 0;
    for (struct tvc_parcel *parcel = parcels->first; parcel; parcel = parcel->next)
        if (!parcel->on_disk && !write_out(parcels, parcel))
            lost += parcel->events;
    return lost;
}

uint64_t tvc_parcels_youngest(const struct tvc_parcels *parcels)
{
    return parcels->youngest;
}

uint64_t tvc_parcels_oldest(const struct tvc_parcels *parcels)
{
    return parcels->first ? parcels->first->number : 0;
}

uint64_t tvc_parcels_events(const struct tvc_parcels *parcels)
{
    return parcels->events;
}

uint64_t tvc_parcels_bytes(const struct tvc_parcels *parcels)
{
    return parcels->memory_bytes + parcels->disk_bytes;
}
