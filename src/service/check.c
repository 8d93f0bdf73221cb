/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/check.h"

#include <errno.h>
#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"
#include "pki/deny-list.h"
#include "pki/revocation.h"
#include "http/server/tls-check.h"
#include "pki/tls-files.h"
#include "service/decide/host-groups.h"
#include "service/log.h"
#include "service/service.h"
#include "service/configuration.h"

typedef struct {
  const VaConfig *config;
  GPtrArray *problems;
  gint64 now; /* seconds since 1970 */
} Check;

/* Takes @reason, unless it is %NULL. */
static void
add_problem (Check *check, GError *reason)
{
  if (reason != NULL)
    g_ptr_array_add (check->problems, reason);
}

static void add_sentence (Check *check, const char *format, ...) G_GNUC_PRINTF (2, 3);
static void
add_sentence (Check *check, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  add_problem (check, g_error_new_literal (VA_CORE_ERROR, VA_CORE_ERROR_FAILED, text));
}

/* --- Whose eyes ----------------------------------------------------------------------------------------------------
   */

static const struct passwd *
find_service_user (const VaConfig *config, gboolean is_default)
{
  const char *place = va_service_store_place (config, NULL);
  g_autofree char *directory = place != NULL && !va_store_is_url (place) ? g_path_get_dirname (place) : NULL;
  struct stat info;

  if (is_default)
    return getpwnam (VA_SERVICE_USER);
  if (directory == NULL || stat (directory, &info) != 0 || info.st_uid == 0)
    return NULL;
  return getpwuid (info.st_uid);
}

gboolean
va_check_become_service (const VaConfig *config, gboolean is_default, GError **error)
{
  const struct passwd *user = geteuid () == 0 ? find_service_user (config, is_default) : NULL;

  if (user == NULL
      || (initgroups (user->pw_name, user->pw_gid) == 0 && setgid (user->pw_gid) == 0 && setuid (user->pw_uid) == 0))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot switch to user %s, which the service runs as: %s"),
               user->pw_name, g_strerror (errno));
  return FALSE;
}

/* --- One after the other -------------------------------------------------------------------------------------------
   */

static void
check_address (Check *check)
{
  GError *reason = NULL;

  if (!va_service_check_address (check->config, &reason))
    add_problem (check, reason);
}

static void
take_verdict (Check *check, char *warning, GError *reason)
{
  add_problem (check, reason);
  if (warning != NULL)
    va_log (VA_LOG_WARNING, "%s", warning);
  g_free (warning);
}

/* Certificates that can be read, whether a peer would take them; those that cannot are %NULL, and were named before. */
static void
check_certificates (Check *check, const VaTlsFiles *files)
{
  const char *ca_file = va_config_string (check->config, "tls", "ca");
  const char *certificate_file = va_config_string (check->config, "tls", "certificate");
  char *warning = NULL;
  GError *reason = NULL;

  if (files->ca != NULL && !va_tls_check_ca (files->ca, ca_file, check->now, &warning, &reason))
    g_assert (reason != NULL);
  take_verdict (check, warning, reason);
  warning = NULL;
  reason = NULL;
  if (files->certificate != NULL
      && !va_tls_check_server (files->certificate, certificate_file, check->now, &warning, &reason))
    g_assert (reason != NULL);
  take_verdict (check, warning, reason);
  if (files->ca != NULL && files->certificate != NULL)
    take_verdict (check, va_tls_check_signer (files->certificate, certificate_file, files->ca, ca_file), NULL);
}

static void
check_deny_list (Check *check)
{
  const char *path = va_config_string (check->config, "tls", "deny");
  GError *reason = NULL;
  g_autofree char *problem = NULL;
  g_autoptr(VaDenyList) list = path != NULL ? va_deny_list_read (path, &problem, &reason) : NULL;

  add_problem (check, reason);
  if (problem != NULL)
    add_sentence (check, "%s", problem);
}

static void
check_crl (Check *check, const char *ca)
{
  GError *reason = NULL;
  g_autoptr(VaRevocation) revocation =
    va_revocation_new (NULL, va_config_string (check->config, "tls", "crl"), ca, &reason);

  add_problem (check, reason);
}

static void
check_tls (Check *check)
{
  g_auto(VaTlsFiles) files = { 0 };
  guint before = check->problems->len;

  va_tls_files_load_each (&files, va_config_string (check->config, "tls", "ca"),
                          va_config_string (check->config, "tls", "certificate"),
                          va_config_string (check->config, "tls", "key"), check->problems);
  /* Two sentences about one damaged file would be one too many. */
  if (check->problems->len == before || files.ca == NULL || files.certificate == NULL || files.key == NULL)
    check_certificates (check, &files);
  if (files.ca != NULL)
    check_crl (check, files.ca);
  check_deny_list (check);
}

static void
check_group_file (Check *check)
{
  GError *reason = NULL;
  g_autoptr(VaHostGroups) groups = va_host_groups_new (va_config_string (check->config, "hosts", "groups"), &reason);

  add_problem (check, reason);
}

static void
check_kek (Check *check, gboolean store_is_good)
{
  GError *reason = NULL;
  g_autoptr(VaKek) kek = va_service_open_kek (check->config, &reason);
  char *warning = NULL;

  /* What is wrong with the place itself was said; what is there is looked at by its own key alone. */
  if (kek != NULL && store_is_good
      && !va_store_look (va_service_store_place (check->config, NULL), kek, &warning, &reason))
    g_assert (reason != NULL);
  take_verdict (check, warning, reason);
}

/* The one whose rights count now, whoever has called. */
static const char *
user_name (void)
{
  const struct passwd *user = getpwuid (geteuid ());

  return user != NULL ? user->pw_name : "?";
}

/* A start makes one that is missing, if it may; those above it are for the administrator. */
static void
check_missing (Check *check, const char *directory)
{
  g_autofree char *above = g_path_get_dirname (directory);

  if (access (above, W_OK | X_OK) != 0)
    add_sentence (check,
                  _("%s: the store's directory does not exist, and user %s cannot create it: create it with "
                    "“virt-attest service init”"),
                  directory, user_name ());
  else
    va_log (VA_LOG_WARNING, _("%s: the store's directory does not exist; the service creates it when it starts"),
            directory);
}

static void
check_mode (Check *check, const char *path, mode_t mode, const char *wanted)
{
  if ((mode & 077) != 0)
    add_sentence (check, _("%s must not be accessible to group and others (chmod %s); it has mode %04o"), path, wanted,
                  (unsigned) mode & 07777);
}

/* The store itself, if there is one already. */
static void
check_store (Check *check, const char *path)
{
  struct stat info;

  if (stat (path, &info) != 0 && errno == ENOENT)
    return;
  if (access (path, R_OK | W_OK) != 0)
    add_sentence (check,
                  _("%s: user %s cannot read and write the store: %s; give it to the user that the service runs as"),
                  path, user_name (), g_strerror (errno));
  else if (!S_ISREG (info.st_mode))
    add_sentence (check, _("%s: the store must be a regular file"), path);
  else
    check_mode (check, path, info.st_mode, "0600");
}

static void
check_file (Check *check, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  struct stat info;

  if (stat (directory, &info) != 0 && errno == ENOENT)
    check_missing (check, directory);
  else if (access (directory, F_OK) != 0)
    add_sentence (check, _("%s: user %s cannot access the store's directory: %s"), directory, user_name (),
                  g_strerror (errno));
  else if (!S_ISDIR (info.st_mode))
    add_sentence (check, _("%s: expected the store's directory, but this is a file"), directory);
  else if (access (directory, R_OK | W_OK | X_OK) != 0)
    add_sentence (check,
                  _("%s: user %s cannot write into the store's directory: %s; give it to the user that the service "
                    "runs "
                    "as"),
                  directory, user_name (), g_strerror (errno));
  else
    {
      check_mode (check, directory, info.st_mode, "0700");
      check_store (check, path);
    }
}

static void
check_store_place (Check *check)
{
  GError *reason = NULL;
  const char *place = va_service_store_place (check->config, &reason);

  if (place != NULL && !va_store_is_url (place))
    check_file (check, place);
  else if (place != NULL && !va_store_check_url (place, &reason))
    va_config_blame (check->config, "store", "url", &reason);
  add_problem (check, reason);
}

void
va_service_check_config (const VaConfig *config, GPtrArray *problems)
{
  Check check = { config, problems, va_service_now () / 1000 };
  guint before;

  check_address (&check);
  check_tls (&check);
  check_group_file (&check);
  before = problems->len;
  check_store_place (&check);
  check_kek (&check, problems->len == before);
}
