/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include "certificates/folder.h"
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "print.h"
#include "sev-chain.h"
#include "sev-launch.h"
#include "sev/session.h"

#define CHAIN_SIZE (3 * VA_SEV_CERT_SIZE)
#define FILES 4

typedef struct {
  char *pdh, *cert_chain, *chain, *roots, *policy, *out;
} Options;

static void
options_clear (Options *o)
{
  g_free (o->pdh);
  g_free (o->cert_chain);
  g_free (o->chain);
  g_free (o->roots);
  g_free (o->policy);
  g_free (o->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static VaExit
check_options (const VaCall *call, const Options *o)
{
  if (!va_call_has (call, (const VaNeeded[]){ { "--pdh", o->pdh }, { "--policy", o->policy }, { "--out", o->out },
                                              { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (o->cert_chain != NULL && o->chain != NULL)
    return va_call_usage (call, "%s", _("give --cert-chain or --chain, not both"));
  if (o->roots != NULL && o->cert_chain == NULL && o->chain == NULL)
    return va_call_usage (call, "%s", _("--roots goes with --cert-chain or --chain"));
  return VA_EXIT_YES;
}

static gboolean
read_pdh (const Options *o, VaSevCert *pdh, GError **error)
{
  g_autoptr(GBytes) bytes = va_sev_certificate_bytes (o->pdh, VA_SEV_CERT_SIZE, error);

  if (bytes == NULL)
    return FALSE;
  if (va_sev_cert_parse (pdh, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
    return TRUE;
  g_prefix_error (error, "%s: ", o->pdh);
  return FALSE;
}

/* PEK, OCA and CEK from where the options say, below this PDH. */
static gboolean
read_chain (const Options *o, const VaSevCert *pdh, VaSevChain *chain, GError **error)
{
  g_autoptr(GBytes) certs = NULL;

  if (o->chain != NULL)
    {
      if (!va_sev_chain_read (chain, o->chain, error))
        return FALSE;
      chain->pdh = *pdh;
      return TRUE;
    }
  certs = va_sev_certificate_bytes (o->cert_chain, CHAIN_SIZE, error);
  if (certs == NULL)
    return FALSE;
  if (va_sev_chain_parse (chain, pdh->raw, VA_SEV_CERT_SIZE, g_bytes_get_data (certs, NULL), g_bytes_get_size (certs),
                          error))
    return TRUE;
  g_prefix_error (error, "%s: ", o->cert_chain);
  return FALSE;
}

static VaExit
check_platform (const Options *o, const VaSevCert *pdh)
{
  g_autoptr(GError) error = NULL;
  VaSevChain chain;

  if (pdh->usage != VA_SEV_USAGE_PDH)
    {
      g_printerr (_("virt-attest: %s: expected a PDH certificate, this one is a %s\n"), o->pdh,
                  va_sev_usage_name (pdh->usage));
      return VA_EXIT_BROKEN;
    }
  if (o->cert_chain == NULL && o->chain == NULL)
    {
      g_printerr ("%s\n", _("virt-attest: warning: without --cert-chain or --chain nothing shows that the PDH belongs to an "
                            "AMD processor: whoever made it can read the secrets"));
      return VA_EXIT_YES;
    }
  if (!read_chain (o, pdh, &chain, &error))
    return va_sev_fail (error);
  return va_sev_chain_require (&chain, o->chain, o->roots);
}

/* All files or none; names become paths in @folder. */
static gboolean
write_all (const char *folder, VaNewFile files[FILES], GError **error)
{
  gboolean made = !g_file_test (folder, G_FILE_TEST_EXISTS);
  char *paths[FILES];
  gboolean ok = va_folder_make (folder, 0700, error);

  for (guint i = 0; i < FILES; i++)
    files[i].path = paths[i] = g_build_filename (folder, files[i].path, NULL);
  ok = ok && va_files_create (files, FILES, error);
  for (guint i = 0; i < FILES; i++)
    g_free (paths[i]);
  if (!ok && made)
    g_rmdir (folder);
  return ok;
}

static VaExit
make (const VaCall *call, const Options *o, const VaSevCert *pdh, guint32 policy)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSevSession) session = va_sev_session_new (pdh, policy, &error);
  g_autofree char *blob = NULL, *cert = NULL;

  if (session == NULL)
    return va_sev_fail (error);
  blob = va_base64_encode (session->session, sizeof session->session);
  cert = va_base64_encode (session->godh_cert, sizeof session->godh_cert);
  if (!write_all (o->out,
                  (VaNewFile[FILES]){ { "tik.bin", va_secret_data (session->tik), VA_SEV_KEY_SIZE, 0600 },
                                         { "tek.bin", va_secret_data (session->tek), VA_SEV_KEY_SIZE, 0600 },
                                         { "session.base64", blob, strlen (blob), 0644 },
                                         { "dh-cert.base64", cert, strlen (cert), 0644 } }, &error))
    return va_sev_fail (error);
  if (call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();

      json_object_set_string_member (object, "session", blob);
      json_object_set_string_member (object, "dh-cert", cert);
      json_object_set_int_member (object, "policy", policy);
      va_print_json (object);
    }
  else
    printf (_("%s: session.base64 and dh-cert.base64 for the host; tik.bin and tek.bin for you alone\n"), o->out);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_session (VaCall *call)
{
  g_auto(Options) o = { .pdh = NULL };
  const GOptionEntry entries[] = {
    { "pdh", 0, 0, G_OPTION_ARG_FILENAME, &o.pdh, N_("The platform's PDH certificate, raw or base64"), N_("FILE") },
    { "cert-chain", 0, 0, G_OPTION_ARG_FILENAME, &o.cert_chain, N_("Its PEK, OCA and CEK, as QEMU gives them"),
      N_("FILE") },
    { "chain", 0, 0, G_OPTION_ARG_FILENAME, &o.chain, N_("Or a folder, as for “sev chain”"), N_("DIR") },
    { "roots", 0, 0, G_OPTION_ARG_FILENAME, &o.roots, N_("Trust the roots in DIR [AMD's, as installed]"), N_("DIR") },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &o.policy, N_("SEV guest policy"), N_("N") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where the files go"), N_("DIR") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  guint32 policy;
  VaSevCert pdh;
  VaExit code;

  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = check_options (call, &o);
  if (code == VA_EXIT_YES)
    code = va_sev_policy_parse (call, o.policy, &policy);
  if (code != VA_EXIT_YES)
    return code;
  if (!read_pdh (&o, &pdh, &error))
    return va_sev_fail (error);
  code = check_platform (&o, &pdh);
  return code == VA_EXIT_YES ? make (call, &o, &pdh, policy) : code;
}
