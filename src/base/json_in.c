/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents as trees: cJSON behind a handful of questions.
 *
 * cJSON sees only text that json_check.c found to be strict JSON, so it cannot fail for any reason
 * but memory. Its nodes are what this file hands out under another name; nothing is copied. cJSON
 * notes its last error in a variable shared by all threads, which nothing here reads. */
#include "base/json_in.h"

#include "base/json_check.h"

#include <cjson/cJSON.h>

enum { DOCUMENT_BYTES_MAX = 1 << 20 };

static const cJSON *node(const struct tv_json *value)
{
    TV_ASSERT(value);
    return (const cJSON *)(const void *)value;
}

enum tv_status tv_json_parse(struct tv_str text, struct tv_json **out, struct tv_error *err)
{
    if (text.len > DOCUMENT_BYTES_MAX)
        return tv_fail(err, TV_BAD_INPUT, "JSON document larger than %d bytes", DOCUMENT_BYTES_MAX);
    enum tv_status status = tv_json_check(text, err);
    if (status != TV_OK)
        return status;
    cJSON *root = cJSON_ParseWithLength(text.ptr, text.len);
    TV_ASSERT(root);
    *out = (struct tv_json *)(void *)root;
    return TV_OK;
}

void tv_json_free(struct tv_json *document)
{
    cJSON_Delete((cJSON *)(void *)document);
}

enum tv_json_type tv_json_type(const struct tv_json *value)
{
    const cJSON *item = node(value);
    if (cJSON_IsObject(item))
        return TV_JSON_OBJECT;
    if (cJSON_IsArray(item))
        return TV_JSON_ARRAY;
    if (cJSON_IsString(item))
        return TV_JSON_STRING;
    if (cJSON_IsNumber(item))
        return TV_JSON_NUMBER;
    return cJSON_IsBool(item) ? TV_JSON_BOOL : TV_JSON_NULL;
}

const struct tv_json *tv_json_member(const struct tv_json *object, const char *name)
{
    if (!object || tv_json_type(object) != TV_JSON_OBJECT)
        return NULL;
    const struct tv_json *found = NULL;
    for (const struct tv_json *at = tv_json_first(object); at; at = tv_json_next(at)) {
        if (strcmp(node(at)->string, name) == 0)
            found = at;
    }
    return found;
}

const struct tv_json *tv_json_first(const struct tv_json *value)
{
    return (const struct tv_json *)(const void *)node(value)->child;
}

const struct tv_json *tv_json_next(const struct tv_json *child)
{
    return (const struct tv_json *)(const void *)node(child)->next;
}

struct tv_str tv_json_name(const struct tv_json *child)
{
    return tv_str_of(node(child)->string);
}

struct tv_str tv_json_string(const struct tv_json *value)
{
    TV_ASSERT(tv_json_type(value) == TV_JSON_STRING);
    return tv_str_of(node(value)->valuestring);
}

double tv_json_number(const struct tv_json *value)
{
    TV_ASSERT(tv_json_type(value) == TV_JSON_NUMBER);
    return node(value)->valuedouble;
}

bool tv_json_boolean(const struct tv_json *value)
{
    TV_ASSERT(tv_json_type(value) == TV_JSON_BOOL);
    return cJSON_IsTrue(node(value)) != 0;
}
