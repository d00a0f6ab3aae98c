/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct sockaddr_storage parsed(const char *text)
{
    struct sockaddr_storage address;
    struct tv_error err = {0};
    enum tv_status status = tv_address_parse(text, &address, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, TV_OK);
    return address;
}

static void address__reads_back_what_it_writes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        bool loopback, any;
    } rows[] = {{"127.0.0.1:3335", "127.0.0.1:3335", true, false},
            {"127.8.9.1:0", "127.8.9.1:0", true, false},
            {"localhost:65535", "127.0.0.1:65535", true, false},
            {"0.0.0.0:1", "0.0.0.0:1", false, true}, {"[::]:1", "[::]:1", false, true},
            {"192.0.2.7:80", "192.0.2.7:80", false, false}, {"[::1]:80", "[::1]:80", true, false},
            {"[2001:DB8:0::1]:80", "[2001:db8::1]:80", false, false},
            {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", true, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sockaddr_storage address = parsed(rows[i].in);
        char text[TV_ADDRESS_TEXT_BYTES];
        assert_int_equal(tv_address_format(&address, text), strlen(rows[i].out));
        assert_string_equal(text, rows[i].out);
        assert_int_equal(tv_address_is_loopback(&address), rows[i].loopback);
        assert_int_equal(tv_address_is_any(&address), rows[i].any);
    }
}

static void address__refuses_what_is_none_with_a_hint(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
            "127.0.0.1:65536", "127.0.0.1:-1", "127.1:80", "::1:80", "[::1]80", "[127.0.0.1]:80",
            "[]:80", "example.com:80", "127.0.0.1 :80",
            "1111111111111111111111111111111111111111111111111111:80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sockaddr_storage address;
        struct tv_error err = {0};
        if (tv_address_parse(bad[i], &address, &err) != TV_BAD_INPUT)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(err.hint, "127.0.0.1:3335"));
    }
    struct sockaddr_storage address;
    assert_int_equal(tv_address_parse(NULL, &address, NULL), TV_BAD_INPUT);
}

static bool same(const char *a, const char *b)
{
    struct sockaddr_storage first = parsed(a);
    struct sockaddr_storage second = parsed(b);
    return tv_address_same_host(&first, &second);
}

static void address__compares_hosts_and_not_ports(void **state)
{
    (void)state;
    assert_true(same("10.0.0.1:1", "10.0.0.1:2"));
    assert_false(same("10.0.0.1:1", "10.0.0.2:1"));
    assert_true(same("[::ffff:10.0.0.1]:1", "10.0.0.1:1"));
    assert_true(same("[fe80::1]:1", "[fe80:0::1]:2"));
    assert_false(same("[fe80::1]:1", "[fe80::2]:1"));
    assert_false(same("[fe80::1]:1", "10.0.0.1:1"));
    assert_false(same("10.0.0.1:1", "[::10.0.0.1]:1"));
}

static void address__binds_free_ports_and_names_the_reason_when_it_cannot(void **state)
{
    (void)state;
    int fd = -1;
    int second = -1;
    uint16_t port = 0;
    char text[TV_ADDRESS_TEXT_BYTES];
    struct tv_error err;
    assert_int_equal(tv_address_bind("127.0.0.1:0", SOCK_STREAM, &fd, &port, &err), TV_OK);
    assert_true(fd >= 0 && port > 0);
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    assert_int_equal(tv_address_bind(text, SOCK_STREAM, &second, NULL, &err), TV_CONFLICT);
    assert_non_null(strstr(err.message, text));
    assert_int_equal(tv_address_bind("192.0.2.1:0", SOCK_STREAM, &second, NULL, &err), TV_IO);
    assert_non_null(strstr(err.message, "192.0.2.1:0"));
    assert_int_equal(second, -1);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(address__reads_back_what_it_writes),
            cmocka_unit_test(address__refuses_what_is_none_with_a_hint),
            cmocka_unit_test(address__compares_hosts_and_not_ports),
            cmocka_unit_test(address__binds_free_ports_and_names_the_reason_when_it_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
