/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the room's tests. A broken invariant aborts, so it is broken in a child process. */
#include "support.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

bool dies(void (*function)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDERR_FILENO);
        function();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

void assert_text(struct tv_str actual, const char *expected)
{
    struct tv_buf copy = {0};
    tv_buf_append_str(&copy, actual);
    tv_buf_append_char(&copy, '\0');
    assert_string_equal(copy.data, expected);
    assert_int_equal(actual.len, strlen(expected));
    tv_buf_release(&copy);
}
