/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Answers that say more beside their messages than their caller takes: they come all the same.
 */
#include "test-grpc-peer.h"

class GrpcFitTest : public GrpcPeerTest
{
protected:
  void
  SetUp () override
  {
    GrpcPeerTest::SetUp ();
    failure = {};
    Serve ("127.0.0.1:0");
    Caller ("max-header-bytes", 8192);
  }

  static std::string
  Repeat (const std::string &text, int n)
  {
    std::string all;

    for (int i = 0; i < n; i++)
      all += text;
    return all;
  }

  void
  Fail (Outcome *outcome)
  {
    Call (outcome, "fail");
  }
};

TEST_F (GrpcFitTest, AMessageThatFitsIsWhole)
{
  for (const std::string &message : { std::string (""), std::string (" both ends "),
                                      std::string ("a\nline"), Repeat ("x", 7000) })
    {
      Outcome outcome = {};

      failure.message = message;
      Fail (&outcome);
      EXPECT_EQ (outcome.status, MICRO_STATUS_ABORTED);
      EXPECT_EQ (outcome.message, message);
    }
}

TEST_F (GrpcFitTest, ALongMessageIsCutAtACharacter)
{
  for (int n : { 800, 70000 })
    for (const char *character : { "x", "\u2603", "\xff" })
      {
        Outcome outcome = {};

        failure.message = Repeat (character, n * 10);
        Fail (&outcome);
        EXPECT_EQ (outcome.status, MICRO_STATUS_ABORTED);
        EXPECT_TRUE (g_utf8_validate (outcome.message.c_str (), -1, NULL));
        EXPECT_TRUE (g_str_has_suffix (outcome.message.c_str (), "\u2026")) << outcome.message;
        EXPECT_GT (outcome.message.size (), 2000u);
      }
}

TEST_F (GrpcFitTest, DetailsThatFitComeBeforeTheWholeMessage)
{
  Outcome outcome = {};

  failure.message = Repeat ("x", 20000);
  failure.details = 4000;
  Fail (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_ABORTED);
  EXPECT_EQ (outcome.details, 4000u);
  EXPECT_TRUE (g_str_has_suffix (outcome.message.c_str (), "\u2026"));
}

TEST_F (GrpcFitTest, DetailsThatDoNotFitAreSaidToBeTooLarge)
{
  for (gsize size : { 7000, 100000 })
    {
      Outcome outcome = {};

      failure.message = "why";
      failure.details = size;
      Fail (&outcome);
      EXPECT_EQ (outcome.status, MICRO_STATUS_RESOURCE_EXHAUSTED);
      EXPECT_EQ (outcome.details, 0u);
      EXPECT_NE (outcome.message.find ("takes 8192 of headers"), std::string::npos)
          << outcome.message;
      EXPECT_NE (outcome.message.find ("it was ABORTED"), std::string::npos) << outcome.message;
    }
}

TEST_F (GrpcFitTest, SoAreTrailersAndHeaders)
{
  for (gsize size : { 8000, 100000 })
    {
      Outcome trailers = {}, headers = {};

      failure = { "why", Repeat ("x", size), "", 0 };
      Fail (&trailers);
      EXPECT_EQ (trailers.status, MICRO_STATUS_RESOURCE_EXHAUSTED);
      EXPECT_NE (trailers.message.find ("takes 8192 of headers"), std::string::npos)
          << trailers.message;
      failure = { "why", "", Repeat ("x", size), 0 };
      Fail (&headers);
      EXPECT_EQ (headers.status, MICRO_STATUS_RESOURCE_EXHAUSTED);
      EXPECT_NE (headers.message.find ("its caller takes 8192"), std::string::npos)
          << headers.message;
    }
}
