/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whose a call is, how long its memory stays, who calls, and methods of bytes, over each transport.
 */
#include <thread>

#include "client-test.h"

namespace
{
/* --- A server with a method of each kind, of bytes --- */

struct Bytes
{
  std::atomic<MicroCall *> call; /* of "keep" */
  std::atomic<int> events[MICRO_STREAM_CLOSED + 1];
  std::atomic<int> destroyed;
  std::string peer;
  std::string identity;
};

std::string
text_of (GBytes *bytes)
{
  gsize length;
  const char *data = (const char *) g_bytes_get_data (bytes, &length);

  return std::string (data != NULL ? data : "", length);
}

void
reply (MicroCall *call, const std::string &text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text.data (), text.size ());

  micro_call_reply_bytes (call, bytes);
}

void
echo (MicroCall *call, GBytes *request, gpointer user_data)
{
  Bytes *self = (Bytes *) user_data;
  std::string text = text_of (request);

  if (text == "keep")
    {
      self->call = call;
      return;
    }
  self->peer = micro_call_get_peer_address (call);
  self->identity = micro_call_get_peer_identity (call) != NULL ? "somebody" : "";
  EXPECT_EQ (micro_call_get_peer_certificate (call), nullptr);
  EXPECT_EQ (micro_call_get_codec (call), MICRO_CODEC_BYTES);
  EXPECT_EQ (micro_call_get_loop (call), micro_loop_get_current ());
  if (text == "fail")
    micro_call_fail (call, MICRO_STATUS_ABORTED, "as asked");
  else
    reply (call, text + "!");
}

void
chat_event (MicroCall *call, MicroStreamEvent event, GBytes *message, gpointer user_data)
{
  Bytes *self = (Bytes *) user_data;

  self->events[event]++;
  if (event == MICRO_STREAM_MESSAGE)
    micro_call_send_bytes (call, message);
  else if (event == MICRO_STREAM_ENDED)
    reply (call, "bye");
  else if (event == MICRO_STREAM_CANCELLED)
    micro_call_end (call);
}

void
begin_chat (MicroCall *call, GBytes *request, gpointer user_data)
{
  EXPECT_EQ (request, nullptr);
  micro_call_stream_bytes (call, chat_event, user_data,
                           [] (gpointer data) { ((Bytes *) data)->destroyed++; });
}

/* Two answers, or none, to who wants one. */
void
twice (MicroCall *call, GBytes *, gpointer)
{
  micro_call_stream_bytes (
      call,
      [] (MicroCall *call, MicroStreamEvent event, GBytes *message, gpointer) {
        bool none = message != nullptr && g_bytes_get_size (message) == 0;

        if (event == MICRO_STREAM_MESSAGE && !none)
          micro_call_send_bytes (call, message);
        if (event == MICRO_STREAM_MESSAGE && !none)
          micro_call_send_bytes (call, message);
        if (event == MICRO_STREAM_ENDED || event == MICRO_STREAM_CANCELLED)
          micro_call_end (call);
      },
      NULL, NULL);
}

class CallTest : public ClientTest
{
protected:
  void
  SetUp () override
  {
    g_autoptr (GError) error = NULL;

    ClientTest::SetUp ();
    server_loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
    g_ptr_array_add (server_loops, micro_loop_new ("served"));
    server_router = micro_router_new ();
    micro_router_add_bytes (server_router, "/raw.Bytes/Echo", MICRO_METHOD_UNARY, echo, &bytes,
                            [] (gpointer data) { ((Bytes *) data)->destroyed += 100; });
    micro_router_add_bytes (server_router, "/raw.Bytes/Twice", MICRO_METHOD_BIDI, twice, NULL,
                            NULL);
    micro_router_add_bytes (server_router, "/raw.Bytes/Chat", MICRO_METHOD_BIDI, begin_chat, &bytes,
                            NULL);
    server = (MicroTransport *) g_object_new (GetParam ().plugin ()->get_type (), NULL);
    options.address = server_address
        = micro_transport_listen (server, GetParam ().address, server_router, server_loops, &error);
    ASSERT_NE (options.address, nullptr) << error->message;
    options.timeout_ms = 600000;
  }

  /* All that served is gone afterwards. */
  void
  EndServer ()
  {
    if (server == NULL)
      return;
    micro_transport_close (server);
    g_ptr_array_unref (server_loops);
    g_clear_object (&server);
    g_clear_object (&server_router);
  }

  void
  TearDown () override
  {
    EndServer ();
    g_free (server_address);
    ClientTest::TearDown ();
  }

  std::string
  Echo (const char *text)
  {
    g_autoptr (GBytes) request = g_bytes_new (text, strlen (text));
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) response = micro_client_call_bytes_sync (
        client, "raw", "/raw.Bytes/Echo", MICRO_CODEC_BYTES, request, &options, &error);

    return response != NULL ? text_of (response) : error->message;
  }

  MicroCall *
  Keep ()
  {
    g_autoptr (GBytes) request = g_bytes_new_static ("keep", 4);

    micro_client_call_bytes_async (client, "raw", "/raw.Bytes/Echo", MICRO_CODEC_BYTES, request,
                                   &options, NULL, NULL, NULL);
    while (bytes.call == NULL)
      std::this_thread::yield ();
    return bytes.call;
  }

  Bytes bytes = {};
  GPtrArray *server_loops;
  MicroRouter *server_router;
  MicroTransport *server;
  char *server_address;
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
};
INSTANTIATE_TEST_SUITE_P (Over, CallTest, testing::ValuesIn (kinds), [] (const auto &info) {
  return std::string (info.param.name);
});
}

TEST_P (CallTest, OneReplyIsOneMessage)
{
  for (const char *text : { "two", "" })
    {
      MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
      g_autoptr (GBytes) request = g_bytes_new (text, strlen (text));
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) reply = NULL;

      options.address = server_address;
      reply = micro_client_call_bytes_sync (client, "raw", "/raw.Bytes/Twice", MICRO_CODEC_BYTES,
                                            request, &options, &error);
      EXPECT_EQ (reply, nullptr);
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED)) << text;
      EXPECT_STREQ (error->message, text[0] != '\0' ? "the answer has more than one message"
                                                    : "the answer has no message");
    }
}

TEST_P (CallTest, AMethodOfBytesAnswersAndFails)
{
  EXPECT_EQ (Echo ("hello"), "hello!");
  EXPECT_EQ (Echo (""), "!");
  EXPECT_NE (Echo ("fail").find ("as asked"), std::string::npos);
  EndServer ();
  EXPECT_EQ (bytes.destroyed, 100);
}

TEST_P (CallTest, AHandlerMayAskWhoCalls)
{
  EXPECT_EQ (Echo ("hello"), "hello!");
  if (strcmp (GetParam ().name, "memory") == 0)
    EXPECT_EQ (bytes.peer, "memory:");
  else
    EXPECT_EQ (bytes.peer.find ("127.0.0.1:"), 0u);
  EXPECT_EQ (bytes.identity, "");
}

TEST_P (CallTest, AStreamOfBytesGoesBothWays)
{
  g_autoptr (MicroStream) stream = micro_client_open_bytes_stream_sync (
      client, "raw", "/raw.Bytes/Chat", MICRO_CODEC_BYTES, &options);
  g_autoptr (GError) error = NULL;
  std::string all;
  GBytes *message;

  for (const char *text : { "one", "two", "three" })
    {
      g_autoptr (GBytes) sent = g_bytes_new_static (text, strlen (text));

      EXPECT_TRUE (micro_stream_send_bytes_sync (stream, sent));
    }
  micro_stream_end (stream);
  while ((message = micro_stream_receive_bytes_sync (stream, &error)) != NULL)
    {
      all += text_of (message) + " ";
      g_bytes_unref (message);
    }
  EXPECT_EQ (error, nullptr);
  EXPECT_EQ (all, "one two three bye ");
  EndServer ();
  EXPECT_EQ (bytes.events[MICRO_STREAM_MESSAGE], 3);
  EXPECT_EQ (bytes.events[MICRO_STREAM_ENDED], 1);
  EXPECT_EQ (bytes.destroyed, 101);
}

namespace
{
struct Told
{
  std::atomic<int> events[MICRO_STREAM_CLOSED + 1];
  std::atomic<int> code;
  std::atomic<int> destroyed;
};
}

TEST_P (CallTest, OneCallBackIsToldOfAStreamOfBytes)
{
  Told told = {};
  g_autoptr (GBytes) sent = g_bytes_new_static ("one", 3);
  g_autoptr (MicroStream) stream = micro_client_open_bytes_stream_with_func (
      client, "raw", "/raw.Bytes/Chat", MICRO_CODEC_BYTES, &options,
      [] (MicroStream *self, MicroStreamEvent event, GBytes *message, const GError *error,
          gpointer data) {
        Told *mine = (Told *) data;

        mine->events[event]++;
        if (event == MICRO_STREAM_MESSAGE)
          {
            EXPECT_EQ (text_of (message), "one");
            micro_stream_cancel (self);
          }
        if (event == MICRO_STREAM_CLOSED)
          mine->code = error != NULL ? error->code : 0;
      },
      &told, [] (gpointer data) { ((Told *) data)->destroyed++; });

  micro_stream_send_bytes (stream, sent);
  while (told.destroyed == 0)
    std::this_thread::yield ();
  EXPECT_EQ (told.code, MICRO_STATUS_CANCELLED);
  EXPECT_EQ (told.events[MICRO_STREAM_MESSAGE], 1);
  EXPECT_EQ (told.events[MICRO_STREAM_CLOSED], 1);
  /* The handler hears of it, or that all ends. */
  EndServer ();
  EXPECT_EQ (bytes.events[MICRO_STREAM_CANCELLED], 1);
  EXPECT_EQ (bytes.destroyed, 101);
}

TEST_P (CallTest, AnAnswerAfterAllHasGoneFindsItsEnd)
{
  MicroCall *call = Keep ();

  EndServer ();
  EXPECT_TRUE (micro_call_is_cancelled (call));
  reply (call, "late");
}

TEST_P (CallTest, AnAnswerFromAnotherLoopAfterAllHasGoneFindsItsEnd)
{
  MicroCall *call = Keep ();

  EndServer ();
  micro_loop_run_sync ((MicroLoop *) loops->pdata[0],
                       [] (gpointer data) { reply ((MicroCall *) data, "late"); }, call);
}

/* As a binding does, whose variable is still there. */
TEST_P (CallTest, AReferenceKeepsTheMemoryOfACallThatHasEnded)
{
  MicroCall *call = micro_call_ref (Keep ());

  reply (call, "done");
  EXPECT_EQ (Echo ("next"), "next!");
  g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL, "*micro_call_is_open*");
  EXPECT_EQ (micro_call_get_header (call, "x"), nullptr);
  g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL, "a call of Bytes/Echo was ended twice");
  micro_loop_run_sync ((MicroLoop *) server_loops->pdata[0],
                       [] (gpointer data) { reply ((MicroCall *) data, "again"); }, call);
  g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL,
                         "a message was sent on a call of Bytes/Echo that had ended");
  micro_loop_run_sync ((MicroLoop *) server_loops->pdata[0],
                       [] (gpointer data) {
                         g_autoptr (GBytes) late = g_bytes_new_static ("late", 4);

                         micro_call_send_bytes ((MicroCall *) data, late);
                       },
                       call);
  g_test_assert_expected_messages ();
  EndServer ();
  micro_call_unref (call);
}

/* Its call would end behind its back. */
TEST_P (CallTest, AStreamIsToldWhenItsCallerHasGone)
{
  static const MicroStreamFuncs funcs
      = { nullptr, [] (MicroCall *, gpointer) {}, nullptr, nullptr, { nullptr } };
  MicroCall *call = Keep ();

  g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL, "*funcs->cancelled*");
  micro_call_stream (call, &funcs, nullptr);
  g_test_assert_expected_messages ();
  reply (call, "done");
}

TEST_P (CallTest, APathThatIsNoneIsSaid)
{
  for (const char *path : { "", "/", "Echo", "/Echo", "//Echo", "/raw.Bytes/", "/raw./Echo" })
    {
      g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL, "*must be /service/method");
      micro_router_add_bytes (router, path, MICRO_METHOD_UNARY, echo, &bytes, NULL);
      g_test_assert_expected_messages ();
    }
}
