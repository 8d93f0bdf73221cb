/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include "core/i18n.h"
#include "core/process.h"
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

/* A daemon whose lock driver is missing ends right away, and starting it again cannot help. */
static void
judge_unreachable (const char *uri, VaFinding *finding)
{
  g_autofree char *message = g_strdup (last_error ());
  g_autofree char *missing = va_missing_lock_driver ();
  g_autofree char *daemon = va_process_daemon_name (0);

  if (missing != NULL)
    va_finding_fix (finding,
                    _("lock_manager in /etc/libvirt/qemu.conf names %s, which does not exist, so %s cannot start: "
                      "install virt-attest again or remove the line, then start it (%s: %s)"),
                    missing, daemon, uri, message);
  else
    va_finding_fix (finding, _("cannot reach %s: %s. Start %s, and run this as root"), uri, message, daemon);
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
      judge_unreachable (uri, finding);
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
