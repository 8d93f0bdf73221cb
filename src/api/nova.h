/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * How guests of OpenStack Nova are called. Nova invents the UUID of each instance, so an owner cannot register it
 * beforehand; project, image and flavor are known. A registration for such guests has an id that is made of them, the
 * same at the owner's and at each host.
 */
G_BEGIN_DECLS

/* Bytes of UTF-8: Nova limits names to 255 characters. */
#define VA_NOVA_NAME_MAX 1020

#define VA_NOVA_PROJECT_EXPECTED N_("32 lower-case hexadecimal digits")
/** va_nova_is_project: a project's id as Keystone makes them: 32 lower-case hexadecimal digits. */
gboolean va_nova_is_project (const char *text);
/**
 * va_nova_project: @text, a project's id in either case, with dashes or without, as va_nova_is_project() takes it.
 * Returns: (transfer full)
 * Errors: VA_CORE_ERROR_PARSE
 */
char *va_nova_project (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_nova_image: @text, an image's id in either case, with dashes or without, in lower case and with them.
 * Returns: (transfer full)
 * Errors: VA_CORE_ERROR_PARSE
 */
char *va_nova_image (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_nova_id_by_image: the id of a registration: version 5 UUID, space OID, of "urn:virt-attest:nova:PROJECT:IMAGE".
 * @project: va_nova_is_project()
 * @image: va_uuid_is_canonical()
 * Returns: (transfer full)
 */
char *va_nova_id_by_image (const char *project, const char *image);
/** va_nova_id_by_flavor: likewise, of "urn:virt-attest:nova-flavor:PROJECT:FLAVOR"; @flavor is its name. */
char *va_nova_id_by_flavor (const char *project, const char *flavor);

G_END_DECLS
