/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "certificates/key-service.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/secret.h"
#include "http/client/client.h"
#include "tee/sev/error.h"
#include "tee/sev/platform.h"
#include "tee/sev/roots.h"

#define ID_MAX 128
#define PAUSE_SECONDS 30 /* after trouble, unless it says how long */
#define PAUSE_MAX 600
#define UNKNOWN_SECONDS 600 /* how long “not known” is remembered */
#define OTHER_SECONDS 600   /* how long a kept CEK that is not the platform's is believed to be the processor's */
#define UNKNOWN_MAX 1024    /* of how many processors and generations */
#define FOLDER_MODE 0700
#define FILE_MODE 0600

/* AMD's generations, and how their roots' files are called. */
static const struct {
  const char *name, *file;
} generations[] = {
  { "naples", "ask_ark_naples.cert" }, { "rome", "ask_ark_rome.cert" },        { "milan", "ask_ark_milan.cert" },
  { "genoa", "ask_ark_genoa.cert" },   { "turin", "ask_ark_prod_turin.cert" },
};

struct _VaKeyService {
  VaClient *ceks, *roots; /* or %NULL */
  char *cache;
  guint timeout_ms, most_at_once;

  GMutex mutex; /* for what follows; never held while the service is asked */
  guint asking;
  gint64 paused_until; /* g_get_monotonic_time() */
  GHashTable *unknown; /* path -> until when, gint64 * */

  GMutex roots_mutex; /* for what follows */
  VaSevRoots *known[G_N_ELEMENTS (generations)];
};

/* One call of va_key_service_verify(). */
typedef struct {
  VaKeyService *service;
  const VaSevRoots *roots;
  gboolean may_wait, must_wait;
} Question;

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
refuse_answer (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, "%s", message);
}

static gboolean
refuse_unknown (const char *message, GError **error)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE, "%s", message);
}

static gboolean
fail_for_now (GError **error, const char *message)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "%s", message);
}

/* Takes one of the places of those who ask, if now is a time to ask for @path. */
static gboolean
begin_question (Question *question, const char *path, const char *unknown, GError **error)
{
  VaKeyService *service = question->service;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&service->mutex);
  gint64 now = g_get_monotonic_time ();
  const gint64 *unknown_until = g_hash_table_lookup (service->unknown, path);

  if (unknown_until != NULL && now < *unknown_until)
    return refuse_unknown (unknown, error);
  if (now < service->paused_until)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   _("AMD's key service did not answer recently; the next attempt is possible in %u s"),
                   (guint) ((service->paused_until - now) / G_USEC_PER_SEC) + 1);
      return FALSE;
    }
  question->must_wait = !question->may_wait;
  if (question->must_wait)
    return fail_for_now (error, _("AMD's key service must be asked first"));
  if (service->asking >= service->most_at_once)
    return fail_for_now (error, _("AMD's key service is answering other questions; try again in a few seconds"));
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
end_question (VaKeyService *service, const char *path, const VaClientAnswer *answer)
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

/* The body of @path, which exists and has at most @max bytes. @unknown: the message if the service does not have it */
static GBytes *
ask_key_service (Question *question, VaClient *client, const char *path, const char *unknown, gsize max, GError **error)
{
  VaKeyService *service = question->service;
  VaClientAnswer answer = { .body = NULL };
  gboolean answered;

  if (!begin_question (question, path, unknown, error))
    return NULL;
  answered = va_client_get (client, path, service->timeout_ms, max, &answer, error);
  end_question (service, path, answered ? &answer : NULL);
  if (!answered)
    {
      g_prefix_error (error, _("AMD's key service: "));
      return NULL;
    }
  if (answer.status == 200)
    return answer.body;
  g_clear_pointer (&answer.body, g_bytes_unref);
  if (answer.status == 404)
    refuse_unknown (unknown, error);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 answer.status == 429
                   ? _("AMD's key service is rate-limiting requests (HTTP status %u); try again later")
                   : _("AMD's key service answered with HTTP status %u; try again later"),
                 answer.status);
  return NULL;
}

static void
keep_certificate (const char *folder, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GError) error = NULL;

  /* Without it the service is asked again. */
  if (!va_folder_make (folder, FOLDER_MODE, &error)
      || !va_file_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), FILE_MODE, &error))
    g_message ("%s", error->message);
}

/* --- ARK and ASK ---------------------------------------------------------------------------------------------------
   */

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
  refuse_answer (error, _("the roots belong to a different processor generation"));
  return NULL;
}

/* Reads or fetches one generation's roots. */
static VaSevRoots *
find_roots (Question *question, guint index)
{
  VaKeyService *service = question->service;
  const char *file = generations[index].file;
  g_autofree char *folder = g_build_filename (service->cache, "roots", NULL),
                  *path = g_build_filename (folder, file, NULL);
  g_autofree char *url = g_strconcat ("/", file, NULL);
  g_autoptr(GBytes) bytes = va_file_read (path, 2 * VA_AMD_CERT_MAX, NULL);
  g_autoptr(GError) error = NULL;
  VaSevRoots *roots = bytes != NULL ? take_roots (generations[index].name, bytes, NULL) : NULL;

  if (roots != NULL)
    return roots;
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = ask_key_service (question, service->roots, url, file, 2 * VA_AMD_CERT_MAX, &error);
  roots = bytes != NULL ? take_roots (generations[index].name, bytes, &error) : NULL;
  if (roots != NULL)
    {
      keep_certificate (folder, file, bytes);
      return roots;
    }
  g_debug ("%s: %s", file, error->message);
  return NULL;
}

/* What is known of a generation, asked for when it is not. Kept until the program ends. */
static const VaSevRoots *
roots_of (Question *question, guint index)
{
  VaKeyService *service = question->service;
  const VaSevRoots *known;
  VaSevRoots *found;

  g_mutex_lock (&service->roots_mutex);
  known = service->known[index];
  g_mutex_unlock (&service->roots_mutex);
  if (known != NULL)
    return known;
  found = find_roots (question, index);
  g_mutex_lock (&service->roots_mutex);
  if (service->known[index] == NULL)
    service->known[index] = g_steal_pointer (&found);
  known = service->known[index];
  g_mutex_unlock (&service->roots_mutex);
  va_sev_roots_free (found);
  return known;
}

/* The roots whose ASK signed @cek: those that are there, or else those that the service has; %NULL if there are none.
   */
static const VaSevRoots *
find_signer (Question *question, const VaSevCert *cek)
{
  if (va_sev_roots_find_signer (question->roots, cek) != NULL)
    return question->roots;
  for (guint i = 0; question->service->roots != NULL && !question->must_wait && i < G_N_ELEMENTS (generations); i++)
    {
      const VaSevRoots *more = roots_of (question, i);

      if (more != NULL && va_sev_roots_find_signer (more, cek) != NULL)
        return more;
    }
  return NULL;
}

static gboolean
verify_under (Question *question, const VaSevChain *chain, const char **generation, GError **error)
{
  g_autoptr(GError) reason = NULL;
  const VaSevRoots *signer;

  if (va_sev_chain_verify (chain, question->roots, generation, &reason))
    return TRUE;
  signer = find_signer (question, &chain->cek);
  if (signer != NULL && signer != question->roots)
    return va_sev_chain_verify (chain, signer, generation, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* --- CEKs ----------------------------------------------------------------------------------------------------------
   */

static gboolean
cek_is_signed (const VaSevCert *cek)
{
  return cek->signature[0].usage != VA_SEV_USAGE_INVALID || cek->signature[1].usage != VA_SEV_USAGE_INVALID;
}

/* @bytes as a CEK that AMD has signed. */
static gboolean
read_genuine (Question *question, GBytes *bytes, VaSevCert *cek, GError **error)
{
  if (!va_sev_cert_parse (cek, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
    {
      g_prefix_error (error, _("AMD's key service returned no usable CEK: "));
      return FALSE;
    }
  if (cek->usage != VA_SEV_USAGE_CEK)
    return refuse_answer (error, _("AMD's key service returned a certificate that is not a CEK"));
  if (!cek_is_signed (cek))
    return refuse_answer (error, _("the CEK that AMD's key service returned carries no signature"));
  return find_signer (question, cek) != NULL
         || refuse_answer (error, _("the CEK that AMD's key service returned is not signed by the ASK of any known "
                                    "generation"));
}

/* Puts @cek into @out, a copy of @chain, if they are the same CEK and the whole verifies. */
static gboolean
take_cek (Question *question, const VaSevChain *chain, const VaSevCert *cek, VaSevChain *out, const char **generation,
          GError **error)
{
  if (!va_bytes_equal (&cek->key, &chain->cek.key, sizeof chain->cek.key))
    return refuse_answer (error, _("AMD's key service has a different CEK for this processor than the platform"));
  *out = *chain;
  out->cek = *cek;
  return verify_under (question, out, generation, error);
}

/* Whether @path was written so long ago that AMD is asked once more before somebody is refused by it. */
static gboolean
is_old (const char *path)
{
  VaFileState state;

  va_file_look (path, &state);
  return g_get_real_time () / G_USEC_PER_SEC - state.seconds > OTHER_SECONDS;
}

/* What the cache has at @path, if it is genuine; what is broken there is fetched again. */
static gboolean
read_kept (Question *question, const char *path, VaSevCert *cek)
{
  g_autoptr(GBytes) kept = va_file_read (path, VA_SEV_CERT_SIZE, NULL);

  return kept != NULL && read_genuine (question, kept, cek, NULL);
}

/* A chain with the signed CEK, from the cache or from the service. */
static gboolean
complete_chain (Question *question, const VaSevChain *chain, const char *id, VaSevChain *out, const char **generation,
                GError **error)
{
  VaKeyService *service = question->service;
  g_autofree char *file = g_strconcat (id, ".cert", NULL), *folder = g_build_filename (service->cache, "cek", NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL), *url = g_strconcat ("/cek/id/", id, NULL);
  g_autofree char *unknown = g_strdup_printf (_("AMD's key service does not know the processor %s"), id);
  g_autoptr(GBytes) fresh = NULL;
  g_autoptr(GError) reason = NULL;
  VaSevCert cek;

  if (read_kept (question, path, &cek))
    {
      if (take_cek (question, chain, &cek, out, generation, &reason))
        return TRUE;
      if (!is_old (path))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
    }
  /* The cached one was verified with everything below it; nobody is asked about what cannot verify. */
  if (question->must_wait || !va_sev_chain_verify_below_cek (chain))
    return refuse_answer (error, _("the CEK carries no signature, and the certificates below it do not verify"));
  fresh = ask_key_service (question, service->ceks, url, unknown, VA_SEV_CERT_SIZE, error);
  if (fresh == NULL || !read_genuine (question, fresh, &cek, error))
    return FALSE;
  /* Whoever shows whatever chain with this id: it is AMD's word of which CEK the processor has. */
  keep_certificate (folder, file, fresh);
  return take_cek (question, chain, &cek, out, generation, error);
}

gboolean
va_key_service_verify (VaKeyService *service, VaTeePlatform *platform, GBytes *id, const VaTeeRoots *roots,
                       gboolean may_wait, gboolean *must_wait, GError **error)
{
  Question question = { .service = service, .roots = roots->sev, .may_wait = may_wait };
  const VaSevChain *chain = va_sev_platform_chain (platform);
  gsize id_size = id != NULL ? g_bytes_get_size (id) : 0;
  g_autofree char *hex = NULL;
  const char *generation;
  gboolean good;
  VaSevChain out;

  *must_wait = FALSE;
  if (cek_is_signed (&chain->cek) || service->ceks == NULL)
    good = verify_under (&question, chain, &platform->generation, error);
  else if (id_size == 0 || id_size > ID_MAX)
    return refuse_answer (error, _("the CEK carries no signature, and the platform did not report its processor's ID, "
                                   "which AMD's key service needs"));
  else
    {
      hex = va_hex_encode (g_bytes_get_data (id, NULL), id_size);
      good = complete_chain (&question, chain, hex, &out, &generation, error);
      if (good)
        va_sev_platform_set_chain (platform, &out, generation);
    }
  *must_wait = !good && question.must_wait;
  return good;
}
