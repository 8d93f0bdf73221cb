/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include "cli/site/ca-files.h"
#include "core/file.h"
#include "core/i18n.h"
#include "pki/ca-issued.h"

#define OPERANDS_MAX 64
#define LIST_MAX (16 * 1024 * 1024)
#define PEM_MAX 65536
#define DAYS_MAX 36500

/* The texts of files, each a certificate of @ca, or %NULL. */
static GPtrArray *
read_revoked_certificates (char *const *paths, const VaCaPair *ca, GError **error)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (; *paths != NULL; paths++)
    {
      char *text = va_file_read_text (*paths, PEM_MAX, error);

      if (text == NULL)
        return NULL;
      g_ptr_array_add (texts, text);
      if (!va_ca_check_issued (ca->certificate, text, error))
        {
          g_prefix_error (error, "%s: ", *paths);
          return NULL;
        }
    }
  g_ptr_array_add (texts, NULL);
  return g_steal_pointer (&texts);
}

/* The list with the certificates of @paths, in place of the one that is there. */
static gboolean
write_list (const char *folder, const char *path, char *const *paths, guint days, GError **error)
{
  g_autoptr(VaCaPair) ca = va_ca_files_read (folder, "ca", error);
  g_autoptr(GPtrArray) certificates = ca != NULL ? read_revoked_certificates (paths, ca, error) : NULL;
  g_autofree char *previous = NULL, *list = NULL;

  if (certificates == NULL)
    return FALSE;
  if (g_file_test (path, G_FILE_TEST_EXISTS) && (previous = va_file_read_text (path, LIST_MAX, error)) == NULL)
    return FALSE;
  list = va_ca_revoke (ca, previous, (const char *const *) certificates->pdata, days, error);
  return list != NULL && va_file_write (path, list, strlen (list), 0644, error);
}

VaExit
va_verb_ca_revoke (VaCall *call)
{
  g_autofree char *dir = NULL, *folder = NULL, *path = NULL;
  int days = VA_CA_LIST_DAYS;
  const GOptionEntry options[] = {
    { "dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, N_("The CA's directory [~/.config/virt-attest/ca]"), N_("DIR") },
    { "days", 0, 0, G_OPTION_ARG_INT, &days, N_("Days until the next list is due [365]"), N_("N") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;

  if (!va_call_parse (call, options, 0, OPERANDS_MAX))
    return VA_EXIT_USAGE;
  if (days < 1 || days > DAYS_MAX)
    return va_call_usage (call, _("--days must be from 1 to %d"), DAYS_MAX);
  folder = va_ca_folder (dir);
  path = g_build_filename (folder, "crl.pem", NULL);
  if (!write_list (folder, path, call->operands, (guint) days, &error))
    return va_call_fail (error);
  for (guint i = 0; i < call->n_operands; i++)
    printf (_("revoked: %s\n"), call->operands[i]);
  printf (_("Copy %s to the file that “crl” names in [tls] of the service's configuration.\n"), path);
  return VA_EXIT_YES;
}
