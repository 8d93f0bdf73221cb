/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "certificates/key-service.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/secret.h"
#include "http/client.h"
#include "sev/error.h"
#include "sev/roots.h"

#define ID_MAX 128
#define PAUSE_SECONDS 30      /* after trouble, unless it says how long */
#define PAUSE_MAX 600
#define UNKNOWN_SECONDS 600   /* how long “not known” is remembered */
#define UNKNOWN_MAX 1024      /* of how many processors and generations */
#define FOLDER_MODE 0700
#define FILE_MODE 0600

/* AMD's generations, and how their roots' files are called. */
static const struct { const char *name, *file; } generations[] = {
  { "naples", "ask_ark_naples.cert" }, { "rome", "ask_ark_rome.cert" },        { "milan", "ask_ark_milan.cert" },
  { "genoa", "ask_ark_genoa.cert" },   { "turin", "ask_ark_prod_turin.cert" },
};

struct _VaKeyService
{
  VaClient *ceks, *roots; /* or %NULL */
  char *cache;
  guint timeout_ms, most_at_once;

  GMutex mutex;        /* for what follows; never held while the service is asked */
  guint asking;
  gint64 paused_until; /* g_get_monotonic_time() */
  GHashTable *unknown; /* path -> until when, gint64 * */

  GMutex roots_mutex;  /* for what follows */
  VaSevRoots *known[G_N_ELEMENTS (generations)];
};

VaKeyService *
va_key_service_new (const VaKeyServiceSettings *settings, GError **error)
{
  g_autoptr(VaKeyService) service = g_new0 (VaKeyService, 1);

  g_mutex_init (&service->mutex);
  g_mutex_init (&service->roots_mutex);
  service->unknown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  service->cache = g_strdup (settings->cache);
  service->timeout_ms = settings->timeout_ms;
  service->most_at_once = settings->most_at_once;
  if (settings->cek_url != NULL)
    service->ceks = va_client_new_public (settings->cek_url, settings->ca_file, error);
  if (settings->cek_url != NULL && service->ceks == NULL)
    return NULL;
  if (settings->roots_url != NULL)
    service->roots = va_client_new_public (settings->roots_url, settings->ca_file, error);
  if (settings->roots_url != NULL && service->roots == NULL)
    return NULL;
  return g_steal_pointer (&service);
}

void
va_key_service_free (VaKeyService *service)
{
  if (service == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
    va_sev_roots_free (service->known[i]);
  va_client_free (service->ceks);
  va_client_free (service->roots);
  g_hash_table_unref (service->unknown);
  g_mutex_clear (&service->roots_mutex);
  g_mutex_clear (&service->mutex);
  g_free (service->cache);
  g_free (service);
}

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, message);
  return FALSE;
}

static gboolean
refuse_unknown (const char *name, GError **error)
{
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, _("AMD's key service does not know %s"), name);
  return FALSE;
}

/* Takes one of the places of those who ask, if now is a time to ask for @path. */
static gboolean
begin (VaKeyService *service, const char *path, const char *name, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&service->mutex);
  gint64 now = g_get_monotonic_time ();
  const gint64 *unknown_until = g_hash_table_lookup (service->unknown, path);

  if (unknown_until != NULL && now < *unknown_until)
    return refuse_unknown (name, error);
  if (now < service->paused_until)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   _("AMD's key service did not answer a moment ago; it is asked again in %u seconds"),
                   (guint) ((service->paused_until - now) / G_USEC_PER_SEC) + 1);
      return FALSE;
    }
  if (service->asking >= service->most_at_once)
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                           _("AMD's key service is being asked already; try again in some seconds"));
      return FALSE;
    }
  service->asking++;
  return TRUE;
}

/* Nobody asks for @seconds. */
static void
pause_asking (VaKeyService *service, guint seconds)
{
  gint64 until = g_get_monotonic_time () + (gint64) CLAMP (seconds, 1, PAUSE_MAX) * G_USEC_PER_SEC;

  service->paused_until = MAX (service->paused_until, until);
}

static void
remember_unknown (VaKeyService *service, const char *path)
{
  gint64 *until = g_new (gint64, 1);

  *until = g_get_monotonic_time () + (gint64) UNKNOWN_SECONDS * G_USEC_PER_SEC;
  if (g_hash_table_size (service->unknown) >= UNKNOWN_MAX)
    g_hash_table_remove_all (service->unknown);
  g_hash_table_replace (service->unknown, g_strdup (path), until);
}

/* Gives the place back, and draws the conclusions of @answer, which is %NULL if there was none. */
static void
end (VaKeyService *service, const char *path, const VaClientAnswer *answer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&service->mutex);

  service->asking--;
  if (answer == NULL)
    pause_asking (service, PAUSE_SECONDS);
  else if (answer->status == 404)
    remember_unknown (service, path);
  else if (answer->status != 200)
    pause_asking (service, answer->retry_after != 0 ? answer->retry_after : PAUSE_SECONDS);
}

/* The body of @path, which exists and has at most @max bytes. @name: for messages */
static GBytes *
ask (VaKeyService *service, VaClient *client, const char *path, const char *name, gsize max, GError **error)
{
  VaClientAnswer answer = { .body = NULL };
  gboolean answered;

  if (!begin (service, path, name, error))
    return NULL;
  answered = va_client_get (client, path, service->timeout_ms, max, &answer, error);
  end (service, path, answered ? &answer : NULL);
  if (!answered)
    {
      g_prefix_error (error, _("AMD's key service: "));
      return NULL;
    }
  if (answer.status == 200)
    return answer.body;
  g_clear_pointer (&answer.body, g_bytes_unref);
  if (answer.status == 404)
    refuse_unknown (name, error);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 answer.status == 429 ? _("AMD's key service has been asked too often (HTTP status %u); try again later")
                                      : _("AMD's key service answered with HTTP status %u; try again later"),
                 answer.status);
  return NULL;
}

/* It answered, but with nothing that can be used: it is not asked for that again for a while. */
static void
blame (VaKeyService *service, const char *path)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&service->mutex);

  remember_unknown (service, path);
}

static void
keep (const char *folder, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  /* Without it the service is asked again. */
  if (!va_folder_make (folder, FOLDER_MODE, &error)
      || !va_file_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), FILE_MODE, &error))
    g_message ("%s", error->message);
}

/* --- ARK and ASK --------------------------------------------------------------------------------------------------- */

/* ASK, then ARK, of the same size; believed only if the ARK's key is AMD's for this generation. */
static VaSevRoots *
take_roots (const char *generation, GBytes *bytes, GError **error)
{
  g_autoptr(VaSevRoots) roots = va_sev_roots_new ();
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  gsize half = g_bytes_get_size (bytes) / 2;
  guint8 hash[32];
  VaAmdCert ark, ask;

  if (!va_amd_cert_parse (&ask, data, half, error) || !va_amd_cert_parse (&ark, data + half, half, error)
      || !va_sev_roots_add (roots, generation, &ark, &ask, FALSE, error))
    return NULL;
  va_amd_cert_key_hash (&ark, hash);
  if (g_strcmp0 (va_amd_ark_generation (hash), generation) == 0)
    return g_steal_pointer (&roots);
  refuse (error, _("the roots are those of another generation"));
  return NULL;
}

/* Reads or fetches one generation's roots. */
static VaSevRoots *
find_roots (VaKeyService *service, guint index)
{
  const char *file = generations[index].file;
  g_autofree char *folder = g_build_filename (service->cache, "roots", NULL), *path = g_build_filename (folder, file, NULL);
  g_autofree char *url = g_strconcat ("/", file, NULL);
  g_autoptr(GBytes) bytes = va_file_read (path, 2 * VA_AMD_CERT_MAX, NULL);
  g_autoptr(GError) error = NULL;
  VaSevRoots *roots = bytes != NULL ? take_roots (generations[index].name, bytes, NULL) : NULL;

  if (roots != NULL)
    return roots;
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = ask (service, service->roots, url, file, 2 * VA_AMD_CERT_MAX, &error);
  roots = bytes != NULL ? take_roots (generations[index].name, bytes, &error) : NULL;
  if (roots != NULL)
    {
      keep (folder, file, bytes);
      return roots;
    }
  if (bytes != NULL)
    blame (service, url);
  g_debug ("%s: %s", file, error->message);
  return NULL;
}

/* What is known of a generation, asked for when it is not. Kept until the program ends. */
static const VaSevRoots *
roots_of (VaKeyService *service, guint index)
{
  const VaSevRoots *known;
  VaSevRoots *found;

  g_mutex_lock (&service->roots_mutex);
  known = service->known[index];
  g_mutex_unlock (&service->roots_mutex);
  if (known != NULL)
    return known;
  found = find_roots (service, index);
  g_mutex_lock (&service->roots_mutex);
  if (service->known[index] == NULL)
    service->known[index] = g_steal_pointer (&found);
  known = service->known[index];
  g_mutex_unlock (&service->roots_mutex);
  va_sev_roots_free (found);
  return known;
}

/* Under the roots that are there, or else under those that the service has. */
static gboolean
verify_under (VaKeyService *service, const VaSevChain *chain, const VaSevRoots *roots, const char **generation,
              GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_sev_chain_verify (chain, roots, generation, &reason))
    return TRUE;
  if (service->roots != NULL && va_sev_roots_find_signer (roots, &chain->cek) == NULL)
    for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
      {
        const VaSevRoots *more = roots_of (service, i);

        if (more != NULL && va_sev_chain_verify (chain, more, generation, NULL))
          return TRUE;
      }
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* --- CEKs ---------------------------------------------------------------------------------------------------------- */

/* Puts @bytes into @complete, a copy of @chain, if they are the same CEK, signed, and it verifies. */
static gboolean
take_cek (VaKeyService *service, const VaSevChain *chain, GBytes *bytes, const VaSevRoots *roots, VaSevChain *complete,
          const char **generation, GError **error)
{
  *complete = *chain;
  if (!va_sev_cert_parse (&complete->cek, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
    {
      g_prefix_error (error, _("AMD's key service gave no usable CEK: "));
      return FALSE;
    }
  if (complete->cek.usage != VA_SEV_USAGE_CEK
      || !va_bytes_equal (&complete->cek.key, &chain->cek.key, sizeof chain->cek.key))
    return refuse (error, _("AMD's key service knows another CEK of this processor than the platform has"));
  return verify_under (service, complete, roots, generation, error);
}

static gboolean
cek_is_signed (const VaSevCert *cek)
{
  return cek->signature[0].usage != VA_SEV_USAGE_INVALID || cek->signature[1].usage != VA_SEV_USAGE_INVALID;
}

/* A chain with the signed CEK, from the cache or from the service. */
static gboolean
complete (VaKeyService *service, const VaSevChain *chain, const char *id, const VaSevRoots *roots, VaSevChain *out,
          const char **generation, GError **error)
{
  g_autofree char *file = g_strconcat (id, ".cert", NULL), *folder = g_build_filename (service->cache, "cek", NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL), *url = g_strconcat ("/cek/id/", id, NULL);
  g_autofree char *name = g_strdup_printf (_("the processor %s"), id);
  g_autoptr(GBytes) kept = va_file_read (path, VA_SEV_CERT_SIZE, NULL), fresh = NULL;

  if (kept != NULL && take_cek (service, chain, kept, roots, out, generation, NULL))
    return TRUE;
  /* The cached one was verified with everything below it; nobody is asked about what cannot verify. */
  if (!va_sev_chain_verify_below_cek (chain))
    return refuse (error, _("the CEK carries no signature, and the certificates below it do not verify"));
  fresh = ask (service, service->ceks, url, name, VA_SEV_CERT_SIZE, error);
  if (fresh == NULL)
    return FALSE;
  if (!take_cek (service, chain, fresh, roots, out, generation, error))
    {
      blame (service, url);
      return FALSE;
    }
  keep (folder, file, fresh);
  return TRUE;
}

gboolean
va_key_service_verify (VaKeyService *service, VaSevChain *chain, gconstpointer id, gsize id_size, const VaSevRoots *roots,
                       const char **generation, GError **error)
{
  g_autofree char *hex = NULL;
  VaSevChain out;

  if (cek_is_signed (&chain->cek) || service->ceks == NULL)
    return verify_under (service, chain, roots, generation, error);
  if (id_size == 0 || id_size > ID_MAX)
    return refuse (error, _("the CEK carries no signature, and the platform did not give its processor's id, by which AMD's "
                            "key service would know it"));
  hex = va_hex_encode (id, id_size);
  if (!complete (service, chain, hex, roots, &out, generation, error))
    return FALSE;
  *chain = out;
  return TRUE;
}
