/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The form of the second monitor's path, for printf: run directory, domain UUID. Apart from core/monitor-path.h for the
 * sake of a program without GLib.
 */
#define VA_MONITOR_FORM "%s/qmp/libvirt-%s/monitor.sock"
