/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "domain/xml.h"
#include "core/error.h"
#include "core/guid.h"
#include "fuzz.h"

/* What is prepared is ours, and to prepare it again changes nothing. */
static void
check_prepared (const char *xml)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (xml, strlen (xml), &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  g_assert_true (domain->opted_in && domain->confidential && domain->has_blobs);
  g_assert_nonnull (domain->monitor_path);
  again = va_domain_xml_prepare (xml, strlen (xml), &(VaDomainWanted){ NULL }, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, xml);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse ((const char *) data, size, &error);
  g_autofree char *prepared = NULL;

  if (domain == NULL)
    g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
  else if (domain->opted_in)
    {
      g_assert_true (va_uuid_is_canonical (domain->uuid));
      g_assert_nonnull (domain->registration);
    }
  g_clear_error (&error);
  prepared = va_domain_xml_prepare ((const char *) data, size, &(VaDomainWanted){ NULL }, &error);
  if (prepared == NULL)
    g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
  else
    check_prepared (prepared);
  return 0;
}
