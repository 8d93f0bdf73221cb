/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/error.h"
#include "fuzz.h"
#include "qmp/codec.h"

/* A stream from QEMU. However it is cut into pieces, the same messages come out of it. */

static guint
check_message (const VaQmpMessage *message)
{
  guint sum = (guint) message->kind + 1;

  switch (message->kind)
    {
    case VA_QMP_RETURN:
      g_assert_nonnull (message->value);
      break;
    case VA_QMP_REFUSAL:
      g_assert_nonnull (message->error_class);
      g_assert_nonnull (message->description);
      break;
    case VA_QMP_EVENT:
      g_assert_nonnull (message->event);
      break;
    case VA_QMP_GREETING:
    default:
      break;
    }
  if (message->has_id)
    sum += (guint) message->id;
  return sum;
}

/* A sum over the messages of the stream, fed @piece bytes at a time; @broken: whether it ended in an error. */
static guint
take (const guint8 *data, gsize size, gsize piece, gboolean *broken)
{
  g_autoptr(VaQmpReader) reader = va_qmp_reader_new ();
  g_autoptr(GError) error = NULL;
  guint sum = 0;

  *broken = TRUE;
  for (gsize at = 0; at < size; at += piece)
    {
      VaQmpMessage *message = NULL;

      if (!va_qmp_reader_feed (reader, data + at, MIN (piece, size - at), &error))
        {
          g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
          return sum;
        }
      do
        {
          g_clear_pointer (&message, va_qmp_message_free);
          if (!va_qmp_reader_next (reader, &message, &error))
            {
              g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
              return sum;
            }
          if (message != NULL)
            sum = sum * 31 + check_message (message);
        }
      while (message != NULL);
    }
  *broken = FALSE;
  return sum;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gboolean whole_broken, cut_broken;
  guint whole = take (data, size, MAX (size, 1), &whole_broken), cut = take (data, size, 7, &cut_broken);

  g_assert_cmpuint (whole, ==, cut);
  g_assert_cmpint (whole_broken, ==, cut_broken);
  return 0;
}
