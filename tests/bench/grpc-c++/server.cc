/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The greeter's Hello on gRPC C++, with its callback API.
 */
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

#include <grpcpp/grpcpp.h>

#include "greeter.grpc.pb.h"

class Say final : public greeter::Say::CallbackService
{
  grpc::ServerUnaryReactor *
  Hello (grpc::CallbackServerContext *context,
         const greeter::HelloRequest *request,
         greeter::HelloResponse *response) override
  {
    response->set_msg ("Hello " + request->name ());
    grpc::ServerUnaryReactor *reactor = context->DefaultReactor ();
    reactor->Finish (grpc::Status::OK);
    return reactor;
  }
};

int
main (int argc, char *argv[])
{
  if (argc != 2)
    {
      std::fprintf (stderr, "usage: %s HOST:PORT\n", argv[0]);
      return 2;
    }

  sigset_t stop;
  sigemptyset (&stop);
  sigaddset (&stop, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &stop, nullptr);

  Say say;
  grpc::ServerBuilder builder;
  builder.AddListeningPort (argv[1], grpc::InsecureServerCredentials ());
  builder.RegisterService (&say);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart ();
  if (!server)
    return 1;

  int received;
  sigwait (&stop, &received);
  server->Shutdown ();
  return 0;
}
