/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands between a program and the C library. Without VIRT_ATTEST_PLATFORM every call passes through untouched. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "platform/runtime.h"

/* As in fcntl.h, which is not included here because it declares the names that are defined here. */
#define AT_WORKING_FOLDER (-100)
#define FLAG_CREATE 0100
#define FLAG_TEMPORARY 020200000

#define REAL_NAME(name) __asm__(name)

int wrap_open (const char *path, int flags, ...) REAL_NAME ("open");
int wrap_open64 (const char *path, int flags, ...) REAL_NAME ("open64");
int wrap_openat64 (int folder, const char *path, int flags, ...) REAL_NAME ("openat64");
int wrap_open_2 (const char *path, int flags) REAL_NAME ("__open_2");
int wrap_open64_2 (const char *path, int flags) REAL_NAME ("__open64_2");
int wrap_access (const char *path, int mode) REAL_NAME ("access");
int wrap_close (int fd) REAL_NAME ("close");
int wrap_ioctl (int fd, unsigned long request, ...) REAL_NAME ("ioctl");

static VaFakeKind
kind_of_path (const char *path)
{
  if (path == NULL || strncmp (path, "/dev/", 5) != 0 || va_runtime_folder () == NULL)
    return VA_FAKE_NONE;
  if (strcmp (path + 5, "sev") == 0)
    return VA_FAKE_SEV;
  return strcmp (path + 5, "kvm") == 0 ? VA_FAKE_KVM : VA_FAKE_NONE;
}

static int
open_any (int folder, const char *path, int flags, unsigned mode)
{
  VaFakeKind kind = kind_of_path (path);

  if (kind == VA_FAKE_NONE)
    return (int) syscall (SYS_openat, folder, path, flags, mode);
  if (va_runtime_platform () != NULL)
    return va_fake_open (kind, NULL, 0);
  errno = ENOENT;
  return -1;
}

/* The third argument is there only when a file may be made. */
#define MODE_ARGUMENT(flags, mode) \
  do \
    { \
      if (((flags) &FLAG_CREATE) != 0 || ((flags) &FLAG_TEMPORARY) == FLAG_TEMPORARY) \
        { \
          va_list arguments; \
          va_start (arguments, flags); \
          mode = va_arg (arguments, unsigned); \
          va_end (arguments); \
        } \
    } \
  while (0)

int
wrap_open (const char *path, int flags, ...)
{
  unsigned mode = 0;

  MODE_ARGUMENT (flags, mode);
  return open_any (AT_WORKING_FOLDER, path, flags, mode);
}

int
wrap_open64 (const char *path, int flags, ...)
{
  unsigned mode = 0;

  MODE_ARGUMENT (flags, mode);
  return open_any (AT_WORKING_FOLDER, path, flags, mode);
}

int
wrap_openat64 (int folder, const char *path, int flags, ...)
{
  unsigned mode = 0;

  MODE_ARGUMENT (flags, mode);
  return open_any (folder, path, flags, mode);
}

int
wrap_open_2 (const char *path, int flags)
{
  return open_any (AT_WORKING_FOLDER, path, flags, 0);
}

int
wrap_open64_2 (const char *path, int flags)
{
  return open_any (AT_WORKING_FOLDER, path, flags, 0);
}

int
wrap_access (const char *path, int mode)
{
  return kind_of_path (path) != VA_FAKE_NONE ? 0 : (int) syscall (SYS_faccessat, AT_WORKING_FOLDER, path, mode);
}

int
wrap_close (int fd)
{
  va_fake_close (fd);
  return (int) syscall (SYS_close, fd);
}

static int
play (int fd, guint32 request, gpointer argument)
{
  switch (va_fake_kind (fd))
    {
    case VA_FAKE_SEV:
      return va_sev_device_ioctl (request, argument);
    case VA_FAKE_KVM:
      return va_kvm_device_ioctl (request, argument);
    case VA_FAKE_VM:
      return va_vm_ioctl (va_fake_object (fd), request, argument);
    case VA_FAKE_VCPU:
      return va_vcpu_ioctl (va_fake_object (fd), request, argument);
    case VA_FAKE_NONE:
    default:
      return -EBADF;
    }
}

int
wrap_ioctl (int fd, unsigned long request, ...)
{
  gpointer argument;
  va_list arguments;
  int result;

  va_start (arguments, request);
  argument = va_arg (arguments, gpointer);
  va_end (arguments);
  if (va_fake_kind (fd) == VA_FAKE_NONE)
    return (int) syscall (SYS_ioctl, fd, request, argument);
  /* QEMU keeps requests in an int, so their upper half is noise. */
  result = play (fd, (guint32) request, argument);
  if (result >= 0)
    return result;
  errno = -result;
  return -1;
}

static void __attribute__ ((constructor)) begin (void)
{
  if (va_runtime_folder () != NULL)
    va_cpuid_install ();
}
