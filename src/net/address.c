/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, comparing and binding socket addresses. getaddrinfo is avoided on purpose: it reads files
 * and asks name servers, and "localhost" must mean loopback whatever they say. */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static struct sockaddr_in *as_v4(struct sockaddr_storage *address)
{
    return (struct sockaddr_in *)address;
}

static struct sockaddr_in6 *as_v6(struct sockaddr_storage *address)
{
    return (struct sockaddr_in6 *)address;
}

static const struct sockaddr_in *v4(const struct sockaddr_storage *address)
{
    return (const struct sockaddr_in *)address;
}

static const struct sockaddr_in6 *v6(const struct sockaddr_storage *address)
{
    return (const struct sockaddr_in6 *)address;
}

bool tv_address_parse_host(struct tv_str host, struct sockaddr_storage *out)
{
    char text[INET6_ADDRSTRLEN];
    bool brackets = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (brackets) {
        host.ptr++;
        host.len -= 2;
    }
    if (host.len == 0 || host.len >= sizeof text || memchr(host.ptr, 0, host.len))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    *out = (struct sockaddr_storage){.ss_family = brackets ? AF_INET6 : AF_INET};
    if (brackets)
        return inet_pton(AF_INET6, text, &as_v6(out)->sin6_addr) == 1;
    return inet_pton(AF_INET, text, &as_v4(out)->sin_addr) == 1;
}

enum tv_status tv_address_parse(
        const char *text, struct sockaddr_storage *out, struct tv_error *err)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    uint64_t port;
    if (!colon || !tv_str_to_u64(tv_str_of(colon + 1), &port) || port > UINT16_MAX)
        goto malformed;
    struct tv_str host = {text, (size_t)(colon - text)};
    if (tv_str_equal_nocase(host, TV_STR("localhost")))
        host = TV_STR("127.0.0.1");
    if (!tv_address_parse_host(host, out))
        goto malformed;
    if (out->ss_family == AF_INET)
        as_v4(out)->sin_port = htons((uint16_t)port);
    else
        as_v6(out)->sin6_port = htons((uint16_t)port);
    return TV_OK;
malformed:
    (void)tv_fail(err, TV_BAD_INPUT, "'%s' is not a listen address", text ? text : "");
    tv_error_hint(err, "write an IP address and a port, as 127.0.0.1:3335 or [::1]:3335");
    return TV_BAD_INPUT;
}

socklen_t tv_address_bytes(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

uint16_t tv_address_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET ? v4(address)->sin_port : v6(address)->sin6_port);
}

/* The IPv4 address in host order, also of a mapped one; false if there is none. */
static bool ipv4_of(const struct sockaddr_storage *address, uint32_t *out)
{
    uint32_t net;
    if (address->ss_family == AF_INET) {
        net = v4(address)->sin_addr.s_addr;
    } else {
        const struct in6_addr *wide = &v6(address)->sin6_addr;
        if (!IN6_IS_ADDR_V4MAPPED(wide))
            return false;
        memcpy(&net, wide->s6_addr + 12, sizeof net);
    }
    *out = ntohl(net);
    return true;
}

bool tv_address_is_loopback(const struct sockaddr_storage *address)
{
    uint32_t ip;
    if (ipv4_of(address, &ip))
        return ip >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&v6(address)->sin6_addr);
}

bool tv_address_is_any(const struct sockaddr_storage *address)
{
    uint32_t ip;
    if (ipv4_of(address, &ip))
        return ip == INADDR_ANY;
    return IN6_IS_ADDR_UNSPECIFIED(&v6(address)->sin6_addr);
}

bool tv_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    uint32_t a4 = 0;
    uint32_t b4 = 0;
    bool a_is_v4 = ipv4_of(a, &a4);
    bool b_is_v4 = ipv4_of(b, &b4);
    if (a_is_v4 || b_is_v4)
        return a_is_v4 && b_is_v4 && a4 == b4;
    return memcmp(&v6(a)->sin6_addr, &v6(b)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

size_t tv_address_format(const struct sockaddr_storage *address, char out[TV_ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool wide = address->ss_family == AF_INET6;
    const void *ip = wide ? (const void *)&v6(address)->sin6_addr : &v4(address)->sin_addr;
    (void)inet_ntop(address->ss_family, ip, host, sizeof host);
    int length = snprintf(out, TV_ADDRESS_TEXT_BYTES, wide ? "[%s]:%u" : "%s:%u", host,
            (unsigned)tv_address_port(address));
    return (size_t)length;
}

static enum tv_status bind_failed(const char *text, struct tv_error *err)
{
    if (errno == EADDRINUSE)
        return tv_fail(err, TV_CONFLICT, "the address '%s' is in use", text);
    return tv_fail(err, TV_IO, "cannot listen on '%s': %s", text, strerror(errno));
}

enum tv_status tv_address_bind(
        const char *text, int type, int *out_fd, uint16_t *port, struct tv_error *err)
{
    struct sockaddr_storage address;
    enum tv_status status = tv_address_parse(text, &address, err);
    if (status != TV_OK)
        return status;
    int on = 1;
    int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return bind_failed(text, err);
    /* A restart must not wait for old connections to die; only for TCP, since for UDP the option
     * lets a second daemon share the port. */
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t bytes = tv_address_bytes(&address);
    if (bind(fd, (struct sockaddr *)&address, bytes) != 0 ||
            (type == SOCK_STREAM && listen(fd, SOMAXCONN) != 0) ||
            getsockname(fd, (struct sockaddr *)&address, &bytes) != 0) {
        status = bind_failed(text, err);
        (void)close(fd);
        return status;
    }
    *out_fd = fd;
    if (port)
        *port = tv_address_port(&address);
    return TV_OK;
}
