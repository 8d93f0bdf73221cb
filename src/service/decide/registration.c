/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/registration.h"

#include <string.h>
#include "core/i18n.h"
#include "kek/seal.h"

#define ENTRY_HEAD (VA_GUID_SIZE + 4) /* GUID, length u32 little-endian */

/* The registration's JSON with secrets by name only. */
static char *
text_without_data (VaRegistration *registration)
{
  g_autoptr(GPtrArray) named = g_ptr_array_new ();
  g_autoptr(JsonObject) object = NULL;
  GPtrArray *all = registration->secrets;

  for (guint i = 0; i < all->len; i++)
    if (((VaSecretRef *) all->pdata[i])->name != NULL)
      g_ptr_array_add (named, all->pdata[i]);
  registration->secrets = named;
  object = va_registration_write (registration, FALSE);
  registration->secrets = all;
  return va_json_print (object);
}

/* Inline secrets one behind the other: GUID, length, data. */
static VaSecret *
pack_inline (GPtrArray *secrets)
{
  gsize size = 0;
  VaSecret *packed;
  guint8 *out;

  for (guint i = 0; i < secrets->len; i++)
    {
      const VaSecretRef *ref = secrets->pdata[i];

      size += ref->name == NULL ? ENTRY_HEAD + va_secret_size (ref->data) : 0;
    }
  packed = va_secret_new (size);
  out = va_secret_data (packed);
  for (guint i = 0; i < secrets->len; i++)
    {
      const VaSecretRef *ref = secrets->pdata[i];
      guint32 length;

      if (ref->name != NULL)
        continue;
      length = GUINT32_TO_LE ((guint32) va_secret_size (ref->data));
      memcpy (out, ref->guid, VA_GUID_SIZE);
      memcpy (out + VA_GUID_SIZE, &length, sizeof length);
      memcpy (out + ENTRY_HEAD, va_secret_data (ref->data), va_secret_size (ref->data));
      out += ENTRY_HEAD + va_secret_size (ref->data);
    }
  return packed;
}

static gboolean
unpack_inline (VaSecret *packed, GPtrArray *secrets)
{
  const guint8 *data = va_secret_data (packed);
  gsize left = va_secret_size (packed);

  while (left >= ENTRY_HEAD)
    {
      VaSecretRef *ref;
      guint32 length;

      memcpy (&length, data + VA_GUID_SIZE, sizeof length);
      length = GUINT32_FROM_LE (length);
      if (length > left - ENTRY_HEAD)
        return FALSE;
      ref = g_new0 (VaSecretRef, 1);
      memcpy (ref->guid, data, VA_GUID_SIZE);
      ref->data = va_secret_copy_in (data + ENTRY_HEAD, length);
      g_ptr_array_add (secrets, ref);
      data += ENTRY_HEAD + length;
      left -= ENTRY_HEAD + length;
    }
  return left == 0;
}

/* Names of the secrets, %NULL-terminated; borrowed. */
static GPtrArray *
secret_names (const VaRegistration *registration)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < registration->secrets->len; i++)
    {
      const VaSecretRef *ref = registration->secrets->pdata[i];

      if (ref->name != NULL)
        g_ptr_array_add (names, ref->name);
    }
  g_ptr_array_add (names, NULL);
  return names;
}

gboolean
va_registration_keep (VaStore *store, const char *owner, const char *id, VaRegistration *registration, gint64 now,
                      const VaExpected *expected, gboolean *is_new, VaAuditEntry *entry, GError **error)
{
  g_autoptr(VaStoredRegistration) stored = g_new0 (VaStoredRegistration, 1);
  g_autoptr(VaSecret) inline_secrets = pack_inline (registration->secrets);
  g_autoptr(GPtrArray) names = secret_names (registration);

  stored->id = g_strdup (id);
  stored->owner = g_strdup (owner);
  stored->text = text_without_data (registration);
  stored->created = now / 1000;
  return va_store_put_registration (store, stored, inline_secrets, (const char *const *) names->pdata,
                                    (const char *const *) registration->firmware_hashes, expected, is_new, entry,
                                    error);
}

static VaRegistration *
parse_text (const char *text)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), NULL);

  return object != NULL ? va_registration_read_stored (object, NULL) : NULL;
}

/* Takes apart what text_without_data() and pack_inline() made. */
static VaRegistration *
put_together (const char *text, VaSecret *inline_secrets)
{
  g_autoptr(VaRegistration) registration = parse_text (text);

  return registration != NULL && unpack_inline (inline_secrets, registration->secrets) ? g_steal_pointer (&registration)
                                                                                       : NULL;
}

static gboolean
set_broken (const char *id, GError **error)
{
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("the stored registration %s cannot be read"), id);
  return FALSE;
}

VaRegistration *
va_registration_open (VaStore *store, const VaStoredRegistration *stored, GError **error)
{
  g_autoptr(VaSecret) inline_secrets = va_store_open_registration (store, stored, error);
  VaRegistration *registration;

  if (inline_secrets == NULL)
    return NULL;
  registration = put_together (stored->text, inline_secrets);
  if (registration == NULL)
    set_broken (stored->id, error);
  return registration;
}

gboolean
va_registration_open_parts (VaStore *store, const VaStoredRegistration *stored, VaRegistration **parsed,
                            GPtrArray *secrets, GError **error)
{
  g_autoptr(VaSecret) inline_secrets = va_store_open_registration (store, stored, error);

  if (inline_secrets == NULL)
    return FALSE;
  if (*parsed == NULL)
    *parsed = parse_text (stored->text);
  return (*parsed != NULL && unpack_inline (inline_secrets, secrets)) || set_broken (stored->id, error);
}

gboolean
va_registration_propose (VaStore *store, VaStoredProposal *proposal, VaRegistration *registration, VaAuditEntry *entry,
                         GError **error)
{
  g_autoptr(VaSecret) inline_secrets = registration != NULL ? pack_inline (registration->secrets) : va_secret_new (0);

  proposal->text = registration != NULL ? text_without_data (registration) : g_strdup ("");
  return va_store_put_proposal (store, proposal, inline_secrets, entry, error);
}

gboolean
va_registration_proposed (VaStore *store, const VaStoredProposal *proposal, VaRegistration **registration,
                          GError **error)
{
  g_autoptr(VaSecret) inline_secrets = va_store_open_proposal (store, proposal, error);

  *registration = NULL;
  if (inline_secrets == NULL || proposal->text[0] == '\0')
    return inline_secrets != NULL;
  *registration = put_together (proposal->text, inline_secrets);
  return *registration != NULL || set_broken (proposal->vm, error);
}

JsonObject *
va_registration_answer (const VaStoredRegistration *stored, const VaRegistration *registration, gint64 now,
                        VaReplacedRegistration *replaced)
{
  gboolean approved = stored->approved > 0 && stored->approved_until > now;
  const VaRegistrationAnswer answer = {
    .registration = *registration,
    .id = stored->id,
    .created = stored->created,
    .launches = stored->launches,
    .running = stored->running,
    .approved = approved ? stored->approved : 0,
    .approved_until = approved ? stored->approved_until / 1000 : 0,
    .replaced = replaced,
  };

  return va_registration_answer_write (&answer);
}
