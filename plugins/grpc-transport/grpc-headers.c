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

/* A client says why to its caller; a server's peer learns it from the reset. */
static int G_GNUC_NO_INLINE
refuse_headers (GrpcConnection *self, GrpcCall *call)
{
  g_autofree char *message = NULL;

  if (self->server)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  message = g_strdup_printf ("the headers of the answer have more than the %u bytes that are taken "
                             "(--transport-max-header-bytes)",
                             self->thread->limits->max_header_bytes);
  self->side->refuse_call (call, MICRO_STATUS_RESOURCE_EXHAUSTED, message);
  return 0;
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

  if (call == NULL || frame->hd.type != NGHTTP2_HEADERS || call->receiving == GRPC_IN_REFUSED)
    return 0;
  call->header_bytes += key.len + text.len + 32;
  if (G_UNLIKELY (call->header_bytes > self->thread->limits->max_header_bytes))
    return refuse_headers (self, call);
  /* Of a request nothing follows its messages that anybody would ask for. */
  if (self->server && frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  if (key.len > 0 && key.base[0] == ':')
    {
      if (key.len == 5 && memcmp (key.base, ":path", 5) == 0)
        {
          nghttp2_rcbuf_incref (value);
          call->path = value;
        }
      else if (key.len == 7 && memcmp (key.base, ":method", 7) == 0)
        {
          call->is_post = text.len == 4 && memcmp (text.base, "POST", 4) == 0;
          call->is_head = !call->is_post && text.len == 4 && memcmp (text.base, "HEAD", 4) == 0;
        }
      else if (key.len == 7 && memcmp (key.base, ":status", 7) == 0)
        call->http_status = read_http_status (text);
      return 0;
    }
  headers_add (call, name, key, value, text);
  return 0;
}

static void
free_headers (GrpcCall *self)
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
}

void
grpc_headers_forget (GrpcCall *self)
{
  free_headers (self);
  self->n_headers = 0;
  self->http_status = 0;
  self->content_type = self->grpc_encoding = self->grpc_accept_encoding = NULL;
  self->grpc_timeout = self->micro_timeout = self->grpc_status = NULL;
}

void
grpc_headers_clear (GrpcCall *self)
{
  free_headers (self);
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

/* The values of such a name may come joined (PROTOCOL-HTTP2, "Custom-Metadata"). */
static gboolean
is_joined (const char *name, const char *value)
{
  return strchr (value, ',') != NULL && g_str_has_suffix (name, "-bin");
}

/* The first or last of them; it lives as long as the call. */
static const char *
choose_part (MicroCall *call, const char *value, gboolean first)
{
  const char *comma = first ? strchr (value, ',') : strrchr (value, ',');
  gsize length = first ? (gsize) (comma - value) : strlen (comma + 1);
  char *part = micro_call_alloc (call, length + 1);

  memcpy (part, first ? value : comma + 1, length);
  part[length] = '\0';
  return g_strstrip (part);
}

static const char *
headers_value_of (MicroCall *call, const GrpcHeader *header, gboolean first)
{
  const char *value = headers_text_of (header->value);

  return is_joined (headers_text_of (header->name), value) ? choose_part (call, value, first)
                                                           : value;
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
      return headers_value_of (call, &self->headers[begin], TRUE);
  for (guint i = begin; i < n; i++)
    {
      const GrpcHeader *header = header_at (self, self->side->server ? i : n - 1 - i);

      if (is_named (header, name, length))
        return headers_value_of (call, header, self->side->server != FALSE);
    }
  return NULL;
}

static gboolean
show_parts (const char *name, const char *value, MicroHeaderFunc callback, gpointer user_data)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);

  for (char **part = parts; *part != NULL; part++)
    if (!callback (name, g_strstrip (*part), user_data))
      return FALSE;
  return TRUE;
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
      const char *name = headers_text_of (header->name);
      const char *value = headers_text_of (header->value);

      if (!(is_joined (name, value) ? show_parts (name, value, callback, user_data)
                                    : callback (name, value, user_data)))
        return;
    }
}
