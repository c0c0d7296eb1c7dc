/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The load's HTTP/2 sessions: calls with one message of 16 bytes, streams with one at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define WINDOW_SIZE (1 << 30)
#define PREFIX_SIZE 5

static const char request[] = "\0\0\0\0\x10\x0a\x0eJohn Doe Smith";
#define REQUEST_SIZE (sizeof request - 1)

typedef struct Stream Stream;
struct Stream
{
  Connection *connection;
  Stream *next_free;
  double due;
  int32_t id;
  int to_send;     /* 1: a message waits */
  size_t sent;     /* of that */
  int last;        /* nothing comes after it */
  size_t received; /* of the message that is coming, with its prefix */
  size_t length;   /* of all of that */
  int messages;
};

static Stream *free_streams;

static ssize_t
read_message (nghttp2_session *session,
              int32_t stream_id,
              uint8_t *buffer,
              size_t length,
              uint32_t *flags,
              nghttp2_data_source *source,
              void *user_data)
{
  Stream *stream = source->ptr;
  size_t n = 0;

  (void) session, (void) stream_id, (void) user_data;
  if (!stream->to_send && !stream->last)
    return NGHTTP2_ERR_DEFERRED;
  if (stream->to_send)
    {
      /* A window that is nearly used up takes a part. */
      n = REQUEST_SIZE - stream->sent < length ? REQUEST_SIZE - stream->sent : length;
      memcpy (buffer, request + stream->sent, n);
      stream->sent = (stream->sent + n) % REQUEST_SIZE;
      stream->to_send = stream->sent != 0;
    }
  if (stream->last && !stream->to_send)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t) n;
}

void
start_call (Connection *connection, double due)
{
#define HEADER(name, value)                                                                        \
  {                                                                                                \
    (uint8_t *) name, (uint8_t *) value, sizeof name - 1, sizeof value - 1,                        \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                               \
  }
  static const nghttp2_nv unary[] = { HEADER (":method", "POST"),
                                      HEADER (":scheme", "http"),
                                      HEADER (":path", "/greeter.Say/Hello"),
                                      HEADER (":authority", "localhost"),
                                      HEADER ("content-type", "application/grpc+proto"),
                                      HEADER ("te", "trailers") };
  static const nghttp2_nv chat[] = { HEADER (":method", "POST"),
                                     HEADER (":scheme", "http"),
                                     HEADER (":path", "/greeter.Say/Chat"),
                                     HEADER (":authority", "localhost"),
                                     HEADER ("content-type", "application/grpc+proto"),
                                     HEADER ("te", "trailers") };
  Load *load = connection->load;
  Stream *stream = free_streams;

  if (stream != NULL)
    free_streams = stream->next_free;
  else
    stream = malloc (sizeof *stream);
  if (stream == NULL)
    fail ("no memory");
  *stream = (Stream){ .connection = connection, .due = due, .to_send = 1, .last = !load->chat };
  load->streams++;
  stream->id = nghttp2_submit_request (connection->session, NULL, load->chat ? chat : unary, 6,
                                       &(nghttp2_data_provider){ { .ptr = stream }, read_message },
                                       stream);
  if (stream->id < 0)
    fail (nghttp2_strerror (stream->id));
}

/* --- What comes --- */

static void
on_message (Stream *stream)
{
  Load *load = stream->connection->load;

  stream->messages++;
  answered (load, stream->due);
  if (!load->chat)
    return;
  if (take_one (load))
    stream->to_send = 1;
  else
    stream->last = 1;
  stream->due = now_seconds ();
  nghttp2_session_resume_data (stream->connection->session, stream->id);
}

static int
on_data (nghttp2_session *session,
         uint8_t flags,
         int32_t stream_id,
         const uint8_t *data,
         size_t length,
         void *user_data)
{
  Stream *stream = nghttp2_session_get_stream_user_data (session, stream_id);

  (void) flags, (void) user_data;
  for (size_t i = 0; i < length;)
    {
      size_t n;

      if (stream->received < PREFIX_SIZE)
        {
          if (stream->received > 0)
            stream->length = stream->length << 8 | data[i];
          stream->received++;
          i++;
          if (stream->received == PREFIX_SIZE)
            stream->length += PREFIX_SIZE;
          continue;
        }
      n = stream->length - stream->received;
      if (n > length - i)
        n = length - i;
      stream->received += n;
      i += n;
      if (stream->received < stream->length)
        continue;
      stream->received = stream->length = 0;
      on_message (stream);
    }
  return 0;
}

static int
on_close (nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user_data)
{
  Connection *connection = user_data;
  Load *load = connection->load;
  Stream *stream = nghttp2_session_get_stream_user_data (session, stream_id);

  if (error_code != NGHTTP2_NO_ERROR || stream->messages == 0)
    fail ("a call was not answered");
  load->streams--;
  stream->next_free = free_streams;
  free_streams = stream;
  if (!load->chat && take_one (load))
    start_call (connection, now_seconds ());
  return 0;
}

void
open_session (Connection *connection)
{
  static nghttp2_session_callbacks *callbacks;
  static const nghttp2_settings_entry window
      = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_SIZE };

  if (callbacks == NULL)
    {
      nghttp2_session_callbacks_new (&callbacks);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback (callbacks, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback (callbacks, on_close);
    }
  if (nghttp2_session_client_new (&connection->session, callbacks, connection) != 0)
    fail ("no memory");
  nghttp2_submit_settings (connection->session, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size (connection->session, NGHTTP2_FLAG_NONE, 0, WINDOW_SIZE);
}
