/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/option-words.h"

#include <string.h>
#include "core/i18n.h"

/* Members that an option sets; those of an object with its name and what errors call it. */
static const struct {
  const char *outer, *where, *member, *option;
} words[] = {
  { "permit", N_("permit"), "max-launches", "--max-launches" },
  { "permit", N_("permit"), "max-running", "--max-running" },
  { "permit", N_("permit"), "confirm-after", "--confirm-after" },
  { "permit", N_("permit"), "not-before", "--not-before" },
  { "permit", N_("permit"), "not-after", "--not-after" },
  { "policy", N_("policy"), "required", "--policy-required" },
  { "policy", N_("policy"), "forbidden", "--policy-forbidden" },
  { "min-api", "min-api", "major", "--min-api" },
  { "min-api", "min-api", "minor", "--min-api" },
  { "secrets", N_("secret"), "name", "--secret" },
  { "nova", "nova", "project", "--nova-project" },
  { "nova", "nova", "image", "--nova-image" },
  { "nova", "nova", "flavor", "--nova-flavor" },
  { NULL, NULL, "name", "--name" },
  { NULL, NULL, "policy", "--policy" },
  { NULL, NULL, "allow-debug", "--allow-debug" },
  { NULL, NULL, "firmware-hashes", "--firmware" },
  { NULL, NULL, "kernel-hash", "--kernel" },
  { NULL, NULL, "initrd-hash", "--initrd" },
  { NULL, NULL, "cmdline-hash", "--cmdline" },
  { NULL, NULL, "cmdline", "--cmdline" },
  { NULL, NULL, "launch-digests", "--launch-digest" },
  { NULL, NULL, "cpu-count", "--cpu-count" },
  { NULL, NULL, "cpu-model", "--cpu-model" },
  { NULL, NULL, "vmsa-profile", "--vmsa-profile" },
  { NULL, NULL, "min-build", "--min-build" },
  { NULL, NULL, "hosts", "--host" },
  { NULL, NULL, "chips", "--chip" },
  { NULL, NULL, "two-persons", "--two-persons" },
  { NULL, NULL, "domains", "--domain" },
  { NULL, NULL, "any-domain", "--any-domain" },
  { NULL, NULL, "cloud-cert", "--cloud-cert" },
  { NULL, NULL, "secrets", "--secret" },
};

/* How a sentence about a member begins, as va_fields_fail() makes it. */
static char *
make_beginning (guint i)
{
  const char *outer = words[i].outer != NULL ? words[i].outer : words[i].member;
  g_autofree char *inner = words[i].outer == NULL
                             ? g_strdup ("")
                             : g_strdup_printf (_("%s: member “%s”: %s"), _(words[i].where), words[i].member, "");

  return g_strdup_printf (_("%s: member “%s”: %s"), _("registration"), outer, inner);
}

/* Appends @text, with members that it speaks of by the way as options. */
static void
append_tail (GString *out, const char *text)
{
  static const char *const by_the_way[] = { "allow-debug",    "two-persons",     "any-domain",  "not-before",
                                            "launch-digests", "firmware-hashes", "kernel-hash", "cmdline-hash" };
  const char *letters = "abcdefghijklmnopqrstuvwxyz-";

  while (*text != '\0')
    {
      gsize length = strspn (text, letters);
      const char *option = NULL;

      for (guint i = 0; i < G_N_ELEMENTS (by_the_way); i++)
        if (strlen (by_the_way[i]) == length && strncmp (by_the_way[i], text, length) == 0)
          for (guint j = 0; j < G_N_ELEMENTS (words); j++)
            option = g_str_equal (words[j].member, by_the_way[i]) ? words[j].option : option;
      if (option != NULL)
        g_string_append (out, option);
      else
        g_string_append_len (out, text, (gssize) MAX (length, 1));
      text += MAX (length, 1);
    }
}

/* The length of what @message begins with, if that is about entry @i; else 0. */
static gsize
match_beginning (const char *message, guint i)
{
  g_autofree char *long_form = make_beginning (i), *short_form = g_strconcat (words[i].member, ": ", NULL);

  if (g_str_has_prefix (message, long_form))
    return strlen (long_form);
  return words[i].outer == NULL && g_str_has_prefix (message, short_form) ? strlen (short_form) : 0;
}

char *
va_option_words (const char *message)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = match_beginning (message, i);

      if (length == 0)
        continue;
      g_string_append_printf (out, "%s: ", words[i].option);
      message += length;
      break;
    }
  append_tail (out, message);
  return g_string_free (out, FALSE);
}

void
va_option_words_put (GError **error)
{
  char *message = error != NULL && *error != NULL ? (*error)->message : NULL;

  if (message == NULL)
    return;
  (*error)->message = va_option_words (message);
  g_free (message);
}
