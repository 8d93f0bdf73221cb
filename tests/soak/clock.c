/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Preloaded into a service: its wall clock is the machine's plus as many seconds as the file $VA_SOAK_CLOCK says, 8
   bytes that may change at any time. The monotonic clock stays as it is, as when an administrator sets a machine's
   clock. */

#define PUBLIC __attribute__ ((visibility ("default")))

static const volatile int64_t *shift;

static int64_t
seconds (void)
{
  return shift != NULL ? __atomic_load_n (shift, __ATOMIC_SEQ_CST) : 0;
}

__attribute__ ((constructor)) static void
map_shift (void)
{
  const char *path = getenv ("VA_SOAK_CLOCK");
  int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *mapped;

  if (fd < 0)
    abort (); /* a test that only believes that its clock is stepped would prove nothing */
  mapped = mmap (NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED)
    abort ();
  shift = mapped;
  close (fd);
}

PUBLIC int
clock_gettime (clockid_t clock, struct timespec *now)
{
  if (syscall (SYS_clock_gettime, clock, now) != 0)
    return -1;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    now->tv_sec += seconds ();
  return 0;
}

PUBLIC int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec precise;

  if (clock_gettime (CLOCK_REALTIME, &precise) != 0)
    return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  if (zone != NULL)
    memset (zone, 0, sizeof (struct timezone));
  return 0;
}

PUBLIC time_t
time (time_t *now)
{
  struct timespec precise;

  if (clock_gettime (CLOCK_REALTIME, &precise) != 0)
    return (time_t) -1;
  if (now != NULL)
    *now = precise.tv_sec;
  return precise.tv_sec;
}
