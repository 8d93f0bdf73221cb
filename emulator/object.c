/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define MEMBERS_MAX 64

/* The object, while it is being read. */
typedef struct {
  const char *at;
  const char *key; /* which member is looked for */
  VaObjectKind found;
  char *value;
  const char *end; /* the last brace of the outermost object */
} ObjectReader;

static bool read_value (ObjectReader *reader, int depth);

static void
skip_blanks (ObjectReader *reader)
{
  reader->at += strspn (reader->at, " \t\r\n");
}

static bool
take_char (ObjectReader *reader, char c)
{
  skip_blanks (reader);
  if (*reader->at != c)
    return false;
  reader->at++;
  return true;
}

/* Four hexadecimal digits; -1: they are not there. */
static long
read_code_unit (const char *text)
{
  char digits[5] = "";

  if (strspn (text, "0123456789abcdefABCDEF") < 4)
    return -1;
  memcpy (digits, text, 4);
  return strtol (digits, NULL, 16);
}

static char *
put_utf8 (char *out, long c)
{
  if (c < 0x80)
    *out++ = (char) c;
  else if (c < 0x800)
    *out++ = (char) (0xc0 | c >> 6);
  else if (c < 0x10000)
    *out++ = (char) (0xe0 | c >> 12);
  else
    *out++ = (char) (0xf0 | c >> 18);
  if (c >= 0x10000)
    *out++ = (char) (0x80 | (c >> 12 & 0x3f));
  if (c >= 0x800)
    *out++ = (char) (0x80 | (c >> 6 & 0x3f));
  if (c >= 0x80)
    *out++ = (char) (0x80 | (c & 0x3f));
  return out;
}

/* After "\u": one character, of two code units where need be. None is zero, with which a C string would end. */
static char *
read_unicode (ObjectReader *reader, char *out)
{
  long c = read_code_unit (reader->at), low;

  if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
    return NULL;
  reader->at += 4;
  if (c < 0xd800 || c >= 0xe000)
    return put_utf8 (out, c);
  low = strncmp (reader->at, "\\u", 2) == 0 ? read_code_unit (reader->at + 2) : -1;
  if (low < 0xdc00 || low >= 0xe000)
    return NULL;
  reader->at += 6;
  return put_utf8 (out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
}

/* After a backslash. Returns: the end of what was written to @out, or NULL */
static char *
read_escape (ObjectReader *reader, char *out)
{
  static const char letters[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
  const char *letter = *reader->at != '\0' ? strchr (letters, *reader->at) : NULL;

  if (letter == NULL && *reader->at++ == 'u')
    return read_unicode (reader, out);
  if (letter == NULL)
    return NULL;
  reader->at++;
  *out++ = characters[letter - letters];
  return out;
}

/* A string with its quotes. What it says is never longer than what stands there. Returns: NULL when it is none */
static char *
read_string (ObjectReader *reader)
{
  char *text, *out;

  if (!take_char (reader, '"'))
    return NULL;
  text = out = malloc (strlen (reader->at) + 1);
  while (out != NULL && *reader->at != '"')
    {
      unsigned char c = (unsigned char) *reader->at;

      if (c < 0x20)
        out = NULL;
      else if (c == '\\')
        {
          reader->at++;
          out = read_escape (reader, out);
        }
      else
        *out++ = *reader->at++;
    }
  if (out == NULL)
    {
      free (text);
      return NULL;
    }
  reader->at++;
  *out = '\0';
  return text;
}

static size_t
skip_object_digits (ObjectReader *reader)
{
  size_t count = strspn (reader->at, "0123456789");

  reader->at += count;
  return count;
}

static bool
read_json_number (ObjectReader *reader)
{
  bool zero;

  if (*reader->at == '-')
    reader->at++;
  zero = *reader->at == '0';
  if (skip_object_digits (reader) != 1 && zero)
    return false;
  if (strchr ("0123456789", reader->at[-1]) == NULL)
    return false;
  if (*reader->at == '.' && (reader->at++, skip_object_digits (reader) == 0))
    return false;
  if (*reader->at != 'e' && *reader->at != 'E')
    return true;
  reader->at++;
  if (*reader->at == '+' || *reader->at == '-')
    reader->at++;
  return skip_object_digits (reader) > 0;
}

static bool
read_word (ObjectReader *reader)
{
  static const char *const words[] = { "true", "false", "null" };

  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strncmp (reader->at, words[i], strlen (words[i])) == 0)
      {
        reader->at += strlen (words[i]);
        return true;
      }
  return false;
}

static bool
read_array (ObjectReader *reader, int depth)
{
  if (take_char (reader, ']'))
    return true;
  do
    if (!read_value (reader, depth))
      return false;
  while (take_char (reader, ','));
  return take_char (reader, ']');
}

/* A member's value, kept if it is the one that is looked for. */
static bool
read_object_member (ObjectReader *reader, const char *key, int depth)
{
  bool wanted = depth == 1 && strcmp (key, reader->key) == 0;

  skip_blanks (reader);
  if (!wanted)
    return read_value (reader, depth);
  if (*reader->at != '"')
    {
      reader->found = VA_OBJECT_OTHER;
      return read_value (reader, depth);
    }
  reader->value = read_string (reader);
  reader->found = VA_OBJECT_STRING;
  return reader->value != NULL;
}

/* The keys of one object, so that none is there twice. */
typedef struct {
  char *names[MEMBERS_MAX];
  size_t count;
} ObjectKeys;

static bool
add_key (ObjectKeys *keys, char *key)
{
  bool fits = key != NULL && keys->count < MEMBERS_MAX;

  for (size_t i = 0; fits && i < keys->count; i++)
    fits = strcmp (keys->names[i], key) != 0;
  if (fits)
    keys->names[keys->count++] = key;
  else
    free (key);
  return fits;
}

static bool
read_object_members (ObjectReader *reader, int depth)
{
  ObjectKeys keys = { .count = 0 };
  bool ok;

  do
    ok = add_key (&keys, read_string (reader)) && take_char (reader, ':')
         && read_object_member (reader, keys.names[keys.count - 1], depth);
  while (ok && take_char (reader, ','));
  for (size_t i = 0; i < keys.count; i++)
    free (keys.names[i]);
  return ok && take_char (reader, '}');
}

static bool
read_value (ObjectReader *reader, int depth)
{
  char *text;

  if (depth >= DEPTH_MAX)
    return false;
  skip_blanks (reader);
  if (take_char (reader, '{'))
    return take_char (reader, '}') || read_object_members (reader, depth + 1);
  if (take_char (reader, '['))
    return read_array (reader, depth + 1);
  if (*reader->at != '"')
    return *reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9') ? read_json_number (reader)
                                                                            : read_word (reader);
  text = read_string (reader);
  free (text);
  return text != NULL;
}

/* All of @json, which must be an object. */
static bool
read_object (ObjectReader *reader, const char *json)
{
  reader->at = json;
  reader->found = VA_OBJECT_ABSENT;
  skip_blanks (reader);
  if (*reader->at == '{' && read_value (reader, 0))
    {
      reader->end = reader->at - 1;
      skip_blanks (reader);
      if (*reader->at == '\0')
        return true;
    }
  free (reader->value);
  reader->value = NULL;
  return false;
}

VaObjectKind
va_object_find (const char *json, const char *key, char **value)
{
  ObjectReader reader = { .key = key };

  if (!read_object (&reader, json))
    reader.found = VA_OBJECT_BROKEN;
  if (value != NULL)
    *value = reader.value;
  else
    free (reader.value);
  return reader.found;
}

bool
va_object_is (const char *json, const char *key, const char *text)
{
  char *value = NULL;
  bool same = va_object_find (json, key, &value) == VA_OBJECT_STRING && strcmp (value, text) == 0;

  free (value);
  return same;
}

/* @text as it stands in a JSON string, without the quotes. */
static char *
encode_string (const char *text)
{
  char *encoded = malloc (6 * strlen (text) + 1), *out = encoded;

  for (; out != NULL && *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      out += sprintf (out, "\\%c", *text);
    else if ((unsigned char) *text < 0x20)
      out += sprintf (out, "\\u%04x", (unsigned) *text);
    else
      *out++ = *text;
  if (out != NULL)
    *out = '\0';
  return encoded;
}

char *
va_object_add (const char *json, const char *key, const char *value)
{
  ObjectReader reader = { .key = key };
  char *encoded = value != NULL ? encode_string (value) : NULL, *longer = NULL;
  const char *quote = value != NULL ? "\"" : "";

  if (read_object (&reader, json) && (value == NULL || encoded != NULL)
      && asprintf (&longer, "%.*s,\"%s\":%s%s%s}", (int) (reader.end - json), json, key, quote,
                   value != NULL ? encoded : "true", quote)
           < 0)
    longer = NULL;
  free (reader.value);
  free (encoded);
  return longer;
}
