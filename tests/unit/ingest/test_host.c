/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of a /proc and /sys that the test writes. */
#include "ingest/host_internal.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    char root[64];
    struct tv_host_counters counters[2];
    struct tv_host_sample sample;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    (void)snprintf(f->root, sizeof(f->root), "/tmp/host-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    f->sample = (struct tv_host_sample){.root = f->root,
            .host = TV_STR("box"),
            .time_ns = 1700000000000000000,
            .batch = tv_batch_new(),
            .last = &f->counters[0],
            .next = &f->counters[1],
            .kernel_log = -1};
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
    tv_batch_unref(f->sample.batch);
    tv_buf_release(&f->sample.file);
    for (size_t i = 0; i < 2; i++) {
        tv_map_release(&f->counters[i].values);
        tv_arena_release(&f->counters[i].arena);
    }
    assert_int_equal(nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    return 0;
}

static void lay(struct fixture *f, const char *path, const char *text)
{
    char full[512];
    (void)snprintf(full, sizeof(full), "%s%s", f->root, path);
    for (char *at = full + strlen(f->root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        (void)mkdir(full, 0700);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The next sample, ten seconds later. */
static void turn(struct fixture *f)
{
    struct tv_host_counters *free_again = f->sample.last;
    f->sample.last = f->sample.next;
    f->sample.next = free_again;
    tv_map_release(&free_again->values);
    tv_arena_release(&free_again->arena);
    f->sample.seconds = 10;
    tv_batch_unref(f->sample.batch);
    f->sample.batch = tv_batch_new();
}

static void near(double found, double expected)
{
    if (fabs(found - expected) > 1e-9 * (1 + fabs(expected)))
        fail_msg("%.12g instead of %.12g", found, expected);
}

/* The value of an attribute in the row that has it; there is one such row, or the one with this label. */
static double value(struct fixture *f, const char *name, const char *label)
{
    const struct tv_batch *batch = f->sample.batch;
    uint32_t attr = tv_batch_find_attr(batch, tv_str_of(name));
    if (attr == UINT32_MAX)
        fail_msg("nothing has '%s'", name);
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_value found = tv_batch_attr_value(batch, attr, row);
        bool wanted = !label;
        for (uint32_t i = 0; label && i < batch->attr_count; i++) {
            struct tv_value other = tv_batch_attr_value(batch, i, row);
            wanted = wanted ||
                    (other.type == TV_TYPE_STR && tv_str_equal(other.s, tv_str_of(label)));
        }
        if (found.type == TV_TYPE_F64 && wanted)
            return found.f;
    }
    fail_msg("no row has '%s' and '%s'", name, label);
    return 0;
}

static bool has(struct fixture *f, const char *name)
{
    uint32_t attr = tv_batch_find_attr(f->sample.batch, tv_str_of(name));
    return attr != UINT32_MAX && f->sample.batch->attrs[attr].count > 0;
}

static void lay_system(struct fixture *f)
{
    lay(f, "/proc/stat",
            "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 50 0 25 400 25 0 0 0 0 0\n"
            "cpu1 50 0 25 400 25 0 0 0 0 0\nintr 1\n");
    lay(f, "/proc/loadavg", "0.50 1.25 2.00 1/200 4242\n");
    lay(f, "/proc/meminfo",
            "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n"
            "SwapTotal:       100 kB\nSwapFree:         75 kB\n");
    lay(f, "/proc/pressure/io",
            "some avg10=12.50 avg60=1.00 avg300=0.00 total=1\n"
            "full avg10=2.00 avg60=0.00 avg300=0.00 total=1\n");
    lay(f, "/proc/sys/fs/file-nr", "1500\t500\t10000\n");
}

static void host__tells_of_the_machine_as_a_whole(void **state)
{
    struct fixture *f = *state;
    lay_system(f);
    tv_host_system(&f->sample);
    assert_false(has(f, "system.cpu.utilization"));
    near(value(f, "system.memory.utilization", NULL), 0.75);
    near(value(f, "system.paging.utilization", NULL), 0.25);
    near(value(f, "system.memory.limit", NULL), 1024000);
    near(value(f, "system.cpu.load_average.5m", NULL), 1.25);
    near(value(f, "system.cpu.logical.count", NULL), 2);
    near(value(f, "system.linux.pressure.io.some", NULL), 0.125);
    near(value(f, "system.linux.pressure.io.full", NULL), 0.02);
    near(value(f, "system.linux.file_descriptor.count", NULL), 1000);
    turn(f);
    lay(f, "/proc/stat", "cpu  160 0 60 820 60 0 0 0 0 0\ncpu0 1\n");
    tv_host_system(&f->sample);
    near(value(f, "system.cpu.utilization", NULL), 0.7);
    near(value(f, "system.cpu.iowait", NULL), 0.1);
    struct tv_str service = tv_batch_text(f->sample.batch, TV_FIELD_SERVICE, 0);
    assert_true(tv_str_equal(service, TV_STR("host")));
    assert_true(tv_str_equal(tv_batch_text(f->sample.batch, TV_FIELD_HOST, 0), TV_STR("box")));
}

static void host__gives_no_rate_when_a_counter_begins_anew(void **state)
{
    struct fixture *f = *state;
    lay_system(f);
    tv_host_system(&f->sample);
    turn(f);
    lay(f, "/proc/stat", "cpu  1 0 1 1 1 0 0 0 0 0\ncpu0 1\n");
    tv_host_system(&f->sample);
    assert_false(has(f, "system.cpu.utilization"));
}

static void host__tells_of_disks_and_networks_as_rates(void **state)
{
    struct fixture *f = *state;
    lay(f, "/proc/diskstats",
            "   8       0 sda 1 2 3 4\n   8 1 sda1 1 2 3\n   7 0 loop0 1 2 3 4\n");
    lay(f, "/sys/block/sda/stat", "10 0 1000 5 20 0 2000 7 0 100 12 0\n");
    lay(f, "/proc/net/dev",
            "Inter-|   Receive\n face |bytes packets\n"
            "  eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0\n");
    tv_host_devices(&f->sample);
    assert_false(has(f, "system.disk.io.read"));
    turn(f);
    lay(f, "/sys/block/sda/stat", "10 0 1020 5 20 0 2100 7 0 5100 12 0\n");
    lay(f, "/proc/net/dev", "  eth0:21000 40 0 5 0 0 0 0 4000 20 1 0 0 0 0 0\n");
    tv_host_devices(&f->sample);
    near(value(f, "system.disk.io.read", "sda"), 20 * 512 / 10.0);
    near(value(f, "system.disk.io.write", "sda"), 100 * 512 / 10.0);
    near(value(f, "system.disk.utilization", "sda"), 0.5);
    near(value(f, "system.network.io.receive", "eth0"), 2000);
    near(value(f, "system.network.packet.dropped.receive", "eth0"), 0.5);
    near(value(f, "system.network.errors.transmit", "eth0"), 0.1);
}

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void host__tells_of_services_and_containers(void **state)
{
    struct fixture *f = *state;
    lay_system(f);
    lay(f, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    lay(f, "/sys/fs/cgroup/system.slice/nginx.service/cpu.stat", "usage_usec 1000000\n");
    lay(f, "/sys/fs/cgroup/system.slice/nginx.service/memory.current", "512000\n");
    lay(f, "/sys/fs/cgroup/system.slice/nginx.service/memory.max", "max\n");
    lay(f, "/sys/fs/cgroup/system.slice/docker-" CONTAINER ".scope/cpu.stat",
            "usage_usec 0\nnr_periods 100\nnr_throttled 10\n");
    lay(f, "/sys/fs/cgroup/system.slice/docker-" CONTAINER ".scope/cpu.max", "50000 100000\n");
    tv_host_system(&f->sample);
    tv_host_groups(&f->sample);
    turn(f);
    lay(f, "/sys/fs/cgroup/system.slice/nginx.service/cpu.stat", "usage_usec 11000000\n");
    lay(f, "/sys/fs/cgroup/system.slice/docker-" CONTAINER ".scope/cpu.stat",
            "usage_usec 2500000\nnr_periods 200\nnr_throttled 35\n");
    tv_host_system(&f->sample);
    tv_host_groups(&f->sample);
    near(value(f, "container.memory.utilization", NULL), 0.5);
    near(value(f, "container.cpu.utilization", CONTAINER), 0.5);
    near(value(f, "container.cpu.throttled", CONTAINER), 0.25);
    const struct tv_batch *batch = f->sample.batch;
    unsigned found = 0;
    for (uint32_t row = 0; row < batch->rows; row++) {
        struct tv_str service = tv_batch_text(batch, TV_FIELD_SERVICE, row);
        found += tv_str_equal(service, TV_STR("nginx")) ? 1 : 0;
        found += tv_str_equal(service, TV_STR("0123456789ab")) ? 10 : 0;
    }
    assert_int_equal(found, 11);
}

static void lay_process(struct fixture *f, unsigned pid, unsigned ticks, unsigned pages)
{
    char path[64], text[256];
    (void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    (void)snprintf(text, sizeof(text),
            "%u (my (odd) app) S 1 1 1 0 -1 0 0 0 0 0 %u 0 0 0 20 0 1 0 77 1000 %u 0 0\n", pid,
            ticks, pages);
    lay(f, path, text);
}

static void host__tells_of_the_busiest_processes(void **state)
{
    struct fixture *f = *state;
    long hz = sysconf(_SC_CLK_TCK);
    lay_system(f);
    for (unsigned pid = 1; pid <= 40; pid++)
        lay_process(f, pid, 0, 0);
    tv_host_system(&f->sample);
    tv_host_processes(&f->sample);
    assert_int_equal(f->sample.batch->rows, 5);
    turn(f);
    for (unsigned pid = 1; pid <= 40; pid++)
        lay_process(f, pid, pid * (unsigned)hz / 2, pid == 3 ? 100 : 0);
    lay(f, "/proc/40/cgroup", "1:name=systemd:/x\n0::/system.slice/shop.service\n");
    tv_host_system(&f->sample);
    uint32_t before = f->sample.batch->rows;
    tv_host_processes(&f->sample);
    assert_int_equal(f->sample.batch->rows - before, TV_HOST_TOP + 1);
    near(value(f, "process.cpu.utilization", "40"), 1.0);
    near(value(f, "process.memory.utilization", "3"),
            100.0 * (double)sysconf(_SC_PAGESIZE) / 1024000);
    near(value(f, "process.cpu.utilization", "my (odd) app"), 1.0);
    assert_true(
            tv_str_equal(tv_batch_text(f->sample.batch, TV_FIELD_SERVICE, before), TV_STR("shop")));
}

static void host__tells_of_processes_killed_for_want_of_memory(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    static const char *const records[] = {"6,1,100,-;something else\n",
            "6,2,2000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,cpuset=x,task_memcg=/system.slice/shop.service,task=node,pid=321\n A=x\n",
            "garbage"};
    assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(write(ends[1], records[i], strlen(records[i])), strlen(records[i]));
    f->sample.kernel_log = ends[0];
    tv_host_deaths(&f->sample);
    const struct tv_batch *batch = f->sample.batch;
    assert_int_equal(batch->rows, 1);
    assert_true(tv_str_equal(tv_batch_text(batch, TV_FIELD_SERVICE, 0), TV_STR("shop")));
    assert_true(tv_str_equal(tv_batch_text(batch, TV_FIELD_MESSAGE, 0),
            TV_STR("the kernel killed node (process 321) for want of memory")));
    assert_true(tv_batch_is_error(batch, 0));
    assert_true(tv_batch_i64(batch, TV_FIELD_TIME)[0] < f->sample.time_ns);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void host__leaves_out_what_is_not_there_or_makes_no_sense(void **state)
{
    struct fixture *f = *state;
    tv_host_system(&f->sample);
    tv_host_devices(&f->sample);
    tv_host_groups(&f->sample);
    tv_host_processes(&f->sample);
    tv_host_deaths(&f->sample);
    assert_int_equal(f->sample.batch->rows, 0);
    lay(f, "/proc/stat", "cpu  x y\n");
    lay(f, "/proc/meminfo", "MemTotal: none\n");
    lay(f, "/proc/sys/fs/file-nr", "1\n");
    lay(f, "/proc/pressure/cpu", "some avg10=\n");
    lay(f, "/proc/diskstats", "8 0 ../../etc 1\n8 0 sda\n");
    lay(f, "/sys/block/sda/stat", "1 2 3\n");
    lay(f, "/proc/net/dev", "eth0: 1 2 3\n");
    lay(f, "/proc/12/stat", "12 (");
    tv_host_system(&f->sample);
    tv_host_devices(&f->sample);
    tv_host_processes(&f->sample);
    assert_int_equal(f->sample.batch->rows, 0);
}

#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
            HOST_TEST(host__tells_of_the_machine_as_a_whole),
            HOST_TEST(host__gives_no_rate_when_a_counter_begins_anew),
            HOST_TEST(host__tells_of_disks_and_networks_as_rates),
            HOST_TEST(host__tells_of_services_and_containers),
            HOST_TEST(host__tells_of_the_busiest_processes),
            HOST_TEST(host__tells_of_processes_killed_for_want_of_memory),
            HOST_TEST(host__leaves_out_what_is_not_there_or_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
