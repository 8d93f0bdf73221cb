/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain-input.h"

#include <unistd.h>
#include "api/domain-xml.h"
#include "core/file.h"

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
