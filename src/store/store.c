/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/store.h"

#include <string.h>
#include "core/file.h"
#include "core/i18n.h"
#include "core/random.h"
#include "store/seal.h"
#include "store/sqlite.h"

struct _VaStore
{
  VaBackend *backend;
  VaSeal *seal; /* under the data key */
};

static const VaSealLabel data_key_label = { "data_keys", "1", "data key" };

/* The store's data key: the one that is there, or a new one; sealed under the key-encryption key. */
static VaSeal *
open_data_key (VaBackend *backend, const char *key_file, GError **error)
{
  g_autoptr(VaSecret) kek = va_file_read_secret (key_file, VA_SEAL_KEY_SIZE, error);
  g_autoptr(VaSecret) fresh = va_secret_new (VA_SEAL_KEY_SIZE);
  g_autoptr(VaSeal) outer = kek != NULL ? va_seal_new (kek, error) : NULL;
  g_autoptr(GBytes) candidate = NULL, sealed = NULL;
  g_autoptr(VaSecret) data_key = NULL;

  if (outer == NULL)
    {
      g_prefix_error (error, _("the store's key-encryption key %s: "), key_file);
      return NULL;
    }
  va_random_fill (va_secret_data (fresh), VA_SEAL_KEY_SIZE);
  candidate = va_seal_close (outer, &data_key_label, fresh);
  sealed = backend->class->data_key (backend, candidate, error);
  if (sealed == NULL)
    return NULL;
  data_key = va_seal_open (outer, &data_key_label, sealed, error);
  if (data_key == NULL)
    {
      g_prefix_error (error, _("%s is not the key that this store was made with: "), key_file);
      return NULL;
    }
  return va_seal_new (data_key, error);
}

VaStore *
va_store_open (const char *path, const char *key_file, GError **error)
{
  g_autoptr(VaStore) store = g_new0 (VaStore, 1);

  store->backend = va_sqlite_open (path, error);
  if (store->backend == NULL)
    return NULL;
  store->seal = open_data_key (store->backend, key_file, error);
  return store->seal != NULL ? g_steal_pointer (&store) : NULL;
}

void
va_store_close (VaStore *store)
{
  if (store == NULL)
    return;
  if (store->backend != NULL)
    store->backend->class->close (store->backend);
  va_seal_free (store->seal);
  g_free (store);
}

gboolean
va_store_ping (VaStore *store, GError **error)
{
  return store->backend->class->ping (store->backend, error);
}

gboolean
va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                       JsonObject *entry, GError **error)
{
  return store->backend->class->put_artifact (store->backend, artifact, image, is_new, entry, error);
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
va_store_list_artifacts (VaStore *store, const char *owner, GError **error)
{
  return store->backend->class->list_artifacts (store->backend, owner, error);
}

/* A secret is held in place by owner and name; its GUID too, since that decides who in the guest reads it. */
static char *
secret_row (const VaStoredSecret *secret)
{
  g_autofree char *guid = va_guid_format (secret->guid);

  return g_strjoin ("\n", secret->owner, secret->name, guid, NULL);
}

gboolean
va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, gboolean *is_new, JsonObject *entry, GError **error)
{
  g_autofree char *row = secret_row (secret);
  VaSealLabel label = { "secrets", row, "value" };

  g_clear_pointer (&secret->sealed, g_bytes_unref);
  secret->sealed = va_seal_close (store->seal, &label, value);
  secret->size = va_secret_size (value);
  return store->backend->class->put_secret (store->backend, secret, is_new, entry, error);
}

VaStoredSecret *
va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
{
  return store->backend->class->get_secret (store->backend, owner, name, error);
}

GPtrArray *
va_store_list_secrets (VaStore *store, const char *owner, GError **error)
{
  return store->backend->class->list_secrets (store->backend, owner, error);
}

VaSecret *
va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error)
{
  g_autofree char *row = secret_row (secret);
  VaSealLabel label = { "secrets", row, "value" };

  return va_seal_open (store->seal, &label, secret->sealed, error);
}

gboolean
va_store_remove_secret (VaStore *store, const char *owner, const char *name, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_secret (store->backend, owner, name, entry, error);
}

static char *
registration_row (const VaStoredRegistration *registration)
{
  return g_strjoin ("\n", registration->id, registration->owner, registration->text, NULL);
}

gboolean
va_store_put_registration (VaStore *store, VaStoredRegistration *registration, VaSecret *inline_secrets,
                           const char *const *secrets, const char *const *hashes,
                           const VaExpected *expected, gboolean *is_new, JsonObject *entry, GError **error)
{
  g_autofree char *row = registration_row (registration);
  VaSealLabel label = { "registrations", row, "secrets and rules" };

  g_clear_pointer (&registration->sealed, g_bytes_unref);
  registration->sealed = va_seal_close (store->seal, &label, inline_secrets);
  return store->backend->class->put_registration (store->backend, registration, secrets, hashes, expected, is_new, entry,
                                                  error);
}

VaStoredRegistration *
va_store_get_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  g_autoptr(VaStoredRegistration) registration = store->backend->class->get_registration (store->backend, id, error);

  if (registration == NULL || owner == NULL || g_str_equal (registration->owner, owner))
    return g_steal_pointer (&registration);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("there is no registration %s of yours"), id);
  return NULL;
}

GPtrArray *
va_store_list_registrations (VaStore *store, const char *owner, GError **error)
{
  return store->backend->class->list_registrations (store->backend, owner, error);
}

VaSecret *
va_store_open_registration (VaStore *store, const VaStoredRegistration *registration, GError **error)
{
  g_autofree char *row = registration_row (registration);
  VaSealLabel label = { "registrations", row, "secrets and rules" };

  return va_seal_open (store->seal, &label, registration->sealed, error);
}

gboolean
va_store_remove_registration (VaStore *store, const char *owner, const char *id, gint64 now,
                              const VaExpected *expected, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_registration (store->backend, owner, id, now, expected, entry, error);
}

static char *
proposal_row (const VaStoredProposal *proposal)
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
  g_autofree char *row = proposal_row (proposal);
  VaSealLabel label = { "proposals", row, "secrets and rules" };

  g_clear_pointer (&proposal->sealed, g_bytes_unref);
  proposal->sealed = va_seal_close (store->seal, &label, inline_secrets);
  g_free (proposal->digest);
  proposal->digest = proposal_digest (row, proposal->sealed);
  if (entry != NULL)
    json_object_set_string_member (entry, "proposal", proposal->digest);
  return store->backend->class->put_proposal (store->backend, proposal, entry, error);
}

VaStoredProposal *
va_store_get_proposal (VaStore *store, const char *owner, const char *vm, GError **error)
{
  g_autoptr(VaStoredProposal) proposal = store->backend->class->get_proposal (store->backend, vm, error);

  if (proposal == NULL || g_str_equal (proposal->owner, owner))
    return g_steal_pointer (&proposal);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("nothing is proposed for registration %s"), vm);
  return NULL;
}

VaSecret *
va_store_open_proposal (VaStore *store, const VaStoredProposal *proposal, GError **error)
{
  g_autofree char *row = proposal_row (proposal), *digest = proposal_digest (row, proposal->sealed);
  VaSealLabel label = { "proposals", row, "secrets and rules" };

  if (g_str_equal (digest, proposal->digest))
    return va_seal_open (store->seal, &label, proposal->sealed, error);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_SEAL, _("the stored proposal for %s was changed"), proposal->vm);
  return NULL;
}

gboolean
va_store_remove_proposal (VaStore *store, const char *owner, const char *vm, JsonObject *entry, GError **error)
{
  return store->backend->class->remove_proposal (store->backend, owner, vm, entry, error);
}

/* Everything that is fixed when a launch is made: altered in the database, its keys do not open any more. */
static char *
launch_row (const VaStoredLaunch *launch)
{
  return g_strdup_printf ("%s\n%s\n%s\n%s\n%s\n%u\n%" G_GINT64_FORMAT "\n%s", launch->id, launch->vm, launch->owner,
                          launch->host, launch->domain_uuid, launch->policy, launch->expires, launch->fixed);
}

gboolean
va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table,
                        const VaPermit *permit, JsonObject *entry, GError **error)
{
  g_autofree char *row = launch_row (launch);
  VaSealLabel keys_label = { "launches", row, "keys" }, table_label = { "launches", row, "secret table" };

  g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
  g_clear_pointer (&launch->sealed_table, g_bytes_unref);
  launch->sealed_keys = va_seal_close (store->seal, &keys_label, keys);
  launch->sealed_table = table != NULL ? va_seal_close (store->seal, &table_label, table) : NULL;
  return store->backend->class->create_launch (store->backend, launch, permit, entry, error);
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

GPtrArray *
va_store_list_launches (VaStore *store, const char *owner, const char *vm, guint limit, GError **error)
{
  return store->backend->class->list_launches (store->backend, owner, vm, limit, error);
}

static VaSecret *
open_of_launch (VaStore *store, const VaStoredLaunch *launch, GBytes *sealed, const char *purpose, GError **error)
{
  g_autofree char *row = launch_row (launch);
  VaSealLabel label = { "launches", row, purpose };

  if (sealed != NULL)
    return va_seal_open (store->seal, &label, sealed, error);
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_SEAL, _("launch %s has no %s any more"), launch->id, purpose);
  return NULL;
}

VaSecret *
va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  return open_of_launch (store, launch, launch->sealed_keys, "keys", error);
}

VaSecret *
va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  return open_of_launch (store, launch, launch->sealed_table, "secret table", error);
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
va_store_list_hosts (VaStore *store, GError **error)
{
  return store->backend->class->list_hosts (store->backend, error);
}

gboolean
va_store_note (VaStore *store, JsonObject *entry, GError **error)
{
  return store->backend->class->note (store->backend, entry, error);
}

GPtrArray *
va_store_list_audit (VaStore *store, const VaAuditQuery *query, GError **error)
{
  return store->backend->class->list_audit (store->backend, query, error);
}

gboolean
va_store_audit_head (VaStore *store, VaAuditHead *head, GError **error)
{
  return store->backend->class->audit_head (store->backend, head, error);
}

gboolean
va_store_put_checkpoint (VaStore *store, guint64 seq, const char *text, GError **error)
{
  return store->backend->class->put_checkpoint (store->backend, seq, text, error);
}

GPtrArray *
va_store_list_checkpoints (VaStore *store, guint64 after, guint64 upto, GError **error)
{
  return store->backend->class->list_checkpoints (store->backend, after, upto, error);
}
