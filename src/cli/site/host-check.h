/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>
#include "core/config-file.h"

G_BEGIN_DECLS

/** What a check found: ok with what was seen, or what to do. */
typedef struct {
  gboolean ok;
  gboolean warns; /* ok, but not for every guest */
  char *words;
} VaFinding;
/**
 * va_finding_ok, va_finding_warn, va_finding_fix: all is well; it is, but not for every guest; it is not, and what to
 * do. Each frees what the finding held before.
 */
void va_finding_ok (VaFinding *finding, const char *format, ...) G_GNUC_PRINTF (2, 3);
void va_finding_warn (VaFinding *finding, const char *format, ...) G_GNUC_PRINTF (2, 3);
void va_finding_fix (VaFinding *finding, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** What the checks share. */
typedef struct {
  VaConfig *config; /* hostd.conf; %NULL when it cannot be read */
  const char *config_path;
  gpointer libvirt; /* virConnectPtr; %NULL when libvirt cannot be reached */
} VaHostCheck;

/** What SEV has room for on this host, and what wants it. */
typedef struct {
  gboolean processor; /* the processor says that it has SEV; not so on the software platform */
  int state; /* of the platform: 0 not initialised, 1 initialised, 2 with guests; -1: /dev/sev cannot be asked */
  int firmware_error; /* instead of a state: va_firmware_error_text(); -1: none */
  guint cbitpos;
  guint guests, es_guests; /* at once, at most, as libvirt says */
  guint running, es_running;
  char *wants, *wants_es; /* a domain of this host, or %NULL */
} VaSevRoom;
void va_sev_room_clear (VaSevRoom *room);
/** va_judge_sev_room: whether there is room for more guests. */
void va_judge_sev_room (const VaSevRoom *room, VaFinding *finding);
/** va_sev_room_ask_platform: @device: /dev/sev */
void va_sev_room_ask_platform (VaSevRoom *room, const char *device);
/** va_judge_apparmor: @root: "" or a directory that stands for /; @capabilities: libvirt's */
void va_judge_apparmor (const char *root, const char *capabilities, VaFinding *finding);
/** va_judge_unit: whether systemd starts the agent; @root as above. */
void va_judge_unit (const char *root, VaFinding *finding);

/** What three files say of domains that are not prepared. */
typedef struct {
  const char *attest;  /* hostd.conf */
  gboolean hook, gate; /* hook.conf: unprepared; gate.conf: refuse-unattested */
} VaUnprepared;
/** va_check_needed: whether this host attests domains that are not prepared; if not, or if that
    cannot be told, @finding says so. */
gboolean va_check_needed (const VaHostCheck *check, VaFinding *finding);
/** va_judge_unprepared: whether they agree. */
void va_judge_unprepared (const VaUnprepared *set, VaFinding *finding);
/**
 * va_judge_emulator_path: whether libvirt's daemon finds the emulator program of @folder first.
 * @path: its PATH; %NULL: unknown
 * @daemon: its name
 */
void va_judge_emulator_path (const char *path, const char *folder, const char *daemon, VaFinding *finding);
/** va_judge_descriptors: whether Nova can make use of the firmware descriptors in @folder. */
void va_judge_descriptors (const char *folder, VaFinding *finding);
/** va_gate_daemon: the process that has loaded the gate; 0: none. */
pid_t va_gate_daemon (void);

/*
 * Each fills @finding, which begins as "not ok". va_check_config and va_check_libvirt come first, because they fill
 * @check. va_check_sev: the processor, its firmware, libvirt's word on both. va_check_lock_manager, va_check_gate_file,
 * va_check_gate_loaded: that libvirt is to ask the gate, that there is one, that it is loaded. va_check_hook,
 * va_check_apparmor: that libvirt can run it, and that QEMU may make the second monitor's socket. va_check_agent,
 * va_check_unit: that the agent answers, and that systemd starts it. va_check_certificate, va_check_clock,
 * va_check_service: what the agent needs to be heard by the service, and whether the service answers.
 * va_check_unprepared, va_check_emulator, va_check_definitions, va_check_descriptors: what it takes to attest domains
 * that are not prepared.
 */
/** va_missing_lock_driver: the file of the lock driver that qemu.conf names, if there is no such file; else %NULL. */
char *va_missing_lock_driver (void);
void va_check_config (VaHostCheck *check, VaFinding *finding);
void va_check_libvirt (VaHostCheck *check, VaFinding *finding);
void va_check_sev (VaHostCheck *check, VaFinding *finding);
void va_check_lock_manager (VaHostCheck *check, VaFinding *finding);
void va_check_gate_file (VaHostCheck *check, VaFinding *finding);
void va_check_gate_loaded (VaHostCheck *check, VaFinding *finding);
void va_check_hook (VaHostCheck *check, VaFinding *finding);
void va_check_apparmor (VaHostCheck *check, VaFinding *finding);
void va_check_unit (VaHostCheck *check, VaFinding *finding);
void va_check_agent (VaHostCheck *check, VaFinding *finding);
void va_check_service (VaHostCheck *check, VaFinding *finding);
void va_check_certificate (VaHostCheck *check, VaFinding *finding);
void va_check_clock (VaHostCheck *check, VaFinding *finding);
void va_check_unprepared (VaHostCheck *check, VaFinding *finding);
void va_check_emulator (VaHostCheck *check, VaFinding *finding);
void va_check_definitions (VaHostCheck *check, VaFinding *finding);
void va_check_descriptors (VaHostCheck *check, VaFinding *finding);
/** va_host_check_close: libvirt's connection and the configuration. */
void va_host_check_close (VaHostCheck *check);

G_END_DECLS
