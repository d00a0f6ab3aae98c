/* SPDX-License-Identifier: Apache-2.0 */
/* Constants of level 0's payload, shared by its encoder and decoder (FORMAT.md draws it). */
#ifndef TV_STORE_LEVEL0_FORMAT_H
#define TV_STORE_LEVEL0_FORMAT_H

enum {
    TV_LEVEL0_VERSION = 1,
    TV_LEVEL0_DENSE = 1,   /* every row has the attribute: no row numbers are stored */
    TV_LEVEL0_UNIFORM = 2, /* one type for all values */
    TV_LEVEL0_ZSTD_BYTES_MIN = 1024,
    TV_LEVEL0_ZSTD_LEVEL = 1
};

#endif
