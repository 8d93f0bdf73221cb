/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/xml.h"

/**
 * va_domain_files_warn: says on standard error what keeps @domain from an attested start in the firmware and the kernel
 * that it names, as far as this machine has them.
 * @reasons: of char *: the same sentences are added
 */
void va_domain_files_warn (const VaDomainXml *domain, GPtrArray *reasons);
