/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/vm-words.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "tee/sev/policy.h"

static guint
count_of (JsonObject *vm, const char *name)
{
  JsonArray *array = va_answer_array (vm, name);

  return array != NULL ? va_answer_length (array) : va_answer_text (vm, name) != NULL;
}

G_GNUC_PRINTF (2, 3)
static void
say_words (GPtrArray *words, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (words, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Whether the policy makes sure of a bit: an exact one has it, a rule demands it. */
static gboolean
policy_ensures (JsonObject *vm, guint32 bit)
{
  JsonObject *rule = va_answer_object (vm, "policy");

  return ((rule != NULL ? va_answer_number (rule, "required") : va_answer_number (vm, "policy")) & bit) != 0;
}

static void
say_policy (GPtrArray *words, JsonObject *vm)
{
  gboolean es = g_strcmp0 (va_answer_text (vm, "scheme"), "amd-sev-es") == 0;

  say_words (words, "%s",
             es ? _("The guest runs under SEV-ES: memory and registers are encrypted.")
                : _("The guest runs under SEV: its memory is encrypted, its registers are not."));
  say_words (words, "%s",
             policy_ensures (vm, VA_POLICY_NODBG) ? _("The host cannot debug it.")
                                                  : _("The host MAY DEBUG it, and so read and change its "
                                                      "memory."));
  if (!policy_ensures (vm, VA_POLICY_NOKS))
    say_words (words, _("Its key may be shared with other guests of the same session (no NOKS)."));
  if (!policy_ensures (vm, VA_POLICY_NOSEND))
    say_words (words, _("The host may send it to another machine (no NOSEND)."));
}

static void
say_measured (GPtrArray *words, JsonObject *vm)
{
  guint firmware = count_of (vm, "firmware-hashes"), digests = count_of (vm, "launch-digests");
  guint kernels = count_of (vm, "kernel-hash"), initrds = MAX (count_of (vm, "initrd-hash"), 1);
  guint cmdlines = MAX (count_of (vm, "cmdline-hash"), 1), cpus = count_of (vm, "cpu-count");

  if (digests > 0)
    say_words (words,
               ngettext ("Its initial memory has the one launch digest that you computed.",
                         "Its initial memory has one of the %u launch digests that you computed.", digests),
               digests);
  else if (kernels > 0)
    say_words (words,
               _("It starts one of %u firmware images with one of %u combinations of kernel, initrd and command line."),
               firmware, kernels * initrds * cmdlines);
  else
    say_words (words,
               ngettext ("It starts the one firmware image; what that boots from disk is not measured.",
                         "It starts one of %u firmware images; what that boots from disk is not measured.", firmware),
               firmware);
  if (cpus > 0)
    say_words (words,
               ngettext ("Its number of vCPUs is the one that is listed.",
                         "Its number of vCPUs is one of the %u listed.", cpus),
               cpus);
}

static void
say_places (GPtrArray *words, JsonObject *vm)
{
  gboolean hosts = count_of (vm, "hosts") > 0, chips = count_of (vm, "chips") > 0;

  if (hosts && chips)
    say_words (words, _("Only the listed hosts may start it, and only on the listed processors."));
  else if (hosts)
    say_words (words, _("Only the listed hosts may start it, on any genuine AMD processor."));
  else if (chips)
    say_words (words, _("Any host of the site may start it, but only on the listed processors."));
  else
    say_words (words, _("Any host of the site may start it, on any genuine AMD processor."));
  if (va_answer_text (vm, "cloud-cert") != NULL)
    say_words (words, _("The processor must belong to the cloud whose certificate (OCA) is registered."));
  if (va_answer_object (vm, "nova") != NULL)
    say_words (words,
               _("Only guests of the listed OpenStack project and image or flavor may use it, as the host claims."));
  else if (va_answer_true (vm, "any-domain"))
    say_words (words, _("Any domain may use it."));
}

static char *
duration_text (gint64 seconds)
{
  gint64 minutes = (seconds + 30) / 60, hours = (seconds + 1800) / 3600, days = (seconds + 43200) / 86400;

  if (hours >= 48)
    return g_strdup_printf (ngettext ("%" PRId64 " day", "%" PRId64 " days", (gulong) days), days);
  if (minutes >= 120)
    return g_strdup_printf (ngettext ("%" PRId64 " hour", "%" PRId64 " hours", (gulong) hours), hours);
  return g_strdup_printf (ngettext ("%" PRId64 " minute", "%" PRId64 " minutes", (gulong) minutes), minutes);
}

/* When it may be started. */
static void
say_window (GPtrArray *words, JsonObject *permit)
{
  gint64 from = va_answer_number (permit, "not-before"), until = va_answer_number (permit, "not-after");
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *begin = va_print_time (from), *end = va_print_time (until);
  g_autofree char *length = duration_text (MAX (until - (from > 0 ? from : now), 0));

  if (until > 0 && until <= now)
    say_words (words, _("It can NO LONGER START: its time ended at %s."), end);
  else if (from > now && until > 0)
    say_words (words, _("It may NOT START YET: it may start from %s until %s, that is %s."), begin, end, length);
  else if (from > now)
    say_words (words, _("It may NOT START YET: it may start from %s on, with no end date."), begin);
  else if (from > 0 && until > 0)
    say_words (words, _("It may start from %s until %s, that is %s."), begin, end, length);
  else if (until > 0)
    say_words (words, _("It may start until %s, that is %s from now."), end, length);
  else if (from > 0)
    say_words (words, _("It may start from %s on, with no end date."), begin);
}

static void
say_permit (GPtrArray *words, JsonObject *vm)
{
  JsonObject *permit = va_answer_object (vm, "permit");
  gint64 launches = va_answer_number (permit, "max-launches"), running = va_answer_number (permit, "max-running");
  gint64 left = MAX (launches - va_answer_number (vm, "launches"), 0);

  say_window (words, permit);
  if (launches > 0)
    say_words (words,
               ngettext ("It may be started %" PRId64 " time in total; launches left: %" PRId64 ".",
                         "It may be started %" PRId64 " times in total; launches left: %" PRId64 ".",
                         (gulong) launches),
               launches, left);
  else
    say_words (words, _("It may be started any number of times."));
  if (running > 0)
    say_words (words, _("At most %" PRId64 " may run at the same time."), running);
  if (permit != NULL && json_object_has_member (permit, "confirm-after"))
    {
      gint64 after = va_answer_number (permit, "confirm-after");

      if (after > 0)
        say_words (words,
                   ngettext ("After %" PRId64 " launch each one waits until you approve it.",
                             "After %" PRId64 " launches each one waits until you approve it.", (gulong) after),
                   after);
      else
        say_words (words, _("Each launch waits until you approve it."));
    }
}

static void
say_persons (GPtrArray *words, JsonObject *vm)
{
  if (va_answer_true (vm, "two-persons"))
    say_words (words, _("Changing it and approving its launches requires two of your people."));
}

static void
say_secrets (GPtrArray *words, JsonObject *vm)
{
  guint secrets = count_of (vm, "secrets");

  if (secrets == 0)
    say_words (words, _("It gets no secret."));
  else
    say_words (words,
               ngettext ("Once all this is verified it gets its secret.",
                         "Once all this is verified it gets its %u secrets.", secrets),
               secrets);
}

GPtrArray *
va_vm_words (JsonObject *vm)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  say_policy (words, vm);
  say_measured (words, vm);
  say_places (words, vm);
  say_permit (words, vm);
  say_persons (words, vm);
  say_secrets (words, vm);
  return words;
}
