/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/messages.h"

#include "codec/fields.h"
#include "core/i18n.h"

#define CBITPOS_MAX 63
#define GUESTS_MAX G_MAXUINT16
#define TIME_MAX G_GINT64_CONSTANT (253402300799) /* the year 9999 ends */

/* Said or not: a host that does not say whether it has SEV is an old agent's mistake, not a no. */
static gboolean
read_boolean (VaFields *fields, const char *name)
{
  if (!json_object_has_member (fields->object, name))
    va_fields_fail (fields, name, _("is missing"));
  return va_fields_boolean (fields, name, FALSE);
}

VaHostFeatures *
va_host_features_read (JsonObject *object, GError **error)
{
  g_autoptr(VaHostFeatures) features = g_new0 (VaHostFeatures, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("features"));

  features->sev = read_boolean (&fields, "sev");
  features->sev_es = read_boolean (&fields, "sev-es");
  features->gate_loaded = read_boolean (&fields, "gate-loaded");
  features->libvirt_version = va_fields_text (&fields, "libvirt-version", VA_OPTIONAL, VA_NAME_MAX);
  features->qemu_version = va_fields_text (&fields, "qemu-version", VA_OPTIONAL, VA_NAME_MAX);
  features->agent_version = va_fields_text (&fields, "agent-version", VA_OPTIONAL, VA_NAME_MAX);
  va_fields_number (&fields, "cbitpos", VA_OPTIONAL, 0, CBITPOS_MAX, &features->cbitpos);
  va_fields_number (&fields, "reduced-phys-bits", VA_OPTIONAL, 0, CBITPOS_MAX, &features->reduced_phys_bits);
  va_fields_number (&fields, "max-guests", VA_OPTIONAL, 0, GUESTS_MAX, &features->max_guests);
  va_fields_number (&fields, "max-es-guests", VA_OPTIONAL, 0, GUESTS_MAX, &features->max_es_guests);
  va_fields_number (&fields, "certificate-ends", VA_OPTIONAL, 0, TIME_MAX, &features->certificate_ends);
  return va_fields_end (&fields, error) ? g_steal_pointer (&features) : NULL;
}

JsonObject *
va_host_features_write (const VaHostFeatures *features)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "sev", features->sev);
  json_object_set_boolean_member (object, "sev-es", features->sev_es);
  json_object_set_boolean_member (object, "gate-loaded", features->gate_loaded);
  va_json_set_text (object, "libvirt-version", features->libvirt_version);
  va_json_set_text (object, "qemu-version", features->qemu_version);
  va_json_set_text (object, "agent-version", features->agent_version);
  va_json_set_positive (object, "cbitpos", features->cbitpos);
  va_json_set_positive (object, "reduced-phys-bits", features->reduced_phys_bits);
  va_json_set_positive (object, "max-guests", features->max_guests);
  va_json_set_positive (object, "max-es-guests", features->max_es_guests);
  va_json_set_positive (object, "certificate-ends", features->certificate_ends);
  return object;
}

void
va_host_features_free (VaHostFeatures *features)
{
  if (features == NULL)
    return;
  g_free (features->libvirt_version);
  g_free (features->qemu_version);
  g_free (features->agent_version);
  g_free (features);
}
