/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/call.h"

#include <stdio.h>
#include "core/error.h"
#include "core/i18n.h"
#include "cli/print.h"

static void
add_common_options (VaCall *call, GOptionContext *context)
{
  const GOptionEntry json[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &call->json, N_("Print JSON instead of text"), NULL }, { NULL }
  };
  const GOptionEntry service[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &call->config, N_("Read FILE instead of client.conf"), N_("FILE") },
    { "url", 0, 0, G_OPTION_ARG_STRING, &call->url, N_("URL of the service: https://HOST:PORT"), N_("URL") },
    { "ca", 0, 0, G_OPTION_ARG_FILENAME, &call->ca, N_("CA that issued the service's certificate"), N_("FILE") },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &call->certificate, N_("Your own certificate"), N_("FILE") },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &call->key, N_("Its private key"), N_("FILE") },
    { NULL },
  };

  if ((call->verb->flags & VA_VERB_JSON) != 0)
    g_option_context_add_main_entries (context, json, GETTEXT_PACKAGE);
  if ((call->verb->flags & VA_VERB_SERVICE) != 0)
    g_option_context_add_main_entries (context, service, GETTEXT_PACKAGE);
}

static GOptionContext *
make_context (VaCall *call, const GOptionEntry *entries)
{
  GOptionContext *context = g_option_context_new (call->verb->arguments);

  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, call->verb->summary);
  if (call->verb->details != NULL)
    g_option_context_set_description (context, call->verb->details);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  add_common_options (call, context);
  return context;
}

/* Says which of the verb's operands is not there. */
static void
tell_missing (const VaCall *call)
{
  g_auto(GStrv) names = g_strsplit (call->verb->arguments, " ", -1);
  guint last = g_strv_length (names) - 1;

  va_call_usage (call, _("%s is missing"), names[MIN (call->n_operands, last)]);
}

gboolean
va_call_parse (VaCall *call, const GOptionEntry *entries, guint min, guint max)
{
  g_autoptr(GOptionContext) context = make_context (call, entries);
  g_autofree char *program = g_strconcat ("virt-attest ", call->verb->name, NULL);
  g_autoptr(GError) error = NULL;

  g_set_prgname (program);
  if (!g_option_context_parse (context, &call->argc, &call->argv, &error))
    {
      va_call_usage (call, "%s", error->message);
      return FALSE;
    }
  call->operands = call->argv + 1;
  call->n_operands = (guint) call->argc - 1;
  if (call->n_operands > 0 && g_str_equal (call->operands[0], "--"))
    {
      call->operands++;
      call->n_operands--;
    }
  if (call->n_operands < min)
    tell_missing (call);
  else if (call->n_operands > max && (call->verb->flags & VA_VERB_HUSHED) != 0)
    va_call_usage (call,
                   _("unexpected argument after %s; it is not repeated here because it may be the secret: pass secrets "
                     "in a file or on standard input"),
                   call->verb->arguments);
  else if (call->n_operands > max)
    va_call_usage (call, _("unexpected argument “%s”"), call->operands[max]);
  return call->n_operands >= min && call->n_operands <= max;
}

gboolean
va_call_has (const VaCall *call, const VaNeeded *needed)
{
  for (; needed->name != NULL; needed++)
    if (needed->value == NULL)
      {
        va_call_usage (call, _("%s is missing"), needed->name);
        return FALSE;
      }
  return TRUE;
}

VaExit
va_call_usage (const VaCall *call, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr (_("virt-attest: %s\nSee “virt-attest %s --help”.\n"), message, call->verb->name);
  return VA_EXIT_USAGE;
}

VaExit
va_call_fail (const GError *error)
{
  g_autofree char *message = va_print_safe (error->message);

  if (error->domain != VA_PROBLEM_ERROR)
    g_printerr ("virt-attest: %s\n", message);
  else
    g_printerr (_("virt-attest: refused: %s (%s)\n"), message, va_problem_name ((VaProblemCode) error->code));
  if (error->domain == VA_PROBLEM_ERROR)
    return va_problem_status ((VaProblemCode) error->code) < 500 ? VA_EXIT_REFUSED : VA_EXIT_BROKEN;
  if (error->domain == VA_CORE_ERROR
      && (error->code == VA_CORE_ERROR_PARSE || error->code == VA_CORE_ERROR_RANGE
          || error->code == VA_CORE_ERROR_EXISTS))
    return VA_EXIT_REFUSED;
  return VA_EXIT_BROKEN;
}

void
va_call_clear (VaCall *call)
{
  g_free (call->config);
  g_free (call->url);
  g_free (call->ca);
  g_free (call->certificate);
  g_free (call->key);
  if (call->client != NULL)
    call->disconnect (call);
}
