/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/config-file.h"
#include "store/store.h"

G_BEGIN_DECLS

/**
 * va_service_config_load: /etc/virt-attest/service.conf, or another @path; virt-attest-service.conf(5).
 * Errors: those of va_config_load()
 */
VaConfig *va_service_config_load (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_service_check_address: whether [listen] has a numeric address. Errors: VA_CORE_ERROR_PARSE */
gboolean va_service_check_address (const VaConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_service_store_place: where the store is: a file, or the URL of a PostgreSQL database. Owned by @config.
 * Errors: VA_CORE_ERROR_PARSE
 */
const char *va_service_store_place (const VaConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_service_kek_settings: where @config says that the key-encryption key is; without a word of it: VA_SYSCONFDIR
 * "/service.kek". The strings are @config's.
 * Errors: VA_KEK_ERROR_SETTINGS, naming the keys of the configuration that do not go together
 */
gboolean va_service_kek_settings (const VaConfig *config, VaKekSettings *settings, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_service_open_kek: both in one. Errors: also those of va_kek_open() */
VaKek *va_service_open_kek (const VaConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
