/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls a greeter as fast as it answers, with the callback API of gRPC C++, and says what that
 * cost.
 */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <grpcpp/grpcpp.h>

#include "greeter.grpc.pb.h"

/* What all calls in flight share. */
struct Load
{
  greeter::HelloRequest request;
  std::atomic<int> left;    /* calls to begin, messages to send */
  std::atomic<int> running; /* calls in flight, streams */
  std::mutex mutex;
  std::condition_variable done;

  bool
  take_one ()
  {
    return left.fetch_sub (1) > 0;
  }

  void
  finish (const grpc::Status &status)
  {
    if (!status.ok ())
      {
        std::fprintf (stderr, "%s\n", status.error_message ().c_str ());
        std::_Exit (1);
      }
    if (running.fetch_sub (1) > 1)
      return;
    std::lock_guard<std::mutex> lock (mutex);
    done.notify_one ();
  }
};

/* A call that follows itself. */
struct Unary
{
  Load *load;
  greeter::Say::Stub *stub;
  std::unique_ptr<grpc::ClientContext> context;
  greeter::HelloResponse response;

  void
  start ()
  {
    context = std::make_unique<grpc::ClientContext> ();
    stub->async ()->Hello (context.get (), &load->request, &response, [this] (grpc::Status status) {
      if (status.ok () && load->take_one ())
        start ();
      else
        load->finish (status);
    });
  }
};

struct Chat final : public grpc::ClientBidiReactor<greeter::HelloRequest, greeter::HelloResponse>
{
  Load *load;
  grpc::ClientContext context;
  greeter::HelloResponse response;

  Chat (Load *load, greeter::Say::Stub *stub) : load (load)
  {
    stub->async ()->Chat (&context, this);
    StartWrite (&load->request);
    StartCall ();
  }

  void
  OnWriteDone (bool ok) override
  {
    if (ok)
      StartRead (&response);
  }

  void
  OnReadDone (bool ok) override
  {
    if (ok && load->take_one ())
      StartWrite (&load->request);
    else if (ok)
      StartWritesDone ();
  }

  void
  OnDone (const grpc::Status &status) override
  {
    load->finish (status);
    delete this;
  }
};

static double
cpu_seconds ()
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return double (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + double (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int
main (int argc, char *argv[])
{
  if (argc != 7)
    {
      std::fprintf (stderr, "usage: %s PORT unary|chat CONNECTIONS IN-FLIGHT CALLS BYTES\n",
                    argv[0]);
      return 2;
    }
  const bool chat = std::string (argv[2]) == "chat";
  const int connections = std::atoi (argv[3]);
  const int lanes = connections * std::atoi (argv[4]);
  const int calls = std::max (std::atoi (argv[5]), lanes);
  Load load;
  std::vector<std::unique_ptr<greeter::Say::Stub>> stubs;
  std::vector<Unary> unary (lanes);

  load.request.set_name (std::string (std::atoi (argv[6]), 'x'));
  for (int i = 0; i < connections; i++)
    stubs.push_back (greeter::Say::NewStub (grpc::CreateChannel (
        "127.0.0." + std::to_string (1 + i) + ":" + argv[1], grpc::InsecureChannelCredentials ())));

  auto run = [&] (int n) {
    load.left = n - lanes;
    load.running = lanes;
    for (int i = 0; i < lanes; i++)
      {
        greeter::Say::Stub *stub = stubs[i % connections].get ();

        unary[i].load = &load;
        unary[i].stub = stub;
        if (chat)
          new Chat (&load, stub);
        else
          unary[i].start ();
      }
    std::unique_lock<std::mutex> lock (load.mutex);
    load.done.wait (lock, [&] { return load.running == 0; });
  };

  run (std::max (calls / 10, lanes));
  const auto start = std::chrono::steady_clock::now ();
  const double cpu = cpu_seconds ();
  run (calls);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now () - start;
  std::printf ("%d %.6f %.6f\n", calls, seconds.count (), cpu_seconds () - cpu);
  return 0;
}
