/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "kek/token.h"

#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"

#define LABEL_SIZE_MAX 256

static char *
token_label (const struct ck_token_info *info)
{
  g_autofree char *label = p11_kit_space_strdup (info->label, sizeof info->label);

  return g_utf8_make_valid (label, -1);
}

static gboolean
load_modules (VaToken *token, GError **error)
{
  g_autofree struct ck_function_list **one = NULL;
  ck_rv_t rv;

  if (token->module_path == NULL)
    {
      token->at.modules = p11_kit_modules_load_and_initialize (0);
      if (token->at.modules != NULL)
        return TRUE;
      g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN, _("p11-kit cannot load its modules: %s"),
                   p11_kit_message ());
      return FALSE;
    }
  one = g_new0 (struct ck_function_list *, 2);
  one[0] = p11_kit_module_load (token->module_path, 0);
  if (one[0] == NULL)
    {
      g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN, _("the PKCS#11 module %s cannot be loaded: %s"),
                   token->module_path, p11_kit_message ());
      return FALSE;
    }
  rv = p11_kit_module_initialize (one[0]);
  if (rv == CKR_OK)
    {
      token->at.modules = g_steal_pointer (&one);
      return TRUE;
    }
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN, _("the PKCS#11 module %s did not start: %s (0x%lx)"),
               token->module_path, p11_kit_strerror (rv), rv);
  p11_kit_module_release (one[0]);
  return FALSE;
}

static void
unload_modules (VaToken *token)
{
  if (token->at.modules == NULL)
    return;
  if (token->module_path == NULL)
    p11_kit_modules_finalize_and_release (token->at.modules);
  else
    {
      p11_kit_module_finalize (token->at.modules[0]);
      p11_kit_module_release (token->at.modules[0]);
      g_free (token->at.modules);
    }
  token->at.modules = NULL;
}

static void
close_token (VaToken *token)
{
  if (token->at.session != 0)
    token->at.module->C_CloseSession (token->at.session);
  unload_modules (token);
  memset (&token->at, 0, sizeof token->at);
}

/* Whether the URI fits the token in @slot, by everything that it says of library, slot and token. */
static gboolean
uri_fits (VaToken *token, struct ck_function_list *module, ck_slot_id_t slot, const struct ck_token_info *info)
{
  ck_slot_id_t wanted = p11_kit_uri_get_slot_id (token->uri);
  struct ck_info library;
  struct ck_slot_info where;

  return (wanted == (ck_slot_id_t) -1 || wanted == slot) && p11_kit_uri_match_token_info (token->uri, info)
         && module->C_GetSlotInfo (slot, &where) == CKR_OK && p11_kit_uri_match_slot_info (token->uri, &where)
         && module->C_GetInfo (&library) == CKR_OK && p11_kit_uri_match_module_info (token->uri, &library);
}

/* The module's slots with a token in them. */
static GArray *
list_slots (struct ck_function_list *module)
{
  GArray *slots = g_array_new (FALSE, TRUE, sizeof (ck_slot_id_t));
  unsigned long n = 0;

  if (module->C_GetSlotList (TRUE, NULL, &n) == CKR_OK)
    {
      g_array_set_size (slots, (guint) n);
      if (n > 0 && module->C_GetSlotList (TRUE, (ck_slot_id_t *) (gpointer) slots->data, &n) != CKR_OK)
        n = 0;
    }
  g_array_set_size (slots, MIN (slots->len, (guint) n));
  return slots;
}

/* Counts the module's tokens that the URI fits; the last of them stays in token->at. Adds their labels to the lists. */
static guint
look_in_module (VaToken *token, struct ck_function_list *module, GString *fitting, GString *others)
{
  g_autoptr(GArray) slots = list_slots (module);
  guint found = 0;

  for (guint i = 0; i < slots->len; i++)
    {
      ck_slot_id_t slot = g_array_index (slots, ck_slot_id_t, i);
      struct ck_token_info info;
      g_autofree char *label = NULL;
      GString *list = others;

      if (module->C_GetTokenInfo (slot, &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED))
        continue;
      if (uri_fits (token, module, slot, &info))
        {
          list = fitting;
          found++;
          token->at.module = module;
          token->at.slot = slot;
        }
      label = token_label (&info);
      g_string_append_printf (list, "%s“%s”", list->len > 0 ? ", " : "", label);
    }
  return found;
}

static gboolean
find_token (VaToken *token, GError **error)
{
  g_autoptr(GString) fitting = g_string_new (NULL), others = g_string_new (NULL);
  guint found = 0;

  for (guint i = 0; token->at.modules[i] != NULL; i++)
    found += look_in_module (token, token->at.modules[i], fitting, others);
  if (found == 0)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN,
                 _("the token that key-token names was not found; the tokens present are: %s. Check that it is plugged "
                   "in, and that %s is its module"),
                 others->len > 0 ? others->str : _("none"),
                 token->module_path != NULL ? token->module_path
                                            : _("one of p11-kit's modules (p11-kit list-modules)"));
  else if (found > 1)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_TOKEN,
                 _("key-token matches %u tokens: %s. Select one of them with token= or serial="), found, fitting->str);
  return found == 1;
}

static gboolean
open_session (VaToken *token, GError **error)
{
  struct ck_token_info info;
  ck_rv_t rv = token->at.module->C_OpenSession (token->at.slot, CKF_SERIAL_SESSION, NULL, NULL, &token->at.session);

  if (rv != CKR_OK)
    {
      token->at.session = 0;
      return va_token_failed (error, "C_OpenSession", rv);
    }
  rv = token->at.module->C_GetTokenInfo (token->at.slot, &info);
  if (rv != CKR_OK)
    return va_token_failed (error, "C_GetTokenInfo", rv);
  return !(info.flags & CKF_LOGIN_REQUIRED) || va_token_login (token, CKU_USER, &rv, error);
}

/* Counts the keys of @class that the URI fits; the last of them stays in token->at. */
static gboolean
count_keys (VaToken *token, ck_object_class_t class, guint *found, GError **error)
{
  unsigned long n_given, n = 0;
  struct ck_attribute *given = p11_kit_uri_get_attributes (token->uri, &n_given);
  g_autofree struct ck_attribute *template = g_new0 (struct ck_attribute, n_given + 1);
  ck_object_handle_t handles[2];
  unsigned long n_handles = 0;
  ck_rv_t rv;

  for (unsigned long i = 0; i < n_given; i++)
    if (given[i].type != CKA_CLASS)
      template[n++] = given[i];
    else if (*(ck_object_class_t *) given[i].value != class)
      return TRUE;
  template[n++] = (struct ck_attribute){ CKA_CLASS, &class, sizeof class };
  rv = token->at.module->C_FindObjectsInit (token->at.session, template, n);
  if (rv != CKR_OK)
    return va_token_failed (error, "C_FindObjectsInit", rv);
  do
    {
      rv = token->at.module->C_FindObjects (token->at.session, handles, G_N_ELEMENTS (handles), &n_handles);
      if (rv != CKR_OK)
        n_handles = 0;
      *found += (guint) n_handles;
      if (n_handles > 0)
        token->at.key = handles[n_handles - 1];
    }
  while (n_handles > 0);
  token->at.module->C_FindObjectsFinal (token->at.session);
  return rv == CKR_OK || va_token_failed (error, "C_FindObjects", rv);
}

static gboolean
check_token_key (VaToken *token, GError **error)
{
  const VaWrapKind before = token->kind;

  if (!va_token_check_key (token, error))
    return FALSE;
  if (before == 0 || before == token->kind)
    return TRUE;
  token->kind = before;
  g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_KEY, _("key-token now matches a different kind of key than before"));
  return FALSE;
}

static gboolean
find_token_key (VaToken *token, GError **error)
{
  guint found = 0;

  if (!count_keys (token, CKO_SECRET_KEY, &found, error) || !count_keys (token, CKO_PRIVATE_KEY, &found, error))
    return FALSE;
  if (found == 0)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_KEY,
                 _("the token has no secret or private key that matches key-token"));
  else if (found > 1)
    g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_KEY,
                 _("key-token matches %u keys of the token: select one of them with object= or id=, and type="), found);
  return found == 1 && check_token_key (token, error);
}

/* The key's label, or its id in hex. */
static char *
key_label (VaToken *token)
{
  guint8 room[LABEL_SIZE_MAX];
  const ck_attribute_type_t types[] = { CKA_LABEL, CKA_ID };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      struct ck_attribute attribute = { types[i], room, sizeof room };
      g_autofree char *text = NULL;

      if (token->at.module->C_GetAttributeValue (token->at.session, token->at.key, &attribute, 1) != CKR_OK
          || attribute.value_len == 0 || attribute.value_len > sizeof room)
        continue;
      text = g_strndup ((const char *) room, attribute.value_len);
      return types[i] == CKA_LABEL ? g_utf8_make_valid (text, -1) : va_hex_encode (room, attribute.value_len);
    }
  return g_strdup ("?");
}

static char *
make_name (VaToken *token)
{
  struct ck_token_info info = { 0 };
  g_autofree char *key = key_label (token), *label = NULL;

  if (token->at.module->C_GetTokenInfo (token->at.slot, &info) == CKR_OK)
    label = token_label (&info);
  return g_strdup_printf (_("token “%s”, key “%s”"), label != NULL ? label : "?", key);
}

static gboolean
connect_token (VaToken *token, GError **error)
{
  if (load_modules (token, error) && find_token (token, error) && open_session (token, error)
      && find_token_key (token, error))
    return TRUE;
  close_token (token);
  return FALSE;
}

VaToken *
va_token_open (const VaKekSettings *settings, GError **error)
{
  g_autoptr(VaToken) token = g_new0 (VaToken, 1);
  int status;

  g_mutex_init (&token->mutex);
  token->uri = p11_kit_uri_new ();
  status = p11_kit_uri_parse (settings->token, P11_KIT_URI_FOR_ANY, token->uri);
  if (status != P11_KIT_URI_OK)
    {
      g_set_error (error, VA_KEK_ERROR, VA_KEK_ERROR_SETTINGS, _("key-token is not a PKCS#11 URI (RFC 7512): %s"),
                   p11_kit_uri_message (status));
      return NULL;
    }
  if (!va_token_take_settings (token, settings, error) || !connect_token (token, error))
    return NULL;
  token->name = make_name (token);
  return g_steal_pointer (&token);
}

static gboolean
run_locked (VaToken *token, VaTokenWork work, gpointer data, GError **error)
{
  for (guint attempt = 0; attempt < 2; attempt++)
    {
      g_autoptr(GError) reason = NULL;
      ck_rv_t rv = CKR_OK;

      if (token->at.modules == NULL && !connect_token (token, error))
        {
          g_prefix_error (error, _("the session with the token was lost, and the token cannot be opened again: "));
          return FALSE;
        }
      if (work (token, data, &rv, &reason))
        return TRUE;
      if (va_token_is_lost (rv))
        close_token (token);
      if (attempt == 1 || !va_token_is_lost (rv))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
    }
  g_assert_not_reached ();
}

gboolean
va_token_run (VaToken *token, VaTokenWork work, gpointer data, GError **error)
{
  gboolean ok;

  g_mutex_lock (&token->mutex);
  ok = run_locked (token, work, data, error);
  g_mutex_unlock (&token->mutex);
  return ok;
}

const char *
va_token_name (const VaToken *token)
{
  return token->name;
}

VaWrapKind
va_token_kind (const VaToken *token)
{
  return token->kind;
}

void
va_token_free (VaToken *token)
{
  if (token == NULL)
    return;
  close_token (token);
  p11_kit_uri_free (token->uri);
  g_mutex_clear (&token->mutex);
  g_free (token->module_path);
  g_free (token->pin_file);
  g_free (token->name);
  g_free (token);
}
