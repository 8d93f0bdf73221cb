/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/explainer.h"

#include "service/decide/explanation.h"
#include "service/log.h"

#define PLACES 64
#define PLACES_EACH 8    /* of one host */
#define FIRMWARE_MAX 500 /* images that are looked at; of them, explain.c tries fewer */
#define FIRMWARE_BYTES (256 * 1024)

struct _VaExplainer {
  VaStore *store;
  VaReferenceCache *cache;
  GThread *thread;
  GMutex mutex;
  GCond changed;
  GQueue waiting;     /* of VaExplanation */
  GHashTable *places; /* host -> how many places it has, those of the one under way included */
  guint taken;
  gboolean ending;
};

void
va_explanation_free (VaExplanation *explanation)
{
  if (explanation == NULL)
    return;
  g_free (explanation->launch);
  g_free (explanation->owner);
  g_free (explanation->vm);
  g_free (explanation->host);
  va_launch_terms_free (explanation->terms);
  va_secret_free (explanation->key);
  va_evidence_clear (&explanation->evidence);
  g_free (explanation);
}

static gint
compare_created (gconstpointer a, gconstpointer b)
{
  const VaStoredArtifact *x = *(VaStoredArtifact *const *) a, *y = *(VaStoredArtifact *const *) b;

  return x->created < y->created ? -1 : x->created > y->created;
}

static gboolean
set_detail (VaStoredLaunch *launch, gpointer detail, GError **error)
{
  (void) error;
  g_free (launch->detail);
  launch->detail = g_strdup (detail);
  return TRUE;
}

static void
explain_mismatch (const VaExplainer *explainer, const VaExplanation *explanation)
{
  const VaPage page = { .owner = explanation->owner, .limit = FIRMWARE_MAX, .bytes = FIRMWARE_BYTES };
  g_autoptr(GError) error = NULL;
  gboolean more;
  g_autoptr(GPtrArray) firmware = va_store_list_artifacts (explainer->store, &page, &more, &error);
  const VaMismatch mismatch = { .terms = explanation->terms,
                                .claimed = explanation->has_firmware_hash ? explanation->firmware_hash : NULL,
                                .evidence = &explanation->evidence,
                                .key = explanation->key,
                                .firmware = firmware,
                                .cache = explainer->cache,
                                .store = explainer->store,
                                .owner = explanation->owner,
                                .vm = explanation->vm };
  g_autofree char *detail = NULL;

  if (firmware != NULL)
    {
      g_ptr_array_sort (firmware, compare_created);
      detail = va_explain_mismatch (&mismatch);
    }
  if (detail == NULL
      || !va_store_change_launch (explainer->store, explanation->launch, set_detail, detail, NULL, &error))
    va_log (VA_LOG_ERROR, "launch %s is not explained: %s", explanation->launch, error->message);
}

/* The next one; %NULL: it is over. */
static VaExplanation *
wait_for_next (VaExplainer *explainer)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&explainer->mutex);

  while (!explainer->ending && g_queue_is_empty (&explainer->waiting))
    g_cond_wait (&explainer->changed, &explainer->mutex);
  return explainer->ending ? NULL : g_queue_pop_head (&explainer->waiting);
}

static gpointer
run_explainer (gpointer data)
{
  VaExplainer *explainer = data;
  VaExplanation *next;

  while ((next = wait_for_next (explainer)) != NULL)
    {
      explain_mismatch (explainer, next);
      va_explainer_release (explainer, next->host);
      va_explanation_free (next);
    }
  return NULL;
}

VaExplainer *
va_explainer_new (VaStore *store, VaReferenceCache *cache)
{
  VaExplainer *explainer = g_new0 (VaExplainer, 1);

  explainer->store = store;
  explainer->cache = cache;
  g_mutex_init (&explainer->mutex);
  g_cond_init (&explainer->changed);
  g_queue_init (&explainer->waiting);
  explainer->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  explainer->thread = g_thread_new ("explain", run_explainer, explainer);
  return explainer;
}

void
va_explainer_free (VaExplainer *explainer)
{
  if (explainer == NULL)
    return;
  g_mutex_lock (&explainer->mutex);
  explainer->ending = TRUE;
  g_cond_signal (&explainer->changed);
  g_mutex_unlock (&explainer->mutex);
  g_thread_join (explainer->thread);
  g_queue_clear_full (&explainer->waiting, (GDestroyNotify) va_explanation_free);
  g_hash_table_unref (explainer->places);
  g_cond_clear (&explainer->changed);
  g_mutex_clear (&explainer->mutex);
  g_free (explainer);
}

gboolean
va_explainer_reserve (VaExplainer *explainer, const char *host)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&explainer->mutex);
  guint has = GPOINTER_TO_UINT (g_hash_table_lookup (explainer->places, host));

  if (explainer->taken >= PLACES || has >= PLACES_EACH)
    return FALSE;
  explainer->taken++;
  g_hash_table_insert (explainer->places, g_strdup (host), GUINT_TO_POINTER (has + 1));
  return TRUE;
}

void
va_explainer_release (VaExplainer *explainer, const char *host)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&explainer->mutex);
  guint has = GPOINTER_TO_UINT (g_hash_table_lookup (explainer->places, host));

  explainer->taken--;
  if (has > 1)
    g_hash_table_insert (explainer->places, g_strdup (host), GUINT_TO_POINTER (has - 1));
  else
    g_hash_table_remove (explainer->places, host);
}

void
va_explainer_add (VaExplainer *explainer, VaExplanation *explanation)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&explainer->mutex);

  g_queue_push_tail (&explainer->waiting, explanation);
  g_cond_signal (&explainer->changed);
}
