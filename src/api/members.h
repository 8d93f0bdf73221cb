/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/fields.h"

/* Members that several messages of /v1 have in common. */
G_BEGIN_DECLS

/** va_fields_api: {"major", "minor"}, each up to 255; both stay as they are when absent. */
void va_fields_api (VaFields *fields, const char *name, guint8 *major, guint8 *minor);
/** va_fields_places: the members hosts and chips. Both (transfer full), %NULL when absent. */
void va_fields_places (VaFields *fields, char ***hosts, char ***chips);
/** va_json_set_api: {"major", "minor"}, unless both are 0. */
void va_json_set_api (JsonObject *object, const char *name, guint8 major, guint8 minor);

G_END_DECLS
