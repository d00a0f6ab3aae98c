/* SPDX-License-Identifier: Apache-2.0 */
/* Journals as systemd writes them: systemd-journal-remote makes one from text. Skips where that is not installed. */
#include "ingest/ingest_internal.h"
#include "ingest/journal.h"
#include "support_door.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char writer[] = "/lib/systemd/systemd-journal-remote";

struct fixture {
    char folder[64], files[96], cursor[96];
    struct door door;
    unsigned entries; /* written so far */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/journal-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->files, sizeof(f->files), "%s/files", f->folder);
    (void)snprintf(f->cursor, sizeof(f->cursor), "%s/cursor", f->folder);
    assert_int_equal(mkdir(f->files, 0700), 0);
    door_open(&f->door, 8);
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    door_close(&f->door);
    assert_int_equal(nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

/* Appends entries to the journal, in systemd's export format. */
static void write_entries(struct fixture *f, unsigned count, const char *fields)
{
    char output[128];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(output, sizeof(output), "--output=%s/test.journal", f->files);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[0], 0);
        (void)close(ends[1]);
        (void)freopen("/dev/null", "w", stderr);
        (void)execl(writer, writer, output, "-", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[0]);
    for (unsigned i = 0; i < count; i++, f->entries++) {
        unsigned long long us = 1700000000000000ULL + f->entries * 1000ULL;
        (void)dprintf(ends[1],
                "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%u\n"
                "_BOOT_ID=11112222333344445555666677778888\n_HOSTNAME=box\nMESSAGE=entry %u\n%s\n\n",
                us, 1000 * f->entries + 1, f->entries, fields);
    }
    (void)close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static struct tv_journal *open_journal(struct fixture *f)
{
    struct tv_journal *journal;
    struct tv_error err;
    struct tv_journal_config config = {.loop = f->door.loop,
            .lane = f->door.lane,
            .sink = f->door.ingest->config.sink,
            .directory = f->files,
            .cursor_path = f->cursor,
            .from_start = true,
            .interval_ns = 1000000};
    if (tv_journal_open(&config, &journal, &err) != TV_OK)
        fail_msg("%s", err.message);
    return journal;
}

/* Rows of the accepted batches from one on. */
static size_t rows_from(const struct fixture *f, size_t batch)
{
    size_t rows = 0;
    for (; batch < f->door.accepted; batch++)
        rows += f->door.batches[batch]->rows;
    return rows;
}

static void read_until(struct fixture *f, size_t batch, size_t rows)
{
    while (rows_from(f, batch) < rows)
        door_turn(&f->door);
}

static bool is(const struct tv_batch *batch, enum tv_field field, const char *expected)
{
    char scratch[33];
    struct tv_value value = tv_batch_value(batch, field, 0, scratch);
    return value.type == TV_TYPE_STR && tv_str_equal(value.s, tv_str_of(expected));
}

static void journal__entries_become_logs(void **state)
{
    struct fixture *f = *state;
    write_entries(f, 3, "PRIORITY=4\n_SYSTEMD_UNIT=nginx.service\n_PID=4242\n_COMM=nginx");
    struct tv_journal *journal = open_journal(f);
    read_until(f, 0, 3);
    tv_journal_close(journal);
    const struct tv_batch *batch = f->door.batches[0];
    assert_int_equal(batch->rows, 3);
    assert_true(is(batch, TV_FIELD_SERVICE, "nginx"));
    assert_true(is(batch, TV_FIELD_TYPE, "log"));
    assert_true(is(batch, TV_FIELD_HOST, "box"));
    assert_true(is(batch, TV_FIELD_MESSAGE, "entry 0"));
    assert_int_equal(tv_batch_u8(batch, TV_FIELD_SEVERITY)[0], TV_SEVERITY_WARN);
    assert_true(tv_batch_i64(batch, TV_FIELD_TIME)[0] == INT64_C(1700000000000000000));
    struct tv_str id = tv_batch_text(batch, TV_FIELD_EVENT_ID, 0);
    assert_true(tv_str_starts_with(id, TV_STR("journal-")));
    assert_false(tv_str_equal(id, tv_batch_text(batch, TV_FIELD_EVENT_ID, 1)));
    uint32_t unit = tv_batch_find_attr(batch, TV_STR("systemd.unit"));
    assert_true(tv_str_equal(tv_batch_attr_value(batch, unit, 2).s, TV_STR("nginx.service")));
}

static void journal__goes_on_behind_what_is_stored(void **state)
{
    struct fixture *f = *state;
    write_entries(f, 2, "SYSLOG_IDENTIFIER=cron");
    struct tv_journal *journal = open_journal(f);
    read_until(f, 0, 2);
    tv_journal_close(journal);
    size_t batches = f->door.accepted;
    write_entries(f, 2, "SYSLOG_IDENTIFIER=cron");
    journal = open_journal(f);
    read_until(f, batches, 2);
    tv_journal_close(journal);
    assert_int_equal(rows_from(f, batches), 2);
    assert_true(is(f->door.batches[batches], TV_FIELD_MESSAGE, "entry 2"));
    assert_true(is(f->door.batches[batches], TV_FIELD_SERVICE, "cron"));
}

static void journal__reads_again_what_could_not_be_stored(void **state)
{
    struct fixture *f = *state;
    write_entries(f, 2, "_COMM=x");
    f->door.commit_status = TV_IO;
    struct tv_journal *journal = open_journal(f);
    read_until(f, 0, 2);
    f->door.commit_status = TV_OK;
    size_t batches = f->door.accepted;
    read_until(f, batches, 2);
    tv_journal_close(journal);
    assert_true(is(f->door.batches[batches], TV_FIELD_MESSAGE, "entry 0"));
    assert_int_equal(access(f->cursor, R_OK), 0);
}

static void journal__passes_over_the_daemons_own_entries(void **state)
{
    struct fixture *f = *state;
    char fields[64];
    (void)snprintf(fields, sizeof(fields), "_PID=%ld", (long)getpid());
    write_entries(f, 2, fields);
    write_entries(f, 1, "_PID=1");
    struct tv_journal *journal = open_journal(f);
    read_until(f, 0, 1);
    tv_journal_close(journal);
    assert_int_equal(rows_from(f, 0), 1);
    assert_true(is(f->door.batches[0], TV_FIELD_MESSAGE, "entry 2"));
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            JOURNAL_TEST(journal__entries_become_logs),
            JOURNAL_TEST(journal__goes_on_behind_what_is_stored),
            JOURNAL_TEST(journal__reads_again_what_could_not_be_stored),
            JOURNAL_TEST(journal__passes_over_the_daemons_own_entries),
    };
    if (access(writer, X_OK) != 0) {
        printf("skipped: %s is not installed\n", writer);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
