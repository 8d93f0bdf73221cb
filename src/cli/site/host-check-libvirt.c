/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include "core/i18n.h"
#include "cli/site/host-check.h"

#define LIBVIRT_MIN 9000000

static void
be_quiet (void *data, virErrorPtr error)
{
}

static const char *
last_error (void)
{
  const char *message = virGetLastErrorMessage ();

  return message != NULL ? message : "?";
}

static char *
format_version (unsigned long version)
{
  return g_strdup_printf ("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
}

void
va_check_libvirt (VaHostCheck *check, VaFinding *finding)
{
  const char *uri = check->config != NULL ? va_config_string (check->config, "host", "libvirt-uri") : "qemu:///system";
  unsigned long libvirt = 0, qemu = 0;
  g_autofree char *libvirt_text = NULL;
  g_autofree char *qemu_text = NULL;

  virSetErrorFunc (NULL, be_quiet);
  check->libvirt = virConnectOpen (uri);
  if (check->libvirt == NULL)
    {
      va_finding_fix (finding, _("cannot reach %s: %s. Start libvirtd, and run this as root"), uri, last_error ());
      return;
    }
  if (virConnectGetLibVersion (check->libvirt, &libvirt) != 0 || virConnectGetVersion (check->libvirt, &qemu) != 0)
    {
      va_finding_fix (finding, _("libvirt does not report versions: %s. Install QEMU for x86_64"), last_error ());
      return;
    }
  libvirt_text = format_version (libvirt);
  qemu_text = format_version (qemu);
  if (libvirt < LIBVIRT_MIN)
    va_finding_fix (finding, _("libvirt %s is too old: 9.0.0 or later is needed"), libvirt_text);
  else
    va_finding_ok (finding, _("libvirt %s, QEMU %s"), libvirt_text, qemu_text);
}

void
va_host_check_close (VaHostCheck *check)
{
  if (check->libvirt != NULL)
    virConnectClose (check->libvirt);
  g_clear_pointer (&check->config, va_config_free);
}
