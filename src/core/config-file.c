/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/config-file.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"

#define CONFIG_MAX 65536
#define SHOWN_KEY_MAX 40 /* bytes of an unknown key */

struct _VaConfig {
  const VaConfigKey *keys;
  char *name;    /* of the file */
  char **values; /* one for each of keys; NULL where the file does not name it */
  guint *lines;  /* where it names them; 0: nowhere */
};

static gsize
table_length (const VaConfigKey *keys)
{
  gsize n = 0;

  while (keys[n].key != NULL)
    n++;
  return n;
}

static int
find_config_key (const VaConfigKey *keys, const char *section, const char *key)
{
  for (int i = 0; keys[i].key != NULL; i++)
    if (g_str_equal (keys[i].section, section) && (key == NULL || g_str_equal (keys[i].key, key)))
      return i;
  return -1;
}

/* A PIN may stand where the name of its file must, so messages do not repeat values, but numbers. */
static gboolean
check_config_value (const VaConfigKey *key, const char *value, GError **error)
{
  guint64 number;

  switch (key->kind)
    {
    case VA_CONFIG_NUMBER:
      return va_number_parse (value, key->min, key->max, &number, error);
    case VA_CONFIG_BOOLEAN:
      if (g_str_equal (value, "yes") || g_str_equal (value, "no"))
        return TRUE;
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("expected yes or no"));
      return FALSE;
    case VA_CONFIG_PATH:
      if (g_path_is_absolute (value))
        return TRUE;
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("expected an absolute path"));
      return FALSE;
    case VA_CONFIG_STRING:
      return TRUE;
    default:
      g_assert_not_reached ();
    }
}

/* The value without its quotes and without a comment behind it; %NULL if it has no such form. */
static char *
unquote_value (const char *text)
{
  const char *end;

  if (text[0] != '"')
    {
      end = strchr (text, '#');
      return strchr (text, '"') == NULL ? g_strstrip (end ? g_strndup (text, end - text) : g_strdup (text)) : NULL;
    }
  end = strchr (text + 1, '"');
  if (end == NULL)
    return NULL;
  for (const char *p = end + 1; *p != '\0' && *p != '#'; p++)
    if (!g_ascii_isspace (*p))
      return NULL;
  return g_strndup (text + 1, end - text - 1);
}

/* As all keys of ours do. What else stands there may be a part of somebody's secret, and is not shown. */
static gboolean
looks_like_key (const char *key)
{
  gsize length = strlen (key);

  return length >= 1 && length <= SHOWN_KEY_MAX && strspn (key, G_CSET_a_2_z "-") == length;
}

static gboolean
take_pair (VaConfig *config, const char *section, char *line, guint number, GError **error)
{
  char *equals = strchr (line, '=');
  g_autofree char *value = NULL;
  const char *key;
  int i;

  if (equals == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("expected “key = value”"));
      return FALSE;
    }
  *equals = '\0';
  key = g_strstrip (line);
  value = unquote_value (g_strstrip (equals + 1));
  i = find_config_key (config->keys, section, key);
  if (i < 0 && looks_like_key (key))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("unknown key “%s”"), key);
  else if (i < 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("the text before “=” is not a key"));
  else if (config->values[i] != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("key “%s” is set twice"), key);
  else if (value == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("key “%s”: the quotes do not match"), key);
  else if (!check_config_value (&config->keys[i], value, error))
    g_prefix_error (error, _("key “%s”: "), key);
  else
    {
      config->values[i] = g_steal_pointer (&value);
      config->lines[i] = number;
      return TRUE;
    }
  return FALSE;
}

static gboolean
take_config_line (VaConfig *config, char **section, char *line, guint number, GError **error)
{
  gsize length;

  g_strstrip (line);
  length = strlen (line);
  if (length == 0 || line[0] == '#')
    return TRUE;
  if (line[0] != '[')
    return take_pair (config, *section, line, number, error);
  if (line[length - 1] == ']')
    {
      g_free (*section);
      *section = g_strndup (line + 1, length - 2);
      if (find_config_key (config->keys, *section, NULL) >= 0)
        return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("unknown section “%s”"), line);
  return FALSE;
}

static VaConfig *
config_new (const char *name, const VaConfigKey *keys)
{
  VaConfig *config = g_new0 (VaConfig, 1);

  config->keys = keys;
  config->name = g_strdup (name);
  config->lines = g_new0 (guint, table_length (keys) + 1);
  config->values = g_new0 (char *, table_length (keys) + 1);
  return config;
}

static void
set_missing_key_error (const char *name, const VaConfigKey *key, GError **error)
{
  if (key->section[0] != '\0')
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: key “%s” of section [%s] is missing"), name,
                 key->key, key->section);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s: key “%s” is missing"), name, key->key);
}

VaConfig *
va_config_parse (const char *name, const char *text, const VaConfigKey *keys, GError **error)
{
  g_autoptr(VaConfig) config = config_new (name, keys);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *section = g_strdup ("");

  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_config_line (config, &section, lines[i], i + 1, error))
      {
        g_prefix_error (error, _("%s, line %u: "), name, i + 1);
        return NULL;
      }
  for (guint i = 0; keys[i].key != NULL; i++)
    if (keys[i].required && config->values[i] == NULL)
      {
        set_missing_key_error (name, &keys[i], error);
        return NULL;
      }
  return g_steal_pointer (&config);
}

VaConfig *
va_config_load (const char *path, const VaConfigKey *keys, GError **error)
{
  g_autofree char *text = va_file_read_text (path, CONFIG_MAX, error);

  return text != NULL ? va_config_parse (path, text, keys, error) : NULL;
}

VaConfig *
va_config_load_optional (const char *path, const VaConfigKey *keys, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaConfig) config = va_config_load (path, keys, &reason);

  if (config != NULL)
    return g_steal_pointer (&config);
  if (g_error_matches (reason, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND))
    return va_config_parse (path, "", keys, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

const char *
va_config_string (const VaConfig *config, const char *section, const char *key)
{
  int i = find_config_key (config->keys, section, key);

  if (i < 0)
    g_error ("no key “%s” in section “%s”", key, section);
  return config->values[i] != NULL ? config->values[i] : config->keys[i].fallback;
}

guint64
va_config_number (const VaConfig *config, const char *section, const char *key)
{
  const char *text = va_config_string (config, section, key);
  guint64 number = 0;

  if (text != NULL && !va_number_parse (text, 0, G_MAXUINT64, &number, NULL))
    g_error ("the default of “%s” is not a number", key);
  return number;
}

void
va_config_blame (const VaConfig *config, const char *section, const char *key, GError **error)
{
  int i = find_config_key (config->keys, section, key);

  if (i < 0)
    g_error ("no key “%s” in section “%s”", key, section);
  if (config->lines[i] > 0)
    g_prefix_error (error, _("%s, line %u: key “%s”: "), config->name, config->lines[i], key);
  else
    g_prefix_error (error, _("%s: key “%s” of section [%s]: "), config->name, key, section);
}

gboolean
va_config_boolean (const VaConfig *config, const char *section, const char *key)
{
  return g_strcmp0 (va_config_string (config, section, key), "yes") == 0;
}

void
va_config_free (VaConfig *config)
{
  if (config == NULL)
    return;
  for (gsize i = 0; i < table_length (config->keys); i++)
    g_free (config->values[i]);
  g_free (config->values);
  g_free (config->lines);
  g_free (config->name);
  g_free (config);
}
