/* SPDX-License-Identifier: Apache-2.0 */
/* The table of texts seen lately. It is no larger than half of the first-level cache; an entry that
 * another text needs is overwritten. */
#include "ingest/texts.h"

#include "base/mem.h"

#include <stdlib.h>

#define EIGHT(byte) byte, byte, byte, byte, byte, byte, byte, byte
const uint8_t tv_texts_mask[2 * TV_TEXTS_BYTES_MAX] = {
        EIGHT(0xff), EIGHT(0xff), EIGHT(0xff), EIGHT(0xff), EIGHT(0), EIGHT(0), EIGHT(0), EIGHT(0)};
#undef EIGHT

struct tv_texts *tv_texts_new(void)
{
    struct tv_texts *texts = tv_calloc(1, sizeof(*texts));
    for (int i = 0; i < TV_TEXTS_ENTRIES; i++)
        texts->entries[i].len = UINT32_MAX;
    return texts;
}

void tv_texts_free(struct tv_texts *texts)
{
    free(texts);
}
