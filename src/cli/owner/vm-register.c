/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/operand.h"
#include "cli/owner/option-words.h"
#include "cli/print.h"
#include "cli/owner/registration-options.h"
#include "tee/sev/policy.h"
#include "cli/owner/vm-text.h"

static GPtrArray *
read_firmware_digests (char **paths, GError **error)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) va_firmware_file_free);

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    {
      VaFirmwareFile *file = va_firmware_file_read (paths[i], error);

      if (file == NULL)
        return NULL;
      g_ptr_array_add (files, file);
    }
  return g_steal_pointer (&files);
}

/* Whether the policy demands SEV-ES; what is wrong with it is said where it is read. */
static gboolean
is_es (const VaRegistrationOptions *options)
{
  const char *text = options->policy != NULL ? options->policy : options->policy_required;
  guint32 policy = 0;

  return text != NULL && va_policy_parse (text, &policy, NULL) && (policy & VA_POLICY_ES) != 0;
}

/* What goes with what, in the words of the options; the service has the same rules in those of its JSON. */
static gboolean
check_parts (const VaCall *call, const VaRegistrationOptions *o)
{
  gboolean es = is_es (o), cpus = o->cpu_counts != NULL || o->cpu_model != NULL || o->vmsa_profile != NULL;
  const char *wrong = NULL;

  if (o->firmware != NULL && o->launch_digests != NULL)
    wrong = _("give --firmware or --launch-digest, not both");
  else if (o->kernels == NULL && (o->initrds != NULL || o->cmdlines != NULL))
    wrong = _("--initrd and --cmdline require --kernel, because without kernel hashes they are not measured");
  else if (o->kernels != NULL && o->launch_digests != NULL)
    wrong = _("--kernel requires --firmware, because a --launch-digest already includes the kernel");
  else if (!es && cpus)
    wrong = _("--cpu-count, --cpu-model and --vmsa-profile require a --policy with bit 2 (SEV-ES), e.g. 0x5");
  else if (es && o->firmware != NULL && o->cpu_counts == NULL)
    wrong = _("--cpu-count is missing: the policy means SEV-ES, which measures each vCPU");
  else if (es && o->firmware != NULL && o->cpu_model == NULL)
    wrong = _("--cpu-model is missing: the policy means SEV-ES, which measures each vCPU's state");
  else if (o->two_persons && o->secrets != NULL)
    wrong = _("--secret cannot be used with --two-persons, because one person alone could name a stored secret in "
              "another registration; write the secrets into a registration in JSON, and give that with --file");
  else if (o->any_domain && o->domains != NULL)
    wrong = _("give --domain or --any-domain, not both");
  if (wrong != NULL)
    va_call_usage (call, "%s", wrong);
  return wrong == NULL;
}

/* Nobody means a registration that no launch can ever use. */
static gboolean
check_window (const VaRegistration *registration, const char *name, GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *end = va_print_time (registration->not_after), *present = va_print_time (now);

  if (registration->not_after == 0 || registration->not_after > now)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
               _("%s: %s has passed (it is now %s), so no launch would ever be allowed: give a later time, or omit the "
                 "option for a registration without an end"),
               name, end, present);
  return FALSE;
}

/* What goes with what where OpenStack makes the guests; and that there is something to make an id of. */
static gboolean
check_nova (const VaCall *call, const VaRegistrationOptions *o)
{
  const char *wrong = NULL;

  if (o->file == NULL && o->nova_project == NULL && (o->nova_image != NULL || o->nova_flavor != NULL))
    wrong = _("--nova-image and --nova-flavor require --nova-project, because any project may start a public image");
  else if (call->n_operands == 0 && o->file != NULL)
    wrong = _("ID is missing: with --file, give the registration's ID, as “vm list” prints it");
  else if (call->n_operands == 0 && o->nova_project == NULL)
    wrong = _("ID is missing: the UUID of the domain or that in its metadata; for guests of OpenStack, give "
              "--nova-project with --nova-image or --nova-flavor instead");
  else if (call->n_operands == 0 && o->nova_image == NULL && o->nova_flavor == NULL)
    wrong = _("give --nova-image or --nova-flavor too, of which an ID can be made, or give an ID");
  if (wrong != NULL)
    va_call_usage (call, "%s", wrong);
  return wrong == NULL;
}

static gboolean
check_usage (const VaCall *call, const VaRegistrationOptions *options, const GOptionEntry *entries)
{
  const char *beside = options->file != NULL ? va_registration_options_beside_file (entries) : NULL;
  gboolean references = options->firmware != NULL || options->launch_digests != NULL;
  gboolean rule = options->policy_required != NULL || options->policy_forbidden != NULL;

  if (beside != NULL)
    va_call_usage (call,
                   _("--%s cannot be used with --file, because the file is the whole registration: write it into the "
                     "file; only --firmware, which is then uploaded, may be added to --file"),
                   beside);
  else if (options->file == NULL && options->policy == NULL && !rule)
    va_call_usage (call, _("--policy is missing, for instance --policy 0x1 (or give --file)"));
  else if (options->policy != NULL && rule)
    va_call_usage (call, _("give --policy, or --policy-required and --policy-forbidden, not both"));
  else if (options->file == NULL && !references)
    va_call_usage (call, _("--firmware is missing (or --launch-digest)"));
  else if (options->file == NULL && !check_parts (call, options))
    return FALSE;
  else
    return TRUE;
  return FALSE;
}

/* What came of it; whether another registration is gone now must not be overlooked. */
static void
print_registered (JsonObject *vm)
{
  JsonObject *replaced = va_answer_object (vm, "replaced");
  g_autofree char *time = va_print_time (va_answer_number (replaced, "created"));

  if (replaced == NULL)
    va_print_line ("%s", _("Registered: new."));
  else
    va_print_line (_("Registered: this replaced the registration of %s (version %" PRId64
                     "), which was deleted; launches are counted from 0 again."),
                   time, va_answer_number (replaced, "version"));
  va_print_line ("%s", "");
  va_vm_print (vm);
}

/* A value that does not do does not fit, as one that GOption finds; what is wrong with a file's content is not that. */
static VaExit
fail_by_options (const GError *error)
{
  VaExit code = va_call_fail (error);

  return code == VA_EXIT_REFUSED && error->domain == VA_CORE_ERROR ? VA_EXIT_USAGE : code;
}

/* The whole verb once the command line fits. */
static VaExit
register_vm (VaCall *call, const VaRegistrationOptions *options, const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) firmware = read_firmware_digests (options->firmware, &error);
  g_autoptr(VaRegistration) registration = NULL;
  g_autoptr(JsonObject) body = NULL;
  g_autoptr(JsonObject) vm = NULL;

  if (firmware != NULL && options->file != NULL)
    registration = va_registration_from_file (options, &error);
  else if (firmware != NULL)
    registration = va_registration_from_options (options, firmware, &error);
  if (firmware != NULL
      && (registration == NULL
          || !check_window (registration, options->file != NULL ? "permit.not-after" : "--not-after", &error)))
    return options->file != NULL ? va_call_fail (error) : fail_by_options (error);
  if (firmware == NULL || !va_registration_check_firmware (registration, firmware, &error)
      || !va_firmware_files_upload (call, firmware, &error))
    return va_call_fail (error);
  body = va_registration_write (registration, TRUE);
  if (!va_call_ask (call, "POST", path, body, &vm, &error))
    {
      if (options->file == NULL)
        va_option_words_put (&error);
      return va_call_fail (error);
    }
  if (call->json)
    va_print_json (vm);
  else if (!va_vm_print_proposed (vm))
    print_registered (vm);
  return VA_EXIT_YES;
}

/* "/v1/vm/ID"; %NULL: there is no ID, which has been said then. */
static char *
make_registered_path (const VaCall *call, VaRegistrationOptions *options)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  if (call->n_operands > 0)
    return va_operand_path (call, "/v1/vm/", call->operands[0]);
  id = va_registration_options_id (options, &error);
  if (id == NULL)
    {
      va_call_usage (call, "%s", error->message);
      return NULL;
    }
  /* Nova invents a UUID for each instance, so none of them is the ID. */
  options->any_domain = options->any_domain || options->domains == NULL;
  return g_strconcat ("/v1/vm/", id, NULL);
}

VaExit
va_verb_vm_register (VaCall *call)
{
  VaRegistrationOptions options = { 0 };
  GOptionEntry entries[VA_REGISTRATION_ENTRIES];
  g_autofree char *path = NULL;
  VaExit code = VA_EXIT_USAGE;

  va_registration_options_entries (&options, entries);
  if (va_call_parse (call, entries, 0, 1) && check_nova (call, &options) && check_usage (call, &options, entries))
    path = make_registered_path (call, &options);
  if (path != NULL)
    code = register_vm (call, &options, path);
  va_registration_options_clear (&options);
  return code;
}
