/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define FDS_MAX 65536

static guint8 kinds[FDS_MAX];
static gpointer objects[FDS_MAX];

const char *
va_runtime_folder (void)
{
  const char *folder = g_getenv ("VIRT_ATTEST_PLATFORM");

  return folder != NULL && folder[0] == '/' ? folder : NULL;
}

const VaPlatform *
va_runtime_platform (void)
{
  static VaPlatform platform;
  static gsize once;
  g_autoptr(GError) error = NULL;

  if (g_once_init_enter (&once))
    {
      gboolean ok = va_platform_load (&platform, va_runtime_folder (), &error);

      if (!ok)
        fprintf (stderr, "virt-attest-platform: the software platform cannot be loaded: %s\n", error->message);
      g_once_init_leave (&once, ok ? 2 : 1);
    }
  return once == 2 ? &platform : NULL;
}

int
va_fake_open (VaFakeKind kind, gpointer object, gsize size)
{
  int fd = memfd_create ("virt-attest-platform", MFD_CLOEXEC);

  if (fd < 0)
    return -1;
  if (fd >= FDS_MAX || ftruncate (fd, (off_t) size) != 0)
    {
      close (fd);
      errno = EMFILE;
      return -1;
    }
  objects[fd] = object;
  kinds[fd] = (guint8) kind;
  return fd;
}

VaFakeKind
va_fake_kind (int fd)
{
  return fd >= 0 && fd < FDS_MAX ? (VaFakeKind) kinds[fd] : VA_FAKE_NONE;
}

gpointer
va_fake_object (int fd)
{
  return objects[fd];
}

void
va_fake_close (int fd)
{
  if (fd >= 0 && fd < FDS_MAX)
    kinds[fd] = VA_FAKE_NONE;
}
