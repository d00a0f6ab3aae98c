/* SPDX-License-Identifier: Apache-2.0 */
/* The C library knows the time zone of the process only, and setting that is not safe beside other
 * threads; so the system's own files are read here (TZif, RFC 8536), the 64-bit block alone. The rule
 * behind the last change (the footer) is not evaluated: Debian's files list the changes to 2037, and
 * later times keep the last offset. */
#include "timeql/zone.h"

#include "base/buf.h"
#include "base/time.h"

#include <stdio.h>

enum { FILE_BYTES_MAX = 1 << 17, HEADER_BYTES = 44, CHANGES_MAX = 4096 };

static bool fixed_offset(struct tv_str name, int64_t *out)
{
    int hours = 0;
    int minutes = 0;
    if (name.len != 6 || (name.ptr[0] != '+' && name.ptr[0] != '-') || name.ptr[3] != ':')
        return false;
    for (int i = 1; i < 6; i++)
        if (i != 3 && (name.ptr[i] < '0' || name.ptr[i] > '9'))
            return false;
    hours = (name.ptr[1] - '0') * 10 + name.ptr[2] - '0';
    minutes = (name.ptr[4] - '0') * 10 + name.ptr[5] - '0';
    if (hours > 23 || minutes > 59)
        return false;
    int64_t ns = hours * TV_NS_PER_HOUR + minutes * TV_NS_PER_MIN;
    *out = name.ptr[0] == '-' ? -ns : ns;
    return true;
}

/* "Europe/Berlin": letters, digits, _ + - /, no dots, so no way out of the folder. */
static bool is_zone_name(struct tv_str name)
{
    if (name.len == 0 || name.len > 64 || name.ptr[0] == '/')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '/' && c != '_' && c != '+' && c != '-')
            return false;
    }
    return true;
}

static bool read_file(struct tv_str name, struct tv_arena *arena, struct tv_str *out)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", TV_STR_ARG(name));
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char *bytes = tv_arena_bytes(arena, FILE_BYTES_MAX);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    bool whole = len < FILE_BYTES_MAX && !ferror(file);
    (void)fclose(file);
    *out = (struct tv_str){bytes, len};
    return whole;
}

static int64_t big_endian(const char *at, size_t bytes)
{
    uint64_t value = (unsigned char)at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)at[i];
    return (int64_t)value;
}

/* The counts of a TZif block, and where its parts lie. */
struct block {
    size_t utc_marks, standard_marks, leaps, changes, types, letters;
    size_t bytes; /* behind the header */
};

static bool read_header(struct tv_str file, size_t at, size_t time_bytes, struct block *out)
{
    if (file.len < at + HEADER_BYTES || memcmp(file.ptr + at, "TZif", 4) != 0)
        return false;
    size_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (size_t)big_endian(file.ptr + at + 20 + 4 * i, 4);
        if (counts[i] > CHANGES_MAX)
            return false;
    }
    *out = (struct block){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], 0};
    out->bytes = out->changes * (time_bytes + 1) + out->types * 6 + out->letters +
            out->leaps * (time_bytes + 4) + out->standard_marks + out->utc_marks;
    return out->types > 0 && file.len >= at + HEADER_BYTES + out->bytes;
}

static void read_changes(const char *data, const struct block *block, struct tv_arena *arena,
        struct tv_timezone *out)
{
    const char *kinds = data + block->changes * 8;
    const char *types = kinds + block->changes;
    int64_t *changes = tv_arena_calloc(arena, block->changes + 1, sizeof(*changes));
    int64_t *offsets = tv_arena_calloc(arena, block->changes + 1, sizeof(*offsets));
    size_t count = 0;
    *out = (struct tv_timezone){.fixed_ns = big_endian(types, 4) * TV_NS_PER_S};
    for (size_t i = 0; i < block->changes; i++) {
        int64_t seconds = big_endian(data + 8 * i, 8);
        size_t type = (unsigned char)kinds[i];
        if (type >= block->types || seconds > TV_TIME_MAX / TV_NS_PER_S)
            continue;
        changes[count] = seconds < 0 ? 0 : seconds * TV_NS_PER_S;
        offsets[count++] = big_endian(types + 6 * type, 4) * TV_NS_PER_S;
    }
    out->changes = changes;
    out->offsets = offsets;
    out->count = count;
}

static bool read_zone(struct tv_str file, struct tv_arena *arena, struct tv_timezone *out)
{
    struct block block;
    if (!read_header(file, 0, 4, &block) || file.ptr[4] < '2')
        return false;
    size_t second = HEADER_BYTES + block.bytes;
    if (!read_header(file, second, 8, &block))
        return false;
    read_changes(file.ptr + second + HEADER_BYTES, &block, arena, out);
    return true;
}

enum tv_status tv_timezone_find(
        struct tv_str name, struct tv_arena *arena, struct tv_timezone *out, struct tv_error *err)
{
    struct tv_str file;
    *out = (struct tv_timezone){0};
    if (name.len == 0 || tv_str_equal_nocase(name, TV_STR("UTC")) ||
            tv_str_equal(name, TV_STR("Z")))
        return TV_OK;
    if (fixed_offset(name, &out->fixed_ns))
        return TV_OK;
    if (is_zone_name(name) && read_file(name, arena, &file) && read_zone(file, arena, out))
        return TV_OK;
    tv_fail(err, TV_BAD_INPUT, "there is no time zone '%.*s'",
            TV_STR_ARG(tv_utf8_prefix(name, 64)));
    tv_error_hint(err, "write tz as UTC, +02:00 or a name such as Europe/Berlin");
    return TV_BAD_INPUT;
}

int64_t tv_timezone_offset(const struct tv_timezone *zone, int64_t time_ns)
{
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle] <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? zone->fixed_ns : zone->offsets[low - 1];
}
