/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Where the tags of an XML document are, whether one of them declares a certain namespace, and whether one has a
 * certain attribute: read forwards, piece by piece, in a fixed amount of memory, for programs that have no XML parser.
 * Of a well-formed document without a document type declaration it says what libxml2 says; of anything else it says no
 * more than that. The text is UTF-8 or another encoding in which ASCII characters stand for themselves.
 */
G_BEGIN_DECLS

typedef enum { VA_TAG_START, VA_TAG_END, VA_TAG_EMPTY } VaTagKind;

/** Called behind each tag; @start and @end are offsets in the whole text, of "<" and behind ">". */
typedef void (*VaTagFunc) (VaTagKind kind, gsize start, gsize end, gpointer data);

/** An attribute's value in the making, compared while it is decoded. For markup.c only. */
typedef struct {
  const char *expected; /* %NULL: the attribute does not matter */
  gsize matched;        /* characters that were as expected */
  gboolean differs;
  char reference[8]; /* "#", "#x" or a name; what stands between "&" and ";" */
  guint reference_length;
  guint32 number; /* of a character reference */
} VaMarkupValue;

/** An attribute that is looked for; all ASCII, the element's name at most 15 characters, the attribute's too. */
typedef struct {
  const char *element, *attribute, *value;
} VaMarkupSought;

/** For markup.c only: users have it on the stack. */
typedef struct {
  const char *wanted;
  const VaMarkupSought *sought;
  VaTagFunc tag;
  gpointer data;
  int state;
  gsize offset, start; /* of the next byte; of the tag that is being read */
  guint matched;       /* of the mark that ends what is being read */
  char quote;
  char name[16]; /* the element's or attribute's name, as far as it matters; or what follows “<!” */
  guint name_length;
  VaTagKind kind;
  VaMarkupValue value;
  gboolean in_sought; /* in the start tag of such an element */
  gboolean found, has_sought, odd;
} VaMarkup;

/**
 * va_markup_init: @namespace: (nullable): ASCII; borrowed
 * @tag: (nullable)
 */
void va_markup_init (VaMarkup *markup, const char *namespace, VaTagFunc tag, gpointer data);
/**
 * va_markup_seek: before the first byte is fed: looks for @sought (borrowed), whose element is written without a
 * prefix, wherever it stands and in whatever namespace.
 */
void va_markup_seek (VaMarkup *markup, const VaMarkupSought *sought);
/** va_markup_feed: the next @size bytes. */
void va_markup_feed (VaMarkup *markup, const char *text, gsize size);
/** va_markup_declares: whether an element seen so far declares the namespace. */
gboolean va_markup_declares (const VaMarkup *markup);
/** va_markup_has_sought: whether what va_markup_seek() named has been seen so far. */
gboolean va_markup_has_sought (const VaMarkup *markup);
/**
 * va_markup_is_whole: whether the text could be all of a document that was understood: no tag, comment, or value is
 * open, and there was no document type declaration.
 */
gboolean va_markup_is_whole (const VaMarkup *markup);

G_END_DECLS
