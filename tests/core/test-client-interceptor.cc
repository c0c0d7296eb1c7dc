/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interceptors of a client: their order, what they see of calls and streams, and that each call
 * ends once for each of them.
 */
#include <mutex>

#include "client-test.h"

namespace
{
std::mutex mutex;
std::string seen;

void
see (const std::string &what)
{
  std::lock_guard<std::mutex> lock (mutex);

  seen += what + " ";
}

std::string
take_seen ()
{
  std::lock_guard<std::mutex> lock (mutex);

  return std::exchange (seen, "");
}

struct Watched
{
  const char *name;
  bool refuses;
};

const MicroClientInterceptor interceptor = {
  [] (MicroRequest *request, gpointer user_data) -> gpointer {
    Watched *self = (Watched *) user_data;

    see (std::string (self->name) + "+");
    micro_request_set_header (request, "X-Watched", self->name);
    if (self->refuses)
      micro_request_fail (request, MICRO_STATUS_PERMISSION_DENIED, "%s says no", self->name);
    return user_data;
  },
  [] (MicroRequest *, gboolean sent, gsize size, gpointer state, gpointer user_data) {
    EXPECT_EQ (state, user_data);
    see (((Watched *) state)->name + std::string (sent ? ">" : "<") + std::to_string (size));
  },
  [] (MicroRequest *, const GError *error, gpointer state, gpointer user_data) {
    EXPECT_EQ (state, user_data);
    see (((Watched *) state)->name + std::string ("=")
         + std::to_string (error != NULL ? error->code : 0));
  },
  { NULL },
};

class ClientInterceptorTest : public ClientTest
{
protected:
  void
  SetUp () override
  {
    ClientTest::SetUp ();
    take_seen ();
    micro_client_add_interceptor (client, &interceptor, &outer, NULL);
    micro_client_add_interceptor (client, &interceptor, &inner, NULL);
  }

  Watched outer = { "a", false };
  Watched inner = { "b", false };
};

INSTANTIATE_TEST_SUITE_P (Transports,
                          ClientInterceptorTest,
                          testing::ValuesIn (kinds),
                          [] (const testing::TestParamInfo<Kind> &info) {
                            return info.param.name;
                          });
}

TEST_P (ClientInterceptorTest, SeeACallFromOutsideInAndBack)
{
  EXPECT_EQ (Hello ("nothing"), "none");
  EXPECT_EQ (take_seen (), "a+ b+ b>9 a>9 b<6 a<6 b=0 a=0 ");
  EXPECT_EQ (Hello ("fail"), "FAILED_PRECONDITION");
  EXPECT_EQ (take_seen (), "a+ b+ b>6 a>6 b=9 a=9 ");
}

TEST_P (ClientInterceptorTest, SetHeadersThatTheServiceGets)
{
  const char *headers[] = { "x-watched", "the caller", NULL };
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  options.headers = headers;
  EXPECT_EQ (Hello ("x-watched", &options), "b") << "the inner one speaks last";
}

TEST_P (ClientInterceptorTest, RefuseACallThatNobodyGets)
{
  outer.refuses = true;
  EXPECT_EQ (Hello ("nothing"), "PERMISSION_DENIED");
  EXPECT_EQ (take_seen (), "a+ ");
  outer.refuses = false;
  inner.refuses = true;
  EXPECT_EQ (Hello ("nothing"), "PERMISSION_DENIED");
  EXPECT_EQ (take_seen (), "a+ b+ a=7 ");
  EXPECT_EQ (say.calls, 0);
}

TEST_P (ClientInterceptorTest, SeeACallOnceHoweverOftenItIsTried)
{
  g_ptr_array_insert (selector->addresses, 0, Dead ());
  selector->turn = 0;
  EXPECT_EQ (Hello ("nothing"), "none");
  EXPECT_EQ (take_seen (), "a+ b+ b>9 a>9 b>9 a>9 b<6 a<6 b=0 a=0 ");
}

TEST_P (ClientInterceptorTest, SeeEveryMessageOfAStream)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  Events events{};
  g_autoptr (MicroStream) stream
      = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);

  request.name = (char *) "1";
  micro_stream_send (stream, &request);
  micro_stream_send (stream, &request);
  micro_stream_end (stream);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  std::string what = take_seen ();
  EXPECT_EQ (what.substr (0, 6), "a+ b+ ");
  EXPECT_NE (what.find ("b>3 a>3 "), std::string::npos) << what;
  EXPECT_NE (what.find ("b<3 a<3 "), std::string::npos) << what;
  EXPECT_EQ (what.substr (what.size () - 8), "b=0 a=0 ") << what;
  EXPECT_EQ (what.size (), 6 + 2 * 2 * 8 + 8u) << what;
}

TEST_P (ClientInterceptorTest, SeeTheEndOfAStreamThatIsCancelled)
{
  Events events{};
  g_autoptr (MicroStream) stream
      = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);

  micro_stream_cancel (stream);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (take_seen (), "a+ b+ b=1 a=1 ");
}

TEST_P (ClientInterceptorTest, ComeWhileCallsGoOn)
{
  static Watched late = { "c", false };

  EXPECT_EQ (Hello ("nothing"), "none");
  take_seen ();
  micro_client_add_interceptor (client, &interceptor, &late, NULL);
  EXPECT_EQ (Hello ("nothing"), "none");
  EXPECT_EQ (take_seen (), "a+ b+ c+ c>9 b>9 a>9 c<6 b<6 a<6 c=0 b=0 a=0 ");
}
