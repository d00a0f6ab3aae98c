/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a file of NDJSON as datagrams, one line each, at a steady rate: datagrams PORT FILE
 * PER_SECOND. Every millisecond what is due goes out in calls of up to 64, so that the sender keeps
 * the core free for who receives. Prints one line of JSON. */
#include "base/time.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Fills up to `max` messages with lines from *at; returns how many. */
static unsigned gather(const char **at, const char *end, struct mmsghdr *messages,
        struct iovec *parts, unsigned max)
{
    unsigned count = 0;
    while (count < max && *at < end) {
        const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
        line_end = line_end ? line_end : end;
        parts[count] = (struct iovec){(void *)(uintptr_t)*at, (size_t)(line_end - *at)};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[count], .msg_iovlen = 1}};
        *at = line_end < end ? line_end + 1 : end;
        count++;
    }
    return count;
}

static void send_all(int fd, struct mmsghdr *messages, unsigned count)
{
    for (unsigned sent = 0; sent < count;) {
        int more = sendmmsg(fd, messages + sent, count - sent, 0);
        if (more <= 0)
            die("sendmmsg");
        sent += (unsigned)more;
    }
}

static long run(int fd, const char *at, const char *end, double per_second)
{
    struct mmsghdr messages[AT_ONCE];
    struct iovec parts[AT_ONCE];
    long sent = 0;
    int64_t start_ns = tv_time_monotonic();
    while (at < end) {
        double due = (double)(tv_time_monotonic() - start_ns) / 1e9 * per_second;
        if (due < (double)sent + 1) {
            (void)nanosleep(&(struct timespec){0, TV_NS_PER_MS}, NULL);
            continue;
        }
        double missing = due - (double)sent;
        unsigned count =
                gather(&at, end, messages, parts, missing < AT_ONCE ? (unsigned)missing : AT_ONCE);
        send_all(fd, messages, count);
        sent += count;
    }
    return sent;
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct stat stat;
    double per_second = argc == 4 ? strtod(argv[3], NULL) : 0;
    if (per_second <= 0) {
        (void)fprintf(stderr, "usage: datagrams PORT FILE PER_SECOND\n");
        return 2;
    }
    int file = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &stat) != 0)
        die(argv[2]);
    const char *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    to.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bytes == MAP_FAILED || fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("set-up");
    int64_t start_ns = tv_time_monotonic();
    long sent = run(fd, bytes, bytes + stat.st_size, per_second);
    (void)printf("{\"sent\":%ld,\"seconds\":%.3f}\n", sent,
            (double)(tv_time_monotonic() - start_ns) / 1e9);
    return 0;
}
