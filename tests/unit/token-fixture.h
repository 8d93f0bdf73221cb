/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kek-checks.h"
#include "kek/kek.h"
#include "kek/seal.h"
#include "soft-token.h"

/** A token with keys for each test, and what must open with them or fail. */

#define AES "pkcs11:token=one;object=aes;type=secret-key"
#define RSA "pkcs11:token=one;object=rsa;type=private"
#define WRONG_PIN "0815-wrong"

extern const VaSealLabel label;

typedef struct {
  char *folder, *tokens, *pin;
  VaSecret *data_key;
} Fixture;
/** write_pin: the file with the PIN, with these permission bits. */
void write_pin (Fixture *fixture, const char *text, int mode);
/** set_up: a token “one” with an AES and an RSA key that will do. */
void set_up (Fixture *fixture, gconstpointer unused);
/** tear_down: removes it. */
void tear_down (Fixture *fixture, gconstpointer unused);
/** settings_for: with the PIN’s file and the module; strings are borrowed. */
VaKekSettings settings_for (const Fixture *fixture, const char *uri);
/** open_uri: opens the key, which must succeed. Returns: (transfer full). */
VaKek *open_uri (const Fixture *fixture, const char *uri);
/** assert_message: @words are in it, and no PIN is. */
void assert_message (const GError *error, const char *words);
/** assert_fails: unwrapping fails with this error, and @words are in its message. */
void assert_fails (VaKek *kek, const VaSealLabel *place, GBytes *wrapped, GQuark domain, int code, const char *words);
/** wrap: the fixture's data key. Returns: (transfer full). */
GBytes *wrap (VaKek *kek, const Fixture *fixture);
/** check_round_trip: the key at @uri wraps and unwraps, and what it wraps has this kind and size. */
void check_round_trip (Fixture *fixture, const char *uri, const char *name, guint8 kind, gsize size);
