/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "next.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any PATH has; what comes after them is not looked at. */
#define PLACES_MAX 64

/* The programs of one name, in the order of PATH. */
typedef struct {
  char *files[PLACES_MAX];
  struct stat infos[PLACES_MAX];
  size_t count;
} Places;

static bool
is_same_file (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void
add_place (Places *places, const char *folder, size_t length, const char *name)
{
  char *file = NULL;

  if (length == 0 || folder[0] != '/' || places->count == PLACES_MAX
      || asprintf (&file, "%.*s/%s", (int) length, folder, name) < 0)
    return;
  if (stat (file, &places->infos[places->count]) == 0 && S_ISREG (places->infos[places->count].st_mode)
      && access (file, X_OK) == 0)
    places->files[places->count++] = file;
  else
    free (file);
}

static void
list_places (Places *places, const char *path, const char *name)
{
  for (;;)
    {
      size_t length = strcspn (path, ":");

      add_place (places, path, length, name);
      if (path[length] == '\0')
        return;
      path += length + 1;
    }
}

/* Whether number @index is the same file as one of the first @before. */
static bool
is_repeated (const Places *places, size_t index, size_t before)
{
  for (size_t i = 0; i < before; i++)
    if (is_same_file (&places->infos[i], &places->infos[index]))
      return true;
  return false;
}

char *
va_next_program (const char *path, const char *name, const struct stat *self)
{
  Places places = { .count = 0 };
  size_t before = 0;
  char *next = NULL;

  list_places (&places, path, name);
  while (before < places.count && !is_same_file (&places.infos[before], self))
    before++;
  /* One that is not in PATH itself may become any of them. */
  before = before < places.count ? before + 1 : 0;
  for (size_t i = before; i < places.count && next == NULL; i++)
    if (!is_repeated (&places, i, before))
      next = strdup (places.files[i]);
  for (size_t i = 0; i < places.count; i++)
    free (places.files[i]);
  return next;
}
