/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/configuration.h"

#include "core/config-file.h"
#include "core/error.h"
#include "core/i18n.h"

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
  { "unprepared", "attest", VA_CONFIG_STRING, "no" },
  { "unprepared", "select", VA_CONFIG_STRING, "uuid, nova-image, nova-extra-spec, nova-flavor" },
  { NULL },
};

static const char *const attest_words[] = { "no", "registered", "required", NULL };
static const char *const selector_words[] = { "uuid", "nova-image", "nova-extra-spec", "nova-flavor", NULL };

const char *
va_selector_name (VaSelector selector)
{
  return selector_words[selector];
}

/* The place of @word in @words; -1: it is not there. */
static int
find_word (const char *const *words, const char *word)
{
  for (int i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], word))
      return i;
  return -1;
}

static gboolean
read_attest (VaHostSettings *settings, const VaConfig *config, GError **error)
{
  int place = find_word (attest_words, va_config_string (config, "unprepared", "attest"));

  if (place < 0)
    {
      va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s", _("expected no, registered or required"));
      va_config_blame (config, "unprepared", "attest", error);
      return FALSE;
    }
  settings->unprepared = (VaAttestUnprepared) place;
  return TRUE;
}

static gboolean
add_selector (VaHostSettings *settings, const char *word)
{
  int place = find_word (selector_words, word);

  if (place < 0)
    return FALSE;
  for (guint i = 0; i < settings->n_select; i++)
    if (settings->select[i] == (VaSelector) place)
      return FALSE;
  settings->select[settings->n_select++] = (VaSelector) place;
  return TRUE;
}

static gboolean
read_select (VaHostSettings *settings, const VaConfig *config, GError **error)
{
  g_auto(GStrv) words = g_strsplit (va_config_string (config, "unprepared", "select"), ",", -1);
  gboolean ok = words[0] != NULL;

  for (guint i = 0; ok && words[i] != NULL; i++)
    ok = add_selector (settings, g_strstrip (words[i]));
  if (ok)
    return TRUE;
  va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s",
                _("expected one or more of uuid, nova-image, nova-extra-spec and nova-flavor, each once, with commas "
                  "between them"));
  va_config_blame (config, "unprepared", "select", error);
  return FALSE;
}

VaHostSettings *
va_host_settings_load (const char *path, const char *run_dir, GError **error)
{
  g_autoptr(VaConfig) config = va_config_load (path, keys, error);
  g_autoptr(VaHostSettings) settings = g_new0 (VaHostSettings, 1);

  if (config == NULL || !read_attest (settings, config, error) || !read_select (settings, config, error))
    return NULL;
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
  return g_steal_pointer (&settings);
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
