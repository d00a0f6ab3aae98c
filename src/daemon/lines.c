/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a file become text, lines are cut off its front; what is left of the last moves to the
 * front before the next piece is read. */
#include "daemon/lines.h"

#include "base/compress.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_BYTES = 256 << 10, MAGIC_BYTES = 4 };

static const uint8_t zstd_magic[MAGIC_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};

struct tv_lines {
    const char *path;
    int fd;
    bool begun, ended;
    struct tv_unzstd *unzstd; /* NULL: plain */
    struct tv_buf raw, text;
    size_t at, searched; /* in the text */
    uint64_t number;
};

enum tv_status tv_lines_open(const char *path, struct tv_lines **out, struct tv_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tv_fail(err, TV_IO, "cannot read '%s': %s", path, strerror(errno));
    struct tv_lines *lines = tv_calloc(1, sizeof *lines);
    lines->path = path;
    lines->fd = fd;
    *out = lines;
    return TV_OK;
}

void tv_lines_free(struct tv_lines *lines)
{
    if (!lines)
        return;
    if (lines->fd != STDIN_FILENO)
        (void)close(lines->fd);
    tv_unzstd_free(lines->unzstd);
    tv_buf_release(&lines->raw);
    tv_buf_release(&lines->text);
    free(lines);
}

uint64_t tv_lines_number(const struct tv_lines *lines)
{
    return lines->number;
}

static enum tv_status read_piece(struct tv_lines *lines, struct tv_error *err)
{
    ssize_t got;
    do
        got = read(lines->fd, tv_buf_reserve(&lines->raw, PIECE_BYTES), PIECE_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return tv_fail(err, TV_IO, "cannot read '%s': %s", lines->path, strerror(errno));
    lines->raw.len += (size_t)got;
    lines->ended = got == 0;
    return TV_OK;
}

static enum tv_status decode(struct tv_lines *lines, struct tv_error *err)
{
    struct tv_str raw = tv_buf_str(&lines->raw);
    enum tv_status status = TV_OK;
    if (!lines->unzstd)
        tv_buf_append_str(&lines->text, raw);
    else if (raw.len)
        status = tv_unzstd_add(lines->unzstd, raw, &lines->text, NULL);
    if (status != TV_OK)
        return tv_fail(err, TV_CORRUPT, "'%s' is no sound zstd file", lines->path);
    tv_buf_clear(&lines->raw);
    if (status == TV_OK && lines->ended && lines->unzstd && !tv_unzstd_ended(lines->unzstd))
        status = tv_fail(err, TV_CORRUPT, "'%s' is cut off", lines->path);
    return status;
}

static enum tv_status fill(struct tv_lines *lines, struct tv_error *err)
{
    lines->text.len -= lines->at;
    if (lines->at && lines->text.len)
        memmove(lines->text.data, lines->text.data + lines->at, lines->text.len);
    lines->searched -= lines->at;
    lines->at = 0;
    enum tv_status status = read_piece(lines, err);
    while (status == TV_OK && !lines->begun && !lines->ended && lines->raw.len < MAGIC_BYTES)
        status = read_piece(lines, err);
    if (status == TV_OK && !lines->begun && lines->raw.len >= MAGIC_BYTES &&
            memcmp(lines->raw.data, zstd_magic, MAGIC_BYTES) == 0)
        lines->unzstd = tv_unzstd_new();
    lines->begun = true;
    return status == TV_OK ? decode(lines, err) : status;
}

/* Up to the next break, or to the end of the text at the end of the file; false if more is needed. */
static bool cut(struct tv_lines *lines, struct tv_str *out)
{
    size_t left = lines->text.len - lines->at;
    if (left == 0)
        return false;
    const char *start = lines->text.data + lines->at;
    const char *stop = lines->text.len > lines->searched
            ? memchr(lines->text.data + lines->searched, '\n', lines->text.len - lines->searched)
            : NULL;
    lines->searched = lines->text.len;
    if (!stop && !lines->ended)
        return false;
    size_t length = stop ? (size_t)(stop - start) : left;
    lines->at += stop ? length + 1 : length;
    lines->searched = lines->at;
    lines->number++;
    *out = tv_str_trim((struct tv_str){start, length});
    return true;
}

enum tv_status tv_lines_next(struct tv_lines *lines, struct tv_str *out, struct tv_error *err)
{
    for (;;) {
        if (lines->begun && cut(lines, out)) {
            if (out->len)
                return TV_OK;
            continue;
        }
        *out = (struct tv_str){NULL, 0};
        if (lines->ended)
            return TV_OK;
        if (lines->text.len - lines->at > TV_LINE_BYTES_MAX)
            return tv_fail(err, TV_TOO_LARGE, "line %llu of '%s' is longer than %d MiB",
                    (unsigned long long)lines->number + 1, lines->path, TV_LINE_BYTES_MAX >> 20);
        enum tv_status status = fill(lines, err);
        if (status != TV_OK)
            return status;
    }
}
