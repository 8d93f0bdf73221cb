/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The little that the hook needs from the domain XML which libvirt itself wrote, without an XML parser: a domain that
 * is not ours must cost next to nothing. core/markup.h finds out which are; the agent parses the same XML in full
 * before it grants anything.
 */
G_BEGIN_DECLS

#define VA_TEXT_NAMESPACE "urn:virt-attest:launch:1"

/**
 * va_text_identify: the running domain's live id and UUID.
 * @xml: as libvirt writes it: begins with the <domain> tag, zero-terminated
 * @uuid: (out) (transfer full): canonical text
 * Errors: VA_CORE_ERROR_PARSE
 */
gboolean va_text_identify (const char *xml, guint *id, char **uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_text_has_older_monitor: whether the domain was prepared before its monitor's folder had the name it has now. */
gboolean va_text_has_older_monitor (const char *xml, const char *uuid);

G_END_DECLS
