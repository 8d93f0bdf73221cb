/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Limits that several messages have in common. */
#define VA_NAME_MAX 128      /* names of domains, registrations, secrets, hosts, in bytes */
#define VA_SELECTOR_MAX 32   /* how an agent found a registration, in bytes */
#define VA_REFERENCES_MAX 64 /* hashes or digests, hosts, chips, domains of one kind */
#define VA_COUNT_MAX G_GUINT64_CONSTANT (9007199254740991) /* 2^53 - 1: what every JSON reader keeps exact */
#define VA_TIME_MAX G_GUINT64_CONSTANT (253402300799)      /* seconds since 1970 UTC: the year 9999 ends */
