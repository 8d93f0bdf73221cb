/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/random.h"

#define KEY_SIZE 32
#define SERVICE_USER "virt-attest"

typedef struct {
  char *config, *key, *store;
  uid_t uid;
  gid_t gid;
  gboolean has_user;
} Plan;

static void
make_plan (Plan *plan, const char *dir)
{
  const struct passwd *user = geteuid () == 0 ? getpwnam (SERVICE_USER) : NULL;
  g_autofree char *absolute = g_canonicalize_filename (dir != NULL ? dir : VA_SYSCONFDIR, NULL);

  plan->config = g_build_filename (absolute, "service.conf", NULL);
  plan->key = g_build_filename (absolute, "service.kek", NULL);
  plan->store = dir != NULL ? g_build_filename (absolute, "store", NULL) : g_strdup (VA_STATEDIR "/service");
  plan->has_user = user != NULL;
  plan->uid = user != NULL ? user->pw_uid : 0;
  plan->gid = user != NULL ? user->pw_gid : 0;
}

/* By descriptor, and never through a link that somebody else put there. */
static gboolean
give_to_service (const Plan *plan, const char *path, GError **error)
{
  int fd = plan->has_user ? open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
  gboolean ok;

  if (!plan->has_user)
    return TRUE;
  ok = fd >= 0 && fchown (fd, plan->uid, plan->gid) == 0;
  if (!ok)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("%s: cannot give it to user %s: %s"), path, SERVICE_USER,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return ok;
}

static gboolean
write_key (const Plan *plan, GError **error)
{
  g_autoptr(VaSecret) key = va_secret_new (KEY_SIZE);

  va_random_fill (va_secret_data (key), KEY_SIZE);
  return va_file_create (plan->key, va_secret_data (key), KEY_SIZE, 0600, error)
         && give_to_service (plan, plan->key, error);
}

static gboolean
write_config (const Plan *plan, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (plan->config);
  g_autofree char *text =
    g_strdup_printf ("# What else can be set, and what the values mean: "
                     "virt-attest-service.conf(5).\n\n[listen]\naddress = \"::\"\nport = 8443\n\n[tls]\n# “virt-attest "
                     "ca issue service HOSTNAME” creates service.pem and service.key; ca.pem is the CA's "
                     "certificate.\nca = \"%s/ca.pem\"\ncertificate = \"%s/service.pem\"\nkey = "
                     "\"%s/service.key\"\n\n[store]\npath = \"%s/store.db\"\nkey = \"%s\"\n",
                     dir, dir, dir, plan->store, plan->key);

  return va_file_create (plan->config, text, strlen (text), 0644, error);
}

/* @why: what is so bad about it if @path is there */
static gboolean
check_absent (const char *path, const char *why, GError **error)
{
  struct stat info;

  if (lstat (path, &info) == 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("%s already exists; nothing was changed. %s"), path,
                 why);
  else if (errno == ENOENT || errno == ENOTDIR)
    return TRUE;
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("cannot find out whether %s already exists: %s; nothing was changed. Run this as root"), path,
                 g_strerror (errno));
  return FALSE;
}

static gboolean
refuse_existing (const Plan *plan, GError **error)
{
  const char *lost = _("A store is lost without the key it was created with");
  g_autofree char *store = g_build_filename (plan->store, "store.db", NULL);

  return check_absent (plan->key, lost, error) && check_absent (plan->config, lost, error)
         && check_absent (store,
                          _("A new key would not open it: put back service.kek and service.conf, which belong to it, "
                            "or move "
                            "the store away"),
                          error);
}

static gboolean
carry_out_plan (const Plan *plan, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (plan->config);
  g_autofree char *above = g_path_get_dirname (plan->store);

  /* The service's user has to get through to the store. */
  return refuse_existing (plan, error) && va_folder_make (dir, 0755, error) && va_folder_make (above, 0755, error)
         && va_folder_make (plan->store, 0700, error) && give_to_service (plan, plan->store, error)
         && write_key (plan, error) && write_config (plan, error);
}

VaExit
va_verb_service_init (VaCall *call)
{
  g_autofree char *dir = NULL;
  g_autofree char *help = g_strdup_printf (_("Create everything in DIR, and the store in DIR/store [%s, %s/service]"),
                                           VA_SYSCONFDIR, VA_STATEDIR);
  const GOptionEntry options[] = {
    { "dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, help, N_("DIR") },
    { NULL },
  };
  Plan plan = { 0 };
  g_autoptr(GError) error = NULL;
  VaExit code = VA_EXIT_YES;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  make_plan (&plan, dir);
  if (!carry_out_plan (&plan, &error))
    code = va_call_fail (error);
  else
    printf (_("%s: key that seals the secrets in the store; back it up separately from the store\n%s: directory for "
              "the store\n%s: configuration; review it and put the files under [tls] in place; the service must be "
              "able to read its key\n"),
            plan.key, plan.store, plan.config);
  g_free (plan.config);
  g_free (plan.key);
  g_free (plan.store);
  return code;
}
