/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The headers that a call has received.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

static void
remember_value (GrpcCall *self, nghttp2_vec name, const char *value)
{
  const char *key = (const char *) name.base;

  switch (name.len)
    {
    case 7:
      if (memcmp (key, "timeout", 7) == 0)
        self->micro_timeout = value;
      break;
    case 11:
      if (memcmp (key, "grpc-status", 11) == 0)
        self->grpc_status = value;
      break;
    case 12:
      if (memcmp (key, "content-type", 12) == 0)
        self->content_type = value;
      else if (memcmp (key, "grpc-timeout", 12) == 0)
        self->grpc_timeout = value;
      break;
    case 13:
      if (memcmp (key, "grpc-encoding", 13) == 0)
        self->grpc_encoding = value;
      break;
    case 20:
      if (memcmp (key, "grpc-accept-encoding", 20) == 0)
        self->grpc_accept_encoding = value;
      break;
    default:
      break;
    }
}

/* @key and @text are what is in the buffers. */
static void
headers_add (
    GrpcCall *self, nghttp2_rcbuf *name, nghttp2_vec key, nghttp2_rcbuf *value, nghttp2_vec text)
{
  GrpcHeader header = { name, value, key.base, key.len };

  nghttp2_rcbuf_incref (name);
  nghttp2_rcbuf_incref (value);
  remember_value (self, key, (const char *) text.base);
  if (self->n_headers < GRPC_INLINE_HEADERS)
    {
      self->headers[self->n_headers++] = header;
      return;
    }
  if (self->more_headers == NULL)
    self->more_headers = g_array_new (FALSE, FALSE, sizeof (GrpcHeader));
  g_array_append_val (self->more_headers, header);
}

/* nghttp2 has seen to it that these are three digits. */
static int
read_http_status (nghttp2_vec text)
{
  int status = 0;

  for (size_t i = 0; i < text.len; i++)
    status = status * 10 + text.base[i] - '0';
  return status;
}

int
grpc_headers_on_header (nghttp2_session *session,
                        const nghttp2_frame *frame,
                        nghttp2_rcbuf *name,
                        nghttp2_rcbuf *value,
                        uint8_t flags,
                        void *user_data)
{
  GrpcConnection *self = user_data;
  GrpcCall *call = grpc_connection_find_call (self, frame->hd.stream_id);
  nghttp2_vec key = nghttp2_rcbuf_get_buf (name);
  nghttp2_vec text = nghttp2_rcbuf_get_buf (value);

  if (call == NULL || frame->hd.type != NGHTTP2_HEADERS)
    return 0;
  call->header_bytes += key.len + text.len + 32;
  if (call->header_bytes > self->thread->limits->max_header_bytes)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (key.len > 0 && key.base[0] == ':')
    {
      if (key.len == 5 && memcmp (key.base, ":path", 5) == 0)
        {
          nghttp2_rcbuf_incref (value);
          call->path = value;
        }
      else if (key.len == 7 && memcmp (key.base, ":method", 7) == 0)
        call->is_post = text.len == 4 && memcmp (text.base, "POST", 4) == 0;
      else if (key.len == 7 && memcmp (key.base, ":status", 7) == 0)
        call->http_status = read_http_status (text);
      return 0;
    }
  headers_add (call, name, key, value, text);
  return 0;
}

void
grpc_headers_clear (GrpcCall *self)
{
  for (guint i = 0; i < self->n_headers; i++)
    {
      nghttp2_rcbuf_decref (self->headers[i].name);
      nghttp2_rcbuf_decref (self->headers[i].value);
    }
  for (guint i = 0; self->more_headers != NULL && i < self->more_headers->len; i++)
    {
      nghttp2_rcbuf_decref (g_array_index (self->more_headers, GrpcHeader, i).name);
      nghttp2_rcbuf_decref (g_array_index (self->more_headers, GrpcHeader, i).value);
    }
  g_clear_pointer (&self->more_headers, g_array_unref);
  if (self->path != NULL)
    nghttp2_rcbuf_decref (self->path);
}

guint
grpc_headers_count (GrpcCall *self)
{
  return self->n_headers + (self->more_headers != NULL ? self->more_headers->len : 0);
}

static const GrpcHeader *
header_at (GrpcCall *self, guint index)
{
  return index < self->n_headers
             ? &self->headers[index]
             : &g_array_index (self->more_headers, GrpcHeader, index - self->n_headers);
}

/* nghttp2 ends every rcbuf with a NUL that it does not count. */
static const char *
headers_text_of (nghttp2_rcbuf *buffer)
{
  return (const char *) nghttp2_rcbuf_get_buf (buffer).base;
}

static inline gboolean
is_named (const GrpcHeader *header, const char *name, gsize length)
{
  return header->length == length && memcmp (header->text, name, length) == 0;
}

/* A client finds trailers too; where a name is in both, the trailer is what counts. */
const char *
grpc_headers_get (MicroCall *call, const char *name)
{
  GrpcCall *self = (GrpcCall *) call;
  gsize length = strlen (name);
  guint n = grpc_headers_count (self);
  guint begin = 0;

  for (; self->side->server && begin < self->n_headers; begin++)
    if (is_named (&self->headers[begin], name, length))
      return headers_text_of (self->headers[begin].value);
  for (guint i = begin; i < n; i++)
    {
      const GrpcHeader *header = header_at (self, self->side->server ? i : n - 1 - i);

      if (is_named (header, name, length))
        return headers_text_of (header->value);
    }
  return NULL;
}

void
grpc_headers_foreach (MicroCall *call,
                      gboolean trailers,
                      MicroHeaderFunc callback,
                      gpointer user_data)
{
  GrpcCall *self = (GrpcCall *) call;
  guint n = grpc_headers_count (self);
  guint n_leading = self->side->server ? n : MIN (self->n_leading, n);

  for (guint i = trailers ? n_leading : 0; i < (trailers ? n : n_leading); i++)
    {
      const GrpcHeader *header = header_at (self, i);

      if (!callback (headers_text_of (header->name), headers_text_of (header->value), user_data))
        return;
    }
}
