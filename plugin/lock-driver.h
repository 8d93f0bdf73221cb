/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * The binary interface between libvirt and a lock driver, as far as the gate needs it. libvirt keeps it private and
 * ships no header for it; it has been the same since 2011. Tests against each supported libvirt hold this in place.
 */

/* Major parts of the version differ: another interface. */
#define LOCK_DRIVER_VERSION 1000000u

typedef struct _LockDriver LockDriver;

/* One domain's lock manager: libvirt makes it and keeps it; the driver hangs its own data on it. */
typedef struct {
  LockDriver *driver;
  void *private_data;
} LockManager;

/* What kind of thing a lock manager is for. */
enum { LOCK_OBJECT_DOMAIN = 0 };

/* Which member of LockParam's union holds the value. */
enum {
  LOCK_PARAM_STRING,
  LOCK_PARAM_CSTRING,
  LOCK_PARAM_INT,
  LOCK_PARAM_LONG,
  LOCK_PARAM_UINT,
  LOCK_PARAM_ULONG,
  LOCK_PARAM_DOUBLE,
  LOCK_PARAM_UUID,
};

/* One fact about the domain: uuid (UUID), name (CSTRING), id and pid (UINT), uri (CSTRING). */
typedef struct {
  int type;
  const char *key;
  union {
    int i;
    long long l;
    unsigned int ui;
    unsigned long long ul;
    double d;
    char *str;
    const char *cstr;
    unsigned char uuid[16];
  } value;
} LockParam;

/* Flags of acquire. */
enum {
  LOCK_ACQUIRE_REGISTER_ONLY = 1 << 0, /* called in the child that is to become QEMU: nothing may run yet */
  LOCK_ACQUIRE_RESTRICT = 1 << 1,
};

/* The table that libvirt looks up by the name virLockDriverImpl. Functions return 0, or -1 with an error reported. */
struct _LockDriver {
  unsigned int version;
  unsigned int flags; /* bit 0: the driver passes state along, which limits save and migration */
  int (*init) (unsigned int version, const char *config_path, unsigned int flags);
  int (*deinit) (void);
  int (*new_manager) (LockManager *manager, unsigned int type, size_t n_params, LockParam *params, unsigned int flags);
  void (*free_manager) (LockManager *manager);
  int (*add_resource) (LockManager *manager, unsigned int type, const char *name, size_t n_params, LockParam *params,
                       unsigned int flags);
  int (*acquire) (LockManager *manager, const char *state, unsigned int flags, int action, int *fd);
  int (*release) (LockManager *manager, char **state, unsigned int flags);
  int (*inquire) (LockManager *manager, char **state, unsigned int flags);
};
