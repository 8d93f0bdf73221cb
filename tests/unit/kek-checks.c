/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek-checks.h"

VaKek *
open_kek (const VaKekSettings *settings)
{
  g_autoptr(GError) error = NULL;
  VaKek *kek = va_kek_open (settings, &error);

  g_assert_no_error (error);
  g_assert_nonnull (kek);
  return kek;
}

void
assert_unwraps (VaKek *kek, const VaSealLabel *label, GBytes *wrapped, VaSecret *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) key = va_kek_unwrap (kek, label, wrapped, &error);

  g_assert_no_error (error);
  g_assert_true (va_secret_equal (key, expected));
}
