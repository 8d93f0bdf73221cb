/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"

/* What each kind of member without members of its own does with its field; for message.c. */
G_BEGIN_DECLS

typedef struct {
  /* Reads into the zeroed field; TRUE if the member was present and right. */
  gboolean (*read) (VaFields *fields, const VaMember *member, gpointer field);
  void (*write) (JsonObject *object, const VaMember *member, gconstpointer field);
  /* Whether the field has a value that is to be written. */
  gboolean (*has_value) (const VaMember *member, gconstpointer field);
  void (*clear) (const VaMember *member, gpointer field); /* %NULL: nothing to free */
} VaMemberFunctions;

/** va_member_functions: those of @member's kind, if it is a value without members of its own. */
const VaMemberFunctions *va_member_functions (const VaMember *member);
/** va_member_set_number: puts @number into a field of @member's size. */
void va_member_set_number (const VaMember *member, gpointer field, guint64 number);
/** va_member_points: has_value of the kinds whose field is a pointer. */
gboolean va_member_points (const VaMember *member, gconstpointer field);

G_END_DECLS
