/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include <unistd.h>
#include "cli/answer.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/operand.h"
#include "cli/passphrase.h"
#include "cli/print.h"
#include "cli/secret-text.h"
#include "tee/sev/packet.h"

static VaSecret *
read_secret_value (const char *path, GError **error)
{
  if (path != NULL && !g_str_equal (path, "-"))
    return va_secret_from_path (path, VA_SECRET_TABLE_MAX, error);
  if (path == NULL && isatty (STDIN_FILENO))
    return va_passphrase_ask (error);
  return va_fd_read_secret (STDIN_FILENO, VA_SECRET_TABLE_MAX, error);
}

/* Whether another secret is gone now must not be overlooked. */
static void
print_stored (const char *name, gsize size, JsonObject *replaced)
{
  g_autofree char *time = va_print_time (va_answer_number (replaced, "created"));

  if (replaced == NULL)
    va_print_line (ngettext ("stored “%s”, %zu byte: new", "stored “%s”, %zu bytes: new", size), name, size);
  else
    va_print_line (ngettext ("stored “%s”, %zu byte: it replaced the one of %s (%" PRId64 " bytes), which was deleted",
                             "stored “%s”, %zu bytes: it replaced the one of %s (%" PRId64 " bytes), which was deleted",
                             size),
                   name, size, time, va_answer_number (replaced, "size"));
}

/* The GUID that a secret is stored under, and whose guest's program looks for it. */
typedef struct {
  char before[37]; /* "": the name is new, or what is stored cannot be read */
  char now[37];
} Guids;

/* What is stored already decides nothing but what is said: so it may change until the secret is put there. */
static gboolean
find_stored (VaCall *call, Guids *guids, GError **error)
{
  g_autofree char *path = va_operand_secret_path (call, call->operands[0]);
  g_autoptr(JsonObject) stored = NULL;
  g_autoptr(GError) reason = NULL;

  if (va_call_ask (call, "GET", path, NULL, &stored, &reason))
    g_strlcpy (guids->before, va_answer_text (stored, "guid") != NULL ? va_answer_text (stored, "guid") : "",
               sizeof guids->before);
  else if (reason->domain != VA_PROBLEM_ERROR)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  return TRUE;
}

/* Guests would not find a secret again whose GUID was changed in passing. */
static VaExit
check_stored (VaCall *call, const char *guid, Guids *guids)
{
  g_autofree char *canonical = va_uuid_canonical (guid != NULL ? guid : VA_GUID_LUKS_PASSPHRASE, NULL);
  g_autoptr(GError) error = NULL;

  g_strlcpy (guids->now, canonical, sizeof guids->now);
  if (!find_stored (call, guids, &error))
    return va_call_fail (error);
  if (guid != NULL || guids->before[0] == '\0' || g_str_equal (guids->before, guids->now))
    return VA_EXIT_YES;
  return va_call_usage (call,
                        _("“%s” is stored under the GUID %s, and without --guid it would become a LUKS passphrase: "
                          "give --guid %s "
                          "to keep the GUID, or --guid %s to change it"),
                        call->operands[0], guids->before, guids->before, guids->now);
}

static VaExit
send_secret (VaCall *call, const char *path, VaSecret *secret, const Guids *guids)
{
  g_autoptr(JsonObject) reply = NULL;
  g_autoptr(GError) error = NULL;

  if (va_secret_size (secret) == 0)
    {
      va_print_error_line ("virt-attest: %s", _("the secret is empty"));
      return VA_EXIT_REFUSED;
    }
  if (!va_call_put (call, path, va_secret_data (secret), va_secret_size (secret), NULL, &reply, &error))
    return va_call_fail (error);
  if (call->json)
    va_print_json (reply);
  else
    print_stored (call->operands[0], va_secret_size (secret), va_answer_object (reply, "replaced"));
  if (!call->json && guids->before[0] != '\0' && !g_str_equal (guids->before, guids->now))
    va_print_line (_("its GUID is now %s; the previous one had %s"), guids->now, guids->before);
  return VA_EXIT_YES;
}

static char *
make_secret_path (const VaCall *call, const char *guid)
{
  g_autofree char *path = va_operand_secret_path (call, call->operands[0]);
  g_autofree char *canonical = guid != NULL ? va_uuid_canonical (guid, NULL) : NULL;

  if (path == NULL)
    return NULL;
  if (guid == NULL)
    return g_strconcat (path, "?type=luks-passphrase", NULL);
  if (canonical != NULL)
    return g_strconcat (path, "?guid=", canonical, NULL);
  va_call_usage (call, "%s", _("--guid: expected a GUID, 8-4-4-4-12 hexadecimal digits"));
  return NULL;
}

/* The GUID under which guests look for a LUKS passphrase, given as such. */
static gboolean
is_passphrase_guid (const char *text)
{
  guint8 guid[VA_GUID_SIZE];

  return va_guid_parse (text, guid, NULL) && va_secret_guid_is_passphrase (guid);
}

VaExit
va_verb_secret_put (VaCall *call)
{
  g_autofree char *file = NULL;
  g_autofree char *guid = NULL;
  gboolean strip = FALSE;
  const GOptionEntry options[] = {
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &file, N_("Read it from FILE, or - for standard input [-]"), N_("FILE") },
    { "guid", 0, 0, G_OPTION_ARG_STRING, &guid, N_("GUID under which the guest looks for it [a LUKS passphrase]"),
      N_("GUID") },
    VA_SECRET_STRIP (&strip),
    { NULL },
  };
  g_autoptr(VaSecret) secret = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  Guids guids = { "", "" };
  VaExit code;

  if (!va_call_parse (call, options, 1, 1))
    return VA_EXIT_USAGE;
  path = make_secret_path (call, guid);
  if (path == NULL)
    return VA_EXIT_USAGE;
  secret = read_secret_value (file, &error);
  if (secret == NULL)
    return va_call_fail (error);
  code = check_stored (call, guid, &guids);
  if (code != VA_EXIT_YES)
    return code;
  va_secret_text_look (secret, file != NULL && !g_str_equal (file, "-") ? file : _("standard input"),
                       guid == NULL || is_passphrase_guid (guid), strip);
  return send_secret (call, path, secret, &guids);
}
