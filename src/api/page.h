/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's files, gzipped and compiled in by the build. */
#ifndef TV_API_PAGE_H
#define TV_API_PAGE_H

#include <stddef.h>

struct tv_page_file {
    const char *path; /* "/", "/assets/index-1a2b.js" */
    const char *type;
    const char *etag; /* quoted */
    const unsigned char *gz;
    size_t gz_bytes;
};

extern const struct tv_page_file tv_page_files[];
extern const size_t tv_page_file_count;

#endif
