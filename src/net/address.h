/* SPDX-License-Identifier: Apache-2.0 */
/* Listen addresses: "127.0.0.1:3335", "[::1]:0", "localhost:3335" (which is 127.0.0.1). Names are
 * not looked up: where a daemon listens must not hang on a name server. */
#ifndef TV_NET_ADDRESS_H
#define TV_NET_ADDRESS_H

#include "base/str.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { TV_ADDRESS_TEXT_BYTES = 64 };

/* TV_BAD_INPUT for a malformed one. */
TV_CHECKED enum tv_status tv_address_parse(
        const char *text, struct sockaddr_storage *out, struct tv_error *err);
socklen_t tv_address_bytes(const struct sockaddr_storage *address);
uint16_t tv_address_port(const struct sockaddr_storage *address);
bool tv_address_is_loopback(const struct sockaddr_storage *address);
/* 0.0.0.0 or [::]. */
bool tv_address_is_any(const struct sockaddr_storage *address);
/* The same host, the port left aside; an IPv4 address mapped into IPv6 equals itself. */
bool tv_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
/* Reads a host without a port: an IPv4 literal, or an IPv6 literal in brackets. */
TV_CHECKED bool tv_address_parse_host(struct tv_str host, struct sockaddr_storage *out);
/* "127.0.0.1:51234", "[::1]:51234"; returns the length. */
size_t tv_address_format(const struct sockaddr_storage *address, char out[TV_ADDRESS_TEXT_BYTES]);

/* A bound, non-blocking socket of `type`; *port is the one in use. TV_CONFLICT when it is taken,
 * TV_IO otherwise. */
TV_CHECKED enum tv_status tv_address_bind(
        const char *text, int type, int *out_fd, uint16_t *port, struct tv_error *err);

#endif
