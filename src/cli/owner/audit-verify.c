/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "audit/export.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/print.h"

#define RECEIPT_MAX (4 * 1024 * 1024)
#define CA_MAX (256 * 1024)

/* What is checked. */
typedef struct {
  const VaCall *call;
  const char *export;
  char **receipts;
  VaVerifier *verifier;
  guint signed_records; /* of the receipts */
  gboolean signer_known;
} Verification;

static void
count_record (const char *text, const VaCheckpoint *checkpoint, gpointer count)
{
  (void) text, (void) checkpoint;
  ++*(guint *) count;
}

/* A file that cannot be read is another thing than one that does not hold. */
static gboolean
check_receipts (Verification *verification, VaAuditCheck *check, gboolean *broken, GError **error)
{
  for (guint i = 0; verification->receipts != NULL && verification->receipts[i] != NULL; i++)
    {
      const char *path = verification->receipts[i];
      g_autofree char *text = va_file_read_text (path, RECEIPT_MAX, error);

      *broken = text == NULL;
      if (text == NULL)
        return FALSE;
      if (va_receipt_check (verification->verifier, text, count_record, &verification->signed_records, error)
          && va_audit_check_receipt (check, text, error))
        continue;
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_lines (FILE *file, VaAuditCheck *check, GError **error)
{
  g_autofree char *line = NULL; /* by malloc(), which g_free() is for too */
  size_t room = 0;
  ssize_t length;

  while ((length = getline (&line, &room, file)) >= 0)
    {
      if (length > 0 && line[length - 1] == '\n')
        line[--length] = '\0';
      if (strlen (line) != (gsize) length)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("a line contains a zero byte"));
          return FALSE;
        }
      if (!va_audit_check_line (check, line, error))
        return FALSE;
    }
  return va_audit_check_end (check, error);
}

static gboolean
check_export (const Verification *verification, VaAuditCheck *check, gboolean *broken, GError **error)
{
  FILE *file = fopen (verification->export, "re");
  gboolean ok;

  *broken = file == NULL;
  if (file == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "%s: %s", verification->export, g_strerror (errno));
      return FALSE;
    }
  ok = read_lines (file, check, error);
  if (ferror (file) != 0)
    {
      *broken = TRUE;
      g_clear_error (error);
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("%s: cannot be read"), verification->export);
      ok = FALSE;
    }
  if (!ok && !*broken)
    g_prefix_error (error, "%s: ", verification->export);
  fclose (file);
  return ok;
}

static void
print_found (const Verification *verification, const VaAuditFound *found)
{
  g_autofree char *time = va_print_time (found->covered_time / 1000);
  g_autofree char *pruned = va_print_time (found->pruned_time / 1000);

  if (verification->call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();

      json_object_set_boolean_member (object, "valid", TRUE);
      json_object_set_string_member (object, "signer", va_verifier_found (verification->verifier));
      json_object_set_int_member (object, "records", (gint64) (found->records - found->pruned));
      json_object_set_int_member (object, "pruned", (gint64) found->pruned);
      json_object_set_int_member (object, "hidden", (gint64) found->hidden);
      json_object_set_int_member (object, "checkpoints", (gint64) found->checkpoints);
      json_object_set_int_member (object, "receipt-records", verification->signed_records);
      va_print_json (object);
      return;
    }
  if (verification->export != NULL)
    printf (ngettext ("ok: %" PRIu64 " record (as digests only: %" PRIu64 "; checkpoints: %" PRIu64
                      "), signed up to %s\n",
                      "ok: %" PRIu64 " records (as digests only: %" PRIu64 "; checkpoints: %" PRIu64
                      "), signed up to %s\n",
                      (gulong) (found->records - found->pruned)),
            found->records - found->pruned, found->hidden, found->checkpoints, time);
  if (found->pruned > 0)
    printf (_("The log was pruned: it begins with record %" PRIu64 ", after %s\n"), found->pruned + 1, pruned);
  if (verification->signed_records > 0)
    printf (verification->export != NULL
              ? ngettext ("ok: %u receipt record is in the log\n", "ok: %u receipt records are all in the log\n",
                          verification->signed_records)
              : ngettext ("ok: %u receipt record is signed by the service\n",
                          "ok: %u receipt records are all signed by the service\n", verification->signed_records),
            verification->signed_records);
}

/* Nothing here says whose signature is expected, and every server of the site could have made one. */
static VaExit
ask_for_signer (const char *found)
{
  g_printerr (_("virt-attest: everything is consistent and was signed by “%s”. If that is your service, pass --signer "
                "%s, or set its url in client.conf\n"),
              found, found);
  return VA_EXIT_REFUSED;
}

static VaExit
verify_export (Verification *verification)
{
  g_autoptr(VaAuditCheck) check = va_audit_check_new (verification->verifier);
  g_autoptr(GError) error = NULL;
  gboolean broken = FALSE;

  if (check_receipts (verification, check, &broken, &error)
      && (verification->export == NULL || check_export (verification, check, &broken, &error)))
    {
      if (!verification->signer_known)
        return ask_for_signer (va_verifier_found (verification->verifier));
      print_found (verification, va_audit_check_found (check));
      return VA_EXIT_YES;
    }
  va_print_error_line ("virt-attest: %s", error->message);
  return broken ? VA_EXIT_BROKEN : VA_EXIT_REFUSED;
}

VaExit
va_verb_audit_verify (VaCall *call)
{
  g_auto(GStrv) receipts = NULL;
  g_autofree char *signer = NULL;
  const GOptionEntry options[] = {
    { "signer", 0, 0, G_OPTION_ARG_STRING, &signer, N_("The service's DNS name or IP address [that in the url]"),
      N_("NAME") },
    { "receipt", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &receipts, N_("A receipt that must match; may be repeated"),
      N_("FILE") },
    { NULL },
  };
  g_autofree char *ca = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(VaVerifier) verifier = NULL;
  Verification verification = { .call = call };

  if (!va_call_parse (call, options, 0, 1))
    return VA_EXIT_USAGE;
  if (call->n_operands == 0 && receipts == NULL)
    return va_call_usage (call, "%s", _("give an EXPORT, or at least one --receipt"));
  if (va_call_find_ca (call, &error))
    ca = va_file_read_text (call->ca, CA_MAX, &error);
  if (ca != NULL && (signer != NULL || va_call_find_host (call, &signer, &error)))
    verifier = va_verifier_new (ca, signer, &error);
  if (verifier == NULL)
    {
      va_print_error_line ("virt-attest: %s", error->message);
      return VA_EXIT_BROKEN;
    }
  verification.export = call->n_operands > 0 ? call->operands[0] : NULL;
  verification.receipts = receipts;
  verification.verifier = verifier;
  verification.signer_known = signer != NULL;
  return verify_export (&verification);
}
