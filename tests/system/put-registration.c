/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * put-registration STORE KEK OWNER ID TEXT: a registration of these words, sealed as the service seals it and looked
 * at by nobody: what an earlier version may have taken that this one does not take any more.
 */

#include "kek/kek.h"
#include "store/store.h"

int
main (int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaKek) kek = NULL;
  g_autoptr(VaStore) store = NULL;
  g_autoptr(VaSecret) no_secrets = va_secret_new (0);
  VaStoredRegistration registration = { .created = 1 };
  gboolean is_new;

  if (argc != 6)
    return 2;
  kek = va_kek_open (&(VaKekSettings){ .file = argv[2] }, &error);
  if (kek != NULL)
    store = va_store_open (argv[1], VA_STORE_PRESENT, kek, &error);
  registration.owner = argv[3];
  registration.id = argv[4];
  registration.text = argv[5];
  if (store == NULL
      || !va_store_put_registration (store, &registration, no_secrets, NULL, NULL, NULL, &is_new, NULL, &error))
    g_error ("%s", error->message);
  g_bytes_unref (registration.sealed);
  return 0;
}
