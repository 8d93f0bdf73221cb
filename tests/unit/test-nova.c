/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/nova.h"
#include "core/error.h"

static const char project[] = "5ca1ab1e000040008000000000000001";
static const char image[] = "6f1d2c3b-4a59-4e87-9d10-0123456789ab";

/* As Python's uuid.uuid5 (uuid.NAMESPACE_OID, …) has them: owners compute them, too. */
static void
test_ids (void)
{
  g_autofree char *by_image = va_nova_id_by_image (project, image),
                  *by_flavor = va_nova_id_by_flavor (project, "m1.sev");

  g_assert_cmpstr (by_image, ==, "c771a505-5a9a-5e44-8ab9-cf0c20983783");
  g_assert_cmpstr (by_flavor, ==, "3c051be2-aa1d-588d-9b84-3e06f970acd4");
}

/* What people paste, and what Nova writes for it. */
static void
test_spelling (void)
{
  static const char *const projects[] = { project, "5CA1AB1E000040008000000000000001",
                                          "5ca1ab1e-0000-4000-8000-000000000001" };
  static const char *const images[] = { image, "6F1D2C3B-4A59-4E87-9D10-0123456789AB",
                                        "6f1d2c3b4a594e879d100123456789ab" };
  static const char *const wrong[] = { "",
                                       "admin",
                                       "5ca1ab1e00004000800000000000001",
                                       "5ca1ab1e0000400080000000000000011",
                                       "5ca1ab1e-00004000-8000-000000000001",
                                       "5ca1ab1e00004000800000000000000g",
                                       " 5ca1ab1e000040008000000000000001" };

  for (guint i = 0; i < G_N_ELEMENTS (projects); i++)
    {
      g_autofree char *one = va_nova_project (projects[i], NULL), *other = va_nova_image (images[i], NULL);

      g_assert_cmpstr (one, ==, project);
      g_assert_cmpstr (other, ==, image);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(GError) of_project = NULL, of_image = NULL;

      g_assert_null (va_nova_project (wrong[i], &of_project));
      g_assert_error (of_project, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
      g_assert_null (va_nova_image (wrong[i], &of_image));
      g_assert_error (of_image, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nova/ids", test_ids);
  g_test_add_func ("/nova/spelling", test_spelling);
  return g_test_run ();
}
