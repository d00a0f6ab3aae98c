/* SPDX-License-Identifier: Apache-2.0 */
/* Journal entries to rows.
 *
 * Loading the library at run time costs a table of function pointers, whose types are those of sd-journal(3); linking it
 * would make every host without systemd (containers, for one) carry it. Severities follow OpenTelemetry's
 * log data model, appendix B (syslog). */
#include "ingest/journal_read.h"
#include "base/mem.h"
#include "base/time.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sd_journal;

struct library {
    void *handle;
    int (*open)(struct sd_journal **out, int flags);
    int (*open_directory)(struct sd_journal **out, const char *path, int flags);
    void (*close)(struct sd_journal *journal);
    int (*get_fd)(struct sd_journal *journal);
    int (*process)(struct sd_journal *journal);
    int (*next)(struct sd_journal *journal);
    int (*previous)(struct sd_journal *journal);
    int (*seek_head)(struct sd_journal *journal);
    int (*seek_tail)(struct sd_journal *journal);
    int (*seek_cursor)(struct sd_journal *journal, const char *cursor);
    int (*test_cursor)(struct sd_journal *journal, const char *cursor);
    int (*get_cursor)(struct sd_journal *journal, char **out);
    int (*get_realtime_usec)(struct sd_journal *journal, uint64_t *out);
    int (*get_data)(struct sd_journal *journal, const char *field, const void **data, size_t *len);
};

struct tv_journal_reader {
    struct library lib;
    struct sd_journal *journal;
    bool read_any; /* the journal stands on an entry */
};

enum { SD_JOURNAL_LOCAL_ONLY = 1, MESSAGE_BYTES_MAX = 64 << 10 };

static bool load(struct library *lib)
{
    const struct {
        const char *name;
        void *slot;
    } functions[] = {{"sd_journal_open", &lib->open},
            {"sd_journal_open_directory", &lib->open_directory}, {"sd_journal_close", &lib->close},
            {"sd_journal_get_fd", &lib->get_fd}, {"sd_journal_process", &lib->process},
            {"sd_journal_next", &lib->next}, {"sd_journal_previous", &lib->previous},
            {"sd_journal_seek_head", &lib->seek_head}, {"sd_journal_seek_tail", &lib->seek_tail},
            {"sd_journal_seek_cursor", &lib->seek_cursor},
            {"sd_journal_test_cursor", &lib->test_cursor},
            {"sd_journal_get_cursor", &lib->get_cursor},
            {"sd_journal_get_realtime_usec", &lib->get_realtime_usec},
            {"sd_journal_get_data", &lib->get_data}};
    lib->handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!lib->handle)
        return false;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        /* POSIX: a data pointer from dlsym holds the function's address. */
        void *found = dlsym(lib->handle, functions[i].name);
        memcpy(functions[i].slot, &found, sizeof(found));
        if (!found)
            return false;
    }
    return true;
}

void tv_journal_reader_seek(struct tv_journal_reader *reader, const char *cursor)
{
    const struct library *lib = &reader->lib;
    reader->read_any = false;
    if (!cursor) {
        (void)lib->seek_head(reader->journal);
        return;
    }
    /* next() then leads to the entry itself, or where it is gone to the one behind it. */
    if (lib->seek_cursor(reader->journal, cursor) >= 0 && lib->next(reader->journal) > 0 &&
            lib->test_cursor(reader->journal, cursor) <= 0)
        (void)lib->previous(reader->journal);
}

enum tv_status tv_journal_reader_open(const char *directory, const char *cursor, bool from_start,
        struct tv_journal_reader **out, struct tv_error *err)
{
    struct tv_journal_reader *reader = tv_calloc(1, sizeof(*reader));
    if (!load(&reader->lib)) {
        tv_journal_reader_close(reader);
        (void)tv_fail(
                err, TV_NOT_FOUND, "the journal cannot be read: libsystemd.so.0 is not installed");
        tv_error_hint(err, "install libsystemd0, or say --journal off");
        return TV_NOT_FOUND;
    }
    int result = directory ? reader->lib.open_directory(&reader->journal, directory, 0)
                           : reader->lib.open(&reader->journal, SD_JOURNAL_LOCAL_ONLY);
    if (result < 0) {
        reader->journal = NULL;
        tv_journal_reader_close(reader);
        return tv_fail(err, TV_IO, "the journal cannot be read: %s", strerror(-result));
    }
    /* Makes the library watch for new entries and files; nobody waits on it, process() is asked. */
    (void)reader->lib.get_fd(reader->journal);
    if (cursor || from_start)
        tv_journal_reader_seek(reader, cursor);
    else if (reader->lib.seek_tail(reader->journal) >= 0)
        reader->read_any = reader->lib.previous(reader->journal) > 0;
    *out = reader;
    return TV_OK;
}

void tv_journal_reader_close(struct tv_journal_reader *reader)
{
    if (!reader)
        return;
    if (reader->journal)
        reader->lib.close(reader->journal);
    if (reader->lib.handle)
        (void)dlclose(reader->lib.handle);
    free(reader);
}

/* A field of the entry at hand, absent where it has none or is no text. Valid until the next is asked for. */
static struct tv_str field(struct tv_journal_reader *reader, const char *name)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;
    if (reader->lib.get_data(reader->journal, name, &data, &len) < 0 || len <= skip)
        return (struct tv_str){0};
    struct tv_str text = {(const char *)data + skip, len - skip};
    return tv_utf8_valid(text) ? text : (struct tv_str){0};
}

static void set_label(struct tv_batch *batch, const char *name, struct tv_str value)
{
    if (value.len > 0)
        tv_batch_set_attr(batch, tv_batch_attr(batch, tv_str_of(name)), batch->rows - 1,
                tv_value_str(tv_utf8_prefix(value, 512)));
}

static void set_service(struct tv_journal_reader *reader, struct tv_batch *batch, uint32_t row)
{
    static const char *const names[] = {"_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM"};
    struct tv_str ending = TV_STR(".service"), name = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && name.len == 0; i++)
        name = tv_utf8_prefix(field(reader, names[i]), 256);
    if (name.len > ending.len &&
            memcmp(name.ptr + name.len - ending.len, ending.ptr, ending.len) == 0)
        name.len -= ending.len;
    tv_batch_set_text(batch, TV_FIELD_SERVICE, row, name.len ? name : TV_STR("host"));
}

static void set_severity(struct tv_journal_reader *reader, struct tv_batch *batch, uint32_t row)
{
    static const uint8_t severities[] = {21, 19, 18, 17, 13, 10, 9, 5};
    uint64_t priority;
    if (tv_str_to_u64(field(reader, "PRIORITY"), &priority) && priority < sizeof(severities))
        tv_batch_set_u8(batch, TV_FIELD_SEVERITY, row, severities[priority]);
}

/* "s=FILE;i=NUMBER;…": the two name the entry for good. */
static void set_event_id(struct tv_journal_reader *reader, struct tv_batch *batch, uint32_t row)
{
    char *cursor, id[128];
    if (reader->lib.get_cursor(reader->journal, &cursor) < 0)
        return;
    struct tv_str rest, file = tv_str_cut(tv_str_of(cursor), ';', &rest);
    struct tv_str number = tv_str_cut(rest, ';', &rest);
    if (file.len > 2 && file.len < 64 && number.len > 2 && number.len < 32) {
        int len = snprintf(id, sizeof(id), "journal-%.*s-%.*s", (int)file.len - 2, file.ptr + 2,
                (int)number.len - 2, number.ptr + 2);
        tv_batch_set_text(batch, TV_FIELD_EVENT_ID, row, (struct tv_str){id, (size_t)len});
    }
    free(cursor);
}

static void take_entry(struct tv_journal_reader *reader, struct tv_batch *batch)
{
    uint64_t time_us, pid;
    struct tv_str process = field(reader, "_PID");
    if (reader->lib.get_realtime_usec(reader->journal, &time_us) < 0 ||
            time_us > (uint64_t)INT64_MAX / 1000 ||
            (tv_str_to_u64(process, &pid) && pid == (uint64_t)getpid()))
        return;
    uint32_t row = tv_batch_add_row(batch);
    tv_batch_set_time(batch, row, (int64_t)time_us * 1000);
    tv_batch_set_i64(batch, TV_FIELD_RECEIVED, row, tv_time_now());
    tv_batch_set_text(batch, TV_FIELD_TYPE, row, TV_STR("log"));
    set_service(reader, batch, row);
    set_severity(reader, batch, row);
    set_event_id(reader, batch, row);
    tv_batch_set_text(batch, TV_FIELD_HOST, row, tv_utf8_prefix(field(reader, "_HOSTNAME"), 256));
    struct tv_str message = tv_utf8_prefix(field(reader, "MESSAGE"), MESSAGE_BYTES_MAX);
    if (message.len > 0)
        tv_batch_set_text(batch, TV_FIELD_MESSAGE, row, message);
    set_label(batch, "process.pid", field(reader, "_PID"));
    set_label(batch, "process.executable.name", field(reader, "_COMM"));
    set_label(batch, "systemd.unit", field(reader, "_SYSTEMD_UNIT"));
    set_label(batch, "syslog.identifier", field(reader, "SYSLOG_IDENTIFIER"));
    set_label(batch, "host.boot_id", field(reader, "_BOOT_ID"));
}

bool tv_journal_reader_take(struct tv_journal_reader *reader, uint32_t max, struct tv_batch *batch)
{
    uint32_t seen = 0;
    (void)reader->lib.process(reader->journal);
    for (; seen < max && reader->lib.next(reader->journal) > 0; seen++) {
        reader->read_any = true;
        take_entry(reader, batch);
    }
    return seen == max;
}

char *tv_journal_reader_cursor(struct tv_journal_reader *reader)
{
    char *cursor;
    if (!reader->read_any || reader->lib.get_cursor(reader->journal, &cursor) < 0)
        return NULL;
    return cursor;
}
