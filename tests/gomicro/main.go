// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

// A service and a client of go-micro: gomicro serve, gomicro cases, gomicro call ADDRESS OTHER CASE.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/ioutil"
	"os"
	"time"

	"example.org/micro-gomicro/probe"

	"github.com/micro/go-micro/v2"
	"github.com/micro/go-micro/v2/broker/memory"
	"github.com/micro/go-micro/v2/client"
	clientgrpc "github.com/micro/go-micro/v2/client/grpc"
	"github.com/micro/go-micro/v2/registry"
	memoryregistry "github.com/micro/go-micro/v2/registry/memory"
	servergrpc "github.com/micro/go-micro/v2/server/grpc"
)

const (
	serviceName = "go.micro.srv.probe"
	callerName  = "go.micro.caller"
)

// peer is what a case calls.
type peer struct {
	address string
	other   string // of a server of the other implementation than the one at address
	service micro.Service
}

func (p *peer) client() client.Client {
	return p.service.Client()
}

func (p *peer) probe() probe.ProbeService {
	return probe.NewProbeService(serviceName, p.client())
}

// direct are the options of every call: past the registry, and once.
func (p *peer) direct(more ...client.CallOption) client.CallOption {
	return func(o *client.CallOptions) {
		client.WithAddress(p.address)(o)
		client.WithRetries(0)(o)
		client.WithRequestTimeout(20 * time.Second)(o)
		for _, option := range more {
			option(o)
		}
	}
}

// useTLS makes what go-micro calls from now on speak mutual TLS.
func useTLS(service micro.Service, folder string) error {
	certificate, err := tls.LoadX509KeyPair(folder+"/probe.pem", folder+"/probe.key")
	if err != nil {
		return err
	}
	ca, err := ioutil.ReadFile(folder + "/ca.pem")
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}
	if err := service.Client().Init(clientgrpc.AuthTLS(config)); err != nil {
		return err
	}
	return service.Server().Init(servergrpc.AuthTLS(config))
}

// newService is what micro.NewService makes of its wrappers, with nothing but loopback.
func newService(name string, more ...micro.Option) (micro.Service, error) {
	registry.DefaultRegistry = memoryregistry.NewRegistry()
	service := micro.NewService(append([]micro.Option{
		micro.Name(name),
		micro.Version("2.9.1"),
		micro.Address("127.0.0.1:0"),
		micro.Registry(registry.DefaultRegistry),
		micro.Broker(memory.NewBroker()),
	}, more...)...)
	if folder := os.Getenv("PROBE_TLS"); folder != "" {
		return service, useTLS(service, folder)
	}
	return service, nil
}

func serve() error {
	var service micro.Service
	service, err := newService(serviceName, micro.AfterStart(func() error {
		fmt.Printf("serves on %s,\n", service.Server().Options().Address)
		return nil
	}))
	if err != nil {
		return err
	}
	if err := probe.RegisterProbeHandler(service.Server(), &Probe{service: service}); err != nil {
		return err
	}
	return service.Run()
}

func call(address, other, name string) error {
	run, found := cases[name]
	if !found {
		return fmt.Errorf("there is no case %s", name)
	}
	service, err := newService(callerName)
	if err != nil {
		return err
	}
	return run(&peer{address: address, other: other, service: service})
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "serve":
		err = serve()
	case len(os.Args) == 2 && os.Args[1] == "cases":
		for name := range cases {
			fmt.Println(name)
		}
	case len(os.Args) == 5 && os.Args[1] == "call":
		err = call(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = fmt.Errorf("usage: gomicro serve, gomicro cases, gomicro call ADDRESS OTHER CASE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
