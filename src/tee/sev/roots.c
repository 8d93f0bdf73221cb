/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "core/secret.h"
#include "tee/sev/chain.h"
#include "tee/sev/error.h"
#include "tee/sev/roots.h"

/* SHA-256 over the public keys of the ARKs that AMD publishes, as va_amd_cert_key_hash() computes it. */
static const struct {
  const char *generation;
  guint8 key_hash[32];
} amd_arks[] = {
  { "naples", { 0x73, 0xc8, 0x34, 0x91, 0x6a, 0x5a, 0xc9, 0x83, 0x46, 0x7a, 0xcd, 0xf0, 0x9a, 0xd2, 0xd1, 0x7a,
                0x54, 0xa3, 0x96, 0xb5, 0xe0, 0x14, 0x6c, 0x67, 0xa8, 0xff, 0xa4, 0x5b, 0xdd, 0xe1, 0xe4, 0x11 } },
  { "rome", { 0x98, 0xab, 0x2b, 0xf7, 0xc7, 0x1c, 0x9d, 0x77, 0x0c, 0x60, 0x8a, 0xc5, 0xe8, 0x61, 0x23, 0x5b,
              0x22, 0x62, 0x93, 0x11, 0x3e, 0xab, 0x98, 0xb5, 0x43, 0xe2, 0x8c, 0x6c, 0x44, 0x25, 0x0e, 0x59 } },
  { "milan", { 0xae, 0xa8, 0x04, 0xb0, 0x31, 0xab, 0xce, 0xc7, 0x2c, 0xb3, 0x33, 0x41, 0xc1, 0x4a, 0xb7, 0xcf,
               0x25, 0xa4, 0xf4, 0xf4, 0xef, 0xfa, 0x11, 0xf3, 0xf3, 0x80, 0x34, 0xb4, 0x5b, 0xaf, 0x26, 0x3e } },
  { "genoa", { 0xaa, 0x2b, 0x59, 0xff, 0xaa, 0x9f, 0x67, 0x73, 0x55, 0xec, 0xcd, 0x33, 0xaf, 0x24, 0xf1, 0xe9,
               0x50, 0x4a, 0x10, 0xd9, 0xbc, 0x69, 0x5d, 0x99, 0xfc, 0xe4, 0x61, 0x63, 0xcc, 0xf2, 0xb0, 0xcf } },
  { "turin", { 0xac, 0x40, 0x20, 0x40, 0x69, 0xaf, 0x7d, 0x0e, 0x6c, 0xdc, 0xc1, 0xb5, 0x5a, 0xf6, 0x0b, 0x71,
               0x73, 0x54, 0x15, 0x1b, 0x02, 0x11, 0xed, 0x9e, 0x7f, 0x76, 0xef, 0x56, 0x08, 0xc5, 0x3f, 0xb0 } },
};

struct _VaSevRoots {
  GPtrArray *generations; /* of Generation */
  guint *last;            /* which one has signed the last CEK; any thread changes it */
};

typedef struct {
  char *name;
  VaAmdCert ask; /* verified under a trusted ARK */
} Generation;

static void
generation_free (gpointer data)
{
  Generation *generation = data;

  g_free (generation->name);
  g_free (generation);
}

VaSevRoots *
va_sev_roots_new (void)
{
  VaSevRoots *roots = g_new0 (VaSevRoots, 1);

  roots->generations = g_ptr_array_new_with_free_func (generation_free);
  roots->last = g_new0 (guint, 1);
  return roots;
}

guint
va_sev_roots_count (const VaSevRoots *roots)
{
  return roots->generations->len;
}

void
va_sev_roots_free (VaSevRoots *roots)
{
  if (roots == NULL)
    return;
  g_ptr_array_unref (roots->generations);
  g_free (roots->last);
  g_free (roots);
}

const char *
va_amd_ark_generation (const guint8 key_hash[32])
{
  for (guint i = 0; i < G_N_ELEMENTS (amd_arks); i++)
    if (va_bytes_equal (amd_arks[i].key_hash, key_hash, sizeof amd_arks[i].key_hash))
      return amd_arks[i].generation;
  return NULL;
}

gboolean
va_sev_roots_add (VaSevRoots *roots, const char *name, const VaAmdCert *ark, const VaAmdCert *ask, gboolean trust,
                  GError **error)
{
  Generation *generation;
  guint8 key_hash[32];

  if (ark->usage != VA_SEV_USAGE_ARK || ask->usage != VA_SEV_USAGE_ASK)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("roots “%s”: expected an ARK and an ASK certificate, found usages 0x%x and 0x%x"), name,
                   ark->usage, ask->usage);
      return FALSE;
    }
  if (!va_amd_verify_ark (ark))
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, _("roots “%s”: the ARK is not self-signed"), name);
      return FALSE;
    }
  if (!va_amd_verify_ask (ark, ask))
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, _("roots “%s”: the ASK is not signed by the ARK"),
                   name);
      return FALSE;
    }
  va_amd_cert_key_hash (ark, key_hash);
  if (!trust && va_amd_ark_generation (key_hash) == NULL)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_UNTRUSTED,
                   _("roots “%s”: the ARK's key is not one of AMD's, whatever its key id says; if it is meant to be "
                     "trusted, put the roots into the directory of trusted roots"),
                   name);
      return FALSE;
    }
  generation = g_new0 (Generation, 1);
  generation->name = g_strdup (name);
  generation->ask = *ask;
  g_ptr_array_add (roots->generations, generation);
  return TRUE;
}

/* Nothing in a CEK tells who has signed it, and each try costs a verification; machines of one kind come in numbers. */
const char *
va_sev_roots_find_signer (const VaSevRoots *roots, const VaSevCert *cek)
{
  guint count = roots->generations->len, first = g_atomic_int_get (roots->last);

  for (guint i = 0; i < count; i++)
    {
      guint at = (first + i) % count;
      const Generation *generation = g_ptr_array_index (roots->generations, at);

      if (!va_sev_verify_cek (&generation->ask, cek))
        continue;
      g_atomic_int_set (roots->last, at);
      return generation->name;
    }
  return NULL;
}
