/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints to bytes and back.
 *
 * A kind's part is an index of one offset for each bucket and one for the end, then the buckets: two
 * bytes of checksum, then for each print the difference to the fingerprint before it, its quotient
 * by 2^rice in unary (zeros and a one), the remainder, and the member. The first of a bucket counts
 * from the bucket's least fingerprint. Behind the last come zero bits, which no print is. The
 * checksum covers the bucket's number too, so that a damaged index cannot lead to a sound bucket
 * that is another's. Twelve bits a print among 64 full segments, ten of them when ids are dense. */
#include "store/prints.h"

#include "base/hash.h"
#include "base/mem.h"
#include "store/store_internal.h"

#include <stdlib.h>

enum {
    BUCKET_PRINTS = 128, /* at most, on average */
    SUM_BYTES = 2,
    RADIX_BITS = 10,
    PRINT_BITS = TV_PRINT_HASH_BITS + TV_PRINT_MEMBER_BITS,
    BUCKET_BITS_MAX = 16,
    META_VERSION = 1,
    STACK_BUCKET_BYTES = 1024 /* longer ones are rare and read into the heap */
};

struct tv_prints *tv_prints_new(void)
{
    struct tv_prints *prints = tv_calloc(1, sizeof(*prints));
    atomic_init(&prints->refs, 1);
    return prints;
}

struct tv_prints *tv_prints_ref(struct tv_prints *prints)
{
    atomic_fetch_add_explicit(&prints->refs, 1, memory_order_relaxed);
    return prints;
}

void tv_prints_unref(struct tv_prints *prints)
{
    if (!prints || atomic_fetch_sub_explicit(&prints->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (atomic_load(&prints->dead) && prints->graveyard)
        tv_graveyard_add(prints->graveyard, -prints->id);
    free(prints);
}

uint64_t tv_print_value_key(struct tv_str name, struct tv_str text)
{
    return tv_hash64_seeded(text.ptr, text.len, tv_hash64(name.ptr, name.len));
}

/* By counting, ten bits at a time. */
static void sort_prints(uint32_t *prints, size_t count)
{
    uint32_t *other = tv_malloc(count * sizeof(*other) + 1);
    uint32_t *from = prints, *to = other;
    for (unsigned shift = 0; shift < PRINT_BITS; shift += RADIX_BITS) {
        size_t places[1 << RADIX_BITS] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            places[from[i] >> shift & ((1 << RADIX_BITS) - 1)]++;
        for (size_t d = 0; d < 1 << RADIX_BITS; d++) {
            size_t here = places[d];
            places[d] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[places[from[i] >> shift & ((1 << RADIX_BITS) - 1)]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != prints)
        memcpy(prints, from, count * sizeof(*prints));
    free(other);
}

static size_t keep_distinct(uint32_t *prints, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || prints[i] != prints[kept - 1])
            prints[kept++] = prints[i];
    return kept;
}

/* Bits into bytes, the lowest first. */
struct bit_writer {
    struct tv_buf *out;
    uint64_t bits;
    unsigned count;
};

static void put_bits(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
    while (writer->count >= 8) {
        tv_buf_append_char(writer->out, (char)(writer->bits & 0xff));
        writer->bits >>= 8;
        writer->count -= 8;
    }
}

static void put_print(struct bit_writer *writer, uint32_t step, unsigned rice, uint32_t member)
{
    for (uint32_t zeros = step >> rice; zeros > 0;) {
        unsigned some = zeros < 32 ? (unsigned)zeros : 32;
        put_bits(writer, 0, some);
        zeros -= some;
    }
    put_bits(writer, 1, 1);
    put_bits(writer, step & ((1u << rice) - 1), rice);
    put_bits(writer, member, TV_PRINT_MEMBER_BITS);
}

static uint16_t sum_of(const char *bytes, size_t count, uint32_t bucket)
{
    return (uint16_t)tv_hash64_seeded(bytes, count, bucket);
}

/* Writes the prints of one bucket; returns how many there were. */
static size_t put_bucket(struct tv_buf *data, const uint32_t *prints, size_t count,
        const struct tv_prints_part *part, uint32_t bucket)
{
    unsigned shift = TV_PRINT_HASH_BITS - part->bucket_bits;
    struct bit_writer writer = {.out = data};
    uint32_t last = bucket << shift;
    size_t begin = data->len, at = 0;
    tv_buf_append(data, "\0", SUM_BYTES);
    for (; at < count; at++) {
        uint32_t hash = prints[at] >> TV_PRINT_MEMBER_BITS;
        if (hash >> shift != bucket)
            break;
        put_print(&writer, hash - last, part->rice_bits, prints[at] & (TV_PRINTS_MEMBERS_MAX - 1));
        last = hash;
    }
    put_bits(&writer, 0, (8 - writer.count % 8) % 8);
    uint16_t sum = sum_of(data->data + begin + SUM_BYTES, data->len - begin - SUM_BYTES, bucket);
    memcpy(data->data + begin, &sum, sizeof(sum));
    return at;
}

void tv_prints_put(struct tv_buf *data, uint32_t *prints, size_t count, struct tv_prints_part *part)
{
    *part = (struct tv_prints_part){.offset = data->len};
    if (count == 0)
        return;
    sort_prints(prints, count);
    count = keep_distinct(prints, count);
    *part = (struct tv_prints_part){.offset = data->len, .count = (uint32_t)count};
    while (part->bucket_bits < BUCKET_BITS_MAX && count >> part->bucket_bits > BUCKET_PRINTS)
        part->bucket_bits++;
    /* The remainder of the usual step. */
    while (part->rice_bits < TV_PRINT_HASH_BITS - 1 &&
            (uint64_t)count << (part->rice_bits + 1) <= UINT64_C(1) << TV_PRINT_HASH_BITS)
        part->rice_bits++;
    uint32_t buckets = 1u << part->bucket_bits;
    size_t index_bytes = ((size_t)buckets + 1) * sizeof(uint32_t), at = 0;
    uint32_t *index = tv_malloc(index_bytes);
    memset(tv_buf_reserve(data, index_bytes), 0, index_bytes);
    data->len += index_bytes;
    size_t start = data->len;
    for (uint32_t bucket = 0; bucket < buckets; bucket++) {
        index[bucket] = (uint32_t)(data->len - start);
        at += put_bucket(data, prints + at, count - at, part, bucket);
    }
    index[buckets] = (uint32_t)(data->len - start);
    memcpy(data->data + part->offset, index, index_bytes);
    part->bytes = data->len - part->offset;
    free(index);
}

/* Bits of a bucket, the lowest first. */
struct bit_reader {
    const uint8_t *at, *end;
    uint64_t bits;
    unsigned count;
};

static void fill(struct bit_reader *reader)
{
    while (reader->count <= 56 && reader->at < reader->end) {
        reader->bits |= (uint64_t)*reader->at++ << reader->count;
        reader->count += 8;
    }
}

static bool get_bits(struct bit_reader *reader, unsigned count, uint32_t *out)
{
    fill(reader);
    if (reader->count < count)
        return false;
    *out = (uint32_t)(reader->bits & ((UINT64_C(1) << count) - 1));
    reader->bits >>= count;
    reader->count -= count;
    return true;
}

/* Zeros before the next one, which it takes; false at the end. */
static bool get_zeros(struct bit_reader *reader, uint32_t *out)
{
    *out = 0;
    fill(reader);
    while (reader->bits == 0) {
        *out += reader->count;
        reader->count = 0;
        fill(reader);
        if (reader->count == 0)
            return false;
    }
    unsigned zeros = (unsigned)__builtin_ctzll(reader->bits);
    *out += zeros;
    reader->bits = zeros < 63 ? reader->bits >> (zeros + 1) : 0;
    reader->count -= zeros + 1;
    return true;
}

/* The next print of a bucket behind fingerprint *hash; false at the end. */
static bool get_print(struct bit_reader *reader, unsigned rice, uint32_t *hash, uint32_t *member)
{
    uint32_t zeros = 0, rest = 0;
    if (!get_zeros(reader, &zeros) || !get_bits(reader, rice, &rest) ||
            !get_bits(reader, TV_PRINT_MEMBER_BITS, member))
        return false;
    *hash += (zeros << rice) + rest;
    return true;
}

static bool part_is_sound(const struct tv_prints_part *part, uint64_t data_bytes)
{
    return part->bucket_bits <= BUCKET_BITS_MAX && part->rice_bits < TV_PRINT_HASH_BITS &&
            part->offset <= data_bytes && part->bytes <= data_bytes - part->offset &&
            part->bytes >= ((UINT64_C(1) << part->bucket_bits) + 1) * sizeof(uint32_t);
}

/* Bytes of one bucket, sum and all. */
static bool bucket_is_sound(const char *bytes, size_t count, uint32_t bucket)
{
    uint16_t sum = 0;
    if (count < SUM_BYTES)
        return false;
    memcpy(&sum, bytes, sizeof(sum));
    return sum == sum_of(bytes + SUM_BYTES, count - SUM_BYTES, bucket);
}

static struct bit_reader reader_of(const char *bucket, size_t bytes)
{
    const uint8_t *start = (const uint8_t *)bucket;
    return (struct bit_reader){.at = start + SUM_BYTES, .end = start + bytes};
}

bool tv_prints_get(struct tv_str data, const struct tv_prints_part *part, uint32_t *out)
{
    uint32_t buckets = 1u << part->bucket_bits, found = 0;
    if (part->count == 0)
        return true;
    if (!part_is_sound(part, data.len))
        return false;
    const char *index = data.ptr + part->offset;
    size_t index_bytes = ((size_t)buckets + 1) * sizeof(uint32_t);
    for (uint32_t bucket = 0; bucket < buckets; bucket++) {
        uint32_t ends[2];
        memcpy(ends, index + bucket * sizeof(uint32_t), sizeof(ends));
        if (ends[0] > ends[1] || ends[1] > part->bytes - index_bytes ||
                !bucket_is_sound(index + index_bytes + ends[0], ends[1] - ends[0], bucket))
            return false;
        struct bit_reader reader = reader_of(index + index_bytes + ends[0], ends[1] - ends[0]);
        uint32_t hash = bucket << (TV_PRINT_HASH_BITS - part->bucket_bits), member = 0;
        while (get_print(&reader, part->rice_bits, &hash, &member)) {
            if (found == part->count)
                return false;
            out[found++] = hash << TV_PRINT_MEMBER_BITS | member;
        }
    }
    return found == part->count;
}

static uint64_t members_of(
        struct bit_reader *reader, const struct tv_prints_part *part, uint32_t wanted)
{
    unsigned shift = TV_PRINT_HASH_BITS - part->bucket_bits;
    uint32_t hash = wanted >> shift << shift, member = 0;
    uint64_t members = 0;
    while (get_print(reader, part->rice_bits, &hash, &member) && hash <= wanted)
        if (hash == wanted)
            members |= UINT64_C(1) << member;
    return members;
}

static enum tv_status read_at(sqlite3_blob *blob, void *out, uint64_t bytes, uint64_t offset)
{
    int code = sqlite3_blob_read(blob, out, (int)bytes, (int)offset);
    if (code == SQLITE_OK)
        return TV_OK;
    return (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_ERROR ? TV_CORRUPT : TV_IO;
}

enum tv_status tv_prints_find(
        sqlite3_blob *blob, const struct tv_prints_part *part, uint64_t key, uint64_t *members)
{
    char room[STACK_BUCKET_BYTES];
    uint32_t wanted = (uint32_t)(key >> (64 - TV_PRINT_HASH_BITS)), ends[2];
    uint32_t bucket = wanted >> (TV_PRINT_HASH_BITS - part->bucket_bits);
    uint64_t start = part->offset + ((UINT64_C(1) << part->bucket_bits) + 1) * sizeof(uint32_t);
    *members = 0;
    if (part->count == 0)
        return TV_OK;
    enum tv_status status =
            read_at(blob, ends, sizeof(ends), part->offset + bucket * sizeof(uint32_t));
    if (status != TV_OK)
        return status;
    if (ends[0] > ends[1] || start + ends[1] > part->offset + part->bytes)
        return TV_CORRUPT;
    size_t bytes = ends[1] - ends[0];
    char *bucket_bytes = bytes <= sizeof(room) ? room : tv_malloc(bytes);
    status = read_at(blob, bucket_bytes, bytes, start + ends[0]);
    if (status == TV_OK && !bucket_is_sound(bucket_bytes, bytes, bucket))
        status = TV_CORRUPT;
    if (status == TV_OK) {
        struct bit_reader reader = reader_of(bucket_bytes, bytes);
        *members = members_of(&reader, part, wanted);
    }
    if (bucket_bytes != room)
        free(bucket_bytes);
    return status;
}

void tv_prints_put_meta(const struct tv_prints *prints, struct tv_buf *out)
{
    struct tv_buf plain = {0};
    tv_buf_put_varint(&plain, prints->data_bytes);
    tv_buf_put_varint(&plain, prints->member_count);
    for (uint32_t i = 0; i < prints->member_count; i++)
        tv_buf_put_varint(&plain, (uint64_t)prints->members[i]);
    tv_buf_put_u64(&plain, prints->valued);
    for (int i = 0; i < TV_PRINTS_KINDS; i++) {
        const struct tv_prints_part *part = &prints->parts[i];
        tv_buf_put_varint(&plain, part->offset);
        tv_buf_put_varint(&plain, part->bytes);
        tv_buf_put_varint(&plain, part->count);
        tv_buf_append_char(&plain, (char)part->bucket_bits);
        tv_buf_append_char(&plain, (char)part->rice_bits);
    }
    tv_buf_append_char(out, META_VERSION);
    tv_buf_put_u64(out, tv_hash64(plain.data, plain.len));
    tv_buf_append_str(out, tv_buf_str(&plain));
    tv_buf_release(&plain);
}

static bool get_part(struct tv_reader *in, uint64_t data_bytes, struct tv_prints_part *part)
{
    uint64_t count = 0;
    const uint8_t *bits = NULL;
    if (!tv_get_varint(in, &part->offset) || !tv_get_varint(in, &part->bytes) ||
            !tv_get_varint(in, &count) || !tv_get_bytes(in, 2, &bits) || count > UINT32_MAX / 4)
        return false;
    part->count = (uint32_t)count;
    part->bucket_bits = bits[0];
    part->rice_bits = bits[1];
    return count == 0 || part_is_sound(part, data_bytes);
}

static bool get_all(struct tv_reader *in, struct tv_prints *prints)
{
    uint64_t members = 0;
    if (!tv_get_varint(in, &prints->data_bytes) || prints->data_bytes > INT32_MAX ||
            !tv_get_varint(in, &members) || members == 0 || members > TV_PRINTS_MEMBERS_MAX)
        return false;
    prints->member_count = (uint32_t)members;
    for (uint32_t i = 0; i < prints->member_count; i++) {
        uint64_t id = 0;
        if (!tv_get_varint(in, &id) || id == 0 || id > INT64_MAX)
            return false;
        prints->members[i] = (int64_t)id;
    }
    if (!tv_get_u64(in, &prints->valued))
        return false;
    for (int i = 0; i < TV_PRINTS_KINDS; i++)
        if (!get_part(in, prints->data_bytes, &prints->parts[i]))
            return false;
    return in->at == in->end;
}

enum tv_status tv_prints_get_meta(int64_t id, struct tv_str meta, struct tv_prints **out)
{
    const uint8_t *version = NULL;
    uint64_t sum = 0;
    struct tv_reader in = {(const uint8_t *)meta.ptr, (const uint8_t *)meta.ptr + meta.len};
    if (!tv_get_bytes(&in, 1, &version) || *version != META_VERSION || !tv_get_u64(&in, &sum) ||
            tv_hash64(in.at, (size_t)(in.end - in.at)) != sum)
        return TV_CORRUPT;
    struct tv_prints *prints = tv_prints_new();
    prints->id = id;
    if (!get_all(&in, prints)) {
        tv_prints_unref(prints);
        return TV_CORRUPT;
    }
    *out = prints;
    return TV_OK;
}
