/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lock-driver.h"

/** The other end of recorder.so, a lock driver that writes down what it is asked; found with dlsym(3) as "recorder". */
typedef struct {
  char log[4096]; /* calls, each "NAME ARGUMENTS;" */
  int refuse_init, refuse_new, refuse_acquire;
  int live; /* managers made and not freed */
} Recorder;
