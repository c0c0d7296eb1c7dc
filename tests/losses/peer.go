// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

// The greeter and its caller on grpc-go, as caller.c and greeter.c are; messages are bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
)

const policy = `{"loadBalancingConfig": [{"round_robin": {}}]%s}`
const retries = `, "methodConfig": [{"name": [{"service": "greeter.Say"}], "retryPolicy": {
	"maxAttempts": 5, "initialBackoff": "0.02s", "maxBackoff": "1s", "backoffMultiplier": 2,
	"retryableStatusCodes": ["UNAVAILABLE"]}}]`

// raw leaves messages as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }
func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(arguments []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("address", "127.0.0.1:0", "")
	age := flags.Duration("max-age", 0, "of a connection; 0: any")
	streams := flags.Uint("max-streams", 0, "of a connection; 0: any")
	delay := flags.Duration("delay", 0, "of an answer")
	flags.Parse(arguments)

	listener, err := net.Listen("tcp", *address)
	check(err)
	options := []grpc.ServerOption{
		grpc.ForceServerCodec(raw{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var message []byte
			if err := stream.RecvMsg(&message); err != nil {
				return err
			}
			time.Sleep(*delay)
			return stream.SendMsg(&message)
		}),
	}
	if *age != 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *age}))
	}
	if *streams != 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(*streams)))
	}
	server := grpc.NewServer(options...)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	done := make(chan bool)
	go func() { <-stop; server.GracefulStop(); close(done) }()
	fmt.Printf("greeter serves on %s, by grpc-go\n", listener.Addr())
	check(server.Serve(listener))
	<-done
}

func call(arguments []string) {
	flags := flag.NewFlagSet("call", flag.ExitOnError)
	calls := flags.Int("calls", 0, "as many; 0: until the input ends")
	inFlight := flags.Int("in-flight", 1, "at a time")
	timeout := flags.Int("timeout", 60000, "of each, in milliseconds")
	retrySafe := flags.Bool("retry-safe", false, "they may run twice")
	addresses := flags.String("to", "", "with commas")
	flags.Parse(arguments)

	nodes := manual.NewBuilderWithScheme("nodes")
	state := resolver.State{}
	for _, address := range strings.Split(*addresses, ",") {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: address}}})
	}
	nodes.InitialState(state)
	config := fmt.Sprintf(policy, "")
	if *retrySafe {
		config = fmt.Sprintf(policy, retries)
	}
	connection, err := grpc.NewClient("nodes:///greeter", grpc.WithResolvers(nodes),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultServiceConfig(config),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	check(err)

	var mutex sync.Mutex
	var group sync.WaitGroup
	begun, ended, failed := 0, 0, 0
	finishing := false
	problems := map[string]int{}
	if *calls == 0 {
		go func() { io.ReadAll(os.Stdin); mutex.Lock(); finishing = true; mutex.Unlock() }()
	}
	for range *inFlight {
		group.Go(func() {
			for {
				mutex.Lock()
				if finishing || (*calls != 0 && begun == *calls) {
					mutex.Unlock()
					return
				}
				begun++
				mutex.Unlock()
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(*timeout)*time.Millisecond)
				request, reply := []byte{}, []byte{}
				err := connection.Invoke(ctx, "/greeter.Say/Hello", &request, &reply)
				cancel()
				mutex.Lock()
				ended++
				if err != nil {
					failed++
					problems[status.Convert(err).Message()]++
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	fmt.Println(ended, failed)
	for message, n := range problems {
		fmt.Printf("%d\t%s\n", n, message)
	}
}

func main() {
	if len(os.Args) < 2 || (os.Args[1] != "serve" && os.Args[1] != "call") {
		fmt.Fprintln(os.Stderr, "usage: peer serve|call OPTION…")
		os.Exit(2)
	}
	if os.Args[1] == "serve" {
		serve(os.Args[2:])
	} else {
		call(os.Args[2:])
	}
}
