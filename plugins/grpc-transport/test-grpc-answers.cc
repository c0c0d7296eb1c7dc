/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a server may say instead of an answer, and what its caller is told.
 */
#include "test-grpc-peer.h"

class GrpcAnswersTest : public GrpcPeerTest
{
protected:
  void
  SetUp () override
  {
    GrpcPeerTest::SetUp ();
    ListenRaw ();
    Caller ("max-header-bytes", 2048);
  }
};

TEST_F (GrpcAnswersTest, EachEndsItsCallOnce)
{
  const HeaderList head = { { ":status", "200" }, { "content-type", "application/grpc" } };
  const HeaderList tail = { { "grpc-status", "0" } };
  const std::string reply ("\0\0\0\0\4\x0a\2ok", 9);
  struct Part
  {
    int type, flags;
    std::string payload;
  };
  const int END = NGHTTP2_FLAG_END_STREAM, WHOLE = NGHTTP2_FLAG_END_HEADERS;
  auto plus = [] (HeaderList list, const char *name, const std::string &value) {
    list.push_back ({ name, value });
    return list;
  };
  auto answer = [&] (const HeaderList &first, const HeaderList &second) {
    return std::vector<Part>{ { NGHTTP2_HEADERS, WHOLE, block (first) },
                              { NGHTTP2_DATA, 0, reply },
                              { NGHTTP2_HEADERS, WHOLE | END, block (second) } };
  };
  auto only = [&] (const HeaderList &list) {
    return std::vector<Part>{ { NGHTTP2_HEADERS, WHOLE | END, block (list) } };
  };
  const struct
  {
    const char *what;
    std::vector<Part> parts;
    MicroStatus status;
  } cases[] = {
    { "a good one", answer (head, tail), MICRO_STATUS_OK },
    { "trailers alone", only (plus (head, "grpc-status", "7")), MICRO_STATUS_PERMISSION_DENIED },
    { "an unknown status", answer (head, { { "grpc-status", "99" } }), MICRO_STATUS_UNKNOWN },
    { "a status that is no number", answer (head, { { "grpc-status", "x" } }),
      MICRO_STATUS_UNKNOWN },
    { "an empty status", answer (head, { { "grpc-status", "" } }), MICRO_STATUS_UNKNOWN },
    { "no status", answer (head, { { "x", "y" } }), MICRO_STATUS_INTERNAL },
    { "a status in the headers alone",
      { { NGHTTP2_HEADERS, WHOLE, block (plus (head, "grpc-status", "0")) },
        { NGHTTP2_DATA, END, reply } },
      MICRO_STATUS_INTERNAL },
    { "half a message",
      { { NGHTTP2_HEADERS, WHOLE, block (head) },
        { NGHTTP2_DATA, 0, reply.substr (0, 7) },
        { NGHTTP2_HEADERS, WHOLE | END, block (tail) } },
      MICRO_STATUS_INTERNAL },
    { "100 before it",
      { { NGHTTP2_HEADERS, WHOLE, block ({ { ":status", "100" }, { "grpc-status", "5" } }) },
        { NGHTTP2_HEADERS, WHOLE, block (head) },
        { NGHTTP2_DATA, 0, reply },
        { NGHTTP2_HEADERS, WHOLE | END, block (tail) } },
      MICRO_STATUS_OK },
    { "another type", only ({ { ":status", "200" }, { "content-type", "text/html" } }),
      MICRO_STATUS_UNKNOWN },
    { "401", only ({ { ":status", "401" } }), MICRO_STATUS_UNAUTHENTICATED },
    { "403", only ({ { ":status", "403" } }), MICRO_STATUS_PERMISSION_DENIED },
    { "404", only ({ { ":status", "404" } }), MICRO_STATUS_UNIMPLEMENTED },
    { "429", only ({ { ":status", "429" } }), MICRO_STATUS_UNAVAILABLE },
    { "502", only ({ { ":status", "502" } }), MICRO_STATUS_UNAVAILABLE },
    { "503", only ({ { ":status", "503" } }), MICRO_STATUS_UNAVAILABLE },
    { "504", only ({ { ":status", "504" } }), MICRO_STATUS_UNAVAILABLE },
    { "500", only ({ { ":status", "500" } }), MICRO_STATUS_UNKNOWN },
    { "no :status", only ({ { "content-type", "application/grpc" } }), MICRO_STATUS_INTERNAL },
    { "two", only ({ { ":status", "200" }, { ":status", "200" } }), MICRO_STATUS_INTERNAL },
    { "a bad name", answer (plus (head, "Upper", "x"), tail), MICRO_STATUS_INTERNAL },
    { "too many headers",
      { { NGHTTP2_HEADERS, WHOLE,
          block (head) + block (HeaderList (30, { "x-name", std::string (60, 'x') })) },
        { NGHTTP2_HEADERS, WHOLE | END, block (tail) } },
      MICRO_STATUS_RESOURCE_EXHAUSTED },
    { "NO_ERROR", { { NGHTTP2_RST_STREAM, 0, number (0) } }, MICRO_STATUS_INTERNAL },
    { "PROTOCOL_ERROR", { { NGHTTP2_RST_STREAM, 0, number (1) } }, MICRO_STATUS_INTERNAL },
    { "INTERNAL_ERROR", { { NGHTTP2_RST_STREAM, 0, number (2) } }, MICRO_STATUS_INTERNAL },
    { "REFUSED_STREAM", { { NGHTTP2_RST_STREAM, 0, number (7) } }, MICRO_STATUS_UNAVAILABLE },
    { "CANCEL", { { NGHTTP2_RST_STREAM, 0, number (8) } }, MICRO_STATUS_CANCELLED },
    { "ENHANCE_YOUR_CALM",
      { { NGHTTP2_RST_STREAM, 0, number (11) } },
      MICRO_STATUS_RESOURCE_EXHAUSTED },
    { "INADEQUATE_SECURITY",
      { { NGHTTP2_RST_STREAM, 0, number (12) } },
      MICRO_STATUS_PERMISSION_DENIED },
    { "an unknown code", { { NGHTTP2_RST_STREAM, 0, number (4711) } }, MICRO_STATUS_INTERNAL },
  };
  guint32 stream_id = 1;
  struct Outcome outcome = {};

  Begin (&outcome);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  for (const auto &one : cases)
    {
      if (stream_id > 1)
        {
          outcome.done = false;
          outcome.closes = 0;
          Begin (&outcome);
        }
      ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, stream_id) << one.what;
      for (const Part &part : one.parts)
        peer.SendFrame (part.type, part.flags, stream_id, part.payload);
      EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); })) << one.what;
      EXPECT_EQ (outcome.status, one.status) << one.what << ": " << outcome.message;
      peer.Settle ();
      EXPECT_EQ (outcome.closes, 1) << one.what;
      stream_id += 2;
    }
}

/* Values of a name in -bin may come joined. */
TEST_F (GrpcAnswersTest, JoinedValuesAreSeveral)
{
  struct Seen
  {
    std::atomic<bool> done;
    std::string all, one;
  } seen = {};
  static const MicroCallEvents events
      = { nullptr,
          nullptr,
          [] (MicroCall *call, MicroStatus, const char *, GBytes *) {
            Seen *seen = (Seen *) call->user_data;

            call->ops->foreach_header (
                call, TRUE,
                [] (const char *name, const char *value, gpointer data) -> gboolean {
                  if (name[0] == 'x')
                    *(std::string *) data += std::string (name) + "=" + value + ";";
                  return TRUE;
                },
                &seen->all);
            seen->one = call->ops->get_header (call, "x-bin");
            seen->done = true;
          },
          nullptr,
          nullptr,
          nullptr };

  On (client_loop, [&] {
    MicroCallStart start = {};

    start.address = address.c_str ();
    start.path = "/greeter.Say/Hello";
    start.deadline_us = G_MAXINT64;
    micro_transport_open (client, client_loop, &start, &events, &seen);
  });
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 1u);
  peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                  block ({ { ":status", "200" },
                           { "content-type", "application/grpc" },
                           { "x-bin", "YQ, Yg==,Yw" },
                           { "x", "a,b" },
                           { "grpc-status", "0" } }));
  EXPECT_TRUE (wait_until ([&] { return seen.done.load (); }));
  EXPECT_EQ (seen.all, "x-bin=YQ;x-bin=Yg==;x-bin=Yw;x=a,b;");
  EXPECT_EQ (seen.one, "Yw");
}
