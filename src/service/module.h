/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

/*
 * What virt-attestd is made of: each resource, and each part of the frame that peers, the timer or Prometheus reach,
 * says so itself, in one constant module in its own file. A new one is a file and a line in VA_MODULES.
 */
G_BEGIN_DECLS

/* Whom a route is for. */
#define VA_BY_OWNER VA_ROLE_BIT (VA_ROLE_OWNER)
#define VA_BY_HOST VA_ROLE_BIT (VA_ROLE_HOST)
#define VA_BY_OPERATOR VA_ROLE_BIT (VA_ROLE_OPERATOR)
#define VA_BY_AUDITOR VA_ROLE_BIT (VA_ROLE_AUDITOR)
#define VA_BY_METRICS VA_ROLE_BIT (VA_ROLE_METRICS) /* a scraper: reads nothing else */
#define VA_BY_ANYBODY (VA_BY_OWNER | VA_BY_HOST | VA_BY_OPERATOR | VA_BY_AUDITOR | VA_BY_METRICS)

/** What is done again and again, in a thread that may wait, one after the other. */
typedef struct {
  void (*run) (VaService *service);               /* what goes wrong is logged */
  guint seconds;                                  /* from one time to the next */
  guint (*seconds_of) (const VaService *service); /* instead of @seconds; or %NULL */
  gboolean at_start;                              /* also as soon as the service serves */
} VaChore;

struct _VaServiceModule {
  const VaRoute *routes; /* ends with method %NULL; or %NULL. The data is VaService */
  VaChore chore;         /* run: %NULL: none */
  void (*print_metrics) (VaService *service, GString *text); /* see metrics-text.h; or %NULL */
};

/* In this order they are in the table of routes and in the metrics. */
#define VA_MODULES(LINE) \
  LINE (vm) \
  LINE (proposal) \
  LINE (launch) \
  LINE (launch_select) \
  LINE (validate) \
  LINE (outcome) \
  LINE (launch_revoke) \
  LINE (launch_confirm) \
  LINE (launch_list) \
  LINE (audit_list) \
  LINE (secret) \
  LINE (artifact) \
  LINE (host) \
  LINE (health) \
  LINE (metrics) \
  LINE (sweep) \
  LINE (audit) \
  LINE (rekey) \
  LINE (store_room)

#define VA_MODULE_DECLARE(name) extern const VaServiceModule va_module_##name;
VA_MODULES (VA_MODULE_DECLARE)

/** va_modules_all: each module, ended by %NULL. */
const VaServiceModule *const *va_modules_all (void);
/** va_modules_routes: the routes of all of them, for va_server_start(), whose user_data is the VaService. */
const VaRoute *va_modules_routes (void);

G_END_DECLS
