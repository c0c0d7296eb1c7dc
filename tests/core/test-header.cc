/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Headers that programs set and read: what may be one, on both sides, over each transport.
 */
#include "client-test.h"

TEST (Header, IsWhatAPeerWouldTake)
{
  const struct
  {
    const char *name, *value;
  } good[]
      = { { "x", "" },       { "x-1_2.z", "a b, c" }, { "X-Upper", "~ !" },    { "x-bin", "" },
          { "x-bin", "YQ" }, { "x-bin", "YQ==" },     { "bin", "not base64" }, { "-bin", "?" } },
      bad[] = {
        { "", "x" },          { ":path", "/" },
        { "a b", "x" },       { "gr\xc3\xb6\xc3\x9f", "x" },
        { "x\n", "x" },       { "x", "a\nb" },
        { "x", "a\rb" },      { "x", " a" },
        { "x", "a " },        { "x", " " },
        { "x", "\xc3\xb6" },  { "x", "\x01" },
        { "x", "\x7f" },      { "x-bin", "a" },
        { "x-bin", "YQ=" },   { "X-BIN", "!!!!" },
        { "x-bin", "YQ,YQ" }, { "te", "trailers" },
        { "TE", "x" },        { "connection", "close" },
        { "host", "x" },      { "grpc-status", "0" },
        { "Grpc-X", "0" },    { "content-type", "x" },
        { "upgrade", "x" },   { "transfer-encoding", "chunked" },
      };

  for (const auto &one : good)
    {
      g_autoptr (GError) error = nullptr;

      EXPECT_TRUE (micro_header_check (one.name, one.value, &error)) << error->message;
    }
  for (const auto &one : bad)
    {
      g_autoptr (GError) error = nullptr;

      EXPECT_FALSE (micro_header_check (one.name, one.value, &error))
          << one.name << ": " << one.value;
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT));
      EXPECT_TRUE (g_utf8_validate (error->message, -1, nullptr));
    }
}

TEST (Quote, IsShortAndFitForATerminal)
{
  std::string many (1000, 'x');

  for (const auto &one : std::vector<std::pair<std::string, std::string>>{
           { "", "" },
           { "plain", "plain" },
           { many.substr (0, 48), many.substr (0, 48) },
           { many.substr (0, 49), many.substr (0, 48) + "…" },
           { "a\nb\x1b[2J", "a b [2J" },
           { "\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd" },
           { "größe", "größe" } })
    {
      g_autofree char *quoted = micro_error_quote (one.first.c_str ());

      EXPECT_EQ (quoted, one.second);
    }
}

/* --- Over a transport --- */

class HeaderTest : public ClientTest
{
protected:
  /* Beside the greeter: a method that answers with what a test has set. */
  void
  SetUp () override
  {
    ClientTest::SetUp ();
    micro_router_add_bytes (router, "/raw.Headers/Echo", MICRO_METHOD_UNARY, Echo, this, nullptr);
  }

  static void
  Echo (MicroCall *call, GBytes *, gpointer user_data)
  {
    HeaderTest *self = (HeaderTest *) user_data;
    g_autoptr (GBytes) answer = g_bytes_new_static ("", 0);

    self->seen.clear ();
    micro_call_foreach_header (
        call,
        [] (const char *name, const char *value, gpointer data) -> gboolean {
          if (name[0] == 'x')
            *(std::string *) data += std::string (name) + "=" + value + ";";
          return TRUE;
        },
        &self->seen);
    for (const auto &pair : self->headers)
      micro_call_add_header (call, pair.first.c_str (), pair.second.c_str ());
    for (const auto &pair : self->trailers)
      micro_call_add_trailer (call, pair.first.c_str (), pair.second.c_str ());
    if (self->fails)
      micro_call_fail (call, MICRO_STATUS_ABORTED, "told to");
    else
      micro_call_reply_bytes (call, answer);
  }

  std::string
  Call (const char *const *request_headers = nullptr, const char *path = "/raw.Headers/Echo")
  {
    MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
    g_autoptr (GBytes) request = g_bytes_new_static ("", 0);
    g_autoptr (GError) error = nullptr;
    g_autoptr (GBytes) reply = nullptr;

    answer.clear ();
    options.headers = request_headers;
    options.answer_data = &answer;
    options.answer_header = [] (const char *name, const char *value, gpointer data) -> gboolean {
      if (name[0] == 'x')
        *(std::string *) data += std::string (name) + "=" + value + ";";
      return TRUE;
    };
    reply = micro_client_call_bytes_sync (client, "greeter", path, MICRO_CODEC_BYTES, request,
                                          &options, &error);
    message = error != nullptr ? error->message : "";
    return reply != nullptr ? "OK" : micro_status_to_string ((MicroStatus) error->code);
  }

  std::vector<std::pair<std::string, std::string>> headers, trailers;
  bool fails = false;
  std::string seen, answer, message;
};

INSTANTIATE_TEST_SUITE_P (Transports,
                          HeaderTest,
                          testing::ValuesIn (kinds),
                          [] (const testing::TestParamInfo<Kind> &info) {
                            return info.param.name;
                          });

TEST_P (HeaderTest, OfAnAnswerAreSeenWhateverItSays)
{
  headers = { { "x-head", "1" }, { "X-Head", "2" } };
  trailers = { { "x-tail", "3" } };
  EXPECT_EQ (Call (), "OK");
  EXPECT_EQ (answer, "x-head=1;x-head=2;x-tail=3;");
  fails = true;
  EXPECT_EQ (Call (), "ABORTED");
  EXPECT_NE (answer.find ("x-tail=3;"), std::string::npos) << answer;
  headers.clear ();
  EXPECT_EQ (Call (), "ABORTED");
  EXPECT_EQ (answer, "x-tail=3;");
}

TEST_P (HeaderTest, ThatCannotBeSentFailTheirCall)
{
  const char *const good[] = { "x-a", "1", "X-B", "2", nullptr };
  const char *const bad[] = { "x-a", "line\nbreak", nullptr };

  EXPECT_EQ (Call (good), "OK");
  EXPECT_EQ (seen, "x-a=1;x-b=2;");
  EXPECT_EQ (Call (bad), "INVALID_ARGUMENT");
  EXPECT_NE (message.find ("“x-a” cannot be a header"), std::string::npos) << message;
  headers = { { "x-head", " blank" } };
  EXPECT_EQ (Call (), "INTERNAL");
  EXPECT_NE (message.find ("“x-head” cannot be a header"), std::string::npos) << message;
  headers.clear ();
  trailers = { { "grpc-status", "0" } };
  EXPECT_EQ (Call (), "INTERNAL");
  trailers.clear ();
  EXPECT_EQ (Call (), "OK") << "the connection has lived";
}

TEST_P (HeaderTest, NamesThatCannotBeSentAreSaid)
{
  for (const char *path : { "/raw.Headers/Ec ho", "/raw.Headers/Echo\r\nx: y", "/raw.Größe/Echo",
                            " ", "Say.Hel\x7flo" })
    {
      EXPECT_EQ (Call (nullptr, path), "INVALID_ARGUMENT") << path;
      EXPECT_NE (message.find ("cannot be called"), std::string::npos) << message;
    }
  g_test_expect_message ("micro", G_LOG_LEVEL_CRITICAL, "a client's name is no such one: *");
  micro_client_set_name (client, "two\nlines");
  g_test_assert_expected_messages ();
  EXPECT_EQ (Call (), "OK") << "the connection has lived";
}
