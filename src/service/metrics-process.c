/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/metrics.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "service/metrics-text.h"

/* The numbers of /proc/self/stat behind the program's name, by their place in proc(5). */
#define STAT_UTIME 14
#define STAT_STIME 15
#define STAT_THREADS 20
#define STAT_START 22
#define STAT_VSIZE 23
#define STAT_RSS 24
#define STAT_LAST 24

static gboolean
read_stat (double *fields)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) words = NULL;
  const char *behind;

  if (!g_file_get_contents ("/proc/self/stat", &text, NULL, NULL) || (behind = strrchr (text, ')')) == NULL)
    return FALSE;
  words = g_strsplit (behind + 1, " ", -1); /* words[0] is empty, words[1] field 3 */
  if (g_strv_length (words) < STAT_LAST - 1)
    return FALSE;
  for (guint i = 4; i <= STAT_LAST; i++)
    fields[i] = g_ascii_strtod (words[i - 2], NULL);
  return TRUE;
}

static guint
count_files (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    count++;
  return count > 0 ? count - 1 : 0; /* without the one that looks */
}

/* Start times are since the machine's start; /proc/stat, which says when that was, is hidden from a confined service.
   */
static gint64
boot_time (void)
{
  static gsize known; /* once: a clock that is set must not make another process of this one */
  struct timespec since = { 0 };

  if (g_once_init_enter (&known))
    {
      clock_gettime (CLOCK_BOOTTIME, &since);
      g_once_init_leave (&known, (gsize) (g_get_real_time () / G_USEC_PER_SEC - since.tv_sec));
    }
  return (gint64) known;
}

static void
print_process_metric (GString *text, const char *name, const char *type, const char *help, double value)
{
  va_metrics_text_family (text, name, type, help);
  va_metrics_text_sample (text, name, value, NULL);
}

void
va_metrics_print_process (GString *text)
{
  double tick = (double) sysconf (_SC_CLK_TCK), page = (double) sysconf (_SC_PAGESIZE);
  double stat[STAT_LAST + 1];
  struct rlimit files;

  if (read_stat (stat))
    {
      print_process_metric (text, "process_cpu_seconds_total", "counter", "Processor time.",
                            (stat[STAT_UTIME] + stat[STAT_STIME]) / tick);
      print_process_metric (text, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
                            (double) boot_time () + stat[STAT_START] / tick);
      print_process_metric (text, "process_resident_memory_bytes", "gauge", "Resident memory.", stat[STAT_RSS] * page);
      print_process_metric (text, "process_virtual_memory_bytes", "gauge", "Address space.", stat[STAT_VSIZE]);
      print_process_metric (text, "process_threads", "gauge", "Threads.", stat[STAT_THREADS]);
    }
  print_process_metric (text, "process_open_fds", "gauge", "Open file descriptors.", count_files ());
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    print_process_metric (text, "process_max_fds", "gauge", "Most file descriptors that may be open.",
                          (double) files.rlim_cur);
}
