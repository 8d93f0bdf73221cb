/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_report_refusal: makes @sentence the error that libvirt hands to its caller (virsh), and puts it into the system's
 * log. Where libvirt's own function for that is not found, its standard error gets the sentence, and virsh says only
 * that the operation failed.
 */
void va_report_refusal (const char *sentence);

/** va_report_warning: a sentence for the system's log and for libvirtd's standard error; libvirt goes on. */
void va_report_warning (const char *sentence);

G_END_DECLS
