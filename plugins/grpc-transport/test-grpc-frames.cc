/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Single frames: each kind in each state of a stream, and each field of a request that is missing,
 * twice there or malformed.  Whatever comes, the server goes on.
 */
#include "test-grpc-peer.h"

namespace
{
/* --- A request, field by field --- */

const HeaderList good
    = { { ":method", "POST" },    { ":scheme", "http" }, { ":path", "/greeter.Say/Hello" },
        { ":authority", "test" }, { "te", "trailers" },  { "content-type", "application/grpc" } };

HeaderList
without (const std::string &name)
{
  HeaderList list;

  for (const auto &field : good)
    if (field.first != name)
      list.push_back (field);
  return list;
}

HeaderList
with (const std::string &name, const std::string &value)
{
  HeaderList list = good;

  for (auto &field : list)
    if (field.first == name)
      {
        field.second = value;
        return list;
      }
  list.push_back ({ name, value });
  return list;
}

/* After those of @name's kind. */
HeaderList
twice (const std::string &name)
{
  HeaderList list;

  for (const auto &field : good)
    {
      list.push_back (field);
      if (field.first == name)
        list.push_back (field);
    }
  return list;
}

HeaderList
last (const std::string &name)
{
  HeaderList list = without (name);

  for (const auto &field : good)
    if (field.first == name)
      list.push_back (field);
  return list;
}

/* "Hello John": a greeter's request. */
const std::string body ("\0\0\0\0\6\x0a\4John", 11);
}

class GrpcFramesTest : public GrpcPeerTest
{
protected:
  void
  SetUp () override
  {
    GrpcPeerTest::SetUp ();
    Serve ("127.0.0.1:0");
  }

  /* What becomes of the stream, or of the connection: "200 0" with HTTP's and gRPC's status,
   * "reset CODE", "ended CODE", or "nothing". */
  static std::string
  Outcome (RawPeer &peer, guint32 stream_id)
  {
    std::string http;
    int n_pings = 1;

    peer.SendFrame (NGHTTP2_PING, 0, 0, "outcome?");
    while (true)
      {
        Frame frame = peer.Next ();

        if (frame.type < 0)
          return "closed";
        if (frame.type == NGHTTP2_GOAWAY)
          return "ended " + std::to_string (frame.Number (4));
        if (frame.type == NGHTTP2_RST_STREAM && frame.stream_id == stream_id)
          return "reset " + std::to_string (frame.Number (0));
        if (frame.type == NGHTTP2_HEADERS)
          {
            std::string fields = peer.Fields (frame);
            size_t status = fields.find (":status: "), grpc = fields.find ("grpc-status: ");

            if (frame.stream_id != stream_id)
              continue;
            if (status != std::string::npos)
              http = fields.substr (status + 9, 3);
            if (grpc != std::string::npos)
              return http + " " + fields.substr (grpc + 13, fields.find ('\n', grpc) - grpc - 13);
            if (frame.flags & NGHTTP2_FLAG_END_STREAM)
              return http;
          }
        if (frame.type == NGHTTP2_DATA && frame.stream_id == stream_id
            && (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0)
          return http;
        /* The first answer overtakes others, the second does not. */
        if (frame.type == NGHTTP2_PING && (frame.flags & NGHTTP2_FLAG_ACK) != 0
            && frame.payload == "outcome?" && http.empty ())
          {
            if (n_pings++ == 2)
              return "nothing";
            peer.SendFrame (NGHTTP2_PING, 0, 0, "outcome?");
          }
      }
  }

  /* Of a request with these fields, whole. */
  std::string
  Ask (const HeaderList &list)
  {
    RawPeer peer (Connect ());

    peer.Greet ();
    peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block (list));
    peer.SendFrame (NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, body);
    std::string outcome = Outcome (peer, 1);
    StillServes ();
    return outcome;
  }

  /* Others notice nothing. */
  void
  StillServes ()
  {
    RawPeer peer (Connect ());

    peer.Greet ();
    peer.Ask (1, "John");
    EXPECT_EQ (Outcome (peer, 1), "200 0");
  }

  const std::string malformed = "reset 1"; /* PROTOCOL_ERROR (RFC 9113, 8.1.1) */
};

TEST_F (GrpcFramesTest, ARequestHasEachFieldOnce)
{
  EXPECT_EQ (Ask (good), "200 0");
  for (const char *name : { ":method", ":scheme", ":path" })
    EXPECT_EQ (Ask (without (name)), malformed) << "without " << name;
  HeaderList host = without (":authority");
  EXPECT_EQ (Ask (host), malformed);
  host.push_back ({ "host", "test" });
  EXPECT_EQ (Ask (host), "200 0") << "as those write it that come from HTTP/1";
  EXPECT_EQ (Ask (without ("content-type")), "415");
  for (const char *name : { ":method", ":scheme", ":path", ":authority" })
    EXPECT_EQ (Ask (twice (name)), malformed) << "twice " << name;
  for (const char *name : { ":method", ":scheme", ":path", ":authority" })
    EXPECT_EQ (Ask (last (name)), malformed) << name << " behind the others";
}

TEST_F (GrpcFramesTest, ItsFieldsAreWellFormed)
{
  const struct
  {
    const char *name, *value, *outcome;
  } cases[] = {
    { ":method", "", "reset 1" },
    { ":method", "GET", "405" },
    { ":method", "PUT", "405" },
    { ":method", "OPTIONS", "405" },
    { ":method", "HEAD", "405" },
    { ":method", "post", "405" },
    { ":method", "PO ST", "reset 1" },
    { ":scheme", "", "reset 1" },
    { ":scheme", "ht tp", "reset 1" },
    { ":path", "", "reset 1" },
    { ":path", "greeter.Say/Hello", "reset 1" },
    { ":path", "/", "200 12" },
    { ":path", "*", "reset 1" },
    { ":path", "/greeter.Say/Nothing", "200 12" },
    { ":path", "/nobody.Here/Hello", "200 12" },
    { ":path", "/greeter.Say/He\nllo", "reset 1" },
    { ":authority", "", "reset 1" },
    { ":authority", "te st", "reset 1" },
    { ":status", "200", "reset 1" },
    { ":unknown", "x", "reset 1" },
    { "Upper", "x", "reset 1" },
    { "", "x", "reset 1" },
    { "x y", "x", "reset 1" },
    { "x", "line\nbreak", "reset 1" },
    { "connection", "close", "reset 1" },
    { "keep-alive", "1", "reset 1" },
    { "transfer-encoding", "chunked", "reset 1" },
    { "upgrade", "h2c", "reset 1" },
    { "te", "gzip", "reset 1" },
    { "content-type", "text/plain", "415" },
    { "content-type", "application/grpcish", "415" },
    { "content-length", "7", "reset 1" },
    { "content-length", "x", "reset 1" },
    { "grpc-timeout", "soon", "200 13" },
    { "grpc-timeout", "123456789S", "200 13" },
    { "grpc-encoding", "brotli", "200 12" },
  };

  for (const auto &one : cases)
    EXPECT_EQ (Ask (with (one.name, one.value)), one.outcome) << one.name << ": " << one.value;
  EXPECT_EQ (served.load () != nullptr, true);
}

/* CONNECT has neither scheme nor path (RFC 9113, 8.5). */
TEST_F (GrpcFramesTest, ConnectIsNoCall)
{
  EXPECT_EQ (Ask ({ { ":method", "CONNECT" }, { ":authority", "test" } }), "405");
  EXPECT_EQ (Ask (with (":method", "CONNECT")), malformed);
}

TEST_F (GrpcFramesTest, WhatIsNoPostIsToldWhatIs)
{
  for (const char *method : { "GET", "HEAD" })
    {
      RawPeer peer (Connect ());
      Frame frame;

      peer.Greet ();
      peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                      block (with (":method", method)));
      frame = peer.NextOf (NGHTTP2_HEADERS);
      EXPECT_EQ (peer.Fields (frame), ":status: 405\ncontent-type: text/plain\nallow: POST\n");
      EXPECT_EQ ((frame.flags & NGHTTP2_FLAG_END_STREAM) != 0, method[0] == 'H');
      peer.Settle ();
    }
}

/* --- Frames --- */

namespace
{
/* Of stream 1, when the frame comes. */
enum State
{
  IDLE,        /* not yet begun */
  OPEN,        /* its headers have come */
  HALF_CLOSED, /* its request is whole, and it waits for the answer */
  CLOSED,      /* it has been answered */
  NONE         /* stream 0 */
};

const char *const state_names[] = { "idle", "open", "half-closed", "closed", "connection" };
}

TEST_F (GrpcFramesTest, EachKindInEachState)
{
  const std::string settings ("\0\3\0\0\0\1", 6), priority ("\0\0\0\0\x10", 5);
  const struct
  {
    int type;
    std::string payload;
    const char *outcomes[5]; /* a state each */
  } cases[] = {
    /* RFC 9113, 5.1 and 6.1 to 6.10; 1: PROTOCOL_ERROR, 5: STREAM_CLOSED, 6: FRAME_SIZE_ERROR */
    { NGHTTP2_DATA, "x", { "ended 1", "nothing", "ended 5", "ended 5", "ended 1" } },
    { NGHTTP2_HEADERS, block (good), { "nothing", "reset 1", "ended 5", "ended 5", "ended 1" } },
    { NGHTTP2_PRIORITY, priority, { "nothing", "nothing", "nothing", "nothing", "ended 1" } },
    { NGHTTP2_PRIORITY, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_RST_STREAM, number (8), { "ended 1", "nothing", "nothing", "nothing", "ended 1" } },
    { NGHTTP2_RST_STREAM, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_SETTINGS, settings, { "ended 1", "ended 1", "ended 1", "ended 1", "nothing" } },
    { NGHTTP2_SETTINGS, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_PUSH_PROMISE, number (2), { "ended 1", "ended 1", "ended 1", "ended 1", "ended 1" } },
    { NGHTTP2_PING, "12345678", { "ended 1", "ended 1", "ended 1", "ended 1", "nothing" } },
    { NGHTTP2_PING, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_GOAWAY,
      number (0) + number (0),
      { "ended 1", "ended 1", "ended 1", "ended 1", "closed" } },
    { NGHTTP2_GOAWAY, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_WINDOW_UPDATE,
      number (1),
      { "ended 1", "nothing", "nothing", "nothing", "nothing" } },
    { NGHTTP2_WINDOW_UPDATE,
      number (0),
      { "ended 1", "ended 1", "ended 1", "nothing", "ended 1" } },
    { NGHTTP2_WINDOW_UPDATE, "x", { "ended 6", "ended 6", "ended 6", "ended 6", "ended 6" } },
    { NGHTTP2_CONTINUATION, "", { "ended 1", "ended 1", "ended 1", "ended 1", "ended 1" } },
    { 0xab, "whatever", { "nothing", "nothing", "nothing", "nothing", "nothing" } },
  };

  for (const auto &one : cases)
    for (int state = IDLE; state <= NONE; state++)
      {
        RawPeer peer (Connect ());
        guint32 stream_id = state == NONE ? 0 : 1;
        int flags = one.type == NGHTTP2_HEADERS ? NGHTTP2_FLAG_END_HEADERS : 0;

        waiting.n = 0;
        peer.Greet ();
        if (state == OPEN)
          peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block (good));
        else if (state == HALF_CLOSED)
          {
            peer.Ask (1, "wait");
            EXPECT_TRUE (wait_until ([] { return waiting.n == 1; }));
          }
        else if (state == CLOSED)
          {
            peer.Ask (1, "John");
            EXPECT_EQ (Outcome (peer, 1), "200 0");
          }
        peer.SendFrame (one.type, flags, stream_id, one.payload);
        EXPECT_EQ (Outcome (peer, 1), one.outcomes[state])
            << "type " << one.type << " of " << one.payload.size () << " bytes, "
            << state_names[state];
        Release ();
        waiting.released = false;
        StillServes ();
      }
}

/* A block in two frames, and what may not come between them. */
TEST_F (GrpcFramesTest, NothingComesBetweenThePartsOfABlock)
{
  const std::string all = block (good);
  const struct
  {
    int type, flags;
    guint32 stream_id;
    std::string payload;
    const char *outcome;
  } between[] = {
    { NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, all.substr (20), "nothing" },
    { NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 3, all.substr (20), "ended 1" },
    { NGHTTP2_DATA, 0, 1, "x", "ended 1" },
    { NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, all, "ended 1" },
    { NGHTTP2_PING, 0, 0, "12345678", "ended 1" },
    { NGHTTP2_SETTINGS, 0, 0, "", "ended 1" },
    { 0xab, 0, 1, "x", "ended 1" },
  };

  for (const auto &one : between)
    {
      RawPeer peer (Connect ());

      peer.Greet ();
      peer.SendFrame (NGHTTP2_HEADERS, 0, 1, all.substr (0, 20));
      peer.SendFrame (one.type, one.flags, one.stream_id, one.payload);
      EXPECT_EQ (Outcome (peer, 1), one.outcome) << "type " << one.type;
      StillServes ();
    }
}

TEST_F (GrpcFramesTest, BeforeTheSettingsComesThePreface)
{
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  for (const std::string &bytes :
       { std::string ("GET / HTTP/1.1\r\nHost: test\r\n\r\n"), std::string (100, '\0'),
         std::string ("\x16\3\1", 3) + std::string (100, 'x'),
         preface.substr (0, 20) + std::string (100, 'x') })
    {
      RawPeer peer (Connect ());

      peer.Send (bytes);
      EXPECT_EQ (peer.NextOf (NGHTTP2_PING).type, -1);
      StillServes ();
    }
  RawPeer peer (Connect ());
  peer.Send (preface);
  peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  EXPECT_EQ (Outcome (peer, 1), "ended 1") << "SETTINGS come first (RFC 9113, 3.4)";
}

/* --- Time --- */

/* From its headers on, whether the rest comes or not. */
TEST_F (GrpcFramesTest, TheTimeOfACallPassesWhileItsRequestComes)
{
  RawPeer peer (Connect ());

  peer.Greet ();
  peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
                  block (with ("grpc-timeout", "20m")));
  Frame frame = peer.NextOf (NGHTTP2_HEADERS);
  EXPECT_NE (peer.Fields (frame).find ("grpc-status: 4\n"), std::string::npos);
  EXPECT_EQ (served, nullptr) << "no handler has seen it";
}

TEST_F (GrpcFramesTest, ACallWhoseTimeIsOverReachesNoHandler)
{
  EXPECT_EQ (Ask (with ("grpc-timeout", "0n")), "200 4");
  served = nullptr;
  {
    RawPeer peer (Connect ());

    peer.Greet ();
    peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
                    block (with ("grpc-timeout", "0n")));
    peer.SendFrame (NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, body);
    EXPECT_EQ (Outcome (peer, 1), "200 4");
  }
  EXPECT_EQ (served, nullptr);
}

TEST_F (GrpcPeerTest, WhoNeverComesToThePointIsSentAway)
{
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  Serve ("127.0.0.1:0", "server-request-timeout-ms", 30);
  for (const std::string &bytes :
       { std::string (), preface.substr (0, 5), preface, preface + std::string ("\0\0\0", 3),
         preface + std::string ("\0\0\0\4\0\0\0\0\0", 9) + std::string ("\0\0\7\1", 4) })
    {
      RawPeer peer (Connect ());

      peer.Send (bytes);
      EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (4), (guint32) NGHTTP2_ENHANCE_YOUR_CALM)
          << bytes.size ();
    }
}
