/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A caller's stream for a thread that blocks.
 */
#include "config.h"

#include "client/stream.h"

/**
 * micro_stream_send_sync: (skip)
 * @self: a stream without events
 * @message: of the method's request type, or a GBytes
 *
 * Waits for room and sends.  Not on a loop thread.
 *
 * Returns: %FALSE when the call has ended; micro_stream_receive_sync() says why
 */
gboolean
micro_stream_send_sync (MicroStream *self, gconstpointer message)
{
  g_return_val_if_fail (self->inbox != NULL && micro_loop_get_current () == NULL, FALSE);
  if (!micro_stream_inbox_wait (self->inbox, micro_stream_has_room, self))
    return FALSE;
  micro_stream_send (self, message);
  return TRUE;
}

/**
 * micro_stream_receive_sync: (skip)
 * @self: a stream without events
 * @error: return location
 *
 * Waits for a message or the end.  Not on a loop thread.
 *
 * Returns: (transfer full) (nullable): a message, to be freed with
 *   protobuf_c_message_free_unpacked (message, NULL) or g_bytes_unref(); %NULL without @error when
 *   the call has ended with OK
 */
gpointer
micro_stream_receive_sync (MicroStream *self, GError **error)
{
  gboolean resume;
  gpointer message;

  g_return_val_if_fail (self->inbox != NULL && micro_loop_get_current () == NULL, NULL);
  message = micro_stream_inbox_take (self->inbox, &resume, error);
  if (resume)
    micro_stream_resume (self);
  return message;
}
