/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes: exact paths in a hash map, prefixes in a list, longest first. The methods of
 * one path hang together, so that 405 can name them. */
#include "net/http_internal.h"

static struct tv_http_route_node *find_prefix(
        const struct tv_http_routes *routes, struct tv_str path)
{
    struct tv_http_route_node *node = routes->prefixes;
    while (node && !tv_str_equal(node->path, path))
        node = node->next_prefix;
    return node;
}

static void add_prefix(struct tv_http_routes *routes, struct tv_http_route_node *node)
{
    struct tv_http_route_node **at = &routes->prefixes;
    while (*at && (*at)->path.len >= node->path.len)
        at = &(*at)->next_prefix;
    node->next_prefix = *at;
    *at = node;
}

void tv_http_route(struct tv_http_server *server, const struct tv_http_route *route)
{
    struct tv_http_routes *routes = &server->routes;
    struct tv_http_route_node *node = tv_arena_calloc(&server->arena, 1, sizeof *node);
    struct tv_http_route_node *head = NULL;
    node->route = *route;
    node->path = tv_str_of(route->path);
    TV_ASSERT(node->path.len > 0 && node->path.ptr[0] == '/');
    bool prefix = node->path.ptr[node->path.len - 1] == '*';
    if (prefix) {
        node->path.len--;
        TV_ASSERT(node->path.ptr[node->path.len - 1] == '/');
        head = find_prefix(routes, node->path);
        if (!head)
            add_prefix(routes, node);
    } else {
        bool added;
        uint64_t *value = tv_map_put(&routes->exact, node->path, &added);
        if (added)
            *value = (uint64_t)(uintptr_t)node;
        else
            head = (struct tv_http_route_node *)(uintptr_t)*value;
    }
    if (head) {
        TV_ASSERT(!tv_http_routes_method(head, tv_str_of(route->method)));
        node->sibling = head->sibling;
        head->sibling = node;
    }
}

void tv_http_routes_release(struct tv_http_routes *routes)
{
    tv_map_release(&routes->exact);
}

const struct tv_http_route_node *tv_http_routes_find(
        const struct tv_http_routes *routes, struct tv_str path)
{
    const uint64_t *value = tv_map_get(&routes->exact, path);
    if (value)
        return (const struct tv_http_route_node *)(uintptr_t)*value;
    const struct tv_http_route_node *node = routes->prefixes;
    while (node && !tv_str_starts_with(path, node->path))
        node = node->next_prefix;
    return node;
}

static const struct tv_http_route *find_method(
        const struct tv_http_route_node *node, struct tv_str method)
{
    for (; node; node = node->sibling)
        if (tv_str_equal(tv_str_of(node->route.method), method))
            return &node->route;
    return NULL;
}

const struct tv_http_route *tv_http_routes_method(
        const struct tv_http_route_node *nodes, struct tv_str method)
{
    const struct tv_http_route *route = find_method(nodes, method);
    if (!route && tv_str_equal(method, TV_STR("HEAD")))
        route = find_method(nodes, TV_STR("GET"));
    return route;
}

struct tv_str tv_http_routes_allow(const struct tv_http_route_node *nodes, struct tv_arena *arena)
{
    struct tv_str allow = TV_STR("OPTIONS");
    for (const struct tv_http_route_node *node = nodes; node; node = node->sibling) {
        const char *method = node->route.method;
        const char *also = strcmp(method, "GET") == 0 ? ", HEAD" : "";
        allow = tv_arena_printf(arena, "%s%s, %.*s", method, also, TV_STR_ARG(allow));
    }
    return allow;
}
