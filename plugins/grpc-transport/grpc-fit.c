/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whether what a server says beside its messages is too much for its caller, and what it says then.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-server.h"
#include "grpc-wire.h"

/* nghttp2 sends no more (NGHTTP2_MAX_HEADERSLEN); some of it for what HPACK may add. */
#define MOST (60 * 1024)
/* What a field takes beside its text (RFC 9113, 6.5.2). */
#define FIELD 32
/* :status, content-type, grpc-encoding, grpc-accept-encoding and grpc-status. */
#define OWN 512
/* A message is cut to this rather than details left out. */
#define MESSAGE_LEAST 1024
/* So much is looked at no further. */
#define SMALL 512

static gsize
count_pairs (const GPtrArray *pairs)
{
  gsize size = 0;

  for (guint i = 0; pairs != NULL && i < pairs->len; i++)
    size += strlen (pairs->pdata[i]) + FIELD / 2;
  return size;
}

static gsize
get_room (GrpcCall *self)
{
  guint32 asked = nghttp2_session_get_remote_settings (self->connection->session,
                                                       NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);

  return MIN (asked, MOST);
}

/* Takes @message. */
static void
exhaust (GrpcCall *self, char *message)
{
  self->status = MICRO_STATUS_RESOURCE_EXHAUSTED;
  g_free (self->out_message);
  self->out_message = grpc_message_escape (message, G_MAXSIZE);
  g_clear_pointer (&self->out_details, g_bytes_unref);
  g_free (message);
}

/* Headers that its caller would not take are left out, and the call fails. */
gboolean
grpc_fit_headers (GrpcCall *self)
{
  gsize room = get_room (self);
  gsize size = OWN + count_pairs (self->out_headers);

  if (size <= room)
    return TRUE;
  g_clear_pointer (&self->out_headers, g_ptr_array_unref);
  exhaust (self, g_strdup_printf ("the headers of the answer have %zu bytes, and its caller takes "
                                  "%zu",
                                  size, room));
  return FALSE;
}

/* @message, @bytes: (nullable): as the handler has them. */
void
grpc_fit_status (GrpcCall *self, const char *message, GBytes *bytes)
{
  gsize details = bytes != NULL ? g_bytes_get_size (bytes) : 0;
  gsize length = message != NULL ? strlen (message) : 0;
  gsize room, size;

  if (bytes != NULL)
    self->out_details = g_bytes_ref (bytes);
  if (length > 0)
    self->out_message = grpc_message_escape (message, G_MAXSIZE);
  if (length + details < SMALL && self->out_trailers == NULL)
    return;
  room = get_room (self);
  size = OWN + count_pairs (self->out_headers) + count_pairs (self->out_trailers);
  length = self->out_message != NULL ? strlen (self->out_message) + FIELD : 0;
  details = details != 0 ? details * 4 / 3 + FIELD + 32 : 0;
  if (size > room)
    {
      gsize trailers = count_pairs (self->out_trailers);

      g_clear_pointer (&self->out_trailers, g_ptr_array_unref);
      exhaust (self, g_strdup_printf ("the trailers of the answer have %zu bytes, and its caller "
                                      "takes %zu of headers; its status was %s",
                                      trailers, room, micro_status_to_string (self->status)));
    }
  else if (size + details + MIN (length, MESSAGE_LEAST) > room)
    {
      exhaust (self, g_strdup_printf ("the details of the status have %zu bytes, and its caller "
                                      "takes %zu of headers; it was %s",
                                      details, room, micro_status_to_string (self->status)));
    }
  else if (size + details + length > room)
    {
      g_free (self->out_message);
      self->out_message = grpc_message_escape (message, room - size - details - FIELD);
    }
}
