/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * What libvirt writes after QEMU's option -object: one JSON object. A strict reader without any library, because it
 * runs before each QEMU. What is not JSON is left to QEMU.
 */

typedef enum {
  VA_OBJECT_BROKEN, /* not one JSON object, or a member is repeated, or it is nested too deeply */
  VA_OBJECT_ABSENT, /* it has no such member */
  VA_OBJECT_STRING,
  VA_OBJECT_OTHER, /* the member is not a string */
} VaObjectKind;

/**
 * va_object_find: the member @key of the object @json.
 * @value: (out) (nullable): a VA_OBJECT_STRING's text, decoded, to be freed; else NULL
 */
VaObjectKind va_object_find (const char *json, const char *key, char **value);
/** va_object_is: whether the member @key of @json is the string @text. */
bool va_object_is (const char *json, const char *key, const char *text);
/**
 * va_object_add: @json, which is not broken and has a member, with one more.
 * @value: a string in UTF-8 or in whatever encoding the rest has; NULL: the member is true
 * Returns: to be freed; NULL: @json is broken, or there is no memory
 */
char *va_object_add (const char *json, const char *key, const char *value);
