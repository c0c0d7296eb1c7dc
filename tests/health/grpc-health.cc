/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A server of gRPC C++ with nothing but its own grpc.health.v1: grpc-health serving|not-serving.
 */
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

int
main (int argc, char *argv[])
{
  int port = 0, received;
  sigset_t stop;

  if (argc != 2)
    return 2;
  sigemptyset (&stop);
  sigaddset (&stop, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &stop, nullptr);
  grpc::EnableDefaultHealthCheckService (true);
  grpc::CallbackGenericService others; /* UNIMPLEMENTED, to all */
  grpc::ServerBuilder builder;
  builder.AddListeningPort ("127.0.0.1:0", grpc::InsecureServerCredentials (), &port);
  builder.RegisterCallbackGenericService (&others);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart ();
  if (!server)
    return 1;
  server->GetHealthCheckService ()->SetServingStatus (std::string (argv[1]) == "serving");
  std::fprintf (stderr, "serves on 127.0.0.1:%d\n", port);
  sigwait (&stop, &received);
  server->Shutdown ();
  return 0;
}
