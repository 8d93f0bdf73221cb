/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/psp-sev.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "core/i18n.h"
#include "cli/site/host-check.h"
#include "tee/sev/firmware-error.h"

void
va_sev_room_ask_platform (VaSevRoom *room, const char *device)
{
  struct sev_user_data_status status = { 0 };
  struct sev_issue_cmd command = { .cmd = SEV_PLATFORM_STATUS, .data = (guint64) (guintptr) &status };
  int fd = open (device, O_RDWR | O_CLOEXEC);

  room->state = -1;
  room->firmware_error = VA_FIRMWARE_ERROR_NONE;
  if (fd < 0)
    return;
  if (ioctl (fd, SEV_ISSUE_CMD, &command) == 0)
    room->state = status.state;
  else if (errno == EIO && command.error <= VA_FIRMWARE_ERROR_MAX)
    room->firmware_error = (int) command.error;
  close (fd);
}

/* What keeps every guest from starting. TRUE: something does, and is in @finding. */
static gboolean
is_shut (const VaSevRoom *room, VaFinding *finding)
{
  if (room->firmware_error != VA_FIRMWARE_ERROR_NONE)
    {
      g_autofree char *text = va_firmware_error_text ((guint) room->firmware_error);

      va_finding_fix (finding, _("the SEV firmware does not report its state: error %s"), text);
    }
  else if (room->state == 0)
    va_finding_fix (finding, _("SEV is not initialized, so no guest can start: check the kernel's messages from ccp, "
                               "load kvm_amd with sev=1, and update the SEV firmware"));
  else if (room->guests == 0 && room->es_guests == 0 && room->processor)
    va_finding_fix (finding, _("no guest can start, because libvirt reports 0 SEV and 0 SEV-ES guests: enable SEV "
                               "(SMEE) in the BIOS, check “SEV-ES ASID Space Limit” (minimum SEV non-ES ASID) there, "
                               "and load kvm_amd with sev=1"));
  else
    return FALSE;
  return TRUE;
}

/* All ASIDs of one kind in use. */
static gboolean
room_is_full (const VaSevRoom *room, VaFinding *finding)
{
  if (room->guests > 0 && room->running >= room->guests)
    va_finding_fix (finding,
                    _("%u SEV guests are running, and there are ASIDs for %u: stop one, or lower “SEV-ES ASID Space "
                      "Limit” in the BIOS"),
                    room->running, room->guests);
  else if (room->es_guests > 0 && room->es_running >= room->es_guests)
    va_finding_fix (finding,
                    _("%u SEV-ES guests are running, and there are ASIDs for %u: stop one, or raise “SEV-ES ASID "
                      "Space Limit” in the BIOS"),
                    room->es_running, room->es_guests);
  else
    return FALSE;
  return TRUE;
}

static void
judge_no_es (const VaSevRoom *room, VaFinding *finding)
{
  if (room->wants_es != NULL)
    va_finding_fix (finding,
                    _("C-bit %u, up to %u SEV guests and no SEV-ES guest, but the domain %s requires SEV-ES: raise "
                      "“SEV-ES ASID Space Limit” in the BIOS, and load kvm_amd with sev_es=1"),
                    room->cbitpos, room->guests, room->wants_es);
  else
    va_finding_warn (finding,
                     _("C-bit %u, up to %u SEV guests, but no SEV-ES guest: for those, raise “SEV-ES ASID Space "
                       "Limit” in the BIOS, and load kvm_amd with sev_es=1"),
                     room->cbitpos, room->guests);
}

static void
judge_only_es (const VaSevRoom *room, VaFinding *finding)
{
  if (room->wants != NULL)
    va_finding_fix (finding,
                    _("C-bit %u, up to %u SEV-ES guests, but no SEV guest without ES, and the domain %s is one: lower "
                      "“SEV-ES ASID Space Limit” in the BIOS, or give it a policy with ES"),
                    room->cbitpos, room->es_guests, room->wants);
  else
    va_finding_warn (finding,
                     _("C-bit %u, up to %u SEV-ES guests, but no SEV guest without ES: for those, lower “SEV-ES ASID "
                       "Space Limit” in the BIOS"),
                     room->cbitpos, room->es_guests);
}

void
va_judge_sev_room (const VaSevRoom *room, VaFinding *finding)
{
  if (is_shut (room, finding) || room_is_full (room, finding))
    return;
  if (room->guests == 0 && room->es_guests == 0)
    va_finding_warn (finding,
                     _("C-bit %u, but 0 SEV and 0 SEV-ES guests, and this processor has no SEV: guests can start only "
                       "on the software platform, which protects nothing"),
                     room->cbitpos);
  else if (room->es_guests == 0)
    judge_no_es (room, finding);
  else if (room->guests == 0)
    judge_only_es (room, finding);
  else
    va_finding_ok (finding, _("C-bit %u, up to %u SEV and %u SEV-ES guests; %u and %u are running"), room->cbitpos,
                   room->guests, room->es_guests, room->running, room->es_running);
}
