/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <string.h>
#include "domain/xml.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/peer-name.h"
#include "cli/owner/domain-files.h"
#include "cli/owner/domain-input.h"
#include "cli/output-file.h"
#include "cli/print.h"

/* A domain that could never start is said so here, and not at its first start. */
static gboolean
check_name (GBytes *xml, GError **error)
{
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), NULL);

  return domain == NULL || va_domain_name_check (domain, error);
}

static void
print_warnings (const GPtrArray *sentences)
{
  for (guint i = 0; i < sentences->len; i++)
    va_print_error_line (_("virt-attest: warning: %s"), (const char *) sentences->pdata[i]);
}

/* What the domain has beside what was added that may surprise its owner, or keep it from starting. */
static void
warn_of_firmware (const VaDomainXml *domain)
{
  g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func (g_free);

  va_domain_files_warn (domain, told);
  print_warnings (domain->doubts);
  print_warnings (domain->warnings);
}

/* What was changed, or was not, that is not asked for in so many words. */
static void
note_changes (GBytes *before, const VaDomainXml *after)
{
  g_autoptr(VaDomainXml) given = va_domain_xml_parse (g_bytes_get_data (before, NULL), g_bytes_get_size (before), NULL);

  if (given != NULL && given->has_deprecated_monitor)
    va_print_error_line (_("virt-attest: note: the second monitor is now one option, -qmp, because QEMU 11.1 "
                           "deprecates "
                           "-mon; the new form works with every version of QEMU"));
  if (given != NULL && given->restarts && !after->restarts)
    va_print_error_line (_("virt-attest: note: <on_reboot> is now “destroy”: a guest of SEV-ES cannot be reset, so a "
                           "reboot ends it, and it is attested again when it is started"));
  if (given != NULL && given->uuid == NULL)
    va_print_error_line (_("virt-attest: note: the domain has no <uuid>, so it was given a random one, %s; every run "
                           "generates a new one, so register and define this output"),
                         after->uuid);
  if (after->owner == NULL)
    va_print_error_line (_("virt-attest: note: the domain names no owner, so it runs under the registration of "
                           "whichever owner registered its id; name the owner with --owner NAME"));
}

static VaExit
prepare_domain_file (const char *input, const VaDomainWanted *wanted, const char *output, gboolean force)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) xml = va_domain_input (input, &error);
  g_autofree char *result = NULL;
  g_autoptr(VaDomainXml) domain = NULL;

  if (xml != NULL && check_name (xml, &error))
    result = va_domain_xml_prepare (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), wanted, &error);
  if (result == NULL)
    return va_call_fail (error);
  domain = va_domain_xml_parse (result, strlen (result), NULL);
  if (domain != NULL)
    {
      warn_of_firmware (domain);
      note_changes (xml, domain);
    }
  if (output == NULL || g_str_equal (output, "-"))
    va_print_xml (result);
  else if (!va_output_write (&(VaNewFile){ output, result, strlen (result), 0600 }, 1, force, &error))
    return va_call_fail (error);
  return VA_EXIT_YES;
}

/* The domain can be prepared without it, too. */
static char *
find_own_name (VaCall *call)
{
  g_autoptr(GError) error = NULL;
  char *owner;

  if (!va_call_find_owner (call, &owner, &error))
    va_print_error_line (_("virt-attest: no owner was written into the domain; name it with --owner: %s"),
                         error->message);
  return owner;
}

VaExit
va_verb_domain_prepare (VaCall *call)
{
  g_autofree char *id = NULL;
  g_autofree char *output = NULL;
  g_autofree char *owner = NULL;
  gboolean force = FALSE;
  const GOptionEntry options[] = {
    { "id", 0, 0, G_OPTION_ARG_STRING, &id, N_("The registration [that in the XML, else the domain's UUID]"),
      N_("UUID") },
    { "owner", 0, 0, G_OPTION_ARG_STRING, &owner,
      N_("Owner of the registration [that in the XML, else the owner of your certificate]"), N_("NAME") },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, N_("Write to FILE (mode 0600) instead of standard output"),
      N_("FILE") },
    VA_OUTPUT_FORCE (&force),
    { NULL },
  };
  g_autofree char *canonical = NULL;
  g_autofree char *own = NULL;
  VaDomainWanted wanted;

  if (!va_call_parse (call, options, 0, 1))
    return VA_EXIT_USAGE;
  canonical = id != NULL ? va_uuid_canonical (id, NULL) : NULL;
  if (id != NULL && canonical == NULL)
    return va_call_usage (call, _("--id: “%s” is not a UUID: expected 8-4-4-4-12 hexadecimal digits"), id);
  if (owner != NULL && !va_peer_name_is_valid (owner))
    return va_call_usage (call, _("--owner: “%s” is not the name of an owner: expected 1 to 64 of a-z 0-9 . _ -"),
                          owner);
  own = owner == NULL ? find_own_name (call) : NULL;
  wanted = (VaDomainWanted){ canonical, owner, own };
  return prepare_domain_file (call->operands[0], &wanted, output, force);
}
