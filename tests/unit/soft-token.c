/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "soft-token.h"

#include <string.h>

#define SO_PIN "security-officer"
#define LABEL_SIZE 32

static const char *const modules[] = { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so" };

typedef struct {
  struct ck_function_list *module;
  ck_slot_id_t slot;
  ck_session_handle_t session;
  gboolean started; /* the module was not in use already */
} Visit;

static void
must (ck_rv_t rv, const char *what)
{
  if (rv != CKR_OK)
    g_error ("SoftHSM, %s: %s (0x%lx)", what, p11_kit_strerror (rv), rv);
}

const char *
soft_token_module (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (modules); i++)
    if (g_file_test (modules[i], G_FILE_TEST_EXISTS))
      return modules[i];
  return NULL;
}

void
soft_token_configure (const char *folder, const char *more)
{
  g_autofree char *conf = g_build_filename (folder, "softhsm2.conf", NULL);
  g_autofree char *tokens = g_build_filename (folder, "tokens", NULL);
  g_autofree char *text = g_strdup_printf ("directories.tokendir = %s\nobjectstore.backend = file\n"
                                           "log.level = ERROR\n%s",
                                           tokens, more);

  g_assert_cmpint (g_mkdir_with_parents (tokens, 0700), ==, 0);
  g_assert_true (g_file_set_contents (conf, text, -1, NULL));
  g_setenv ("SOFTHSM2_CONF", conf, TRUE);
}

/* Past p11-kit's own layer, so that what is done to sessions here is done to those of others too. */
static void
begin (Visit *visit)
{
  ck_rv_t rv;

  visit->module = p11_kit_module_load (soft_token_module (), P11_KIT_MODULE_UNMANAGED);
  g_assert_nonnull (visit->module);
  rv = p11_kit_module_initialize (visit->module);
  visit->started = rv != CKR_CRYPTOKI_ALREADY_INITIALIZED;
  if (visit->started)
    must (rv, "C_Initialize");
}

static void
end (Visit *visit)
{
  if (visit->started)
    must (p11_kit_module_finalize (visit->module), "C_Finalize");
  p11_kit_module_release (visit->module);
}

/* The slot of the token @label; %NULL: one without a token. */
static void
find_slot (Visit *visit, const char *label)
{
  ck_slot_id_t slots[16];
  unsigned long n = G_N_ELEMENTS (slots);
  g_autofree char *padded = label != NULL ? g_strdup_printf ("%-*s", LABEL_SIZE, label) : NULL;

  must (visit->module->C_GetSlotList (TRUE, NULL, &n), "C_GetSlotList");
  g_assert_cmpuint (n, <=, G_N_ELEMENTS (slots));
  must (visit->module->C_GetSlotList (TRUE, slots, &n), "C_GetSlotList");
  for (unsigned long i = 0; i < n; i++)
    {
      struct ck_token_info info;

      must (visit->module->C_GetTokenInfo (slots[i], &info), "C_GetTokenInfo");
      visit->slot = slots[i];
      if (padded == NULL ? !(info.flags & CKF_TOKEN_INITIALIZED) : memcmp (info.label, padded, LABEL_SIZE) == 0)
        return;
    }
  g_error ("SoftHSM has no such slot");
}

void
soft_token_make (const char *label)
{
  g_autofree char *padded = g_strdup_printf ("%-*s", LABEL_SIZE, label);
  Visit visit;

  begin (&visit);
  find_slot (&visit, NULL);
  must (visit.module->C_InitToken (visit.slot, (guint8 *) SO_PIN, strlen (SO_PIN), (guint8 *) padded), "C_InitToken");
  find_slot (&visit, label);
  must (visit.module->C_OpenSession (visit.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &visit.session),
        "C_OpenSession");
  must (visit.module->C_Login (visit.session, CKU_SO, (guint8 *) SO_PIN, strlen (SO_PIN)), "C_Login");
  must (visit.module->C_InitPIN (visit.session, (guint8 *) SOFT_TOKEN_PIN, strlen (SOFT_TOKEN_PIN)), "C_InitPIN");
  must (visit.module->C_Logout (visit.session), "C_Logout");
  must (visit.module->C_CloseSession (visit.session), "C_CloseSession");
  end (&visit);
}

static void
log_in (Visit *visit, const char *token)
{
  ck_rv_t rv;

  begin (visit);
  find_slot (visit, token);
  must (visit->module->C_OpenSession (visit->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &visit->session),
        "C_OpenSession");
  rv = visit->module->C_Login (visit->session, CKU_USER, (guint8 *) SOFT_TOKEN_PIN, strlen (SOFT_TOKEN_PIN));
  if (rv != CKR_USER_ALREADY_LOGGED_IN)
    must (rv, "C_Login");
}

static void
log_out (Visit *visit)
{
  must (visit->module->C_CloseSession (visit->session), "C_CloseSession");
  end (visit);
}

static void
add_aes (Visit *visit, const SoftKey *key)
{
  guint8 yes = 1, sensitive = !key->readable, extractable = key->extractable, encrypt = !key->no_encrypt,
         decrypt = !key->no_decrypt;
  unsigned long size = key->bits / 8;
  struct ck_mechanism mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
  struct ck_attribute template[] = { { CKA_TOKEN, &yes, 1 },
                                     { CKA_PRIVATE, &yes, 1 },
                                     { CKA_LABEL, (char *) key->label, strlen (key->label) },
                                     { CKA_VALUE_LEN, &size, sizeof size },
                                     { CKA_SENSITIVE, &sensitive, 1 },
                                     { CKA_EXTRACTABLE, &extractable, 1 },
                                     { CKA_ENCRYPT, &encrypt, 1 },
                                     { CKA_DECRYPT, &decrypt, 1 } };
  ck_object_handle_t handle;

  must (visit->module->C_GenerateKey (visit->session, &mechanism, template, G_N_ELEMENTS (template), &handle),
        "C_GenerateKey");
}

static void
add_rsa (Visit *visit, const SoftKey *key)
{
  guint8 yes = 1, exponent[] = { 1, 0, 1 }, sensitive = !key->readable, extractable = key->extractable,
         decrypt = !key->no_decrypt, sign = !key->no_sign, each_time = key->asks_each_time;
  unsigned long bits = key->bits;
  struct ck_mechanism mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
  struct ck_attribute public[] = { { CKA_TOKEN, &yes, 1 },
                                   { CKA_LABEL, (char *) key->label, strlen (key->label) },
                                   { CKA_ENCRYPT, &yes, 1 },
                                   { CKA_MODULUS_BITS, &bits, sizeof bits },
                                   { CKA_PUBLIC_EXPONENT, exponent, sizeof exponent } };
  struct ck_attribute private[] = { { CKA_TOKEN, &yes, 1 },
                                    { CKA_PRIVATE, &yes, 1 },
                                    { CKA_LABEL, (char *) key->label, strlen (key->label) },
                                    { CKA_SENSITIVE, &sensitive, 1 },
                                    { CKA_EXTRACTABLE, &extractable, 1 },
                                    { CKA_DECRYPT, &decrypt, 1 },
                                    { CKA_SIGN, &sign, 1 },
                                    { CKA_ALWAYS_AUTHENTICATE, &each_time, 1 } };
  ck_object_handle_t public_handle, handle;

  must (visit->module->C_GenerateKeyPair (visit->session, &mechanism, public, G_N_ELEMENTS (public), private,
                                          G_N_ELEMENTS (private), &public_handle, &handle),
        "C_GenerateKeyPair");
  if (key->no_public)
    must (visit->module->C_DestroyObject (visit->session, public_handle), "C_DestroyObject");
}

void
soft_token_add (const char *token, const SoftKey *key)
{
  Visit visit;

  log_in (&visit, token);
  (key->rsa ? add_rsa : add_aes) (&visit, key);
  log_out (&visit);
}

void
soft_token_import (const char *token, const char *label, const guint8 *bytes, gsize size)
{
  guint8 yes = 1, no = 0;
  ck_object_class_t class = CKO_SECRET_KEY;
  ck_key_type_t type = CKK_AES;
  struct ck_attribute template[] = { { CKA_CLASS, &class, sizeof class },
                                     { CKA_KEY_TYPE, &type, sizeof type },
                                     { CKA_TOKEN, &yes, 1 },
                                     { CKA_PRIVATE, &yes, 1 },
                                     { CKA_LABEL, (char *) label, strlen (label) },
                                     { CKA_SENSITIVE, &yes, 1 },
                                     { CKA_EXTRACTABLE, &no, 1 },
                                     { CKA_ENCRYPT, &yes, 1 },
                                     { CKA_DECRYPT, &yes, 1 },
                                     { CKA_VALUE, (guint8 *) bytes, size } };
  ck_object_handle_t handle;
  Visit visit;

  log_in (&visit, token);
  must (visit.module->C_CreateObject (visit.session, template, G_N_ELEMENTS (template), &handle), "C_CreateObject");
  log_out (&visit);
}

gsize
soft_token_encrypt (const char *token, const char *label, const guint8 *data, gsize size, guint8 *out, gsize room)
{
  ck_object_class_t class = CKO_PUBLIC_KEY;
  struct ck_attribute template[] = { { CKA_CLASS, &class, sizeof class },
                                     { CKA_LABEL, (char *) label, strlen (label) } };
  struct ck_rsa_pkcs_oaep_params params = { CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 };
  struct ck_mechanism mechanism = { CKM_RSA_PKCS_OAEP, &params, sizeof params };
  ck_object_handle_t key;
  unsigned long n = 0, got = room;
  Visit visit;

  log_in (&visit, token);
  must (visit.module->C_FindObjectsInit (visit.session, template, G_N_ELEMENTS (template)), "C_FindObjectsInit");
  must (visit.module->C_FindObjects (visit.session, &key, 1, &n), "C_FindObjects");
  must (visit.module->C_FindObjectsFinal (visit.session), "C_FindObjectsFinal");
  g_assert_cmpuint (n, ==, 1);
  must (visit.module->C_EncryptInit (visit.session, &mechanism, key), "C_EncryptInit");
  must (visit.module->C_Encrypt (visit.session, (guint8 *) data, size, out, &got), "C_Encrypt");
  log_out (&visit);
  return got;
}

void
soft_token_drop_sessions (const char *token)
{
  Visit visit;

  begin (&visit);
  find_slot (&visit, token);
  must (visit.module->C_CloseAllSessions (visit.slot), "C_CloseAllSessions");
  end (&visit);
}
