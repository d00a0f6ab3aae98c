/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a frame. */
#ifndef TV_STORE_FRAME_CODE_H
#define TV_STORE_FRAME_CODE_H

#include "store/frame.h"

/* Appends all that the frame says, with a checksum. */
void tv_frame_encode(const struct tv_frame *frame, struct tv_buf *out);
/* Adds a frame to a sum. TV_CORRUPT, and nothing is added, where the checksum does not match. */
TV_CHECKED enum tv_status tv_frame_add(struct tv_str bytes, struct tv_frame *sum);

#endif
