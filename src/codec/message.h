/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/fields.h"

/*
 * A message is a struct and one constant table of its members. Reading, writing and freeing follow from the table, and
 * so does the test that compares it with the message's JSON Schema. A table's line gives name, presence, kind with the
 * field of the struct, then limits:
 *
 *   static const VaMember members[] = {
 *     { "launch-id", VA_REQUIRED, VA_MEMBER_UUID (VaLaunchPending, launch_id) },
 *     { "retry-after", VA_REQUIRED, VA_MEMBER_NUMBER (VaLaunchPending, retry_after), .min = 1, .max = RETRY_MAX },
 *   };
 *
 * Members are read and written in the table's order, so it decides which mistake of several is reported.
 */
G_BEGIN_DECLS

typedef struct _VaMember VaMember;
typedef struct _VaMessage VaMessage;

/** What a member is on the wire and in the struct; the macros below fill it in and check the field's type. */
typedef enum {
  VA_KIND_TEXT,           /* char *: 1 to max bytes without control characters */
  VA_KIND_STRING,         /* char *: at most max bytes */
  VA_KIND_UUID,           /* char *: in lower case */
  VA_KIND_NUMBER,         /* a whole number of 8, 16, 32 or 64 bits: min to max */
  VA_KIND_BOOLEAN,        /* gboolean */
  VA_KIND_CHOICE,         /* an enum or int: the index in choices */
  VA_KIND_BASE64,         /* guint8[]: exactly that many bytes in base64 */
  VA_KIND_HEX,            /* guint8[]: exactly that many bytes in lower-case hex */
  VA_KIND_BYTES,          /* GBytes *: min to max bytes in base64 */
  VA_KIND_SECRET,         /* VaSecret *: min to max bytes in base64 */
  VA_KIND_STRINGS,        /* char **: up to elements strings, each 1 to max bytes */
  VA_KIND_ONE_OR_SEVERAL, /* char **: the same, or one string without a list around it */
  VA_KIND_GROUP,          /* an object whose members are fields of the same struct */
  VA_KIND_MESSAGE,        /* a pointer to a struct of its own; %NULL when absent */
  VA_KIND_MESSAGES,       /* GPtrArray *: up to elements of such structs; never %NULL once read */
  VA_KIND_CUSTOM,         /* by functions of its own */
} VaMemberKind;

/** How a member is read, written and cleared that no kind fits. Each gets the whole struct. */
typedef struct {
  const char *kind; /* what the test against the schemas compares it as */
  void (*read) (VaFields *fields, const VaMember *member, gpointer message);
  void (*write) (JsonObject *object, const VaMember *member, gconstpointer message);
  void (*clear) (gpointer message); /* frees what read() allocated; %NULL: nothing */
  const VaMessage *const *elements; /* what the elements of a list may be, for that test; ends with %NULL */
} VaCustomMember;

struct _VaMember {
  const char *name;
  VaPresence presence;
  VaMemberKind kind;
  gsize offset, size;         /* of the field in the struct */
  gsize flag;                 /* VA_MEMBER_FLAG(): a gboolean that says whether it is present; 0: its value says so */
  guint64 min, max;           /* of a number, of bytes; see the kinds */
  guint elements;             /* the most that a list has; a list that is present has at least one if valid is set */
  gint64 absent;              /* the value of a number or choice that is absent, which is not written either */
  gboolean always;            /* an optional member is written with that value, too */
  const char *const *choices; /* ends with %NULL */
  /* Of a text, or of each element of a list: whether it has the right form; else @expected, marked with N_(), says
     which one that is. Of VA_KIND_BYTES @expected says what its size must be; without it, that it must not be empty. */
  gboolean (*valid) (const char *text);
  const char *expected;
  const VaMessage *message; /* of a group, of one or several messages */
  const VaCustomMember *custom;
};

struct _VaMessage {
  const char *name;      /* schemas/NAME.schema.json; %NULL: it is part of others */
  const char *where;     /* how errors call it, marked with N_() */
  gsize size;            /* of its struct */
  const VaMessage *base; /* its members come first; its struct is the same or begins this one; may be %NULL */
  const VaMember *members;
  guint length;    /* how many */
  gboolean secret; /* it holds a secret: not even the name of an unknown member is shown */
  /* Rules across members, with va_fields_fail(); called only when each member by itself is right. %NULL: none. */
  void (*check) (VaFields *fields, gconstpointer message);
  GDestroyNotify free; /* of one on the heap; what VA_KIND_MESSAGES puts into its array */
};

/* For the lines of a table. The comparison of pointers makes the compiler check the field's type. */
#define VA_MEMBER_FIELD(Struct, field, Type) \
  .offset = G_STRUCT_OFFSET (Struct, field), \
  .size = sizeof (((Struct *) 0)->field) + 0 * sizeof (TRUE ? &((Struct *) 0)->field : (Type *) 0)
#define VA_MEMBER_ARRAY(Struct, field) \
  .offset = G_STRUCT_OFFSET (Struct, field), \
  .size = sizeof (((Struct *) 0)->field) + 0 * sizeof (TRUE ? &((Struct *) 0)->field[0] : (guint8 *) 0)
#define VA_MEMBER_TEXT(Struct, field) .kind = VA_KIND_TEXT, VA_MEMBER_FIELD (Struct, field, char *)
#define VA_MEMBER_STRING(Struct, field) .kind = VA_KIND_STRING, VA_MEMBER_FIELD (Struct, field, char *)
#define VA_MEMBER_UUID(Struct, field) .kind = VA_KIND_UUID, VA_MEMBER_FIELD (Struct, field, char *)
#define VA_MEMBER_NUMBER(Struct, field) \
  .kind = VA_KIND_NUMBER, .offset = G_STRUCT_OFFSET (Struct, field), .size = sizeof (((Struct *) 0)->field)
#define VA_MEMBER_BOOLEAN(Struct, field) .kind = VA_KIND_BOOLEAN, VA_MEMBER_FIELD (Struct, field, gboolean)
#define VA_MEMBER_CHOICE(Struct, field, names) \
  .kind = VA_KIND_CHOICE, .offset = G_STRUCT_OFFSET (Struct, field), .size = sizeof (((Struct *) 0)->field), \
  .choices = (names)
#define VA_MEMBER_BASE64(Struct, field) .kind = VA_KIND_BASE64, VA_MEMBER_ARRAY (Struct, field)
#define VA_MEMBER_HEX(Struct, field) .kind = VA_KIND_HEX, VA_MEMBER_ARRAY (Struct, field)
#define VA_MEMBER_BYTES(Struct, field) .kind = VA_KIND_BYTES, VA_MEMBER_FIELD (Struct, field, GBytes *)
#define VA_MEMBER_SECRET(Struct, field) .kind = VA_KIND_SECRET, VA_MEMBER_FIELD (Struct, field, VaSecret *)
#define VA_MEMBER_STRINGS(Struct, field) .kind = VA_KIND_STRINGS, VA_MEMBER_FIELD (Struct, field, char **)
#define VA_MEMBER_ONE_OR_SEVERAL(Struct, field) .kind = VA_KIND_ONE_OR_SEVERAL, VA_MEMBER_FIELD (Struct, field, char **)
#define VA_MEMBER_GROUP(group) .kind = VA_KIND_GROUP, .message = &(group)
#define VA_MEMBER_MESSAGE(Struct, field, Type, nested) \
  .kind = VA_KIND_MESSAGE, VA_MEMBER_FIELD (Struct, field, Type *), .message = &(nested)
#define VA_MEMBER_MESSAGES(Struct, field, nested) \
  .kind = VA_KIND_MESSAGES, VA_MEMBER_FIELD (Struct, field, GPtrArray *), .message = &(nested)
#define VA_MEMBER_CUSTOM(functions) .kind = VA_KIND_CUSTOM, .custom = &(functions)
#define VA_MEMBER_FLAG(Struct, field) \
  (G_STRUCT_OFFSET (Struct, field) + 1 + 0 * sizeof (TRUE ? &((Struct *) 0)->field : (gboolean *) 0))

/* The table of a message. */
#define VA_MESSAGE_MEMBERS(table) .members = (table), .length = G_N_ELEMENTS (table)

/**
 * VA_MESSAGE_DECLARE: for the header of a message: its table, PREFIX_message, and
 * PREFIX_read(): a new struct from a JSON object; errors are of VA_CORE_ERROR and name the member;
 * PREFIX_write(): (transfer full): the JSON object;
 * PREFIX_free(): takes %NULL, too; also for g_autoptr().
 */
#define VA_MESSAGE_DECLARE(Type, prefix) \
  extern const VaMessage prefix##_message; \
  Type *prefix##_read (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT; \
  JsonObject *prefix##_write (const Type *message); \
  void prefix##_free (Type *message); \
  G_DEFINE_AUTOPTR_CLEANUP_FUNC (Type, prefix##_free)

/** VA_MESSAGE_DEFINE: for its source file; then come the members of PREFIX_message, between braces. */
#define VA_MESSAGE_DEFINE(Type, prefix) \
  Type *prefix##_read (JsonObject *object, GError **error) \
  { \
    return va_message_read (&prefix##_message, object, error); \
  } \
  JsonObject *prefix##_write (const Type *message) \
  { \
    return va_message_write (&prefix##_message, message); \
  } \
  void prefix##_free (Type *message) \
  { \
    va_message_free (&prefix##_message, message); \
  } \
  const VaMessage prefix##_message

/**
 * va_message_read: Returns: (transfer full): a new struct; free it with va_message_free(); %NULL with @error set
 * Errors: VA_CORE_ERROR_PARSE, with a sentence that names the member
 */
gpointer va_message_read (const VaMessage *message, JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_message_write: @data is the struct. Returns: (transfer full). */
JsonObject *va_message_write (const VaMessage *message, gconstpointer data);
/** va_message_free: frees the struct @data and what its members own; %NULL is nothing. */
void va_message_free (const VaMessage *message, gpointer data);

/**
 * va_message_read_members: the members of @message out of @fields into the zeroed struct @data, for a reader that
 * chooses among several tables. The first mistake is in @fields, as always; va_message_clear() frees in either case.
 */
void va_message_read_members (const VaMessage *message, VaFields *fields, gpointer data);
/** va_message_write_members: adds the members of @data to @object. */
void va_message_write_members (const VaMessage *message, JsonObject *object, gconstpointer data);
/** va_message_clear: frees what the members of @data own, and leaves them %NULL. */
void va_message_clear (const VaMessage *message, gpointer data);

G_END_DECLS
