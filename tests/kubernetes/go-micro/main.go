// SPDX-License-Identifier: Apache-2.0

// Go-micro's own registry for Kubernetes: registers a service until its input ends, or says who
// there is.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/micro/go-micro/v2/registry"
	kubernetes "github.com/micro/go-plugins/registry/kubernetes/v2"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	all := kubernetes.NewRegistry()
	switch os.Args[1] {
	case "register": // NAME ADDRESS
		service := &registry.Service{
			Name: os.Args[2], Version: "2.9.1",
			Nodes: []*registry.Node{{Id: os.Args[2] + "-go", Address: os.Args[3],
				Metadata: map[string]string{"protocol": "grpc", "transport": "grpc"}}},
		}
		fail(all.Register(service))
		fmt.Println("registered")
		_, _ = io.Copy(io.Discard, os.Stdin)
		fail(all.Deregister(service))
		fmt.Println("deregistered")
	case "get": // NAME
		services, err := all.GetService(os.Args[2])
		fail(err)
		for _, service := range services {
			for _, node := range service.Nodes {
				fmt.Println("node", node.Id, node.Address)
			}
			for _, endpoint := range service.Endpoints {
				fmt.Println("endpoint", endpoint.Name)
			}
		}
	}
}
