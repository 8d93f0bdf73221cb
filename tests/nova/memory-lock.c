/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests, in containers whose root lacks CAP_SYS_RESOURCE: put under libvirtd and QEMU with LD_PRELOAD, it lets them
 * believe that a guest's memory was locked. Nova asks for that in every SEV guest (<locked/>).
 */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the limit of locked memory may not be raised, it stays, and the caller is not told. */
static int
set_limit (pid_t process, int resource, const void *limit, void *previous)
{
  long result = syscall (SYS_prlimit64, process, resource, limit, previous);

  if (result != 0 && errno == EPERM && resource == RLIMIT_MEMLOCK)
    return 0;
  return (int) result;
}

int
prlimit (pid_t process, __rlimit_resource_t resource, const struct rlimit *limit, struct rlimit *previous)
{
  return set_limit (process, (int) resource, limit, previous);
}

int
prlimit64 (pid_t process, __rlimit_resource_t resource, const struct rlimit64 *limit, struct rlimit64 *previous)
{
  return set_limit (process, (int) resource, limit, previous);
}

int
setrlimit (__rlimit_resource_t resource, const struct rlimit *limit)
{
  return set_limit (0, (int) resource, limit, NULL);
}

int
setrlimit64 (__rlimit_resource_t resource, const struct rlimit64 *limit)
{
  return set_limit (0, (int) resource, limit, NULL);
}

int
mlockall (int flags)
{
  long result = syscall (SYS_mlockall, flags);

  return result != 0 && (errno == EPERM || errno == ENOMEM) ? 0 : (int) result;
}
