/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libintl.h>
#include <unistd.h>
#include "chain.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/config-file.h"
#include "core/process.h"
#include "lock-driver.h"
#include "mark.h"
#include "report.h"
#include "verdict.h"

/* The only symbol that libvirt, and nobody else, sees. */
extern LockDriver virLockDriverImpl;

static const VaConfigKey keys[] = {
  { "", "deadline-ms", VA_CONFIG_NUMBER, "10000", FALSE, 100, 60000 },
  { "", "chain", VA_CONFIG_STRING, "" },
  { "", "chain-config", VA_CONFIG_STRING, "" },
  { NULL },
};

/* Set by the first init, read only from then on. */
static guint deadline_ms = 10000;
static LockDriver *chained;
static guint users;

/* One domain, while libvirt deals with its locks. */
typedef struct {
  char *uuid;
  pid_t pid;           /* 0: not said */
  LockManager chained; /* the chained driver's own */
} GateDomain;

static void
gate_domain_free (GateDomain *domain)
{
  g_free (domain->uuid);
  g_free (domain);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GateDomain, gate_domain_free)

static int
report_refused (const GError *error)
{
  va_report_refusal (error->message);
  return -1;
}

static int
report_reason (const char *sentence)
{
  va_report_refusal (sentence);
  return -1;
}

/* libvirt's own name for the configuration of driver @name, beside ours. */
static char *
default_chain_config (const char *config_path, const char *name)
{
  g_autofree char *folder = g_path_get_dirname (config_path);

  return g_strdup_printf ("%s/qemu-%s.conf", folder, name);
}

static gboolean
load_settings (const char *config_path, unsigned int flags, GError **error)
{
  g_autoptr(VaConfig) config = va_config_load_optional (config_path, keys, error);
  g_autofree char *chain_config = NULL;
  const char *name;

  if (config == NULL)
    return FALSE;
  deadline_ms = (guint) va_config_number (config, "", "deadline-ms");
  name = va_config_string (config, "", "chain");
  if (name[0] == '\0')
    return TRUE;
  chain_config = g_strdup (va_config_string (config, "", "chain-config"));
  if (chain_config[0] == '\0')
    {
      g_free (chain_config);
      chain_config = default_chain_config (config_path, name);
    }
  chained = va_chain_load (name, chain_config, flags, error);
  if (chained == NULL)
    {
      g_prefix_error (error, "%s: ", config_path);
      return FALSE;
    }
  virLockDriverImpl.flags = chained->flags;
  return TRUE;
}

/* Without its mark libvirt still manages its domains: the hook then refuses those that are to be attested. */
static void
leave_mark (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *sentence = NULL, *daemon = NULL;

  if (va_mark_leave (&error))
    return;
  daemon = va_process_daemon_name (getpid ());
  sentence = g_strdup_printf (_("the launch gate is loaded but cannot write its mark, so no attested domain can start: "
                                "%s; fix that and restart %s"),
                              error->message, daemon);
  va_report_warning (sentence);
}

static int
gate_init (unsigned int version, const char *config_path, unsigned int flags)
{
  g_autoptr(GError) error = NULL;

  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  if (version / LOCK_DRIVER_VERSION != 1)
    return report_reason (_("the launch gate was built for a different lock driver interface than this libvirt's; "
                            "install the virt-attest that matches this libvirt"));
  if (users > 0)
    {
      users++;
      return 0;
    }
  if (config_path == NULL)
    config_path = "/etc/libvirt/qemu-virt-attest.conf";
  if (!load_settings (config_path, flags, &error))
    return report_refused (error);
  leave_mark ();
  users = 1;
  return 0;
}

static int
gate_deinit (void)
{
  LockDriver *last = chained;

  if (users == 0 || --users > 0 || last == NULL)
    return 0;
  chained = NULL;
  virLockDriverImpl.flags = 0;
  return last->deinit ();
}

static char *
uuid_text (const unsigned char raw[16])
{
  g_autofree char *hex = va_hex_encode (raw, 16);

  return g_strdup_printf ("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void
take_params (GateDomain *domain, size_t n_params, const LockParam *params)
{
  for (size_t i = 0; params != NULL && i < n_params; i++)
    {
      const LockParam *param = &params[i];

      if (g_strcmp0 (param->key, "uuid") == 0 && param->type == LOCK_PARAM_UUID && domain->uuid == NULL)
        domain->uuid = uuid_text (param->value.uuid);
      else if (g_strcmp0 (param->key, "pid") == 0 && param->type == LOCK_PARAM_UINT && param->value.ui <= G_MAXINT)
        domain->pid = (pid_t) param->value.ui;
    }
}

static int
gate_new (LockManager *manager, unsigned int type, size_t n_params, LockParam *params, unsigned int flags)
{
  g_autoptr(GateDomain) domain = g_new0 (GateDomain, 1);

  if (manager == NULL)
    return -1;
  manager->private_data = NULL;
  take_params (domain, n_params, params);
  if (type != LOCK_OBJECT_DOMAIN || domain->uuid == NULL)
    return report_reason (_("libvirt did not name the domain"));
  if (chained != NULL)
    {
      domain->chained.driver = chained;
      if (chained->new_manager (&domain->chained, type, n_params, params, flags) < 0)
        return -1;
    }
  manager->private_data = g_steal_pointer (&domain);
  return 0;
}

static GateDomain *
domain_of (LockManager *manager)
{
  return manager != NULL ? manager->private_data : NULL;
}

static void
gate_free (LockManager *manager)
{
  GateDomain *domain = domain_of (manager);

  if (domain == NULL)
    return;
  if (chained != NULL)
    chained->free_manager (&domain->chained);
  gate_domain_free (domain);
  manager->private_data = NULL;
}

static int
gate_add_resource (LockManager *manager, unsigned int type, const char *name, size_t n_params, LockParam *params,
                   unsigned int flags)
{
  GateDomain *domain = domain_of (manager);

  if (domain == NULL)
    return -1;
  return chained != NULL ? chained->add_resource (&domain->chained, type, name, n_params, params, flags) : 0;
}

static int
gate_acquire (LockManager *manager, const char *state, unsigned int flags, int action, int *fd)
{
  GateDomain *domain = domain_of (manager);
  g_autoptr(GError) error = NULL;

  if (fd != NULL)
    *fd = -1;
  if (domain == NULL)
    return report_reason (_("libvirt did not name the domain"));
  if ((flags & LOCK_ACQUIRE_REGISTER_ONLY) == 0 && !va_verdict (domain->uuid, domain->pid, deadline_ms, &error))
    return report_refused (error);
  return chained != NULL ? chained->acquire (&domain->chained, state, flags, action, fd) : 0;
}

static int
gate_release (LockManager *manager, char **state, unsigned int flags)
{
  GateDomain *domain = domain_of (manager);

  if (state != NULL)
    *state = NULL;
  if (domain == NULL)
    return -1;
  return chained != NULL ? chained->release (&domain->chained, state, flags) : 0;
}

static int
gate_inquire (LockManager *manager, char **state, unsigned int flags)
{
  GateDomain *domain = domain_of (manager);

  if (state != NULL)
    *state = NULL;
  if (domain == NULL)
    return -1;
  return chained != NULL ? chained->inquire (&domain->chained, state, flags) : 0;
}

LockDriver virLockDriverImpl = {
  .version = LOCK_DRIVER_VERSION,
  .init = gate_init,
  .deinit = gate_deinit,
  .new_manager = gate_new,
  .free_manager = gate_free,
  .add_resource = gate_add_resource,
  .acquire = gate_acquire,
  .release = gate_release,
  .inquire = gate_inquire,
};
