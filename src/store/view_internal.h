/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the view share: lists of blocks to read, decoders of each kind of block. */
#ifndef TV_STORE_VIEW_INTERNAL_H
#define TV_STORE_VIEW_INTERNAL_H

#include "store/view.h"

enum tv_wanted_kind { TV_WANT_FIELD, TV_WANT_ATTR, TV_WANT_OVERFLOW };

struct tv_wanted {
    enum tv_wanted_kind kind;
    uint32_t index;
    const struct tv_block *block;
    size_t at; /* in the bytes read */
};

struct tv_wanted_list {
    struct tv_wanted *items;
    size_t count, cap;
};

void tv_wanted_add(struct tv_wanted_list *list, enum tv_wanted_kind kind, uint32_t index,
        const struct tv_block *block);
/* Reads all blocks of the list (which it sorts) into `bytes` and compares their checksums. */
TV_CHECKED enum tv_status tv_wanted_read(const struct tv_db *db, const struct tv_segment *segment,
        struct tv_wanted_list *list, struct tv_buf *bytes, struct tv_error *err);

/* False where the bytes make no sense. */
TV_CHECKED bool tv_view_decode_field(
        struct tv_view *view, enum tv_field field, struct tv_reader *in);
TV_CHECKED bool tv_view_decode_attr(struct tv_view *view, uint32_t index, struct tv_reader *in);
TV_CHECKED bool tv_view_decode_overflow(struct tv_view *view, struct tv_reader *in);

/* Blocks that columns need and the view has not looked at; notes them as looked at. */
void tv_view_want(
        struct tv_view *view, const struct tv_scan_columns *columns, struct tv_wanted_list *list);
/* Fills the error for a segment whose bytes are wrong; returns TV_CORRUPT. */
enum tv_status tv_view_corrupt(
        const struct tv_db *db, const struct tv_segment *segment, struct tv_error *err);

#endif
