/* SPDX-License-Identifier: Apache-2.0 */
/* zstd and gzip of whole blocks (zstd.h and zlib.h stay behind this file). Pure functions, any
 * thread. */
#ifndef TV_BASE_COMPRESS_H
#define TV_BASE_COMPRESS_H

#include "base/buf.h"

/* Appends the zstd frame (RFC 8878, content size in its header) of `in` at `level` to `out`. */
void tv_zstd_compress(struct tv_str in, int level, struct tv_buf *out);
/* Appends the content, which must be exactly `bytes` long. TV_CORRUPT otherwise. */
TV_CHECKED enum tv_status tv_zstd_decompress_exact(
        struct tv_str in, size_t bytes, struct tv_buf *out);

enum tv_coding { TV_CODING_IDENTITY, TV_CODING_GZIP, TV_CODING_ZSTD };

/* The name of a Content-Encoding ("gzip", "x-gzip", "zstd", "identity", ""), any case. */
TV_CHECKED bool tv_coding_from_name(struct tv_str name, enum tv_coding *out);

/* Appends the decoded body to `out`, streaming, never past `max_bytes` (TV_TOO_LARGE). Members or
 * frames that follow each other are all read. TV_BAD_INPUT for a broken or cut-off body. */
TV_CHECKED enum tv_status tv_body_decompress(enum tv_coding coding, struct tv_str in,
        size_t max_bytes, struct tv_buf *out, struct tv_error *err);

/* zstd frames that follow each other, in pieces: for files. */
struct tv_unzstd;
struct tv_unzstd *tv_unzstd_new(void);
void tv_unzstd_free(struct tv_unzstd *unzstd); /* or NULL */
/* Appends the content of a piece. TV_BAD_INPUT where it is broken. */
TV_CHECKED enum tv_status tv_unzstd_add(
        struct tv_unzstd *unzstd, struct tv_str in, struct tv_buf *out, struct tv_error *err);
/* Whether what was added ends with the end of a frame. */
bool tv_unzstd_ended(const struct tv_unzstd *unzstd);

/* Appends one gzip member (RFC 1952) of `in`. */
void tv_gzip_compress(struct tv_str in, struct tv_buf *out);

#endif
