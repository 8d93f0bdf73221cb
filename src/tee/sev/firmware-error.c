/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/firmware-error.h"

#include <string.h>
#include "core/i18n.h"

#define KEY "fw_error="

typedef struct {
  const char *name, *cure;
} FirmwareError;

/* By number. */
static const FirmwareError firmware_errors[] = {
  { N_("Success"), N_("the kernel refused, not the firmware, usually because no ASID is free: stop a guest, or change "
                      "the BIOS's split of ASIDs between SEV and SEV-ES") },
  { N_("Platform state is invalid"), N_("SEV is not initialized, or was initialized for another owner: check the "
                                        "kernel's messages from ccp, and update the SEV firmware") },
  { N_("Guest state is invalid"), N_("a command came in the wrong order: a bug in QEMU or the kernel") },
  { N_("Platform configuration is invalid"), N_("the BIOS does not allow SEV: enable SMEE and SEV") },
  { N_("Command buffer or certificate has a wrong length"),
    N_("session or dhCert are truncated, or for another version of the firmware") },
  { N_("Platform is already owned"), N_("another owner's PEK is installed") },
  { N_("Certificate is invalid"),
    N_("dhCert is not a certificate that the platform accepts: session and dhCert may be swapped") },
  { N_("Policy is not allowed"),
    N_("the policy requires SEV-ES, an API version or a domain that this machine does not have") },
  { N_("Guest is not active"), N_("no ASID was given to the guest: a bug in the kernel") },
  { N_("Address is invalid"), N_("a bug in QEMU or the kernel") },
  { N_("Signature is bad"), N_("an imported certificate is not signed as required") },
  { N_("Bad measurement"),
    N_("the session was made for another policy or for another machine's PDH; or, for a secret, its "
       "TIK or measurement is that of another launch") },
  { N_("ASID is already owned"), N_("a guest that ended is not cleaned up yet: try again") },
  { N_("Invalid ASID"),
    N_("all ASIDs are in use: stop a guest, or raise “SEV-ES ASID Space Limit” in the BIOS; an SEV-ES "
       "guest needs one below the limit, an SEV guest one above it") },
  { N_("WBINVD is required"), N_("a bug in the kernel") },
  { N_("DF_FLUSH is required"), N_("ASIDs were reused too early: a bug in the kernel") },
  { N_("Guest handle is invalid"), N_("a bug in QEMU or the kernel") },
  { N_("Invalid command"), N_("the SEV firmware is too old for this: update it") },
  { N_("Guest is active"), N_("a bug in the kernel") },
  { N_("Hardware error"), N_("the platform remains usable; if this recurs, restart the machine") },
  { N_("Hardware error, unsafe"), N_("restart the machine") },
  { N_("Feature not supported"), N_("this processor or firmware does not have it: SEV-ES, for instance") },
  { N_("Invalid parameter"), N_("a secret of the wrong size or address, or a bug in QEMU") },
  { N_("Out of resources"), N_("too many guests have memory or handles: stop one") },
  { N_("Secure data is invalid"),
    N_("the firmware's stored state is damaged: reset the platform, which creates new keys") },
};

/* QEMU writes fw_error=13 '…', of the platform's status also fw_error='13: …'. */
static int
parse_number (const char *text, const char *end)
{
  int number = 0;

  if (text < end && *text == '\'')
    text++;
  if (text == end || !g_ascii_isdigit (*text))
    return VA_FIRMWARE_ERROR_NONE;
  for (; text < end && g_ascii_isdigit (*text); text++)
    if ((number = number * 10 + g_ascii_digit_value (*text)) > VA_FIRMWARE_ERROR_MAX)
      return VA_FIRMWARE_ERROR_NONE;
  return number;
}

int
va_firmware_error_find (const char *text, gsize size)
{
  const char *end = text + size, *found;
  int number = VA_FIRMWARE_ERROR_NONE;

  while ((found = memmem (text, (gsize) (end - text), KEY, strlen (KEY))) != NULL)
    {
      text = found + strlen (KEY);
      number = parse_number (text, end);
    }
  return number;
}

char *
va_firmware_error_text (guint number)
{
  if (number >= G_N_ELEMENTS (firmware_errors))
    return g_strdup_printf (_("%u: unknown to this version; the newest SEV API specification may have it"), number);
  return g_strdup_printf ("%u (%s): %s", number, _(firmware_errors[number].name), _(firmware_errors[number].cure));
}
