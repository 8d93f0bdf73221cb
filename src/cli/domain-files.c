/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain-files.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>
#include "core/i18n.h"
#include "firmware.h"
#include "print.h"
#include "sev/kernel-image.h"

static void
warn (const char *path, const char *problem)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", path, problem), *safe = va_print_safe (text);

  g_printerr (_("virt-attest: warning: %s\n"), safe);
}

static void
check_kernel (const char *path)
{
  guint8 head[VA_KERNEL_HEAD];
  FILE *file = g_file_test (path, G_FILE_TEST_IS_REGULAR) ? fopen (path, "re") : NULL;
  const char *problem;

  if (file == NULL)
    return;
  problem = va_kernel_kind_problem (va_kernel_kind (head, fread (head, 1, sizeof head, file)));
  fclose (file);
  if (problem != NULL)
    warn (path, problem);
}

static void
check_firmware (const char *path, gboolean hashes)
{
  g_autoptr(VaFirmwareFile) file = NULL;
  g_autoptr(GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR) || g_access (path, R_OK) != 0)
    return;
  file = va_firmware_file_read (path, &error);
  if (file == NULL)
    {
      g_autofree char *safe = va_print_safe (error->message);

      g_printerr (_("virt-attest: warning: %s\n"), safe);
    }
  else if (hashes && file->footer.hashes_base == 0)
    warn (path, _("this firmware has no room for kernel hashes, which the domain wants: use one built for it, such as "
                  "OVMF's AmdSev package"));
}

void
va_domain_files_warn (const VaDomainXml *domain)
{
  gboolean hashes = domain->kernel_hashes && domain->kernel != NULL;

  if (!domain->confidential)
    return;
  if (hashes)
    check_kernel (domain->kernel);
  if (domain->loader != NULL)
    check_firmware (domain->loader, hashes);
}
