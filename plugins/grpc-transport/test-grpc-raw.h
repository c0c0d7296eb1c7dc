/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests of connections: a peer that speaks in single frames.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <glib.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

/* As good as for ever: tests/limit ends who waits longer. */
const gint64 PATIENCE_US = 600 * (gint64) G_USEC_PER_SEC;

struct Frame
{
  int type; /* -1: the other side has closed; -2: nothing came in time */
  int flags;
  guint32 stream_id;
  std::string payload;

  guint32
  Number (size_t at) const
  {
    guint32 number = 0;

    for (size_t i = 0; i < 4; i++)
      number = number << 8 | (guint8) payload.at (at + i);
    return number;
  }
};

/* One end of a TCP connection, as the test likes to use it. */
class RawPeer
{
public:
  explicit RawPeer (int descriptor) : fd (descriptor) { nghttp2_hd_inflate_new (&inflater); }

  RawPeer (const RawPeer &) = delete;
  RawPeer &operator= (const RawPeer &) = delete;

  ~RawPeer ()
  {
    nghttp2_hd_inflate_del (inflater);
    close (fd);
  }

  /* A literal that no table remembers (RFC 7541, 6.2.2). */
  static std::string
  Field (const std::string &name, const std::string &value)
  {
    return std::string (1, '\0') + (char) name.size () + name + (char) value.size () + value;
  }

  /* "name: value" of each field of a block, one a line.  Of every block, in its turn. */
  std::string
  Fields (const Frame &frame)
  {
    const uint8_t *at = (const uint8_t *) frame.payload.data ();
    size_t left = frame.payload.size ();
    std::string all;
    int flags = 0;

    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0)
      {
        nghttp2_nv field;
        ssize_t used = nghttp2_hd_inflate_hd2 (inflater, &field, &flags, at, left, 1);

        if (used < 0)
          return "not a header block";
        at += used;
        left -= (size_t) used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
          all += std::string ((const char *) field.name, field.namelen) + ": "
                 + std::string ((const char *) field.value, field.valuelen) + "\n";
      }
    nghttp2_hd_inflate_end_headers (inflater);
    return all;
  }

  void
  Send (const std::string &bytes)
  {
    /* The other side may have closed: that shows when reading. */
    (void) !send (fd, bytes.data (), bytes.size (), MSG_NOSIGNAL);
  }

  void
  SendFrame (int type, int flags, guint32 stream_id, const std::string &payload = "")
  {
    std::string head;
    gsize n = payload.size ();

    for (gsize byte : { n >> 16, n >> 8, n, (gsize) type, (gsize) flags, (gsize) stream_id >> 24,
                        (gsize) stream_id >> 16, (gsize) stream_id >> 8, (gsize) stream_id })
      head += (char) byte;
    Send (head + payload);
  }

  void
  Greet ()
  {
    Send ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    SendFrame (NGHTTP2_SETTINGS, 0, 0);
  }

  /* Everything that was sent before has been read. */
  void
  Settle ()
  {
    Frame frame;

    SendFrame (NGHTTP2_PING, 0, 0, "settled?");
    do
      frame = Next ();
    while (frame.type >= 0
           && !(frame.type == NGHTTP2_PING && (frame.flags & NGHTTP2_FLAG_ACK) != 0));
    EXPECT_EQ (frame.type, NGHTTP2_PING);
  }

  /* Calls the greeter; the header fields are literals (RFC 7541, 6.2.2). */
  void
  Ask (guint32 stream_id, const std::string &name, int flags = NGHTTP2_FLAG_END_STREAM)
  {
    std::string text = std::string ("\x0a") + (char) name.size () + name;

    Begin (stream_id, std::string (4, '\0') + (char) text.size () + text, flags);
  }

  void
  Begin (guint32 stream_id, const std::string &body, int flags = 0)
  {
    static const char *const fields[]
        = { ":path", "/greeter.Say/Hello", ":authority",   "test",
            "te",    "trailers",           "content-type", "application/grpc" };
    std::string headers = "\x83\x86"; /* :method POST, :scheme http */

    for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
      headers += (i % 2 == 0 ? std::string (1, '\0') : "") + (char) strlen (fields[i]) + fields[i];
    SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream_id, headers);
    SendFrame (NGHTTP2_DATA, flags, stream_id, body);
  }

  /* As a server. */
  void
  TakePreface ()
  {
    std::string preface;

    EXPECT_TRUE (Read (NGHTTP2_CLIENT_MAGIC_LEN, PATIENCE_US / 1000, preface));
  }

  Frame
  Next (int timeout_ms = PATIENCE_US / 1000)
  {
    Frame frame = { -2, 0, 0, "" };
    std::string head;

    if (!Read (9, timeout_ms, head))
      frame.type = closed ? -1 : -2;
    else
      {
        gsize length = (guint8) head[0] << 16 | (guint8) head[1] << 8 | (guint8) head[2];

        frame.type = head[3];
        frame.flags = (guint8) head[4];
        memcpy (&frame.stream_id, head.data () + 5, 4);
        frame.stream_id = ntohl (frame.stream_id);
        Read (length, timeout_ms, frame.payload);
      }
    return frame;
  }

  /* The next frame of @type that is no acknowledgement, or what ended the wait for it. */
  Frame
  NextOf (int type)
  {
    const bool has_ack = type == NGHTTP2_PING || type == NGHTTP2_SETTINGS;

    while (true)
      {
        Frame frame = Next ();

        if (frame.type < 0
            || (frame.type == type && !(has_ack && (frame.flags & NGHTTP2_FLAG_ACK) != 0)))
          return frame;
      }
  }

  int fd;
  int error = 0; /* of the last read */

private:
  bool
  Read (size_t n, int timeout_ms, std::string &into)
  {
    while (into.size () < n)
      {
        struct pollfd waiting = { fd, POLLIN, 0 };
        char buffer[4096];
        ssize_t got;

        if (poll (&waiting, 1, timeout_ms) <= 0)
          return false;
        got = recv (fd, buffer, MIN (sizeof buffer, n - into.size ()), 0);
        closed = got <= 0;
        error = got < 0 ? errno : 0;
        if (closed)
          return false;
        into.append (buffer, got);
      }
    return true;
  }

  bool closed = false;
  nghttp2_hd_inflater *inflater;
};

/* Header fields, in their order. */
typedef std::vector<std::pair<std::string, std::string>> HeaderList;

inline std::string
block (const HeaderList &list)
{
  std::string bytes;

  for (const auto &field : list)
    bytes += RawPeer::Field (field.first, field.second);
  return bytes;
}

inline std::string
number (guint32 value)
{
  return std::string{ (char) (value >> 24), (char) (value >> 16), (char) (value >> 8),
                      (char) value };
}
