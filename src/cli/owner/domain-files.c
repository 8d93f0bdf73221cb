/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/domain-files.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/print.h"
#include "tee/sev/kernel-image.h"

/* Takes @sentence, which stands on standard error and, for a verdict, among @reasons. */
static void
add_reason (GPtrArray *reasons, char *sentence)
{
  g_autofree char *safe = va_print_safe (sentence);

  g_printerr (_("virt-attest: warning: %s\n"), safe);
  g_ptr_array_add (reasons, sentence);
}

static void
check_kernel (const char *path, GPtrArray *reasons)
{
  guint8 head[VA_KERNEL_HEAD];
  FILE *file = g_file_test (path, G_FILE_TEST_IS_REGULAR) ? fopen (path, "re") : NULL;
  const char *problem;

  if (file == NULL)
    return;
  problem = va_kernel_kind_problem (va_kernel_kind (head, fread (head, 1, sizeof head, file)));
  fclose (file);
  if (problem != NULL)
    add_reason (reasons, g_strdup_printf ("%s: %s", path, problem));
}

/* Only the name is known; variable stores are called OVMF_VARS_4M.fd, AAVMF_VARS.fd, guest_VARS.fd. */
static void
check_firmware_name (const char *path, GPtrArray *reasons)
{
  g_autofree char *name = g_path_get_basename (path), *upper = g_ascii_strup (name, -1);

  if (strstr (upper, "_VARS") != NULL)
    add_reason (reasons,
                g_strdup_printf (_("%s: by its name this is a variable store (VARS), which is not measured: <loader> "
                                   "is for the firmware's code, usually OVMF_CODE*.fd"),
                                 path));
}

static void
check_domain_firmware (const char *path, gboolean hashes, GPtrArray *reasons)
{
  g_autoptr(VaFirmwareFile) file = NULL;
  g_autoptr(GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR) || g_access (path, R_OK) != 0)
    {
      check_firmware_name (path, reasons);
      return;
    }
  file = va_firmware_file_read (path, &error);
  if (file == NULL)
    add_reason (reasons, g_strdup (error->message));
  else if (hashes && file->footer.hashes_base == 0)
    add_reason (reasons, g_strdup_printf (_("%s: this firmware has no space for kernel hashes, which the domain "
                                            "requires: use firmware built for them, such as OVMF's AmdSev package"),
                                          path));
}

void
va_domain_files_warn (const VaDomainXml *domain, GPtrArray *reasons)
{
  gboolean hashes = domain->kernel_hashes && domain->kernel != NULL;

  if (!domain->confidential)
    return;
  if (hashes)
    check_kernel (domain->kernel, reasons);
  if (domain->loader != NULL)
    check_domain_firmware (domain->loader, hashes, reasons);
}
