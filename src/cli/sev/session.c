/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/given-input.h"
#include "cli/print.h"
#include "cli/sev/chain.h"
#include "cli/sev/launch.h"
#include "tee/sev/error.h"
#include "tee/sev/policy.h"
#include "tee/sev/session.h"

#define FILES 4

typedef struct {
  char *pdh, *cert_chain, *cek, *chain, *roots, *policy, *out;
} SessionOptions;

static void
session_options_clear (SessionOptions *o)
{
  g_free (o->pdh);
  g_free (o->cert_chain);
  g_free (o->cek);
  g_free (o->chain);
  g_free (o->roots);
  g_free (o->policy);
  g_free (o->out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SessionOptions, session_options_clear)

static VaExit
check_session_options (const VaCall *call, const SessionOptions *o)
{
  const char *pdh = o->pdh != NULL ? o->pdh : o->chain; /* a directory has it, too */

  if (!va_call_has (call, (const VaNeeded[]){
                            { "--pdh", pdh }, { "--policy", o->policy }, { "--out", o->out }, { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (o->cert_chain != NULL && o->chain != NULL)
    return va_call_usage (call, "%s", _("give --cert-chain or --chain, not both"));
  if (o->cert_chain == NULL && o->chain == NULL && (o->roots != NULL || o->cek != NULL))
    return va_call_usage (call, _("%s requires --cert-chain or --chain"), o->roots != NULL ? "--roots" : "--cek");
  return VA_EXIT_YES;
}

/* Everything that the options name. A PDH of its own counts, whatever the chain has. */
static gboolean
read_platform_certificates (const SessionOptions *o, VaSevBundle *bundle, GError **error)
{
  const char *const paths[] = { o->chain, o->cert_chain, o->cek };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (paths[i] != NULL && !va_input_certificates (bundle, paths[i], error))
      return FALSE;
  bundle->has_pdh &= o->pdh == NULL;
  if (o->pdh != NULL && !va_input_certificates (bundle, o->pdh, error))
    return FALSE;
  if (bundle->has_pdh)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("%s does not contain the PDH certificate; use what “virsh nodesevinfo” gives as pdh"),
               o->pdh != NULL ? o->pdh : o->chain);
  return FALSE;
}

static VaExit
check_platform_chain (const SessionOptions *o, VaSevBundle *bundle)
{
  g_autoptr(GError) error = NULL;

  if (o->cert_chain == NULL && o->chain == NULL)
    {
      g_printerr ("%s\n", _("virt-attest: warning: without --cert-chain or --chain nothing shows that the PDH belongs "
                            "to an AMD processor, and anyone who made it up can read the secrets"));
      return VA_EXIT_YES;
    }
  if (va_sev_bundle_chain (bundle, &bundle->chain, &error))
    return va_sev_chain_require (bundle, o->roots);
  g_prefix_error (&error, "%s: ", o->chain != NULL ? o->chain : o->cert_chain);
  return va_sev_fail (error);
}

/* All files or none; names become paths in @folder. */
static gboolean
write_session_files (const char *folder, VaNewFile files[FILES], GError **error)
{
  gboolean made = !g_file_test (folder, G_FILE_TEST_EXISTS);
  char *paths[FILES];
  gboolean ok = va_folder_make (folder, 0700, error);

  for (guint i = 0; i < FILES; i++)
    files[i].path = paths[i] = g_build_filename (folder, files[i].path, NULL);
  ok = ok && va_files_create (files, FILES, error);
  for (guint i = 0; i < FILES; i++)
    g_free (paths[i]);
  if (!ok && error != NULL && g_error_matches (*error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS))
    g_prefix_error (error,
                    _("%s already contains a session, and a session is for one start of the guest; name a new "
                      "directory with --out: "),
                    folder);
  if (!ok && made)
    g_rmdir (folder);
  return ok;
}

/* What there is now, and what it is bound to: another policy of the domain is a “Bad measurement” to SEV firmware. */
static void
print_session_text (const char *folder, guint32 policy)
{
  g_autofree char *text = va_policy_text (policy);

  printf (_("%s: session.base64 and dh-cert.base64 are for the host; tik.bin and tek.bin are for you alone\nThey are "
            "for policy %s: the domain's <policy> must be the same\n"),
          folder, text);
  if ((policy & VA_POLICY_NODBG) == 0)
    g_printerr (_("virt-attest: warning: policy 0x%x allows debugging (its bit 0, nodbg, is clear): the host can read "
                  "and change "
                  "the guest's memory, so no secret is safe in it\n"),
                policy);
}

static VaExit
make_session_files (const VaCall *call, const SessionOptions *o, const VaSevCert *pdh, guint32 policy)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSevSession) session = va_sev_session_new (pdh, policy, &error);
  g_autofree char *blob = NULL, *cert = NULL;

  if (session == NULL)
    return va_sev_fail (error);
  blob = va_base64_encode (session->session, sizeof session->session);
  cert = va_base64_encode (session->godh_cert, sizeof session->godh_cert);
  if (!write_session_files (o->out,
                            (VaNewFile[FILES]){ { "tik.bin", va_secret_data (session->tik), VA_SEV_KEY_SIZE, 0600 },
                                                { "tek.bin", va_secret_data (session->tek), VA_SEV_KEY_SIZE, 0600 },
                                                { "session.base64", blob, strlen (blob), 0644 },
                                                { "dh-cert.base64", cert, strlen (cert), 0644 } },
                            &error))
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
    print_session_text (o->out, policy);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_session (VaCall *call)
{
  g_auto(SessionOptions) o = { .pdh = NULL };
  const GOptionEntry entries[] = {
    { "pdh", 0, 0, G_OPTION_ARG_FILENAME, &o.pdh, N_("The platform's PDH certificate, in any form [that in --chain]"),
      N_("FILE") },
    { "cert-chain", 0, 0, G_OPTION_ARG_FILENAME, &o.cert_chain, N_("Its PEK, OCA and CEK, as QEMU gives them"),
      N_("FILE") },
    { "cek", 0, 0, G_OPTION_ARG_FILENAME, &o.cek, N_("The CEK signed by AMD, for a chain in which it is not signed"),
      N_("FILE") },
    { "chain", 0, 0, G_OPTION_ARG_FILENAME, &o.chain, N_("Or a directory or file, as for “sev chain”"), N_("DIR") },
    { "roots", 0, 0, G_OPTION_ARG_FILENAME, &o.roots, N_("Trust the roots in DIR [AMD's, as installed]"), N_("DIR") },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &o.policy, N_("SEV guest policy, a number or names as in “nodbg,es”"),
      N_("POLICY") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where to write the files"), N_("DIR") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  VaSevBundle bundle = { .has_pdh = FALSE };
  guint32 policy;
  VaExit code;

  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = check_session_options (call, &o);
  if (code == VA_EXIT_YES)
    code = va_sev_policy_parse (call, o.policy, &policy);
  if (code != VA_EXIT_YES)
    return code;
  if (!read_platform_certificates (&o, &bundle, &error))
    return va_sev_fail (error);
  code = check_platform_chain (&o, &bundle);
  return code == VA_EXIT_YES ? make_session_files (call, &o, &bundle.chain.pdh, policy) : code;
}
