/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/domain-input.h"

#include <string.h>
#include <unistd.h>
#include "domain/xml.h"
#include "api/limits.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

GBytes *
va_domain_input (const char *path, GError **error)
{
  /* A domain's XML can hold passwords (of VNC, of disks). */
  g_autoptr(VaSecret) text = NULL;

  if (path != NULL && !g_str_equal (path, "-"))
    return va_file_read (path, VA_DOMAIN_XML_MAX, error);
  text = va_fd_read_secret (STDIN_FILENO, VA_DOMAIN_XML_MAX, error);
  return text != NULL ? g_bytes_new (va_secret_data (text), va_secret_size (text)) : NULL;
}

gboolean
va_domain_name_check (const VaDomainXml *domain, GError **error)
{
  gsize size = domain->name != NULL ? strlen (domain->name) : 0;

  if (size <= VA_NAME_MAX)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
               _("the domain's name has %zu bytes, but the attestation service accepts at most %d: give it a shorter "
                 "one (virsh domrename)"),
               size, VA_NAME_MAX);
  return FALSE;
}
