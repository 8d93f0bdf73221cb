/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/xml.h"

/** va_domain_input: a domain's XML from @path, or from standard input when it is %NULL or "-". */
GBytes *va_domain_input (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_domain_name_check: whether the service takes the domain's name: at most VA_NAME_MAX bytes; libvirt allows more.
 * Errors: VA_CORE_ERROR_RANGE
 */
gboolean va_domain_name_check (const VaDomainXml *domain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
