/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/i18n.h"
#include "kek/seal.h"
#include "store/postgresql-check.h"
#include "store/postgresql.h"
#include "store/sqlite.h"
#include "store/store-private.h"

G_DEFINE_QUARK (va-store-error-quark, va_store_error)

gboolean
va_store_check_schema (gint64 version, GError **error)
{
  if (version >= 0 && version <= VA_STORE_SCHEMA)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("the store has schema version %" G_GINT64_FORMAT ", this program knows versions up to %d: "
                 "install a newer virt-attestd"), version, VA_STORE_SCHEMA);
  return FALSE;
}

gboolean
va_store_check_present (gint64 version, GError **error)
{
  if (!va_store_check_schema (version, error) || version == VA_STORE_SCHEMA)
    return version == VA_STORE_SCHEMA;
  if (version == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("there is no store yet: virt-attestd makes it when it starts"));
  else
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store has schema version %" G_GINT64_FORMAT ", this program works with %d: use the program that "
                   "belongs to the running service, or let the new virt-attestd bring the store up to date first"),
                 version, VA_STORE_SCHEMA);
  return FALSE;
}

static gboolean
report (gboolean ok, GError *reason, GError **error)
{
  if (!ok)
    g_propagate_error (error, reason);
  return ok;
}

gboolean
va_store_is_url (const char *place)
{
  return va_postgresql_is_url (place);
}

gboolean
va_store_check_url (const char *url, GError **error)
{
  return va_postgresql_check_url (url, error);
}

VaBackend *
va_store_open_backend (const char *place, VaStoreWhich which, GError **error)
{
  return va_store_is_url (place) ? va_postgresql_open (place, which, error) : va_sqlite_open (place, which, error);
}

VaStore *
va_store_open (const char *place, VaStoreWhich which, VaKek *kek, GError **error)
{
  g_autoptr(VaStore) store = g_new0 (VaStore, 1);

  g_mutex_init (&store->mutex);
  store->seals = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) va_seal_free);
  store->rows = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  store->kek = kek;
  store->backend = va_store_open_backend (place, which, error);
  if (store->backend == NULL || !va_store_open_data_keys (store, which == VA_STORE_ANY, error))
    return NULL;
  return g_steal_pointer (&store);
}

void
va_store_close (VaStore *store)
{
  if (store == NULL)
    return;
  if (store->backend != NULL)
    store->backend->class->close (store->backend);
  g_hash_table_unref (store->seals);
  g_hash_table_unref (store->rows);
  va_secret_free (store->audit_key);
  g_mutex_clear (&store->mutex);
  g_free (store);
}

gboolean
va_store_ping (VaStore *store, GError **error)
{
  return store->backend->class->ping (store->backend, error);
}

void
va_store_set_quota (VaStore *store, const VaQuota *quota)
{
  store->backend->quota = *quota;
}

void
va_store_statistics (VaStore *store, VaStoreStatistics *out)
{
  store->backend->class->statistics (store->backend, out);
}

gboolean
va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                       JsonObject *entry, GError **error)
{
  return store->backend->class->put_artifact (store->backend, artifact, image, is_new, entry, error);
}

gboolean
va_store_remove_artifact (VaStore *store, const char *owner, const char *hash, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_artifact (store->backend, owner, hash, entry, error);
}

VaStoredArtifact *
va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
{
  return store->backend->class->get_artifact (store->backend, owner, hash, error);
}

GBytes *
va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
{
  return store->backend->class->get_image (store->backend, owner, hash, error);
}

GPtrArray *
va_store_list_artifacts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  return store->backend->class->list_artifacts (store->backend, page, more, error);
}

/* A secret is held in place by owner and name; its GUID too, since that decides who in the guest reads it. */
char *
va_store_secret_row (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);

  return g_strjoin ("\n", secret->owner, secret->name, guid, NULL);
}

gboolean
va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced, JsonObject *entry,
                     GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  secret->size = va_secret_size (value);
  do
    {
      VaSeal *seal = va_store_newest_seal (store, &secret->key);

      g_clear_pointer (&secret->sealed, g_bytes_unref);
      secret->sealed = va_seal_close (seal, &label, value);
      ok = store->backend->class->put_secret (store->backend, secret, replaced, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason));
  return report (ok, reason, error);
}

VaStoredSecret *
va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
{
  return store->backend->class->get_secret (store->backend, owner, name, error);
}

GPtrArray *
va_store_list_secrets (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  return store->backend->class->list_secrets (store->backend, page, more, error);
}

VaSecret *
va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error)
{
  g_autofree char *row = va_store_secret_row (secret);
  const VaSealLabel label = VA_LABEL_SECRET (row);
  VaSeal *seal = va_store_seal_of (store, secret->key, error);

  return seal != NULL ? va_seal_open (seal, &label, secret->sealed, error) : NULL;
}

gboolean
va_store_remove_secret (VaStore *store, const char *owner, const char *name, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_secret (store->backend, owner, name, entry, error);
}

char *
va_store_registration_row (const VaStoredRegistration *registration)
{
  return g_strjoin ("\n", registration->id, registration->owner, registration->text, NULL);
}

gboolean
va_store_put_registration (VaStore *store, VaStoredRegistration *registration, VaSecret *inline_secrets,
                           const char *const *secrets, const char *const *hashes,
                           const VaExpected *expected, gboolean *is_new, JsonObject *entry, GError **error)
{
  g_autofree char *row = va_store_registration_row (registration);
  const VaSealLabel label = VA_LABEL_REGISTRATION (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &registration->key);

      g_clear_pointer (&registration->sealed, g_bytes_unref);
      registration->sealed = va_seal_close (seal, &label, inline_secrets);
      ok = store->backend->class->put_registration (store->backend, registration, secrets, hashes, expected, is_new,
                                                    entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason));
  return report (ok, reason, error);
}

VaStoredRegistration *
va_store_get_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  return store->backend->class->get_registration (store->backend, owner, id, error);
}

VaStoredRegistration *
va_store_find_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  return store->backend->class->find_registration (store->backend, owner, id, error);
}

GPtrArray *
va_store_list_registrations (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  return store->backend->class->list_registrations (store->backend, page, more, error);
}

VaSecret *
va_store_open_registration (VaStore *store, const VaStoredRegistration *registration, GError **error)
{
  g_autofree char *row = va_store_registration_row (registration);
  const VaSealLabel label = VA_LABEL_REGISTRATION (row);
  VaSeal *seal = va_store_seal_of (store, registration->key, error);

  return seal != NULL ? va_seal_open (seal, &label, registration->sealed, error) : NULL;
}

gboolean
va_store_remove_registration (VaStore *store, const char *owner, const char *id, gint64 now,
                              const VaExpected *expected, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_registration (store->backend, owner, id, now, expected, entry, error);
}

char *
va_store_proposal_row (const VaStoredProposal *proposal)
{
  return g_strdup_printf ("%s\n%s\n%s\n%" G_GUINT64_FORMAT "\n%s", proposal->vm, proposal->owner, proposal->person,
                          proposal->replaces, proposal->text);
}

/* Of the row and its sealed value, which is another one each time. */
static char *
proposal_digest (const char *row, GBytes *sealed)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size;
  gconstpointer data = g_bytes_get_data (sealed, &size);

  g_checksum_update (sum, (const guchar *) row, (gssize) strlen (row));
  g_checksum_update (sum, data, (gssize) size);
  return g_strdup (g_checksum_get_string (sum));
}

gboolean
va_store_put_proposal (VaStore *store, VaStoredProposal *proposal, VaSecret *inline_secrets, JsonObject *entry,
                       GError **error)
{
  g_autofree char *row = va_store_proposal_row (proposal);
  const VaSealLabel label = VA_LABEL_PROPOSAL (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &proposal->key);

      g_clear_pointer (&proposal->sealed, g_bytes_unref);
      proposal->sealed = va_seal_close (seal, &label, inline_secrets);
      g_free (proposal->digest);
      proposal->digest = proposal_digest (row, proposal->sealed);
      if (entry != NULL)
        json_object_set_string_member (entry, "proposal", proposal->digest);
      ok = store->backend->class->put_proposal (store->backend, proposal, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason));
  return report (ok, reason, error);
}

VaStoredProposal *
va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
{
  return store->backend->class->get_proposal (store->backend, owner, vm, error);
}

VaSecret *
va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
{
  g_autofree char *row = va_store_proposal_row (proposal), *digest = proposal_digest (row, proposal->sealed);
  const VaSealLabel label = VA_LABEL_PROPOSAL (row);
  VaSeal *seal = va_store_seal_of (store, proposal->key, error);
  VaSecret *moved;

  if (seal == NULL)
    return NULL;
  if (g_str_equal (digest, proposal->digest))
    return va_seal_open (seal, &label, proposal->sealed, error);
  moved = va_store_open_moved_proposal (seal, proposal);
  if (moved != NULL)
    return moved;
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("the stored proposal for %s was changed"), proposal->vm);
  return NULL;
}

gboolean
va_store_remove_proposal (VaStore *store, const char *owner, const char *vm, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_proposal (store->backend, owner, vm, entry, error);
}

/* Everything that is fixed when a launch is made: altered in the database, its keys do not open any more. */
char *
va_store_launch_row (const VaStoredLaunch *launch)
{
  return g_strdup_printf ("%s\n%s\n%s\n%s\n%s\n%u\n%" G_GINT64_FORMAT "\n%s", launch->id, launch->vm, launch->owner,
                          launch->host, launch->domain_uuid, launch->policy, launch->expires, launch->fixed);
}

gboolean
va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table,
                        const VaPermit *permit, JsonObject *entry, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel keys_label = VA_LABEL_KEYS (row), table_label = VA_LABEL_TABLE (row);
  GError *reason = NULL;
  guint tries = 0;
  gboolean ok;

  do
    {
      VaSeal *seal = va_store_newest_seal (store, &launch->key);

      g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
      g_clear_pointer (&launch->sealed_table, g_bytes_unref);
      launch->sealed_keys = va_seal_close (seal, &keys_label, keys);
      launch->sealed_table = table != NULL ? va_seal_close (seal, &table_label, table) : NULL;
      ok = store->backend->class->create_launch (store->backend, launch, permit, entry, &reason);
    }
  while (!ok && va_store_is_outdated (store, &tries, &reason));
  return report (ok, reason, error);
}

VaStoredLaunch *
va_store_find_waiting (VaStore *store, const VaStoredLaunch *like, GError **error)
{
  return store->backend->class->find_waiting (store->backend, like, error);
}

VaStoredLaunch *
va_store_get_launch (VaStore *store, const char *id, GError **error)
{
  return store->backend->class->get_launch (store->backend, id, error);
}

gboolean
va_store_measure_bytes (VaStore *store, guint64 *bytes, GError **error)
{
  return store->backend->class->measure_bytes (store->backend, bytes, error);
}

gboolean
va_store_count_rows (VaStore *store, guint64 rows[VA_STORE_TABLES], GError **error)
{
  return store->backend->class->count_rows (store->backend, rows, error);
}

gboolean
va_store_count_launches (VaStore *store, guint64 *waiting, guint64 *active, GError **error)
{
  return store->backend->class->count_launches (store->backend, waiting, active, error);
}

GPtrArray *
va_store_list_launches (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  return store->backend->class->list_launches (store->backend, page, more, error);
}

static VaSecret *
open_of_launch (VaStore *store, const VaStoredLaunch *launch, GBytes *sealed, const VaSealLabel *label, GError **error)
{
  VaSeal *seal;

  if (sealed == NULL)
    {
      g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("launch %s has no %s any more"), launch->id,
                   label->purpose);
      return NULL;
    }
  seal = va_store_seal_of (store, launch->key, error);
  return seal != NULL ? va_seal_open (seal, label, sealed, error) : NULL;
}

VaSecret *
va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel label = VA_LABEL_KEYS (row);

  return open_of_launch (store, launch, launch->sealed_keys, &label, error);
}

VaSecret *
va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel label = VA_LABEL_TABLE (row);

  return open_of_launch (store, launch, launch->sealed_table, &label, error);
}

gboolean
va_store_change_launch (VaStore *store, const char *id, VaLaunchChange change, gpointer user_data, JsonObject *entry, GError **error)
{
  return store->backend->class->change_launch (store->backend, id, change, user_data, entry, error);
}

gboolean
va_store_expire_launches (VaStore *store, gint64 now, guint *count, GError **error)
{
  return store->backend->class->expire_launches (store->backend, now, count, error);
}

gboolean
va_store_put_host (VaStore *store, const VaStoredHost *host, JsonObject *entry, GError **error)
{
  return store->backend->class->put_host (store->backend, host, entry, error);
}

GPtrArray *
va_store_list_hosts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
{
  return store->backend->class->list_hosts (store->backend, page, more, error);
}

VaStoredHost *
va_store_get_host (VaStore *store, const char *name, GError **error)
{
  return store->backend->class->get_host (store->backend, name, error);
}
