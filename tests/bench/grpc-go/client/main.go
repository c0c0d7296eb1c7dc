// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

// Calls a greeter as fast as it answers, with grpc-go, and says what that cost.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "example.org/micro-bench/greeterpb"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(index int) int {
	n, err := strconv.Atoi(os.Args[index])
	must(err)
	return n
}

func unary(client pb.SayClient, request *pb.HelloRequest, left *atomic.Int64) {
	for left.Add(-1) >= 0 {
		_, err := client.Hello(context.Background(), request)
		must(err)
	}
}

func chat(client pb.SayClient, request *pb.HelloRequest, left *atomic.Int64) {
	stream, err := client.Chat(context.Background())
	must(err)
	for left.Add(-1) >= 0 {
		must(stream.Send(request))
		_, err := stream.Recv()
		must(err)
	}
	must(stream.CloseSend())
	if _, err := stream.Recv(); err != io.EOF {
		must(err)
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: client PORT unary|chat CONNECTIONS IN-FLIGHT CALLS BYTES")
		os.Exit(2)
	}
	connections := number(3)
	lanes := connections * number(4)
	calls := max(number(5), lanes)
	request := &pb.HelloRequest{Name: strings.Repeat("x", number(6))}
	lane := unary
	if os.Args[2] == "chat" {
		lane = chat
	}
	clients := make([]pb.SayClient, connections)
	for i := range clients {
		connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.%d:%s", 1+i, os.Args[1]),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(err)
		clients[i] = pb.NewSayClient(connection)
	}

	run := func(n int) {
		var left atomic.Int64
		var group sync.WaitGroup
		left.Store(int64(n))
		for i := range lanes {
			group.Add(1)
			go func() {
				lane(clients[i%connections], request, &left)
				group.Done()
			}()
		}
		group.Wait()
	}

	run(max(calls/10, lanes))
	start, used := time.Now(), cpu()
	run(calls)
	fmt.Printf("%d %.6f %.6f\n", calls, time.Since(start).Seconds(), (cpu() - used).Seconds())
}
