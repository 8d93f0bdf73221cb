/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Configuration files: lines "key = value", the value bare or in double quotes, "[section]" lines, comments from "#".
 * An unknown or repeated key or section, or a value that does not fit, stops the program with file, line and key.
 */
typedef enum {
  VA_CONFIG_STRING,
  VA_CONFIG_PATH,    /* absolute */
  VA_CONFIG_NUMBER,  /* between min and max */
  VA_CONFIG_BOOLEAN, /* yes or no */
} VaConfigKind;

typedef struct {
  const char *section; /* "" before the first section line */
  const char *key;     /* %NULL ends a table */
  VaConfigKind kind;
  const char *fallback; /* in the file's syntax; %NULL: none, the getters give %NULL or 0 */
  gboolean required;
  guint64 min, max; /* numbers only */
} VaConfigKey;

typedef struct _VaConfig VaConfig;

/**
 * va_config_load: reads @path (at most 64 KiB); @keys must outlive the result.
 * Errors: those of va_file_read_text(), VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE
 */
VaConfig *va_config_load (const char *path, const VaConfigKey *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_config_load_optional: the same, but a file that is not there means every key's fallback. */
VaConfig *va_config_load_optional (const char *path, const VaConfigKey *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_config_parse: the same from @text; @name stands in messages for the file. */
VaConfig *va_config_parse (const char *name, const char *text, const VaConfigKey *keys, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_config_string, va_config_number, va_config_boolean: the value, or the table's default; a string is borrowed. They
 * abort on a key that is not in the table, because that is an error of the program.
 */
const char *va_config_string (const VaConfig *config, const char *section, const char *key);
guint64 va_config_number (const VaConfig *config, const char *section, const char *key);
gboolean va_config_boolean (const VaConfig *config, const char *section, const char *key);
/** va_config_blame: puts file, line and key in front of @error, which a value of that key has led to. */
void va_config_blame (const VaConfig *config, const char *section, const char *key, GError **error);
void va_config_free (VaConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaConfig, va_config_free)

G_END_DECLS
