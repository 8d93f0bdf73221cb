/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/configuration.h"

#include "core/config-file.h"

/* QEMU needs a moment between the hook's answer and the gate's question; this is a very long moment. */
#define GRACE_MS 60000

static const VaConfigKey keys[] = {
  { "service", "url", VA_CONFIG_STRING, NULL, TRUE },
  { "service", "ca", VA_CONFIG_PATH, NULL, TRUE },
  { "service", "certificate", VA_CONFIG_PATH, NULL, TRUE },
  { "service", "key", VA_CONFIG_PATH, NULL, TRUE },
  { "host", "libvirt-uri", VA_CONFIG_STRING, "qemu:///system" },
  { "host", "deadline-ms", VA_CONFIG_NUMBER, "8000", FALSE, 100, 60000 },
  { "host", "resume-paused", VA_CONFIG_BOOLEAN, "no" },
  { "host", "state-dir", VA_CONFIG_PATH, VA_STATEDIR "/hostd" },
  { "host", "qemu-log-dir", VA_CONFIG_PATH, "/var/log/libvirt/qemu" },
  { "host", "cek", VA_CONFIG_PATH, NULL },
  { NULL },
};

VaHostSettings *
va_host_settings_load (const char *path, const char *run_dir, GError **error)
{
  g_autoptr(VaConfig) config = va_config_load (path, keys, error);
  VaHostSettings *settings;

  if (config == NULL)
    return NULL;
  settings = g_new0 (VaHostSettings, 1);
  settings->url = g_strdup (va_config_string (config, "service", "url"));
  settings->ca = g_strdup (va_config_string (config, "service", "ca"));
  settings->certificate = g_strdup (va_config_string (config, "service", "certificate"));
  settings->key = g_strdup (va_config_string (config, "service", "key"));
  settings->libvirt_uri = g_strdup (va_config_string (config, "host", "libvirt-uri"));
  settings->deadline_ms = (guint) va_config_number (config, "host", "deadline-ms");
  settings->resume_paused = va_config_boolean (config, "host", "resume-paused");
  settings->state_dir = g_strdup (va_config_string (config, "host", "state-dir"));
  settings->qemu_log_dir = g_strdup (va_config_string (config, "host", "qemu-log-dir"));
  settings->cek = g_strdup (va_config_string (config, "host", "cek"));
  settings->run_dir = g_strdup (run_dir);
  settings->grace_ms = settings->deadline_ms + GRACE_MS;
  return settings;
}

void
va_host_settings_free (VaHostSettings *settings)
{
  g_free (settings->url);
  g_free (settings->ca);
  g_free (settings->certificate);
  g_free (settings->key);
  g_free (settings->libvirt_uri);
  g_free (settings->state_dir);
  g_free (settings->qemu_log_dir);
  g_free (settings->cek);
  g_free (settings->run_dir);
  g_free (settings);
}
