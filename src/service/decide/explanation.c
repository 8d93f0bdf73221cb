/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/explanation.h"

#include "core/encoding.h"
#include "core/i18n.h"
#include "service/decide/registration.h"

#define TRIED_SHOWN 8 /* references that a record lists */

/* What a wrong measurement may cost is bounded: */
#define OTHERS_MAX 32                 /* firmware that is not registered */
#define BYTES_MAX (256 * 1024 * 1024) /* hashed for it, beside the firmware */

/* Uploaded firmware in the order of the search. */
typedef struct {
  const VaMismatch *mismatch;
  GPtrArray *firmware; /* of VaStoredArtifact, borrowed; the registered ones first */
} Candidates;

static gboolean
is_registered (const VaLaunchTerms *terms, const char *hash)
{
  for (guint i = 0; i < terms->references->len; i++)
    if (g_str_equal (g_array_index (terms->references, VaReference, i).firmware, hash))
      return TRUE;
  return FALSE;
}

/* What was expected, behind what it comes to; a registration can have more references than anybody reads. */
static void
append_tried (GString *text, const VaLaunchTerms *terms)
{
  guint shown = MIN (terms->references->len, TRIED_SHOWN);

  g_string_append (text, _(" Tried:"));
  for (guint i = 0; i < shown; i++)
    {
      const VaReference *reference = &g_array_index (terms->references, VaReference, i);
      g_autofree char *digest = va_hex_encode (reference->digest, terms->tee->digest_size);

      g_string_append (text, i == 0 ? " " : "; ");
      if (reference->firmware[0] == '\0')
        g_string_append_printf (text, _("launch digest %s"), digest);
      else if (reference->cpus == 0)
        g_string_append_printf (text, _("firmware %s (launch digest %s)"), reference->firmware, digest);
      else
        g_string_append_printf (text, _("firmware %s with %u vCPUs and VMSA profile “%s” (launch digest %s)"),
                                reference->firmware, reference->cpus,
                                terms->tee->cpus->profile_name (reference->profile), digest);
    }
  if (shown < terms->references->len)
    g_string_append_printf (text, _("; and %u more"), terms->references->len - shown);
  g_string_append_c (text, '.');
}

static void
append_claim (GString *text, const VaMismatch *mismatch)
{
  g_autofree char *claimed = NULL;
  gboolean known = FALSE;

  if (mismatch->claimed == NULL)
    return;
  claimed = va_hex_encode (mismatch->claimed, VA_SHA256_SIZE);
  for (guint i = 0; i < mismatch->firmware->len; i++)
    known |= g_str_equal (((VaStoredArtifact *) mismatch->firmware->pdata[i])->hash, claimed);
  g_string_append_printf (text,
                          is_registered (mismatch->terms, claimed)
                            ? _(" The host reports that it starts firmware %s, which is registered.")
                          : known
                            ? _(" The host reports that it starts firmware %s, which is one that you uploaded but "
                                "did not register for this guest.")
                            : _(" The host reports that it starts firmware %s, which is unknown to the service."),
                          claimed);
}

static const char *
name_firmware_tried (guint index, gpointer user_data)
{
  const Candidates *candidates = user_data;

  return ((const VaStoredArtifact *) candidates->firmware->pdata[index])->hash;
}

static VaTeeImage *
open_firmware_tried (guint index, gpointer user_data)
{
  const Candidates *candidates = user_data;
  const VaMismatch *mismatch = candidates->mismatch;

  return va_reference_begin (mismatch->cache, mismatch->store, mismatch->terms->tee, candidates->firmware->pdata[index],
                             NULL);
}

/* Newest firmware first. */
static void
add_candidates (Candidates *candidates, gboolean registered, guint max)
{
  GPtrArray *all = candidates->mismatch->firmware;

  for (guint i = all->len; i > 0 && max > 0; i--)
    {
      VaStoredArtifact *artifact = all->pdata[i - 1];

      if (is_registered (candidates->mismatch->terms, artifact->hash) != registered)
        continue;
      g_ptr_array_add (candidates->firmware, artifact);
      max--;
    }
}

/* Command lines as the registration has them now: one counts whose hash was fixed with the launch. */
static char **
read_tried_cmdlines (const VaMismatch *mismatch)
{
  g_autoptr(VaStoredRegistration) stored =
    va_store_get_registration (mismatch->store, mismatch->owner, mismatch->vm, NULL);
  g_autoptr(VaRegistration) registration = stored != NULL ? va_registration_open (mismatch->store, stored, NULL) : NULL;

  return registration != NULL ? g_steal_pointer (&registration->cmdlines) : NULL;
}

/* The one change that makes it fit, or %NULL. */
static char *
find_cause (const VaMismatch *mismatch, GPtrArray *ruled_out)
{
  const VaLaunchTerms *terms = mismatch->terms;
  g_autoptr(GPtrArray) firmware = g_ptr_array_new ();
  g_auto(GStrv) cmdlines = terms->kernels->len > 0 ? read_tried_cmdlines (mismatch) : NULL;
  Candidates candidates = { .mismatch = mismatch, .firmware = firmware };
  VaTeeMismatch search = {
    .key = mismatch->key,
    .evidence = mismatch->evidence->bytes,
    .references = (const VaReference *) (gpointer) terms->references->data,
    .reference_count = terms->references->len,
    .kernels = (const VaKernelHashes *) (gpointer) terms->kernels->data,
    .kernel_count = terms->kernels->len,
    .cmdlines = (const char *const *) cmdlines,
    .cmdline_count = cmdlines != NULL ? g_strv_length (cmdlines) : 0,
    .cpu_signature = terms->cpu_signature,
    .firmware_name = name_firmware_tried,
    .open_firmware = open_firmware_tried,
    .user_data = &candidates,
    .budget = BYTES_MAX,
  };

  add_candidates (&candidates, TRUE, VA_LAUNCH_TERMS_REFERENCES_MAX);
  search.expected_count = firmware->len;
  add_candidates (&candidates, FALSE, OTHERS_MAX);
  search.firmware_count = firmware->len;
  return terms->tee->explain (&search, ruled_out);
}

static void
append_ruled_out (GString *text, GPtrArray *ruled_out)
{
  g_autofree char *list = NULL;

  g_ptr_array_add (ruled_out, NULL);
  list = g_strjoinv ("; ", (char **) ruled_out->pdata);
  g_string_append_printf (text, _(" Ruled out: %s."), list);
}

char *
va_explain_mismatch (const VaMismatch *mismatch)
{
  g_autoptr(GPtrArray) ruled_out = g_ptr_array_new ();
  g_autofree char *change = find_cause (mismatch, ruled_out);
  GString *text = g_string_new (NULL);

  g_string_append (text, _("The measurement matches none of the registered references."));
  if (change != NULL)
    g_string_append_printf (text, _(" It would match if this were expected: %s."), change);
  else
    g_string_append (text, _(" It matches none of your other firmware either, nor any of the usual mistakes: the "
                             "firmware, kernel, initrd or command line differs from the registered one, or the guest "
                             "was started with another session."));
  if (change == NULL && ruled_out->len > 0)
    append_ruled_out (text, ruled_out);
  append_claim (text, mismatch);
  append_tried (text, mismatch->terms);
  return g_string_free (text, FALSE);
}

char *
va_explain_match (const VaLaunchTerms *terms, const VaReference *reference)
{
  const VaTeeCpus *measured = terms->tee->cpus;
  g_autofree char *digest = va_hex_encode (reference->digest, terms->tee->digest_size);
  g_autofree char *cpu = NULL;

  if (reference->firmware[0] == '\0')
    return g_strdup_printf (_("The measurement matches launch digest %s."), digest);
  if (reference->cpus == 0)
    return g_strdup_printf (_("The measurement matches firmware %s (launch digest %s)."), reference->firmware, digest);
  cpu = measured->describe_model (terms->cpu_signature);
  return g_strdup_printf (_("The measurement matches firmware %s with %u vCPUs of CPU %s and VMSA profile “%s” (launch "
                            "digest %s)."),
                          reference->firmware, reference->cpus, cpu, measured->profile_name (reference->profile),
                          digest);
}
