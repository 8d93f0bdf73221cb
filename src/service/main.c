/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include "core/i18n.h"
#include "core/secret.h"
#include "core/config-file.h"
#include "pki/tls-files.h"
#include "service/check.h"
#include "service/log.h"
#include "service/module.h"
#include "service/roots.h"
#include "service/serve.h"
#include "service/configuration.h"

#define CHAINS_MAX 8192 /* platforms, of some hundred bytes each */
#define REGISTRATIONS_MAX 256
#define THREADS_EACH 4 /* of a processor: most of them wait for the disk, and those that do share one commit */
#define THREADS_LEAST 16
#define THREADS_MOST 64
#define QUESTIONS_MAX 8
#define MEBIBYTE (1024 * 1024)
#define ARENAS 2                /* of malloc: by default each of many threads would come to hold memory of its own */
#define MMAP_BYTES (128 * 1024) /* larger blocks, of firmware images mostly, go back to the system at once */
#define TRIM_BYTES (2 * 1024 * 1024) /* so much that is free is kept, for the next request */
#define EXIT_BAD 1
#define EXIT_USAGE 2
#define EXIT_PIN 3 /* the unit does not start it again: a token locks itself after a few wrong PINs */

typedef struct {
  char *config;
  gboolean version, check;
} ServiceOptions;

static gboolean
parse_service_options (int argc, char **argv, ServiceOptions *options)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config, N_("Read FILE instead of the default configuration"),
      N_("FILE") },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check, N_("Check configuration, keys and roots, and exit"),
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_("Print the version and exit"), NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_set_summary (context, _("The attestation service for confidential virtual machines."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error) && argc == 1)
    return TRUE;
  fprintf (stderr, _("%s: %s\nSee %s --help\n"), "virt-attestd",
           error != NULL ? error->message : _("arguments are not accepted, only options"), "virt-attestd");
  return FALSE;
}

static guint
thread_count (void)
{
  return CLAMP (THREADS_EACH * g_get_num_processors (), THREADS_LEAST, THREADS_MOST);
}

static VaServerSettings
server_settings (const VaConfig *config)
{
  return (VaServerSettings){
    .address = va_config_string (config, "listen", "address"),
    .port = (guint16) va_config_number (config, "listen", "port"),
    .ca_file = va_config_string (config, "tls", "ca"),
    .certificate_file = va_config_string (config, "tls", "certificate"),
    .key_file = va_config_string (config, "tls", "key"),
    .deny_file = va_config_string (config, "tls", "deny"),
    .crl_file = va_config_string (config, "tls", "crl"),
    .max_connections = (guint) va_config_number (config, "limits", "max-connections"),
    .max_connections_per_address = (guint) va_config_number (config, "limits", "max-connections-per-address"),
    .timeout_seconds = (guint) va_config_number (config, "limits", "timeout-seconds"),
    .request_seconds = (guint) va_config_number (config, "limits", "request-seconds"),
    .threads = thread_count (),
  };
}

static gboolean
load_configured_tls (const VaConfig *config, VaTlsFiles *files, GError **error)
{
  return va_tls_files_load (files, va_config_string (config, "tls", "ca"),
                            va_config_string (config, "tls", "certificate"), va_config_string (config, "tls", "key"),
                            error);
}

/* Said with file, line and key, so the URLs are looked at alone first. */
static gboolean
check_amd_url (const VaConfig *config, const char *key, GError **error)
{
  const VaKeyServiceSettings settings = { .cek_url = va_config_string (config, "amd", key) };
  VaKeyService *service = settings.cek_url != NULL ? va_key_service_new (&settings, error) : NULL;
  gboolean ok = settings.cek_url == NULL || service != NULL;

  va_key_service_free (service);
  if (!ok)
    va_config_blame (config, "amd", key, error);
  return ok;
}

/* AMD's key service, if it is to be asked. Returns: FALSE for a configuration that will not do */
static gboolean
find_key_service (const VaConfig *config, VaKeyService **service, GError **error)
{
  const VaKeyServiceSettings settings = {
    .cek_url = va_config_string (config, "amd", "key-service"),
    .roots_url = va_config_string (config, "amd", "root-service"),
    .ca_file = va_config_string (config, "amd", "ca"),
    .cache = va_config_string (config, "amd", "cache"),
    .timeout_ms = (guint) va_config_number (config, "amd", "timeout-seconds") * 1000,
    .most_at_once = QUESTIONS_MAX,
  };

  *service = NULL;
  if (settings.cek_url == NULL && settings.roots_url == NULL)
    return TRUE;
  if (!check_amd_url (config, "key-service", error) || !check_amd_url (config, "root-service", error))
    return FALSE;
  *service = va_key_service_new (&settings, error);
  if (*service == NULL && settings.ca_file != NULL)
    va_config_blame (config, "amd", "ca", error);
  return *service != NULL;
}

/* The audit log is signed with the key that the service shows to its peers. */
static VaSigner *
make_signer (const VaConfig *config, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };

  return load_configured_tls (config, &files, error) ? va_signer_new (files.certificate, files.key, error) : NULL;
}

static VaQuotaOf
read_quota (const VaConfig *config, const char *number, const char *mebibytes)
{
  return (VaQuotaOf){ va_config_number (config, "limits", number),
                      va_config_number (config, "limits", mebibytes) * MEBIBYTE };
}

/* What may be kept, and how fast it may grow. */
static void
set_limits (VaService *service, const VaConfig *config, const char *place)
{
  const VaQuota quota = { .images = read_quota (config, "images-per-owner", "image-mib-per-owner"),
                          .secrets = read_quota (config, "secrets-per-owner", "secret-mib-per-owner"),
                          .registrations =
                            read_quota (config, "registrations-per-owner", "registration-mib-per-owner") };

  va_store_set_quota (service->store, &quota);
  service->refusals = va_rate_limit_new ((guint) va_config_number (config, "limits", "refusals-per-minute"));
  service->launches = va_rate_limit_new ((guint) va_config_number (config, "limits", "launches-per-minute"));
  service->changes = va_rate_limit_new ((guint) va_config_number (config, "limits", "changes-per-minute"));
  service->reserve = va_config_number (config, "limits", "reserve-mib") * MEBIBYTE;
  service->store_most = va_config_number (config, "limits", "store-mib") * MEBIBYTE;
  g_mutex_init (&service->size.mutex);
  service->store_directory = va_store_is_url (place) ? NULL : g_path_get_dirname (place);
}

static gboolean
open_and_serve (const VaConfig *config, VaSevRoots *roots, VaKeyService *key_service, GError **error)
{
  const VaServerSettings settings = server_settings (config);
  const char *place = va_service_store_place (config, error);
  g_autoptr(VaKek) kek = place != NULL ? va_service_open_kek (config, error) : NULL;
  g_autoptr(VaStore) store = kek != NULL ? va_store_open (place, VA_STORE_ANY, kek, error) : NULL;
  g_autoptr(VaHostGroups) groups = NULL;
  VaService service = { .modules = va_modules_all (),
                        .store = store,
                        .roots = { .sev = roots },
                        .key_service = key_service,
                        .confirm_ms = (gint64) va_config_number (config, "limits", "confirm-seconds") * 1000,
                        .launch_ms = (gint64) va_config_number (config, "limits", "launch-seconds") * 1000 };
  gboolean ok;

  if (store == NULL)
    return FALSE;
  groups = va_host_groups_new (va_config_string (config, "hosts", "groups"), error);
  service.groups = groups;
  if (groups != NULL)
    service.signer = make_signer (config, error);
  if (service.signer == NULL)
    return FALSE;
  service.trail = va_audit_trail_new (store, service.signer);
  service.references = va_reference_cache_new ();
  service.chains = va_chain_cache_new (CHAINS_MAX);
  service.registrations = va_registration_cache_new (REGISTRATIONS_MAX);
  service.metrics = va_metrics_new (va_modules_routes ());
  set_limits (&service, config, place);
  service.explainer = va_explainer_new (store, service.references);
  ok = va_serve (&service, &settings, error);
  va_explainer_free (service.explainer);
  va_rate_limit_free (service.refusals);
  va_rate_limit_free (service.launches);
  va_rate_limit_free (service.changes);
  g_free (service.store_directory);
  g_mutex_clear (&service.size.mutex);
  va_cache_free (service.registrations);
  va_chain_cache_free (service.chains);
  va_metrics_free (service.metrics);
  g_free (service.readiness.keys_said);
  va_reference_cache_free (service.references);
  va_audit_trail_free (service.trail);
  va_signer_free (service.signer);
  return ok;
}

static VaSevRoots *
load_roots (const VaConfig *config, GError **error)
{
  return va_roots_load (va_config_string (config, "roots", "folder"),
                        va_config_string (config, "roots", "trusted-folder"), error);
}

static gboolean
is_of_pin (const GError *error)
{
  return g_error_matches (error, VA_KEK_ERROR, VA_KEK_ERROR_PIN);
}

/* All but one of them; that one is for the end, and the one that decides the status. */
static gboolean
report_problems (GPtrArray *problems, GError **error)
{
  guint last = problems->len - 1;

  for (guint i = 0; i < problems->len; i++)
    last = is_of_pin (problems->pdata[i]) ? i : last;
  for (guint i = 0; i < problems->len; i++)
    if (i != last)
      va_log (VA_LOG_ERROR, "%s", ((const GError *) problems->pdata[i])->message);
  if (problems->len > 0)
    g_propagate_error (error, g_error_copy (problems->pdata[last]));
  return problems->len == 0;
}

/* What starting would read, without making a store. */
static gboolean
check_configuration (const VaConfig *config, const char *path, gboolean is_default, GError **error)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_autoptr(VaSevRoots) roots = NULL;
  g_autoptr(VaKeyService) key_service = NULL;
  GError *reason = NULL;

  if (!va_check_become_service (config, is_default, error))
    return FALSE;
  roots = load_roots (config, &reason);
  if (roots == NULL)
    g_ptr_array_add (problems, g_steal_pointer (&reason));
  if (!find_key_service (config, &key_service, &reason))
    g_ptr_array_add (problems, g_steal_pointer (&reason));
  va_service_check_config (config, problems);
  if (!report_problems (problems, error))
    return FALSE;
  printf (_("%s: ok\n"), path);
  return TRUE;
}

static gboolean
run_service (const ServiceOptions *options, GError **error)
{
  const char *path = options->config != NULL ? options->config : VA_SYSCONFDIR "/service.conf";
  g_autoptr(VaConfig) config = va_service_config_load (path, error);
  g_autoptr(VaSevRoots) roots = NULL;
  g_autoptr(VaKeyService) key_service = NULL;

  if (config == NULL)
    return FALSE;
  if (options->check)
    return check_configuration (config, path, options->config == NULL, error);
  roots = load_roots (config, error);
  return roots != NULL && va_service_check_address (config, error) && find_key_service (config, &key_service, error)
         && open_and_serve (config, roots, key_service, error);
}

int
main (int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  ServiceOptions options = { NULL };
  gboolean ok;

  mallopt (M_ARENA_MAX, ARENAS);
  mallopt (M_MMAP_THRESHOLD, MMAP_BYTES);
  mallopt (M_TRIM_THRESHOLD, TRIM_BYTES);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);
  va_process_forbid_dumps ();
  va_journal_take_glib (VA_LOG_IDENTIFIER);
  if (!parse_service_options (argc, argv, &options))
    return EXIT_USAGE;
  if (options.version)
    {
      printf ("virt-attestd %s\n", PACKAGE_VERSION);
      return 0;
    }
  ok = run_service (&options, &error);
  if (!ok)
    va_log (VA_LOG_ERROR, "%s", error->message);
  g_free (options.config);
  return ok ? 0 : is_of_pin (error) ? EXIT_PIN : EXIT_BAD;
}
