/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/sev/chain.h"

#include <stdio.h>
#include <string.h>
#include "certificates/folder.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/sev/launch.h"
#include "cli/verbs.h"

#define LINKS 8
#define CEK_URL "https://kdsintf.amd.com/cek/id/"
#define CPU_ID_SIZE 64 /* of one processor; libvirt may give those of two */

/* What is known of a signature. */
typedef enum { LINK_UNCHECKED, LINK_BAD, LINK_GOOD } LinkState;

typedef struct {
  const char *name, *text;
  LinkState state;
} Link;

typedef struct {
  VaSevBundle bundle; /* its chain is complete */
  VaSevRootPair root;
  gboolean has_root, trusted;
  const char *generation; /* AMD's, or %NULL */
  Link links[LINKS];
  GError *reason; /* why the chain as a whole does not verify */
} ChainReport;

static void
report_clear (ChainReport *report)
{
  g_clear_error (&report->reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ChainReport, report_clear)

static gboolean
same_key (const VaAmdCert *a, const VaAmdCert *b)
{
  guint8 one[32], other[32];

  va_amd_cert_key_hash (a, one);
  va_amd_cert_key_hash (b, other);
  return memcmp (one, other, sizeof one) == 0;
}

/* The chain's own root, if it came with one; else that of the roots which signed the CEK. */
static void
find_root (ChainReport *report, const GArray *known)
{
  const VaSevBundle *bundle = &report->bundle;

  report->has_root = bundle->has_ark && bundle->has_ask;
  report->root.ark = bundle->ark;
  report->root.ask = bundle->ask;
  for (guint i = 0; i < known->len && !report->has_root; i++)
    {
      const VaSevRootPair *pair = &g_array_index (known, VaSevRootPair, i);

      if (!va_sev_verify_cek (&pair->ask, &bundle->chain.cek))
        continue;
      report->root = *pair;
      report->has_root = TRUE;
    }
}

/* AMD's roots are known by their keys; others are trusted if --roots has them. */
static void
judge_root (ChainReport *report, const GArray *known, gboolean trust_known)
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

static LinkState
judge_link (gboolean good)
{
  return good ? LINK_GOOD : LINK_BAD;
}

/* What is above the CEK: nobody looks at it when there is no root, nor at a signature that is not there. */
static void
check_root_links (ChainReport *report)
{
  const VaSevCert *cek = &report->bundle.chain.cek;
  const VaSevRootPair *root = &report->root;

  if (report->has_root)
    {
      report->links[0].state = judge_link (report->trusted);
      report->links[1].state = judge_link (va_amd_verify_ark (&root->ark));
      report->links[2].state = judge_link (va_amd_verify_ask (&root->ark, &root->ask));
    }
  if (va_sev_cek_is_signed (cek))
    report->links[3].state = judge_link (report->has_root && va_sev_verify_cek (&root->ask, cek));
}

static void
check_links (ChainReport *report)
{
  const VaSevChain *chain = &report->bundle.chain;
  const Link links[LINKS] = {
    { "ark-trusted", _("the ARK's key is trusted"), LINK_UNCHECKED },
    { "ark-ark", _("the ARK is self-signed"), LINK_UNCHECKED },
    { "ark-ask", _("the ASK is signed by the ARK"), LINK_UNCHECKED },
    { "ask-cek", _("the CEK is signed by the ASK"), LINK_UNCHECKED },
    { "oca-oca", _("the OCA is self-signed"), judge_link (va_sev_verify_ec (&chain->oca, &chain->oca)) },
    { "cek-pek", _("the PEK is signed by the CEK"), judge_link (va_sev_verify_ec (&chain->cek, &chain->pek)) },
    { "oca-pek", _("the PEK is signed by the OCA"), judge_link (va_sev_verify_ec (&chain->oca, &chain->pek)) },
    { "pek-pdh", _("the PDH is signed by the PEK"), judge_link (va_sev_verify_ec (&chain->pek, &chain->pdh)) },
  };

  memcpy (report->links, links, sizeof links);
  check_root_links (report);
}

/* The verdict is that of the same function that the service asks. */
static gboolean
verify_links (ChainReport *report)
{
  g_autoptr(VaSevRoots) roots = va_sev_roots_new ();

  if (report->has_root
      && !va_sev_roots_add (roots, "root", &report->root.ark, &report->root.ask,
                            report->trusted && report->generation == NULL, &report->reason))
    return FALSE;
  return va_sev_chain_verify (&report->bundle.chain, roots, NULL, &report->reason);
}

static const char *
generation_name (const ChainReport *report)
{
  return report->generation != NULL ? report->generation : _("not AMD's");
}

/* How a registration names this processor. */
static char *
chip_text (const ChainReport *report)
{
  guint8 hash[32];

  va_sev_cert_key_hash (&report->bundle.chain.cek, hash);
  return va_hex_encode (hash, sizeof hash);
}

/* Where AMD has the signed CEK; %NULL if it is signed, or if the processor's id is not known. */
static char *
cek_address (const ChainReport *report)
{
  const VaSevBundle *bundle = &report->bundle;
  g_autofree char *id = va_hex_encode (bundle->cpu_id, MIN (bundle->cpu_id_size, CPU_ID_SIZE));

  return bundle->cpu_id_size == 0 || va_sev_cek_is_signed (&bundle->chain.cek) ? NULL : g_strconcat (CEK_URL, id, NULL);
}

/* What to do about a CEK that nobody signed; %NULL if somebody did. */
static char *
cek_advice (const VaSevBundle *bundle)
{
  g_autofree char *id = va_hex_encode (bundle->cpu_id, MIN (bundle->cpu_id_size, CPU_ID_SIZE));

  if (va_sev_cek_is_signed (&bundle->chain.cek))
    return NULL;
  if (bundle->cpu_id_size > 0)
    return g_strdup_printf (_("fetch it from %s%s and put it beside the chain as cek.cert, or pass it with --cek"),
                            CEK_URL, id);
  return g_strdup_printf (_("fetch it from %sID, where ID is the processor's id in hex (“virsh nodesevinfo” prints it "
                            "in base64 as cpu0-id, “sevctl show identifier” in hex), and put it beside the chain as "
                            "cek.cert, or pass it with --cek"),
                          CEK_URL);
}

static void
print_chain_json (const ChainReport *report, gboolean verified)
{
  g_autoptr(JsonObject) object = json_object_new ();
  g_autofree char *chip = chip_text (report);
  g_autofree char *cek_url = cek_address (report);
  JsonObject *links = json_object_new ();

  json_object_set_boolean_member (object, "verified", verified);
  if (report->generation != NULL)
    json_object_set_string_member (object, "generation", report->generation);
  json_object_set_string_member (object, "chip", chip);
  json_object_set_int_member (object, "api-major", report->bundle.chain.pdh.api_major);
  json_object_set_int_member (object, "api-minor", report->bundle.chain.pdh.api_minor);
  for (guint i = 0; i < LINKS; i++)
    if (report->links[i].state == LINK_UNCHECKED)
      json_object_set_null_member (links, report->links[i].name);
    else
      json_object_set_boolean_member (links, report->links[i].name, report->links[i].state == LINK_GOOD);
  json_object_set_object_member (object, "links", links);
  if (report->reason != NULL)
    json_object_set_string_member (object, "reason", report->reason->message);
  if (cek_url != NULL)
    json_object_set_string_member (object, "cek-url", cek_url);
  va_print_json (object);
}

static void
print_link (const Link *link)
{
  if (link->state == LINK_UNCHECKED)
    printf (_("--  not checked: %s\n"), link->text);
  else
    printf ("%-3s %s\n", link->state == LINK_GOOD ? _("ok") : _("NO"), link->text);
}

static void
print_chain_text (const ChainReport *report, gboolean verified)
{
  g_autofree char *chip = chip_text (report), *fetch = cek_advice (&report->bundle);

  printf (_("generation: %s\n"), report->has_root ? generation_name (report) : _("unknown: no ASK matches the CEK"));
  printf (_("chip: %s\n"), chip);
  for (guint i = 0; i < LINKS; i++)
    print_link (&report->links[i]);
  if (verified)
    puts (_("yes: the chain verifies"));
  else
    printf (_("no: %s\n"), report->reason->message);
  if (fetch != NULL)
    puts (fetch);
}

/* The pairs in @folder and in the directories in it. Returns: (transfer full): of VaSevRootPair, at least one */
static GArray *
read_roots (const char *folder, GError **error)
{
  g_autoptr(GArray) pairs = g_array_new (FALSE, FALSE, sizeof (VaSevRootPair));
  g_autoptr(GPtrArray) folders = va_sev_root_folders (folder, error);

  if (folders == NULL || !va_sev_root_pairs (pairs, folder, error))
    return NULL;
  for (guint i = 0; i < folders->len; i++)
    if (!va_sev_root_pairs (pairs, folders->pdata[i], error))
      return NULL;
  if (pairs->len > 0)
    return g_steal_pointer (&pairs);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
               _("%s contains no roots: expected ark.cert and ask.cert, or AMD's ask_ark files, in it or in its "
                 "subdirectories"),
               folder);
  return NULL;
}

/* Everything about the chain in report->bundle. */
static gboolean
examine_chain (ChainReport *report, const char *roots, gboolean *verified, GError **error)
{
  gboolean own = report->bundle.has_ark && report->bundle.has_ask;
  g_autoptr(GArray) known = NULL;

  /* Roots beside the chain need no others. */
  if (roots == NULL && own)
    known = g_array_new (FALSE, FALSE, sizeof (VaSevRootPair));
  else
    known = read_roots (roots != NULL ? roots : VA_DATADIR "/roots", error);
  if (known == NULL)
    return FALSE;
  find_root (report, known);
  judge_root (report, known, roots != NULL);
  check_links (report);
  *verified = verify_links (report);
  return TRUE;
}

VaExit
va_sev_chain_require (const VaSevBundle *bundle, const char *roots)
{
  g_auto(ChainReport) report = { .has_root = FALSE };
  g_autoptr(GError) error = NULL;
  g_autofree char *advice = NULL;
  gboolean verified;

  report.bundle = *bundle;
  if (!examine_chain (&report, roots, &verified, &error))
    return va_sev_fail (error);
  if (verified)
    return VA_EXIT_YES;
  g_printerr (_("virt-attest: the platform's certificates do not verify: %s\n"), report.reason->message);
  advice = cek_advice (bundle);
  if (advice != NULL)
    g_printerr ("virt-attest: %s\n", advice);
  return VA_EXIT_REFUSED;
}

/* The chain in @path, with the CEK of the file @cek if there is one. */
static gboolean
read_chain (VaSevBundle *bundle, const char *path, const char *cek, GError **error)
{
  if (!va_sev_bundle_read (bundle, path, error) || (cek != NULL && !va_sev_bundle_read (bundle, cek, error)))
    return FALSE;
  if (va_sev_bundle_chain (bundle, &bundle->chain, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

VaExit
va_verb_sev_chain (VaCall *call)
{
  g_autofree char *roots = NULL, *cek = NULL;
  const GOptionEntry entries[] = {
    { "roots", 0, 0, G_OPTION_ARG_FILENAME, &roots, N_("Trust the roots in DIR [AMD's, as installed]"), N_("DIR") },
    { "cek", 0, 0, G_OPTION_ARG_FILENAME, &cek, N_("The CEK signed by AMD, for a chain in which it is not signed"),
      N_("FILE") },
    { NULL },
  };
  g_auto(ChainReport) report = { .has_root = FALSE };
  g_autoptr(GError) error = NULL;
  gboolean verified;

  if (!va_call_parse (call, entries, 1, 1))
    return VA_EXIT_USAGE;
  if (!read_chain (&report.bundle, call->operands[0], cek, &error)
      || !examine_chain (&report, roots, &verified, &error))
    return va_sev_fail (error);
  if (call->json)
    print_chain_json (&report, verified);
  else
    print_chain_text (&report, verified);
  return verified ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
