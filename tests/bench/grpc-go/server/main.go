// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

// The greeter's Hello and Chat on grpc-go.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	pb "example.org/micro-bench/greeterpb"
)

type say struct {
	pb.UnimplementedSayServer
}

func (say) Hello(_ context.Context, request *pb.HelloRequest) (*pb.HelloResponse, error) {
	return &pb.HelloResponse{Msg: "Hello " + request.GetName()}, nil
}

// Answers each message before it reads the next.
func (say) Chat(stream grpc.BidiStreamingServer[pb.HelloRequest, pb.HelloResponse]) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&pb.HelloResponse{Msg: "Hello " + request.GetName()}); err != nil {
			return err
		}
	}
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: server HOST:PORT [CERT KEY]")
		os.Exit(2)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var options []grpc.ServerOption
	if len(os.Args) == 4 {
		certificate, err := credentials.NewServerTLSFromFile(os.Args[2], os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		options = append(options, grpc.Creds(certificate))
	}
	server := grpc.NewServer(options...)
	pb.RegisterSayServer(server, say{})

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; server.GracefulStop() }()
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
