/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sev-chain.h"

#include <stdio.h>
#include <string.h>
#include "certificates/folder.h"
#include "core/encoding.h"
#include "core/i18n.h"
#include "print.h"
#include "sev-launch.h"
#include "verbs.h"

#define LINKS 8

typedef struct {
  const char *name, *text;
  gboolean ok;
} Link;

typedef struct {
  VaSevChain chain;
  VaSevRootPair root;
  gboolean has_root, trusted;
  const char *generation; /* AMD's, or %NULL */
  Link links[LINKS];
  GError *reason; /* why the chain as a whole does not verify */
} Report;

static void
report_clear (Report *report)
{
  g_clear_error (&report->reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

static gboolean
same_key (const VaAmdCert *a, const VaAmdCert *b)
{
  guint8 one[32], other[32];

  va_amd_cert_key_hash (a, one);
  va_amd_cert_key_hash (b, other);
  return memcmp (one, other, sizeof one) == 0;
}

/* The chain's own root, in @folder, if it has one; else that of the roots which signed the CEK. */
static gboolean
find_root (Report *report, const char *folder, const GArray *known, GError **error)
{
  if (folder != NULL)
    {
      report->has_root = TRUE;
      return va_sev_root_read (&report->root, folder, error);
    }
  for (guint i = 0; i < known->len && !report->has_root; i++)
    {
      const VaSevRootPair *pair = &g_array_index (known, VaSevRootPair, i);

      if (!va_sev_verify_cek (&pair->ask, &report->chain.cek))
        continue;
      report->root = *pair;
      report->has_root = TRUE;
    }
  return TRUE;
}

/* AMD's roots are known by their keys; others are trusted if --roots has them. */
static void
judge_root (Report *report, const GArray *known, gboolean trust_known)
{
  guint8 hash[32];

  if (!report->has_root)
    return;
  va_amd_cert_key_hash (&report->root.ark, hash);
  report->generation = va_amd_ark_generation (hash);
  report->trusted = report->generation != NULL;
  for (guint i = 0; trust_known && i < known->len; i++)
    report->trusted |= same_key (&g_array_index (known, VaSevRootPair, i).ark, &report->root.ark);
}

static void
check_links (Report *report)
{
  const VaSevChain *chain = &report->chain;
  const VaSevRootPair *root = &report->root;
  gboolean has_root = report->has_root;
  const Link links[LINKS] = {
    { "ark-trusted", _("the ARK's key is trusted"), report->trusted },
    { "ark-ark", _("the ARK is signed by itself"), has_root && va_amd_verify_ark (&root->ark) },
    { "ark-ask", _("the ASK is signed by the ARK"), has_root && va_amd_verify_ask (&root->ark, &root->ask) },
    { "ask-cek", _("the CEK is signed by the ASK"), has_root && va_sev_verify_cek (&root->ask, &chain->cek) },
    { "oca-oca", _("the OCA is signed by itself"), va_sev_verify_ec (&chain->oca, &chain->oca) },
    { "cek-pek", _("the PEK is signed by the CEK"), va_sev_verify_ec (&chain->cek, &chain->pek) },
    { "oca-pek", _("the PEK is signed by the OCA"), va_sev_verify_ec (&chain->oca, &chain->pek) },
    { "pek-pdh", _("the PDH is signed by the PEK"), va_sev_verify_ec (&chain->pek, &chain->pdh) },
  };

  memcpy (report->links, links, sizeof links);
}

/* The verdict is that of the same function that the service asks. */
static gboolean
verify (Report *report)
{
  g_autoptr(VaSevRoots) roots = va_sev_roots_new ();

  if (report->has_root
      && !va_sev_roots_add (roots, "root", &report->root.ark, &report->root.ask,
                            report->trusted && report->generation == NULL, &report->reason))
    return FALSE;
  return va_sev_chain_verify (&report->chain, roots, NULL, &report->reason);
}

static const char *
generation_name (const Report *report)
{
  return report->generation != NULL ? report->generation : _("none of AMD's");
}

/* How a registration names this processor. */
static char *
chip_text (const Report *report)
{
  guint8 hash[32];

  va_sev_cert_key_hash (&report->chain.cek, hash);
  return va_hex_encode (hash, sizeof hash);
}

static void
print_json (const Report *report, gboolean verified)
{
  g_autoptr(JsonObject) object = json_object_new ();
  g_autofree char *chip = chip_text (report);
  JsonObject *links = json_object_new ();

  json_object_set_boolean_member (object, "verified", verified);
  if (report->generation != NULL)
    json_object_set_string_member (object, "generation", report->generation);
  json_object_set_string_member (object, "chip", chip);
  json_object_set_int_member (object, "api-major", report->chain.pdh.api_major);
  json_object_set_int_member (object, "api-minor", report->chain.pdh.api_minor);
  for (guint i = 0; i < LINKS; i++)
    json_object_set_boolean_member (links, report->links[i].name, report->links[i].ok);
  json_object_set_object_member (object, "links", links);
  if (report->reason != NULL)
    json_object_set_string_member (object, "reason", report->reason->message);
  va_print_json (object);
}

static void
print_text (const Report *report, gboolean verified)
{
  g_autofree char *chip = chip_text (report);

  printf (_("generation: %s\n"), report->has_root ? generation_name (report) : _("not known: no ASK fits the CEK"));
  printf (_("chip: %s\n"), chip);
  for (guint i = 0; i < LINKS; i++)
    printf ("%-3s %s\n", report->links[i].ok ? _("ok") : _("NO"), report->links[i].text);
  if (verified)
    puts (_("yes: the chain verifies"));
  else
    printf (_("no: %s\n"), report->reason->message);
}

static gboolean
add_pair (GArray *pairs, const char *folder, GError **error)
{
  VaSevRootPair pair;

  if (!va_sev_root_is_in (folder))
    return TRUE;
  if (!va_sev_root_read (&pair, folder, error))
    return FALSE;
  g_array_append_val (pairs, pair);
  return TRUE;
}

/* The pairs in @folder and in the folders in it. Returns: (transfer full): of VaSevRootPair, maybe none */
static GArray *
read_roots (const char *folder, GError **error)
{
  g_autoptr(GArray) pairs = g_array_new (FALSE, FALSE, sizeof (VaSevRootPair));
  g_autoptr(GPtrArray) folders = va_sev_root_folders (folder, error);

  if (folders == NULL || !add_pair (pairs, folder, error))
    return NULL;
  for (guint i = 0; i < folders->len; i++)
    if (!add_pair (pairs, folders->pdata[i], error))
      return NULL;
  return g_steal_pointer (&pairs);
}

/* Everything about report->chain. @folder: where its own root may be, or %NULL. */
static gboolean
examine (Report *report, const char *folder, const char *roots, gboolean *verified, GError **error)
{
  gboolean own = folder != NULL && va_sev_root_is_in (folder);
  g_autoptr(GArray) known = NULL;

  /* Roots beside the chain need no others. */
  if (roots == NULL && own)
    known = g_array_new (FALSE, FALSE, sizeof (VaSevRootPair));
  else
    known = read_roots (roots != NULL ? roots : VA_DATADIR "/roots", error);
  if (known == NULL || !find_root (report, own ? folder : NULL, known, error))
    return FALSE;
  judge_root (report, known, roots != NULL);
  check_links (report);
  *verified = verify (report);
  return TRUE;
}

VaExit
va_sev_chain_require (const VaSevChain *chain, const char *folder, const char *roots)
{
  g_auto(Report) report = { .has_root = FALSE };
  g_autoptr(GError) error = NULL;
  gboolean verified;

  report.chain = *chain;
  if (!examine (&report, folder, roots, &verified, &error))
    return va_sev_fail (error);
  if (verified)
    return VA_EXIT_YES;
  g_printerr (_("virt-attest: the platform's certificates do not verify: %s\n"), report.reason->message);
  return VA_EXIT_REFUSED;
}

VaExit
va_verb_sev_chain (VaCall *call)
{
  g_autofree char *roots = NULL;
  const GOptionEntry entries[] = {
    { "roots", 0, 0, G_OPTION_ARG_FILENAME, &roots, N_("Trust the roots in DIR [AMD's, as installed]"), N_("DIR") },
    { NULL },
  };
  g_auto(Report) report = { .has_root = FALSE };
  g_autoptr(GError) error = NULL;
  gboolean verified;

  if (!va_call_parse (call, entries, 1, 1))
    return VA_EXIT_USAGE;
  if (!va_sev_chain_read (&report.chain, call->operands[0], &error)
      || !examine (&report, call->operands[0], roots, &verified, &error))
    return va_sev_fail (error);
  if (call->json)
    print_json (&report, verified);
  else
    print_text (&report, verified);
  return verified ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
