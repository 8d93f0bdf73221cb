/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verb-list.h"

#include <stdio.h>
#include <string.h>
#include "core/i18n.h"
#include "cli/print.h"

#define WORD_MAX 32

static gsize
group_length (const VaVerb *verb)
{
  return strcspn (verb->name, " ");
}

void
va_verb_list_help (const VaVerbList *list)
{
  printf ("%s\n\n%s\n", _("Usage: virt-attest VERB… [OPTION…]"),
          _("Attested launch of confidential virtual machines."));
  for (guint i = 0; i < list->length; i++)
    {
      const VaVerb *verb = &list->verbs[i];

      if (i == 0 || strncmp (verb[-1].name, verb->name, group_length (verb) + 1) != 0)
        puts ("");
      printf ("  %-16s %s\n", verb->name, _(verb->summary));
    }
  printf ("\n%s\n%s\n", _("“virt-attest VERB… --help” describes each verb."),
          _("Exit codes: 0 success, 1 refused, 2 usage error, 3 unreachable or failed."));
}

/* What follows @group ("" for none) in a verb's name, or %NULL if the verb is not of that group. */
static const char *
after_group (const VaVerb *verb, const char *group)
{
  gsize length = strlen (group);

  if (length == 0)
    return verb->name;
  return strncmp (verb->name, group, length) == 0 && verb->name[length] == ' ' ? verb->name + length + 1 : NULL;
}

static gboolean
is_group (const VaVerbList *list, const char *group)
{
  for (guint i = 0; i < list->length; i++)
    if (after_group (&list->verbs[i], group) != NULL)
      return TRUE;
  return FALSE;
}

static void
print_group (const VaVerbList *list, const char *group, FILE *out)
{
  for (guint i = 0; i < list->length; i++)
    if (after_group (&list->verbs[i], group) != NULL)
      fprintf (out, "  %-16s %s\n", list->verbs[i].name, _(list->verbs[i].summary));
}

/* How many letters must be put in, left out, changed, or swapped with their neighbour to make @b of @a. */
static guint
measure_distance (const char *a, const char *b)
{
  gsize rows = MIN (strlen (a), WORD_MAX), columns = MIN (strlen (b), WORD_MAX);
  guint cost[WORD_MAX + 1][WORD_MAX + 1];

  for (gsize i = 0; i <= rows; i++)
    for (gsize j = 0; j <= columns; j++)
      if (i == 0 || j == 0)
        cost[i][j] = (guint) MAX (i, j);
      else
        {
          gboolean same = g_ascii_tolower (a[i - 1]) == g_ascii_tolower (b[j - 1]);

          cost[i][j] = MIN (MIN (cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + (same ? 0 : 1));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            cost[i][j] = MIN (cost[i][j], cost[i - 2][j - 2] + 1);
        }
  return cost[rows][columns];
}

/* Remembers @candidate if @wrong is nearer to it than to what was found so far. */
static void
try_candidate (const char *wrong, const char *candidate, const char *stands_for, guint *best, char **found)
{
  guint steps = measure_distance (wrong, candidate);

  if (steps >= *best || steps * 2 > MAX (strlen (candidate), 2))
    return;
  *best = steps;
  g_free (*found);
  *found = g_strdup (stands_for);
}

/* The verb or group that was probably meant by @wrong behind @group; %NULL if none is near. */
static char *
find_nearest (const VaVerbList *list, const char *group, const char *wrong)
{
  guint best = G_MAXUINT;
  char *found = NULL;

  for (guint i = 0; i < list->length; i++)
    {
      const char *rest = after_group (&list->verbs[i], group);
      const char *last = strrchr (list->verbs[i].name, ' ') + 1;
      g_autofree char *word = rest != NULL ? g_strndup (rest, strcspn (rest, " ")) : NULL;
      g_autofree char *so_far = word != NULL ? g_strdup_printf ("%s%s%s", group, *group != '\0' ? " " : "", word)
                                             : NULL;
      g_autofree char *joined = g_strdelimit (g_strdup (list->verbs[i].name), " ", '-');

      if (word != NULL)
        try_candidate (wrong, word, so_far, &best, &found);
      if (rest != NULL && *group == '\0')
        try_candidate (wrong, joined, list->verbs[i].name, &best, &found);
      if (rest != NULL && *group == '\0' && g_str_equal (wrong, last) && best > 0)
        try_candidate (wrong, last, list->verbs[i].name, &best, &found);
    }
  return found;
}

/* @shown: @wrong as it may be printed */
static void
say_wrong (const VaVerbList *list, const char *group, const char *wrong)
{
  g_autofree char *nearest = find_nearest (list, group, wrong), *shown = va_print_safe (wrong);

  if (wrong[0] == '-')
    g_printerr (_("virt-attest: “%s” is an option, but a verb is expected first: options follow the verb\n"), shown);
  else if (*group == '\0' && nearest == NULL)
    g_printerr (_("virt-attest: “%s” is not a verb\n"), shown);
  else if (*group == '\0')
    g_printerr (_("virt-attest: “%s” is not a verb; did you mean “%s”?\n"), shown, nearest);
  else if (nearest == NULL)
    g_printerr (_("virt-attest: “%s” is not a verb of “%s”\n"), shown, group);
  else
    g_printerr (_("virt-attest: “%s” is not a verb of “%s”; did you mean “%s”?\n"), shown, group, nearest);
  if (*group != '\0')
    g_printerr (_("“virt-attest %s --help” lists the verbs of “%s”, and “virt-attest --help” lists all of them.\n"),
                group, group);
  else
    g_printerr ("%s\n", _("“virt-attest --help” lists the verbs."));
}

VaExit
va_verb_list_explain (const VaVerbList *list, char *const *words)
{
  g_autofree char *group = g_strdup ("");

  for (; *words != NULL; words++)
    {
      g_autofree char *longer = *group == '\0' ? g_strdup (*words) : g_strjoin (" ", group, *words, NULL);

      if (!is_group (list, longer) || **words == '\0')
        break;
      g_free (group);
      group = g_steal_pointer (&longer);
    }
  if (*words != NULL && *group != '\0'
      && (g_str_equal (*words, "--help") || g_str_equal (*words, "-h") || g_str_equal (*words, "help")))
    {
      printf (_("Usage: virt-attest %s VERB [OPTION…]\n\n"), group);
      print_group (list, group, stdout);
      printf ("\n%s\n", _("“virt-attest VERB… --help” describes each verb."));
      return VA_EXIT_YES;
    }
  if (*words != NULL)
    say_wrong (list, group, *words);
  else if (*group == '\0')
    g_printerr ("%s\n", _("virt-attest: a verb is missing\n“virt-attest --help” lists the verbs."));
  else
    {
      g_printerr (_("virt-attest: “%s” is followed by a verb:\n"), group);
      print_group (list, group, stderr);
    }
  return VA_EXIT_USAGE;
}
