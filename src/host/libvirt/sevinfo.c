/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/libvirt/sevinfo.h"

#include <libvirt/virterror.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"

static gboolean
take_sevinfo_base64 (virTypedParameterPtr params, int count, const char *name, gpointer out, gsize size)
{
  const char *text = NULL;

  return virTypedParamsGetString (params, count, name, &text) == 1 && va_base64_decode_exact (text, out, size, NULL);
}

static void
take_sevinfo_number (virTypedParameterPtr params, int count, const char *name, guint64 *out)
{
  unsigned int number;

  if (virTypedParamsGetUInt (params, count, name, &number) == 1)
    *out = number;
}

static void
take_cpu_id (virTypedParameterPtr params, int count, VaPlatformInfo *info)
{
  const char *text = NULL;
  g_autoptr(GBytes) id = NULL;

  if (virTypedParamsGetString (params, count, VIR_NODE_SEV_CPU0_ID, &text) != 1)
    return;
  id = va_base64_decode (text, sizeof info->cpu_id, NULL);
  if (id == NULL)
    return;
  info->cpu_id_size = g_bytes_get_size (id);
  memcpy (info->cpu_id, g_bytes_get_data (id, NULL), info->cpu_id_size);
}

static VaSevinfo
fail_sevinfo (GError **error)
{
  virErrorPtr last = virGetLastError ();
  int code = last != NULL ? last->code : VIR_ERR_INTERNAL_ERROR;

  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "libvirt: virNodeGetSEVInfo: %s",
               last != NULL && last->message != NULL ? last->message : _("no reason was given"));
  return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_UNSUPPORTED ? VA_SEVINFO_ABSENT : VA_SEVINFO_UNKNOWN;
}

VaSevinfo
va_sevinfo_ask (virConnectPtr connect, VaPlatformInfo *info, GError **error)
{
  virTypedParameterPtr params = NULL;
  int count = 0;
  gboolean complete;

  /* Two infos are compared as bytes. */
  memset (info, 0, sizeof *info);
  if (virNodeGetSEVInfo (connect, &params, &count, 0) < 0)
    return fail_sevinfo (error);
  complete = take_sevinfo_base64 (params, count, VIR_NODE_SEV_PDH, info->pdh, sizeof info->pdh)
             && take_sevinfo_base64 (params, count, VIR_NODE_SEV_CERT_CHAIN, info->cert_chain, sizeof info->cert_chain);
  take_cpu_id (params, count, info);
  take_sevinfo_number (params, count, VIR_NODE_SEV_CBITPOS, &info->cbitpos);
  take_sevinfo_number (params, count, VIR_NODE_SEV_REDUCED_PHYS_BITS, &info->reduced_phys_bits);
  take_sevinfo_number (params, count, VIR_NODE_SEV_MAX_GUESTS, &info->max_guests);
  take_sevinfo_number (params, count, VIR_NODE_SEV_MAX_ES_GUESTS, &info->max_es_guests);
  virTypedParamsFree (params, count);
  if (complete)
    return VA_SEVINFO_KNOWN;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("libvirt's answer to virNodeGetSEVInfo contains no usable PDH or certificate chain"));
  return VA_SEVINFO_UNKNOWN;
}
