/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration-check.h"

#include <string.h>
#include "api/registration-policy.h"
#include "core/i18n.h"

/* The texts behind hashes, as far as the owner gives them. */
static void
check_cmdlines (VaFields *fields, const VaRegistration *registration)
{
  const char *const *hashes = (const char *const *) registration->cmdline_hashes;

  for (guint i = 0; registration->cmdlines != NULL && registration->cmdlines[i] != NULL; i++)
    {
      const char *text = registration->cmdlines[i];
      g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, strlen (text) + 1);

      if (hashes == NULL || !g_strv_contains (hashes, hex))
        va_fields_fail (fields, "cmdline", _("element %u: its hash is not in cmdline-hash"), i + 1);
    }
}

static void
check_references (VaFields *fields, const VaRegistration *registration)
{
  gboolean boots_kernel = registration->kernel_hashes != NULL;

  if (!boots_kernel && registration->initrd_hashes != NULL)
    va_fields_fail (fields, "initrd-hash", _("is allowed only with kernel-hash"));
  if (!boots_kernel && registration->cmdline_hashes != NULL)
    va_fields_fail (fields, "cmdline-hash", _("is allowed only with kernel-hash"));
  check_cmdlines (fields, registration);
  if ((registration->firmware_hashes != NULL) == (registration->launch_digests != NULL))
    va_fields_fail (fields, "firmware-hashes", _("give either it or launch-digests"));
  if (boots_kernel && registration->launch_digests != NULL)
    va_fields_fail (fields, "kernel-hash", _("is allowed only with firmware-hashes: launch digests include it"));
}

/* With SEV-ES the measurement covers each vCPU's state, so a firmware alone does not make a digest. */
static void
check_registered_cpus (VaFields *fields, const VaRegistration *registration)
{
  gboolean es = registration->scheme == VA_SCHEME_SEV_ES;
  gboolean needed = es && registration->firmware_hashes != NULL;

  if (needed && registration->cpu_counts_length == 0)
    va_fields_fail (fields, "cpu-count", _("is missing"));
  if (needed && registration->cpu_model == NULL)
    va_fields_fail (fields, "cpu-model", _("is missing"));
  if (!es && registration->cpu_counts_length > 0)
    va_fields_fail (fields, "cpu-count", _("is allowed only with amd-sev-es"));
  if (!es && registration->cpu_model != NULL)
    va_fields_fail (fields, "cpu-model", _("is allowed only with amd-sev-es"));
}

/* One person alone could let another registration have a secret that is stored by name. */
static void
check_persons (VaFields *fields, const VaRegistration *registration)
{
  for (guint i = 0; registration->two_persons && i < registration->secrets->len; i++)
    if (((VaSecretRef *) registration->secrets->pdata[i])->name != NULL)
      va_fields_fail (fields, "secrets",
                      _("with two-persons, secrets must be inline: one person alone could use a stored secret in "
                        "another registration"));
}

void
va_registration_check_stored (VaFields *fields, gconstpointer message)
{
  const VaRegistration *registration = message;

  check_references (fields, registration);
  check_registered_cpus (fields, registration);
  if (registration->any_domain && registration->domains != NULL)
    va_fields_fail (fields, "domains", _("is allowed only with any-domain false"));
  check_persons (fields, registration);
}

void
va_registration_check_new (VaFields *fields, gconstpointer message)
{
  va_fields_check_registration_policy (fields, message);
  va_registration_check_stored (fields, message);
}
