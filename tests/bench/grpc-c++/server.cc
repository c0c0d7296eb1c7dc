/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The greeter's Hello and Chat on gRPC C++, with its callback API.
 */
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "greeter.grpc.pb.h"

/* Answers each message before it reads the next. */
class Chat final : public grpc::ServerBidiReactor<greeter::HelloRequest, greeter::HelloResponse>
{
public:
  Chat () { StartRead (&request); }

  void
  OnReadDone (bool ok) override
  {
    if (!ok)
      {
        Finish (grpc::Status::OK);
        return;
      }
    response.set_msg ("Hello " + request.name ());
    StartWrite (&response);
  }

  void
  OnWriteDone (bool ok) override
  {
    if (ok)
      StartRead (&request);
    else
      Finish (grpc::Status::OK);
  }

  void
  OnDone () override
  {
    delete this;
  }

private:
  greeter::HelloRequest request;
  greeter::HelloResponse response;
};

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

  grpc::ServerBidiReactor<greeter::HelloRequest, greeter::HelloResponse> *
  Chat (grpc::CallbackServerContext *) override
  {
    return new ::Chat;
  }
};

static std::string
read (const char *path)
{
  std::ifstream file (path);

  return { std::istreambuf_iterator<char> (file), {} };
}

static std::shared_ptr<grpc::ServerCredentials>
credentials (int argc, char *argv[])
{
  grpc::SslServerCredentialsOptions options;

  if (argc == 2)
    return grpc::InsecureServerCredentials ();
  options.pem_key_cert_pairs.push_back ({ read (argv[3]), read (argv[2]) });
  return grpc::SslServerCredentials (options);
}

int
main (int argc, char *argv[])
{
  if (argc != 2 && argc != 4)
    {
      std::fprintf (stderr, "usage: %s HOST:PORT [CERT KEY]\n", argv[0]);
      return 2;
    }

  sigset_t stop;
  sigemptyset (&stop);
  sigaddset (&stop, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &stop, nullptr);

  Say say;
  grpc::ServerBuilder builder;
  builder.AddListeningPort (argv[1], credentials (argc, argv));
  builder.RegisterService (&say);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart ();
  if (!server)
    return 1;

  int received;
  sigwait (&stop, &received);
  server->Shutdown ();
  return 0;
}
