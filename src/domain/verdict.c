/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/document.h"

#include <string.h>
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "tee/sev/policy.h"

static void
judge_blanks (VaDomainXml *domain, const xmlNode *security)
{
  const xmlNode *node = va_xml_child (security, "policy");
  xmlChar *raw = node != NULL ? xmlNodeGetContent (node) : NULL;
  g_autofree char *text = g_strdup ((const char *) raw);

  if (raw != NULL && strcmp (g_strstrip (text), (const char *) raw) != 0)
    g_ptr_array_add (domain->doubts, g_strdup (_("<policy> has spaces around its value, and libvirt rejects such a "
                                                 "domain: remove them")));
  xmlFree (raw);
}

static void
judge_policy (VaDomainXml *domain)
{
  g_autoptr(GError) error = NULL;

  if (!va_policy_check (domain->policy, &error))
    g_ptr_array_add (domain->obstacles, g_strdup_printf (_("its <policy> is invalid: %s"), error->message));
  else if ((domain->policy & VA_POLICY_NODBG) == 0)
    g_ptr_array_add (domain->warnings, g_strdup_printf (_("<policy> 0x%x allows debugging (its bit 0, nodbg, is "
                                                          "clear): the host can read and "
                                                          "change the guest's memory, so no secret is safe in it"),
                                                        domain->policy));
}

static void
judge_firmware (VaDomainXml *domain, const xmlNode *os)
{
  g_autofree char *automatic = os != NULL ? va_xml_attribute (os, "firmware") : NULL;

  if (g_strcmp0 (automatic, "bios") == 0)
    g_ptr_array_add (domain->obstacles, g_strdup (_("its firmware is a BIOS (<os firmware='bios'>), which cannot run "
                                                    "in encrypted memory: use UEFI firmware that is built for SEV")));
  else if (domain->loader == NULL && automatic != NULL)
    g_ptr_array_add (domain->doubts, g_strdup_printf (_("libvirt chooses the firmware (<os firmware='%s'>), and may "
                                                        "choose a different one after an update, but a registration "
                                                        "names one firmware: give its path in <loader>"),
                                                      automatic));
  else if (domain->loader == NULL && !domain->firmware_argument)
    g_ptr_array_add (domain->doubts,
                     g_strdup (_("it names no firmware, and QEMU's own is a BIOS, which cannot run in encrypted "
                                 "memory: give the path of an OVMF that is built for SEV in <os><loader>")));
}

static void
judge_kernel (VaDomainXml *domain)
{
  if (domain->kernel != NULL && !domain->kernel_hashes)
    g_ptr_array_add (domain->warnings, g_strdup (_("its <kernel> is not measured, nor are <initrd> and <cmdline>: the "
                                                   "host can replace them; add kernelHashes='yes' to <launchSecurity>, "
                                                   "and the kernel to the registration")));
}

/* KVM has no SMM for SEV-ES guests, and QEMU ends when it is told to use it. */
static void
judge_smm (VaDomainXml *domain, const xmlNode *root)
{
  const xmlNode *smm = va_xml_child (va_xml_child (root, "features"), "smm");
  const xmlNode *loader = va_xml_child (va_xml_child (root, "os"), "loader");
  g_autofree char *state = smm != NULL ? va_xml_attribute (smm, "state") : NULL;
  g_autofree char *secure = loader != NULL ? va_xml_attribute (loader, "secure") : NULL;

  if ((domain->policy & VA_POLICY_ES) != 0
      && ((smm != NULL && g_strcmp0 (state, "off") != 0) || g_strcmp0 (secure, "yes") == 0))
    g_ptr_array_add (domain->doubts,
                     g_strdup (_("it uses SMM (<smm>, or <loader secure='yes'>), which SEV-ES guests cannot have: QEMU "
                                 "does not start it; use firmware without Secure Boot, and remove SMM")));
}

void
va_domain_judge (VaDomainXml *domain, const VaXmlTree *tree, const char *mistake)
{
  const xmlNode *root = xmlDocGetRootElement (tree);

  domain->obstacles = g_ptr_array_new_with_free_func (g_free);
  domain->doubts = g_ptr_array_new_with_free_func (g_free);
  domain->warnings = g_ptr_array_new_with_free_func (g_free);
  va_domain_judge_kind (domain, tree);
  if (!domain->confidential)
    return;
  if (mistake != NULL)
    g_ptr_array_add (domain->obstacles, g_strdup (mistake));
  else
    judge_policy (domain);
  judge_blanks (domain, va_xml_child (root, "launchSecurity"));
  judge_firmware (domain, va_xml_child (root, "os"));
  judge_kernel (domain);
  if (domain->has_deprecated_monitor)
    g_ptr_array_add (domain->warnings,
                     g_strdup (_("its second monitor is given as -chardev and -mon, and QEMU is about "
                                 "to drop -mon, which version 11.1 deprecates: run “virt-attest "
                                 "domain prepare” on its XML again")));
  judge_smm (domain, root);
}

static void
add_reasons (GPtrArray *reasons, const GPtrArray *more)
{
  for (guint i = 0; i < more->len; i++)
    g_ptr_array_add (reasons, g_strdup (more->pdata[i]));
}

/* What “virt-attest domain prepare” adds and is not there. */
static void
add_unprepared (GPtrArray *reasons, const VaDomainXml *domain, const char *run_dir)
{
  g_autofree char *path = domain->uuid != NULL ? va_monitor_path (run_dir, domain->uuid) : NULL;
  g_autofree char *older = domain->uuid != NULL ? va_monitor_path_older (run_dir, domain->uuid) : NULL;
  const char *reason = NULL;

  if (!domain->opted_in)
    reason = _("it has not opted in; “virt-attest domain prepare” adds the metadata");
  else if (!domain->has_blobs)
    reason =
      _("the placeholders for the owner's certificate and session are missing; “virt-attest domain prepare” adds "
        "them");
  else if (domain->monitor_path == NULL)
    reason = _("the second monitor is missing; “virt-attest domain prepare” adds it");
  else if (g_strcmp0 (domain->monitor_path, path) != 0 && g_strcmp0 (domain->monitor_path, older) != 0)
    reason = _("its monitor belongs to another domain; “virt-attest domain prepare” corrects it");
  if (reason != NULL)
    g_ptr_array_add (reasons, g_strdup (reason));
}

/* The emulator program adds the session where libvirt wrote none. */
static void
add_own_session (GPtrArray *reasons, const VaDomainXml *domain)
{
  if (domain->any_blob)
    g_ptr_array_add (reasons, g_strdup (_("its <launchSecurity> has a <dhCert> or <session> of its own, which is for "
                                          "another way of attestation: remove both, or prepare the domain with "
                                          "“virt-attest domain prepare”")));
}

GPtrArray *
va_domain_xml_reasons (const VaDomainXml *domain, VaDomainStage stage, const char *run_dir)
{
  GPtrArray *reasons = g_ptr_array_new_with_free_func (g_free);

  if (domain->other_scheme != NULL)
    g_ptr_array_add (reasons, g_strdup (domain->other_scheme));
  else if (!domain->confidential)
    g_ptr_array_add (reasons, g_strdup (_("it has no <launchSecurity type='sev'>, so it is not confidential and there "
                                          "is nothing "
                                          "to attest")));
  if (reasons->len > 0)
    return reasons;
  add_reasons (reasons, domain->obstacles);
  if (stage == VA_DOMAIN_KEPT)
    add_reasons (reasons, domain->doubts);
  if (stage == VA_DOMAIN_UNASKED)
    add_own_session (reasons, domain);
  else if (stage != VA_DOMAIN_UNPREPARED)
    add_unprepared (reasons, domain, run_dir);
  return reasons;
}
